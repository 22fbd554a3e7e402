"""The console in a real browser: real H.264, a real server on loopback, real keys."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
import pytest
from playwright.sync_api import Page

from csu.console import ConsoleSettings, RoomCounters, RoomHealth, create_app, serve_console
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import YuvPlanes
from csu.hal.media import LiveFragment
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock

WIDTH, HEIGHT, FRAMES_PER_S, GOP = 320, 180, 10, 20
TILES = 6


class Pictures:
    """One camera's live stream: frames with marks, libx264 baseline, one fMP4 fragment a frame."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._frame = 0
        self._captured_at_ns = 0
        self._file = io.BytesIO()
        self._mp4 = av.open(
            self._file,
            "w",
            format="mp4",
            options={"movflags": "frag_every_frame+empty_moov+default_base_moof", "flush_packets": "1"},
        )
        self._stream = self._mp4.add_stream("libx264", rate=FRAMES_PER_S)
        self._stream.width, self._stream.height, self._stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._stream.time_base = Fraction(1, 90_000)
        self._stream.gop_size = GOP
        self._stream.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "x264-params": "keyint=20",
        }
        self._mp4.start_encoding()
        sps = bytes(self._stream.codec_context.extradata)[5:8]
        self._codec = f"avc1.{sps.hex().upper()}"
        self.init = LiveFragment(self._take(), True, False, 0, self._codec)

    def next(self) -> LiveFragment | None:
        """Encode one more frame; returns the fragment of the frame before (the muxer keeps the newest back)."""
        before_ns, self._captured_at_ns = self._captured_at_ns, time.time_ns()
        frame = av.VideoFrame.from_ndarray(self._draw(), format="yuv420p")
        frame.pts, frame.time_base = self._frame * 90_000 // FRAMES_PER_S, Fraction(1, 90_000)
        self._mp4.mux(self._stream.encode(frame))
        is_key = (self._frame - 1) % GOP == 0
        self._frame += 1
        data = self._take()
        return LiveFragment(data, False, is_key, before_ns, self._codec) if data else None

    def _draw(self) -> np.ndarray:
        y = np.full((HEIGHT, WIDTH), 60 + 9 * self._number, np.uint8)
        left = (self._frame * 6) % (WIDTH - 50)
        y[60:110, left : left + 50] = 220
        u = np.full((HEIGHT // 2, WIDTH // 2), 110 + 8 * self._number, np.uint8)
        v = np.full((HEIGHT // 2, WIDTH // 2), 140 - 6 * self._number, np.uint8)
        draw_mark(YuvPlanes(y, u, v), self._number, self._frame)
        return np.concatenate([y.ravel(), u.ravel(), v.ravel()]).reshape(HEIGHT * 3 // 2, WIDTH)

    def _take(self) -> bytes:
        data = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return data


class Relay:
    """A small LiveRelay: the last group of pictures for who joins, a bounded queue a viewer."""

    def __init__(self, cameras: dict[CameraId, Pictures]) -> None:
        self._pictures = cameras
        self._group: dict[CameraId, list[LiveFragment]] = {camera: [] for camera in cameras}
        self._viewers: dict[CameraId, set[asyncio.Queue[LiveFragment]]] = {camera: set() for camera in cameras}
        self.held: set[CameraId] = set()

    async def run(self) -> None:
        started, turn = asyncio.get_running_loop().time(), 0
        while True:
            for camera, pictures in self._pictures.items():
                fragment = None if camera in self.held else pictures.next()
                if fragment is not None:
                    self._publish(camera, fragment)
            turn += 1
            await asyncio.sleep(max(0.0, started + turn / FRAMES_PER_S - asyncio.get_running_loop().time()))

    def _publish(self, camera: CameraId, fragment: LiveFragment) -> None:
        group = self._group[camera]
        if fragment.is_key:
            group.clear()
        group.append(fragment)
        for queue in self._viewers[camera]:
            if not queue.full():
                queue.put_nowait(fragment)

    @contextlib.asynccontextmanager
    async def watch(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        queue: asyncio.Queue[LiveFragment] = asyncio.Queue(maxsize=100)
        for fragment in [self._pictures[camera].init, *self._group[camera]]:
            queue.put_nowait(fragment)
        self._viewers[camera].add(queue)

        async def fragments() -> AsyncIterator[LiveFragment]:
            while True:
                yield await queue.get()

        try:
            yield fragments()
        finally:
            self._viewers[camera].discard(queue)


PLACES = ["Place d’Armes", "Gare", "Rue Serpenoise", "Pont des Morts", "Esplanade", "Saint-Louis", "Marché", "Mairie"]
COMMUNES = ["Metz", "Metz", "Montigny-lès-Metz", "Metz", "Woippy", "Metz", "Marly", "Ars-sur-Moselle"]


class Room:
    """A room whose pictures are real; its states are set by the test."""

    def __init__(self) -> None:
        now_ns = time.time_ns()
        self._started_at_ns = now_ns
        self._status = {}
        for index, (place, commune) in enumerate(zip(PLACES, COMMUNES, strict=True)):
            record = CameraRecord(CameraId(f"cam-{index + 1:03}"), index + 1, place, CommuneId(commune), ViewType.WIDE)
            state = CameraState.LIVE if index < TILES else CameraState.LOST
            self._status[record.camera] = CameraStatus(record, state, now_ns, now_ns, audio_offered=index == 2)
        self.set(CameraId("cam-007"), CameraState.LOST, "no packet for 10 s")
        self.set(CameraId("cam-008"), CameraState.REFUSED, "401: wrong password")
        self.relay = Relay({camera: Pictures(index + 1) for index, camera in enumerate(list(self._status)[:TILES])})

    def set(self, camera: CameraId, state: CameraState, detail: str) -> None:
        self._status[camera] = replace(self._status[camera], state=state, detail=detail, since_ns=time.time_ns())

    def cameras(self) -> list[CameraStatus]:
        return list(self._status.values())

    def health(self) -> RoomHealth:
        return RoomHealth(True, "test", self._started_at_ns, 1, 1, self._started_at_ns)

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        picture = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 90, np.uint8), format="rgb24")
        encoder = av.CodecContext.create("png", "w")
        encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 320, 180, "rgb24", Fraction(1, 1)
        return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    room: Room
    on_loop: Callable[..., None]


@pytest.fixture(scope="module")
def console() -> Iterator[Running]:
    """A console with six live cameras, one lost and one refused, in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready: list[Running] = []
    started, ended = threading.Event(), asyncio.Event()

    async def serve() -> None:
        room = Room()
        app = create_app(room, clock=SystemClock(), settings=ConsoleSettings(state_period_s=0.1))
        async with serve_console(app) as url:
            streaming = asyncio.create_task(room.relay.run())
            ready.append(Running(url, room, loop.call_soon_threadsafe))
            started.set()
            await ended.wait()
            streaming.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    yield ready[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join(10)
    assert not thread.is_alive(), "the console did not stop"


def tile(page: Page, number: int) -> object:
    return page.locator(f".tile[data-number='{number}']")


def test_every_live_tile_advances_and_shows_its_own_camera(console, advancing_tiles) -> None:
    progress = advancing_tiles(console.url, tiles_min=TILES)
    advancing = [tile for tile in progress if tile.advances]
    assert len(advancing) == TILES
    assert all(tile.after.state == "live" for tile in advancing)
    assert all(0 <= tile.after.age_ms < 1500 for tile in advancing)
