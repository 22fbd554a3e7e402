"""A start of fire, as a candidate (décret 2023-828, art. 3, 8o): bright orange, growing, flickering, and nobody's.

Never tried on a real fire. Neon, headlights and beacons took the field's systems in (committee's report of January
2025). So the rule is off until somebody has measured it: `make_rules` gives it to a measurement only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Observed
from csu.detection.parameters import FireStartParameters
from csu.detection.rules.of_zone import Holding, OfZone
from csu.detection.rules.zone import Box, ZoneOnPicture, boxes_of, inside_of, overlaps
from csu.hal.analysis import EventType
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import YuvPlanes
from csu.hal.words import Words

NOT_MEASURED = Words(
    "jamais mesuré sur un vrai feu : éteint jusqu'à une mesure", "never measured on a real fire: off until it is"
)
BRIGHT, RED_MIN, BLUE_MAX = 140, 150, 118
"""Luma, Cr and Cb of a flame (8 bit)."""
SWING_MIN = 0.02
"""Of the brightness, by which it flickers; a lamp is steadier."""
SWING_MAX = 0.6
"""A beacon goes out between two flashes."""
SAMPLES_MIN = 10
PLACE = 0.15
"""A flame stays where it is: its region still overlaps the first one so much. Headlights do not."""


@dataclass(frozen=True, slots=True)
class _Look:
    at_ns: Nanoseconds
    box: Box
    area: float
    """Pixels of the half-size colour planes."""
    light: float


class FireStart(OfZone):
    """The largest flame-coloured region of the zone, over a few seconds."""

    TYPE = EventType.FIRE_START
    VERSION = 1

    def __init__(self, zone: ZoneOnPicture, parameters: FireStartParameters) -> None:
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._looks: deque[_Look] = deque()
        self._inside: NDArray[np.uint8] | None = None

    def _holds(self, seen: Observed) -> Holding | None:
        look = self._look(seen)
        if look is None or _is_somebodys(look.box, seen):
            self._looks.clear()
            return None
        self._looks.append(look)
        duration_ns = self._parameters.duration_s * NS_PER_S
        while len(self._looks) > 1 and self._looks[1].at_ns <= look.at_ns - duration_ns:
            self._looks.popleft()
        first = self._looks[0]
        is_long = look.at_ns - first.at_ns >= duration_ns and len(self._looks) >= SAMPLES_MIN
        if not is_long or float(overlaps(boxes_of(first.box), look.box)[0]) < PLACE:
            return None
        third = max(len(self._looks) // 3, 1)
        areas = [each.area for each in self._looks]
        growth = sum(areas[-third:]) / sum(areas[:third])
        if growth < self._parameters.growth or not self._flickers():
            return None
        return Holding(first.at_ns, [look.box], 1 - 0.5 / growth)

    def _flickers(self) -> bool:
        """By how often its light crosses its own trend. Pictures that come slower than twice the least frequency
        cannot tell it, and so say no."""
        times_s = np.array([each.at_ns for each in self._looks], np.float64) / NS_PER_S
        light = np.array([each.light for each in self._looks])
        trend = np.polyval(np.polyfit(times_s - times_s[0], light, 1), times_s - times_s[0])
        swing = (light - trend) / np.maximum(trend, 1.0)
        if not SWING_MIN <= float(np.abs(swing).mean()) <= SWING_MAX:
            return False
        crossings = int(np.count_nonzero(np.diff(np.sign(swing)) != 0))
        frequency_hz = crossings / 2 / float(times_s[-1] - times_s[0])
        return self._parameters.flicker_hz_min <= frequency_hz <= self._parameters.flicker_hz_max

    def _look(self, seen: Observed) -> _Look | None:
        """The largest region of flame in the zone, large enough."""
        flame = _flame(seen.planes)
        rows, columns = flame.shape
        if self._inside is None or self._inside.shape != flame.shape:
            self._inside = self._zone.cells((rows, columns))[1].reshape(rows, columns).astype(np.uint8)
        flame &= self._inside
        if seen.hidden is not None:
            flame[cv2.resize(seen.hidden, (columns, rows), interpolation=cv2.INTER_NEAREST) > 0] = 0
        count, labels, stats, _ = cv2.connectedComponentsWithStats(flame, connectivity=8)
        if count < 2:
            return None
        largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        left, top, width, height, area = (float(each) for each in stats[largest])
        if area < self._parameters.area_share * flame.size:
            return None
        x, y = seen.size_px[0] / columns, seen.size_px[1] / rows
        light = float(seen.planes.y[::2, ::2][:rows, :columns][labels == largest].mean())
        return _Look(seen.at_ns, (left * x, top * y, (left + width) * x, (top + height) * y), area, light)

    def _forget(self) -> None:
        self._looks.clear()


def _flame(planes: YuvPlanes) -> NDArray[np.uint8]:
    """(rows, columns) of the colour planes: 1 where it is bright orange to yellow."""
    rows, columns = planes.v.shape
    luma = planes.y[::2, ::2][:rows, :columns]
    is_flame = (luma >= BRIGHT) & (planes.v >= RED_MIN) & (planes.u <= BLUE_MAX)
    return is_flame.astype(np.uint8)


def _is_somebodys(box: Box, seen: Observed) -> bool:
    """A vehicle's light, somebody's jacket."""
    return any(float(inside_of(boxes_of(box), each.box)[0]) >= 0.5 for each in seen.tracks)
