"""Many people run, in one direction, or suddenly and apart (décret 2023-828, art. 3, 6o)."""

from __future__ import annotations

from collections import deque
from math import hypot
from statistics import median

import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Ground, Observed, Tracked
from csu.detection.parameters import CrowdMovementParameters
from csu.detection.rules.crowd_flow import CrowdFlow
from csu.detection.rules.of_zone import Holding, MostLately, OfZone, Window
from csu.detection.rules.zone import ZoneOnPicture
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

KEPT_SHARE = 0.8
"""Of the pictures of the duration: a detector loses some of many people now and then."""
YOUNG_NS = NS_PER_S // 2
"""A track's velocity means nothing before."""
USUAL_S = 20.0
"""What is usual is the median of so long."""
LEAST_MOVING = 0.02
"""Share of a zone that moves when one may call it usual: three times nothing is nothing."""
STROLL_M_S = 0.8
"""As many people as are asked for, who stroll: the least that one may call a usual flow."""


KNOWN_S, KNOWN_SHARE = 6.0, 0.375
"""What flows is a crowd where so many of the people asked for were followed one by one of late: a lorry flows too."""


class CrowdMovement(OfZone):
    """Enough people, fast on the average, and agreeing in direction or of a sudden."""

    TYPE = EventType.CROWD_MOVEMENT
    VERSION = 3

    def __init__(self, zone: ZoneOnPicture, parameters: CrowdMovementParameters, ground: Ground) -> None:
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._window = Window(parameters.duration_s)
        self._flow = CrowdFlow(zone, ground, parameters.people)
        self._people = MostLately(KNOWN_S)
        self._usual: deque[tuple[Nanoseconds, float]] = deque()
        self._usual_flow: deque[tuple[Nanoseconds, float]] = deque()
        self._cells: NDArray[np.bool_] | None = None

    def _holds(self, seen: Observed) -> Holding | None:
        there = self._zone.tracks_in(seen, frozenset({ObjectClass.PERSON}))
        people = [each for each in there if each.velocity_m_s is not None and seen.at_ns - each.first_ns >= YOUNG_NS]
        needed = self._parameters
        ways = [(float(len(people)), *_speed_and_coherence(people))]
        flow, known = self._flow.step(seen), self._people.add(seen.at_ns, len(there))
        if flow is not None and known >= KNOWN_SHARE * needed.people:
            ways.append((flow.people, flow.speed_m_s, flow.coherence))
        quickens = self._quickens(seen.at_ns, 0.0 if flow is None else flow.people * flow.speed_m_s**2)
        is_sudden = self._rises(seen) or quickens
        count, speed, coherence = max(ways, key=lambda way: (way[0] >= needed.people) * way[1])
        is_so = count >= needed.people and speed > needed.speed_m_s and (coherence > needed.coherence or is_sudden)
        self._window.add(seen.at_ns, is_so)
        share = self._window.share
        if not is_so or share is None or share < KEPT_SHARE:
            return None
        return Holding(self._window.since_ns, [each.box for each in people], 1 - 0.5 * needed.speed_m_s / speed)

    def _quickens(self, at_ns: Nanoseconds, energy: float) -> bool:
        """Whether the flow's energy, people times their speed squared, is far above the usual: a square full of people
        who stroll moves as much before they run, but not so fast."""
        least = self._parameters.people * STROLL_M_S**2
        return _is_far_above(self._usual_flow, at_ns, energy, self._parameters.rise, least)

    def _rises(self, seen: Observed) -> bool:
        """Whether far more of the zone moves than is usual. Nothing is usual before half of `USUAL_S` was seen."""
        energy = seen.motion.energy
        if self._cells is None or self._cells.size != energy.size:
            self._cells = self._zone.cells(energy.shape)[1]
            self._usual.clear()
        cells = self._cells
        moving = float(np.count_nonzero(energy.ravel()[cells])) / max(int(np.count_nonzero(cells)), 1)
        return _is_far_above(self._usual, seen.at_ns, moving, self._parameters.rise, LEAST_MOVING)

    def _forget(self) -> None:
        self._window.clear()
        self._usual.clear()
        self._usual_flow.clear()
        self._people.clear()
        self._flow.forget()


def _is_far_above(
    usual: deque[tuple[Nanoseconds, float]], at_ns: Nanoseconds, now: float, times: float, least: float
) -> bool:
    """Whether `now` is so many times what was usual, or the least that may be called so; then it is usual too."""
    known_ns = at_ns - usual[0][0] if usual else 0
    middle = median(each for _, each in usual) if usual else 0.0
    usual.append((at_ns, now))
    while usual[0][0] < at_ns - USUAL_S * NS_PER_S:
        usual.popleft()
    return known_ns >= USUAL_S * NS_PER_S / 2 and now >= times * max(middle, least)


def _speed_and_coherence(people: list[Tracked]) -> tuple[float, float]:
    """Mean speed, and |sum of velocities| over sum of speeds: 1 when all go one way."""
    velocities = [each.velocity_m_s for each in people if each.velocity_m_s is not None]
    total = sum(hypot(*velocity) for velocity in velocities)
    if total == 0:
        return 0.0, 0.0
    together = hypot(sum(x for x, _ in velocities), sum(y for _, y in velocities))
    return total / len(velocities), together / total
