"""A running centre whose parts die, stand still or lose a right: what its wall shows, read from the pixels.

Media process, RTSP, masks and GL are real, and so is the X server where there is a window. One rule is held at every
reading: what looks live shows a picture whose number was first seen less than the bound ago. `-s` prints the times.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.centre.centre_settings import CentreSettings
from csu.centre.registers.settings import RegisterSettings
from csu.centre.rooms.wall_screens import LEASE_NS
from csu.centre.running import RunningCentre, open_centre
from csu.centre.wall_hung import WallFiles, WallSettings
from csu.cluster.wall_process import ENDED_AFTER_S, WallProcess
from csu.governance import CentreKey, OrderLedger
from csu.governance.authorisations import AuthorisationFacts, Interruption, InterruptionKind, ServiceLevel
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.site import Site, SiteRequest
from csu.hal.wall import NodeScene, TileReading, TileState, WallError
from csu.machine import SystemClock
from csu.wall import Freshness
from csu.wall.drawing.cover import cover_picture
from csu.wall.drawing.read_back import read_tiles
from csu.wall.model import Rect
from sim.endpoints import Fault, FaultKind, RtspFarm
from sim.street_binding import open_street
from sim.street_camera import StreetCamera
from tests.wall.x_server import LATE_S, XServer, at_place, shown_pieces, x_server

ROOT = Path(__file__).resolve().parents[2]
CAMERAS = 6
SIX = tuple(CameraId(f"cam-{number:04d}") for number in range(1, CAMERAS + 1))
PICTURE_PX = (368, 288)
"""About the smallest that may be recorded at all (arrêté du 3 août 2007)."""
WALL_PX, PANEL_PX = (640, 360), (320, 360)
LEFT, DESK, RIGHT = Rect(0, 60, *PANEL_PX), Rect(320, 0, 200, 480), Rect(520, 20, *PANEL_PX)
"""Two panels of the wall, and a monitor between them that is not of it."""
STALE_S, NO_SIGNAL_S = Freshness().stale_after_ns / NS_PER_S, Freshness().no_signal_after_ns / NS_PER_S
COVERED_S = 3.0
"""A wall that no longer draws is covered within that (csu.cluster.wall_watch)."""
LIVE_WITHIN_S = 40.0

Tiles: TypeAlias = Mapping[CameraId, TileReading]
Told: TypeAlias = Callable[[Tiles], bool]


@dataclass
class Wall:
    """A wall that is read again and again. `bound_s`: for how long a picture that stands still may look live."""

    read: Callable[[], Awaitable[Sequence[TileReading]]]
    bound_s: float = STALE_S
    first_seen: dict[CameraId, tuple[int, float]] = field(default_factory=dict)
    """The number of each camera's newest picture, and when it was first read."""

    async def look(self) -> Tiles:
        began_s = time.monotonic()
        tiles = await self.read()
        self.judge(tiles, began_s, time.monotonic())
        return {tile.camera: tile for tile in tiles}

    def judge(self, tiles: Sequence[TileReading], began_s: float, ended_s: float) -> None:
        """Read between these instants."""
        for tile in tiles:
            number, known = tile.seen_frame_number, self.first_seen.get(tile.camera)
            if number is not None:
                assert f"cam-{tile.seen_camera_number:04d}" == tile.camera, "another camera's picture"
            if known is None or number not in (None, known[0]):
                if number is not None:
                    self.first_seen[tile.camera] = (number, ended_s)
            elif tile.state is TileState.LIVE:
                stood_s = began_s - known[1]
                assert stood_s < self.bound_s, f"{tile.camera} looks live with a picture of {stood_s:.1f} s ago"

    async def until(self, holds: Told, what: str, within_s: float) -> float:
        """Look until it holds; how long it took. Fails later than `within_s` and what a busy machine may add."""
        began_s = time.monotonic()
        while True:
            tiles = await self.look()
            took_s = time.monotonic() - began_s
            if holds(tiles):
                print(f"{what}: {took_s:.1f} s (bound {within_s:g} s)")
                return took_s
            states = {camera: tile.state.value for camera, tile in tiles.items()}
            assert took_s < within_s + LATE_S, f"never: {what}: {states}"
            await asyncio.sleep(0.1)

    async def stays(self, holds: Told, what: str, for_s: float) -> None:
        """It holds at every reading for so long."""
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            assert holds(await self.look()), what
            await asyncio.sleep(0.1)


