"""The ground beside a counting line, seen from the side: how fast what is on the line goes over it, place by place.

What the gate calls changed is laid out on the ground in rows across the line. A row is compared with itself one picture
before, shifted by every speed: where one shift fits far better than the others, that is the speed there. Nothing of a
picture is kept but the rows of the last one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.crossings import side_of
from csu.detection.ground import GroundView
from csu.detection.motion_gate import GATE_COLUMNS
from csu.detection.observed import Motion
from csu.hal.analysis import CountLine

Floats = NDArray[np.float64]
STEP_M, ACROSS_M = 0.5, 0.25
"""Between rows along the line, and between places of a row."""
REACH_M, WINDOW_M = 4.0, 1.5
"""Half a row, and half of what is compared."""
BEFORE_M, BEYOND_M = 2.0, 4.0
"""Rows before the line's start and beyond its end: what stands on the line shows there too."""
LENGTH_MAX_M = 60.0
SIDEWAYS = 1.2
"""From where a camera that looks across the line sees heights along it; one that looks along the traffic sees who
follows hide who is before, and a passage says little: tracks count there."""
LEANS_MIN = 0.5
"""Tangent of the view from above: from straight above heights show nowhere."""
CELLS_MIN = 0.5
"""Cells of the gate between two rows."""
SPEEDS_M_S = np.arange(-20.0, 20.01, 0.5)
ON_LINE_M = 0.5
SEEN = 0.4
"""Share of a row's middle that changed: something is on the line."""
CONTRAST = 3.0
"""Grey levels by which shifts must differ to tell a speed;"""
FITS, ALONE, APART_M_S = 0.65, 0.85, 4.0
"""the best is that much better than a middling one, and than any so far from it: a row of windows fits often."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture at a line. `there`: (rows,); `speed_m_s`: (rows,), 0: not known, positive: forward."""

    there: NDArray[np.bool_]
    speed_m_s: Floats


@dataclass(frozen=True, slots=True)
class LineOnGround:
    """A line whose passages can be told, laid out on the ground."""

    along_m: Floats
    """(rows,): place of each along the line, 0 its start."""
    length_m: float
    lean: Floats
    """(rows, 2): along and across, by how far an upright metre reaches, over the camera's height."""
    high_m: float
    """Of the camera above the ground."""
    inside: NDArray[np.bool_]
    """(rows,): whether it is on the picture."""
    cells: NDArray[np.float32]
    """(rows, places, 2): x, y in the gate's small picture."""


