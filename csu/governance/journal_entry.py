"""One entry of the audit journal: who did what, why, on which data, for whom, with which outcome (LOG-2, LOG-3).

There is no free text in it. Each field is a closed list, an identifier of bounded length, a digest or a number, so that
nothing of a filmed person fits (LOG-5): no picture, no description, no plate.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from csu.governance.register_errors import JournalEntryRefused
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

CAMERAS_MAX = 512
"""Spans in one entry; a case with more is journaled in several."""


class Operation(StrEnum):
    """All that can be done to video, masks, cases and the centre itself (LOG-2). Closed: what has no name here cannot
    be journaled, and what cannot be journaled is not done."""

    LIVE_SELECT = "live_select"
    PTZ = "ptz"
    PRESET = "preset"
    GUARD_TOUR = "guard_tour"
    WALL_LAYOUT = "wall_layout"
    REPLAY = "replay"
    SEARCH = "search"
    SNAPSHOT = "snapshot"
    EXPORT = "export"
    COMMUNICATION = "communication"
    IMAGE_DEPORT = "image_deport"
    LOUDSPEAKER = "loudspeaker"
    HOLD = "hold"
    LOCK = "lock"
    RELEASE = "release"
    CASE = "case"
    ACCESS_REQUEST = "access_request"
    PURGE = "purge"
    MASK_EDIT = "mask_edit"
    CAMERA_LIFECYCLE = "camera_lifecycle"
    CONFIG = "config"
    RIGHTS = "rights"
    LOGIN = "login"
    LOGOUT = "logout"
    ROUTE = "route"
    """A request to a door of the centre that no other name fits: a refused URL, an API call."""
    REGISTER_READ = "register_read"
    JOURNAL_READ = "journal_read"
    JOURNAL_PURGE = "journal_purge"
    TAMPERING = "tampering"
    """Somebody tried to change the journal or the register, or did."""


REASONED = frozenset({Operation.REPLAY, Operation.EXPORT, Operation.COMMUNICATION})
"""Granted only with a ground and its number (LOG-3)."""


class Ground(StrEnum):
    """Why, as a closed list; the number beside it tells which."""

    LIVE_WATCH = "live_watch"
    INCIDENT = "incident"
    ALARM = "alarm"
    REQUISITION = "requisition"
    RECIPIENT_L252_3 = "recipient_l252_3"
    ACCESS_REQUEST = "access_request"
    MASK_VERIFICATION = "mask_verification"
    MAINTENANCE = "maintenance"
    CONTROL = "control"
    RETENTION = "retention"
    CONFIGURATION = "configuration"


class Outcome(StrEnum):
    """What became of it. GRANTED is written before the first byte; DONE, FAILED or PARTIAL after the last."""

    GRANTED = "granted"
    REFUSED = "refused"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Author:
    """Who does it, as an entry names him."""

    account: str
    role: str


BY_CSU = Author("csu", "system")
"""What the centre does by itself."""


def account_of(name: str) -> str:
    """A declared name as an account: `Anne Dupré` is anne.dupre. Empty for a name without a letter or digit."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return ".".join(re.findall(r"[a-z0-9_-]+", plain)).lstrip("._-")[:64]


@dataclass(frozen=True, slots=True)
class DataSpan:
    """A camera, and a stretch of its time; None: the present, or all of it."""

    camera: CameraId
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One action, as its caller tells it. Raises JournalEntryRefused when it may not be written.

    Identifiers are letters without accents, digits and `._:/@-`, 64 at most, and look like no plate.
    """

    operation: Operation
    author: str
    """The account: never shared, never a filmed person."""
    role: str
    outcome: Outcome = Outcome.GRANTED
    """GRANTED or REFUSED: attempts are entries too."""
    refusal: str = ""
    """Why it was refused, as the code of a rule: `acc-3`, `span.outside`."""
    ground: Ground | None = None
    reference: str = ""
    """The number of the ground: requisition, alarm, request, work order."""
    case: str = ""
    data: tuple[DataSpan, ...] = ()
    recipient: str = ""
    """To whom it goes: service and number, `opj:0123456`."""
    subject: str = ""
    """What a configuration, mask or right entry is about: `cam-0012/retention`, `masks/7`."""
    sha256: str = ""
    """Of what was exported, signed or configured; 64 hexadecimal digits."""

    def __post_init__(self) -> None:
        for name in ("author", "role", "refusal", "reference", "case", "recipient", "subject"):
            _require_identifier(name, getattr(self, name))
        for each in self.data:
            _require_identifier("camera", each.camera)
        if not self.author or not self.role:
            raise _refused("author", Words("il manque l'auteur ou son rôle", "the author or the role is missing"))
        if self.outcome not in (Outcome.GRANTED, Outcome.REFUSED):
            raise _refused("outcome", Words("une action est accordée ou refusée", "an action is granted or refused"))
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise _refused("sha256", Words("ce n'est pas une empreinte SHA-256", "this is no SHA-256 digest"))
        if len(self.data) > CAMERAS_MAX:
            raise _refused("data", Words(f"plus de {CAMERAS_MAX} caméras", f"more than {CAMERAS_MAX} cameras"))
        self._require_reason()

    def _require_reason(self) -> None:
        if self.outcome is not Outcome.GRANTED or self.operation not in REASONED:
            return
        if self.ground is None or not (self.reference or self.case):
            raise _refused(
                self.operation.value,
                Words("il manque le motif ou son numéro (LOG-3)", "the reason or its number is missing (LOG-3)"),
            )
        if not self.data:
            raise _refused(self.operation.value, Words("il manque caméra et intervalle", "no camera and interval"))
        if self.operation is not Operation.REPLAY and not self.recipient:
            raise _refused(self.operation.value, Words("il manque le destinataire", "the recipient is missing"))


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the granted entry `of`."""

    of: int
    operation: Operation
    outcome: Outcome
    sha256: str = ""

    def __post_init__(self) -> None:
        if self.outcome not in (Outcome.DONE, Outcome.PARTIAL, Outcome.FAILED):
            raise _refused("outcome", Words("une action finie ne l'est pas ainsi", "an action does not end like that"))
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise _refused("sha256", Words("ce n'est pas une empreinte SHA-256", "this is no SHA-256 digest"))


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An entry as it was written."""

    number: int
    at_ns: Nanoseconds
    entry: JournalEntry | Ended


ENDED = "ended"
"""The kind of a row that ends another; every other row's kind is its operation."""
CLOSED = "day_closed"
"""The kind of a file's last row."""


