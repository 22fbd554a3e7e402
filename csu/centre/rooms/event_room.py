"""Planned events of a running centre: kept, told when they begin and end, and their scene given to the wall (OPS-5).

What an event may ask for the core decides (`csu.operations.planned_event`). The wall runs the programme by its dates
itself, through its own director: rights, masks and the agreed scene of a short watch hold as ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from csu.centre.events import CentreEvent, Trouble
from csu.centre.papers import Papers
from csu.centre.rooms.proposals import stands_at
from csu.governance import Decision, Purpose, Span
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Words
from csu.operations import (
    EventDeed,
    EventFacts,
    EventKind,
    EventOutcome,
    EventRefused,
    EventReport,
    EventState,
    EventTold,
    KeptRows,
    LogbookEntry,
    PlannedEvent,
    Roster,
)
from csu.operations.event_cameras import cameras_along, cameras_around
from csu.operations.planned_event import CAMERAS_MAX, Place, check
from csu.wall import Programme, ProgrammeDropped, ProgrammeSet, Route, WallInput, even_route
from csu.wall.directing.route import LEG_NS_MIN

LOOK_S = 5.0
PASSES_NS = 20 * NS_PER_MINUTE
"""How long a procession takes to go by one camera, when nobody says more [D]."""
PRIORITY = 10
"""Of an event's programme: above those of the week [D]."""
PAGES_MAX, PAGE = 40, 500
"""Of the operations log, for a report: 20,000 entries."""
EVENTS = "planned-events"


class WallToAsk(Protocol):
    """What this room needs of the wall: `csu.centre.rooms.wall_desk.DeskOfWall`."""

    @property
    def scenes(self) -> Mapping[str, str]:
        """All there are, and how people call them."""
        ...

    def ask(self, told: WallInput) -> None:
        """Raises CsuError: the wall is as it was."""
        ...


class LogToRead(Protocol):
    """What this room needs of the operations log."""

    async def newest(self, most: int, before: int | None = None) -> Sequence[LogbookEntry]:
        """The last ones, or the last below a number, in order."""
        ...


@dataclass(frozen=True, slots=True)
class EventAround:
    """Whom this room asks. `wall` None: this centre has none."""

    records: Callable[[], Sequence[CameraRecord]]
    papers: Papers
    roster: Callable[[], Roster]
    wall: WallToAsk | None = None


