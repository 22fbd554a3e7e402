"""An alarm and its life: RAISED -> ACKED -> DOUBT_REMOVAL -> FALSE, TECHNICAL or CONFIRMED -> CLOSED (OPS-3). Pure.

A confirmed one is closed only after the police were informed: CONFIRMED -> POLICE_INFORMED -> CLOSED. No state is ever
entered twice, and each step names the person who took it: no alarm advances by itself (VSA-7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType, TypeAlias

from csu.hal.alarms import AlarmKind, AlarmPriority, PanelMessage
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

AlarmId = NewType("AlarmId", str)


class AlarmUnknown(CsuError):
    """No alarm on the desk has this identifier."""


class AlarmStepRefused(CsuError):
    """The alarm's state, or what was given with the step, does not allow it. Nothing changed."""


class AlarmNotKept(CsuError):
    """The alarm could not be written to disk, so nothing was changed or acknowledged."""


class AlarmState(StrEnum):
    """Where an alarm stands (requirements, 2.3)."""

    RAISED = "raised"
    ACKED = "acked"
    DOUBT_REMOVAL = "doubt_removal"
    FALSE = "false"
    TECHNICAL = "technical"
    CONFIRMED = "confirmed"
    POLICE_INFORMED = "police_informed"
    CLOSED = "closed"

    @property
    def words(self) -> Words:
        """As people say it of an alarm."""
        return _STATE_WORDS[self]


_STATE_WORDS = {
    AlarmState.RAISED: Words("levée", "raised"),
    AlarmState.ACKED: Words("acquittée", "acknowledged"),
    AlarmState.DOUBT_REMOVAL: Words("en levée de doute", "in doubt removal"),
    AlarmState.FALSE: Words("fausse", "false"),
    AlarmState.TECHNICAL: Words("technique", "technical"),
    AlarmState.CONFIRMED: Words("confirmée", "confirmed"),
    AlarmState.POLICE_INFORMED: Words("confirmée, police avisée", "confirmed, police informed"),
    AlarmState.CLOSED: Words("close", "closed"),
}

_S = AlarmState
NEXT: dict[AlarmState, frozenset[AlarmState]] = {
    _S.RAISED: frozenset({_S.ACKED}),
    _S.ACKED: frozenset({_S.DOUBT_REMOVAL}),
    _S.DOUBT_REMOVAL: frozenset({_S.FALSE, _S.TECHNICAL, _S.CONFIRMED}),
    _S.FALSE: frozenset({_S.CLOSED}),
    _S.TECHNICAL: frozenset({_S.CLOSED}),
    _S.CONFIRMED: frozenset({_S.POLICE_INFORMED}),
    _S.POLICE_INFORMED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}
"""The only steps there are."""

PRIORITY_OF = {
    AlarmKind.FIRE: AlarmPriority.P1,
    AlarmKind.PANIC_BUTTON: AlarmPriority.P1,
    AlarmKind.INTRUSION: AlarmPriority.P2,
    AlarmKind.TAMPER: AlarmPriority.P3,
    AlarmKind.TECHNICAL: AlarmPriority.P4,
    AlarmKind.TEST: AlarmPriority.P4,
}
"""What the kind of a panel's message says of its haste [D]."""


class Contact(StrEnum):
    """Whom the centre tells that an alarm waits."""

    ROOM = "room"
    """Everybody at the wall."""
    ROOM_CHIEF = "room_chief"
    CSU_MANAGER = "csu_manager"


@dataclass(frozen=True, slots=True)
class PoliceCall:
    """Who was informed of a confirmed alarm: OPS-3 asks for the service, the time (the step's) and a name."""

    service: str
    taken_by: str
    call: str = ""
    """The key of the dispatch call; empty: a person telephoned."""


