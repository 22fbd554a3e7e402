"""The note that one team leaves to the next, signed by each of the incoming team (OPS-1). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from csu.governance.mask_register import same_person
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.roster import OVERLAP_NS_MIN, Roster, Shift
from csu.operations.watch import WATCHING_MIN

LATE_NS = 30 * NS_PER_MINUTE
"""[D]: a note that somebody did not sign so long after the incoming team began is told."""
OWED_NS = 8 * 60 * NS_PER_MINUTE
"""[D]: so long after the end of his shift somebody who stayed still owes its note; then nobody knows which it was."""


class HandoverRefused(CsuError):
    """The note is empty, or who signs it is not of the incoming team. Nothing changed."""


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One of the incoming team has read it."""

    person: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class HandoverNote:
    """What the outgoing team leaves, and which alarms are still open; a chief may read it years later."""

    shift: str
    """The outgoing one."""
    by: str
    log_entry: int
    """Where its text stands in the operations log."""
    open_alarms: tuple[str, ...]
    written_at_ns: Nanoseconds
    to: tuple[str, ...] = ()
    """Who is to sign it: the incoming team."""
    due_ns: Nanoseconds = 0
    """From then on who did not sign is told."""
    signatures: tuple[NoteSignature, ...] = ()

    @property
    def waiting(self) -> tuple[str, ...]:
        """Who is to sign it, and did not."""
        return tuple(person for person in self.to if not self._signed(person))

    @property
    def is_acknowledged(self) -> bool:
        """Each of the incoming team has signed it; nobody is no team."""
        return bool(self.signatures) and not self.waiting

    @property
    def frees_outgoing(self) -> bool:
        """So many have it that the outgoing team may go: all, or the two that a watch needs."""
        return self.is_acknowledged or len(self.signatures) >= WATCHING_MIN

    def is_late(self, now_ns: Nanoseconds) -> bool:
        """Somebody should have signed it by now."""
        return not self.is_acknowledged and now_ns >= self.due_ns

    def acknowledged(self, person: str, now_ns: Nanoseconds) -> HandoverNote:
        """The note, signed by `person` of the incoming team. Raises HandoverRefused; who has signed it has."""
        if self._signed(person):
            return self
        if same_person(person, self.by) or not _is_among(person, self.to):
            raise HandoverRefused(
                Words(f"{person} n'est pas de l'équipe montante", f"{person} is not of the incoming team"),
                where=f"handover/{self.shift}",
                what_to_do=Words("Chacun de l'équipe montante signe", "Each of the incoming team signs"),
            )
        return replace(self, signatures=(*self.signatures, NoteSignature(person, now_ns)))

    def addressed(self, to: Iterable[str], due_ns: Nanoseconds) -> HandoverNote:
        """The same note, for these people: the plan changed. Who has signed it has."""
        return replace(self, to=tuple(person for person in to if not same_person(person, self.by)), due_ns=due_ns)

    def _signed(self, person: str) -> bool:
        return _is_among(person, (signature.person for signature in self.signatures))


def outgoing_shift(roster: Roster, person: str, now_ns: Nanoseconds) -> Shift | None:
    """The shift that `person` is about to end, or has ended, and whose note he owes before he leaves; None: none does
    by the plan."""
    his = [
        shift
        for shift in roster.shifts
        if _is_among(person, shift.people)
        and shift.span.from_ns <= now_ns < shift.span.to_ns + OWED_NS
        and now_ns >= shift.span.to_ns - OVERLAP_NS_MIN
    ]
    on_now = any(
        shift.span.holds(now_ns) and _is_among(person, shift.people) for shift in roster.shifts if shift not in his
    )
    return None if on_now or not his else his[-1]


def note_for(
    roster: Roster,
    shift: str,
    by: str,
    log_entry: int,
    open_alarms: tuple[str, ...],
    now_ns: Nanoseconds,
    *,
    watching: Iterable[str] = (),
) -> HandoverNote:
    """A note of the outgoing `shift`, for the team that the plan says. `watching`: who is at the wall, for whom it is
    when the plan names no team."""
    note = HandoverNote(shift, by, log_entry, open_alarms, now_ns)
    return address(note, roster, watching)


def address(note: HandoverNote, roster: Roster, watching: Iterable[str] = ()) -> HandoverNote:
    """The note as the plan of now addresses it. One that everybody has signed stays as it is."""
    if note.is_acknowledged:
        return note
    incoming = roster.incoming(note.shift)
    if incoming is None:
        return note.addressed(watching, note.written_at_ns + LATE_NS)
    return note.addressed(roster.team(incoming), max(note.written_at_ns, incoming.span.from_ns) + LATE_NS)


def _is_among(person: str, people: Iterable[str]) -> bool:
    return any(same_person(person, other) for other in people)
