"""What can happen at the requisition desk. The whole list; each is a fact that is never taken back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

from pydantic import TypeAdapter, ValidationError

from csu.evidence.errors import EvidenceInputRefused
from csu.evidence.requisition import Officer, Requisition
from csu.evidence.spans import CameraSpan
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class HandOver:
    """How evidence left the centre (EXP-9)."""

    officer: Officer
    """Who took it, by name: not always who asked."""
    support: str
    """Reference of the support: serial number of the disc or key."""
    is_rewritable: bool
    why_rewritable: str
    """Why no support that is written once could be used; empty when it was."""
    copies: int
    receipt: str
    """Reference of the signed receipt, or its SHA-256."""
    seal: str
    """Number of the scellé that the officer gave, or how the digital hand-over is annexed to the procedure."""


@dataclass(frozen=True, slots=True)
class CaseReceived:
    """An act came in."""

    case: str
    act: Requisition
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CaseChecked:
    """Nothing is missing from the act."""

    case: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CaseRejected:
    """The act releases nothing, and why."""

    case: str
    reasons: tuple[Words, ...]
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CaseLocked:
    """The act's instants, and no other, are kept from destruction (EXP-3)."""

    case: str
    spans: tuple[CameraSpan, ...]
    joins: tuple[str, ...]
    """Cases whose lock already held some of it: the same lock, now for one more (EXP-5)."""
    dies_at_ns: Nanoseconds | None
    """None: until the case ends. Else the legal ceiling, which no act but a judicial one passes."""
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class PackagePrepared:
    """A package was made: one line of the export journal (EXP-8)."""

    case: str
    spans: tuple[CameraSpan, ...]
    package_sha256: str
    """Of its tag manifest, hex: what the signature signs."""
    by: str
    at_ns: Nanoseconds
    recipients: tuple[str, ...] = ()
    """age keys it is sealed to: who can open it, besides nobody."""


@dataclass(frozen=True, slots=True)
class PackageReturned:
    """The second person found it wrong: it is to be prepared again."""

    case: str
    reason: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class PackageValidated:
    """A second person verified the package and releases it."""

    case: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HandOverOffered:
    """The released package lies ready on its support; the officer is to sign for it."""

    case: str
    hand_over: HandOver
    """Without receipt and seal: both are the officer's."""
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class SealAdded:
    """The officer gave the number of the scellé that the support goes under (EXP-9)."""

    case: str
    seal: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class PackageHandedOver:
    """It left against a receipt; the lock ends, the centre's copy is to be destroyed (EXP-6)."""

    case: str
    hand_over: HandOver
    recipient_copy_until_ns: Nanoseconds | None
    """When the recipient's own copy must be gone (RET-5, agents of L252-3); None for a judicial act."""
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class LockEnded:
    """A magistrate ended the lock before a hand-over (EXP-6)."""

    case: str
    instruction: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class CopyDestroyed:
    """What only this case still kept is gone, with its certificate: a line of the legal register. The case closes."""

    case: str
    spans: tuple[CameraSpan, ...]
    """What was destroyed: less than the act's where another case's lock still holds some of it."""
    certificate: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class RecipientCopyGone:
    """The recipient told that his copy is destroyed (RET-5)."""

    case: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class LockFlagged:
    """A lock older than 12 months was shown to the desk and the DPO (EXP-6)."""

    case: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoldRequested:
    """The room asks that a stretch be kept. Nothing is kept yet."""

    hold: str
    span: CameraSpan
    reason: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """Somebody saw a fact and waits for the police (EXP-4)."""

    hold: str
    span: CameraSpan
    reason: str
    dies_at_ns: Nanoseconds
    """The legal ceiling of its first instant."""
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoldReminded:
    """It dies in so many days and no requisition came."""

    hold: str
    days_left: int
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoldTaken:
    """A requisition holds all of it now."""

    hold: str
    case: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoldEnded:
    """Two persons found that it is not needed: its footage lives on as any other."""

    hold: str
    reason: str
    by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HoldDied:
    """The ceiling came and no requisition: its footage goes."""

    hold: str
    at_ns: Nanoseconds


CaseEvent: TypeAlias = (
    CaseReceived
    | CaseChecked
    | CaseRejected
    | CaseLocked
    | PackagePrepared
    | PackageReturned
    | PackageValidated
    | HandOverOffered
    | SealAdded
    | PackageHandedOver
    | LockEnded
    | CopyDestroyed
    | RecipientCopyGone
    | LockFlagged
)
HoldEvent: TypeAlias = HoldRequested | HoldPlaced | HoldReminded | HoldTaken | HoldEnded | HoldDied
DeskEvent: TypeAlias = CaseEvent | HoldEvent

_KINDS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(DeskEvent)}


def event_to_json(event: DeskEvent) -> dict[str, Any]:
    """The event as a JSON object, with its name under `event`: for the store and the journal."""
    kind = type(event).__name__
    return {"event": kind, **_KINDS[kind].dump_python(event, mode="json")}


def event_from_json(stored: dict[str, Any]) -> DeskEvent:
    """The inverse of `event_to_json`. Raises EvidenceInputRefused for what it did not make."""
    fields = dict(stored)
    kind = fields.pop("event", None)
    if kind in _KINDS:
        try:
            found: DeskEvent = _KINDS[kind].validate_python(fields)
        except ValidationError as error:
            raise _unknown(str(kind)) from error
        return found
    raise _unknown(str(kind))


def _unknown(kind: str) -> EvidenceInputRefused:
    return EvidenceInputRefused(
        Words("ce n'est pas un événement du bureau des réquisitions", "this is no event of the requisition desk"),
        where=kind[:60],
        what_to_do=Words("Le fichier est d'une autre version, ou abîmé", "The file is of another version, or damaged"),
    )
