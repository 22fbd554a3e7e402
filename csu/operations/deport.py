"""Image deport (OPS-4, ACC-4): masked live pictures of a few cameras, to one named person outside, while an incident
lasts. Values only, and what may be said of them; `DeportBook` decides.

A deport is a list of lines, each by somebody: started, prolonged, resumed after a crash, cameras withdrawn, ended. What
ended never opens again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words
from csu.operations.dispatch import Incident

CAMERAS_MAX = 16
"""Of one deport [D]: an incident, not a mirror of the wall."""
OPEN_MAX = 16
"""At once [D]."""
MINUTES_USUALLY = 30
TOTAL_NS_MAX = 12 * 60 * NS_PER_MINUTE
"""However often it is prolonged [D]: then another is opened, by somebody, for a reason."""
REASON_CHARACTERS_MAX = 300
BY_CSU = "csu"
"""Whose name stands under what the centre does by itself."""


class DeportRule(StrEnum):
    """Why something is not done; the value is what the journal keeps."""

    INCIDENT = "ops-4.no-incident"
    RECIPIENT = "acc-4.no-such-recipient"
    CLOSED = "acc-4.camera-closed"
    CAMERAS = "ops-4.cameras"
    LONG = "ops-4.too-long"
    TWICE = "ops-4.open-already"
    MANY = "ops-4.too-many"
    REASON = "ops-4.reason"
    OVER = "ops-4.over"


class DeportRefused(CsuError):
    """Nothing is opened and nothing lasts longer. `rule`: why."""

    rule: DeportRule = DeportRule.INCIDENT


class DeportUnknown(CsuError):
    """There is no deport of that name."""


class DeportNotKept(CsuError):
    """It could not be written: nothing is opened and nothing lasts longer."""


class DeportStep(StrEnum):
    """What a line says."""

    STARTED = "started"
    PROLONGED = "prolonged"
    RESUMED = "resumed"
    """The centre started again: the same deport, with the same end."""
    WITHDRAWN = "withdrawn"
    """Some of its cameras may no longer be shown to that person; the others go on."""
    ENDED = "ended"


class DeportEnd(StrEnum):
    """Why it ended."""

    STOPPED = "stopped"
    INCIDENT_OVER = "incident_over"
    TIME = "time"
    RIGHT = "right"
    """The clearance, the account, the order or the agreement no longer lets anything of it be shown."""

    @property
    def words(self) -> Words:
        return _END_WORDS[self]


_END_WORDS = {
    DeportEnd.STOPPED: Words("fermé par le chef de salle", "closed by the room chief"),
    DeportEnd.INCIDENT_OVER: Words("l'incident est clos", "the incident is over"),
    DeportEnd.TIME: Words("la durée est écoulée", "its time is up"),
    DeportEnd.RIGHT: Words("le droit de voir a pris fin", "the right to see ended"),
}


@dataclass(frozen=True, slots=True)
class DeportRecipient:
    """One person of an outside service, by name: never a service's account (ACC-4)."""

    account: str
    name: str
    service: str
    """As the orders name it."""
    clearance: str
    """The reference of the habilitation."""
    cleared_from_ns: Nanoseconds
    cleared_until_ns: Nanoseconds
    """When it ends: no deport lasts longer."""


@dataclass(frozen=True, slots=True)
class DeportAsked:
    """What the chief asks for. Of `alarm` and `event` one is named."""

    what: Incident
    """What was declared, of a closed list."""
    cameras: tuple[CameraId, ...]
    reason: str
    alarm: str = ""
    event: str = ""
    """The reference of an incident that no alarm told."""
    minutes: int = MINUTES_USUALLY


@dataclass(frozen=True, slots=True)
class DeportLine:
    """One thing that happened to a deport."""

    step: DeportStep
    at_ns: Nanoseconds
    by: str
    reason: str = ""
    """In a person's words; of the centre's own deeds: the rule."""
    until_ns: Nanoseconds | None = None
    """Of STARTED and PROLONGED: when it ends by itself."""
    cameras: tuple[CameraId, ...] = ()
    """Of WITHDRAWN: these."""
    why: DeportEnd | None = None
    """Of ENDED."""


