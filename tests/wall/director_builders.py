"""A director with its clock, over a wall with every kind of slot."""

from __future__ import annotations

from csu.governance.spans import Span
from csu.hal.alarms import AlarmPriority
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.wall import (
    AlarmOpened,
    Cause,
    Programme,
    ProgrammeSet,
    SceneSlots,
    Slot,
    SlotId,
    SlotRule,
    ViewersHeard,
    WallDecision,
    WallDirector,
    WallPlan,
    WatchHeard,
    Weekday,
    WeeklyProgramme,
    even_route,
)

_R = SlotRule
LEG_S, PASSES_S = 60, 90


def cam(number: int) -> CameraId:
    return CameraId(f"cam-{number}")


def cams(*numbers: int) -> tuple[CameraId, ...]:
    return tuple(cam(number) for number in numbers)


def slot(name: str, rule: SlotRule, *numbers: int) -> Slot:
    return Slot(SlotId(name), rule, cams(*numbers))


def scene(name: str, *slots: Slot) -> SceneSlots:
    return SceneSlots(name, slots)


PLAN = WallPlan(
    (
        scene(
            "base",
            slot("spot", _R.ALARM_SPOT),
            slot("spot 2", _R.ALARM_SPOT, 7),
            slot("fixed", _R.FIXED, 1),
            slot("first", _R.PRIORITY, 1, 2, 3),
            slot("tour", _R.TOUR, 4, 5, 6),
        ),
        scene(
            "march",
            slot("spot", _R.ALARM_SPOT),
            slot("axis", _R.FIXED, 10),
            slot("head", _R.ROUTE_HEAD, 12),
            slot("tail", _R.ROUTE_TAIL, 11),
            slot("around", _R.PERIMETER, 8, 9),
        ),
        scene("agreed", slot("spot", _R.ALARM_SPOT), slot("fixed", _R.FIXED, 2)),
    ),
    base="base",
    degraded="agreed",
    weekly=(WeeklyProgramme("market", "march", frozenset({Weekday.SATURDAY}), 450, 780),),
    tiles_per_person=2,
)


class Wall:
    """A director, its clock, what may be shown and who may see what."""

    def __init__(self, plan: WallPlan = PLAN, begins_ns: int = 0) -> None:
        self.forbidden: set[CameraId] = set()
        self.blind: set[tuple[str, CameraId]] = set()
        """A person and a camera that is not of his communes."""
        self.director = WallDirector(
            plan,
            lambda camera, now_ns: camera not in self.forbidden,
            lambda person, camera, now_ns: (person, camera) not in self.blind,
        )
        self.now_ns = begins_ns
        self.hear(ViewersHeard(frozenset({"anne", "paul"})))
        self.hear(WatchHeard(False))
        self.after(60)

    def hear(self, told: object) -> list[WallDecision]:
        return self.director.hear(told, self.now_ns)

    def after(self, seconds: float) -> list[WallDecision]:
        """Seconds pass, a tick each."""
        told: list[WallDecision] = []
        until_ns = self.now_ns + int(seconds * NS_PER_S)
        while self.now_ns < until_ns:
            self.now_ns = min(self.now_ns + NS_PER_S, until_ns)
            told += self.director.tick(self.now_ns)
        return told

    def up(self, name: str) -> str | None:
        return self.director.tiles[SlotId(name)].camera

    def cause(self, name: str) -> Cause:
        return self.director.tiles[SlotId(name)].cause

    def alarm(self, name: str, priority: int, *numbers: int) -> list[WallDecision]:
        return self.hear(AlarmOpened(name, AlarmPriority(priority), cams(*numbers), self.now_ns))

    def march(self, name: str = "march", *, lasts_s: int = 600, in_s: int = 0, person: str = "") -> list[WallDecision]:
        """A demonstration past cameras 20 to 23; 30 and 31 are around it."""
        begins_ns = self.now_ns + in_s * NS_PER_S
        route = even_route(cams(20, 21, 22, 23), begins_ns, LEG_S * NS_PER_S, PASSES_S * NS_PER_S)
        span = Span(begins_ns, begins_ns + lasts_s * NS_PER_S)
        return self.hear(ProgrammeSet(Programme(name, "march", span, 9, route, cams(30, 31)), person))
