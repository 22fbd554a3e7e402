"""People and vehicles who have nothing to do with what a clip is about."""

from __future__ import annotations

from collections.abc import Sequence

from csu.detection.evaluation.scenes.actors import Course, Walker, walk
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.place import Spot


def passers(seed: int, ways: Sequence[tuple[Spot, Spot]], seconds: float, count: int) -> tuple[Walker, ...]:
    """`count` people who walk one of the ways, either direction, at their own speed, over the whole clip."""
    dice = Dice(seed)
    found = []
    for n in range(count):
        start, end = dice.one_of(f"way{n}", ways)
        if dice.share(f"turn{n}") < 0.5:
            start, end = end, start
        aside = dice.within(f"aside{n}", -0.5, 0.5)
        begin = dice.within(f"begin{n}", -6.0, seconds * 0.7)
        course = walk(
            begin,
            (start[0] + aside, start[1] + aside),
            (end[0] + aside, end[1] + aside),
            speed_m_s=dice.within(f"speed{n}", 1.0, 1.6),
        )
        found.append(Walker(course, seed * 40 + n, dice.within(f"tall{n}", 1.58, 1.86)))
    return tuple(found)


def stands_then_walks(begin_s: float, until_s: float, spot: Spot, end: Spot, speed_m_s: float = 1.3) -> Course:
    """Waits in one place, then goes."""
    points = walk(until_s, spot, end, speed_m_s=speed_m_s).points
    return Course(((begin_s, *spot), *points))
