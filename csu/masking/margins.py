"""How far from where we draw it a point may truly show: proven bounds, in pixels, for poses wrong within bounds.

Worked backwards from the picture: what truly shows in it lies in a small range of directions; each error moves it by so
much at most on the way to where the told pose draws it. All bounds are per axis of the picture and add up. A number of
a pose may be wrong by its bound either way, all together; the direction also about any axis (docs/decisions/0018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, exp, hypot, isfinite, log, radians, remainder, sin

import numpy as np

from csu.hal.place import Pose, PoseBounds
from csu.hal.view_geometry import Floats, camera_axes, lens_limit, unbent

STEP_PX = 64.0
"""Between two poses of a sweep a point moves by this much at most, where the path is short enough for `STEPS_MAX`."""
STEPS_MAX = 16
"""Of one piece of a path. A longer one gets wider margins instead."""
PLACE_M_MAX = 1e7
"""Nothing local is further from its origin than a quarter of the earth; beyond, numbers lose their millimetres."""
_TURN_DEG_MAX = 170.0
"""A turn further than this might as well go the other way round."""


@dataclass(frozen=True, slots=True)
class HalfStep:
    """How far a path goes from a pose on it, either way, until the next pose takes over."""

    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    """Radians."""
    zoom: float = 0.0
    """Of the logarithm of the focal length."""
    place_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    k1: float = 0.0


@dataclass(frozen=True, slots=True)
class Reach:
    """A pose to draw from, and how far from there the truth may show.

    A point at `z` metres before the lens, drawn at p, truly shows within p +- (const_px + near_px / z), x and y apart.
    Only what lies in |x| <= slope_x * z + gap_x, |y| <= slope_y * z + gap_y, z >= -behind_m can show at all.
    """

    axes: Floats
    place: tuple[float, float, float]
    focal_px: float
    k1: float
    const_px: tuple[float, float]
    slope: tuple[float, float]
    gap_m: tuple[float, float]
    """What the place's error adds, in metres; also what moves a point by gap / z focal lengths."""
    behind_m: float
    lens_ends_px: float
    """Radius in the picture up to which the lens is known: beyond it nobody knows what shows."""


def steps_between(a: Pose, b: Pose, width_px: int, height_px: int) -> list[tuple[Pose, HalfStep]] | None:
    """Poses on the way from `a` to `b`, each in the middle of its stretch. None: no one way to go."""
    turns = [remainder(to - at, 360.0) for at, to in _angles(a, b)]
    if max(map(abs, turns)) > _TURN_DEG_MAX:
        return None
    zoom, k1 = log(b.focal_px / a.focal_px), b.k1 - a.k1
    move = (b.x_m - a.x_m, b.y_m - a.y_m, b.z_m - a.z_m)
    half_px, focal = hypot(width_px, height_px) / 2, max(a.focal_px, b.focal_px)
    lean = half_px / focal
    turn_px = focal * (radians(hypot(*turns[:2])) * (1 + lean * lean) + radians(abs(turns[2])) * lean)
    moved_px = turn_px + half_px * (abs(zoom) + abs(k1)) + focal * hypot(*move) / 5
    if not isfinite(moved_px):
        return None
    count = max(1, min(STEPS_MAX, ceil(moved_px / STEP_PX)))
    pan, tilt, roll = (abs(radians(turn)) / count / 2 for turn in turns)
    half = HalfStep(
        pan,
        tilt,
        roll,
        abs(zoom) / count / 2,
        (abs(move[0]) / count / 2, abs(move[1]) / count / 2, abs(move[2]) / count / 2),
        abs(k1) / count / 2,
    )
    shares = [(step + 0.5) / count for step in range(count)]
    return [(_between(a, share, turns, move, zoom, k1), half) for share in shares]


def steps_along(path: Sequence[Pose], width_px: int, height_px: int) -> list[tuple[Pose, HalfStep]] | None:
    """Poses that stand for the whole path. None: it cannot be followed."""
    if len(path) == 1:
        return [(path[0], HalfStep())]
    found: list[tuple[Pose, HalfStep]] = []
    for a, b in zip(path, path[1:], strict=False):
        if a == b and found:
            continue
        steps = [(a, HalfStep())] if a == b else steps_between(a, b, width_px, height_px)
        if steps is None:
            return None
        found += steps
    return found


