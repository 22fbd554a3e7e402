"""Recording one camera: masked packets in, closed one-minute segments out."""

from __future__ import annotations

from csu.hal.camera import CameraRecord
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.disk import Disk
from csu.hal.errors import CsuError
from csu.hal.frames import EncodedFormat, MaskedPacket, require_masked_packet
from csu.hal.words import Words
from csu.recording.errors import RecordingError
from csu.recording.rollover import Rollover
from csu.recording.segment import NO_TURN, ClosedSegment, SegmentWriter, Turn

HOLE_NS = 2 * NS_PER_S
"""A longer silence ends the segment, so that it is a gap in the catalogue and not one long picture."""

TIME_ERROR_NS = 250 * NS_PER_MS
"""How far start + pts may be from the capture time within a segment (TEC-3): a corrected camera clock exceeds it."""


_NO_FORMAT = Words("aucun format n'a encore été donné", "no format was given yet")


class CameraRecorder:
    """One camera's recorder. Calls come from one thread.

    After a DiskError or RecordingError the open segment is gone and the recorder goes on at the next key frame.
    Segments that were closed before the error are not lost: they come with the next call that returns.
    """

    def __init__(self, record: CameraRecord, disk: Disk, turn: Turn = NO_TURN) -> None:
        """`disk`: where its segments go, sealed if it is a SealedDisk. `turn`: the lock that recorders share whose
        threads are many."""
        self._record = record
        self._disk = disk
        self._turn = turn
        self._rollover = Rollover(record.number)
        self._format: EncodedFormat | None = None
        self._segment: SegmentWriter | None = None
        self._last: MaskedPacket | None = None
        self._offset_ms = 0
        self._cut_due = False
        self._closed: list[ClosedSegment] = []
        self.dropped = 0
        """Packets that could not be recorded because no segment was open and they are no key frame."""

    @property
    def is_open(self) -> bool:
        """Whether a segment is being written."""
        return self._segment is not None

    def start(self, encoded: EncodedFormat) -> list[ClosedSegment]:
        """Packets of this format follow. Another format than before ends the open segment: one file, one format."""
        if encoded != self._format:
            self._close_segment()
            self._format = encoded
        return self._take_closed()

    def write(self, packet: MaskedPacket, clock_offset_ms: int = 0) -> list[ClosedSegment]:
        """Record one packet; returns the segments that ended. `clock_offset_ms`: the camera's clock minus ours, now.

        Raises ClearPictureRefused for anything but a masked packet, DiskError, RecordingError.
        """
        where = f"{self._record.camera}/recorder"
        packet = require_masked_packet(packet, where=where)
        if packet.camera != self._record.camera or self._format is None:
            what = Words(f"un paquet de {packet.camera} est venu", f"a packet of {packet.camera} came")
            raise RecordingError(
                _NO_FORMAT if self._format is None else what,
                where=where,
                what_to_do=Words(
                    "Appelez start() avec le format de l'encodeur de cette caméra",
                    "Call start() with the format of this camera's encoder",
                ),
            )
        if self._must_end_before(packet):
            self._close_segment()
        if self._segment is None and not packet.is_key:
            self.dropped += 1
        else:
            self._append(packet, self._format, clock_offset_ms)
        return self._take_closed()

    def close(self) -> list[ClosedSegment]:
        """End the open segment, if there is one. The recorder can be used again. Raises DiskError, RecordingError."""
        self._close_segment()
        return self._take_closed()

    def _append(self, packet: MaskedPacket, encoded: EncodedFormat, clock_offset_ms: int) -> None:
        if self._segment is None:
            self._offset_ms, self._cut_due = clock_offset_ms, False
            self._segment = SegmentWriter(self._disk, encoded, packet, self._record, self._turn)
        self._segment.clock_offset_ms = clock_offset_ms
        try:
            self._segment.add(packet)
        except CsuError:
            self._abandon()
            raise
        self._last = packet
        if abs(clock_offset_ms) > abs(self._offset_ms):
            self._offset_ms = clock_offset_ms

    def _must_end_before(self, packet: MaskedPacket) -> bool:
        if self._segment is None or self._last is None:
            return False
        if packet.mask_epoch != self._segment.mask_epoch:
            return True
        at_ns = packet.captured.at_ns
        is_hole = at_ns - self._last.captured.at_ns > HOLE_NS
        is_wrong = abs(self._segment.expected_at_ns(packet) - at_ns) > TIME_ERROR_NS
        self._cut_due = self._cut_due or is_hole or is_wrong
        if self._cut_due and packet.is_key:
            return True
        return self._rollover.should_cut(self._segment.start_ns, at_ns, is_key=packet.is_key)

    def _close_segment(self) -> None:
        segment, self._segment, self._last = self._segment, None, None
        if segment is None:
            return
        try:
            self._closed.append(segment.close(self._offset_ms))
        except CsuError:
            segment.abandon()
            raise

    def _abandon(self) -> None:
        segment, self._segment, self._last = self._segment, None, None
        if segment is not None:
            segment.abandon()

    def _take_closed(self) -> list[ClosedSegment]:
        closed, self._closed = self._closed, []
        return closed
