"""The server: all endpoints of one site, RTSP on one port of the loopback and stills on another, in one process."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import zlib
from collections.abc import Callable, Sequence

import cv2

from csu.hal.camera import OnboardMask
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from sim.endpoints.connection import Connection
from sim.endpoints.digest import Login
from sim.endpoints.encoder import EncodedPicture
from sim.endpoints.feed import Endpoint, Feed
from sim.endpoints.live import Studio
from sim.endpoints.live_camera import LiveCamera, encode_loop
from sim.endpoints.masks import Refused
from sim.endpoints.orders import PoseTeller
from sim.endpoints.rtsp import HEAD_BYTES_MAX
from sim.endpoints.spec import (
    PROFILE,
    EndpointCounts,
    EndpointSpec,
    Fault,
    MaskFault,
    Speaker,
    StreamSpec,
    ViewFault,
    streams_of,
)
from sim.endpoints.stills import StillServer
from sim.street.mount import Motion

HOST = "127.0.0.1"
CANNED_LOOP_S = 4
CANNED_LOOPS_MAX = 4
"""Loops for each size, rate and codec; canned cameras share them by turns."""

DOWN_S = 1.0
"""How long a camera takes to start again."""

DRAWING_THREADS_MAX = 2
_BACKLOG = 2048


class RtspServer:
    """`start`, then clients may come to `port`; `stop` ends everything."""

    def __init__(self, specs: Sequence[EndpointSpec], clock: Clock) -> None:
        self._clock = clock
        self._endpoints: dict[str, Endpoint] = {}
        self._live: dict[str, LiveCamera] = {}
        self._coming_back: dict[str, asyncio.TimerHandle] = {}
        self._rebooted_for: dict[str, Nanoseconds] = {}
        self._loops: list[tuple[Feed, tuple[EncodedPicture, ...], int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: set[asyncio.Task[None]] = set()
        live = [spec for spec in specs if not spec.canned]
        self._studio = Studio(clock, self._on_picture, min(DRAWING_THREADS_MAX, os.cpu_count() or 1, len(live)))
        self._server: asyncio.Server | None = None
        self._main_loop: asyncio.AbstractEventLoop | None = None
        self._stills = StillServer(self._live, self._endpoints, clock)
        self.port = 0
        self.stills_port = 0
        cv2.setNumThreads(1)
        self._add_live(live)
        self._add_canned([spec for spec in specs if spec.canned])

    async def start(self) -> None:
        """Listen on an ephemeral port of the loopback. Raises OSError."""
        _allow_many_files()
        self._server = await asyncio.start_server(self._serve_client, HOST, 0, limit=HEAD_BYTES_MAX, backlog=_BACKLOG)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.stills_port = await self._stills.start()
        self._main_loop = asyncio.get_running_loop()
        self._studio.start()
        self._tasks = [asyncio.create_task(self._pump(*loop)) for loop in self._loops]

    async def stop(self) -> None:
        """Close every connection and end the threads."""
        if self._server is not None:
            self._server.close()
        await self._stills.stop()
        for task in [*self._tasks, *self._connections]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._connections, return_exceptions=True)
        await asyncio.to_thread(self._studio.stop)

    def misbehave(self, camera: str, fault: Fault | None) -> None:
        """From now on (None: behave). Raises KeyError for an unknown camera."""
        for endpoint in self._streams(camera):
            endpoint.fault = fault
        if camera in self._live:
            self._live[camera].fault = fault

    def obey(self, camera: str, motion: Motion, *, seeking: bool) -> None:
        """Turn a camera. Raises KeyError for an unknown or canned camera."""
        self._live[camera].obey(motion, seeking=seeking)

    def set_masks(self, camera: str, masks: Sequence[OnboardMask]) -> None:
        """Burn these in. Raises KeyError as above; Refused when the camera cannot, or is away."""
        self._awake(camera).push_masks(masks, self._clock.now_ns())
        self._plan_reboot(camera)

    def read_masks(self, camera: str) -> tuple[OnboardMask, ...]:
        """What it says it burns. Raises as above."""
        return self._awake(camera).report_masks(self._clock.now_ns())

    def betray_masks(self, camera: str, fault: MaskFault | None, after_s: float) -> None:
        """From `after_s` on. Raises KeyError as above."""
        self._live[camera].betray_masks(fault, after_s, self._clock.now_ns())
        self._plan_reboot(camera)

    def spoil_view(self, camera: str, fault: ViewFault | None, after_s: float) -> None:
        """From `after_s` on. Raises KeyError as above; ValueError for a fault its picture cannot show."""
        self._live[camera].spoil_view(fault, after_s, self._clock.now_ns())

    def switch_audio(self, camera: str, on: bool) -> None:
        """Offer sound or no longer: whoever watches is cut off and asks again. Raises KeyError."""
        for endpoint in self._streams(camera):
            endpoint.audio = on
            endpoint.feed.cut_off()

    def reboot(self, camera: str, down_s: float) -> None:
        """Cut everybody off and be away for `down_s`. Raises KeyError as above."""
        self._live[camera].rebooted()
        for endpoint in self._streams(camera):
            endpoint.is_down = True
            endpoint.feed.cut_off()
        if camera in self._coming_back:
            self._coming_back[camera].cancel()  # away already: the last order says until when
        self._coming_back[camera] = asyncio.get_running_loop().call_later(down_s, self._come_back, camera)

    def set_logins(self, camera: str, logins: tuple[Login, ...]) -> None:
        """Let these watch from now on; who watches goes on. Raises KeyError for an unknown camera."""
        for endpoint in self._streams(camera):
            endpoint.logins = logins

    def offer_audio(self, camera: str, profile: str, *, offered: bool) -> None:
        """Offer a microphone to those who come from now on. Raises KeyError for an unknown stream."""
        self._endpoints[f"{camera}/{profile}"].audio = offered

    def tell_positions(self, camera: str, profile: str, teller: PoseTeller | None) -> None:
        """Have a track of positions, or none. Raises KeyError for an unknown stream or a canned camera."""
        live = self._live[camera]
        endpoint = self._endpoints[f"{camera}/{profile}"]
        endpoint.position = None if teller is None else lambda at_ns: teller.tell(live.reading_at(at_ns))

    def fit_speaker(self, camera: str, speaker: Speaker) -> None:
        """From now on. Raises KeyError for an unknown camera."""
        for endpoint in self._streams(camera):
            endpoint.speaker = speaker

    def tell_heard(self, camera: str) -> bytes:
        """What its loudspeaker was sent since the last call. Raises KeyError."""
        heard = b"".join(bytes(endpoint.heard) for endpoint in self._streams(camera))
        for endpoint in self._streams(camera):
            endpoint.heard.clear()
        return heard

    def counts(self) -> dict[str, EndpointCounts]:
        """The account of every camera."""
        cameras = dict.fromkeys(endpoint.spec.camera for endpoint in self._endpoints.values())
        return {camera: self._counts_of(camera) for camera in cameras}

    def trouble(self) -> BaseException | None:
        """Why a drawing thread ended, if one did."""
        return self._studio.trouble

    def _add_live(self, specs: Sequence[EndpointSpec]) -> None:
        for spec in specs:
            camera = LiveCamera(spec, self._clock.now_ns())
            self._live[spec.camera] = camera
            for stream in streams_of(spec):
                watcher = _watcher(self._studio, camera, stream.profile)
                feed = Feed(spec, stream, self._clock, _ssrc(spec, stream), watcher)
                feed.pictures_late = _late_of(camera)
                self._add(spec, stream, feed)

    def _add_canned(self, specs: Sequence[EndpointSpec]) -> None:
        shared: dict[tuple[object, ...], list[Feed]] = {}
        turn: dict[tuple[object, ...], itertools.count[int]] = {}
        for spec in specs:
            stream = streams_of(spec)[0]
            kind = (spec.codec, spec.width_px, spec.height_px, spec.frames_per_s, type(spec.picture))
            feeds = shared.setdefault(kind, [])
            if len(feeds) < CANNED_LOOPS_MAX:
                feed = Feed(spec, stream, self._clock, _ssrc(spec, stream), lambda _watched: None)
                feeds.append(feed)
                self._loops.append((feed, encode_loop(spec, CANNED_LOOP_S), spec.frames_per_s))
            index = next(turn.setdefault(kind, itertools.count()))
            self._add(spec, stream, feeds[index % len(feeds)])

    def _add(self, spec: EndpointSpec, stream: StreamSpec, feed: Feed) -> None:
        path = f"{spec.camera}/{stream.profile}"
        if path in self._endpoints:
            raise ValueError(f"two endpoints are called {spec.camera!r}")
        self._endpoints[path] = Endpoint(spec, stream, feed)

    def _streams(self, camera: str) -> list[Endpoint]:
        """Its endpoints, the main stream first. Raises KeyError."""
        main = self._endpoints[f"{camera}/{PROFILE}"]
        return [self._endpoints[f"{camera}/{stream.profile}"] for stream in streams_of(main.spec)]

    def _awake(self, camera: str) -> LiveCamera:
        live = self._live[camera]
        if self._streams(camera)[0].is_down:
            raise Refused(f"camera {camera} is starting again")
        return live

    def _plan_reboot(self, camera: str) -> None:
        """Have a camera start again when its mask fault says so: once."""
        at_ns = self._live[camera].reboots_at_ns()
        if at_ns is not None and self._rebooted_for.get(camera) != at_ns:
            self._rebooted_for[camera] = at_ns
            delay_s = max(0.0, (at_ns - self._clock.now_ns()) / NS_PER_S)
            asyncio.get_running_loop().call_later(delay_s, self._reboot_if_still_due, camera, at_ns)

    def _reboot_if_still_due(self, camera: str, at_ns: Nanoseconds) -> None:
        if self._live[camera].reboots_at_ns() == at_ns:  # else the fault was healed, or ordered anew
            self.reboot(camera, DOWN_S)

    def _come_back(self, camera: str) -> None:
        del self._coming_back[camera]
        for endpoint in self._streams(camera):
            endpoint.is_down = False

    def _counts_of(self, camera: str) -> EndpointCounts:
        streams = self._streams(camera)
        return EndpointCounts(
            clients=sum(stream.clients for stream in streams),
            plays=sum(stream.plays for stream in streams),
            logins_refused=sum(stream.logins_refused for stream in streams),
            audio_setups=sum(stream.audio_setups for stream in streams),
            pictures=streams[0].feed.pictures,
            sub_pictures=sum(stream.feed.pictures for stream in streams[1:]),
            snapshots=self._stills.served.get(camera, 0),
            pictures_late=streams[0].feed.pictures_late(),
            slow_clients_dropped=sum(stream.slow_clients_dropped for stream in streams),
            speaker_setups=sum(stream.speaker_setups for stream in streams),
            speaker_ends=sum(stream.speaker_ends for stream in streams),
        )

    def _on_picture(self, camera: LiveCamera, profile: str, picture: EncodedPicture) -> None:
        """Called in a studio's thread."""
        feed = self._endpoints[f"{camera.spec.camera}/{profile}"].feed
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


def _watcher(studio: Studio, camera: LiveCamera, profile: str) -> Callable[[bool], None]:
    def on_watch(watched: bool) -> None:
        if watched:
            studio.watch(camera, profile)
        else:
            studio.unwatch(camera, profile)

    return on_watch


def _late_of(camera: LiveCamera) -> Callable[[], int]:
    return lambda: camera.pictures_late


def _ssrc(spec: EndpointSpec, stream: StreamSpec) -> int:
    """The same stream has the same source identifier in every run; two streams differ."""
    return zlib.crc32(f"{spec.camera}/{spec.number}/{stream.profile}".encode()) or 1


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
