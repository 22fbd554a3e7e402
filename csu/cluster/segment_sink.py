"""One camera's recorder as the ingest room sees it, and its closed segments as the manifest needs them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.errors import CsuError
from csu.hal.frames import EncodedFormat, MaskedPacket
from csu.hal.keys import KeyStore
from csu.hal.media import SegmentTable
from csu.hal.words import Words
from csu.recording import CameraRecorder, ClosedSegment
from csu.recording.chain import CameraChain, HeadStore
from csu.recording.floors import RateWatch
from csu.recording.sealed_disk import SealedDisk, segments_of_commune

_MUXING = threading.Lock()
"""The turn of this process's recorders (`csu.recording.segment.Turn`). A disk may hang, so what is muxed goes there
when the turn is over: only a fragment larger than `HELD_BYTES_MAX` is written in it."""


class SegmentSink:
    """A `csu.ingest.RecordingSink`. Packets come from the camera's thread, `take` from the node's."""

    def __init__(
        self,
        record: CameraRecord,
        disk: Disk,
        keys: KeyStore | None = None,
        heads: HeadStore | None = None,
        tell_low_rate: Callable[[Words], None] | None = None,
    ) -> None:
        """`keys`: None: what lies on `disk` is not sealed. `heads`: None: its segments are in no chain.

        `tell_low_rate`: told, from the camera's thread, when it has fallen below the rate of its view (TEC-2).
        """
        self._rate, self._tell_low_rate = RateWatch(record.view), tell_low_rate
        self._chain = CameraChain(record.camera, heads) if heads is not None else None
        if keys is not None:
            disk = SealedDisk(disk, keys, segments_of_commune(record.commune))
        self._recorder = CameraRecorder(record, disk, _MUXING)
        self._lock = threading.Lock()
        self._closed: list[ClosedSegment] = []
        self._safe_until_ns: Nanoseconds | None = None

    @property
    def safe_until_ns(self) -> Nanoseconds | None:
        return self._safe_until_ns

    def begin(self, encoded: EncodedFormat) -> None:
        self._keep(self._recorder.start(encoded))

    def write(self, packet: MaskedPacket, clock_offset_ms: int) -> None:
        try:
            self._keep(self._recorder.write(packet, clock_offset_ms))
        except CsuError:
            self._keep(self._recorder.close())  # what was closed before the error is safe, and comes out here
            self._rate.interrupted()
            raise
        low = self._rate.picture(packet.captured.at_ns)
        if low is not None and self._tell_low_rate is not None:
            self._tell_low_rate(low)

    def end(self) -> None:
        self._rate.interrupted()
        self._keep(self._recorder.close())

    def recovered(self, segment: ClosedSegment) -> None:
        """A segment of this camera that an earlier life had left unfinished. From any thread."""
        with self._lock:
            self._closed.append(self._linked(segment))

    def take(self) -> list[ClosedSegment]:
        """Segments closed since the last call."""
        with self._lock:
            taken, self._closed = self._closed, []
            return taken

    def _keep(self, closed: Iterable[ClosedSegment]) -> None:
        for segment in closed:
            with self._lock:
                self._closed.append(self._linked(segment))
            self._safe_until_ns = segment.start_ns + segment.duration_ms * NS_PER_MS

    def _linked(self, segment: ClosedSegment) -> ClosedSegment:
        """The segment as a link of its camera's chain. Under the lock: what was recovered comes from another thread."""
        if self._chain is None:
            return segment
        return replace(segment, link=self._chain.add(segment.name, segment.sha256, segment.content_sha256))


def segment_table(cameras: Sequence[CameraId], segments: Sequence[ClosedSegment]) -> SegmentTable:
    """`segments` as columns; each must be of one of `cameras`."""
    if not segments:
        return SegmentTable.empty()
    index = {camera: position for position, camera in enumerate(cameras)}
    return SegmentTable(
        camera=np.array([index[segment.camera] for segment in segments], np.int32),
        start_ns=np.array([segment.start_ns for segment in segments], np.int64),
        duration_ms=np.array([segment.duration_ms for segment in segments], np.int32),
        size_bytes=np.array([segment.size_bytes for segment in segments], np.int64),
        mask_epoch=np.array([segment.mask_epoch for segment in segments], np.int32),
        clock_offset_ms=np.array([_within_int32(segment.clock_offset_ms) for segment in segments], np.int32),
        sha256=_hashes(segment.sha256 for segment in segments),
        content_sha256=_hashes(segment.content_sha256 for segment in segments),
        link=_hashes(segment.link for segment in segments),
    )


def _hashes(hashes: Iterable[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32).copy()


def _within_int32(value: int) -> int:
    """A camera set to 1970 is further out than 32 bits of milliseconds hold (25 days): "at least so much", then."""
    return max(-(2**31), min(2**31 - 1, value))