def all_are(state: TileState, cameras: Sequence[CameraId] = SIX) -> Told:
    return lambda tiles: all(camera in tiles and tiles[camera].state is state for camera in cameras)


def unseen(*cameras: CameraId) -> Told:
    return lambda tiles: all(camera not in tiles or tiles[camera].state is TileState.FORBIDDEN for camera in cameras)


@dataclass(frozen=True)
class AtWork:
    """A centre, its street and its wall."""

    running: RunningCentre
    farm: RtspFarm
    wall: Wall
    directory: Path

    @property
    def output(self) -> WallProcess:
        (output,) = self.running.wall.outputs.values()
        assert isinstance(output, WallProcess)
        return output

    @property
    def scene(self) -> NodeScene:
        """What the one node of the wall was told to show."""
        (scene,) = self.running.wall._scenes.values()
        return scene

    def enter(self, change: Callable[[AuthorisationFacts], AuthorisationFacts]) -> None:
        """Somebody enters other papers, in a process of his own as far as the centre knows. Blocks."""
        ledger = OrderLedger(
            self.directory / "orders.sqlite", CentreKey.load_or_make(self.directory / "centre" / "key.pem")
        )
        now_ns = SystemClock().now_ns()
        assert ledger.enter(change(ledger.register.facts), by="prefecture", reason="essai", at_ns=now_ns)
        ledger.close()


@asynccontextmanager
async def at_work(directory: Path, *, in_window: bool = False) -> AsyncIterator[AtWork]:
    """Six cameras, all of them live on the wall."""
    farms: list[RtspFarm] = []

    @asynccontextmanager
    async def opened(request: SiteRequest) -> AsyncIterator[Site]:
        async with open_street(request) as site:
            first = site.cameras[0]
            assert isinstance(first, StreetCamera)
            farms.append(first._farm)
            yield site

    settings = CentreSettings(
        directory / "centre",
        site=opened,
        cameras=CAMERAS,
        options={"width": PICTURE_PX[0], "height": PICTURE_PX[1], "fps": 12},
        wall=hung_around_a_desk(directory) if in_window else WallSettings(None, *WALL_PX),
        registers=RegisterSettings(anchors=(directory / "anchors",)),
    )
    async with open_centre(settings, observe=lambda event: None, progress=lambda words: None) as running:

        async def read() -> Sequence[TileReading]:
            return (await running.wall.read()).tiles

        wall = Wall(read)
        await wall.until(all_are(TileState.LIVE), "all live", LIVE_WITHIN_S)
        yield AtWork(running, farms[0], wall, directory / "centre")


def hung_around_a_desk(directory: Path) -> WallSettings:
    """By files: three cameras and a spot on each of two monitors."""
    grid = (
        "{{grid: {name}, anchor: panel:{panel}, rect: [0, 0, 1, 0.75], columns: 1, rows: 3, gap_mm: 0, cameras: {of}}}"
    )
    spot = "{{tile: spot-{panel}, anchor: panel:{panel}, rect: [0, 0.75, 1, 0.25], slot: {{rule: alarm_spot}}}}"
    written = {
        "wall": """
wall: essai
panels:
  - {panel: a, rect_mm: [0, 0, 320, 360], px: [320, 360], node: n, monitor: RIGHT}
  - {panel: b, rect_mm: [330, 0, 320, 360], px: [320, 360], node: n, output_px: [320, 0], monitor: LEFT}
nodes:
  - {node: n}
""",
        "programmes": "base: base\ndegraded: agreed\n",
    }
    for scene in ("base", "agreed"):
        grids = [grid.format(name="one", panel="a", of=f"{SIX[0]}..{SIX[2]}")]
        grids += [grid.format(name="two", panel="b", of=f"{SIX[3]}..{SIX[5]}")] if scene == "base" else []
        tiles = [spot.format(panel=panel) for panel in "ab"]
        written[scene] = f"scene: {scene}\ngrids: [{', '.join(grids)}]\ntiles: [{', '.join(tiles)}]\n"
    directory.mkdir(exist_ok=True)
    files = {name: directory / f"{name}.yaml" for name in written}
    for name, path in files.items():
        path.write_text(written[name])
    return WallSettings(WallFiles(files["wall"], (files["base"], files["agreed"]), files["programmes"]), in_window=True)


