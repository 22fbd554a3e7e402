"""Counted crossings beside the true ones, per line, class and direction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from csu.hal.analysis import ObjectClass


@dataclass(frozen=True, slots=True)
class Counted:
    """What a number of a count is about."""

    line: str
    counted: ObjectClass
    forward: bool


@dataclass(slots=True)
class CountScore:
    """Crossings over many clips. Two errors that cancel each other within one clip, line, class and direction do not
    show: that is what a count is worth to its reader."""

    true: int = 0
    counted: int = 0
    wrong: int = 0
    """Sum of what each number was off by."""
    by: dict[Counted, tuple[int, int]] = field(default_factory=dict)
    """(true, counted) of all clips."""

    @property
    def error(self) -> float | None:
        """Share that the numbers were off by; None where nothing crossed."""
        return self.wrong / self.true if self.true else None

    def add(self, true: Counter[Counted], counted: Counter[Counted]) -> None:
        """Count one clip."""
        for what in true.keys() | counted.keys():
            self.true += true[what]
            self.counted += counted[what]
            self.wrong += abs(true[what] - counted[what])
            before = self.by.get(what, (0, 0))
            self.by[what] = before[0] + true[what], before[1] + counted[what]
