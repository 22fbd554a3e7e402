"""Events that wait for whoever listens, bounded: when there are too many the oldest goes, and that is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from csu.hal.device_events import DeviceEvent, EventKind

QUEUE_MAX = 256


class EventQueue:
    """One per device, on one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[DeviceEvent] = deque()
        self._arrived = asyncio.Event()
        self._defect: BaseException | None = None

    def put(self, event: DeviceEvent) -> None:
        """When there are too many MISSED stands for the oldest."""
        if len(self._waiting) >= QUEUE_MAX:
            self._waiting.popleft()
            self._waiting[0] = DeviceEvent(EventKind.MISSED, event.at_ns)
        self._waiting.append(event)
        self._arrived.set()

    def fail(self, defect: BaseException) -> None:
        """No more will come: who listens is told why."""
        self._defect = defect
        self._arrived.set()

    async def events(self) -> AsyncIterator[DeviceEvent]:
        """For ever, as they come. Raises what `fail` was told."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._defect is not None:
                raise self._defect
            self._arrived.clear()
            await self._arrived.wait()
