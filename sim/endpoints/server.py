"""The RTSP server: all endpoints of one site on one port of the loopback, in one process."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import zlib
from collections.abc import Callable, Sequence

import cv2

from csu.hal.clock import NS_PER_S, Clock
from sim.endpoints.connection import Connection
from sim.endpoints.encoder import EncodedPicture
from sim.endpoints.feed import Endpoint, Feed
from sim.endpoints.live import LiveCamera, Studio, encode_loop
from sim.endpoints.rtsp import HEAD_BYTES_MAX
from sim.endpoints.spec import PROFILE, EndpointCounts, EndpointSpec, Fault
from sim.street.mount import Motion

HOST = "127.0.0.1"
CANNED_LOOP_S = 4
CANNED_LOOPS_MAX = 4
"""Loops for each size, rate and codec; canned cameras share them by turns."""

STUDIOS_MAX = 2
_BACKLOG = 2048


class RtspServer:
    """`start`, then clients may come to `port`; `stop` ends everything."""

    def __init__(self, specs: Sequence[EndpointSpec], clock: Clock) -> None:
        self._clock = clock
        self._endpoints: dict[str, Endpoint] = {}
        self._live: dict[str, LiveCamera] = {}
        self._feeds: dict[int, Feed] = {}
        self._loops: list[tuple[Feed, tuple[EncodedPicture, ...], int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._studios: list[Studio] = []
        self._server: asyncio.Server | None = None
        self._main_loop: asyncio.AbstractEventLoop | None = None
        self.port = 0
        cv2.setNumThreads(1)
        self._add_live([spec for spec in specs if not spec.canned])
        self._add_canned([spec for spec in specs if spec.canned])

    async def start(self) -> None:
        """Listen on an ephemeral port of the loopback. Raises OSError."""
        _allow_many_files()
        self._server = await asyncio.start_server(self._serve_client, HOST, 0, limit=HEAD_BYTES_MAX, backlog=_BACKLOG)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._main_loop = asyncio.get_running_loop()
        for studio in self._studios:
            studio.start()
        self._tasks = [asyncio.create_task(self._pump(*loop)) for loop in self._loops]

    async def stop(self) -> None:
        """Close every connection and end the threads."""
        if self._server is not None:
            self._server.close()
        for task in [*self._tasks, *self._connections]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._connections, return_exceptions=True)
        for studio in self._studios:
            await asyncio.to_thread(studio.stop)

    def misbehave(self, camera: str, fault: Fault | None) -> None:
        """From now on (None: behave). Raises KeyError for an unknown camera."""
        self._endpoints[f"{camera}/{PROFILE}"].fault = fault
        if camera in self._live:
            self._live[camera].fault = fault

    def obey(self, camera: str, motion: Motion) -> None:
        """Turn a camera. Raises KeyError for an unknown or canned camera."""
        self._live[camera].source.obey(motion)

    def counts(self) -> dict[str, EndpointCounts]:
        """The account of every endpoint."""
        return {endpoint.spec.camera: endpoint.counts() for endpoint in self._endpoints.values()}

    def trouble(self) -> BaseException | None:
        """Why a drawing thread ended, if one did."""
        return next((studio.trouble for studio in self._studios if studio.trouble is not None), None)

    def _add_live(self, specs: Sequence[EndpointSpec]) -> None:
        count = min(STUDIOS_MAX, os.cpu_count() or 1, len(specs))
        self._studios = [Studio(self._clock, self._on_picture) for _ in range(count)]
        for spec, studio in zip(specs, itertools.cycle(self._studios), strict=False):
            camera = LiveCamera(spec)
            feed = Feed(spec, self._clock, _ssrc(spec), _watcher(studio, camera))
            feed.pictures_late = _late_of(camera)
            self._feeds[id(camera)] = feed
            self._live[spec.camera] = camera
            self._add(spec, feed)

    def _add_canned(self, specs: Sequence[EndpointSpec]) -> None:
        shared: dict[tuple[object, ...], list[Feed]] = {}
        turn: dict[tuple[object, ...], itertools.count[int]] = {}
        for spec in specs:
            kind = (spec.codec, spec.width_px, spec.height_px, spec.frames_per_s, type(spec.picture))
            feeds = shared.setdefault(kind, [])
            if len(feeds) < CANNED_LOOPS_MAX:
                feed = Feed(spec, self._clock, _ssrc(spec), lambda _watched: None)
                feeds.append(feed)
                self._loops.append((feed, encode_loop(spec, CANNED_LOOP_S), spec.frames_per_s))
            index = next(turn.setdefault(kind, itertools.count()))
            self._add(spec, feeds[index % len(feeds)])

    def _add(self, spec: EndpointSpec, feed: Feed) -> None:
        path = f"{spec.camera}/{PROFILE}"
        if path in self._endpoints:
            raise ValueError(f"two endpoints are called {spec.camera!r}")
        self._endpoints[path] = Endpoint(spec, feed)

    def _on_picture(self, camera: LiveCamera, picture: EncodedPicture) -> None:
        """Called in a studio's thread."""
        feed = self._feeds[id(camera)]
        loop = self._main_loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(feed.publish, picture, picture.captured_at_ns)

    async def _pump(self, feed: Feed, pictures: tuple[EncodedPicture, ...], rate: int) -> None:
        """Send a canned loop, for ever, on the grid of its rate."""
        index = self._clock.now_ns() * rate // NS_PER_S
        while True:
            now_ns = self._clock.now_ns()
            index = max(index + 1, now_ns * rate // NS_PER_S)  # late: skip to now, never send a burst
            due_ns = index * NS_PER_S // rate
            await asyncio.sleep(min(max(0.0, (due_ns - now_ns) / NS_PER_S), 1.0))
            if feed.watched:
                feed.publish(pictures[index % len(pictures)], due_ns)

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await Connection(self._endpoints, self._clock, reader, writer).serve()
        except asyncio.CancelledError:
            # Only `stop` cancels, and it is over now; asyncio 3.11 prints a trace for a cancelled client task.
            return


def _watcher(studio: Studio, camera: LiveCamera) -> Callable[[bool], None]:
    def on_watch(watched: bool) -> None:
        if watched:
            studio.watch(camera)
        else:
            studio.unwatch(camera)

    return on_watch


def _late_of(camera: LiveCamera) -> Callable[[], int]:
    return lambda: camera.pictures_late


def _ssrc(spec: EndpointSpec) -> int:
    """The same camera has the same source identifier in every run; two cameras differ."""
    return zlib.crc32(f"{spec.camera}/{spec.number}".encode()) or 1


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
