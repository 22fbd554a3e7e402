"""What killing a recorder cost: what it had taken, against what can be read afterwards. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds

LOST_TAIL_S_MAX = 1.0
"""What a killed recorder may lose of each camera (issue, budgets)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What the recorder of one camera had taken in one life: its `write` had returned for these pictures."""

    first_ns: Nanoseconds
    last_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class TortureResult:
    """What `csu recording torture` found."""

    kills: int
    cameras: int
    frames_taken: int
    frames_readable: int
    segments: int
    recovered: int
    lost_tail_s_max: float
    lost_tail_s_mean: float
    inconsistent: int
    problems: tuple[str, ...]
    unlinked: int
    """Segments in the catalogue without a link: their node died before it told, or the check recovered them at the end,
    and it may not write into a chain that a node may hold. The chains are followed over them."""

    @property
    def holds(self) -> bool:
        return self.lost_tail_s_max <= LOST_TAIL_S_MAX and self.inconsistent == 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one life of one camera."""

    lost_tail_s: float
    taken: int
    missing_earlier: int
    """Pictures that are not readable although a later one of the same life is."""


def cost_of(taken: Taken, readable: Sequence[Nanoseconds], interval_ns: Nanoseconds) -> Cost:
    """`readable`: capture times of all pictures of the camera that can be read, sorted. Pictures came each
    `interval_ns`. The tail counts in pictures: each one lost is one interval."""
    inside = readable[bisect_left(readable, taken.first_ns) : bisect_right(readable, taken.last_ns)]
    count = (taken.last_ns - taken.first_ns) // interval_ns + 1
    until = (inside[-1] - taken.first_ns) // interval_ns + 1 if inside else 0
    return Cost((count - until) * interval_ns / NS_PER_S, count, until - len(set(inside)))


def costs_of(
    lives: Sequence[Mapping[CameraId, Taken]],
    readable: Mapping[CameraId, Sequence[Nanoseconds]],
    interval_ns: Nanoseconds,
) -> list[Cost]:
    """Of every life of every camera."""
    return [cost_of(taken, readable.get(camera, ()), interval_ns) for life in lives for camera, taken in life.items()]
