"""Arithmetic of time intervals: sorted tuples of disjoint [start, end) in ns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from csu.hal.clock import Nanoseconds

Interval = tuple[Nanoseconds, Nanoseconds]
"""[start, end), ns UTC."""


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time in disjoint intervals, in order; what touches is joined, what is empty is left out."""
    joined: list[Interval] = []
    for start_ns, end_ns in sorted(intervals):
        if joined and start_ns <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ns))
        elif start_ns < end_ns:
            joined.append((start_ns, end_ns))
    return tuple(joined)


def difference(whole: Iterable[Interval], taken: Iterable[Interval]) -> tuple[Interval, ...]:
    """What of `whole` is not in `taken`."""
    left: list[Interval] = []
    away = union(taken)
    first = 0
    for start_ns, end_ns in union(whole):
        while first < len(away) and away[first][1] <= start_ns:
            first += 1
        for away_start_ns, away_end_ns in islice(away, first, None):
            if away_start_ns >= end_ns:
                break
            if away_start_ns > start_ns:
                left.append((start_ns, away_start_ns))
            start_ns = max(start_ns, away_end_ns)
        if start_ns < end_ns:
            left.append((start_ns, end_ns))
    return tuple(left)


def length_ns(intervals: Iterable[Interval]) -> Nanoseconds:
    """How long all of them last together; they must be disjoint."""
    return sum(end_ns - start_ns for start_ns, end_ns in intervals)


def fewer_than(count: int, each: Sequence[Sequence[Interval]], whole: Interval) -> tuple[Interval, ...]:
    """When, within `whole`, fewer than `count` of these lists of disjoint intervals hold the instant."""
    edges = sorted(
        [(start_ns, 1) for one in each for start_ns, _ in one] + [(end, -1) for one in each for _, end in one]
    )
    there, since_ns, found = 0, whole[0], list[Interval]()
    for at_ns, change in [*edges, (whole[1], 0)]:
        at_ns = min(max(at_ns, whole[0]), whole[1])
        if there < count:
            found.append((since_ns, at_ns))
        since_ns, there = at_ns, there + change
    return union(found)
