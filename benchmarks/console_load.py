"""Forty operators before sixteen live tiles each, all from one console: what the server spends, how old tiles are.

Server and viewers are processes of their own, joined by real WebSockets over the loopback; the viewers only count. The
server is the console that ships: gate, rights, journal, relay queues, uvicorn. What feeds its relay here is a clock,
not cameras: fragments of the size that 640x360 at 12 pictures a second has.

    .venv/bin/python -m benchmarks.console_load --operators 40 --tiles 16 --seconds 15
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import struct
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from csu.cluster.live_relay import LiveDesk
from csu.console import RoomCounters, RoomHealth, create_app, serve_console
from csu.console.app import ConsoleSettings
from csu.console.live import HEADER
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.clock import Nanoseconds
from csu.hal.media import LiveFragment
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock

FPS, FRAGMENT_BYTES, KEY_BYTES = 12, 4_800, 14_000
"""0.5 Mbit/s with a key frame each second."""
CAMERAS = 64
WARM_UP_S = 4.0
LIMIT_S = 240.0


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """Of one run. Ages: from the capture instant that a fragment carries to its last byte at a viewer."""

    viewers: int
    seconds: float
    server_cpu_ms_per_viewer_s: float
    feeding_cpu_ms_per_viewer_s: float
    """Of that: what the clock that stands for cameras costs, measured with nobody watching."""
    viewers_cpu_ms_per_viewer_s: float
    fragments: int
    fragments_fed: int
    """To all viewers together, by the clock."""
    fed_share: float
    """Of what the clock would have fed, had the machine let it run on time."""
    age_p50_ms: float
    age_p95_ms: float
    age_p99_ms: float


class ClockFedRoom:
    """Cameras that a clock feeds."""

    def __init__(self) -> None:
        self.relay = LiveDesk(lambda camera, on: None)
        self.fed = 0
        self._lines = [
            CameraStatus(
                CameraRecord(CameraId(f"cam-{number:04}"), number, f"Rue {number}", CommuneId("metz"), ViewType.WIDE),
                CameraState.LIVE,
                0,
                0,
                lifecycle=CameraLifecycle.ACTIVE,
                mask_version=1,
            )
            for number in range(CAMERAS)
        ]

    def cameras(self) -> Sequence[CameraStatus]:
        return self._lines

    def health(self) -> RoomHealth:
        return RoomHealth(True, "bench", 0, 1, 1)

    def marks(self) -> Mapping[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return None

    def watch_wall(self) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]] | None:
        return None

    async def feed(self) -> None:
        """Every camera in turn, spread over the period as real ones are."""
        key, other = os.urandom(KEY_BYTES), os.urandom(FRAGMENT_BYTES)
        init = os.urandom(800)
        begun_s = time.monotonic()
        for line in self._lines:
            self.relay.hear(line.record.camera, LiveFragment(init, True, False, time.time_ns(), "avc1.42C01E"))
        while True:
            number, picture = self.fed % CAMERAS, self.fed // CAMERAS
            camera = self._lines[number].record.camera
            is_key = (picture + number) % FPS == 0
            if is_key:  # so that who came since has one: a node sends it to each new watcher
                self.relay.hear(camera, LiveFragment(init, True, False, time.time_ns(), "avc1.42C01E"))
            data = key if is_key else other
            self.relay.hear(camera, LiveFragment(data, False, is_key, time.time_ns(), "avc1.42C01E"))
            self.fed += 1
            await asyncio.sleep(max(0.0, begun_s + self.fed / (FPS * CAMERAS) - time.monotonic()))


def _serve(pipe: Connection) -> None:
    async def serve() -> None:
        room = ClockFedRoom()
        app = create_app(room, clock=SystemClock(), settings=ConsoleSettings(viewers_max=2_000))
        async with serve_console(app) as url:
            feeding = asyncio.create_task(room.feed())
            pipe.send(url)
            while True:
                asked = await asyncio.to_thread(pipe.recv)
                if asked == "end":
                    break
                pipe.send((time.process_time(), room.fed))
            feeding.cancel()

    asyncio.run(serve())


class _Viewer(asyncio.Protocol):
    """One tile: opens the WebSocket by hand and reads frames, no more work than that."""

    def __init__(self, host: str, camera: str, ages_ns: list[Nanoseconds]) -> None:
        self._host, self._camera, self._ages_ns = host, camera, ages_ns
        self._buffer = bytearray()
        self._is_open = False
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws/live/{self._camera} HTTP/1.1\r\nHost: {self._host}\r\nOrigin: http://{self._host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), bytes(head[:200])
            self._is_open, self._buffer = True, bytearray(rest)
        while (frame := self._frame()) is not None:
            opcode, begin, end = frame
            if opcode == 2:
                flags, captured_at_ns = HEADER.unpack_from(self._buffer, begin)
                if not flags & 1:
                    self._ages_ns.append(time.time_ns() - captured_at_ns)
            del self._buffer[:end]

    def _frame(self) -> tuple[int, int, int] | None:
        """(opcode, where the payload begins, where it ends), of a frame that is whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, begin = buffer[1] & 127, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            (length,), begin = struct.unpack_from(">H", buffer, 2), 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            (length,), begin = struct.unpack_from(">Q", buffer, 2), 10
        return (buffer[0] & 15, begin, begin + length) if len(buffer) >= begin + length else None

    def connection_lost(self, error: Exception | None) -> None:
        self.is_lost = True


