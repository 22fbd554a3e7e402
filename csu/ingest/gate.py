"""What a camera may answer FFmpeg before it plays. A pure core: bytes in; the same bytes out, or a refusal.

FFmpeg follows a redirection, to any host, in clear too, and logs in there: with the password itself if that host asks
for Basic. It does so until it has asked to PLAY, and no option forbids it. So until then only whole answers pass, which
no two readers can read differently, and none that redirects (decision 0058).
"""

from __future__ import annotations

import re

from csu.hal.camera import CameraId
from csu.hal.rtsp import ANSWER_BYTES_MAX
from csu.hal.words import Words
from csu.ingest.describe import TRY_AGAIN, redirected
from csu.ingest.errors import CameraLost

_STATUS = re.compile(rb"RTSP/1\.0 ([1-5][0-9][0-9])(?: .*)?")
_LINE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
"""No control character: FFmpeg ends a line at a bare LF, and a text at a NUL."""
_LENGTH = re.compile(rb"content-length:[ \t]*([0-9]{1,5})[ \t]*", re.IGNORECASE)


class Gate:
    """Show it what FFmpeg asks (`asked`); pass on what `answered` returns. Raises CameraLost, CameraRefused."""

    def __init__(self, place: str, camera: CameraId) -> None:
        self._place, self._camera = place, camera
        self._kept = b""
        self._is_open = False

    def asked(self, data: bytes) -> None:
        """FFmpeg sends this: one request, in one piece, and not the next before its answer."""
        if data.startswith(b"PLAY "):
            self._is_open = True

    def answered(self, data: bytes) -> bytes:
        """What may pass of all that came so far."""
        if self._is_open:
            kept, self._kept = self._kept, b""
            return kept + data
        self._kept += data
        passes = 0
        while (end := self._end(passes)) is not None:
            passes = end
        told, self._kept = self._kept[:passes], self._kept[passes:]
        if len(self._kept) > ANSWER_BYTES_MAX:
            raise self._unreadable()
        return told

    def _end(self, start: int) -> int | None:
        """Where the answer that begins at `start` ends; None while it is not whole."""
        break_at = self._kept.find(b"\r\n\r\n", start)
        if break_at < 0:
            return None
        first, *fields = self._kept[start:break_at].split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if status is None or not all(map(_LINE.fullmatch, (first, *fields))):
            raise self._unreadable()
        if status[1].startswith(b"3"):
            raise redirected(self._place, self._camera)
        told_lengths = [field for field in fields if b"content-length" in field.lower()]
        lengths = [found for field in told_lengths if (found := _LENGTH.fullmatch(field)) is not None]
        if len(lengths) != len(told_lengths) or len(lengths) > 1:
            raise self._unreadable()
        end = break_at + 4 + (int(lengths[0][1]) if lengths else 0)
        return end if end <= len(self._kept) else None

    def _unreadable(self) -> CameraLost:
        told = Words(
            f"{self._place} répond d'une façon que deux lecteurs liraient de deux façons",
            f"{self._place} answers in a way that two readers would read in two ways",
        )
        return CameraLost(told, where=self._camera, what_to_do=TRY_AGAIN)
