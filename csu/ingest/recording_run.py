"""Keeping masked packets in the recorder, and keeping the account of when it did not work."""

from __future__ import annotations

from collections.abc import Callable

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import ClearPictureRefused, EncodedFormat, MaskedPacket
from csu.hal.media import CameraEventKind, GapCause
from csu.hal.words import Words
from csu.ingest.ports import RecordingSink
from csu.ingest.tally import Tally

DISK_RETRY_NS = 5 * NS_PER_S
"""A recording is begun no more often than this: one that lasted longer is begun again at once, for there may be another
volume; disks that refuse again are left alone. Live pictures go on meanwhile."""


class RecordingRun:
    """One connection's way to the recorder.

    A disk in trouble costs the recording, told as a gap from the last segment that is safe, never the live picture.
    """

    def __init__(
        self,
        recorder: RecordingSink,
        tally: Tally,
        tell: Callable[[CameraEventKind, Words], None],
        interval_ns: Nanoseconds,
    ) -> None:
        self._recorder = recorder
        self._tally = tally
        self._tell = tell
        self._interval_ns = interval_ns
        self._format: EncodedFormat | None = None
        self._is_open = False
        self._is_refused = False
        self._retry_at_ns: Nanoseconds = 0
        self._tried_ns: Nanoseconds = 0
        self._begun_ns: Nanoseconds = 0
        self._end_ns: Nanoseconds | None = None

    @property
    def end_ns(self) -> Nanoseconds | None:
        """Where the recording ends so far: the last picture taken and its duration; None before the first."""
        return self._end_ns

    def begin(self, encoded: EncodedFormat) -> None:
        """A new format: what follows goes to a new segment."""
        self._close()
        self._format = encoded

    def write(self, packet: MaskedPacket, clock_offset_ms: int) -> None:
        """Keep `packet`, or account for the time it stood for. Raises ClearPictureRefused."""
        at_ns = packet.captured.at_ns
        if not self._is_open and (self._format is None or not packet.is_key or at_ns < self._retry_at_ns):
            return
        try:
            if not self._is_open and self._format is not None:
                self._tried_ns = at_ns
                self._recorder.begin(self._format)
                self._is_open, self._begun_ns = True, at_ns
            self._recorder.write(packet, clock_offset_ms)
        except ClearPictureRefused:
            raise
        except CsuError as error:
            self._end_ns = at_ns
            self._fail(error)
            if packet.is_key and at_ns >= self._retry_at_ns:
                self.write(packet, clock_offset_ms)
            return
        self._tally.recording(at_ns)
        self._is_refused = False
        self._end_ns = at_ns + self._interval_ns

    def end(self) -> None:
        """Close what is open."""
        self._close()
        self._format = None

    def _close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._recorder.end()
        except CsuError as error:
            self._fail(error)

    def _fail(self, error: CsuError) -> None:
        self._is_open = False
        self._retry_at_ns = self._tried_ns + DISK_RETRY_NS
        # The segment that was open is lost whole, back to the last one that was closed.
        self._tally.interrupted(max(self._begun_ns, self._recorder.safe_until_ns or 0), GapCause.DISK)
        if not self._is_refused:
            self._is_refused = True
            self._tell(CameraEventKind.DISK_TROUBLE, error.trouble.words)
