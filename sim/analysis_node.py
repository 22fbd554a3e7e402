"""An analysis node of the simulated city (level L0): no pixel is computed, but each picture looked at is counted.

It looks at a picture of each assigned camera every 200 ms, until the assignment's own end, and raises a signal now and
then. `looked_at` is the ground truth that the oracle compares with the orders.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from csu.hal.analysis import (
    AnalysisAssignment,
    AnalysisLost,
    AnalysisMessage,
    AnalysisMinute,
    EventSignal,
    PictureBox,
    ZoneRule,
)
from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.place import PoseReading
from csu.hal.words import Words

PICTURE_EVERY_NS = 200 * NS_PER_MS
TOLD_AFTER_NS = NS_PER_S
"""From a minute's end to its account."""
SIGNALS_PER_MINUTE = 0.02
"""Of each camera, whatever goes on there: nothing is seen at this level."""
_LOST = Words("son processus s'est arrêté", "its process ended")


@dataclass(frozen=True, slots=True)
class LookedAt:
    """In [start_ns, end_ns) pictures of this camera were looked at, under this order."""

    camera: CameraId
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    rules: tuple[ZoneRule, ...]
    order: str

    @property
    def pictures(self) -> int:
        return pictures_in(self.start_ns, self.end_ns)


def pictures_in(start_ns: Nanoseconds, end_ns: Nanoseconds) -> int:
    """How many pictures there are in [start_ns, end_ns): one at each whole 200 ms."""
    return max(0, -(-end_ns // PICTURE_EVERY_NS) - -(-start_ns // PICTURE_EVERY_NS))


class CountedAnalysisNode:
    """One node; see csu.hal.analysis.AnalysisNode."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self._given: dict[CameraId, AnalysisAssignment] = {}
        self._since_ns: dict[CameraId, Nanoseconds] = {}
        self._over: list[LookedAt] = []
        self._told_until_ns: Nanoseconds = 0
        self._woken = asyncio.Event()
        self._is_up = self._is_lost = False
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1
        self._woken = asyncio.Event()
        self._is_up, self._is_lost = True, False
        self._told_until_ns = self._clock.now_ns()

    async def assign(self, assignments: Sequence[AnalysisAssignment]) -> None:
        if not self._is_up:
            return
        now_ns, given = self._clock.now_ns(), {each.camera: each for each in assignments}
        for camera, had in list(self._given.items()):
            if given.get(camera) != had:
                self._end(camera, now_ns)
        for camera, each in given.items():
            if camera not in self._given:
                self._given[camera], self._since_ns[camera] = each, now_ns

    async def messages(self) -> AsyncIterator[AnalysisMessage]:
        woken, told_ns = self._woken, self._told_until_ns
        while not woken.is_set():
            minute_end_ns = (told_ns // NS_PER_MINUTE + 1) * NS_PER_MINUTE
            await self._until(minute_end_ns + TOLD_AFTER_NS, woken)
            if woken.is_set():
                break
            for message in self._accounts(told_ns, minute_end_ns):
                yield message
            told_ns = minute_end_ns
        for message in self._accounts(told_ns, self._clock.now_ns()):
            yield message
        if self._is_lost and woken is self._woken:
            yield AnalysisLost(self._clock.now_ns(), _LOST)

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """No camera of this level turns."""

    async def stop(self) -> None:
        self._end_all()
        self._is_up = False
        self._woken.set()

    def lose(self) -> None:
        """Its process ends by itself, with all that it looked at."""
        if self._is_up:
            self._end_all()
            self._is_up, self._is_lost = False, True
            self._woken.set()

    def looked_at(self, ends_ns: Nanoseconds) -> tuple[LookedAt, ...]:
        """All that was looked at until then, and when: what no order permits is in it too."""
        now = [self._span(camera, min(ends_ns, self._clock.now_ns())) for camera in self._given]
        return tuple(span for span in (*self._over, *now) if span.end_ns > span.start_ns)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _span(self, camera: CameraId, end_ns: Nanoseconds) -> LookedAt:
        given = self._given[camera]
        end_ns = min(end_ns, max(given.until_ns, given.counts_until_ns))
        return LookedAt(camera, self._since_ns[camera], end_ns, given.rules, given.order)

    def _end(self, camera: CameraId, now_ns: Nanoseconds) -> None:
        self._over.append(self._span(camera, now_ns))
        del self._given[camera], self._since_ns[camera]

    def _end_all(self) -> None:
        now_ns = self._clock.now_ns()
        for camera in list(self._given):
            self._end(camera, now_ns)

    def _accounts(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[AnalysisMessage]:
        """What was looked at in [from_ns, to_ns), which is within one minute but for the last words of a node."""
        while from_ns < to_ns:
            minute_ns = from_ns // NS_PER_MINUTE * NS_PER_MINUTE
            end_ns = min(to_ns, minute_ns + NS_PER_MINUTE)
            yield from self._account(minute_ns, from_ns, end_ns)
            from_ns = end_ns

    def _account(self, minute_ns: Nanoseconds, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Iterator[AnalysisMessage]:
        pictures: dict[CameraId, int] = defaultdict(int)
        for span in (*self._over, *(self._span(camera, to_ns) for camera in self._given)):
            pictures[span.camera] += pictures_in(max(span.start_ns, from_ns), min(span.end_ns, to_ns))
        for camera, count in sorted(pictures.items()):
            if not count:
                continue
            signals = list(self._signals(camera, minute_ns, to_ns))
            yield from signals
            yield AnalysisMinute(camera, minute_ns, count, count // 5, len(signals), 0.0)

    def _signals(self, camera: CameraId, minute_ns: Nanoseconds, at_ns: Nanoseconds) -> Iterator[EventSignal]:
        given = self._given.get(camera)
        if given is None or not given.rules or at_ns >= given.until_ns:
            return
        draws = self._chance.stream(f"{camera}/{minute_ns}")
        if draws.uniform(0, 1) < SIGNALS_PER_MINUTE:
            rule = given.rules[draws.integer(0, len(given.rules) - 1)]
            box = PictureBox(0.4, 0.4, 0.6, 0.8)
            yield EventSignal(
                camera, rule.type, rule.zone.zone, minute_ns, at_ns, (box,), 0.8, "none/1", given.model, given.order
            )

    async def _until(self, at_ns: Nanoseconds, woken: asyncio.Event) -> None:
        delay_s = (at_ns - self._clock.now_ns()) / NS_PER_S
        if delay_s > 0:
            try:
                async with asyncio.timeout(delay_s):
                    await woken.wait()
            except TimeoutError:
                return
