"""A centre's side over a real socket, cameras whose pictures carry marks, and far sides in a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.centre.events import Trouble
from csu.centre.media.wall_nodes import RemoteWall, WallNodes
from csu.cluster.live_muxer import LiveOutlet
from csu.cluster.live_relay import LiveDesk
from csu.cluster.shared_pictures import SharedPicturesReader, SharedPicturesSpec
from csu.cluster.wall_node import CentreAddress, WallNode
from csu.cluster.wall_node_wire import Hello
from csu.console import (
    AnyOf,
    ConsoleSettings,
    Desks,
    NodeClaims,
    ServedCertificate,
    WallNodeTokens,
    create_app,
    demonstration_access,
    make_token,
    serve_console,
)
from csu.governance.centre_key import CentreKey
from csu.hal import _mask_seal
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Clock
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import CaptureTime, MaskedFrame, YuvPlanes
from csu.hal.media import LiveFragment
from csu.hal.wall import NodeScene, ScenePiece, WallError, WallNodeId, WallReading
from csu.hal.wall_panel import WallPanelId
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemChance, SystemClock
from csu.masking import MaskedEncoder
from csu.wall.drawing.emergency import EmergencyWall
from csu.wall.drawing.png import png_of

NODE = WallNodeId("mur-b")
WIDTH_PX, HEIGHT_PX = 320, 180
PICTURE_PX = (160, 88)
KEY = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x05" * 32))


class MarkedCamera:
    """A camera as a media node's relay sees it: masked pictures with a frame mark, encoded, and cut into fragments."""

    def __init__(self, number: int, desk: LiveDesk, frames_per_s: float) -> None:
        self.camera, self.number, self.frame = CameraId(f"cam-{number:04}"), number, 0
        self.is_wholly_masked = False
        self._encoder = MaskedEncoder(self.camera, *PICTURE_PX, frames_per_s)
        self.outlet = LiveOutlet(self.camera, desk.hear)
        self.outlet.begin(self._encoder.format)

    def send(self, at_ns: int) -> None:
        """One more picture, captured at `at_ns`."""
        self.frame += 1
        planes = marked_planes(self.number, self.frame)
        share = 1.0 if self.is_wholly_masked else 0.0
        masked = MaskedFrame(
            self.camera,
            self.frame,
            CaptureTime(at_ns, from_camera=True),
            planes,
            mask_epoch=3,
            covered_share=share,
            seal=_mask_seal._SEAL,
        )
        for packet in self._encoder.encode(masked):
            self.outlet.write(packet, 0)


