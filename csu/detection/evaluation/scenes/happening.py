"""What is true of a clip, from where its actors go: who is in a zone and when, who crosses a line which way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, cos, hypot, radians, sin

from csu.detection.evaluation.scenes.actors import Placed
from csu.detection.evaluation.scenes.clip import TrueCount
from csu.detection.evaluation.scenes.place import Spot
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import AnalysisZone, CountLine, ObjectClass, PictureBox

Span = tuple[float, float]
"""From, until, in seconds of the clip."""
STEP_S = 0.05
At = Callable[[float], Placed | None]
"""Where somebody is at an instant, or that he is not there."""


def zone_on(view: View, name: str, ring_m: Sequence[Spot], lane_m: tuple[Spot, Spot] | None = None) -> AnalysisZone:
    """A zone of the ground as it is drawn on the picture, cut to it. `lane_m`: from one place to another."""
    corners = _cut([view.share(*spot) for spot in ring_m])
    lane = None if lane_m is None else (_within(view.share(*lane_m[0])), _within(view.share(*lane_m[1])))
    return AnalysisZone(name, tuple(corners), lane)


def line_on(view: View, name: str, start_m: Spot, end_m: Spot, classes: Iterable[ObjectClass]) -> CountLine:
    """A line over the ground as it is drawn on the picture."""
    return CountLine(name, _within(view.share(*start_m)), _within(view.share(*end_m)), frozenset(classes))


def rectangle(low: Spot, high: Spot) -> tuple[Spot, ...]:
    return (low, (high[0], low[1]), high, (low[0], high[1]))


def is_in(zone: AnalysisZone, share: tuple[float, float]) -> bool:
    """Whether a point of the picture lies in a zone (even-odd rule)."""
    x, y = share
    inside = False
    corners = zone.corners
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def spans(
    holds: Callable[[float], bool], seconds: float, apart_s: float = 0.0, step_s: float = STEP_S
) -> tuple[Span, ...]:
    """When something holds, to `step_s`. Two spans less than `apart_s` apart are one."""
    found: list[Span] = []
    since: float | None = None
    for n in range(ceil(seconds / step_s) + 1):
        t = n * step_s
        if holds(t) and t < seconds:
            since = t if since is None else since
        elif since is not None:
            found.append((since, min(t, seconds)))
            since = None
    joined: list[Span] = []
    for span in found:
        if joined and span[0] - joined[-1][1] < apart_s:
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return tuple(joined)


def in_zone(view: View, zone: AnalysisZone, at: At) -> Callable[[float], bool]:
    """Whether somebody's foot is in the zone at an instant."""

    def holds(t_s: float) -> bool:
        placed = at(t_s)
        return placed is not None and is_in(zone, view.share(*placed.spot))

    return holds


def against(lane_m: tuple[Spot, Spot], at: At, least_m_s: float) -> Callable[[float], bool]:
    """Whether somebody goes against a lane (within 45 degrees) at an instant."""
    (ax, ay), (bx, by) = lane_m
    length = hypot(bx - ax, by - ay)

    def holds(t_s: float) -> bool:
        placed = at(t_s)
        if placed is None or placed.speed_m_s < least_m_s:
            return False
        turn = radians(placed.heading_deg)
        return -(sin(turn) * (bx - ax) + cos(turn) * (by - ay)) / length > 0.707

    return holds


def crossings(view: View, line: CountLine, kind: ObjectClass, courses: Iterable[At], seconds: float) -> TrueCount:
    """How many feet cross the line, each way, within the picture."""
    forward = backward = 0
    for at in courses:
        last: tuple[float, float] | None = None
        for n in range(ceil(seconds / STEP_S)):
            placed = at(n * STEP_S)
            here = None if placed is None else view.share(*placed.spot)
            if last is not None and here is not None:
                way = _crossed(line, last, here, view)
                forward, backward = forward + (way > 0), backward + (way < 0)
            last = here
    return TrueCount(line.line, kind, forward, backward)


def box_at(view: View, spot: Spot, tall_m: float, wide_m: float) -> PictureBox:
    """About what an object of that size covers, in shares of the picture, cut to it."""
    x, y = view.on_ground(*spot)
    scale = view.px_per_m(*spot)
    left, top = (x - wide_m * scale / 2) / view.width_px, (y - tall_m * scale) / view.height_px
    right, bottom = (x + wide_m * scale / 2) / view.width_px, y / view.height_px
    return PictureBox(*_within((left, top)), *_within((right, bottom)))


def _crossed(line: CountLine, one: tuple[float, float], two: tuple[float, float], view: View) -> int:
    """1: from its left to its right, seen from its start towards its end; -1: the other way; 0: not."""
    wide, tall = view.width_px, view.height_px
    (sx, sy), (ex, ey) = line.start, line.end
    dx, dy = (ex - sx) * wide, (ey - sy) * tall

    def side(point: tuple[float, float]) -> float:
        return dx * (point[1] - sy) * tall - dy * (point[0] - sx) * wide

    before, after = side(one), side(two)
    if (before < 0) == (after < 0):
        return 0
    share = before / (before - after)
    x, y = one[0] + (two[0] - one[0]) * share, one[1] + (two[1] - one[1]) * share
    along = ((x - sx) * wide * dx + (y - sy) * tall * dy) / (dx * dx + dy * dy)
    return 0 if not 0 <= along <= 1 else (1 if before < 0 else -1)


def _within(point: tuple[float, float]) -> tuple[float, float]:
    return min(max(point[0], 0.0), 1.0), min(max(point[1], 0.0), 1.0)


def _cut(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A polygon cut to the unit square (Sutherland and Hodgman, 1974)."""
    for axis, limit, keeps_below in ((0, 0.0, False), (0, 1.0, True), (1, 0.0, False), (1, 1.0, True)):
        kept: list[tuple[float, float]] = []
        for one, two in zip(ring, ring[1:] + ring[:1], strict=True):
            a_in, b_in = ((point[axis] <= limit) == keeps_below or point[axis] == limit for point in (one, two))
            if a_in != b_in:
                share = (limit - one[axis]) / (two[axis] - one[axis])
                kept.append((one[0] + (two[0] - one[0]) * share, one[1] + (two[1] - one[1]) * share))
            if b_in:
                kept.append(two)
        ring = kept
        if not ring:
            break
    return [_within(point) for point in ring]
