"""One camera's recorder as the ingest room sees it, and its closed segments as the manifest needs them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np

from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.errors import CsuError
from csu.hal.frames import EncodedFormat, MaskedPacket
from csu.hal.media import SegmentTable
from csu.recording import CameraRecorder, ClosedSegment


class SegmentSink:
    """A `csu.ingest.RecordingSink`. Packets come from the camera's thread, `take` from the node's."""

    def __init__(self, record: CameraRecord, disk: Disk) -> None:
        self._recorder = CameraRecorder(record, disk)
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
            raise

    def end(self) -> None:
        self._keep(self._recorder.close())

    def take(self) -> list[ClosedSegment]:
        """Segments closed since the last call."""
        with self._lock:
            taken, self._closed = self._closed, []
            return taken

    def _keep(self, closed: Iterable[ClosedSegment]) -> None:
        for segment in closed:
            with self._lock:
                self._closed.append(segment)
            self._safe_until_ns = segment.start_ns + segment.duration_ms * NS_PER_MS


def segment_table(cameras: Sequence[CameraId], segments: Sequence[ClosedSegment]) -> SegmentTable:
    """`segments` as columns; each must be of one of `cameras`."""
    if not segments:
        return SegmentTable.empty()
    index = {camera: position for position, camera in enumerate(cameras)}
    digests = b"".join(segment.sha256 for segment in segments)
    return SegmentTable(
        camera=np.array([index[segment.camera] for segment in segments], np.int32),
        start_ns=np.array([segment.start_ns for segment in segments], np.int64),
        duration_ms=np.array([segment.duration_ms for segment in segments], np.int32),
        size_bytes=np.array([segment.size_bytes for segment in segments], np.int64),
        mask_epoch=np.array([segment.mask_epoch for segment in segments], np.int32),
        clock_offset_ms=np.array([_within_int32(segment.clock_offset_ms) for segment in segments], np.int32),
        sha256=np.frombuffer(digests, np.uint8).reshape(-1, 32).copy(),
    )


def _within_int32(value: int) -> int:
    """A camera set to 1970 is further out than 32 bits of milliseconds hold (25 days): "at least so much", then."""
    return max(-(2**31), min(2**31 - 1, value))
