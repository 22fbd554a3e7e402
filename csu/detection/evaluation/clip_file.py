"""Pictures of a film that a person gives to be measured on. The one place of the room that decodes.

They are of no camera of ours and come from no mask: that is why they go to a measurement, and never to a running
analysis, which takes masked pictures by its node alone. What they show is in the report that the person asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.frames import Plane, YuvPlanes
from csu.hal.wall import TilePicture
from csu.hal.words import Words

PIXELS_MAX = 3840 * 2160
BEGIN_NS: Nanoseconds = 1_800_000_000 * NS_PER_S
"""When a film begins, since it does not say: an instant like any other."""


def pictures_of(path: Path) -> Iterator[TilePicture]:
    """Its pictures in order, 8-bit 4:2:0, planes valid until the next one. Raises BadInput for what is no film."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise _no_film(path, "il n'y a pas d'image", "there is no picture in it")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            if stream.width * stream.height > PIXELS_MAX:
                raise _no_film(path, "les images sont trop grandes", "its pictures are too large")
            frame_s = 1 / float(stream.average_rate) if stream.average_rate else 0.04
            previous_ns = BEGIN_NS - 1
            for number, frame in enumerate(container.decode(stream)):
                seconds = number * frame_s if frame.time is None else frame.time
                at_ns = max(BEGIN_NS + round(seconds * NS_PER_S), previous_ns + 1)
                yield TilePicture(_planes(frame), number, at_ns)
                previous_ns = at_ns
    except (av.FFmpegError, OSError) as error:
        raise _no_film(path, error.strerror or "?", error.strerror or "?") from None


def _planes(frame: VideoFrame) -> YuvPlanes:
    full_range = int(frame.color_range) == int(ColorRange.JPEG)
    as_420 = frame if frame.format.name in ("yuv420p", "yuvj420p") else frame.reformat(format="yuv420p")
    height, width = as_420.height, as_420.width
    across, down = (width + 1) // 2, (height + 1) // 2
    y, u, v = as_420.planes
    bt709 = {int(Colorspace.ITU709): True, int(Colorspace.ITU601): False}.get(int(frame.colorspace))
    return YuvPlanes(_plane(y, width, height), _plane(u, across, down), _plane(v, across, down), full_range, bt709)


def _plane(plane: VideoPlane, width_px: int, height_px: int) -> Plane:
    # PyAV planes speak the buffer protocol; their stubs do not say so.
    octets = np.frombuffer(cast("memoryview[int]", plane), np.uint8)
    return octets.reshape(-1, plane.line_size)[:height_px, :width_px]


def _no_film(path: Path, french: str, english: str) -> BadInput:
    return BadInput(
        Words(f"ce film ne peut être lu : {french}", f"this film cannot be read: {english}"),
        where=str(path),
        what_to_do=Words("Donnez un film à --video (MP4, AVI, MKV)", "Give --video a film (MP4, AVI, MKV)"),
    )