def played(directory: Path, story: Callable[[AtWork], Awaitable[None]], *, in_window: bool = False) -> None:
    async def play() -> None:
        async with at_work(directory, in_window=in_window) as centre:
            await story(centre)

    asyncio.run(play())


@pytest.mark.parametrize(("state", "after_s", "is_told"), [
    (TileState.LIVE, STALE_S - 0.1, False), (TileState.LIVE, STALE_S, True), (TileState.STALE, 60.0, False),
])  # fmt: skip
def test_what_these_tests_hold_a_wall_to(state: TileState, after_s: float, is_told: bool) -> None:
    """Read twice, the same picture."""
    tile, wall = TileReading(SIX[0], state, 1, 7), Wall(lambda: asyncio.sleep(0, ()))
    wall.judge([tile], 99.5, 100.0)
    with pytest.raises(AssertionError, match="looks live") if is_told else nullcontext():
        wall.judge([tile], 100.0 + after_s, 101.0 + after_s)
    wall.judge([replace(tile, seen_frame_number=8)], 200.0, 200.1)
    with pytest.raises(AssertionError, match="another camera's"):
        wall.judge([replace(tile, seen_camera_number=2)], 201.0, 201.1)


# -- what pictures come from -------------------------------------------------------------------------------------------


@pytest.mark.nightly
def test_of_a_media_node_that_is_killed_all_goes_stale_then_without_signal_and_comes_back(tmp_path: Path) -> None:
    async def story(centre: AtWork) -> None:
        over = asyncio.Event()

        async def kill_whoever_takes_its_place() -> None:
            while not over.is_set():
                for pid in media_processes():
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.05)

        killing = asyncio.create_task(kill_whoever_takes_its_place())
        await centre.wall.until(all_are(TileState.STALE), "a node is killed: stale", STALE_S)
        await centre.wall.until(all_are(TileState.NO_SIGNAL), "no signal", NO_SIGNAL_S - STALE_S)
        over.set()
        await killing
        await centre.wall.until(all_are(TileState.LIVE), "live again", LIVE_WITHIN_S)

    played(tmp_path, story)


@pytest.mark.nightly
def test_of_a_media_node_that_hangs_all_goes_stale_then_without_signal_until_it_is_ended(tmp_path: Path) -> None:
    async def story(centre: AtWork) -> None:
        (hangs,) = media_processes()
        os.kill(hangs, signal.SIGSTOP)
        await centre.wall.until(all_are(TileState.STALE), "a node hangs: stale", STALE_S)
        await centre.wall.until(all_are(TileState.NO_SIGNAL), "no signal", NO_SIGNAL_S - STALE_S)
        await centre.wall.until(all_are(TileState.LIVE), "another serves: live again", LIVE_WITHIN_S)
        assert media_processes() != [hangs]

    played(tmp_path, story)


def media_processes() -> list[int]:
    """Those that are children of ours."""
    found = []
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue  # it ended while we looked
        if b"csu.cluster.media_process" in command:
            found.append(int(pid))
    return found


HALTS, OTHERS = SIX[1], (SIX[0], *SIX[2:])


@pytest.mark.nightly
def test_a_camera_that_halts_goes_stale_then_without_signal_and_no_other_does(tmp_path: Path) -> None:
    async def story(centre: AtWork) -> None:
        def alone(state: TileState) -> Told:
            return lambda tiles: tiles[HALTS].state is state and all_are(TileState.LIVE, OTHERS)(tiles)

        centre.farm.misbehave(HALTS, Fault(FaultKind.FREEZE, after_frames=0))
        await centre.wall.until(alone(TileState.STALE), "a camera halts: stale", STALE_S)
        await centre.wall.until(alone(TileState.NO_SIGNAL), "no signal", NO_SIGNAL_S - STALE_S)
        centre.farm.misbehave(HALTS, None)
        await centre.wall.until(all_are(TileState.LIVE), "live again", LIVE_WITHIN_S)

    played(tmp_path, story)


