"""Which vehicles explain what went over a line: sizes of the table are laid on rows and pictures, best first.

Rows along the line by pictures make a sheet on which everything that drives by leaves its outline, as long as it is at
its speed. An outline fits where it is full and ends where what is seen ends; what is behind another going the other way
is neither for nor against it. What is explained is taken off, until nothing more fits (decision 0096).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.detection.line_band import LineOnGround
from csu.detection.line_outlines import Outlines
from csu.detection.models.vehicle_sizes import TYPICAL_SIZES
from csu.hal.analysis import ObjectClass

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MOVES_M_S = 0.8
EMPTY, HIDDEN, UNSURE = -1.2, -0.2, 0.2
"""Worth of a cell of an outline where nothing is, something goes the other way, something is whose speed is not known;
where something goes its way: 1."""
EDGE, EDGE_M = -0.6, 1.0
"""Of what goes its way just outside of an outline, and how far."""
FULL = 0.35
"""Least worth of what shows of an outline, by its area;"""
SHOWS = 0.15
"""and least share of it that shows."""
WORTH_MIN = 1.2
"""m2: less is no vehicle."""
HEAVY = 0.9
"""A lorry must explain more than two cars do."""
ROWS_AROUND = 2
"""Rows over and under an outline, that belong to it when it is accepted."""
BEAM_M, BEAM_ROWS_M, BEAM_LANE_M = 10.0, 3.0, 2.0
"""In the dark what head lamps light before a vehicle is its own: so far ahead, so wide."""
TWO_WHEELERS = frozenset({ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE})
GLUED_M, GLUED_LANE_M = 2.0, 1.5
FILL_PICTURES, FILL_ROWS = 8, 6
"""Over how much of unknown speed a speed on both sides is carried."""
SPEEDS_M_S: dict[ObjectClass | None, tuple[float, float]] = {
    None: (0.0, 3.0),
    ObjectClass.BICYCLE: (2.0, 7.5),
    ObjectClass.MOTORCYCLE: (6.0, 99.0),
}
ANY_M_S = (1.5, 99.0)


@dataclass(frozen=True, slots=True)
class Passage:
    """A vehicle over the line. Times in the sheet's seconds."""

    at_s: float
    end_s: float
    kind: ObjectClass | None
    """None: people on foot."""
    forward: bool
    place_m: float
    speed_m_s: float
    length_m: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was seen on a line. `times_s`: (pictures,); the others: (rows, pictures)."""

    times_s: Floats
    there: Bools
    speed_m_s: Floats


def passages(line: LineOnGround, outlines: Sequence[Outlines], sheet: Sheet, *, is_dark: bool) -> list[Passage]:
    """Those that passed wholly within the sheet, in time."""
    found: list[Passage] = []
    if sheet.there.shape[1] > 1:
        for forward in (True, False):
            ways = _Way(line, outlines, sheet, forward, is_dark)
            while (passage := ways.next()) is not None:
                found.append(passage)
    found = [each for each in found if not _is_glued(each, found)]
    found.sort(key=lambda each: each.at_s)
    return _without_beams(found) if is_dark else found


def _is_glued(one: Passage, found: Sequence[Passage]) -> bool:
    """Nobody rides within a metre of a bumper: what looks like it is a corner of a vehicle that is larger than its row
    of the table."""
    return one.kind in TWO_WHEELERS and any(
        other.kind not in TWO_WHEELERS
        and other.kind is not None
        and one.forward == other.forward
        and abs(one.place_m - other.place_m) <= GLUED_LANE_M
        and abs(one.at_s - other.at_s) * other.speed_m_s < other.length_m / 2 + GLUED_M
        for other in found
    )


def _without_beams(found: Sequence[Passage]) -> list[Passage]:
    """A light that runs before a vehicle in its lane is no second one."""

    def is_beam(one: Passage) -> bool:
        return any(
            one.forward == other.forward
            and 0 < (other.at_s - one.at_s) * one.speed_m_s < BEAM_M + EDGE_M
            and abs(other.place_m - one.place_m) <= BEAM_LANE_M
            for other in found
        )

    return [each for each in found if not is_beam(each)]


@dataclass(frozen=True, slots=True)
class _Best:
    worth: float
    outlines: Outlines
    size: int
    at: int
    speed: float
    begin: Floats
    end: Floats


class _Way:
    """One direction of a sheet."""

    def __init__(
        self, line: LineOnGround, outlines: Sequence[Outlines], sheet: Sheet, forward: bool, is_dark: bool
    ) -> None:
        self._line, self._outlines, self._forward, self._is_dark = line, outlines, forward, is_dark
        self._times = sheet.times_s
        self._every_s = float(np.median(np.diff(sheet.times_s)))
        speed = sheet.speed_m_s if forward else -sheet.speed_m_s
        mine, unsure = speed > MOVES_M_S, sheet.there & (np.abs(speed) < MOVES_M_S)
        speed = np.where(mine, speed, np.nan)
        _fill(mine, unsure, speed)
        self._speed = [self._speeds_at(each.place_m, speed) for each in outlines]
        self._worth = (
            np.where(mine, 1.0, np.where(unsure, UNSURE, np.where(sheet.there, HIDDEN, EMPTY)))
            * np.where(line.inside, 1.0, 0.0)[:, None]
        )
        self._same, self._shows = mine.astype(np.float64), (mine | ~sheet.there).astype(np.float64)

    def next(self) -> Passage | None:
        """The vehicle that explains most of what is left, taken off the sheet."""
        sums = [np.pad(each.cumsum(axis=1), ((0, 0), (1, 0))) for each in (self._worth, self._same, self._shows)]
        best: _Best | None = None
        for outlines, speeds in zip(self._outlines, self._speed, strict=True):
            each = self._best_at(outlines, speeds, sums)
            if each is not None and (best is None or each.worth > best.worth):
                best = each
        if best is None or best.worth < WORTH_MIN:
            return None
        self._take_off(best)
        end = float(np.interp(np.nanmax(best.end) - 0.5, np.arange(len(self._times)), self._times))
        size = TYPICAL_SIZES[best.size]
        at_s, place_m = float(self._times[best.at]), best.outlines.place_m
        return Passage(at_s, end, size.kind, self._forward, place_m, best.speed, size.length_m)

    def _best_at(self, outlines: Outlines, speeds: Floats, sums: Sequence[Floats]) -> _Best | None:
        """Of all sizes at one place of the line, at any picture in which a speed is known there."""
        rows = np.flatnonzero(~np.isnan(outlines.rear_m).all(axis=0))
        at = np.flatnonzero(~np.isnan(speeds))
        if not len(rows) or not len(at):
            return None
        speed = speeds[at][:, None, None]
        pace = speed * self._every_s
        low, high = outlines.rear_m[:, rows], outlines.front_m[:, rows]
        rear, front = (low, high) if self._forward else (-high, -low)
        begin, end = at[:, None, None] + 0.5 - front / pace, at[:, None, None] + 0.5 - rear / pace
        covers = ~np.isnan(begin)
        begin, end = np.where(covers, begin, 0.0), np.where(covers, end, 0.0)

        def within(total: Floats, start: Floats, stop: Floats, on: NDArray[np.intp] = rows) -> Floats:
            return (_until(total, on, stop) - _until(total, on, start)) * covers

        cell_m2 = pace[..., 0] * (self._line.along_m[1] - self._line.along_m[0])
        worth = within(sums[0], begin, end).sum(axis=2) * cell_m2
        shows = within(sums[2], begin, end).sum(axis=2) * cell_m2
        area = (end - begin).sum(axis=2) * cell_m2
        aside = EDGE_M / pace
        edge = within(sums[1], begin - aside, begin) + within(sums[1], end, end + aside)
        around = edge.sum(axis=2) + self._over_and_under(sums[1], rows, covers, begin, end)
        full = np.clip(worth / np.maximum(shows, 0.1 * area + 1e-9), 0.01, 1.0)
        is_whole = np.where(covers, end, -np.inf).max(axis=2) <= len(self._times) + 0.2
        allowed, heavy = _kinds(speeds[at])
        fits = allowed & is_whole & (full >= FULL) & (shows >= SHOWS * area)
        value = np.where(fits, (worth + EDGE * around * cell_m2) * heavy * full, -np.inf)
        n, size = np.unravel_index(int(value.argmax()), value.shape)
        if not np.isfinite(value[n, size]):
            return None
        whole = np.full((2, len(self._line.along_m)), np.nan)
        shown = covers[n, size] if covers.shape[0] > 1 else covers[0, size]
        whole[:, rows] = np.where(shown, begin[n, size], np.nan), np.where(shown, end[n, size], np.nan)
        return _Best(float(value[n, size]), outlines, int(size), int(at[n]), float(speeds[at[n]]), whole[0], whole[1])

    def _over_and_under(
        self, same: Floats, rows: NDArray[np.intp], covers: Bools, begin: Floats, end: Floats
    ) -> Floats:
        """(pictures, sizes): cells that go its way in the rows under its foot, and half of those over its top."""
        last = covers.shape[2] - 1 - covers[0, :, ::-1].argmax(axis=1)
        first = covers[0].argmax(axis=1)
        sizes, found = np.arange(covers.shape[1]), np.zeros(begin.shape[:2])
        for at, step, weight in ((first, -1, 1.0), (last, 1, 0.5)):
            start, stop = begin[:, sizes, at], end[:, sizes, at]
            for n in range(1, ROWS_AROUND + 1):
                row = rows[at] + step * n
                is_row = (row >= 0) & (row < len(same))
                row = np.clip(row, 0, len(same) - 1)
                found += weight * is_row * (_until(same, row, stop) - _until(same, row, start))
        return found

    def _speeds_at(self, place_m: float, speed: Floats) -> Floats:
        """(pictures,): how fast it goes at the foot of what stands there; NaN: nothing does."""
        off = self._line.along_m - place_m
        near = _median_around(speed[(off >= -0.6) & (off <= 1.6)], 1)
        return np.where(np.isnan(near), _median_around(speed[(off >= -0.6) & (off <= 4.0)], 2), near)

    def _take_off(self, best: _Best) -> None:
        aside = EDGE_M / best.speed / self._every_s
        rows = np.flatnonzero(~np.isnan(best.begin))
        for row in rows.tolist():
            self._clear(slice(row, row + 1), best.begin[row] - aside, best.end[row] + aside)
        begin, end = float(np.nanmin(best.begin)), float(np.nanmax(best.end))
        self._clear(slice(max(0, rows[0] - ROWS_AROUND), rows[0]), begin, end)
        self._clear(slice(rows[-1] + 1, rows[-1] + 1 + ROWS_AROUND), begin, end)
        if self._is_dark:
            off = np.flatnonzero(np.abs(self._line.along_m - best.outlines.place_m) < BEAM_ROWS_M)
            self._clear(slice(off[0], off[-1] + 1), begin - BEAM_M / best.speed / self._every_s, end + 2)

    def _clear(self, rows: slice, begin: float, end: float) -> None:
        part = rows, slice(max(0, int(begin)), max(0, int(np.ceil(end))))
        mine = self._same[part] > 0
        self._worth[part][mine] = self._shows[part][mine] = self._same[part][mine] = 0.0


def _until(total: Floats, rows: NDArray[np.intp], at: Floats) -> Floats:
    """Sums of rows up to a place between two pictures."""
    inside = np.clip(at, 0, total.shape[1] - 1)
    low = np.minimum(inside.astype(np.int64), total.shape[1] - 2)
    before = total[rows, low]
    return np.asarray(before + (total[rows, low + 1] - before) * (inside - low), np.float64)


def _kinds(speeds: Floats) -> tuple[Bools, Floats]:
    """(pictures, sizes): which of the table may go so fast; (sizes,): weight of each."""
    limits = np.array([SPEEDS_M_S.get(size.kind, ANY_M_S) for size in TYPICAL_SIZES])
    heavy = [HEAVY if size.kind in (ObjectClass.BUS, ObjectClass.TRUCK) else 1.0 for size in TYPICAL_SIZES]
    return (speeds[:, None] > limits[:, 0]) & (speeds[:, None] < limits[:, 1]), np.array(heavy)


def _fill(mine: Bools, unsure: Bools, speed: Floats) -> None:
    """Carry a direction over what has no speed of its own, between two that have it; twice: a hole has two sides."""
    for _ in range(2):
        _fill_between(mine, unsure, speed, FILL_PICTURES)
        _fill_between(mine.T, unsure.T, None, FILL_ROWS)


def _fill_between(mine: Bools, unsure: Bools, speed: Floats | None, most: int) -> None:
    for n, (own, maybe) in enumerate(zip(mine, unsure, strict=True)):
        at = np.flatnonzero(own)
        for one, two in zip(at[:-1].tolist(), at[1:].tolist(), strict=True):
            if 1 < two - one <= most and maybe[one + 1 : two].all():
                own[one + 1 : two] = True
                if speed is not None:
                    speed[n, one + 1 : two] = (speed[n, one] + speed[n, two]) / 2


def _median_around(speed: Floats, pictures: int) -> Floats:
    """(pictures,): median of the rows, so many pictures before and after; NaN from less than two cells."""
    wide = np.pad(speed, ((0, 0), (pictures, pictures)), constant_values=np.nan)
    known = np.lib.stride_tricks.sliding_window_view(wide, 2 * pictures + 1, axis=1).transpose(1, 0, 2)
    known = np.sort(known.reshape(speed.shape[1], -1), axis=1)  # what is not known comes last
    count, at = (~np.isnan(known)).sum(axis=1), np.arange(len(known))
    median = (known[at, np.maximum(count - 1, 0) // 2] + known[at, count // 2]) / 2
    return np.where(count >= 2, median, np.nan)
