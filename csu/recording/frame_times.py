"""When each picture of a file was captured, and how wrong its camera's clock was then (TEC-3, TEC-4).

A box of our own (`uuid`, ISO/IEC 14496-12, 11.1) follows each fragment; players skip it. The times are the capture
times themselves, not start + pts, which may be a quarter of a second off within a file. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from csu.hal.clock import Nanoseconds
from csu.recording.boxes import BoxError

BOX_ID = bytes.fromhex("5d1f6a3ec2b94f0d8a6573c1e04b9d27")
"""The box's extended type: drawn once, means this layout."""
_HEAD = struct.Struct(">I4s16sBH")
"""Size, `uuid`, extended type, version, number of pictures."""
_PICTURE = struct.Struct(">qiB")
"""Capture time in ns UTC, camera clock minus ours in ms, 1 when the camera's clock gave the time."""
_VERSION = 1
_BOX = struct.Struct(">I4s")
_OFFSET_MS_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class FrameTime:
    """One picture's."""

    at_ns: Nanoseconds
    clock_offset_ms: int
    """The camera's clock minus ours when it came; "at least so much" beyond 24 days."""
    from_camera: bool
    """False: the time of arrival, because the camera had told no time yet."""


def times_box(times: Sequence[FrameTime]) -> bytes:
    """The box that follows a fragment of these pictures."""
    size = _HEAD.size + len(times) * _PICTURE.size
    parts = [_HEAD.pack(size, b"uuid", BOX_ID, _VERSION, len(times))]
    for time in times:
        offset_ms = max(-_OFFSET_MS_MAX, min(_OFFSET_MS_MAX, time.clock_offset_ms))
        parts.append(_PICTURE.pack(time.at_ns, offset_ms, time.from_camera))
    return b"".join(parts)


def read_times_box(box: bytes) -> tuple[FrameTime, ...] | None:
    """What a whole top-level box says; None for a box of another kind. Raises BoxError for a broken one of ours."""
    if len(box) < _HEAD.size or box[4:8] != b"uuid" or box[8:24] != BOX_ID:
        return None
    size, _, _, version, count = _HEAD.unpack_from(box)
    if version != _VERSION or size != len(box) or size != _HEAD.size + count * _PICTURE.size:
        raise BoxError("a box of frame times is broken, or of a later version")
    return tuple(
        FrameTime(at_ns, offset_ms, bool(flags)) for at_ns, offset_ms, flags in _PICTURE.iter_unpack(box[_HEAD.size :])
    )


def frame_times(file: BinaryIO) -> tuple[FrameTime, ...]:
    """Of every picture of a segment, in the order of the file. Reads the boxes, not the media.

    Raises BoxError where the file is not boxes. A file of an earlier version has none: an empty answer.
    """
    found: list[FrameTime] = []
    end, at = file.seek(0, 2), 0
    while at < end:
        file.seek(at)
        head = file.read(_HEAD.size)
        if len(head) < _BOX.size:
            raise BoxError("the file ends inside a box header")
        size, kind = _BOX.unpack_from(head)
        if size < _BOX.size or at + size > end:
            raise BoxError(f"a box {kind!r} of {size} bytes does not fit into the file")
        if kind == b"uuid" and head[8:24] == BOX_ID:
            found += read_times_box(head + file.read(size - len(head))) or ()
        at += size
    return tuple(found)
