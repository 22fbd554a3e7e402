"""Who is to watch when: shifts that overlap at each handover, absences, and what is wrong with a plan (OPS-1). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from csu.governance.mask_register import same_person
from csu.governance.spans import Span, overlap
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.watch import WATCHING_MIN

OVERLAP_NS_MIN = 15 * NS_PER_MINUTE
"""[D]: how long the incoming and the outgoing team sit side by side."""


class RosterRefused(CsuError):
    """The plan leaves the wall to fewer than two, or breaks another rule. The old plan stands."""


class FaultKind(StrEnum):
    """What can be wrong with a plan."""

    TOO_FEW = "too_few"
    NO_OVERLAP = "no_overlap"
    TWICE = "twice"
    """One person in two places at once."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A team, from its beginning to its end."""

    shift: str
    span: Span
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is not there: leave, illness, training, a break."""

    person: str
    span: Span


@dataclass(frozen=True, slots=True)
class RosterFault:
    """Something wrong with a plan, and when."""

    kind: FaultKind
    span: Span
    who: tuple[str, ...] = ()
    """Those who are there (too few), the two shifts (no overlap), the person (twice)."""

    @property
    def words(self) -> Words:
        """As the chief reads it."""
        who = ", ".join(self.who) or "-"
        return {
            FaultKind.TOO_FEW: Words(
                f"moins de deux agents (présents : {who})", f"fewer than two agents (there: {who})"
            ),
            FaultKind.NO_OVERLAP: Words(f"relève sans recouvrement ({who})", f"handover without overlap ({who})"),
            FaultKind.TWICE: Words(f"une personne dans deux équipes ({who})", f"one person in two shifts ({who})"),
        }[self.kind]


class Roster:
    """The plan in force and the absences known. Times are spans in ns UTC."""

    def __init__(self) -> None:
        self._shifts: tuple[Shift, ...] = ()
        self._absences: tuple[Absence, ...] = ()
        self._planned: Span | None = None

    @property
    def shifts(self) -> tuple[Shift, ...]:
        return self._shifts

    def set(self, shifts: Sequence[Shift], over: Span) -> None:
        """Take this plan for the stretch `over`. Raises RosterRefused, naming the first fault; the old plan stands."""
        faults = roster_faults(shifts, self._absences, over)
        if faults:
            raise RosterRefused(
                faults[0].words,
                where=f"roster/{faults[0].span.from_ns}",
                what_to_do=Words(
                    f"Complétez l'équipe ({len(faults)} défaut(s) en tout)", f"Complete the team ({len(faults)} in all)"
                ),
            )
        self._shifts, self._planned = tuple(sorted(shifts, key=lambda shift: shift.span)), over
        self._absences = tuple(absence for absence in self._absences if absence.span.to_ns > over.from_ns)

    def absent(self, absence: Absence) -> list[RosterFault]:
        """Somebody will not be there: noted, whatever follows. Out: where fewer than two are left; call the chief."""
        self._absences = (*self._absences, absence)
        if self._planned is None:
            return []
        touched = overlap(absence.span, [self._planned])
        return [fault for span in touched for fault in _too_few(self._shifts, self._absences, span)]

    def planned(self, at_ns: Nanoseconds) -> tuple[str, ...]:
        """Who is to be at the wall at that instant."""
        return _there(self._shifts, self._absences, at_ns)

    def incoming(self, shift: str) -> Shift | None:
        """The team that takes over from `shift`: the first that begins during it, or when it ends."""
        out = next((each for each in self._shifts if each.shift == shift), None)
        if out is None:
            return None
        after = (each for each in self._shifts if out.span.from_ns < each.span.from_ns <= out.span.to_ns)
        return next(after, None)


def roster_faults(shifts: Sequence[Shift], absences: Sequence[Absence], over: Span) -> list[RosterFault]:
    """All that is wrong with a plan for the stretch `over`, in order of time."""
    faults = [*_too_few(shifts, absences, over), *_not_overlapping(shifts, over), *_twice(shifts)]
    return sorted(faults, key=lambda fault: (fault.span, fault.kind))


def _too_few(shifts: Sequence[Shift], absences: Sequence[Absence], over: Span) -> list[RosterFault]:
    """Between two neighbouring beginnings or ends nothing changes: one look at each stretch is a look at all of it."""
    spans = [shift.span for shift in shifts] + [absence.span for absence in absences]
    edges = {edge for span in spans for edge in (span.from_ns, span.to_ns) if over.holds(edge)}
    found: list[RosterFault] = []
    for from_ns, to_ns in pairwise(sorted(edges | {over.from_ns, over.to_ns})):
        there = _there(shifts, absences, from_ns)
        if len(there) >= WATCHING_MIN:
            continue
        last = found[-1] if found else None
        if last is not None and last.span.to_ns == from_ns and last.who == there:
            found[-1] = RosterFault(FaultKind.TOO_FEW, Span(last.span.from_ns, to_ns), there)
        else:
            found.append(RosterFault(FaultKind.TOO_FEW, Span(from_ns, to_ns), there))
    return found


def _not_overlapping(shifts: Sequence[Shift], over: Span) -> Iterable[RosterFault]:
    """Each team that ends within the plan sits beside the next one for OVERLAP_NS_MIN."""
    for out in shifts:
        if not over.from_ns < out.span.to_ns < over.to_ns:
            continue
        beside = [
            other for other in shifts if other is not out and other.span.from_ns <= out.span.to_ns - OVERLAP_NS_MIN
        ]
        if not any(other.span.to_ns > out.span.to_ns for other in beside):
            at_end = Span(out.span.to_ns - OVERLAP_NS_MIN, out.span.to_ns)
            yield RosterFault(FaultKind.NO_OVERLAP, at_end, (out.shift,))


def _twice(shifts: Sequence[Shift]) -> Iterable[RosterFault]:
    for number, shift in enumerate(shifts):
        for other in shifts[number + 1 :]:
            for both in overlap(shift.span, [other.span]):
                shared = (p for p in shift.people if any(same_person(p, q) for q in other.people))
                yield from (RosterFault(FaultKind.TWICE, both, (person,)) for person in shared)


def _there(shifts: Sequence[Shift], absences: Sequence[Absence], at_ns: Nanoseconds) -> tuple[str, ...]:
    """Each person once, however often and however typed."""
    there: list[str] = []
    for person in (person for shift in shifts if shift.span.holds(at_ns) for person in shift.people):
        is_absent = any(same_person(person, each.person) and each.span.holds(at_ns) for each in absences)
        if not is_absent and not any(same_person(person, known) for known in there):
            there.append(person)
    return tuple(there)
