"""The table of an exported file: for every frame its camera, place, date, time, clock offset and mask version (EXP-7).

TEC-3 wants them retrievable at any moment of the sequence. They are data, beside the picture, and name the frame by the
SHA-256 of its access unit: burnt-in letters would change the picture, and a file name proves nothing.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from csu.evidence.spans import paris_text, utc_text
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds

FORMAT = "csu-frames-1"
_COLUMNS = (
    *("frame", "shown", "camera", "place", "commune", "utc", "paris", "clock_offset_ms", "clock"),
    *("mask_version", "key_frame", "second_in_file", "bytes", "sha256"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One access unit of an exported file, in decoding order."""

    pts: int
    """In the file, in ticks of its time base, from 0."""
    captured_ns: Nanoseconds
    is_key: bool
    is_asked: bool
    """False: before the interval. It is there because the next ones cannot be decoded without it; readers hide it."""
    clock_offset_ms: int
    """The camera's clock minus ours when it came (TEC-4)."""
    size_bytes: int
    sha256: str
    """Of the access unit as stored: NAL units with their lengths, hexadecimal."""


@dataclass(frozen=True, slots=True)
class FrameTable:
    """Everything about one exported file, and its frames."""

    case: str
    file: str
    """Path in the package, beginning with `data/`."""
    camera: CameraId
    place: str
    commune: str
    segment: str
    """Name of the stored segment it was cut from."""
    segment_sha256: str
    mask_version: int
    clock_offset_ms: int
    """The worst in the segment; each frame has its own."""
    clock: str
    """`camera`: times from the camera's own clock. `arrival`: our clock, as no report of the camera's had come."""
    time_base_hz: int
    width_px: int
    height_px: int
    parameters_sha256: str
    """Of the decoder's parameter sets (avcC)."""
    frames: tuple[Frame, ...]

    @property
    def asked(self) -> tuple[Frame, ...]:
        """The frames of the interval, in decoding order."""
        return tuple(frame for frame in self.frames if frame.is_asked)

    @property
    def first_ns(self) -> Nanoseconds:
        return min(frame.captured_ns for frame in self.asked)

    @property
    def last_ns(self) -> Nanoseconds:
        return max(frame.captured_ns for frame in self.asked)

    def as_json(self) -> str:
        """Columns: a frame is the same index of each."""
        held: dict[str, Any] = {"format": FORMAT, **asdict(self)}
        held["frames"] = {field.name: [getattr(frame, field.name) for frame in self.frames] for field in fields(Frame)}
        return json.dumps(held, ensure_ascii=False, indent=1) + "\n"

    def as_csv(self) -> str:
        """One line a frame, for people: semicolons and a byte order mark, as French spreadsheets expect."""
        out = io.StringIO()
        rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
        rows.writerow(_COLUMNS)
        for number, frame in enumerate(self.frames):
            rows.writerow(
                (
                    number,
                    int(frame.is_asked),
                    self.camera,
                    self.place,
                    self.commune,
                    utc_text(frame.captured_ns),
                    paris_text(frame.captured_ns),
                    frame.clock_offset_ms,
                    self.clock,
                    self.mask_version,
                    int(frame.is_key),
                    f"{frame.pts / self.time_base_hz:.6f}",
                    frame.size_bytes,
                    frame.sha256,
                )
            )
        return "\ufeff" + out.getvalue()


def table_of_json(text: str) -> FrameTable:
    """The inverse of `as_json`. Raises ValueError, KeyError, TypeError for what it did not write."""
    held = json.loads(text)
    if held.pop("format") != FORMAT:
        raise ValueError("another format of frame table")
    columns = held.pop("frames")
    rows = zip(*(columns[field.name] for field in fields(Frame)), strict=True)
    return FrameTable(**held, frames=tuple(Frame(*row) for row in rows))


def time_in_file_ns(pts: int, time_base_hz: int) -> Nanoseconds:
    """A pts as nanoseconds from the file's beginning."""
    return pts * NS_PER_S // time_base_hz
