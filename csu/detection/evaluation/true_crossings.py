"""Who truly crossed a line, by true boxes. Written apart from what counts in the product: it shares no code with it."""

from __future__ import annotations

from collections import Counter

from csu.detection.evaluation.counting import Counted
from csu.detection.evaluation.tracking import Boxes
from csu.hal.analysis import CountLine, ObjectClass

_CLEAR_OF_IT = 0.01
"""How far from the line, in widths of the picture, one stands to be on a side of it: who stops on it has not passed."""


class TrueCrossings:
    """Follows the feet of true objects over one line. An object counts each time it is on the other side."""

    def __init__(self, line: CountLine, width_px: int, height_px: int) -> None:
        self.line = line
        self.counted: Counter[Counted] = Counter()
        self._start = line.start[0] * width_px, line.start[1] * height_px
        self._end = line.end[0] * width_px, line.end[1] * height_px
        self._clear_px = _CLEAR_OF_IT * width_px
        self._sides: dict[int, int] = {}
        """Object -> the side it was last clearly on beside the line: -1 left, 1 right."""
        self._passed_at_line: dict[int, bool] = {}
        self._last: dict[int, tuple[float, float]] = {}

    def see(self, number: int, kind: ObjectClass, box: Boxes) -> None:
        """One object in one picture, its box in px."""
        if kind not in self.line.classes:
            return
        foot = (float(box[0] + box[2]) / 2, float(box[3]))
        along, off_px = self._where(foot)
        before = self._last.get(number)
        self._last[number] = foot
        if before is not None:
            before_along, before_off = self._where(before)
            if before_off * off_px <= 0 and before_off != off_px:
                share = before_off / (before_off - off_px)
                at_line = before_along + share * (along - before_along)
                self._passed_at_line[number] = 0 <= at_line <= 1
        if abs(off_px) < self._clear_px:
            return
        side = 1 if off_px > 0 else -1
        if self._sides.get(number, side) != side and self._passed_at_line.get(number, False):
            self.counted[Counted(self.line.line, kind, forward=side > 0)] += 1
        self._sides[number] = side

    def _where(self, point: tuple[float, float]) -> tuple[float, float]:
        """(place along the line, 0 its start and 1 its end; px to the right of it)."""
        ahead = self._end[0] - self._start[0], self._end[1] - self._start[1]
        to = point[0] - self._start[0], point[1] - self._start[1]
        length = (ahead[0] ** 2 + ahead[1] ** 2) ** 0.5
        # rows count downwards, so that a positive cross product lies to the right
        return (ahead[0] * to[0] + ahead[1] * to[1]) / length**2, (ahead[0] * to[1] - ahead[1] * to[0]) / length
