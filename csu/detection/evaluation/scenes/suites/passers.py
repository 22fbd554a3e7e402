"""People and vehicles who have nothing to do with what a clip is about."""

from __future__ import annotations

from collections.abc import Sequence

from csu.detection.evaluation.scenes.actors import Course, Walker, walk
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.view import View

WALLS_M = (-7.8, 8.8)
"""Where the facades of the street stand: out of their doors people come."""


def passers(
    seed: int, ways: Sequence[tuple[Spot, Spot]], seconds: float, count: int, view: View, name: str
) -> tuple[Walker, ...]:
    """`count` people who walk one of the ways, either direction, at their own speed. At first nobody is there: a camera
    of the field has known its empty place for long. They come in at the picture's edge, or (`name`: "street") out of a
    door."""
    dice = Dice(seed)
    found = []
    for n in range(count):
        start, end = dice.one_of(f"way{n}", ways)
        if dice.share(f"turn{n}") < 0.5:
            start, end = end, start
        aside = dice.within(f"aside{n}", -0.5, 0.5)
        start, end = (start[0] + aside, start[1] + aside), (end[0] + aside, end[1] + aside)
        spots = (
            (start, end)
            if _outside(view, start)
            else (_door(start) if name == "street" else _edge(view, start), start, end)
        )
        begin = dice.within(f"begin{n}", 1.0, seconds * 0.65)
        course = walk(begin, *spots, speed_m_s=dice.within(f"speed{n}", 1.0, 1.6))
        found.append(Walker(course, seed * 40 + n, dice.within(f"tall{n}", 1.58, 1.86)))
    return tuple(found)


def _outside(view: View, spot: Spot) -> bool:
    """Whether nothing shows of who stands there."""
    x, y = view.on_ground(*spot)
    half, tall = 0.5 * view.px_per_m(*spot), 1.9 * view.px_per_m(*spot)
    return x < -half or x > view.width_px + half or y - tall > view.height_px


def _door(spot: Spot) -> Spot:
    return min(WALLS_M, key=lambda wall: abs(wall - spot[0])), spot[1]


def _edge(view: View, spot: Spot) -> Spot:
    """The nearest place to its left or right that does not show."""
    for step in range(1, 60):
        for side in (-0.5, 0.5):
            aside = (spot[0] + step * side, spot[1])
            if _outside(view, aside):
                return aside
    return spot


def stands_then_walks(begin_s: float, until_s: float, spot: Spot, end: Spot, speed_m_s: float = 1.3) -> Course:
    """Waits in one place, then goes."""
    points = walk(until_s, spot, end, speed_m_s=speed_m_s).points
    return Course(((begin_s, *spot), *points))
