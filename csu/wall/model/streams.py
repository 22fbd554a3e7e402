"""Which of a camera's streams a tile takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from csu.hal.camera import StreamProfile


class StreamChoice(StrEnum):
    """What a tile says of it."""

    AUTO = "auto"
    """By the height of the tile."""
    SUB = "sub"
    """The lowest."""
    MAIN = "main"
    """The one that is recorded."""


def choose_stream(streams: Sequence[StreamProfile], height_px: float, choice: StreamChoice) -> StreamProfile:
    """The stream for a tile on which the whole picture would be `height_px` high; `streams` as the camera offers them.

    AUTO: the lowest that is not lower than the tile: up to twice its height plain sampling is as good as an area mean
    (51.7 dB; 30 dB at four times: notes on the wall). Where none is so near, the next larger; where all are lower, the
    highest. Raises ValueError for a camera without streams.
    """
    if not streams:
        raise ValueError("a camera without streams")
    by_height = sorted(streams, key=lambda stream: (stream.height_px, stream.width_px))
    if choice is StreamChoice.MAIN:
        return streams[0]
    if choice is StreamChoice.SUB:
        return by_height[0]
    return next((stream for stream in by_height if stream.height_px >= height_px), by_height[-1])
