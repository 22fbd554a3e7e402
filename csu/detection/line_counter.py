"""Vehicles counted at the line itself: a sheet of what drives over it, counted and forgotten when the line is empty.

It needs calibrated ground and a line seen from the traffic's side; elsewhere tracks count (`Crossings`).
A sheet holds speeds by place and picture, no pictures and no numbers of anything (STA-2).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from csu.detection.crossings import Counter
from csu.detection.ground import GroundView
from csu.detection.line_band import LineBand, LineOnGround, Seen, line_on_ground
from csu.detection.line_outlines import Outlines, outlines_of
from csu.detection.observed import Motion
from csu.detection.passages import Passage, Sheet, passages
from csu.hal.analysis import CountLine, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

VEHICLES = frozenset({ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE, ObjectClass.CAR, ObjectClass.BUS, ObjectClass.TRUCK})
QUIET_S, QUIET_DARK_S = 0.6, 1.7
"""A sheet is counted when the line was empty so long; in the dark head lamps come that much before their vehicle,"""
LONGEST_S = 8.0
"""or when it is so long: then its last part goes on"""
KEPT_S = 3.0
"""where the line was emptiest within that."""
AGAIN_M = 4.0
"""A vehicle cut in two by that is counted once: same way, same place to `LANE_M`, and not so far behind itself."""
LANE_M = 1.5
GAP_S = 0.5
"""Between two pictures: longer, and what drove meanwhile is not known."""
DARK_LEVELS = 90.0
"""Mean grey of the empty scene: below it vehicles drive with head lamps that light the ground."""


@dataclass(slots=True)
class LineCounter:
    """One line, picture by picture."""

    line: CountLine
    on_ground: LineOnGround
    _band: LineBand = field(init=False)
    _outlines: tuple[Outlines, ...] = field(init=False)
    _sheet: list[tuple[Nanoseconds, Seen]] = field(default_factory=list)
    _told: list[tuple[Nanoseconds, Passage]] = field(default_factory=list)
    """Of the part of a sheet that went before this one."""
    _at_ns: Nanoseconds | None = None
    _busy_ns: Nanoseconds = 0
    _is_dark: bool = False

    def __post_init__(self) -> None:
        self._band, self._outlines = LineBand(self.on_ground), outlines_of(self.on_ground)

    def step(self, motion: Motion, at_ns: Nanoseconds, counter: Counter) -> None:
        """Take the next picture, and count what is over."""
        elapsed_s = 0.0 if self._at_ns is None else (at_ns - self._at_ns) / NS_PER_S
        self._at_ns = at_ns
        if motion.scene_changed or not 0 < elapsed_s <= GAP_S:
            self.finish(counter)
            self._band.reset()
            return
        seen = self._band.see(motion, elapsed_s)
        is_busy = bool(seen.there.any())
        if not is_busy and not self._sheet:
            return
        if motion.usual is not None:
            self._is_dark = float(motion.usual.mean()) < DARK_LEVELS
        self._sheet.append((at_ns, seen))
        if is_busy:
            self._busy_ns = at_ns
        quiet_s = (at_ns - self._busy_ns) / NS_PER_S
        if quiet_s > (QUIET_DARK_S if self._is_dark else QUIET_S):
            self.finish(counter)
        elif (at_ns - self._sheet[0][0]) / NS_PER_S > LONGEST_S:
            self._count(counter, self._emptiest(at_ns))

    def finish(self, counter: Counter) -> None:
        """Count what has wholly passed; what has not is forgotten with the rest."""
        self._count(counter, len(self._sheet))
        self._sheet.clear()
        self._told.clear()

    def reset(self) -> None:
        """Forget everything: the view changed."""
        self._sheet.clear()
        self._told.clear()
        self._band.reset()
        self._at_ns = None

    def _emptiest(self, at_ns: Nanoseconds) -> int:
        """Where to cut the sheet: within its last seconds, but not within the very last, where things still come."""
        until_s = QUIET_DARK_S if self._is_dark else QUIET_S
        cut = [
            (int(seen.there.sum()), n)
            for n, (when, seen) in enumerate(self._sheet)
            if until_s < (at_ns - when) / NS_PER_S < KEPT_S
        ]
        return min(cut)[1] if cut else len(self._sheet)

    def _count(self, counter: Counter, until: int) -> None:
        """Count what passed before the column `until`, and forget the sheet so far."""
        if not self._sheet:
            return
        began_ns = self._sheet[0][0]
        times_s = np.array([(when - began_ns) / NS_PER_S for when, _ in self._sheet])
        sheet = Sheet(
            times_s,
            np.stack([seen.there for _, seen in self._sheet], axis=1),
            np.stack([seen.speed_m_s for _, seen in self._sheet], axis=1),
        )
        end_s = float(times_s[until]) if until < len(times_s) else np.inf
        found = passages(self.on_ground, self._outlines, sheet, is_dark=self._is_dark)
        told = [(began_ns + round(each.at_s * NS_PER_S), each) for each in found if each.at_s < end_s]
        for at_ns, each in told:
            if each.kind is not None and each.kind in self.line.classes and not self._is_told(at_ns, each):
                counter.crossed(self.line.line, each.kind, each.forward, at_ns)
        self._told = told
        del self._sheet[:until]

    def _is_told(self, at_ns: Nanoseconds, one: Passage) -> bool:
        """Whether it is the rest of one that was counted with the sheet before."""
        return any(
            one.forward == other.forward
            and abs(one.place_m - other.place_m) <= LANE_M
            and (at_ns - when_ns) / NS_PER_S * one.speed_m_s < AGAIN_M
            for when_ns, other in self._told
        )


@dataclass(frozen=True, slots=True)
class LineCounters:
    """The lines of one scene whose vehicles are counted here."""

    lines: tuple[LineCounter, ...]

    @staticmethod
    def of(lines: tuple[CountLine, ...], ground: GroundView | None, size_px: tuple[int, int]) -> LineCounters:
        """Of those that are about vehicles and can be seen so."""
        if ground is None:
            return LineCounters(())
        asked = [each for each in lines if each.classes & VEHICLES]
        shown = [(each, line_on_ground(each, ground, size_px)) for each in asked]
        return LineCounters(tuple(LineCounter(each, on) for each, on in shown if on is not None))

    def left_to_tracks(self, line: CountLine) -> frozenset[ObjectClass]:
        """Which classes of a line are not counted here."""
        here = any(each.line.line == line.line for each in self.lines)
        return line.classes - VEHICLES if here else line.classes

    def step(self, motion: Motion, at_ns: Nanoseconds, counter: Counter) -> None:
        for each in self.lines:
            each.step(motion, at_ns, counter)

    def finish(self, counter: Counter) -> None:
        """Count what has wholly passed: nothing more is looked at."""
        for each in self.lines:
            each.finish(counter)

    def reset(self) -> None:
        for each in self.lines:
            each.reset()
