"""Look at every recorded segment again, from the disk, as a stranger would: is it whole, deaf, and masked?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

import av
import numpy as np

from csu.hal.disk import Disk, DiskError
from csu.hal.frames import YuvPlanes
from csu.hal.site import PictureWitness
from csu.recording import SegmentCheck, check_segment

WITNESS_EVERY_FRAMES = 4
CLEAR_SHARE_MAX = 0.0005
"""Share of the picture (0.05 %) below which the witness's colour may be the encoder's doing."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the segments on disk are worth."""

    segments: int
    playable: int
    audio_tracks: int
    frames: int
    frames_witnessed: int
    """Frames the site's witness looked at; 0 where there is no witness."""
    clear_frames: int
    size_bytes: int
    problems: tuple[str, ...]


def examine_segments(disk: Disk, witness: PictureWitness | None, before: Collection[str] = frozenset()) -> Examination:
    """Decode every segment of `disk` but those of `before`. Blocks for as long as that takes (about 1 ms a 360p frame).

    One that cannot be opened (not sealed, cut, no key) is a problem among the others.
    """
    names = [name for name in disk.names() if name.endswith(".mp4") and name not in before]
    checks: list[SegmentCheck] = []
    problems: list[str] = []
    witnessed = clear = 0
    for name in names:
        try:
            with disk.open(name) as file:
                checks.append(check := check_segment(file, decode=True))
                problems += [f"{name}: {check.problem}"] if check.problem else []
                if witness is not None:
                    looked, found = _witness_segment(file, witness)
                    witnessed, clear = witnessed + looked, clear + found
        except DiskError as error:
            problems.append(str(error))
    return Examination(
        segments=len(names),
        playable=sum(check.playable for check in checks),
        audio_tracks=sum(check.audio_tracks for check in checks),
        frames=sum(check.frames for check in checks),
        frames_witnessed=witnessed,
        clear_frames=clear,
        size_bytes=sum(disk.size_bytes(name) for name in names),
        problems=tuple(problems),
    )


def _witness_segment(file: BinaryIO, witness: PictureWitness) -> tuple[int, int]:
    looked = clear = 0
    file.seek(0)
    with av.open(file, "r") as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % WITNESS_EVERY_FRAMES == 0:
                looked += 1
                clear += witness(_planes(frame)) > CLEAR_SHARE_MAX
    return looked, clear


def _planes(frame: av.VideoFrame) -> YuvPlanes:
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]  # type: ignore[call-overload]
        for plane in frame.planes
    )
    return YuvPlanes(y, u, v)