@dataclass(frozen=True, slots=True)
class AlarmStep:
    """A person brought an alarm to `to`."""

    to: AlarmState
    at_ns: Nanoseconds
    by: str
    police: PoliceCall | None = None
    """Of POLICE_INFORMED only."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """An alarm stayed too long in a state, and `to` was told."""

    state: AlarmState
    to: Contact
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, from the panel's message to its closing."""

    alarm: AlarmId
    message: PanelMessage
    taken_at_ns: Nanoseconds
    steps: tuple[AlarmStep, ...] = ()
    escalations: tuple[Escalation, ...] = ()

    @property
    def state(self) -> AlarmState:
        return self.steps[-1].to if self.steps else AlarmState.RAISED

    @property
    def since_ns(self) -> Nanoseconds:
        """When it came to its state."""
        return self.steps[-1].at_ns if self.steps else self.taken_at_ns

    @property
    def priority(self) -> AlarmPriority:
        return PRIORITY_OF[self.message.kind]

    @property
    def acked_at_ns(self) -> Nanoseconds | None:
        """When a person took it; None: nobody has."""
        return self.steps[0].at_ns if self.steps else None

    @property
    def acked_by(self) -> str:
        return self.steps[0].by if self.steps else ""

    @property
    def escalated_at_ns(self) -> Nanoseconds | None:
        """When somebody outside the watch was first told that nobody took it."""
        told = (e.at_ns for e in self.escalations if e.state is AlarmState.RAISED and e.to is not Contact.ROOM)
        return next(told, None)

    @property
    def haste(self) -> tuple[AlarmPriority, Nanoseconds, AlarmId]:
        """The order in which alarms want people: priority, then age. Total, so that lists never flicker."""
        return self.priority, self.taken_at_ns, self.alarm

    def after(self, step: AlarmStep) -> Alarm:
        """The alarm one step on. Raises AlarmStepRefused for a step that is none, nobody's, or without its call."""
        if step.to not in NEXT[self.state]:
            taken = f" ({self.steps[-1].by})" if self.steps else ""
            allowed = sorted(NEXT[self.state])
            raise _refused(
                self,
                Words(f"l'alarme est {self.state.words.fr}{taken}", f"the alarm is {self.state.words.en}{taken}"),
                Words(
                    "Étapes possibles : " + (", ".join(s.words.fr for s in allowed) or "aucune"),
                    "Possible steps: " + (", ".join(s.words.en for s in allowed) or "none"),
                ),
            )
        if not step.by.strip():
            raise _refused(
                self,
                Words("personne n'a signé cette étape", "nobody signed this step"),
                Words("Dites qui la franchit", "Say who takes it"),
            )
        call = step.police
        is_named = call is not None and call.service.strip() and call.taken_by.strip()
        if step.to is AlarmState.POLICE_INFORMED and not is_named:
            raise _refused(
                self,
                Words(
                    "il manque le service ou le nom de qui a pris l'appel", "the service or the taker's name is missing"
                ),
                Words("Notez qui a pris l'appel, et dans quel service", "Note who took the call, and in which service"),
            )
        return replace(self, steps=(*self.steps, step))


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """A new alarm: keep it, then acknowledge the panel, then show it."""

    alarm: Alarm
    cameras: tuple[CameraId, ...] = ()
    """Proposed for the removal of doubt, the nearest first: of its commune, and such as may be watched now (COM-3)."""


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged:
    """A person took the alarm."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class AlarmAdvanced:
    """A person took it a step further: `alarm.steps[-1]`."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class AlarmEscalated:
    """Nobody took it in time: who is called is the last of `alarm.escalations`."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class AlarmLate:
    """It is late, and the last of `alarm.escalations` is told: the room at 30 s, the chief when a step lacks."""

    alarm: Alarm


AlarmEvent: TypeAlias = AlarmRaised | AlarmAcknowledged | AlarmAdvanced | AlarmEscalated | AlarmLate


def alarm_id(message: PanelMessage) -> AlarmId:
    """The alarm a message raises. Derived, so that a repeat after a restart finds the same alarm."""
    return AlarmId(f"{message.panel}/{message.sequence}")


def _refused(alarm: Alarm, what: Words, what_to_do: Words) -> AlarmStepRefused:
    return AlarmStepRefused(what, where=alarm.alarm, what_to_do=what_to_do)
