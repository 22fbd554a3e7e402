"""Masked fragments from the centre to the pictures that a wall of this host takes: decoded, one decoder a camera.

Only cameras of the scene that is shown come in; a fragment of another is refused and counted. What a slow machine
cannot decode is left out in whole groups, up to the next key frame (`FragmentQueue`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from csu.cluster.live_relay import FragmentQueue
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import YuvPlanes
from csu.hal.media import LiveFragment
from csu.hal.wall import MaskedSink
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder
from csu.masking.received import received_masked

FRAGMENTS_WAITING_MAX = 24
"""Pictures one camera may be behind before a group is left out: 2 s at 12 a second, when they would be stale anyway."""
THREADS_MAX = 4
_COUNTED = Fraction(1, NS_PER_S)
"""Time base in which the decoder's instants are the numbers of the packets."""


@dataclass(slots=True)
class NodeCounts:
    """What became of fragments since the node began."""

    shown: int = 0
    refused: int = 0
    dropped: int = 0
    undecodable: int = 0


class Fragments:
    """One camera's decoder: fMP4 fragments in, pictures out, none held back."""

    def __init__(self, camera: CameraId) -> None:
        self._camera = camera
        self._decoder: Decoder | None = None
        self._needs_key = True
        self._told: dict[int, LiveFragment] = {}
        self._number = 0

    def begin(self, init: LiveFragment) -> None:
        """A stream begins. Raises ValueError when its first fragment has no H.264 parameter sets."""
        self._decoder, self._needs_key, self._told = None, True, {}
        context = VideoCodecContext.create("h264", "r")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - h264 is a video codec; for mypy
        context.extradata = _avcc(init.data)
        context.flags |= Flags.low_delay
        self._decoder = Decoder(self._camera, context, Admission(self._camera), is_annex_b=False)

    def decode(self, fragment: LiveFragment) -> list[tuple[LiveFragment, YuvPlanes]]:
        """The pictures that are ready, each with the fragment it came in.

        Raises ValueError for what is no picture, CsuError for a stream that is not taken; it goes on at a key frame.
        """
        if self._decoder is None or (self._needs_key and not fragment.is_key):
            raise ValueError("a picture before its stream")
        if self._needs_key:
            self._decoder.forget()
        self._needs_key = True
        packet = cast("Packet[VideoStream]", Packet(_media(fragment.data)))
        self._number += 1
        packet.pts, packet.time_base, packet.is_keyframe = self._number, _COUNTED, fragment.is_key
        self._told[self._number] = fragment
        if len(self._told) > FRAGMENTS_WAITING_MAX:
            del self._told[next(iter(self._told))]
        found = [(self._told.pop(picture.pts_ns, None), picture.planes) for picture in self._decoder.decode(packet)]
        if not found:
            raise ValueError("a fragment that gives no picture")
        self._needs_key = False
        return [(told, planes) for told, planes in found if told is not None]


class NodePictures:
    """Decodes what `take` is given, in a few threads, and hands it to the wall's pictures. `close` it."""

    def __init__(
        self,
        sink: MaskedSink,
        captured_here_ns: Callable[[Nanoseconds], Nanoseconds],
        threads: int | None = None,
    ) -> None:
        """`captured_here_ns`: an instant of the centre by this machine's clock; raises CsuError when nobody can
        say it. `threads`: None: as the machine has, `THREADS_MAX` at most."""
        count = threads or min(THREADS_MAX, os.cpu_count() or 1)
        self.counts = NodeCounts()
        self._shows: frozenset[CameraId] = frozenset()
        self._workers = [_Worker(sink, captured_here_ns, self.counts, self._is_shown) for _ in range(count)]

    def show(self, cameras: Iterable[CameraId]) -> None:
        """From now on pictures of these come in and of no others."""
        self._shows = frozenset(cameras)
        for worker in self._workers:
            worker.keep(self._shows)

    def take(self, camera: CameraId, fragment: LiveFragment) -> None:
        """Take the next fragment of a camera; never blocks."""
        if not self._is_shown(camera):
            self.counts.refused += 1
            return
        self._workers[hash(camera) % len(self._workers)].offer(camera, fragment)

    def close(self) -> None:
        """Stop decoding. Idempotent."""
        for worker in self._workers:
            worker.stop()

    def _is_shown(self, camera: CameraId) -> bool:
        return camera in self._shows