class EventRoom:
    """One per centre. Build it (blocks), `open` it, `run` it, `close` it."""

    def __init__(
        self, path: Path, *, clock: Clock, log: LogToRead, tell: Callable[[CentreEvent], None], around: EventAround
    ) -> None:
        """Raises RowNotKept, RowsBroken."""
        self._clock, self._log, self._tell, self._around = clock, log, tell, around
        self._turn = asyncio.Lock()
        self._rows = KeptRows(path, "planned_event", PlannedEvent)
        self._events = self._rows.load()
        self._states = {number: event.state(clock.now_ns()) for number, event in self._events.items()}

    def events(self) -> Mapping[int, PlannedEvent]:
        """All, by number."""
        return self._events

    def scenes(self) -> Mapping[str, str]:
        """Of the wall: what an event may have it show."""
        return {} if self._around.wall is None else self._around.wall.scenes

    def fewest_planned(self, span: Span) -> int:
        """How many the roster has when they are fewest."""
        return self._around.roster().fewest(span)

    def proposed(
        self, kind: EventKind, commune: CommuneId, route: Sequence[Place], perimeter: Sequence[Place]
    ) -> Sequence[CameraId]:
        """Cameras of that commune which see the route or the perimeter, in the order of the way; of a demonstration its
        wide views (OPS-5)."""
        wide_only = kind is EventKind.DEMONSTRATION
        wanted = {
            record.camera
            for record in self._around.records()
            if record.commune == commune and (record.view is ViewType.WIDE or not wide_only)
        }
        places = stands_at(self._around.papers, wanted, self._clock.now_ns())
        if len(route) > 1:
            return cameras_along(route, places)[:CAMERAS_MAX]
        return cameras_around(perimeter, places)[:CAMERAS_MAX] if len(perimeter) > 2 else ()

    async def enter(self, event: PlannedEvent, number: int | None = None) -> int:
        """A new one, or another in the place of `number`. Raises EventRefused, RowNotKept, KeyError; a CsuError of the
        wall comes after it is kept, and it is told then."""
        async with self._turn:
            now_ns = self._clock.now_ns()
            if number is not None and self._events[number].state(now_ns) not in _OPEN:
                raise _over()
            check(event, EventFacts(self._around.records(), self._may_use, tuple(self.scenes())), now_ns)
            new = max(self._events, default=0) + 1 if number is None else number
            deed = EventDeed.PLANNED if number is None else EventDeed.CHANGED
            await self._keep(new, event, deed, event.by)
            self._to_wall(new, event, event.by)
            return new

    async def call_off(self, number: int, person: str) -> None:
        """Raises EventRefused, RowNotKept; KeyError: no such event."""
        async with self._turn:
            event = self._events[number].called_off(person, self._clock.now_ns())
            await self._keep(number, event, EventDeed.CALLED_OFF, person)
            self._to_wall(number, event, person)

    async def report(self, number: int, outcome: EventOutcome, person: str) -> None:
        """Close it. Raises EventRefused, RowNotKept; CsuError when the log cannot be read; KeyError."""
        async with self._turn:
            event, now_ns = self._events[number], self._clock.now_ns()
            if event.state(now_ns) is not EventState.ENDED:
                raise _over()
            entries = await self._entries_of(event.span)
            report = EventReport(
                outcome,
                person,
                now_ns,
                self.fewest_planned(event.span),
                len(entries),
                len({each.entry.alarm for each in entries if each.entry.alarm}),
                len({each.entry.call for each in entries if each.entry.call}),
            )
            await self._keep(number, event.reported(report), EventDeed.REPORTED, person)

    def open(self) -> None:
        """Give the wall again what it does not remember: programmes of events that are not over."""
        for number, event in self._events.items():
            if event.state(self._clock.now_ns()) in _OPEN:
                self._to_wall(number, event, "")

    async def run(self) -> None:
        """Tell what begins and ends, for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """What began or ended since."""
        now_ns = self._clock.now_ns()
        for number, event in self._events.items():
            before, state = self._states.get(number), event.state(now_ns)
            self._states[number] = state
            if before is EventState.PLANNED and state in (EventState.RUNNING, EventState.ENDED):
                self._tell(EventTold(number, event, EventDeed.BEGAN, "", now_ns))
            if before in _OPEN and state is EventState.ENDED:
                self._tell(EventTold(number, event, EventDeed.ENDED, "", now_ns))

    def close(self) -> None:
        """Release the file."""
        self._rows.close()

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _keep(self, number: int, event: PlannedEvent, deed: EventDeed, person: str) -> None:
        await asyncio.to_thread(self._rows.save, number, event)
        now_ns = self._clock.now_ns()
        self._events[number] = event
        self._tell(EventTold(number, event, deed, person, now_ns))
        before, state = self._states.get(number), event.state(now_ns)
        if before is not EventState.RUNNING and state is EventState.RUNNING:
            self._tell(EventTold(number, event, EventDeed.BEGAN, "", now_ns))
        self._states[number] = state

    def _to_wall(self, number: int, event: PlannedEvent, person: str) -> None:
        """What the wall refuses is told: the event is kept all the same."""
        if self._around.wall is None:
            return
        is_on = event.scene and event.state(self._clock.now_ns()) in _OPEN
        told: WallInput = ProgrammeDropped(programme_name(number), person)
        try:
            if is_on:
                told = ProgrammeSet(programme_of(number, event), person)
            self._around.wall.ask(told)
        except CsuError as error:
            self._tell(Trouble(EVENTS, error.trouble.words, self._clock.now_ns()))

    def _may_use(self, camera: CameraId, purpose: Purpose, span: Span) -> Decision:
        """At its beginning, and at each change of the papers until its end (AUT-4, COM-2)."""
        register = self._around.papers.register
        at_ns: Nanoseconds | None = span.from_ns
        decision = Decision(False, NO_WORDS, "")
        while at_ns is not None and at_ns < span.to_ns:
            decision = register.may_view_live(camera, at_ns)
            if decision.permitted:
                decision = register.may_use(camera, purpose, at_ns)
            if not decision.permitted:
                break
            at_ns = register.next_change_ns(camera, at_ns)
        return decision

    async def _entries_of(self, span: Span) -> list[LogbookEntry]:
        found: list[LogbookEntry] = []
        before: int | None = None
        for _ in range(PAGES_MAX):
            page = await self._log.newest(PAGE, before)
            found += [entry for entry in page if span.holds(entry.at_ns)]
            if not page or page[0].number == 1 or page[0].at_ns < span.from_ns:
                break
            before = page[0].number
        return found


_OPEN: Collection[EventState] = (EventState.PLANNED, EventState.RUNNING)


def programme_name(number: int) -> str:
    """As the wall and its journal call the programme of an event."""
    return f"event-{number}"


def programme_of(number: int, event: PlannedEvent) -> Programme:
    """What the wall shows meanwhile: along a route the procession's head and tail, else what is around it."""
    route: Route | None = None
    if event.route and event.cameras:
        leg_ns = max(LEG_NS_MIN, (event.span.to_ns - event.span.from_ns) // (len(event.cameras) + 1))
        route = even_route(event.cameras, event.span.from_ns, leg_ns, PASSES_NS)
    return Programme(programme_name(number), event.scene, event.span, PRIORITY, route, event.cameras)


def _over() -> EventRefused:
    return EventRefused(
        Words("l'événement n'en est pas là", "the event is not there"),
        where="event/state",
        what_to_do=Words("Relisez-le ; rien n'a changé", "Read it again; nothing changed"),
    )