# -- who may see them --------------------------------------------------------------------------------------------------

REVOKED_S = 2.0
"""Papers that another process enters are read each second; who may not be shown is off at once."""
ONE_LEFT_S = 1.0
"""The room hears at once, and is asked each second."""


@pytest.mark.nightly
def test_a_camera_whose_right_ends_leaves_the_wall_for_good_though_its_pictures_are_young(tmp_path: Path) -> None:
    async def story(centre: AtWork) -> None:
        def suspended(facts: AuthorisationFacts) -> AuthorisationFacts:
            """The order of the sixth camera's commune."""
            stop = Interruption(InterruptionKind.SUSPENDED, SystemClock().now_ns(), "essai")
            orders = (
                replace(each, interruptions=(stop,)) if SIX[5] in each.cameras else each
                for each in facts.authorisations
            )
            return replace(facts, authorisations=tuple(orders))

        def stored_only(facts: AuthorisationFacts) -> AuthorisationFacts:
            """Every commune: recorded as before, watched by nobody (COM-2)."""
            services = (replace(each, level=ServiceLevel.STORAGE_ONLY) for each in facts.services)
            return replace(facts, services=tuple(services))

        await asyncio.to_thread(centre.enter, suspended)
        await centre.wall.until(unseen(SIX[5]), "an order is suspended: off the wall", REVOKED_S)
        assert all_are(TileState.LIVE, SIX[:5])(await centre.wall.look())
        await asyncio.to_thread(centre.enter, stored_only)
        await centre.wall.until(unseen(*SIX), "all communes store only: off the wall", REVOKED_S)
        await centre.wall.stays(unseen(*SIX), "a camera without a right is seen again", 4)

    played(tmp_path, story)


@pytest.mark.nightly
def test_of_two_operators_one_leaves_and_the_agreed_scene_comes(tmp_path: Path) -> None:
    async def story(centre: AtWork) -> None:
        first, _ = centre.running.centre.watching
        centre.running.centre.leave_post(first, urgent_reason="malaise")
        await centre.wall.until(lambda tiles: len(tiles) == 4, "one is left: the agreed scene", ONE_LEFT_S)
        assert centre.running.wall.director.scene == "agreed"
        await centre.wall.stays(lambda tiles: len(tiles) == 4, "the whole wall for one person", 3)

    played(tmp_path, story)


# -- who draws, and who answers for it ---------------------------------------------------------------------------------


def seen_on(pixels: NDArray[np.uint8], scene: NodeScene) -> tuple[TileReading, ...]:
    """The tiles, from what is on the two monitors."""
    shown = np.concatenate([pixels[at_place(RIGHT)], pixels[at_place(LEFT)]], axis=1)
    return read_tiles(shown, shown_pieces(scene, *PICTURE_PX))


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    (tmp_path / "x").mkdir()
    with x_server(tmp_path / "x", "840x480") as server:
        server.plug_in({"LEFT": LEFT, "DESK": DESK, "RIGHT": RIGHT})
        monkeypatch.setenv("DISPLAY", server.display)
        yield server


def screen_wall(screen: XServer, scene: NodeScene, bound_s: float) -> Wall:
    async def read() -> Sequence[TileReading]:
        return seen_on(screen.pixels(), scene)

    return Wall(read, bound_s)


