"""An analysis node in a process of this machine: the parent's side, a `csu.hal.analysis.AnalysisNode`.

A process of its own, so that what it does cannot make recording or live pictures wait, and so that stopping it is
stopping all of it. It reads masked pictures from the memory that the wall reads, mapped read-only; no other picture
can reach it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from csu.cluster.child import Child, NodeError
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.cluster.wire import AssignAnalysis, Assigned, BeginAnalysis, Report, TellPose
from csu.hal.analysis import (
    AnalysisAssignment,
    AnalysisLost,
    AnalysisMessage,
    AnalysisMinute,
    EventSignal,
    SlotCount,
)
from csu.hal.camera import CameraId
from csu.hal.clock import Clock
from csu.hal.place import PoseReading
from csu.hal.words import Words

ASSIGNED_S_MAX = 10.0
"""A process that does not say within so long that it let go of what it must let go of is killed (VSA-2)."""
MESSAGES_WAITING_MAX = 10_000
_WHERE = "analysis"


class EmbeddedAnalysisNode:
    """One child process for all cameras. All calls come from one event loop."""

    def __init__(self, pictures: SharedPicturesSpec, models_directories: Sequence[Path] = (), *, clock: Clock) -> None:
        self._begin = BeginAnalysis(pictures, tuple(models_directories))
        self._clock = clock
        self._life: _Life | None = None
        self._numbered = 0

    @property
    def pid(self) -> int | None:
        """The process; None when it does not run."""
        return self._life.child.pid if self._life is not None and self._life.child.is_running else None

    async def start(self) -> None:
        """See AnalysisNode.start. Raises NodeError."""
        if self._life is not None and self._life.child.is_running:
            raise NodeError(
                Words("l'analyse tourne déjà", "the analysis runs already"),
                where=_WHERE,
                what_to_do=Words("Arrêtez-la d'abord", "Stop it first"),
            )
        life = _Life(self._clock)
        await life.child.begin(self._begin)
        self._life = life

    async def assign(self, assignments: Sequence[AnalysisAssignment]) -> None:
        """See AnalysisNode.assign. Raises NodeError when it does not run, or did not let go in time: it is killed."""
        life = self._life
        if life is None or not life.child.is_running:
            raise NodeError(
                Words("l'analyse ne tourne pas", "the analysis does not run"),
                where=_WHERE,
                what_to_do=Words("Démarrez-la d'abord", "Start it first"),
            )
        self._numbered += 1
        await life.child.order(AssignAnalysis(self._numbered, tuple(assignments)))
        try:
            await life.assigned_up_to(self._numbered)
        except TimeoutError:
            await life.child.kill()
            raise NodeError(
                Words("l'analyse n'a pas lâché ses caméras : arrêtée", "the analysis kept its cameras: it was killed"),
                where=_WHERE,
                what_to_do=Words("Elle repart avec les ordres en vigueur", "It starts again with the orders in force"),
            ) from None

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """See AnalysisNode.pose."""
        if self._life is not None and self._life.child.is_running:
            self._life.child.order_if_room(TellPose(camera, reading))

    async def messages(self) -> AsyncIterator[AnalysisMessage]:
        """See AnalysisNode.messages. Ends after AnalysisLost too."""
        life = self._life
        while life is not None:
            message = await life.messages.get()
            if message is None:
                life.messages.put_nowait(None)  # for whoever asks again
                return
            yield message

    async def stop(self) -> None:
        """See AnalysisNode.stop."""
        if self._life is not None:
            await self._life.child.stop()


class _Life:
    """A process from its birth to its end."""

    def __init__(self, clock: Clock) -> None:
        self.messages: asyncio.Queue[AnalysisMessage | None] = asyncio.Queue(MESSAGES_WAITING_MAX)
        """None is the end."""
        self._clock = clock
        self._assigned = 0
        self._is_over = False
        self._turn = asyncio.Condition()
        self.child = Child("csu.cluster.analysis_process", _WHERE, hear=self._hear, ended=self._end)

    async def assigned_up_to(self, number: int) -> None:
        """Wait until that set is in force, or the process is gone with all it did. Raises TimeoutError."""
        async with asyncio.timeout(ASSIGNED_S_MAX), self._turn:
            await self._turn.wait_for(lambda: self._is_over or self._assigned >= number)

    async def _hear(self, report: Report) -> None:
        if isinstance(report, Assigned):
            async with self._turn:
                self._assigned = report.number
                self._turn.notify_all()
        elif isinstance(report, EventSignal | AnalysisMinute | SlotCount):
            await self.messages.put(report)

    async def _end(self, why: Words | None) -> None:
        async with self._turn:
            self._is_over = True
            self._turn.notify_all()
        if why is not None:
            await self.messages.put(AnalysisLost(self._clock.now_ns(), why))
        await self.messages.put(None)
