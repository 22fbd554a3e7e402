"""What the wall is planned to show: scenes of slots with rules, and programmes that call them for a while. Values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import NewType

from csu.governance.legal_calendar import day_in_paris, instant_in_paris
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.wall.directing.route import Route

SlotId = NewType("SlotId", str)

DWELL_NS_MIN = 10 * NS_PER_S
"""A slot does not change more often by itself: nobody follows a wall that flickers [D]."""

TILES_PER_PERSON = 16
"""Pictures that one person takes in: a cap that is told, not kept to (OPS-6) [D]; a room's file may say another."""
MINUTES_OF_DAY = 24 * 60


class PlanUnusable(BadInput):
    """A scene, a programme or the plan says what no wall can show."""


class SlotRule(StrEnum):
    """How a slot chooses among the cameras of its pool."""

    FIXED = "fixed"
    """The first, always: when it has no signal the tile says so."""
    PRIORITY = "priority"
    """The first that has a signal and is not up elsewhere; if there is none, one that only fixed slots show."""
    TOUR = "tour"
    """Each in turn, for its dwell."""
    ALARM_SPOT = "alarm_spot"
    """A camera of an alarm, else of a signal; while there is none, as PRIORITY."""
    ROUTE_HEAD = "route_head"
    """Of the programme's route: where its head is; the pool (the overview) while none of the route sees it."""
    ROUTE_TAIL = "route_tail"
    """Where its tail is, if another camera than its head's; else as PRIORITY."""
    PERIMETER = "perimeter"
    """A tour of the programme's perimeter; while there is none, of the pool."""


_NEED_NO_POOL = frozenset({SlotRule.ALARM_SPOT, SlotRule.ROUTE_HEAD, SlotRule.ROUTE_TAIL, SlotRule.PERIMETER})


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a scene. Raises PlanUnusable."""

    slot: SlotId
    rule: SlotRule
    pool: tuple[CameraId, ...] = ()
    dwell_ns: Nanoseconds = 20 * NS_PER_S
    """Of a tour, or of a perimeter."""

    def __post_init__(self) -> None:
        if self.rule not in _NEED_NO_POOL and not self.pool:
            raise _unusable(self.slot, Words("aucune caméra", "no camera"))
        if len(set(self.pool)) < len(self.pool):
            raise _unusable(self.slot, Words("deux fois la même caméra", "the same camera twice"))
        if self.dwell_ns < DWELL_NS_MIN:
            raise _unusable(self.slot, Words("moins de 10 s par caméra", "less than 10 s a camera"))


@dataclass(frozen=True, slots=True)
class SceneSlots:
    """The slots of a scene: up together, an alarm spot among them. Where each lies is the scene's affair
    (`csu.wall.model`). Raises PlanUnusable."""

    scene: str
    slots: tuple[Slot, ...]

    def __post_init__(self) -> None:
        if len({slot.slot for slot in self.slots}) < len(self.slots):
            raise _unusable(self.scene, Words("deux emplacements de même nom", "two slots of one name"))
        if not any(slot.rule is SlotRule.ALARM_SPOT for slot in self.slots):
            raise _unusable(self.scene, Words("aucun emplacement d'alarme", "no alarm spot"))


@dataclass(frozen=True, slots=True)
class Programme:
    """For an event (market, match, demonstration): this scene during `span`. Of two, the higher priority is up."""

    programme: str
    scene: str
    span: Span
    priority: int = 0
    route: Route | None = None
    """Of a procession."""
    perimeter: tuple[CameraId, ...] = ()
    """The cameras around it."""

    @property
    def rank(self) -> tuple[int, Nanoseconds, str]:
        """The first of several is the one that is up."""
        return -self.priority, self.span.from_ns, self.programme


class Weekday(IntEnum):
    """As `date.weekday` counts them."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@dataclass(frozen=True, slots=True)
class WeeklyProgramme:
    """On these days, by the clocks of Paris: minutes of the day, [from, to). An end that is not after the beginning is
    the next day's. Raises PlanUnusable."""

    programme: str
    scene: str
    days: frozenset[Weekday]
    from_minute: int
    to_minute: int
    priority: int = 0

    def __post_init__(self) -> None:
        if not self.days:
            raise _unusable(self.programme, Words("aucun jour", "no day"))
        if not (0 <= self.from_minute < MINUTES_OF_DAY and 0 <= self.to_minute <= MINUTES_OF_DAY):
            raise _unusable(self.programme, Words("une heure qui n'existe pas", "an hour that does not exist"))

    def within(self, span: Span) -> tuple[Programme, ...]:
        """Each time that it is up during `span`, in order, named after its day: `market/2026-12-05`."""
        found: list[Programme] = []
        day, last = day_in_paris(span.from_ns) - timedelta(days=1), day_in_paris(span.to_ns)
        while day <= last:
            if Weekday(day.weekday()) in self.days:
                ends = day if self.to_minute > self.from_minute else day + timedelta(days=1)
                from_ns, to_ns = instant_in_paris(day, self.from_minute), instant_in_paris(ends, self.to_minute)
                if max(from_ns, span.from_ns) < min(to_ns, span.to_ns):
                    name = f"{self.programme}/{day.isoformat()}"
                    found.append(Programme(name, self.scene, Span(from_ns, to_ns), self.priority))
            day += timedelta(days=1)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class WallPlan:
    """All scenes; which one is up when nothing else is, and which while fewer than two watch. Raises PlanUnusable."""

    scenes: tuple[SceneSlots, ...]
    base: str
    degraded: str
    """Agreed beforehand (OPS-1)."""
    weekly: tuple[WeeklyProgramme, ...] = ()
    tiles_per_person: int = TILES_PER_PERSON

    def __post_init__(self) -> None:
        if len({scene.scene for scene in self.scenes}) < len(self.scenes):
            raise _unusable("plan", Words("deux scènes de même nom", "two scenes of one name"))
        if self.tiles_per_person < 1:
            raise _unusable("plan", Words("aucune vignette par personne", "no tile for a person"))
        for name in (self.base, self.degraded, *(each.scene for each in self.weekly)):
            self.scene(name)

    def scene(self, name: str) -> SceneSlots:
        """Raises PlanUnusable for a name that no scene has."""
        found = next((scene for scene in self.scenes if scene.scene == name), None)
        if found is None:
            raise _unusable(name, Words("cette scène n'existe pas", "there is no such scene"))
        return found


def _unusable(where: str, what: Words) -> PlanUnusable:
    return PlanUnusable(
        what, where=f"wall/{where}", what_to_do=Words("Corrigez le plan du mur", "Put the wall's plan right")
    )