def reach_of(pose: Pose, half: HalfStep, bounds: PoseBounds, width_px: int, height_px: int) -> Reach | None:
    """None: the bounds are so wide, or the lens so odd, that no proof holds; the whole picture is to be hidden."""
    numbers = (bounds.angle_deg, bounds.position_m, bounds.focal_share, bounds.k1)
    if not all(isfinite(number) and number >= 0 for number in numbers) or bounds.focal_share >= 0.5:
        return None
    if max(abs(pose.x_m), abs(pose.y_m), abs(pose.z_m)) > PLACE_M_MAX:
        return None
    half_w, half_h = width_px / 2, height_px / 2
    zoomed = exp(half.zoom) / (1 - bounds.focal_share)  # told focal length / least true one
    shortest_px = pose.focal_px / zoomed
    k1_off = bounds.k1 + half.k1
    view = _true_view(half_w / shortest_px, half_h / shortest_px, pose.k1 - k1_off)
    if view is None:
        return None
    x, y, radius, lens_ends = view
    turned = _turned_by(x, y, pose, half, radians(bounds.angle_deg))
    if turned is None:
        return None
    turned_x, turned_y = turned
    slope_x, slope_y = x + turned_x, y + turned_y
    k1 = pose.k1
    along, across = stretch(k1, slope_x * slope_x + slope_y * slope_y)
    const = tuple(
        pose.focal_px * (along * own + across * other + side * radius * radius * k1_off) + (zoomed - 1) * edge
        for own, other, side, edge in ((turned_x, turned_y, x, half_w), (turned_y, turned_x, y, half_h))
    )
    axes = camera_axes(pose)
    off = [bounds.position_m + moved for moved in half.place_m]
    right, down, behind = (sum(abs(a) * m for a, m in zip(row, off, strict=True)) for row in axes.tolist())
    if not all(isfinite(number) for number in const):
        return None
    return Reach(
        axes,
        (pose.x_m, pose.y_m, pose.z_m),
        pose.focal_px,
        k1,
        (const[0], const[1]),
        (slope_x, slope_y),
        (right + slope_x * behind, down + slope_y * behind),
        behind,
        lens_ends * shortest_px,
    )


def stretch(k1: float, radius_2: float) -> tuple[float, float]:
    """By how much the lens stretches a small step up to this radius (squared): (along its axis, from the other axis).

    The derivative of the distortion is symmetric; a barrel's eigenvalues are in [0, 1] where it is monotonic and in the
    straight continuation of `view_geometry.bend`, and differ by 2 |k1| r^2 at most.
    """
    return (1.0, min(0.5, -k1 * radius_2)) if k1 <= 0 else (1 + 3 * k1 * radius_2, k1 * radius_2)


def _true_view(half_w: float, half_h: float, k1: float) -> tuple[float, float, float, float] | None:
    """What can show in a picture of these half sides (in focal lengths) through a lens that is `k1` at its most bent:
    |x|, |y| and radius at most before distortion, and the radius in the picture where the lens ends."""
    corner = hypot(half_w, half_h)
    if not isfinite(corner) or corner > 1e3:
        return None
    if k1 >= 0:
        return half_w, half_h, corner, float("inf")
    limit = lens_limit(k1)
    ends = limit * 2 / 3
    if corner >= ends:
        scale, radius = 1.5, limit
    else:
        radius = float(unbent(np.array([corner]), k1)[0]) * (1 + 1e-9)
        scale = radius / corner
    return min(half_w * scale, limit), min(half_h * scale, limit), radius, ends


def _turned_by(x: float, y: float, pose: Pose, half: HalfStep, any_axis: float) -> tuple[float, float] | None:
    """How far, in focal lengths, a point within |x|, |y| goes while the camera turns by these angles.

    The camera turns at (a, b, c) about its right, down and forward axes; a point then moves at
    (a x y + b (1 + x^2) + c y, a (1 + y^2) + b x y + c x) at most. A box that it cannot leave in the time bounds it.
    """
    tilt, roll = radians(pose.tilt_deg), radians(pose.roll_deg)
    tilts, rolls = half.tilt + any_axis, half.roll + any_axis
    level, steep = min(1.0, abs(cos(tilt)) + tilts), min(1.0, abs(sin(tilt)) + tilts)
    upright, leaning = min(1.0, abs(cos(roll)) + rolls), min(1.0, abs(sin(roll)) + rolls)
    a = half.pan * level * leaning + half.tilt * upright + any_axis * (upright + leaning)
    b = half.pan * level * upright + half.tilt * leaning + any_axis * (upright + leaning)
    c = half.pan * steep + half.roll + any_axis * (1 + steep)
    to_x = to_y = 0.0
    for _ in range(6):
        wide, high = x + to_x * 1.01, y + to_y * 1.01
        to_x, to_y = (
            a * wide * high + b * (1 + wide * wide) + c * high,
            a * (1 + high * high) + b * wide * high + c * wide,
        )
    to_x, to_y = to_x * 1.01, to_y * 1.01
    wide, high = x + to_x, y + to_y
    holds = a * wide * high + b * (1 + wide * wide) + c * high <= to_x
    holds &= a * (1 + high * high) + b * wide * high + c * wide <= to_y
    return (to_x, to_y) if holds else None


def _angles(a: Pose, b: Pose) -> tuple[tuple[float, float], ...]:
    return (a.pan_deg, b.pan_deg), (a.tilt_deg, b.tilt_deg), (a.roll_deg, b.roll_deg)


def _between(
    a: Pose, share: float, turns: Sequence[float], move: tuple[float, float, float], zoom: float, k1: float
) -> Pose:
    return Pose(
        a.x_m + share * move[0],
        a.y_m + share * move[1],
        a.z_m + share * move[2],
        a.pan_deg + share * turns[0],
        a.tilt_deg + share * turns[1],
        a.roll_deg + share * turns[2],
        a.focal_px * exp(share * zoom),
        a.k1 + share * k1,
    )
