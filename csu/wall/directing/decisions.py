"""What the wall director decides: each decision with its cause, so that it can be explained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.wall.directing.programme import SlotId, SlotRule


class WallRequestRefused(CsuError):
    """This slot, scene or camera cannot be had. The wall is as it was."""


class CauseKind(StrEnum):
    """Why something is up, or nothing."""

    RULE = "rule"
    PROGRAMME = "programme"
    SCENE_CALL = "scene_call"
    REQUEST = "request"
    LOCK = "lock"
    GUARD_TOUR = "guard_tour"
    ALARM = "alarm"
    SIGNAL = "signal"
    ROUTE = "route"
    SHORT_WATCH = "short_watch"
    NOT_PERMITTED = "not_permitted"
    NO_SIGNAL = "no_signal"
    """Nothing in the slot's pool has a signal, or other tiles chose all of it."""
    NOT_BEGUN = "not_begun"


_CAUSE_WORDS = {
    CauseKind.RULE: Words("règle :", "rule:"),
    CauseKind.PROGRAMME: Words("programme", "programme"),
    CauseKind.SCENE_CALL: Words("scène appelée par", "scene called by"),
    CauseKind.REQUEST: Words("demandée par", "asked for by"),
    CauseKind.LOCK: Words("verrouillée par", "locked by"),
    CauseKind.GUARD_TOUR: Words("ronde", "guard tour"),
    CauseKind.ALARM: Words("alarme", "alarm"),
    CauseKind.SIGNAL: Words("signal à qualifier", "signal to be judged"),
    CauseKind.ROUTE: Words("suit", "follows"),
    CauseKind.SHORT_WATCH: Words("moins de deux agents en poste", "fewer than two agents on watch"),
    CauseKind.NOT_PERMITTED: Words("vide : sans droit ou sans masque", "empty: without right or mask"),
    CauseKind.NO_SIGNAL: Words("vide : aucune caméra disponible", "empty: no camera available"),
    CauseKind.NOT_BEGUN: Words("vide : pas encore décidé", "empty: not decided yet"),
}

_RULE_WORDS = {
    "base": Words("scène habituelle", "the usual scene"),
    SlotRule.FIXED: Words("la caméra de cette place", "this tile's camera"),
    SlotRule.PRIORITY: Words("la première disponible", "the first available"),
    SlotRule.TOUR: Words("chacune à son tour", "each in turn"),
    SlotRule.ALARM_SPOT: Words("place des alarmes, sans alarme", "alarm spot without an alarm"),
    SlotRule.ROUTE_HEAD: Words("la tête du parcours", "the head of the route"),
    SlotRule.ROUTE_TAIL: Words("la queue du parcours", "the tail of the route"),
    SlotRule.PERIMETER: Words("le périmètre", "the perimeter"),
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
        rule, _, rest = self.ref.partition("/")
        if self.kind in (CauseKind.RULE, CauseKind.ROUTE) and rule in _RULE_WORDS:
            of_rule = _RULE_WORDS[rule]
            ref = Words(f"{of_rule.fr} {rest}".strip(), f"{of_rule.en} {rest}".strip())
        else:
            ref = Words.same(self.ref)
        return Words(f"{told.fr} {ref.fr}", f"{told.en} {ref.en}") if ref else told


@dataclass(frozen=True, slots=True)
class SceneChanged:
    """Another scene is up, or the same for another reason."""

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
    signals: int = 0
    """Event signals that no spot shows."""


@dataclass(frozen=True, slots=True)
class ReasonAsked:
    """Somebody is followed closely: until `by_ns`, or with a reason longer (OPS-5)."""

    scene: str
    slot: SlotId
    camera: CameraId
    person: str
    by_ns: Nanoseconds
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class BudgetTold:
    """There are more pictures than those who watch can take in, or no longer (OPS-6). Nothing is taken away for it."""

    active: int
    watching: int
    most: int
    """`watching` times the cap of one person."""
    is_over: bool
    at_ns: Nanoseconds


WallDecision: TypeAlias = SceneChanged | TileChanged | AlarmsWaiting | ReasonAsked | BudgetTold


def refused(where: str, what: Words) -> WallRequestRefused:
    """What a person cannot have, and why."""
    return WallRequestRefused(what, where=where, what_to_do=Words("Choisissez autrement", "Choose otherwise"))
