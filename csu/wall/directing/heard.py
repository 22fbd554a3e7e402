"""What the wall director hears: alarms, signals, what people ask, who watches, which cameras have a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from csu.hal.alarms import AlarmPriority
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.wall.directing.programme import Programme, SlotId


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
class EventSignal:
    """An analysis draws attention to a camera. It is shown as a signal, for a person to judge; nothing is called and
    nothing decided by it (VSA-7)."""

    signal: str
    camera: CameraId


@dataclass(frozen=True, slots=True)
class EventSignalEnded:
    """A person judged it, or it is over."""

    signal: str


@dataclass(frozen=True, slots=True)
class CameraRequested:
    """A person puts a camera into a slot of the scene that is up."""

    slot: SlotId
    camera: CameraId
    person: str
    is_chief: bool = False
    is_close: bool = False
    """To follow somebody closely: for 60 s, or with a reason (OPS-5)."""
    reason: str = ""
    tour: str = ""
    """It is the turn of this camera in that guard tour."""


@dataclass(frozen=True, slots=True)
class ReasonGiven:
    """Why the person of the slot follows somebody closely."""

    slot: SlotId
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class TileLocked:
    """The slot keeps the camera that it shows, until then; while it may be shown."""

    slot: SlotId
    person: str
    until_ns: Nanoseconds
    is_chief: bool = False


@dataclass(frozen=True, slots=True)
class TileUnlocked:
    """By whoever locked it, or the chief."""

    slot: SlotId
    person: str
    is_chief: bool = False


@dataclass(frozen=True, slots=True)
class UndoAsked:
    """A person takes back his own last step."""

    person: str


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """The slot goes back to its rule. What the chief asked for ends by the chief; a tour's end is nobody's step."""

    slot: SlotId
    person: str = ""
    is_chief: bool = False


@dataclass(frozen=True, slots=True)
class SceneCalled:
    """The chief calls a scene; an empty name: back to the programme."""

    scene: str
    person: str


@dataclass(frozen=True, slots=True)
class ProgrammeSet:
    """A programme is planned, or another one takes its name. `person`: who did it; empty: a plan."""

    programme: Programme
    person: str = ""


@dataclass(frozen=True, slots=True)
class ProgrammeDropped:
    """It is over before its time, or was never to be. Of a weekly one: this time of it."""

    programme: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class HeadSeen:
    """A person sees the head of a procession before that camera, sooner or later than planned."""

    programme: str
    camera: CameraId
    person: str


@dataclass(frozen=True, slots=True)
class SignalHeard:
    """A camera has a picture, or has lost it."""

    camera: CameraId
    has_signal: bool


@dataclass(frozen=True, slots=True)
class WatchHeard:
    """Whether fewer than two people watch."""

    is_short: bool


@dataclass(frozen=True, slots=True)
class ViewersHeard:
    """Who is before the wall: what one of them may not see is not on it (COM-3)."""

    people: frozenset[str]


WallInput: TypeAlias = (
    AlarmOpened
    | AlarmEnded
    | EventSignal
    | EventSignalEnded
    | CameraRequested
    | ReasonGiven
    | RequestEnded
    | TileLocked
    | TileUnlocked
    | UndoAsked
    | SceneCalled
    | ProgrammeSet
    | ProgrammeDropped
    | HeadSeen
    | SignalHeard
    | WatchHeard
    | ViewersHeard
)
