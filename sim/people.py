"""The people of the room: they take alarms in human time, remove the doubt, and call the police when it is real."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from csu.centre import Alarm, AlarmAcknowledged, AlarmEscalated, AlarmId, AlarmRaised, CentreEvent
from csu.hal.chance import Chance, Ids
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.dispatch import Dispatch, DispatchCall
from csu.hal.errors import CsuError
from sim.faults import duration_within
from sim.intervals import Interval
from sim.quantities import DurationRange

CHIEF = "chef-de-salle"
CHIEF_REACTION = DurationRange(5 * NS_PER_S, 20 * NS_PER_S)
DOUBT_REMOVAL = DurationRange(20 * NS_PER_S, 3 * NS_PER_MINUTE)
CONFIRMED_SHARE = 0.15
"""Of alarms that turn out to be real: most are false or technical."""
TRY_AGAIN_AFTER_S = 2.0
TRIES_MAX = 30


class TakesAlarms(Protocol):
    """What people ask of the centre."""

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """Raises CsuError when it cannot be kept, or is no longer open."""
        ...


class People:
    """Operators and the chief of one room. Give `hear` to the centre's listeners, and run `watch` beside it."""

    def __init__(
        self,
        centre: TakesAlarms,
        dispatch: Dispatch,
        clock: Clock,
        chance: Chance,
        ids: Ids,
        operators: int,
        reaction: DurationRange,
        absences: Sequence[Interval] = (),
    ) -> None:
        """`absences`: when no operator is in the room; the chief is reached by telephone even then."""
        self._centre = centre
        self._dispatch = dispatch
        self._clock = clock
        self._chance = chance
        self._ids = ids
        self._operators = operators
        self._reaction = reaction
        self._absences = tuple(absences)
        self._shown: asyncio.Queue[Alarm] = asyncio.Queue()
        self._escalated: asyncio.Queue[Alarm] = asyncio.Queue()
        self._taken: set[AlarmId] = set()
        self.calls_made = 0
        self.calls_given_up = 0

    def hear(self, event: CentreEvent) -> None:
        """What appears on the operators' screens. Alarms waiting are bounded by the desk's own."""
        if isinstance(event, AlarmRaised):
            self._shown.put_nowait(event.alarm)
        elif isinstance(event, AlarmEscalated):
            self._escalated.put_nowait(event.alarm)
        elif isinstance(event, AlarmAcknowledged):
            self._taken.add(event.alarm.alarm)

    async def watch(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._chief(), name=CHIEF)
            for number in range(1, self._operators + 1):
                group.create_task(self._operator(f"operateur-{number}"), name=f"operateur-{number}")

    async def _operator(self, person: str) -> None:
        chance = self._chance.stream(person)
        while True:
            alarm = await self._shown.get()
            await self._be_back()
            await asyncio.sleep(duration_within(self._reaction, chance) / NS_PER_S)
            if await self._take(alarm, person):
                await self._remove_doubt(alarm, person, chance)

    async def _chief(self) -> None:
        chance = self._chance.stream(CHIEF)
        while True:
            alarm = await self._escalated.get()
            await asyncio.sleep(duration_within(CHIEF_REACTION, chance) / NS_PER_S)
            await self._take(alarm, CHIEF)

    async def _take(self, alarm: Alarm, person: str) -> bool:
        """True when this person took it; False when somebody else did."""
        for _ in range(TRIES_MAX):
            if alarm.alarm in self._taken:
                return False
            try:
                await self._centre.acknowledge(alarm.alarm, person)
            except CsuError:
                await asyncio.sleep(TRY_AGAIN_AFTER_S)
            else:
                return True
        return False

    async def _remove_doubt(self, alarm: Alarm, person: str, chance: Chance) -> None:
        await asyncio.sleep(duration_within(DOUBT_REMOVAL, chance) / NS_PER_S)
        if chance.uniform(0, 1) >= CONFIRMED_SHARE:
            return
        call = DispatchCall(
            self._ids.new("call"),
            alarm.message.commune,
            "police",
            alarm.message.site,
            f"alarme {alarm.message.kind.value} confirmée",
            person,
            self._clock.now_ns(),
        )
        self.calls_made += 1
        for _ in range(TRIES_MAX):
            try:
                await self._dispatch.notify(call)
            except CsuError:
                await asyncio.sleep(TRY_AGAIN_AFTER_S)
            else:
                return
        self.calls_given_up += 1

    async def _be_back(self) -> None:
        now_ns: Nanoseconds = self._clock.now_ns()
        for start_ns, end_ns in self._absences:
            if start_ns <= now_ns < end_ns:
                await asyncio.sleep((end_ns - now_ns) / NS_PER_S)
                return
