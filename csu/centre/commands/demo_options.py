"""What `csu demo` may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csu.hal.camera import ViewType
from csu.language import say

CAMERAS_MAX = 64
"""More live cameras than this on one machine is a benchmark, not a demonstration."""

Cameras = Annotated[int, typer.Option(min=1, max=CAMERAS_MAX, help=say("caméras de la rue", "cameras of the street"))]
Seconds = Annotated[
    float | None,
    typer.Option(
        min=1, help=say("durée en secondes ; sans elle : jusqu'à Ctrl-C", "how long, in seconds; else until Ctrl-C")
    ),
]
Headless = Annotated[bool, typer.Option("--headless", help=say("pas de fenêtre", "no window"))]
Binding = Annotated[
    str, typer.Option(help=say("liaison : le monde réel ou simulé", "binding: the real or a simulated world"))
]
Options = Annotated[
    list[str] | None,
    typer.Option(help=say("clé=valeur, pour la liaison (night=true)", "name=value, for the binding (night=true)")),
]
Rtsp = Annotated[
    list[str] | None,
    typer.Option(help=say("ajouter une caméra réelle (masquée en entier)", "add a real camera (wholly masked)")),
]
Video = Annotated[
    list[Path] | None, typer.Option(help=say("ajouter un clip (masqué en entier)", "add a clip (wholly masked)"))
]
View = Annotated[
    ViewType,
    typer.Option(help=say("plan des flux ajoutés : il fixe leurs minima", "view of the streams added: sets floors")),
]
MediaDirs = Annotated[
    list[Path] | None,
    typer.Option(
        "--media-dir",
        help=say("enregistrer sur ce volume (à répéter pour plusieurs)", "record on this volume (repeat for more)"),
    ),
]
Port = Annotated[
    int,
    typer.Option(min=0, max=65535, help=say("port de la console ; 0 : libre", "port of the console; 0: any free one")),
]
Listen = Annotated[
    str,
    typer.Option(help=say("adresse où la console écoute", "address the console listens at")),
]
Name = Annotated[
    list[str] | None,
    typer.Option(help=say("nom de la console vu d'autres machines", "the console's name on other machines")),
]
Certificate = Annotated[
    Path | None, typer.Option(help=say("certificat de la console (PEM)", "certificate of the console (PEM)"))
]
CertificateKey = Annotated[Path | None, typer.Option("--certificate-key", help=say("sa clé (PEM)", "its key (PEM)"))]
ScenarioFile = Annotated[
    Path | None, typer.Option(help=say("jouer un scénario en temps accéléré", "play a scenario in accelerated time"))
]
Speed = Annotated[
    float | None,
    typer.Option(min=1, help=say("fois le temps réel, pour un scénario (60)", "times real time, for a scenario (60)")),
]
Level = Annotated[
    str | None,
    typer.Option(help=say("niveau d'un scénario : L0, L1, L2 (réel)", "level of a scenario: L0, L1, L2 (real)")),
]
Frosted = Annotated[
    bool, typer.Option("--frosted", help=say("masques givrés plutôt qu'unis", "frosted masks instead of plain"))
]
WallFile = Annotated[
    Path | None,
    typer.Option("--wall", help=say("le mur (YAML) ; sans lui : un écran, des grilles", "the wall (YAML); else grids")),
]
SceneFiles = Annotated[
    list[Path] | None,
    typer.Option("--scenes", help=say("ses scènes (YAML, à répéter)", "its scenes (YAML, repeat for more)")),
]
ProgrammesFile = Annotated[
    Path | None, typer.Option("--programmes", help=say("ses programmes (YAML)", "its programmes (YAML)"))
]
MapFile = Annotated[
    Path | None,
    typer.Option("--map", help=say("fond de carte (PMTiles) ; sans lui : le site", "map (PMTiles); else the site's")),
]
MapOrigin = Annotated[
    str | None,
    typer.Option(
        "--map-origin",
        help=say("LON,LAT de l'origine du site, si nul plan ne la dit", "LON,LAT of the site's origin"),
    ),
]
Keep = Annotated[
    Path | None,
    typer.Option(
        help=say("dossier du centre, gardé ; sans lui : jeté", "directory of the centre, kept; else thrown away")
    ),
]
ReportPage = Annotated[Path, typer.Option(help=say("rapport HTML", "HTML report"))]
AsJson = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one JSON object on stdout"))]
