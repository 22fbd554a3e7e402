"""What the doors of the wall take and answer. Instants are ns since 1970; words come in both languages.

A camera that the asker may not know of is in no answer: not its name, not its number, not what it is up for (COM-3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from csu.console.wall_now import Box, CoverageNow, ProgrammeNow, TileNow, WallNow
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words
from csu.wall import CauseKind, SlotRule
from csu.wall.directing.account import Told

CHANGES_MAX = 50
"""Of one tile in one answer."""
REASON_SIGNS_MAX = 120
PROGRAMME_NS_MAX = 31 * NS_PER_DAY
PRIORITY_MAX = 1_000
NS_MAX = (1 << 63) - 1
OUT_OF_SCOPE = "out_of_scope"
_OUTSIDE = Words("hors de votre périmètre", "outside your scope")


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may know of."""

    names: Mapping[CameraId, str]

    def hides(self, camera: CameraId | None) -> bool:
        return camera is not None and camera not in self.names


# ---- what people say -------------------------------------------------------------------------------------------------


def _without_personal_data(text: str) -> str:
    if found := personal_data_in(text):
        raise ValueError(f"no text may hold a {found} (LOG-5)")
    return text


_Name = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,63}$")]
_Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=REASON_SIGNS_MAX), AfterValidator(_without_personal_data)
]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraTold(_Told):
    """Which camera, and whether to follow somebody with it."""

    camera: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    close: bool = False
    reason: _Reason = ""


class ReasonTold(_Told):
    """Why somebody is followed: a reference rather than a description."""

    reason: Annotated[_Reason, StringConstraints(min_length=1)]


class LockTold(_Told):
    """For how long."""

    minutes: Annotated[int, Field(ge=1, le=60)]


class SceneTold(_Told):
    """An empty name: back to the programme."""

    scene: _Name | Annotated[str, StringConstraints(max_length=0)]


class ProgrammeTold(_Told):
    """An event: a scene from one instant to another."""

    programme: _Name
    scene: _Name
    from_ns: Annotated[int, Field(ge=0, le=NS_MAX)]
    to_ns: Annotated[int, Field(ge=0, le=NS_MAX)]
    priority: Annotated[int, Field(ge=-PRIORITY_MAX, le=PRIORITY_MAX)] = 0

    @model_validator(mode="after")
    def _lasts(self) -> ProgrammeTold:
        if not 0 < self.to_ns - self.from_ns <= PROGRAMME_NS_MAX:
            raise ValueError("a programme ends after it begins, within 31 days")
        return self


# ---- what is answered ------------------------------------------------------------------------------------------------


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class LockAnswer(_Answer):
    """Who keeps a tile."""

    person: str
    is_mine: bool
    until_ns: int


class RequestAnswer(LockAnswer):
    """Who asked for what a tile shows."""

    is_close: bool


class TileAnswer(_Answer):
    """One tile. `camera` is None for one that shows nothing, and for one that the asker may not know of."""

    tile: str
    rect: Box
    z: int
    rule: SlotRule
    camera: str | None
    camera_name: str | None
    cause_kind: str
    """A `CauseKind`, or `out_of_scope`."""
    cause: Words
    is_alarm: bool
    request: RequestAnswer | None
    lock: LockAnswer | None
    reason_by_ns: int | None


class PanelAnswer(_Answer):
    """Where a panel is."""

    panel: str
    rect: Box


class SceneAnswer(_Answer):
    """A scene that can be called."""

    scene: str
    name: str


class ProgrammeAnswer(_Answer):
    """One that is on or is to come."""

    programme: str
    scene: str
    from_ns: int
    to_ns: int
    priority: int
    is_on: bool
    is_weekly: bool


class BudgetAnswer(_Answer):
    """Pictures that are up against what those who watch can take in (OPS-6). Nothing is taken away for it."""

    active: int
    watching: int
    most: int
    per_person: int
    is_over: bool


class WaitingAnswer(_Answer):
    """What no tile shows, counted."""

    alarms: int
    without_camera: int
    signals: int


class WallAnswer(_Answer):
    """The wall as the page lays it out."""

    scene: str
    scene_name: str
    cause: Words
    aspect: float
    panels: list[PanelAnswer]
    scenes: list[SceneAnswer]
    programmes: list[ProgrammeAnswer]
    tiles: list[TileAnswer]
    budget: BudgetAnswer
    waiting: WaitingAnswer
    can_undo: bool
    is_chief: bool


class ChangeAnswer(_Answer):
    """What a tile began to show then, and why."""

    at_ns: int
    scene: str
    camera: str | None
    was: str | None
    words: Words


class WhyAnswer(_Answer):
    """The last changes of a tile, the newest last."""

    tile: str
    changes: list[ChangeAnswer]


