"""A signal and what becomes of it: a person qualifies it, dismisses it, or nobody judges it in time (VSA-7).

There is no other end. What a person does after it, he does by hand and elsewhere: nothing here knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, TypeAlias

from csu.hal.analysis import EventSignal, EventType
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words

SignalId = NewType("SignalId", str)


class SignalUnknown(CsuError):
    """No signal that waits has this identifier: it never had, somebody judged it, or its time is over."""


class SignalRefused(BadInput):
    """An analysis said something that is no signal. Nothing was raised."""


class JudgementRefused(CsuError):
    """The signal cannot be judged like that. Nothing changed."""


class SignalNotKept(CsuError):
    """What became of a signal could not be written."""


class Qualification(StrEnum):
    """What a person sees when there is something."""

    CONFIRMED = "confirmed"
    DOUBT = "doubt"
    """Worth a look, and cannot be told from here."""

    @property
    def words(self) -> Words:
        return OUTCOME_WORDS[self]


class Dismissal(StrEnum):
    """Why there was nothing. A closed list, so that no description of anybody is ever written (LOG-5): also somebody
    who was taken for a parcel is no more than that."""

    PERMITTED = "permitted"
    """It is what it says, and may be there: staff, rescue, a delivery."""
    PERSON_NOT_THING = "person_not_thing"
    OBJECT = "object"
    ANIMAL = "animal"
    STREET_FURNITURE = "street_furniture"
    REFLECTION = "reflection"
    LIGHT = "light"
    WEATHER = "weather"
    PICTURE = "picture"
    """A fault of the picture: the mask, the focus, a shaking mast."""
    OTHER = "other"

    @property
    def words(self) -> Words:
        return OUTCOME_WORDS[self]


class Unjudged(StrEnum):
    """Nobody said anything of it."""

    WAITING = "waiting"
    """It is shown; or was when the centre stopped."""
    EXPIRED = "expired"
    CROWDED_OUT = "crowded_out"
    """Too many at once: it gave way to newer ones, or was never shown."""
    WITHDRAWN = "withdrawn"
    """The analysis ended before anybody judged it."""

    @property
    def words(self) -> Words:
        return OUTCOME_WORDS[self]


Outcome: TypeAlias = Qualification | Dismissal | Unjudged
OUTCOME_WORDS: dict[Outcome, Words] = {
    Qualification.CONFIRMED: Words("confirmé", "confirmed"),
    Qualification.DOUBT: Words("doute", "doubt"),
    Dismissal.PERMITTED: Words("présence permise", "permitted presence"),
    Dismissal.PERSON_NOT_THING: Words("personne prise pour un objet", "person taken for an object"),
    Dismissal.OBJECT: Words("objet sans gravité", "harmless object"),
    Dismissal.ANIMAL: Words("animal", "animal"),
    Dismissal.STREET_FURNITURE: Words("mobilier urbain", "street furniture"),
    Dismissal.REFLECTION: Words("reflet ou ombre", "reflection or shadow"),
    Dismissal.LIGHT: Words("lampe, phare ou gyrophare", "lamp, headlight or beacon"),
    Dismissal.WEATHER: Words("pluie, neige ou vent", "rain, snow or wind"),
    Dismissal.PICTURE: Words("défaut de l'image", "fault of the picture"),
    Dismissal.OTHER: Words("autre", "other"),
    Unjudged.WAITING: Words("en attente", "waiting"),
    Unjudged.EXPIRED: Words("resté sans avis", "left unjudged"),
    Unjudged.CROWDED_OUT: Words("écarté par d'autres signalements", "crowded out by others"),
    Unjudged.WITHDRAWN: Words("retiré avec l'analyse", "withdrawn with the analysis"),
}
"""As people read it."""


def outcome_named(name: str) -> Outcome:
    """An outcome by its value; no two share one. Raises ValueError."""
    found = next((each for each in OUTCOME_WORDS if each.value == name), None)
    if found is None:
        raise ValueError(f"no outcome is called {name!r}")
    return found


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal as people see it, for as long as it waits. Boxes and heat are never written anywhere."""

    signal: SignalId
    told: EventSignal
    """As the rule said it last."""
    raised_at_ns: Nanoseconds
    more: int = 0
    """How often the same type was told again of the same zone meanwhile."""

    @property
    def place(self) -> tuple[CameraId, str, EventType]:
        """Two signals of one place are one."""
        return self.told.camera, self.told.zone, self.told.type


@dataclass(frozen=True, slots=True)
class SignalRaised:
    """A new signal: show it."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignalQualified:
    """A person says that there is something. `by`: the agent's account."""

    signal: Signal
    outcome: Qualification
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SignalDismissed:
    """A person says that there is nothing."""

    signal: Signal
    outcome: Dismissal
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SignalExpired:
    """It is shown no more, or never was, and nobody judged it."""

    signal: Signal
    outcome: Unjudged
    at_ns: Nanoseconds


SignalEvent: TypeAlias = SignalRaised | SignalQualified | SignalDismissed | SignalExpired
"""All that ever comes of a signal."""


@dataclass(frozen=True, slots=True)
class SignalOutcome:
    """What is kept of a signal: which rule said something where, in which minute, and what a person made of it.

    No picture, box, track or heat; nothing of whoever was filmed, and no key to anything else (VSA-6, LOG-5).
    """

    signal: SignalId
    camera: CameraId
    type: EventType
    zone: str
    minute_ns: Nanoseconds
    outcome: Outcome
    judged_by: str
    """The agent's account; empty: nobody."""
    model: str
    rule_version: str
    order: str


def outcome_of(event: SignalEvent) -> SignalOutcome:
    """What to keep after an event. Of one signal the last one counts."""
    told = event.signal.told
    return SignalOutcome(
        event.signal.signal,
        told.camera,
        told.type,
        told.zone,
        told.at_ns // NS_PER_MINUTE * NS_PER_MINUTE,
        Unjudged.WAITING if isinstance(event, SignalRaised) else event.outcome,
        event.by if isinstance(event, SignalQualified | SignalDismissed) else "",
        told.model,
        told.rule_version,
        told.order,
    )
