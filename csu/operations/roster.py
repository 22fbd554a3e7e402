"""Who is to watch when: shifts that overlap at each handover, absences, and what is wrong with a plan (OPS-1). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from csu.governance.mask_register import same_person
from csu.governance.spans import Span, overlap, without
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
    NOT_PLANNED = "not_planned"
    """Nobody said who is to watch then."""


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
            FaultKind.NOT_PLANNED: Words("rien n'est prévu", "nothing is planned"),
        }[self.kind]


class Roster:
    """The plan in force and the absences known. Times are spans in ns UTC."""

    def __init__(
        self, shifts: Sequence[Shift] = (), absences: Sequence[Absence] = (), planned_over: Sequence[Span] = ()
    ) -> None:
        """As it was kept; without anything: nothing is planned."""
        self._shifts, self._absences = _in_order(shifts), tuple(absences)
        self._planned = _together(planned_over)

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """In the order of their beginnings."""
        return self._shifts

    @property
    def absences(self) -> tuple[Absence, ...]:
        return self._absences

    @property
    def planned_over(self) -> tuple[Span, ...]:
        """The stretches for which somebody said who is to watch; in order, not touching each other."""
        return self._planned

    def set(self, shifts: Sequence[Shift], over: Span) -> None:
        """Take this plan for the stretch `over`: shifts that began before it, or begin after it, stand.

        Raises RosterRefused, naming the first fault; the old plan stands.
        """
        faults = self.faults_of(shifts, over)
        if faults:
            raise _refused(
                faults[0].words,
                faults[0].span.from_ns,
                Words(
                    f"Complétez l'équipe ({len(faults)} défaut(s) en tout)", f"Complete the team ({len(faults)} in all)"
                ),
            )
        self._shifts = _in_order(self._with(shifts, over))
        self._planned = _together([*self._planned, over])

    def faults_of(self, shifts: Sequence[Shift], over: Span) -> list[RosterFault]:
        """All that would be wrong with this plan for `over`, in order of time. Raises RosterRefused for a shift that
        begins outside it, or has another's name."""
        plan = self._with(shifts, over)
        outside = next((shift for shift in shifts if not over.holds(shift.span.from_ns)), None)
        if outside is not None:
            raise _refused(
                Words(f"{outside.shift} commence hors de la période", f"{outside.shift} begins outside the stretch"),
                outside.span.from_ns,
                Words("Corrigez ses heures", "Put its hours right"),
            )
        if len({shift.shift for shift in plan}) < len(plan):
            raise _refused(
                Words("deux équipes de même nom", "two shifts of one name"),
                over.from_ns,
                Words("Donnez à chacune le sien", "Give each its own"),
            )
        wider = Span(
            over.from_ns - any(each.holds(over.from_ns - 1) for each in self._planned),
            over.to_ns + any(each.holds(over.to_ns) for each in self._planned),
        )
        return roster_faults(plan, self._absences, over, joined=wider)

    def absent(self, absence: Absence) -> list[RosterFault]:
        """Somebody will not be there: noted, whatever follows. Out: where fewer than two are left; call the chief."""
        self._absences = (*self._absences, absence)
        touched = overlap(absence.span, self._planned)
        return [fault for span in touched for fault in _too_few(self._shifts, self._absences, span)]

    def back(self, absence: Absence) -> None:
        """He will be there after all."""
        self._absences = tuple(each for each in self._absences if each != absence)

    def planned(self, at_ns: Nanoseconds) -> tuple[str, ...]:
        """Who is to be at the wall at that instant."""
        return _there(self._shifts, self._absences, at_ns)

    def fewest(self, span: Span) -> int:
        """How many are to be there when they are fewest; 0 where nothing is planned."""
        edges = {span.from_ns, *_edges(self._shifts, self._absences, span)}
        return min(len(self.planned(edge)) for edge in edges)

    def ahead(self, span: Span) -> list[RosterFault]:
        """Each stretch of `span` in which fewer than two are to be there, in order: tell it before it comes."""
        short = [
            fault
            for stretch in overlap(span, self._planned)
            for fault in _too_few(self._shifts, self._absences, stretch)
        ]
        unplanned = (
            fault
            for stretch in without(span, self._planned)
            for fault in _too_few(self._shifts, self._absences, stretch)
        )
        return sorted([*short, *(_as_unplanned(fault) for fault in unplanned)], key=lambda fault: fault.span)

    def incoming(self, shift: str) -> Shift | None:
        """The team that takes over from `shift`: the first that begins during it, or when it ends."""
        out = self.shift(shift)
        if out is None:
            return None
        after = (each for each in self._shifts if out.span.from_ns < each.span.from_ns <= out.span.to_ns)
        return next(after, None)

    def shift(self, shift: str) -> Shift | None:
        """The team of that name; None: there is none."""
        return next((each for each in self._shifts if each.shift == shift), None)

    def team(self, shift: Shift) -> tuple[str, ...]:
        """Who of it is to be there when it begins."""
        return _there([shift], self._absences, shift.span.from_ns)

    def forget(self, before_ns: Nanoseconds) -> None:
        """What ended before then is nobody's affair any more."""
        self._shifts = tuple(each for each in self._shifts if each.span.to_ns > before_ns)
        self._absences = tuple(each for each in self._absences if each.span.to_ns > before_ns)
        self._planned = tuple(each for each in self._planned if each.to_ns > before_ns)

    def _with(self, shifts: Sequence[Shift], over: Span) -> list[Shift]:
        return [*(each for each in self._shifts if not over.holds(each.span.from_ns)), *shifts]


def roster_faults(
    shifts: Sequence[Shift], absences: Sequence[Absence], over: Span, *, joined: Span | None = None
) -> list[RosterFault]:
    """All that is wrong with a plan for the stretch `over`, in order of time. `joined`: where its handovers count; a
    nanosecond wider than `over` where another stretch goes on."""
    faults = [*_too_few(shifts, absences, over), *_not_overlapping(shifts, joined or over), *_twice(shifts)]
    return sorted(faults, key=lambda fault: (fault.span, fault.kind))


def _too_few(shifts: Sequence[Shift], absences: Sequence[Absence], over: Span) -> list[RosterFault]:
    """Between two neighbouring beginnings or ends nothing changes: one look at each stretch is a look at all of it."""
    edges = _edges(shifts, absences, over)
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


def _edges(shifts: Sequence[Shift], absences: Sequence[Absence], over: Span) -> set[Nanoseconds]:
    """The instants of `over` at which somebody comes or goes."""
    spans = [shift.span for shift in shifts] + [absence.span for absence in absences]
    return {edge for span in spans for edge in (span.from_ns, span.to_ns) if over.holds(edge)}


def _as_unplanned(fault: RosterFault) -> RosterFault:
    return fault if fault.who else RosterFault(FaultKind.NOT_PLANNED, fault.span)


def _in_order(shifts: Iterable[Shift]) -> tuple[Shift, ...]:
    return tuple(sorted(shifts, key=lambda shift: (shift.span, shift.shift)))


def _together(spans: Sequence[Span]) -> tuple[Span, ...]:
    if not spans:
        return ()
    return overlap(Span(min(each.from_ns for each in spans), max(each.to_ns for each in spans)), spans)


def _refused(what: Words, at_ns: Nanoseconds, what_to_do: Words) -> RosterRefused:
    return RosterRefused(what, where=f"roster/{at_ns}", what_to_do=what_to_do)