def line_on_ground(line: CountLine, ground: GroundView, size_px: tuple[int, int]) -> LineOnGround | None:
    """None: it is seen along the traffic, from straight above, too far or too long: tracks must count there."""
    ends_px = np.array([line.start, line.end]) * size_px
    start, end = ground.to_ground(ends_px)
    length = float(np.hypot(*(end - start)))
    if not 1.0 <= length <= LENGTH_MAX_M:  # NaN too
        return None
    way = (end - start) / length
    right = _to_the_right(ground, start, end, way)
    along = np.arange(-BEFORE_M, length + BEYOND_M, STEP_M)
    places = np.arange(-REACH_M, REACH_M + ACROSS_M / 2, ACROSS_M)
    on_line = start + along[:, None] * way
    points = on_line[:, None] + places[None, :, None] * right
    factor = max(1, round(size_px[0] / GATE_COLUMNS))
    cells = (ground.to_picture(points.reshape(-1, 2)) / factor - 0.5).reshape(len(along), len(places), 2)
    shown = np.asarray(((cells >= 0) & (cells <= np.array(size_px) // factor - 1)).all(axis=2))
    inside = np.asarray(shown[:, np.abs(places) <= ON_LINE_M].all(axis=1))
    high = ground.pose.z_m - ground.ground_m
    off = (on_line - np.array([ground.pose.x_m, ground.pose.y_m])) / high
    lean = np.stack([off @ way, off @ right], axis=1)
    own = (along >= 0) & (along <= length)
    middle = cells[:, len(places) // 2]
    if not inside[own].all() or np.hypot(*np.diff(middle[own], axis=0).T).min() < CELLS_MIN:
        return None
    seen_along, seen_across = np.abs(lean[own].mean(axis=0))
    if seen_along < LEANS_MIN or seen_across > SIDEWAYS * seen_along:
        return None
    return LineOnGround(along, length, lean, high, inside, np.nan_to_num(cells, nan=-100.0).astype(np.float32))


def _to_the_right(ground: GroundView, start: Floats, end: Floats, way: Floats) -> Floats:
    """The direction across the line that goes to its right on the picture, as `CountLine` says forward."""
    right = np.array([way[1], -way[0]])
    middle = (start + end) / 2
    a, b, beside = ground.to_picture(np.stack([start, end, middle + right]))
    is_right = side_of((beside[0], beside[1]), (a[0], a[1]), (b[0], b[1])) > 0
    return right if is_right else -right


class LineBand:
    """The rows of one line, picture by picture."""

    def __init__(self, line: LineOnGround) -> None:
        self._line = line
        self._before: Floats | None = None

    def reset(self) -> None:
        """Forget the last picture's rows."""
        self._before = None

    def see(self, motion: Motion, elapsed_s: float) -> Seen:
        """What is on the line in this picture. `elapsed_s`: since the last."""
        rows = len(self._line.along_m)
        nothing = Seen(np.zeros(rows, np.bool_), np.zeros(rows))
        if motion.changed is None or motion.luma is None or motion.usual is None:
            self._before = None
            return nothing
        changed = motion.changed > 0
        apart = (motion.luma.astype(np.float32) - motion.usual) * changed
        x, y = self._line.cells[..., 0], self._line.cells[..., 1]
        now = np.asarray(cv2.remap(apart, x, y, cv2.INTER_LINEAR), np.float64)
        full = cv2.remap(changed.astype(np.float32), x, y, cv2.INTER_LINEAR)
        before, self._before = self._before, now
        half = full.shape[1] // 2
        near = round(ON_LINE_M / ACROSS_M)
        there = np.asarray(full[:, half - near : half + near + 1].mean(axis=1) > SEEN)
        if before is None or not there.any():
            return Seen(there, nothing.speed_m_s)
        return Seen(there, np.where(there, _speeds(before, now, elapsed_s), 0.0))


def _speeds(before: Floats, now: Floats, elapsed_s: float) -> Floats:
    """(rows,) m/s, 0 where no shift is far better than the others."""
    window = np.arange(-WINDOW_M, WINDOW_M + ACROSS_M / 2, ACROSS_M)
    costs = np.empty((len(SPEEDS_M_S), len(now)))
    for n, speed in enumerate(SPEEDS_M_S.tolist()):
        shift = min(REACH_M - WINDOW_M, max(WINDOW_M - REACH_M, speed * elapsed_s / 2))
        costs[n] = np.abs(_at(now, window + shift) - _at(before, window - shift)).mean(axis=1)
    costs = np.asarray(cv2.blur(costs, (3, 1)))
    best = SPEEDS_M_S[costs.argmin(axis=0)]
    least, middling = costs.min(axis=0), np.median(costs, axis=0)
    others = np.where(np.abs(SPEEDS_M_S[:, None] - best) > APART_M_S, costs, np.inf).min(axis=0)
    is_sure = (middling > CONTRAST) & (least < FITS * middling) & (least < ALONE * others)
    return np.where(is_sure, best, 0.0)


def _at(rows: Floats, places_m: Floats) -> Floats:
    at = (places_m + REACH_M) / ACROSS_M
    low = np.clip(np.floor(at).astype(np.int64), 0, rows.shape[1] - 2)
    share = at - low
    return np.asarray(rows[:, low] * (1 - share) + rows[:, low + 1] * share, np.float64)
