"""What the centre says of its wall to the console: what is where, for which cause, who holds it. Values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.wall import BudgetTold, Cause, Programme, ShiftCoverage, SlotId, SlotRule

Box = tuple[float, float, float, float]
"""Left, top, width, height, in shares of all that can be seen of the wall."""


@dataclass(frozen=True, slots=True)
class Held:
    """By whom, and until when."""

    person: str
    until_ns: Nanoseconds
    is_close: bool = False
    """Somebody is followed."""
    reason_by_ns: Nanoseconds | None = None
    """Until then it goes on without a reason (OPS-5)."""


@dataclass(frozen=True, slots=True)
class TileNow:
    """One tile of the scene that is up."""

    tile: SlotId
    at: Box
    z: int
    rule: SlotRule
    camera: CameraId | None
    cause: Cause
    request: Held | None = None
    lock: Held | None = None


@dataclass(frozen=True, slots=True)
class ProgrammeNow:
    """One that is on or is to come."""

    programme: Programme
    is_weekly: bool


@dataclass(frozen=True, slots=True)
class WallNow:
    """The whole wall at an instant."""

    at_ns: Nanoseconds
    scene: str
    cause: Cause
    scenes: Mapping[str, str]
    """All there are, and how people call them."""
    aspect: float
    """Width by height, of what can be seen."""
    panels: Mapping[str, Box]
    tiles: tuple[TileNow, ...]
    programmes: tuple[ProgrammeNow, ...]
    budget: BudgetTold
    per_person: int
    waiting: tuple[int, int, int]
    """Alarms without a spot, alarms without a camera, signals."""


@dataclass(frozen=True, slots=True)
class CoverageNow:
    """Of the shift that is on."""

    shift: ShiftCoverage
    weeks: int
    never_seen: tuple[CameraId, ...] | None
    """In so many weeks; None: nobody has counted for that long."""
