"""The service of a running centre: its shifts and handovers, its visitors, its planned events, from their files on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from csu.centre.control import Centre
from csu.centre.events import CentreEvent
from csu.centre.papers import Papers
from csu.centre.registers.accounts import AccountsOfCentre
from csu.centre.rooms.event_room import EventAround, EventRoom, WallToAsk
from csu.centre.rooms.log_room import LogRoom
from csu.centre.rooms.service_room import FILE, PostsWithNotes, RoomAround, ServiceRoom
from csu.centre.rooms.visit_room import VisitRoom
from csu.console.service_now import Agent
from csu.governance import Role
from csu.hal.camera import CameraRecord
from csu.hal.clock import Clock


@dataclass(frozen=True, slots=True)
class ServiceRooms:
    """What people act by at the console. `posts`: the centre's, where a note is owed before one leaves."""

    shifts: ServiceRoom
    visits: VisitRoom
    events: EventRoom
    posts: PostsWithNotes


@asynccontextmanager
async def keep_service(
    centre: Centre,
    data_directory: Path,
    *,
    log: LogRoom,
    wall: WallToAsk,
    papers: Papers,
    records: Sequence[CameraRecord],
    agents: Callable[[], Sequence[Agent]],
    clock: Clock,
    tell: Callable[[CentreEvent], None],
) -> AsyncIterator[ServiceRooms]:
    """Open them, and follow the time. What they tell, the operations log hears. Raises RowNotKept, RowsBroken."""

    def told(event: CentreEvent) -> None:
        log.hear(event)
        tell(event)

    path = data_directory / FILE
    around = RoomAround(centre, lambda: [alarm.alarm for alarm in centre.desk.unfinished()], agents)
    shifts = await asyncio.to_thread(lambda: ServiceRoom(path, clock=clock, log=log, tell=told, around=around))
    visits = await asyncio.to_thread(lambda: VisitRoom(path, clock=clock, tell=told))
    of_events = EventAround(lambda: records, papers, lambda: shifts.roster, wall)
    events = await asyncio.to_thread(lambda: EventRoom(path, clock=clock, log=log, tell=told, around=of_events))
    events.open()
    following = [asyncio.create_task(room.run(), name=type(room).__name__) for room in (shifts, events)]
    try:
        yield ServiceRooms(shifts, visits, events, PostsWithNotes(centre, shifts))
    finally:
        for task in following:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for room in (shifts, visits, events):
            room.close()


def agents_of(accounts: AccountsOfCentre, clock: Clock, simulated: Sequence[str]) -> Sequence[Agent]:
    """Who may be on a shift: the room's people by their accounts; of a centre without any, its simulated ones."""
    now_ns = clock.now_ns()
    room = {Role.OPERATOR, Role.ROOM_CHIEF}
    known = [
        Agent(person.account, person.name, Role.ROOM_CHIEF in person.roles)
        for person in accounts.people
        if person.roles & room and person.is_open(now_ns)
    ]
    return known or [Agent(name, name) for name in simulated]