@pytest.mark.nightly
def test_a_renderer_that_freezes_is_covered_gives_no_picture_and_is_started_again(
    tmp_path: Path, screen: XServer
) -> None:
    async def story(centre: AtWork) -> None:
        on_screen = screen_wall(screen, centre.scene, COVERED_S + LATE_S)
        await on_screen.until(all_are(TileState.LIVE), "live on the screen", 5)
        frozen, cover, desk = centre.output.pid, cover_picture(*PANEL_PX), screen.pixels()[at_place(DESK)]
        assert frozen is not None
        os.kill(frozen, signal.SIGSTOP)

        def is_covered(_: Tiles) -> bool:
            return all((screen.pixels()[at_place(panel)] == cover).all() for panel in (LEFT, RIGHT))

        asked = asyncio.create_task(centre.running.wall.picture_png())
        await on_screen.until(is_covered, "the renderer is stopped: covered", COVERED_S)
        with pytest.raises(WallError, match=r"ended by itself|had not drawn"):
            await asyncio.wait_for(asked, ENDED_AFTER_S + LATE_S)

        async def read() -> Sequence[TileReading]:
            try:
                return await centre.wall.read()
            except WallError:
                return ()  # another renderer begins

        await Wall(read).until(all_are(TileState.LIVE), "another draws", LIVE_WITHIN_S)
        assert centre.output.pid not in (None, frozen)
        on_screen.first_seen.clear()
        assert (screen.pixels()[at_place(DESK)] == desk).all()
        await on_screen.until(all_are(TileState.LIVE), "live on the screen again", 5)

    played(tmp_path, story, in_window=True)


LEASE_S = LEASE_NS / NS_PER_S


@pytest.mark.nightly
def test_a_centre_that_hangs_leaves_forbidden_tiles_though_pictures_still_come(tmp_path: Path, screen: XServer) -> None:
    def young(tiles: Tiles) -> bool:
        """One that turns is wholly masked as soon as nobody says where it looks."""
        return {tile.state for tile in tiles.values()} <= {TileState.LIVE, TileState.MASKED}

    async def story(centre: subprocess.Popen[str], scene: NodeScene) -> None:
        wall = screen_wall(screen, scene, STALE_S + LATE_S)
        await wall.until(all_are(TileState.LIVE), "live on the screen", 5)
        os.kill(centre.pid, signal.SIGSTOP)
        await wall.stays(young, "pictures stopped with the centre: this test shows nothing", 3)
        await wall.until(all_are(TileState.FORBIDDEN), "the centre hangs: forbidden", LEASE_S - 3)
        await wall.stays(all_are(TileState.FORBIDDEN), "seen again", 3)
        os.kill(centre.pid, signal.SIGCONT)
        await wall.until(all_are(TileState.LIVE), "the centre is back: live again", LIVE_WITHIN_S)

    with centre_of_its_own(tmp_path) as (centre, scene):
        asyncio.run(story(centre, scene))


@contextmanager
def centre_of_its_own(directory: Path) -> Iterator[tuple[subprocess.Popen[str], NodeScene]]:
    """A centre in a process of its own, with its wall in a window, and what that shows."""
    code = "import sys; from tests.e2e.test_wall_states import serve\nif __name__ == '__main__': serve(sys.argv[1])"
    command = [sys.executable, "-c", code, str(directory)]
    centre = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True)
    try:
        assert centre.stdout is not None
        line = ""
        while not line.startswith("scene "):
            line = centre.stdout.readline()
            assert line, "the centre ended"
        yield centre, pickle.loads(bytes.fromhex(line.removeprefix("scene ")))
    finally:
        os.killpg(centre.pid, signal.SIGKILL)
        centre.wait(10)


def serve(directory: str) -> None:
    """Be a centre until killed; say what its wall shows once all is live."""

    async def story(centre: AtWork) -> None:
        print(f"scene {pickle.dumps(centre.scene).hex()}", flush=True)
        await asyncio.Event().wait()

    played(Path(directory), story, in_window=True)


# -- what nobody can tell ----------------------------------------------------------------------------------------------


@pytest.mark.nightly
@pytest.mark.xfail(raises=AssertionError, strict=True, reason="a picture sent again with new times looks young")
def test_a_camera_that_sends_one_picture_again_and_again_is_seen_to_stand_still(tmp_path: Path) -> None:
    async def story(centre: AtWork) -> None:
        centre.farm.misbehave(HALTS, Fault(FaultKind.STUCK))
        await centre.wall.stays(all_are(TileState.LIVE, OTHERS), "others", 15)

    played(tmp_path, story)
