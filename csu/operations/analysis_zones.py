"""What people drew on the pictures of cameras for the analysis to look at: kept, with who drew it and when.

A drawing permits nothing: `csu.governance.analysis_basis` does. The newest of a camera counts; the older ones stay, so
that anybody can say what was looked at on a past day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from csu.hal.analysis import BinPlace, CountLine, EventType, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.personal_data import unfit_for_a_place
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.operations.kept_rows import KeptRows

DRAWN_MAX = 32
"""Zones, lines and bins of one camera."""
CORNERS_MAX = 64


class DrawingRefused(BadInput):
    """What was drawn on a camera's picture cannot be looked at."""


@dataclass(frozen=True, slots=True)
class CameraDrawing:
    """All that is drawn on one camera's picture. Raises DrawingRefused."""

    camera: CameraId
    drawn_by: str
    drawn_ns: Nanoseconds
    rules: tuple[ZoneRule, ...] = ()
    lines: tuple[CountLine, ...] = ()
    bins: tuple[BinPlace, ...] = ()
    seen_from: Pose | None = None
    """How a camera that turns looked when they were drawn: they hold only while it looks so again."""

    def __post_init__(self) -> None:
        for where, wrong, fr, en in self._faults():
            if wrong:
                raise DrawingRefused(
                    Words(fr, en),
                    where=f"{self.camera}/{where}",
                    what_to_do=Words("Redessinez ; rien n'a changé", "Draw it again; nothing changed"),
                )

    def _faults(self) -> Iterator[tuple[str, bool, str, str]]:
        yield "drawn_by", not self.drawn_by.strip(), "il manque qui l'a dessiné", "who drew it is missing"
        count = len(self.rules) + len(self.lines) + len(self.bins)
        yield "count", count > DRAWN_MAX, f"plus de {DRAWN_MAX} dessins", f"more than {DRAWN_MAX} drawings"
        seen = [(rule.zone.zone, rule.type) for rule in self.rules]
        yield "rules", len(set(seen)) != len(seen), "un type deux fois dans une zone", "a type twice in a zone"
        areas = {(rule.zone.zone, rule.zone) for rule in self.rules}
        yield "rules", len({name for name, _ in areas}) != len(areas), "une zone de deux formes", "a zone of two shapes"
        counters = [*(line.line for line in self.lines), *(each.bin for each in self.bins)]
        yield "lines", len(set(counters)) != len(counters), "un compteur deux fois", "a counter twice"
        names = [*(name for name, _ in seen), *counters]
        unnamed = any(not name.strip() or unfit_for_a_place(name) for name in names)
        yield "name", unnamed, "une zone, une ligne ou un bac sans nom", "a zone, line or bin without a name"
        for rule in self.rules:
            yield rule.zone.zone, not _is_area(rule.zone.corners), "ce n'est pas une zone", "it is no zone"
            lost = rule.type is EventType.WRONG_WAY and not _is_arrow(rule.zone.lane)
            yield rule.zone.zone, lost, "le sens de circulation manque", "the direction of traffic is missing"
            numbers = all(isfinite(value) for _, value in rule.parameters)
            yield rule.zone.zone, not numbers, "un paramètre est impossible", "a parameter cannot be"
        for line in self.lines:
            no_line = not _is_arrow((line.start, line.end)) or not line.classes
            yield line.line, no_line, "ce n'est pas une ligne", "it is no line"
        for each in self.bins:
            yield each.bin, not _is_area(each.corners), "ce n'est pas une place", "it is no place"


class AnalysisZones:
    """The drawings of a centre, durable. Calls block."""

    def __init__(self, path: Path) -> None:
        """Open or begin the file and read it whole. Raises RowNotKept, RowsBroken."""
        self._rows = KeptRows(path, "analysis_drawing", CameraDrawing)
        self._all = self._rows.load()

    def newest(self) -> Mapping[CameraId, CameraDrawing]:
        """What counts now, by camera."""
        return newest_of(self._all.values())

    def history(self, camera: CameraId) -> tuple[CameraDrawing, ...]:
        """All that was ever drawn on it, oldest first."""
        return tuple(each for each in self._all.values() if each.camera == camera)

    def draw(self, drawing: CameraDrawing) -> None:
        """From now on this counts for its camera. Raises RowNotKept: then the former one does."""
        number = max(self._all, default=0) + 1
        self._rows.save(number, drawing)
        self._all[number] = drawing

    def close(self) -> None:
        """Release the file."""
        self._rows.close()


def newest_of(drawings: Iterable[CameraDrawing]) -> Mapping[CameraId, CameraDrawing]:
    """The last of each camera, of drawings in their order."""
    return {each.camera: each for each in drawings}


def _is_point(point: tuple[float, float]) -> bool:
    return all(isfinite(share) and 0 <= share <= 1 for share in point)


def _is_area(corners: tuple[tuple[float, float], ...]) -> bool:
    if not 3 <= len(corners) <= CORNERS_MAX or not all(map(_is_point, corners)):
        return False
    beside = (*corners[1:], corners[0])
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, beside, strict=True))) > 1e-9


def _is_arrow(ends: tuple[tuple[float, float], tuple[float, float]] | None) -> bool:
    return ends is not None and all(map(_is_point, ends)) and ends[0] != ends[1]