class NamedAnswer(_Answer):
    """A camera."""

    camera: str
    name: str


class SeenAnswer(NamedAnswer):
    """How long it was live on the wall."""

    live_s: int


class NeverSeenAnswer(_Answer):
    """`cameras` None: nobody has counted for so many weeks."""

    weeks: int
    cameras: list[NamedAnswer] | None


class CoverageAnswer(_Answer):
    """What was looked at since the shift began; of cameras, never of people."""

    begun_ns: int
    cameras: list[SeenAnswer]
    not_seen: list[NamedAnswer]
    never_seen_weeks: NeverSeenAnswer


def wall_answer(now: WallNow, sight: Sight, person: str, *, can_undo: bool, is_chief: bool) -> WallAnswer:
    """The wall, cut to what that person may know of."""
    budget, (alarms, without_camera, signals) = now.budget, now.waiting
    return WallAnswer(
        scene=now.scene,
        scene_name=now.scenes.get(now.scene, now.scene),
        cause=now.cause.words,
        aspect=now.aspect,
        panels=[PanelAnswer(panel=panel, rect=at) for panel, at in now.panels.items()],
        scenes=[SceneAnswer(scene=scene, name=name) for scene, name in now.scenes.items()],
        programmes=[_programme(each, now.at_ns) for each in now.programmes],
        tiles=[_tile(each, sight, person) for each in now.tiles],
        budget=BudgetAnswer(
            active=budget.active,
            watching=budget.watching,
            most=budget.most,
            per_person=now.per_person,
            is_over=budget.is_over,
        ),
        waiting=WaitingAnswer(alarms=alarms, without_camera=without_camera, signals=signals),
        can_undo=can_undo,
        is_chief=is_chief,
    )


def why_answer(tile: str, account: Sequence[Told], sight: Sight) -> WhyAnswer:
    """A change from or to a camera that the asker may not know of names neither, nor its cause."""
    return WhyAnswer(tile=tile, changes=[_change(told, sight) for told in account[-CHANGES_MAX:]])


def coverage_answer(now: CoverageNow, sight: Sight) -> CoverageAnswer:
    """Of the cameras that the asker may know of."""

    def named(cameras: Sequence[CameraId]) -> list[NamedAnswer]:
        return [NamedAnswer(camera=each, name=sight.names[each]) for each in cameras if each in sight.names]

    seen = [
        SeenAnswer(camera=each, name=sight.names[each], live_s=lasted_ns // NS_PER_S)
        for each, lasted_ns in now.shift.live_ns.items()
        if each in sight.names
    ]
    never = None if now.never_seen is None else named(now.never_seen)
    return CoverageAnswer(
        begun_ns=now.shift.begun_ns,
        cameras=seen,
        not_seen=named(now.shift.not_seen),
        never_seen_weeks=NeverSeenAnswer(weeks=now.weeks, cameras=never),
    )


def _tile(tile: TileNow, sight: Sight, person: str) -> TileAnswer:
    is_hidden = sight.hides(tile.camera)
    request, lock = tile.request, tile.lock
    return TileAnswer(
        tile=tile.tile,
        rect=tile.at,
        z=tile.z,
        rule=tile.rule,
        camera=None if is_hidden else tile.camera,
        camera_name=None if is_hidden or tile.camera is None else sight.names[tile.camera],
        cause_kind=OUT_OF_SCOPE if is_hidden else tile.cause.kind.value,
        cause=_OUTSIDE if is_hidden else tile.cause.words,
        is_alarm=not is_hidden and tile.cause.kind is CauseKind.ALARM,
        request=None
        if request is None
        else RequestAnswer(
            person=request.person,
            is_mine=request.person == person,
            until_ns=request.until_ns,
            is_close=request.is_close,
        ),
        lock=None
        if lock is None
        else LockAnswer(person=lock.person, is_mine=lock.person == person, until_ns=lock.until_ns),
        reason_by_ns=None if request is None else request.reason_by_ns,
    )


def _programme(told: ProgrammeNow, now_ns: Nanoseconds) -> ProgrammeAnswer:
    planned = told.programme
    return ProgrammeAnswer(
        programme=planned.programme,
        scene=planned.scene,
        from_ns=planned.span.from_ns,
        to_ns=planned.span.to_ns,
        priority=planned.priority,
        is_on=planned.span.holds(now_ns),
        is_weekly=told.is_weekly,
    )


def _change(told: Told, sight: Sight) -> ChangeAnswer:
    is_hidden = sight.hides(told.camera) or sight.hides(told.was)
    return ChangeAnswer(
        at_ns=told.at_ns,
        scene=told.scene,
        camera=None if sight.hides(told.camera) else told.camera,
        was=None if sight.hides(told.was) else told.was,
        words=_OUTSIDE if is_hidden else told.words,
    )
