"""What `csu camera enrol|discover|rotate` may be told, each option once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from csu.centre.commands.enrol_many import AT_ONCE_MAX
from csu.hal.camera import ViewType
from csu.language import say

PASSWORD_VARIABLE = "CSU_CAMERA_PASSWORD"  # noqa: S105 - the name under which it is given

Site = Annotated[Path, typer.Option("--site", help=say("fichier du site", "the site file"))]
Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]

Target = Annotated[
    str | None,
    typer.Argument(
        help=say(
            "son adresse : https://hôte/onvif/device_service[#sha256=...] ; sans elle : reprendre",
            "its address: https://host/onvif/device_service[#sha256=...]; without it: go on",
        )
    ),
]
CameraName = Annotated[
    str | None, typer.Option("--camera", help=say("son nom au centre : cam-0042", "its name: cam-0042"))
]
User = Annotated[
    str, typer.Option(help=say(f"compte (secret : {PASSWORD_VARIABLE})", f"login (secret: {PASSWORD_VARIABLE})"))
]
Number = Annotated[int | None, typer.Option(min=1, max=16_383, help=say("numéro sur les images", "number on pictures"))]
PlaceName = Annotated[str | None, typer.Option(help=say("où elle est", "where it is"))]
Commune = Annotated[str | None, typer.Option(help=say("sa commune", "its commune"))]
View = Annotated[ViewType, typer.Option(help=say("son plan", "its view"))]
NatHosts = Annotated[
    list[str] | None,
    typer.Option("--nat-host", help=say("hôte qu'elle croit être, derrière un NAT", "host it takes itself for")),
]
ListFile = Annotated[
    Path | None, typer.Option("--all", help=say("toutes celles d'une liste (YAML, CSV)", "all of a list (YAML, CSV)"))
]
FoundOnes = Annotated[
    bool, typer.Option("--found", help=say("toutes celles qui répondent en TLS", "all that answer over TLS"))
]
Interface = Annotated[
    str | None,
    typer.Option(help=say("adresse de cette machine sur leur réseau", "this machine's address on their network")),
]
At = Annotated[str, typer.Option(help=say("une seule adresse : hôte[:port]", "one address only: host[:port]"))]
AtOnce = Annotated[int, typer.Option(min=1, max=AT_ONCE_MAX, help=say("combien à la fois", "how many at a time"))]
Examine = Annotated[
    bool,
    typer.Option(
        "--examination/--no-examination",
        help=say("l'examiner ; sans examen elle reste masquée", "examine it; without, it stays masked"),
    ),
]
Seconds = Annotated[
    float, typer.Option(min=2, max=600, help=say("durée d'observation d'un flux", "how long a stream is watched"))
]
Moves = Annotated[bool, typer.Option("--moves/--no-moves", help=say("la faire tourner", "turn it"))]
Restart = Annotated[bool, typer.Option("--restart/--no-restart", help=say("la redémarrer", "restart the device"))]
Key = Annotated[Path, typer.Option(help=say("clé qui signe le rapport", "key that signs the report"))]
