"""`csu wall check|preview|render|schema|why|node|token`: a wall, its scenes and programmes; machines that draw it.

Exit codes: 0 it holds, 2 a file cannot be used.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import cv2
import typer

from csu.centre.commands.wall_node import node_command, token_command
from csu.centre.commands.wall_render import render_command
from csu.centre.commands.wall_why import why_command
from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.notation import BadQuantity, FileRefused
from csu.wall import SlotId, SlotRule, WallDirector, WallPlan, WatchHeard
from csu.wall.model import Scene, Wall, spread_tile
from csu.wall.model.fields import camera_names
from csu.wall.model.preview import preview
from csu.wall.model.reading import SCHEMAS, read_programmes, read_scene, read_wall, schema_of

BAD_INPUT = 2

app = typer.Typer(
    help=say("Le mur : ses écrans, ses scènes, ses programmes.", "The wall: its panels, scenes and programmes."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("render", help=say("Montrer une scène, avec de vraies images.", "Show a scene, with real pictures."))(
    render_command
)
app.command("node", help=say("Dessiner une part du mur sur cette machine.", "Draw a part of the wall here."))(
    node_command
)
app.command("token", help=say("Le jeton d'une machine du mur.", "The token of a machine of the wall."))(token_command)

_WallFile = Annotated[Path, typer.Argument(help=say("le mur (YAML)", "the wall (YAML)"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]
_Cameras = Annotated[
    list[str] | None,
    typer.Option("--cameras", help=say("celles qui existent : cam-0001..cam-0048", "those there are: cam-0001..")),
]


@app.command("check", help=say("Ces fichiers conviennent-ils au mur ?", "Can this wall show these files?"))
def check_command(
    wall: _WallFile,
    scenes: Annotated[list[Path] | None, typer.Argument(help=say("scènes (YAML)", "scenes (YAML)"))] = None,
    programmes: Annotated[
        Path | None, typer.Option("--programmes", help=say("les programmes (YAML)", "the programmes (YAML)"))
    ] = None,
    cameras: _Cameras = None,
    as_json: _Json = False,
) -> int:
    """Every fault of every file, with line and column. Exit code: 0 all can be shown, 2 some cannot."""
    known = _known(cameras)
    try:
        hung = read_wall(wall)
    except FileRefused as error:
        return _tell_refused([error], as_json)
    read: dict[Path, Scene] = {}
    refused: list[FileRefused] = []
    for path in scenes or ():
        try:
            read[path] = read_scene(path, hung, known, [scene.scene for scene in read.values()])
        except FileRefused as error:
            refused.append(error)
    planned = None
    if programmes is not None:
        try:
            planned = read_programmes(programmes, None if refused else read.values(), known)
        except FileRefused as error:
            refused.append(error)
    if refused:
        return _tell_refused(refused, as_json)
    found = {
        "wall": str(wall),
        "panels": len(hung.panels),
        "nodes": {node.node: hung.framebuffer_px(node.node) for node in hung.nodes},
        "scenes": [_told(hung, file, scene) for file, scene in read.items()],
        "programmes": None if planned is None else len(planned.weekly) + len(planned.events),
        "cameras_checked": known is not None,
        "errors": [],
        "verdict": "holds",
    }
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    print(say(f"{wall} : {len(hung.panels)} écrans", f"{wall}: {len(hung.panels)} panels"))
    for file, scene in read.items():
        tiles = len(scene.tiles)
        print(say(f"{file} : {tiles} vignettes, convient", f"{file}: {tiles} tiles, can be shown"))
    return 0


@app.command("preview", help=say("Dessiner une scène sur son mur.", "Draw a scene on its wall."))
def preview_command(
    wall: _WallFile,
    scene: Annotated[Path, typer.Argument(help=say("la scène (YAML)", "the scene (YAML)"))],
    png: Annotated[Path, typer.Option("--png", help=say("où écrire l'image", "where to write the picture"))],
    as_json: _Json = False,
) -> int:
    """Who is in each tile is what the director shows first, with every camera permitted and no alarm."""
    try:
        hung = read_wall(wall)
        shown = read_scene(scene, hung)
    except FileRefused as error:
        return _tell_refused([error], as_json)
    picture = preview(hung, shown, shown_first(shown))
    done, data = cv2.imencode(".png", picture)
    try:
        if done:
            png.write_bytes(data.tobytes())
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            Words(f"l'image ne peut être écrite ({reason})", f"the picture cannot be written ({reason})"),
            where=str(png),
            what_to_do=Words("Donnez un autre fichier", "Give another file"),
        ) from error
    size = {"png": str(png), "width_px": picture.shape[1], "height_px": picture.shape[0], "tiles": len(shown.tiles)}
    print(json.dumps(size) if as_json else f"{png}: {size['width_px']}x{size['height_px']} px")
    return 0


@app.command("schema", help=say("Le schéma JSON d'un fichier.", "The JSON Schema of a file."))
def schema_command(
    kind: Annotated[str, typer.Argument(help=", ".join(SCHEMAS))] = "scene",
) -> int:
    """For an editor: of a wall, a scene, or programmes."""
    if kind not in SCHEMAS:
        listed = ", ".join(SCHEMAS)
        raise BadInput(
            Words(f"{kind!r} est inconnu", f"{kind!r} is unknown"),
            where="wall/schema",
            what_to_do=Words(f"Valeurs possibles : {listed}", f"Possible values: {listed}"),
        )
    print(json.dumps(schema_of(kind), ensure_ascii=False, indent=2))
    return 0


app.command("why", help=say("Pourquoi cet emplacement montrait cela.", "Why a tile showed what it did."))(why_command)


def shown_first(scene: Scene) -> Mapping[SlotId, CameraId | None]:
    """Who is in which tile when the scene comes up, every camera permitted and with a signal."""
    director = WallDirector(WallPlan((scene.slots,), scene.scene, scene.scene), lambda camera, now_ns: True)
    director.hear(WatchHeard(is_short=False), 0)
    return {slot: shown.camera for slot, shown in director.tiles.items()}


def _known(cameras: list[str] | None) -> frozenset[CameraId] | None:
    if not cameras:
        return None
    try:
        return frozenset(CameraId(name) for name in camera_names(cameras))
    except BadQuantity as error:
        raise BadInput(
            Words(error.french, error.english),
            where="--cameras",
            what_to_do=Words("Écrivez cam-0001..cam-0048", "Write cam-0001..cam-0048"),
        ) from error


def _tell_refused(refused: list[FileRefused], as_json: bool) -> int:
    language = current_language()
    for each in refused:
        for trouble in each.troubles:
            print(trouble.words.in_language(language), file=sys.stderr)
    if as_json:
        told = [each.told(language) for each in refused]
        errors = [error for each in told for error in each["errors"]]
        print(json.dumps(told[0] | {"errors": errors}, ensure_ascii=False))
    return BAD_INPUT


def _told(wall: Wall, path: Path, scene: Scene) -> dict[str, object]:
    spreads = {tile.tile: spread_tile(wall, tile) for tile in scene.tiles}
    rules = [tile.slot.rule for tile in scene.tiles]
    return {
        "file": str(path),
        "scene": scene.scene,
        "tiles": len(scene.tiles),
        "by_rule": {rule.value: rules.count(rule) for rule in SlotRule},
        "dark": [name for name, lies in spreads.items() if not any(part.panel.enabled for part in lies.parts)],
        "over_several_panels": [name for name, lies in spreads.items() if len(lies.parts) > 1],
    }
