"""Look at every recorded segment again, from the disk, as a stranger would: is it whole, deaf, and masked?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from csu.hal.frames import YuvPlanes
from csu.hal.site import PictureWitness
from csu.recording import check_segment

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


def examine_segments(media_directory: Path, witness: PictureWitness | None) -> Examination:
    """Decode every segment under `media_directory`. Blocks for as long as that takes (about 1 ms a 360p frame)."""
    paths = sorted(media_directory.rglob("*.mp4"))
    checks = []
    witnessed = clear = 0
    for path in paths:
        with path.open("rb") as file:
            checks.append((path.name, check_segment(file, decode=True)))
        if witness is not None:
            looked, found = _witness_segment(path, witness)
            witnessed, clear = witnessed + looked, clear + found
    return Examination(
        segments=len(paths),
        playable=sum(check.playable for _, check in checks),
        audio_tracks=sum(check.audio_tracks for _, check in checks),
        frames=sum(check.frames for _, check in checks),
        frames_witnessed=witnessed,
        clear_frames=clear,
        size_bytes=sum(path.stat().st_size for path in paths),
        problems=tuple(f"{name}: {check.problem}" for name, check in checks if check.problem),
    )


def _witness_segment(path: Path, witness: PictureWitness) -> tuple[int, int]:
    looked = clear = 0
    with av.open(str(path)) as container:
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