def marked_planes(number: int, frame: int) -> YuvPlanes:
    width, height = PICTURE_PX
    whole = np.empty((height * 3 // 2, width), np.uint8)
    flat = whole.reshape(-1)
    luma, chroma = width * height, (width // 2) * ((height + 1) // 2)
    y = flat[:luma].reshape(height, width)
    u = flat[luma : luma + chroma].reshape(height // 2, width // 2)
    v = flat[luma + chroma :].reshape(height // 2, width // 2)
    y[:], u[:], v[:] = 60 + 20 * number, 110 + 8 * number, 140 - 6 * number
    y[20:40, (frame * 6) % (width - 20) :][:, :20] = 220
    draw_mark(YuvPlanes(y, u, v), number, frame)
    return YuvPlanes(y, u, v)


@dataclass
class Street:
    """Cameras that send, and the relay that the centre watches them by."""

    count: int
    frames_per_s: float = 12.0
    clock: SystemClock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.desk = LiveDesk(self._watch)
        self.asked: list[tuple[CameraId, bool]] = []
        self.cameras = [MarkedCamera(number, self.desk, self.frames_per_s) for number in range(1, self.count + 1)]
        self.by_name = {each.camera: each for each in self.cameras}
        self.is_sending = True
        self.captured_ns: dict[tuple[str, int], int] = {}

    def _watch(self, camera: CameraId, on: bool) -> None:
        self.asked.append((camera, on))
        self.by_name[camera].outlet.watch(on)

    async def run(self) -> None:
        while True:
            for each in self.cameras if self.is_sending else ():
                now_ns = self.clock.now_ns()
                each.send(now_ns)
                self.captured_ns[each.camera, each.frame] = now_ns
            await asyncio.sleep(1 / self.frames_per_s)


class Room:
    """What a console needs of a centre, for a few cameras."""

    def __init__(self, street: Street) -> None:
        self.relay = street.desk
        self._lines = [
            CameraStatus(
                CameraRecord(each.camera, each.number, f"Rue {each.number}", CommuneId("metz"), ViewType.WIDE),
                CameraState.LIVE,
                street.clock.now_ns(),
                street.clock.now_ns(),
            )
            for each in street.cameras
        ]

    def cameras(self) -> Sequence[CameraStatus]:
        return self._lines


class Issued:
    """Tokens of these nodes count."""

    def __init__(self) -> None:
        self.since: dict[str, int] = {NODE: 0}

    def counts_from_ns(self, node: str) -> int | None:
        return self.since.get(node)


@dataclass
class CentreSide:
    """A centre that serves wall nodes: its street, its nodes, what it told and wrote."""

    street: Street
    nodes: WallNodes
    wall: RemoteWall
    issued: Issued
    url: str
    told: list[Trouble]
    access: Any

    def scene(self, *numbers: int, lasts_s: float | None = 60.0) -> NodeScene:
        """These cameras side by side; the right to show them ends in so long."""
        width = WIDTH_PX // max(1, len(numbers)) & ~1
        until = None if lasts_s is None else self.street.clock.now_ns() + round(lasts_s * NS_PER_S)
        pieces = tuple(
            ScenePiece(
                f"t{index}",
                WallPanelId("p"),
                CameraId(f"cam-{number:04}"),
                0,
                (
                    (index * width, 0),
                    ((index + 1) * width, 0),
                    (index * width, HEIGHT_PX),
                    ((index + 1) * width, HEIGHT_PX),
                ),
                ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)),
                width / HEIGHT_PX,
                shown_until_ns=until,
            )
            for index, number in enumerate(numbers)
        )
        return NodeScene(WIDTH_PX, HEIGHT_PX, pieces)


@contextlib.asynccontextmanager
async def centre_side(
    cameras: int = 3, *, frames_per_s: float = 12.0, tls: ServedCertificate | None = None, ask_again_s: float = 30.0
) -> AsyncIterator[CentreSide]:
    """Serve a centre with one wall node `mur-b` on a real socket."""
    street, told, issued, clock = Street(cameras, frames_per_s), [], Issued(), SystemClock()
    names = [each.camera for each in street.cameras]
    nodes = WallNodes(street.desk, names, PICTURE_PX, clock=clock, tell=told.append)
    wall = nodes.output(NODE, WIDTH_PX, HEIGHT_PX)
    room: Any = Room(street)
    access = demonstration_access(room, clock, tokens=AnyOf([WallNodeTokens(KEY.public, issued)]))
    app = create_app(
        room,
        clock=clock,
        access=access,
        settings=ConsoleSettings(ask_again_s=ask_again_s),
        desks=Desks(wall_nodes=nodes),
    )
    sending = asyncio.create_task(street.run())
    try:
        async with serve_console(app, tls=tls) as url:
            yield CentreSide(street, nodes, wall, issued, url, told, access)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def node_token(node: str = NODE, key: CentreKey = KEY, **changes: int) -> str:
    now_ns = SystemClock().now_ns()
    claims = NodeClaims(node=node, from_ns=now_ns - NS_PER_S, to_ns=now_ns + NS_PER_DAY)
    return make_token(key, claims.model_copy(update=changes))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "mur-b.token"
    path.write_text(node_token())
    return path


@dataclass
class FarSide:
    """`csu wall node` in a process of its own; `said`: what it told on stderr."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


@pytest.fixture
def far_side(tmp_path: Path, token_file: Path) -> Iterator[Callable[..., FarSide]]:
    """`far_side(url, *options)`: begin one."""
    begun: list[FarSide] = []

    def begin(url: str, *options: str) -> FarSide:
        log = tmp_path / f"far-{len(begun)}.log"
        command = [sys.executable, "-c", "from csu.cli import main; main()", "wall", "node", "--centre", url]
        command += ["--node", NODE, "--token", str(token_file), "--offscreen", "--software-gl", *options]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stderr=file, env={**os.environ, "LC_ALL": "C", "LANG": "C"})
        begun.append(FarSide(process, log))
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait(10)


async def until(holds: Callable[[], bool] | Callable[[], Awaitable[bool]], within_s: float = 20.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(within_s):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


def fragments_of(number: int, pictures: int, *, at_ns: int = NS_PER_S, whole: bool = False) -> list[LiveFragment]:
    """What the relay of one camera sends: an init, then `pictures` fragments."""
    found: list[LiveFragment] = []
    desk = LiveDesk(lambda camera, on: None)
    camera = MarkedCamera(number, desk, 12.0)
    camera.outlet = LiveOutlet(camera.camera, lambda camera, fragment: found.append(fragment))
    camera.outlet.begin(camera._encoder.format)
    camera.outlet.watch(True)
    camera.is_wholly_masked = whole
    for frame in range(pictures + 1):  # the muxer keeps the newest back
        camera.send(at_ns + frame * NS_PER_S // 12)
    return found


@pytest.fixture(name="fragments_of")
def fragments_fixture() -> Callable[..., list[LiveFragment]]:
    return fragments_of


class CpuWall:
    """A `WallOutput` over the emergency wall, in this process: real pixels, no GL."""

    def __init__(self, pictures: SharedPicturesSpec, width_px: int, height_px: int, clock: Clock) -> None:
        self._wall = EmergencyWall(width_px, height_px, SharedPicturesReader.attach(pictures), clock)
        self.shown: list[NodeScene] = []
        self.trouble: WallError | None = None

    async def start(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    async def show(self, scene: NodeScene) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.shown.append(scene)
        self._wall.show(scene)

    async def renew(self, until_ns: int) -> None:
        self._wall.renew(until_ns)

    async def read(self) -> WallReading:
        return self._wall.read()

    async def picture_png(self) -> bytes:
        return png_of(self._wall.pixels())

    async def stop(self) -> None:
        pass


@dataclass
class SkewedClock:
    """This machine's clock, some way off."""

    ahead_ns: int = 0

    def now_ns(self) -> int:
        return SystemClock().now_ns() + self.ahead_ns

    def monotonic_ns(self) -> int:
        return SystemClock().monotonic_ns()


@dataclass
class NodeHere:
    """A wall node in this process, on a real socket: its wall's pixels, and what it told."""

    node: WallNode
    clock: SkewedClock
    walls: list[CpuWall]
    said: list[str]

    async def tiles(self) -> list[tuple[str, str, int | None]]:
        """(camera, state, camera that the pixels tell) of each tile, read here."""
        if not self.walls:
            return []
        read = await self.walls[-1].read()
        return [(tile.camera, tile.state.value, tile.seen_camera_number) for tile in read.tiles]

    async def shows(self, *numbers: int, state: str = "live") -> bool:
        """A mark is read through the hatch of a mask, and of what is forbidden never."""
        seen = [None if state == "forbidden" else number for number in numbers]
        return await self.tiles() == [
            (f"cam-{number:04}", state, see) for number, see in zip(numbers, seen, strict=True)
        ]


@contextlib.asynccontextmanager
async def node_here(
    url: str, token_file: Path, *, authority_pem: str | None = None, ahead_ns: int = 0
) -> AsyncIterator[NodeHere]:
    """Run a node in this loop."""
    walls: list[CpuWall] = []
    said: list[str] = []
    clock = SkewedClock(ahead_ns)

    def wall(pictures: SharedPicturesSpec, hello: Hello) -> CpuWall:
        walls.append(CpuWall(pictures, hello.width_px, hello.height_px, clock))
        return walls[-1]

    address = CentreAddress(url, NODE, token_file, authority_pem)
    node = WallNode(address, wall, lambda words: said.append(words.en), clock=clock, chance=SystemChance("t"))
    running = asyncio.create_task(node.run())
    try:
        yield NodeHere(node, clock, walls, said)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Wire:
    """A way between two machines, which can fall silent or be cut."""

    def __init__(self, url: str) -> None:
        self._to = int(url.rstrip("/").rpartition(":")[2])
        self._writers: list[asyncio.StreamWriter] = []
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._flows.set()
        self.cut()
        await asyncio.sleep(0)

    def silent(self, is_silent: bool) -> None:
        """Nothing goes through, and nobody is told."""
        if is_silent:
            self._flows.clear()
        else:
            self._flows.set()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, far_writer]
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