def _itself(viewer: _Viewer) -> _Viewer:
    return viewer


def _watch(pipe: Connection, url: str, operators: int, tiles: int, seconds: float) -> None:
    async def watch() -> None:
        ages_ns: list[Nanoseconds] = []
        host = urlsplit(url).netloc
        loop, viewers = asyncio.get_running_loop(), []
        for number in range(operators * tiles):
            camera = f"cam-{(number // tiles * 7 + number % tiles) % CAMERAS:04}"
            name, port = host.split(":")
            viewer = _Viewer(host, camera, ages_ns)
            await loop.create_connection(partial(_itself, viewer), name, int(port))
            viewers.append(viewer)
        await asyncio.sleep(WARM_UP_S)
        ages_ns.clear()
        pipe.send("ready")
        begun_s = time.process_time()
        await asyncio.sleep(seconds)
        counted, spent_s = sorted(ages_ns), time.process_time() - begun_s
        assert not any(viewer.is_lost for viewer in viewers)
        pipe.send((spent_s, len(counted), [counted[int(len(counted) * share)] / 1e6 for share in (0.5, 0.95, 0.99)]))
        await asyncio.to_thread(pipe.recv)

    asyncio.run(watch())


def measure_load(operators: int, tiles: int, seconds: float) -> LoadFigures:
    """One run. Raises AssertionError when a viewer was cut or nobody was told anything."""
    context, viewers = multiprocessing.get_context("spawn"), operators * tiles
    (server_end, server_pipe), (viewer_end, viewer_pipe) = context.Pipe(), context.Pipe()
    server = context.Process(target=_serve, args=(server_pipe,), daemon=True)
    server.start()
    watching = None
    try:
        assert server_end.poll(LIMIT_S)
        url = server_end.recv()
        feeding_s = _spent(server_end, 3.0)[0] / 3.0
        watching = context.Process(target=_watch, args=(viewer_pipe, url, operators, tiles, seconds), daemon=True)
        watching.start()
        assert viewer_end.poll(LIMIT_S)
        assert viewer_end.recv() == "ready"
        spent_s, fed = _spent(server_end, seconds)
        assert viewer_end.poll(LIMIT_S)
        own_s, fragments, (p50, p95, p99) = viewer_end.recv()
        viewer_end.send("end")
        server_end.send("end")
    finally:
        for process in (server, watching):
            if process is not None:
                process.join(5.0)
                process.kill()
    each = 1e3 / (viewers * seconds)
    return LoadFigures(
        viewers,
        seconds,
        spent_s * each,
        feeding_s * 1e3 / viewers,
        own_s * each,
        fragments,
        fed * viewers // CAMERAS,
        fed / (seconds * FPS * CAMERAS),
        p50,
        p95,
        p99,
    )


def _spent(server: Connection, seconds: float) -> tuple[float, int]:
    """CPU seconds of the server in so many seconds, and how many fragments its cameras sent."""
    server.send("now")
    before_s, before = server.recv()
    time.sleep(seconds)
    server.send("now")
    after_s, after = server.recv()
    return after_s - before_s, after - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operators", type=int, default=40)
    parser.add_argument("--tiles", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    print(json.dumps(asdict(measure_load(given.operators, given.tiles, given.seconds)), indent=1))


if __name__ == "__main__":
    main()
