"""Shifts and handovers of a running centre (OPS-1): who is to watch, which note the next team has signed.

The decisions are the roster's and the notes' (`csu.operations`). Each is on disk before anybody hears of it; what was
told to be kept is there after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from csu.centre.events import CentreEvent, Trouble
from csu.console.posts import WatchDesk
from csu.console.service_now import Agent, ServiceNow
from csu.governance import Span
from csu.hal.clock import NS_PER_DAY, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations import (
    Absence,
    AbsenceTold,
    Draft,
    EntryKind,
    HandoverNote,
    HandoverRefused,
    HoleAhead,
    KeptRows,
    LogbookEntry,
    NoteLate,
    NoteSigned,
    Roster,
    RosterFault,
    RosterRefused,
    RosterSet,
    Shift,
)
from csu.operations.handover import address, note_for, outgoing_shift

FILE = "service.sqlite"
LOOK_S = 20.0
AHEAD_NS = NS_PER_DAY
"""[D]: a hole of the roster is told so long before it comes: a night to find somebody."""
SHOWN_AHEAD_NS = 7 * NS_PER_DAY
KEPT_NS = 62 * NS_PER_DAY
"""[D]: who worked when is kept for two months: what was done stands in the operations log."""
NOTES_SHOWN, PLANS_KEPT = 8, 500
SERVICE = "service"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RosterKept:
    """A plan as it was set, and who set it."""

    by: str
    at_ns: Nanoseconds
    shifts: tuple[Shift, ...] = ()
    absences: tuple[Absence, ...] = ()
    planned_over: tuple[Span, ...] = ()
    told: tuple[Nanoseconds, ...] = ()
    """Beginnings of the holes that were told ahead."""


class LogToWrite(Protocol):
    """What this room needs of the operations log: `csu.centre.rooms.log_room.LogRoom`."""

    async def write(self, draft: Draft) -> LogbookEntry:
        """Durable when this returns."""
        ...

    async def reading(self, number: int) -> Sequence[LogbookEntry]:
        """An entry and its corrections."""
        ...


@dataclass(frozen=True, slots=True)
class RoomAround:
    """Whom this room asks: who is at the wall, which alarms are open, who works here at all (none: nobody knows)."""

    posts: WatchDesk
    open_alarms: Callable[[], Sequence[str]]
    agents: Callable[[], Sequence[Agent]] = tuple


class ServiceRoom:
    """One per centre. Build it (blocks), `run` it, `close` it."""

    def __init__(
        self, path: Path, *, clock: Clock, log: LogToWrite, tell: Callable[[CentreEvent], None], around: RoomAround
    ) -> None:
        """Raises RowNotKept, RowsBroken."""
        self._clock, self._log, self._tell, self._around = clock, log, tell, around
        self._turn = asyncio.Lock()
        self._plans, self._note_rows = KeptRows(path, "roster", RosterKept), KeptRows(path, "note", HandoverNote)
        plans = self._plans.load()
        self._number = max(plans, default=0)
        self._kept = plans.get(self._number, RosterKept("", 0))
        self._roster = _roster_of(self._kept)
        self._notes = self._note_rows.load()
        self._texts: dict[int, str] = {}
        self._late: set[int] = {number for number, note in self._notes.items() if note.is_late(clock.now_ns())}
        self._in_trouble = False

    @property
    def roster(self) -> Roster:
        """To read: who is to watch when."""
        return self._roster

    # -- what people read ----------------------------------------------------------------------------------------------

    async def now(self, person: str) -> ServiceNow:
        """All that the page of shifts shows. Raises CsuError."""
        now_ns = self._clock.now_ns()
        notes = dict(list(self._notes.items())[-NOTES_SHOWN:])
        for note in notes.values():
            if note.log_entry not in self._texts:
                found = await self._log.reading(note.log_entry)
                self._texts[note.log_entry] = found[0].entry.text if found else ""
        owed = outgoing_shift(self._roster, person, now_ns)
        return ServiceNow(
            at_ns=now_ns,
            agents=tuple(self._around.agents()),
            shifts=self._roster.shifts,
            absences=self._roster.absences,
            planned_over=self._roster.planned_over,
            set_by=self._kept.by,
            set_at_ns=self._kept.at_ns,
            ahead=tuple(self._roster.ahead(Span(now_ns, now_ns + SHOWN_AHEAD_NS))) if self._kept.planned_over else (),
            watching=tuple(self._around.posts.watching),
            is_short=self._around.posts.is_short_of_watch,
            notes={number: (self._addressed(note), self._texts[note.log_entry]) for number, note in notes.items()},
            owed=owed.shift if owed is not None and not self.has_handed_over(person) else "",
        )

    def has_handed_over(self, person: str) -> bool:
        """Whether the note of the shift that he ends is taken over; true of who ends none by the plan."""
        shift = outgoing_shift(self._roster, person, self._clock.now_ns())
        return shift is None or any(
            note.shift == shift.shift and self._addressed(note).frees_outgoing for note in self._notes.values()
        )

    def owes_note(self, person: str) -> bool:
        """Whether the plan says that he ends a shift now."""
        return outgoing_shift(self._roster, person, self._clock.now_ns()) is not None

    # -- what people do ------------------------------------------------------------------------------------------------

    def faults_of(self, shifts: Sequence[Shift], over: Span) -> list[RosterFault]:
        """What would be wrong with that plan. Raises RosterRefused."""
        self._all_known([person for shift in shifts for person in shift.people])
        return self._roster.faults_of(shifts, over)

    async def set_roster(self, shifts: Sequence[Shift], over: Span, person: str) -> None:
        """That plan, for that stretch. Raises RosterRefused, RowNotKept: the old one stands."""
        self._all_known([each for shift in shifts for each in shift.people])

        def deed(roster: Roster, now_ns: Nanoseconds) -> RosterSet:
            roster.set(shifts, over)
            return RosterSet(over, person, now_ns)

        await self._change(deed, person)

    async def note_absence(self, absence: Absence, person: str) -> Sequence[RosterFault]:
        """Somebody will not be there: noted, whatever follows. Raises RosterRefused, RowNotKept."""
        self._all_known([absence.person])
        holes: list[RosterFault] = []

        def deed(roster: Roster, now_ns: Nanoseconds) -> AbsenceTold:
            holes.extend(roster.absent(absence))
            return AbsenceTold(absence.person, absence.span, False, len(holes), person, now_ns)

        await self._change(deed, person)
        return holes

    async def end_absence(self, absence: Absence, person: str) -> None:
        """He will be there after all. Raises RosterRefused when nobody said that he would not; RowNotKept."""
        if absence not in self._roster.absences:
            raise RosterRefused(
                Words("cette absence n'est pas notée", "this absence is not noted"),
                where=f"roster/{absence.span.from_ns}",
                what_to_do=Words("Relisez le tableau", "Read the roster again"),
            )

        def deed(roster: Roster, now_ns: Nanoseconds) -> AbsenceTold:
            roster.back(absence)
            return AbsenceTold(absence.person, absence.span, True, 0, person, now_ns)

        await self._change(deed, person)

    async def write_note(self, text: str, person: str, shift: str = "") -> int:
        """The note of the outgoing team, its text in the operations log; its number. `shift`: of which; empty: of the
        one that he ends. Raises HandoverRefused, LogEntryRefused, LogNotKept, RowNotKept."""
        now_ns = self._clock.now_ns()
        of = self._shift_for(shift, person, now_ns)
        draft = Draft(EntryKind.HANDOVER, person, text)
        async with self._turn:
            entry = await self._log.write(draft)
            alarms, watching = tuple(self._around.open_alarms()), tuple(self._around.posts.watching)
            note = note_for(self._roster, of, person, entry.number, alarms, now_ns, watching=watching)
            return await self._keep_note(max(self._notes, default=0) + 1, note)

    async def sign_note(self, number: int, person: str) -> None:
        """One of the incoming team has read it. Raises HandoverRefused, RowNotKept; KeyError: no such note."""
        async with self._turn:
            now_ns, before = self._clock.now_ns(), self._addressed(self._notes[number])
            note = before.acknowledged(person, now_ns)
            if note == before:
                return
            await self._keep_note(number, note)
            self._tell(NoteSigned(note.shift, note.log_entry, person, note.waiting, now_ns))

    async def run(self) -> None:
        """Tell what comes and what is late, for ever. A disk that does not answer is told, and asked again."""
        while True:
            try:
                await self.look()
                self._in_trouble = False
            except CsuError as error:
                if not self._in_trouble:
                    self._tell(Trouble(SERVICE, error.trouble.words, self._clock.now_ns()))
                self._in_trouble = True
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Holes of the next day and notes that somebody did not sign: each told once. What is old is erased.

        Raises RowNotKept.
        """
        now_ns = self._clock.now_ns()
        for number, note in self._notes.items():
            current = self._addressed(note)
            if number not in self._late and current.is_late(now_ns):
                self._late.add(number)
                self._tell(NoteLate(current.shift, current.log_entry, current.waiting, now_ns))
        if self._kept.planned_over:
            holes = self._roster.ahead(Span(now_ns, now_ns + AHEAD_NS))
            fresh = [each for each in holes if now_ns < each.span.from_ns and each.span.from_ns not in self._kept.told]
            for fault in fresh:
                await self._keep(replace(self._kept, told=(*self._kept.told, fault.span.from_ns)), self._number)
                self._tell(HoleAhead(fault, now_ns))
        await self._erase(now_ns - KEPT_NS)

    def close(self) -> None:
        """Release the files."""
        self._plans.close()
        self._note_rows.close()

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _change(self, deed: Callable[[Roster, Nanoseconds], RosterSet | AbsenceTold], person: str) -> None:
        """On a roster of its own, which counts once it is on disk."""
        async with self._turn:
            now_ns, roster = self._clock.now_ns(), _roster_of(self._kept)
            event = deed(roster, now_ns)
            roster.forget(now_ns - KEPT_NS)
            told = tuple(each for each in self._kept.told if each > now_ns)
            kept = RosterKept(person, now_ns, roster.shifts, roster.absences, roster.planned_over, told)
            await self._keep(kept, self._number + 1)
            self._tell(event)

    async def _keep(self, kept: RosterKept, number: int) -> None:
        await asyncio.to_thread(self._plans.save, number, kept)
        self._kept, self._number, self._roster = kept, number, _roster_of(kept)

    async def _keep_note(self, number: int, note: HandoverNote) -> int:
        await asyncio.to_thread(self._note_rows.save, number, note)
        self._notes[number] = note
        return number

    def _addressed(self, note: HandoverNote) -> HandoverNote:
        """For whom it is by the plan of now; where no plan says it, for who is at the wall."""
        return address(note, self._roster, self._around.posts.watching)

    def _shift_for(self, shift: str, person: str, now_ns: Nanoseconds) -> str:
        if shift and self._roster.shift(shift) is None:
            raise HandoverRefused(
                Words("cette vacation n'existe pas", "there is no such shift"),
                where=f"handover/{shift}",
                what_to_do=Words("Relisez le tableau", "Read the roster again"),
            )
        owed = outgoing_shift(self._roster, person, now_ns)
        on = (each for each in self._roster.shifts if each.span.holds(now_ns) and person in each.people)
        return shift or (owed.shift if owed is not None else next((each.shift for each in on), ""))

    def _all_known(self, people: Sequence[str]) -> None:
        known = {agent.account for agent in self._around.agents()}
        stranger = next((person for person in people if known and person not in known), None)
        if stranger is not None:
            raise RosterRefused(
                Words(f"{stranger} n'est pas un agent de la salle", f"{stranger} is no agent of the room"),
                where="roster",
                what_to_do=Words("Choisissez parmi les comptes", "Choose among the accounts"),
            )

    async def _erase(self, before_ns: Nanoseconds) -> None:
        """Plans and notes that are old; the newest plan stays. Raises RowNotKept."""
        async with self._turn:
            old = [number for number, note in self._notes.items() if note.written_at_ns < before_ns]
            if old:
                await asyncio.to_thread(self._note_rows.erase, old)
            for number in old:
                del self._notes[number]
            if self._number > PLANS_KEPT:
                await asyncio.to_thread(self._plans.erase, [self._number - PLANS_KEPT])


def _roster_of(kept: RosterKept) -> Roster:
    return Roster(kept.shifts, kept.absences, kept.planned_over)


class PostsWithNotes:
    """The posts at the wall, where who ends his shift leaves when its note is taken over, whatever he says (OPS-1)."""

    def __init__(self, posts: WatchDesk, service: ServiceRoom) -> None:
        self._posts, self._service = posts, service

    @property
    def watching(self) -> Sequence[str]:
        return self._posts.watching

    @property
    def is_short_of_watch(self) -> bool:
        return self._posts.is_short_of_watch

    def take_post(self, person: str) -> None:
        self._posts.take_post(person)

    def seen_at_post(self, person: str) -> None:
        self._posts.seen_at_post(person)

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None:
        """Raises LeaveRefused: he still watches."""
        if self._service.owes_note(person):
            handed_over = self._service.has_handed_over(person)
        self._posts.leave_post(person, handed_over=handed_over, urgent_reason=urgent_reason)
