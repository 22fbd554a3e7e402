"""`csu wall render`: a scene with real pictures, by the masked route, on all panels of a wall, judged from its pixels.

Exit codes: 0 every tile is right and the reference agrees, 1 something is not, 2 a file cannot be used.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from csu.centre.centre_settings import CentreSettings
from csu.centre.media.wall_drawn import DrawnWall, draw_wall, panel_seen, picture_of_wall
from csu.centre.registers.settings import RegisterSettings
from csu.centre.rooms.wall_plan import ALARM_LABEL, Up, labels_of
from csu.centre.running import open_centre
from csu.cluster.shared_pictures import SharedPicturesReader
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.wall import TilePicture
from csu.hal.words import Words
from csu.language import say
from csu.machine import SystemClock
from csu.wall import SlotId
from csu.wall.model import Scene, Wall, place
from csu.wall.model.reading import read_scene, read_wall

PSNR_DB_MIN = 45.0
LEVELS_OFF_MAX = 4.0
"""What a card may differ from floating point: 2.8 levels measured (notes on the wall)."""
WAIT_S = 120.0
TOGETHER_NS = 1500 * NS_PER_S // 1000
"""The pictures of one wall are not further apart: all of them are live at one instant."""
PICTURES_PER_S = 6
"""What an order asks of a recorded stream at least (TEC-2); few, for 48 cameras on a small machine."""
DOES_NOT_HOLD, WALL_PX = 1, 2400


def render(
    wall: Path,
    scene: Path,
    png: Path | None,
    *,
    binding: str,
    cameras: int,
    options: Mapping[str, Any],
    alarms: Sequence[str],
    as_json: bool,
) -> int:
    """Raises FileRefused for files of the wall, BadInput and CsuError as the centre does."""
    hung = read_wall(wall)
    shown = read_scene(scene, hung)
    from csu.centre.commands.wall import shown_first

    up = dict(shown_first(shown))
    called = dict(_alarm(each, shown) for each in alarms)
    up |= called
    wanted = tuple(dict.fromkeys(camera for camera in up.values() if camera is not None))
    records, pictures = asyncio.run(_taken(wanted, binding, cameras, options))
    now_ns = max((picture.captured_at_ns for picture in pictures.values()), default=SystemClock().now_ns())
    seen = [
        Up(tile, camera, ALARM_LABEL if tile in called else "") for tile, camera in up.items() if camera is not None
    ]
    labels = labels_of(shown, seen, records)
    drawn = draw_wall(place(hung, shown, up, labels, frozenset(called)), pictures, now_ns, allow_software=True)
    written = _write(png, hung, drawn) if png is not None else []
    found = _told(hung, shown, drawn, [str(path) for path in written], len(wanted), len(pictures))
    print(json.dumps(found, ensure_ascii=False) if as_json else _in_words(found))
    holds = found["tiles_correct"] == found["tiles"] and drawn.psnr_db >= PSNR_DB_MIN
    return 0 if holds and drawn.levels_off_max <= LEVELS_OFF_MAX else DOES_NOT_HOLD


async def _taken(
    wanted: Sequence[CameraId], binding: str, cameras: int, options: Mapping[str, Any]
) -> tuple[Mapping[CameraId, CameraRecord], dict[CameraId, TilePicture]]:
    """A masked picture of each camera, from a centre that runs for it: decoded, masked and shared as always."""
    with ExitStack() as stack:
        directory, anchors = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="csu-wall-"))) for _ in range(2)
        )
        settings = CentreSettings(
            data_directory=directory,
            registers=RegisterSettings(anchors=(anchors,)),
            binding=binding,
            cameras=cameras,
            options=options,
        )
        async with open_centre(settings, observe=lambda event: None, progress=_step) as running:
            records = {each.record.camera: each.record for each in running.assignments}
            unknown = [camera for camera in wanted if camera not in records]
            if unknown:
                listed = ", ".join(unknown[:4])
                raise BadInput(
                    Words(f"ce site n'a pas {listed}", f"this site has no {listed}"),
                    where="wall/render",
                    what_to_do=Words("Donnez plus de caméras (--cameras)", "Give more cameras (--cameras)"),
                )
            reader = SharedPicturesReader.attach(running.pictures)
            try:
                return records, await _together(reader, wanted)
            finally:
                reader.close()


async def _together(reader: SharedPicturesReader, wanted: Sequence[CameraId]) -> dict[CameraId, TilePicture]:
    """The newest picture of each, none of them much older than another; after WAIT_S: what there is."""
    clock, pictures = SystemClock(), dict[CameraId, TilePicture]()
    until_ns = clock.monotonic_ns() + round(WAIT_S * NS_PER_S)
    while clock.monotonic_ns() < until_ns:
        for camera in wanted:
            picture = reader.newest(camera, pictures[camera].sequence if camera in pictures else 0)
            if picture is not None:
                pictures[camera] = picture.kept()
        instants = [picture.captured_at_ns for picture in pictures.values() if not picture.wholly_masked]
        if len(instants) == len(wanted) and max(instants) - min(instants) < TOGETHER_NS:
            break
        await asyncio.sleep(0.02)
    return pictures


def _alarm(text: str, scene: Scene) -> tuple[SlotId, CameraId]:
    """`alarme-1=cam-0007`. Raises BadInput."""
    tile, _, camera = text.partition("=")
    if not camera or tile not in {each.tile for each in scene.tiles}:
        raise BadInput(
            Words(f"{text!r} n'est pas vignette=caméra de cette scène", f"{text!r} is not tile=camera of this scene"),
            where="--alarm",
            what_to_do=Words("Écrivez alarme-1=cam-0007", "Write alarme-1=cam-0007"),
        )
    return SlotId(tile), CameraId(camera)


def _write(directory: Path, wall: Wall, drawn: DrawnWall) -> list[Path]:
    pictures = {f"{panel.panel}.png": panel_seen(wall, panel.panel, drawn.framebuffers) for panel in wall.panels}
    pictures[f"mur-{wall.wall}.png"] = picture_of_wall(wall, drawn.framebuffers, WALL_PX)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            (directory / name).write_bytes(_png(picture))
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            Words(f"les images ne peuvent être écrites ({reason})", f"the pictures cannot be written ({reason})"),
            where=str(directory),
            what_to_do=Words("Donnez un autre dossier", "Give another directory"),
        ) from error
    return [directory / name for name in pictures]


def _png(picture: NDArray[np.uint8]) -> bytes:
    from csu.wall.drawing.png import png_of

    return png_of(np.ascontiguousarray(picture))


def _told(
    wall: Wall, scene: Scene, drawn: DrawnWall, written: Sequence[str], wanted: int, taken: int
) -> dict[str, Any]:
    wrong = [each for each in drawn.tiles if not each.is_correct]
    return {
        "wall": wall.wall,
        "scene": scene.scene,
        "panels": len(wall.panels),
        "renderer": drawn.renderer,
        "cameras": wanted,
        "pictures": taken,
        "tiles": len(drawn.tiles),
        "tiles_correct": len(drawn.tiles) - len(wrong),
        "tiles_wrong": [
            {"tile": each.reading.tile, "camera": each.reading.camera, "state": each.reading.state.value,
             "seen": [each.reading.seen_camera_number, each.reading.seen_frame_number],
             "given": None if each.given is None else [each.given.camera_number, each.given.frame_number]}
            for each in wrong
        ],
        "psnr_db": round(drawn.psnr_db, 1) if np.isfinite(drawn.psnr_db) else None,
        "levels_off_max": round(drawn.levels_off_max, 2),
        "png": list(written),
    }  # fmt: skip


def _in_words(found: Mapping[str, Any]) -> str:
    correct, tiles, psnr = found["tiles_correct"], found["tiles"], found["psnr_db"]
    lines = [
        say(f"vignettes justes : {correct} / {tiles}", f"tiles right: {correct} / {tiles}"),
        say(f"fidélité : {psnr} dB", f"fidelity: {psnr} dB"),
        *found["png"],
    ]
    return "\n".join(map(str, lines))


def _step(words: str) -> None:
    typer.echo(f"... {words}", err=True)


def render_command(
    scene: Annotated[Path, typer.Argument(help=say("la scène (YAML)", "the scene (YAML)"))],
    wall: Annotated[Path, typer.Option("--wall", help=say("le mur (YAML)", "the wall (YAML)"))] = Path(
        "scenarios/walls/salle.yaml"
    ),
    png: Annotated[
        Path | None, typer.Option("--png", help=say("dossier des images", "directory of the pictures"))
    ] = None,
    alarm: Annotated[
        list[str] | None,
        typer.Option("--alarm", help=say("une alarme : alarme-1=cam-0007", "an alarm: alarme-1=cam-0007")),
    ] = None,
    cameras: Annotated[int, typer.Option(min=1, help=say("caméras du site", "cameras of the site"))] = 48,
    binding: Annotated[str, typer.Option(help=say("la liaison", "the binding"))] = "street",
    night: Annotated[bool, typer.Option("--night", help=say("la nuit", "by night"))] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> int:
    """Simulated streets, masked and shared as always; every panel drawn, read back, and held against a reference."""
    options = {"fps": PICTURES_PER_S, "night": night}
    return render(
        wall, scene, png, binding=binding, cameras=cameras, options=options, alarms=alarm or (), as_json=as_json
    )
