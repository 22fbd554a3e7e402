"""What the wall director hears, and what it decides: each decision with its cause, so that it can be explained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from csu.hal.alarms import AlarmPriority
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from csu.wall.directing.programme import Programme, SlotId

# -- heard -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlarmOpened:
    """An alarm wants a spot; `cameras`: the nearest first."""

    alarm: str
    priority: AlarmPriority
    cameras: tuple[CameraId, ...]
    opened_at_ns: Nanoseconds

    @property
    def haste(self) -> tuple[AlarmPriority, Nanoseconds, str]:
        return self.priority, self.opened_at_ns, self.alarm


@dataclass(frozen=True, slots=True)
class AlarmEnded:
    """It is closed: what it showed is restored."""

    alarm: str


@dataclass(frozen=True, slots=True)
class CameraRequested:
    """A person puts a camera into a slot of the scene that is up."""

    slot: SlotId
    camera: CameraId
    person: str
    is_chief: bool = False


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """The slot goes back to its rule."""

    slot: SlotId


@dataclass(frozen=True, slots=True)
class SceneCalled:
    """The chief calls a scene; an empty name: back to the programme."""

    scene: str
    person: str


@dataclass(frozen=True, slots=True)
class ProgrammeSet:
    """A programme is planned, or another one takes its name."""

    programme: Programme


@dataclass(frozen=True, slots=True)
class ProgrammeDropped:
    """It is over before its time, or was never to be."""

    programme: str


@dataclass(frozen=True, slots=True)
class SignalHeard:
    """A camera has a picture, or has lost it."""

    camera: CameraId
    has_signal: bool


@dataclass(frozen=True, slots=True)
class WatchHeard:
    """Whether fewer than two people watch."""

    is_short: bool


WallInput: TypeAlias = (
    AlarmOpened
    | AlarmEnded
    | CameraRequested
    | RequestEnded
    | SceneCalled
    | ProgrammeSet
    | ProgrammeDropped
    | SignalHeard
    | WatchHeard
)

# -- decided -----------------------------------------------------------------------------------------------------------


class CauseKind(StrEnum):
    """Why something is up, or nothing."""

    RULE = "rule"
    PROGRAMME = "programme"
    SCENE_CALL = "scene_call"
    REQUEST = "request"
    ALARM = "alarm"
    SHORT_WATCH = "short_watch"
    NOT_PERMITTED = "not_permitted"
    NO_SIGNAL = "no_signal"
    """Nothing in the slot's pool has a signal, or all of it is up elsewhere."""
    NOT_BEGUN = "not_begun"


_CAUSE_WORDS = {
    CauseKind.RULE: Words("règle de l'emplacement", "the slot's rule"),
    CauseKind.PROGRAMME: Words("programme", "programme"),
    CauseKind.SCENE_CALL: Words("scène appelée par", "scene called by"),
    CauseKind.REQUEST: Words("demandée par", "asked for by"),
    CauseKind.ALARM: Words("alarme", "alarm"),
    CauseKind.SHORT_WATCH: Words("moins de deux agents en poste", "fewer than two agents on watch"),
    CauseKind.NOT_PERMITTED: Words("vide : sans droit ou sans masque", "empty: without right or mask"),
    CauseKind.NO_SIGNAL: Words("vide : aucune caméra disponible", "empty: no camera available"),
    CauseKind.NOT_BEGUN: Words("vide : pas encore décidé", "empty: not decided yet"),
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why; `ref`: the alarm, the person, the programme, the rule."""

    kind: CauseKind
    ref: str = ""

    @property
    def words(self) -> Words:
        """As the wall explains itself."""
        told = _CAUSE_WORDS[self.kind]
        return Words(f"{told.fr} {self.ref}", f"{told.en} {self.ref}") if self.ref else told


@dataclass(frozen=True, slots=True)
class SceneChanged:
    """Another scene is up."""

    scene: str
    was: str
    cause: Cause
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class TileChanged:
    """A slot shows another camera, nothing (None), or the same for another reason."""

    scene: str
    slot: SlotId
    camera: CameraId | None
    was: CameraId | None
    cause: Cause
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class AlarmsWaiting:
    """How many alarms have no spot now: for want of one, and for want of any camera that may be shown."""

    queued: int
    without_camera: int
    at_ns: Nanoseconds


WallDecision: TypeAlias = SceneChanged | TileChanged | AlarmsWaiting
