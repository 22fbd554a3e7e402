"""The wall of a running centre, from what people decided about it to a room that shows it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from csu.centre.control import Centre
from csu.centre.events import CentreEvent, Trouble
from csu.centre.media.wall_nodes import WallNodes
from csu.centre.papers import Papers
from csu.centre.rooms.wall_plan import PlannedWall, default_wall
from csu.centre.rooms.wall_room import WALL, WallRoom
from csu.centre.rooms.wall_seen import CoverageNotKept, SeenFile, WallSeen
from csu.centre.rooms.wall_viewers import FindPerson, WallViewers
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.cluster.wall_process import WallProcess
from csu.governance import Journal
from csu.hal.camera import CameraRecord
from csu.hal.clock import Clock
from csu.hal.wall import WallError, WallOutput
from csu.machine import SystemClock
from csu.wall.drawing.windows import NodeScreens
from csu.wall.model import Node, Scene, Wall
from csu.wall.model.reading import read_programmes, read_scene, read_wall

SEEN = "wall-seen.json"
"""What was looked at, in the centre's directory."""
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class WallFiles:
    """A wall as it hangs, its scenes, and what is up when (YAML; `csu wall check` says what is wrong with them)."""

    wall: Path
    scenes: tuple[Path, ...]
    programmes: Path


@dataclass(frozen=True, slots=True)
class WallSettings:
    """What a person decides about the wall of a centre."""

    files: WallFiles | None = None
    """None: one panel of that size, and grids."""
    width_px: int = 1280
    height_px: int = 720
    in_window: bool = False
    software_gl_allowed: bool = True


async def hang_wall(
    stack: AsyncExitStack,
    settings: WallSettings,
    planned: PlannedWall,
    centre: Centre,
    records: Sequence[CameraRecord],
    pictures: SharedPicturesSpec,
    elsewhere: WallNodes,
    papers: Papers,
    people: FindPerson,
    kept_in: Path,
    *,
    journal: Journal,
    tell: Callable[[CentreEvent], None],
) -> WallRoom:
    """Its outputs started (and stopped on the way out), its first scene up. `elsewhere`: nodes of other hosts.
    `kept_in`: the centre's directory.

    Raises CsuError.
    """
    loop, clock = asyncio.get_running_loop(), SystemClock()

    def told(error: WallError) -> None:  # in a thread of the wall's
        loop.call_soon_threadsafe(tell, Trouble(WALL, error.trouble.words, clock.now_ns()))

    outputs = {
        node.node: output_of(node, planned.wall, settings, pictures, elsewhere, told) for node in planned.wall.nodes
    }
    for output in outputs.values():
        stack.push_async_callback(output.stop)
        await output.start()
    may_view = WallViewers(papers, people).may_view
    room = WallRoom(
        centre,
        outputs,
        planned,
        records,
        clock=clock,
        journal=journal,
        tell=tell,
        may_view=may_view,
        seen=await _seen(SeenFile(kept_in / SEEN), records, tell, clock),
    )
    stack.push_async_callback(room.close)
    await room.open()
    return room


def planned_wall(settings: WallSettings, records: Sequence[CameraRecord]) -> PlannedWall:
    """By files, or `default_wall`. Blocks. Raises FileRefused with every fault of a file, BadInput."""
    files = settings.files
    if files is None:
        return default_wall(records, settings.width_px, settings.height_px)
    wall, cameras = read_wall(files.wall), frozenset(record.camera for record in records)
    scenes: dict[str, Scene] = {}
    for path in files.scenes:
        scene = read_scene(path, wall, cameras, scenes)
        scenes[scene.scene] = scene
    programmes = read_programmes(files.programmes, scenes.values(), cameras)
    return PlannedWall(wall, programmes.plan(scenes.values()), scenes, programmes.events)


def output_of(
    node: Node,
    wall: Wall,
    settings: WallSettings,
    pictures: SharedPicturesSpec,
    elsewhere: WallNodes,
    tell: Callable[[WallError], None],
) -> WallOutput:
    """What draws a node's part of the wall: the only place that decides it."""
    size_px, screens = wall.framebuffer_px(node.node), NodeScreens.of(wall, node.node)
    if node.host not in (*HERE, os.uname().nodename):
        return elsewhere.output(node.node, *size_px, screens)
    return WallProcess(
        pictures,
        *size_px,
        backend="window" if settings.in_window else "offscreen",
        allow_software=settings.software_gl_allowed,
        screens=screens,
        tell=tell,
    )


async def _seen(
    file: SeenFile, records: Sequence[CameraRecord], tell: Callable[[CentreEvent], None], clock: Clock
) -> WallSeen:
    """With what was looked at in an earlier life; a file that cannot be read is told, and it begins anew."""
    kept, now_ns = None, clock.now_ns()
    try:
        kept = await asyncio.to_thread(file.load)
    except CoverageNotKept as error:
        tell(Trouble(WALL, error.trouble.words, now_ns))
    return WallSeen([record.camera for record in records], now_ns, file, kept)
