"""The lines of the legal register (CSI R252-11): recordings made, destroyed, transmitted. There is no other kind, and
none that takes a line away (LOG-1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeAlias

from pydantic import TypeAdapter

from csu.governance.destruction import RecipientCopy
from csu.governance.legal_calendar import day_in_paris
from csu.governance.register_errors import RegisterLineRefused
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

DAYS_IN_A_TRANSMISSION_MAX = 400
EVIDENCE_TIERS = ("evidence",)
"""Of a line that is about the copies of an extract, and not about the recording."""


class DestructionRule(StrEnum):
    """Why it was destroyed."""

    RETENTION = "retention"
    """The camera's authorisation, or the law's month, ended (RET-1, RET-2)."""
    HANDED_OVER = "handed_over"
    """The centre's copy of an extract, after receipt (EXP-6)."""
    HOLD_ENDED = "hold_ended"
    """A precautionary hold, or a lock that no judicial act carries, at the ceiling (EXP-4)."""
    ORDERED = "ordered"
    """By a judge, the prefect, or the controller after the minimum period."""
    LOST = "lost"
    """A declared loss: a disk, a key. Not a purge; told as what it is."""


class TransmissionBasis(StrEnum):
    """On which ground footage left the centre (requirements, 2.2)."""

    CPP_60_1 = "cpp_60_1"
    CPP_77_1_1 = "cpp_77_1_1"
    CPP_99_3 = "cpp_99_3"
    L252_3_HABILITATED = "l252_3_habilitated"
    GDPR_ACCESS = "gdpr_access"


@dataclass(frozen=True, slots=True)
class CameraSpan:
    """A stretch of one camera."""

    camera: CameraId
    span: Span


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one camera recorded on one day (Paris)."""

    camera: CameraId
    commune: CommuneId
    day: date
    span: Span
    """From the first to the last instant recorded."""
    recorded_s: int
    """Seconds there are in it; the gaps, with their causes, are in the coverage ledger."""

    def __post_init__(self) -> None:
        held_s = (self.span.to_ns - self.span.from_ns) / 1e9
        if not 0 < self.recorded_s <= held_s + 1:
            raise _refused(self.camera, Words("durée impossible", "no such duration"))


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Footage of one commune and day (Paris) that no longer exists in any copy."""

    commune: CommuneId
    day: date
    cameras: tuple[CameraId, ...]
    destroyed_at_ns: Nanoseconds
    rule: DestructionRule
    certificate: str
    """The number of its certificate; given by the register."""
    segments: int
    size_bytes: int
    key_shredded_at_ns: Nanoseconds | None
    """When the key of that commune and day was destroyed; None: it serves cameras that are not due yet."""
    tiers: tuple[str, ...] = ("main",)
    """The copies that were destroyed: main, backup, thumbnails, edge card... (RET-4)."""
    kept: tuple[CameraSpan, ...] = ()
    """What remains, under an evidence lock: re-encrypted elsewhere before the key died (EXP-3)."""

    def __post_init__(self) -> None:
        if not self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise _refused(self.commune, Words("il faut chaque caméra, une fois", "each camera is named, once"))
        if not self.certificate or self.segments < 0 or self.size_bytes < 0:
            raise _refused(self.commune, Words("destruction impossible", "no such destruction"))


@dataclass(frozen=True, slots=True)
class Transmitted:
    """Footage that was handed over (EXP-9): the date of transmission to the prosecutor, or to a recipient."""

    case: str
    basis: TransmissionBasis
    office: str
    """The prosecutor's office, or the service (`parquet-metz`, `ddsp-57`)."""
    recipient: str
    """The named officer's number."""
    transmitted_at_ns: Nanoseconds
    footage: tuple[CameraSpan, ...]
    package_sha256: str
    support: str
    """The reference of the medium, or of the electronic hand-over."""
    copies: int
    copy_days: int | None = None
    """What the order grants to a recipient of L252-3, if less than a month."""

    def __post_init__(self) -> None:
        if not self.footage:
            raise _refused(self.case, Words("rien n'a été transmis", "nothing was transmitted"))
        if not (self.case and self.office and self.recipient and self.support and self.copies >= 1):
            raise _refused(
                self.case or "case",
                Words("dossier, parquet, officier, support ou copies manquent", "case, office, officer... is missing"),
            )
        if len(self.days) > DAYS_IN_A_TRANSMISSION_MAX:
            raise _refused(self.case, Words("trop de jours pour une ligne", "too many days for one line"))

    @property
    def days(self) -> tuple[date, ...]:
        """The days (Paris) that it touches."""
        return tuple(sorted({day for each in self.footage for day in days_of_span(each.span)}))

    def recipient_copies(self, destroyed_ns: Nanoseconds | None = None) -> tuple[RecipientCopy, ...]:
        """The recipient's own copies, which live by a clock of their own (L252-3, RET-5); none in a procedure."""
        if self.basis is not TransmissionBasis.L252_3_HABILITATED:
            return ()
        given = (self.case, self.recipient)
        return tuple(
            RecipientCopy(*given, each.camera, each.span, self.transmitted_at_ns, self.copy_days, destroyed_ns)
            for each in self.footage
        )

    @property
    def copy_until_ns(self) -> Nanoseconds | None:
        """When the recipient's own copies must be gone; None: they are in a procedure."""
        return min((each.expiry_ns for each in self.recipient_copies()), default=None)


@dataclass(frozen=True, slots=True)
class CopyDestroyed:
    """The recipient declared that the copy of a transmission is destroyed (RET-5)."""

    case: str
    package_sha256: str
    declared_by: str
    destroyed_at_ns: Nanoseconds

    def __post_init__(self) -> None:
        if not (self.case and self.declared_by):
            raise _refused(self.case or "case", Words("il manque qui le déclare", "who declares it is missing"))


RegisterLine: TypeAlias = Recorded | Destroyed | Transmitted | CopyDestroyed
"""All there is."""

_KINDS: dict[str, TypeAdapter[RegisterLine]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Recorded, Destroyed, Transmitted, CopyDestroyed)
}


def days_of_span(span: Span) -> Iterable[date]:
    """The days in Paris that hold an instant of it."""
    day, last = day_in_paris(span.from_ns), day_in_paris(span.to_ns - 1)
    while day <= last:
        yield day
        day += timedelta(days=1)


def text_of_line(number: int, line: RegisterLine) -> tuple[str, str]:
    """(kind, body) of a line's row: its number, and the days by which it is found."""
    days = line.days if isinstance(line, Transmitted) else () if isinstance(line, CopyDestroyed) else (line.day,)
    held = {"n": number, "days": [day.isoformat() for day in days], "line": asdict(line)}
    text = json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=date.isoformat)
    return type(line).__name__, text


def line_of_text(kind: str, body: str) -> RegisterLine:
    """The line back. Raises KeyError, ValueError, CsuError for what csu did not write."""
    return _KINDS[kind].validate_python(json.loads(body)["line"], strict=False)


def _refused(where: str, what: Words) -> RegisterLineRefused:
    return RegisterLineRefused(
        what,
        where=f"register/{where}",
        what_to_do=Words("Corrigez la ligne ; rien n'a été écrit", "Correct the line; nothing was written"),
    )
