"""The counters of a centre: lines across traffic or footfall, places of bins; why each may count, and until when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite

from pydantic import TypeAdapter, ValidationError

from csu.governance import Span, start_of_day
from csu.governance.purposes import Use
from csu.hal.analysis import BinPlace, CountLine, ObjectClass
from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.hal.personal_data import personal_data_in, unfit_for_a_place
from csu.hal.words import Words

SLOTS_S = (300, 600, 900, 1800, 3600)
"""Five minutes at least (STA-2); each divides the hour, so that no slot lies across a midnight of Paris."""
DAYS_MAX = 366
"""[D]: what is counted is looked at again, and decided again, within a year."""
COUNTERS_MAX = 5_000
CORNERS_MAX = 32
DEPOSIT = "deposit"
"""What a bin's `SlotCount.counted` says."""
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,8}", re.ASCII)
NAME_SIGNS_MAX = 40
TEXT_SIGNS_MAX = 120


class CountersUnusable(BadInput):
    """What was entered can be no counters."""


class CounterKind(StrEnum):
    """What is counted; each has a purpose of its own."""

    TRAFFIC = "traffic"
    FOOTFALL = "footfall"
    BIN = "bin"


USE_OF: Mapping[CounterKind, Use] = {
    CounterKind.TRAFFIC: Use.TRAFFIC_COUNTS,
    CounterKind.FOOTFALL: Use.FOOTFALL_COUNTS,
    CounterKind.BIN: Use.BIN_COUNTS,
}
CLASSES_OF: Mapping[CounterKind, frozenset[ObjectClass]] = {
    CounterKind.TRAFFIC: frozenset(
        {ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE, ObjectClass.CAR, ObjectClass.BUS, ObjectClass.TRUCK}
    ),
    CounterKind.FOOTFALL: frozenset({ObjectClass.PERSON}),
    CounterKind.BIN: frozenset(),
}
"""What a counter of that kind may count."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One line, or one bin. Raises CountersUnusable for what can be none."""

    counter: str
    """Its name: unique in the centre, and never given to another place."""
    camera: CameraId
    kind: CounterKind
    place: str
    """Where it is, as people say it."""
    points: tuple[tuple[float, float], ...]
    """Shares of the picture: of a line its start and its end, of a bin the corners of its zone."""
    decision: str
    """Of the controller, that this is counted: number and date of a resolution or a decision."""
    sign: str
    """The public sign that tells of it (STA-1): its number in the register of signs."""
    from_day: date
    ends_on: date
    """The first day it no longer counts."""
    classes: frozenset[ObjectClass] = frozenset()
    forward: str = ""
    """Where those go that cross the line from its left to its right: `vers la gare`."""
    backward: str = ""
    slot_s: int = 900
    capacity_deposits: int | None = None
    """Of a bin: how many deposits fill it; None: nobody says."""

    def __post_init__(self) -> None:
        for wrong, fr, en in self._faults():
            if wrong:
                raise unusable(self.counter or "?", Words(fr, en))

    def _faults(self) -> tuple[tuple[bool, str, str], ...]:
        is_bin = self.kind is CounterKind.BIN
        corners = len(self.points)
        named = len(self.counter) <= NAME_SIGNS_MAX and _NAME.fullmatch(self.counter) is not None
        texts = (self.decision, self.forward, self.backward)
        return (
            (
                not named or bool(personal_data_in(self.counter)),
                "un nom : a-z, 0-9, tirets",
                "a name: a-z, 0-9, -",
            ),
            (not self.place.strip() or unfit_for_a_place(self.place) is not None, "lieu impropre", "unfit place"),
            (any(unfit_for_a_place(text) for text in texts), "texte impropre", "unfit text"),
            (not self.decision.strip(), "quelle décision le permet ?", "which decision permits it?"),
            (not self.sign.strip(), "quel panneau en informe le public ?", "which sign tells the public?"),
            (self.slot_s not in SLOTS_S, f"une tranche dure {SLOTS_S} s", f"a slot lasts {SLOTS_S} s"),
            (not 0 < (self.ends_on - self.from_day).days <= DAYS_MAX, "de 1 à 366 jours", "1 to 366 days"),
            (
                not all(isfinite(share) and 0 <= share <= 1 for point in self.points for share in point),
                "des points hors de l'image",
                "points outside the picture",
            ),
            (
                not (3 <= corners <= CORNERS_MAX if is_bin else corners == 2 and self.points[0] != self.points[1]),
                "une ligne a deux points, une borne au moins trois",
                "a line has two points, a bin three at least",
            ),
            (
                self.classes - CLASSES_OF[self.kind] != frozenset() or (not is_bin and not self.classes),
                "cela ne se compte pas à ce titre",
                "that is not counted under this kind",
            ),
            (
                self.capacity_deposits is not None and (not is_bin or not 1 <= self.capacity_deposits <= 100_000),
                "une capacité est celle d'une borne",
                "a capacity is a bin's",
            ),
        )

    @property
    def span(self) -> Span:
        """When it may count, if its papers agree."""
        return Span(start_of_day(self.from_day), start_of_day(self.ends_on))

    @property
    def counted(self) -> tuple[str, ...]:
        """What its slots name, in order."""
        return (DEPOSIT,) if self.kind is CounterKind.BIN else tuple(sorted(self.classes))

    @property
    def directions(self) -> tuple[bool, ...]:
        """Forward and backward; of a bin there is one."""
        return (True,) if self.kind is CounterKind.BIN else (True, False)

    def line(self) -> CountLine:
        """As an analysis is told of it; of a line only."""
        start, end = self.points
        return CountLine(self.counter, start, end, self.classes, self.slot_s)

    def bin(self) -> BinPlace:
        """As an analysis is told of it; of a bin only."""
        return BinPlace(self.counter, self.points, self.slot_s)


@dataclass(frozen=True, slots=True)
class Counters:
    """All counters of a centre. Raises CountersUnusable when a name is given twice."""

    counters: tuple[Counter, ...] = ()

    def __post_init__(self) -> None:
        names = [each.counter for each in self.counters]
        if len(names) > COUNTERS_MAX:
            raise unusable("counters", Words(f"plus de {COUNTERS_MAX} compteurs", f"more than {COUNTERS_MAX} counters"))
        twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise unusable(twice, Words("ce nom est donné deux fois", "this name is given twice"))

    def named(self, counter: str) -> Counter | None:
        """The one of that name; None: there is none."""
        return next((each for each in self.counters if each.counter == counter), None)


_COUNTERS = TypeAdapter(Counters)


def counters_from(text: str) -> Counters:
    """From JSON, fields as in `Counter`. Raises CountersUnusable."""
    try:
        return _COUNTERS.validate_json(text, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"]) or "counters"
        raise unusable(where, Words.same(str(first["msg"]))) from error


def counters_text(counters: Counters) -> str:
    """The JSON that `counters_from` reads: equal counters have equal texts."""
    told = _COUNTERS.dump_python(counters, mode="json")
    for each in told["counters"]:
        each["classes"] = sorted(each["classes"])  # a set, which has no order of its own
    return json.dumps(told, indent=1, ensure_ascii=False)


def unusable(where: str, what: Words) -> CountersUnusable:
    """The error of what cannot be counted so."""
    return CountersUnusable(
        what, where=where, what_to_do=Words("Corrigez ce compteur ; rien n'a changé", "Correct it; nothing changed")
    )
