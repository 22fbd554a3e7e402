"""Keeps the fixed cameras of a centre masking by themselves: when a mask set changes, when one fails, once a day.

A shell around `EdgeMasks`. It changes nothing of an assignment but its edge plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from csu.centre.masks.edge_masks import SETTLE_S, EdgeMasks, EdgeRefused
from csu.governance import Journal
from csu.hal.camera import Camera, CameraId
from csu.hal.clock import Clock
from csu.hal.media import Assignment, CameraEvent, CameraEventKind
from csu.hal.words import Words

LOOK_EVERY_S = 5.0
AT_ONCE_MAX = 16
"""Cameras that are given their masks at one time: each takes some seconds, most of them waiting."""

_Signed = tuple[int, bool, bool]


class EdgeKeeper:
    """One per centre: `run` it in a task of the control plane, `hear` every event."""

    def __init__(
        self,
        cameras: Sequence[Camera],
        *,
        assignment: Callable[[CameraId], Assignment],
        reassign: Callable[[Assignment], Awaitable[None]],
        tell: Callable[[CameraId, Words], None],
        clock: Clock,
        journal: Journal,
        settle_s: float | None = None,
    ) -> None:
        """`cameras`: those with an assignment. `assignment`, `reassign`: the newest, and another; `tell`: a trouble."""
        settled_s = SETTLE_S if settle_s is None else settle_s
        self._edge_masks = partial(EdgeMasks, journal=journal, settle_s=settled_s)
        self._masks = {camera.record.camera: self._edge_masks(camera) for camera in cameras}
        self._has_some = asyncio.Event()
        self._assignment = assignment
        self._reassign = reassign
        self._tell = tell
        self._clock = clock
        self._seen: dict[CameraId, _Signed] = {}

    def take_in(self, camera: Camera) -> None:
        """One that was silent when the centre opened, once it has an assignment."""
        self._masks[camera.record.camera] = self._edge_masks(camera)
        self._has_some.set()

    def hear(self, event: object) -> None:
        """Any event of the centre; a camera that failed an audit is tried again later, a few times a day."""
        if isinstance(event, CameraEvent) and event.kind is CameraEventKind.MASK_FAILED:
            masks = self._masks.get(event.camera)
            if masks is not None:
                masks.timetable.failed(self._clock.now_ns())

    async def run(self) -> None:
        """Until cancelled; with no camera that masks itself there is nothing to look at."""
        if not self._masks:
            await self._has_some.wait()
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Push the masks that are due."""
        gate = asyncio.Semaphore(AT_ONCE_MAX)

        async def keep(camera: CameraId) -> None:
            async with gate:
                await self._prepare(camera)

        await asyncio.gather(*(keep(camera) for camera in self._masks if self._is_due(camera)))

    def _is_due(self, camera: CameraId) -> bool:
        signed = _signed(self._assignment(camera))
        if self._seen.get(camera) != signed:
            self._seen[camera] = signed
            self._masks[camera].timetable.begin_again()
        return self._masks[camera].timetable.is_due(self._clock.now_ns())

    async def _prepare(self, camera: CameraId) -> None:
        assignment = self._assignment(camera)
        if assignment.edge is not None:
            await self._reassign(replace(assignment, edge=None))  # the engine masks while the masks change
        found = await self._masks[camera].prepare(assignment, self._clock.now_ns())
        newest = self._assignment(camera)
        if isinstance(found, EdgeRefused):
            if found.is_trouble:
                self._tell(camera, found.why)
        elif _signed(newest) == _signed(assignment):
            await self._reassign(replace(newest, edge=found))


def _signed(assignment: Assignment) -> _Signed:
    """What a plan was made for: with another version of the masks it is worth nothing."""
    return assignment.mask_epoch, assignment.commissioned, assignment.pose is not None
