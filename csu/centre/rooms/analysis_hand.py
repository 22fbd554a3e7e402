"""The one hand that gives an analysis node its assignments, and takes them away: it knows what the node has, always."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from csu.hal.analysis import AnalysisAssignment, AnalysisLost, AnalysisMessage, AnalysisNode
from csu.hal.camera import CameraId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.place import PoseReading
from csu.hal.words import Words

SPANS_KEPT = 16
"""Of each camera: when it was given to the node; a node tells of a minute when it is over."""
_STOPPED = Words("il s'est arrêté", "it stopped")


class AnalysisHand:
    """Without assignments the node does not run. `lost` is told why when the node stopped by itself."""

    def __init__(
        self,
        node: AnalysisNode,
        *,
        clock: Clock,
        take: Callable[[AnalysisMessage], None],
        lost: Callable[[Words], Awaitable[None]],
    ) -> None:
        self._node, self._clock, self._take, self._lost = node, clock, take, lost
        self._given: dict[CameraId, AnalysisAssignment] = {}
        self._spans: dict[CameraId, list[tuple[Nanoseconds, Nanoseconds]]] = defaultdict(list)
        self._since_ns: dict[CameraId, Nanoseconds] = {}
        self._is_up = False
        self._halts = 0
        self._hearing: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.starts = 0

    @property
    def given(self) -> Mapping[CameraId, AnalysisAssignment]:
        """What the node may look at now."""
        return self._given

    def was_given(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """Whether it might look at a camera at some instant of [from_ns, to_ns)."""
        has = self._given.get(camera)
        now = [(self._since_ns[camera], _end_of(has))] if has is not None else []
        return any(begun_ns < to_ns and from_ns < ended_ns for begun_ns, ended_ns in (*self._spans[camera], *now))

    async def give(self, assignments: Mapping[CameraId, AnalysisAssignment]) -> bool:
        """The whole set from now on; False: somebody halted it meanwhile, and it has nothing.

        Raises CsuError: then it has nothing either, as far as it can be reached; each assignment has its own end.
        """
        halts = self._halts
        try:
            if assignments and not self._is_up:
                await self._node.start()
                self._is_up = True
                self.starts += 1
            if halts == self._halts and self._is_up:
                await self._node.assign(list(assignments.values()))
        except CsuError:
            await self.halt()
            raise
        if halts != self._halts:
            self._is_up = True  # what was under way may have come after the halt: it is told once more
            await self.halt()
            return False
        self._note(assignments)
        if assignments and self._hearing is None:
            self._hearing = asyncio.create_task(self._hear(self._halts), name="analysis")
        if not assignments:
            await self.halt()
        return True

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """Tell a node that runs where a camera looks."""
        if self._is_up:
            await self._node.pose(camera, reading)

    async def halt(self) -> None:
        """Nothing is looked at any more. A node that cannot even be told has its assignments' own ends."""
        self._halts += 1
        was_up, self._is_up = self._is_up, False
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            self._ending.add(hearing)
            hearing.add_done_callback(self._ending.discard)
        if was_up or self._given:
            with suppress(CsuError):
                await self._node.stop()
        self._note({})

    async def close(self) -> None:
        """As `halt`; what the node still has to tell is heard first."""
        await self.halt()
        if self._ending:
            await asyncio.wait(self._ending, timeout=2.0)
        for each in [*self._ending]:
            each.cancel()

    async def _hear(self, halts: int) -> None:
        """Until the node has nothing more to say, which after a halt is as it should be. `halts`: when it was begun."""
        why = _STOPPED
        if halts != self._halts:
            return
        try:
            async for message in self._node.messages():
                if isinstance(message, AnalysisLost):
                    why = message.detail or why
                    break
                self._take(message)
        except CsuError as error:
            why = error.trouble.words
        if halts != self._halts:
            return
        await self.halt()
        await self._lost(why)

    def _note(self, assignments: Mapping[CameraId, AnalysisAssignment]) -> None:
        now_ns = self._clock.now_ns()
        for camera, had in self._given.items():
            if camera not in assignments:
                spans = self._spans[camera]
                spans.append((self._since_ns.pop(camera), max(min(now_ns, _end_of(had)), 0)))
                del spans[:-SPANS_KEPT]
        for camera in assignments:
            self._since_ns.setdefault(camera, now_ns)
        self._given = dict(assignments)


def _end_of(assignment: AnalysisAssignment) -> Nanoseconds:
    return max(assignment.until_ns, assignment.counts_until_ns)
