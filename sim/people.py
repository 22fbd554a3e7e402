"""The people of the room: they keep their hours, take alarms in human time, and lead each one to its closing.

They err: some qualify an alarm wrongly, some forget to close it until the chief goes through the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from csu.centre import (
    Alarm,
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmEscalated,
    AlarmId,
    AlarmRaised,
    AlarmState,
    CentreEvent,
    PoliceCall,
)
from csu.hal.alarms import AlarmKind
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.notation.quantities import DurationRange
from sim.draws import duration_within
from sim.intervals import Interval, difference
from sim.shifts import Operator
from sim.vocabulary import Signal

CHIEF = "chef-de-salle"
CHIEF_REACTION = DurationRange(5 * NS_PER_S, 20 * NS_PER_S)
DOUBT_REMOVAL = DurationRange(20 * NS_PER_S, 3 * NS_PER_MINUTE)
CLOSING = DurationRange(2 * NS_PER_S, 30 * NS_PER_S)
FORGOTTEN = DurationRange(3 * NS_PER_MINUTE, 9 * NS_PER_MINUTE)
"""How long a forgotten alarm stays before the chief finds it; less than the final quiet."""
CONFIRMED_SHARE = 0.15
"""Of alarms that turn out to be real: most are false or technical."""
POLICE_WITHIN_S = 180.0
"""Who hears nothing of the call for so long telephones."""
SEEN_EVERY_S = 30.0
"""How often a workstation says that its person is there."""
TRY_AGAIN_AFTER_S = 2.0
TRIES_MAX = 300


class Room(Protocol):
    """What people do at the centre. Each raises CsuError when it is refused, or cannot be kept."""

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm: ...

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm: ...

    def take_post(self, person: str) -> None: ...

    def seen_at_post(self, person: str) -> None: ...

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class Habits:
    """How people of this room are."""

    reaction: DurationRange
    mistakes: float = 0.0
    """Of alarms that are qualified wrongly."""
    forgets: float = 0.0
    """Of alarms that nobody closes until the chief goes through the list."""
    keep_posts: bool = False
    """Whether their workstations tell the centre who is at the wall."""


@dataclass(slots=True)
class Deeds:
    """What people did so far."""

    confirmed: int = 0
    wrongly_qualified: int = 0
    forgotten: int = 0
    closed: int = 0
    telephoned: int = 0


class People:
    """Operators and the chief of one room. Give `hear` to the centre's listeners, and run `watch` beside it."""

    def __init__(self, room: Room, clock: Clock, chance: Chance, operators: Sequence[Operator], habits: Habits) -> None:
        self._room = room
        self._clock = clock
        self._chance = chance
        self._operators = tuple(operators)
        self._habits = habits
        self._shown: asyncio.Queue[Alarm] = asyncio.Queue()
        self._escalated: asyncio.Queue[Alarm] = asyncio.Queue()
        self._taken: set[AlarmId] = set()
        self._informed: dict[AlarmId, asyncio.Event] = {}
        self._away: set[str] = set()
        self._gone_ns: dict[str, list[Nanoseconds]] = {}
        """Since when those who walked away are away."""
        self._absent: dict[str, list[Interval]] = {}
        """When others had walked away."""
        self.confirmed: dict[AlarmId, Nanoseconds] = {}
        """When people confirmed an alarm, and the centre said that it was written."""
        self.telephoned: dict[AlarmId, Nanoseconds] = {}
        """When people gave up waiting, and telephoned."""
        self._somebody_came = asyncio.Event()
        self.deeds = Deeds()
        self.tell: Callable[[Signal], None] = lambda signal: None
        """Called with what people do and no centre hears: they telephone."""

    def hear(self, event: CentreEvent) -> None:
        """What appears on the operators' screens. Alarms waiting are bounded by the desk's own."""
        if isinstance(event, AlarmRaised):
            self._shown.put_nowait(event.alarm)
        elif isinstance(event, AlarmEscalated):
            self._escalated.put_nowait(event.alarm)
        elif isinstance(event, AlarmAcknowledged):
            self._taken.add(event.alarm.alarm)
        elif isinstance(event, AlarmAdvanced) and event.alarm.state is AlarmState.POLICE_INFORMED:
            self._informed.setdefault(event.alarm.alarm, asyncio.Event()).set()

    async def watch(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._chief(group), name=CHIEF)
            for operator in self._operators:
                group.create_task(self._operator(operator, group), name=operator.name)
                if self._habits.keep_posts:
                    group.create_task(self._at_the_wall(operator), name=f"{operator.name} at the wall")

    def walk_away(self, count: int) -> tuple[str, ...]:
        """That many of those on duty leave without a word, the last of the list first. Out: who."""
        there = [operator.name for operator in self._operators if self._is_there(operator)]
        gone = tuple(there[-count:])
        self._away.update(gone)
        for name in gone:
            self._gone_ns.setdefault(name, []).append(self._clock.now_ns())
        return gone

    def come_back(self, gone: Sequence[str]) -> None:
        self._away.difference_update(gone)
        for name in gone:
            self._absent.setdefault(name, []).append((self._gone_ns[name].pop(), self._clock.now_ns()))
        self._somebody_came.set()

    def at_posts(self, ends_ns: Nanoseconds) -> list[tuple[Interval, ...]]:
        """Of each person, when he truly was at a post at the wall, up to `ends_ns`."""
        if not self._habits.keep_posts:
            return []
        gone = {name: [(since_ns, ends_ns) for since_ns in since] for name, since in self._gone_ns.items()}
        return [
            difference(operator.duty, [*self._absent.get(operator.name, ()), *gone.get(operator.name, ())])
            for operator in self._operators
        ]

    # -- at the wall --------------------------------------------------------------------------------------------------

    def _is_there(self, operator: Operator) -> bool:
        return operator.is_on_duty(self._clock.now_ns()) and operator.name not in self._away

    async def _be_there(self, operator: Operator) -> None:
        """Wait until he is on duty and in the room."""
        while not self._is_there(operator):
            begins_ns = operator.next_duty_ns(self._clock.now_ns())
            is_on_duty = operator.is_on_duty(self._clock.now_ns())
            wait_s = None if is_on_duty or begins_ns is None else (begins_ns - self._clock.now_ns()) / NS_PER_S
            self._somebody_came.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._somebody_came.wait()
            except TimeoutError:
                continue

    async def _at_the_wall(self, operator: Operator) -> None:
        while True:
            await self._be_there(operator)
            self._room.take_post(operator.name)
            while self._is_there(operator):
                await asyncio.sleep(SEEN_EVERY_S)
                if self._is_there(operator):
                    self._room.seen_at_post(operator.name)
            if operator.name not in self._away:  # who walks away says nothing: he is missed
                self._leave(operator)

    def _leave(self, operator: Operator) -> None:
        try:
            self._room.leave_post(operator.name)
        except CsuError:
            self._room.leave_post(operator.name, urgent_reason="fin de service")

    # -- alarms -------------------------------------------------------------------------------------------------------

    async def _operator(self, operator: Operator, group: asyncio.TaskGroup) -> None:
        chance = self._chance.stream(operator.name)
        while True:
            await self._be_there(operator)
            alarm = await self._shown.get()
            if not self._is_there(operator):
                self._shown.put_nowait(alarm)  # his colleagues', or whoever comes next
                continue
            await asyncio.sleep(duration_within(self._habits.reaction, chance) / NS_PER_S)
            if await self._take(alarm, operator.name):
                await self._lead(alarm, operator.name, chance, group)

    async def _chief(self, group: asyncio.TaskGroup) -> None:
        chance = self._chance.stream(CHIEF)
        while True:
            alarm = await self._escalated.get()
            await asyncio.sleep(duration_within(CHIEF_REACTION, chance) / NS_PER_S)
            if await self._take(alarm, CHIEF):
                leading = self._lead(alarm, CHIEF, self._chance.stream(f"{CHIEF}/{alarm.alarm}"), group)
                group.create_task(leading, name=f"{CHIEF} {alarm.alarm}")

    async def _take(self, alarm: Alarm, person: str) -> bool:
        """True when this person took it; False when somebody else did."""
        return await self._until_kept(
            lambda: self._room.acknowledge(alarm.alarm, person), lambda: alarm.alarm in self._taken
        )

    async def _lead(self, alarm: Alarm, person: str, chance: Chance, group: asyncio.TaskGroup) -> None:
        """Remove the doubt and say what it is; the rest goes on beside the next alarm."""
        await self._step(alarm, AlarmState.DOUBT_REMOVAL, person)
        await asyncio.sleep(duration_within(DOUBT_REMOVAL, chance) / NS_PER_S)
        found = self._qualify(alarm, chance)
        if await self._step(alarm, found, person) and found is AlarmState.CONFIRMED:
            self.confirmed[alarm.alarm] = self._clock.now_ns()
        forgets = chance.uniform(0, 1) < self._habits.forgets
        waits_ns = duration_within(FORGOTTEN if forgets else CLOSING, chance)
        closing = self._close(alarm, found, person, waits_ns / NS_PER_S, forgets=forgets)
        group.create_task(closing, name=f"close {alarm.alarm}")

    def _qualify(self, alarm: Alarm, chance: Chance) -> AlarmState:
        is_real = chance.uniform(0, 1) < CONFIRMED_SHARE
        errs = chance.uniform(0, 1) < self._habits.mistakes
        is_technical = alarm.message.kind in (AlarmKind.TECHNICAL, AlarmKind.TEST)
        self.deeds.wrongly_qualified += errs
        if is_technical:
            return AlarmState.FALSE if errs else AlarmState.TECHNICAL
        if is_real is not errs:
            self.deeds.confirmed += 1
            return AlarmState.CONFIRMED
        return AlarmState.FALSE

    async def _close(self, alarm: Alarm, found: AlarmState, person: str, waits_s: float, *, forgets: bool) -> None:
        if found is AlarmState.CONFIRMED:
            await self._police_informed(alarm, person)
        await asyncio.sleep(waits_s)
        self.deeds.forgotten += forgets
        await self._step(alarm, AlarmState.CLOSED, CHIEF if forgets else person)
        self.deeds.closed += 1
        self._informed.pop(alarm.alarm, None)

    async def _police_informed(self, alarm: Alarm, person: str) -> None:
        """The centre calls; when nobody took the call for long, the person telephones and notes who answered."""
        informed = self._informed.setdefault(alarm.alarm, asyncio.Event())
        try:
            async with asyncio.timeout(POLICE_WITHIN_S):
                await informed.wait()
        except TimeoutError:
            self.deeds.telephoned += 1
            self.telephoned[alarm.alarm] = self._clock.now_ns()
            fields = {"call": alarm.alarm, "commune": alarm.message.commune}
            self.tell(Signal("police.telephoned", self._clock.now_ns(), fields))
            note = PoliceCall("police", "permanence, par téléphone")
            await self._until_kept(
                lambda: self._room.advance(alarm.alarm, AlarmState.POLICE_INFORMED, person, note), informed.is_set
            )

    async def _step(self, alarm: Alarm, to: AlarmState, person: str) -> bool:
        return await self._until_kept(lambda: self._room.advance(alarm.alarm, to, person), lambda: False)

    async def _until_kept(self, act: Callable[[], Coroutine[Any, Any, Alarm]], is_settled: Callable[[], bool]) -> bool:
        """Try until the centre has written it. False: it is settled by somebody else, or cannot be."""
        for _ in range(TRIES_MAX):
            if is_settled():
                return False
            try:
                await act()
            except CsuError:
                await asyncio.sleep(TRY_AGAIN_AFTER_S)
            else:
                return True
        return False
