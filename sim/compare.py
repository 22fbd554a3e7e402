"""Two runs of one scenario and seed, compared: the same trace, or the first event that differs.

Digests are kept every `MARK_EVERY` events: the first that differs says between which two the traces part, and there
alone both are played again word for word. Pure but for the playing, which is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

from sim.run import RunResult
from sim.trace import MARK_EVERY


@dataclass(frozen=True, slots=True)
class Heard:
    """What is compared of one run. `lines`: of the events asked for, in words."""

    trace_hash: str
    marks: tuple[str, ...]
    events: int
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, result: RunResult) -> Heard:
        return cls(result.trace_hash, result.trace_marks, result.counters["trace_events"], result.trace_lines)


Plays: TypeAlias = Callable[[range], Heard]
"""Plays the run, and keeps the words of these events (counted from 0)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first event that differs, counted from 0, as each run told it; None: that run had ended."""

    event: int
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs. `difference` is None when they are one and the same."""

    first: Heard
    second: Heard
    difference: Difference | None

    @property
    def same(self) -> bool:
        return self.first.trace_hash == self.second.trace_hash


def compare(first: Plays, second: Plays) -> Comparison:
    """Play both; where their traces differ, play both again and find the first event that does."""
    one, other = first(range(0)), second(range(0))
    if one.trace_hash == other.trace_hash:
        return Comparison(one, other, None)
    begins = MARK_EVERY * first_mark_that_differs(one.marks, other.marks)
    window = range(begins, begins + MARK_EVERY)
    words = zip_longest(first(window).lines, second(window).lines)
    for event, (said, said_there) in enumerate(words, start=begins):
        if said != said_there:
            return Comparison(one, other, Difference(event, said, said_there))
    return Comparison(one, other, Difference(min(one.events, other.events), None, None))


def first_mark_that_differs(one: Sequence[str], other: Sequence[str]) -> int:
    """Its index, by bisection: a digest covers all before it, so that after the first that differs all do."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high) // 2
        if one[middle] == other[middle]:
            low = middle + 1
        else:
            high = middle
    return low