def text_of_entry(number: int, at_ns: Nanoseconds, entry: JournalEntry | Ended) -> tuple[str, str]:
    """(kind, body) of a row. The body names its own number: a row that moved is known by it."""
    if isinstance(entry, Ended):
        held: dict[str, Any] = {"of": entry.of, "operation": entry.operation, "outcome": entry.outcome}
        return ENDED, _json(number, at_ns, held | _told(sha256=entry.sha256))
    spans = [
        [each.camera] if each.span is None else [each.camera, each.span.from_ns, each.span.to_ns] for each in entry.data
    ]
    held = {"author": entry.author, "role": entry.role, "outcome": entry.outcome}
    more = _told(
        refusal=entry.refusal,
        ground=entry.ground,
        reference=entry.reference,
        case=entry.case,
        data=spans,
        recipient=entry.recipient,
        subject=entry.subject,
        sha256=entry.sha256,
    )
    return entry.operation.value, _json(number, at_ns, held | more)


def row_of_text(kind: str, body: str) -> JournalRow | None:
    """The row back; None for the row that closes a day. Raises ValueError, KeyError for what csu did not write."""
    held: dict[str, Any] = json.loads(body)
    number, at_ns = int(held.pop("n")), int(held.pop("at_ns"))
    if kind == CLOSED:
        return None
    outcome = Outcome(held.pop("outcome"))
    if kind == ENDED:
        ended = Ended(held["of"], Operation(held["operation"]), outcome, held.get("sha256", ""))
        return JournalRow(number, at_ns, ended)
    ground = held.pop("ground", None)
    data = tuple(DataSpan(CameraId(camera), Span(*span) if span else None) for camera, *span in held.pop("data", ()))
    entry = JournalEntry(Operation(kind), outcome=outcome, ground=Ground(ground) if ground else None, data=data, **held)
    return JournalRow(number, at_ns, entry)


def closing_body(number: int, at_ns: Nanoseconds) -> str:
    """The body of the row that closes a day."""
    return _json(number, at_ns, {})


_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}|", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _require_identifier(name: str, text: str) -> None:
    if not _IDENTIFIER.fullmatch(text):
        raise _refused(
            name,
            Words(
                "un identifiant a 64 signes au plus : lettres sans accent, chiffres et ._:/@-",
                "an identifier has at most 64 signs: letters without accents, digits and ._:/@-",
            ),
        )
    if found := personal_data_in(text):
        raise _refused(
            name,
            Words(
                f"cela ressemble à une donnée de personne filmée ({found})",
                f"this looks like data of a filmed person ({found})",
            ),
        )


def _refused(field: str, what: Words) -> JournalEntryRefused:
    return JournalEntryRefused(
        what,
        where=f"journal/{field}",
        what_to_do=Words(
            "L'action n'a pas lieu ; donnez une référence, pas une description (LOG-3, LOG-5)",
            "The action does not take place; give a reference, not a description (LOG-3, LOG-5)",
        ),
    )


def _told(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _json(number: int, at_ns: Nanoseconds, held: dict[str, Any]) -> str:
    return json.dumps({"n": number, "at_ns": at_ns} | held, sort_keys=True, separators=(",", ":"))