@dataclass(frozen=True, slots=True)
class Deport:
    """One deport from its opening to its end: what is kept on disk, whole, at each line."""

    deport: str
    what: Incident
    recipient: DeportRecipient
    cameras: tuple[CameraId, ...]
    """All that were opened; see `shown`."""
    lines: tuple[DeportLine, ...]
    alarm: str = ""
    event: str = ""

    @property
    def last(self) -> DeportLine:
        return self.lines[-1]

    @property
    def is_open(self) -> bool:
        """Not ended: it may still show nothing, when its time is up and nobody looked yet."""
        return self.last.step is not DeportStep.ENDED

    @property
    def from_ns(self) -> Nanoseconds:
        return self.lines[0].at_ns

    @property
    def until_ns(self) -> Nanoseconds:
        """When it ends by itself."""
        return next(line.until_ns for line in reversed(self.lines) if line.until_ns is not None)

    @property
    def reference(self) -> str:
        """Of its incident."""
        return self.alarm or self.event

    @property
    def shown(self) -> tuple[CameraId, ...]:
        """The cameras that nobody withdrew."""
        out = {camera for line in self.lines for camera in line.cameras}
        return tuple(camera for camera in self.cameras if camera not in out)

    def shows(self, account: str, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """Whether that person may be shown that camera by it now."""
        is_his = self.is_open and account == self.recipient.account and camera in self.shown
        return is_his and self.from_ns <= now_ns < self.until_ns

    def with_line(self, line: DeportLine) -> Deport:
        return replace(self, lines=(*self.lines, line))

    def goes_on_from(self, before: Deport) -> bool:
        """Whether this is `before` and something more."""
        return self.deport == before.deport and self.lines[: len(before.lines)] == before.lines


@dataclass(frozen=True, slots=True)
class DeportChanged:
    """The last line of it happened: write it down, announce it."""

    deport: Deport


def require_reason(where: str, reason: str) -> None:
    """Raises DeportRefused for a reason that is none, too long, or says something of a filmed person (LOG-5)."""
    if not reason.strip():
        raise deport_refused(where, DeportRule.REASON, "il manque le motif", "the reason is missing")
    if len(reason) > REASON_CHARACTERS_MAX:
        most = REASON_CHARACTERS_MAX
        raise deport_refused(where, DeportRule.REASON, f"plus de {most} signes", f"more than {most} characters")
    if found := personal_data_in(reason):
        raise deport_refused(
            where,
            DeportRule.REASON,
            f"le motif ressemble à une image ou une plaque ({found})",
            f"the reason looks like a {found}",
        )


def deport_refused(where: str, rule: DeportRule, fr: str, en: str) -> DeportRefused:
    """The refusal of that rule, in these words."""
    error = DeportRefused(Words(fr, en), where=where, what_to_do=_WHAT_TO_DO[rule])
    error.rule = rule
    return error


def deport_unknown(deport: str) -> DeportUnknown:
    return DeportUnknown(
        Words("aucun déport ne porte ce nom", "no deport has this name"),
        where=deport,
        what_to_do=Words("Rafraîchissez la liste", "Refresh the list"),
    )


_REQUISITION = Words(
    "Sans habilitation nommée par l'arrêté, il faut une réquisition (ACC-4)",
    "Without a clearance that the order names, a requisition is needed (ACC-4)",
)
_WHAT_TO_DO = {
    DeportRule.INCIDENT: Words(
        "Un déport suit un incident : nommez une alarme en cours, ou un événement",
        "A deport follows an incident: name an open alarm, or an event",
    ),
    DeportRule.RECIPIENT: _REQUISITION,
    DeportRule.CLOSED: _REQUISITION,
    DeportRule.CAMERAS: Words(
        f"Choisissez de 1 à {CAMERAS_MAX} caméras, chacune une fois", f"Choose 1 to {CAMERAS_MAX} cameras, each once"
    ),
    DeportRule.LONG: Words(
        "Un déport permanent n'est possible que si l'arrêté le dit ; les pièces saisies ne le disent pas (OPS-4)",
        "A permanent deport takes an order that says so; the papers entered do not (OPS-4)",
    ),
    DeportRule.TWICE: Words("Prolongez celui qui est ouvert", "Prolong the one that is open"),
    DeportRule.MANY: Words(f"Fermez-en un : {OPEN_MAX} au plus à la fois", f"Close one: {OPEN_MAX} at most at a time"),
    DeportRule.REASON: Words("Dites pourquoi, sans décrire personne", "Say why, and describe nobody"),
    DeportRule.OVER: Words("Ouvrez-en un autre, avec son motif", "Open another one, with its reason"),
}


def minutes_words(span_ns: Nanoseconds) -> Words:
    """`120 min`."""
    return Words.same(f"{span_ns // (60 * NS_PER_S)} min")