class _Worker:
    """One thread, and the cameras it decodes in turn."""

    def __init__(
        self,
        sink: MaskedSink,
        captured_here_ns: Callable[[Nanoseconds], Nanoseconds],
        counts: NodeCounts,
        is_shown: Callable[[CameraId], bool],
    ) -> None:
        self._sink, self._here_ns, self._counts, self._is_shown = sink, captured_here_ns, counts, is_shown
        self._queues: dict[CameraId, FragmentQueue] = {}
        self._decoders: dict[CameraId, Fragments] = {}
        self._sequence = 0
        self._turn = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="wall node decoder", daemon=True)
        self._thread.start()

    def offer(self, camera: CameraId, fragment: LiveFragment) -> None:
        with self._turn:
            queue = self._queues.setdefault(camera, FragmentQueue(FRAGMENTS_WAITING_MAX))
            before = queue.dropped
            queue.offer(fragment)
            self._counts.dropped += queue.dropped - before
            self._turn.notify()

    def keep(self, cameras: frozenset[CameraId]) -> None:
        """What waits of other cameras is forgotten, and so are their decoders: they begin again with an init."""
        with self._turn:
            for gone in [camera for camera in self._queues if camera not in cameras]:
                del self._queues[gone]
                self._decoders.pop(gone, None)

    def stop(self) -> None:
        with self._turn:
            self._over = True
            self._turn.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._turn:
                found = self._next()
                while found is None and not self._over:
                    self._turn.wait()
                    found = self._next()
                if self._over:
                    return
                assert found is not None  # noqa: S101 - for mypy
                camera, fragment = found
                decoder = self._decoders.setdefault(camera, Fragments(camera))
            try:
                self._decode(camera, decoder, fragment)
            except (ValueError, CsuError):
                self._counts.undecodable += 1

    def _next(self) -> tuple[CameraId, LiveFragment] | None:
        """Of the camera whose turn it is: one that was served goes to the end."""
        for camera, queue in self._queues.items():
            fragment = queue.take()
            if fragment is not None:
                del self._queues[camera]
                self._queues[camera] = queue
                return camera, fragment
        return None

    def _decode(self, camera: CameraId, decoder: Fragments, fragment: LiveFragment) -> None:
        if fragment.is_init:
            decoder.begin(fragment)
            return
        for told, planes in decoder.decode(fragment):
            if not self._is_shown(camera):  # the scene changed meanwhile
                return
            self._sequence += 1
            here_ns = self._here_ns(told.captured_at_ns)
            masked = received_masked(
                camera, self._sequence, here_ns, planes, mask_epoch=told.mask_epoch, wholly_masked=told.wholly_masked
            )
            self._sink.accept(masked)
            self._counts.shown += 1


def _avcc(init: bytes) -> bytes:
    """The decoder's configuration in an init segment that our own muxer made."""
    at = init.find(b"avcC")
    size = int.from_bytes(init[at - 4 : at]) if at >= 4 else 0
    if size < 15 or at - 4 + size > len(init):
        raise ValueError("an init segment without avcC")
    return init[at + 4 : at - 4 + size]


def _media(fragment: bytes) -> bytes:
    """The one picture of a fragment: what is in its mdat."""
    at = 0
    while at + 8 <= len(fragment):
        size, kind = int.from_bytes(fragment[at : at + 4]), fragment[at + 4 : at + 8]
        if size < 8 or at + size > len(fragment):
            break
        if kind == b"mdat":
            return fragment[at + 8 : at + size]
        at += size
    raise ValueError("a fragment without mdat")
