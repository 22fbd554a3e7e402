"""Live fragments on the parent's side: who watches which camera, and a bounded queue for each watcher."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from csu.hal.camera import CameraId
from csu.hal.media import LiveFragment

FRAGMENTS_WAITING_MAX = 64
"""Pictures one watcher may be behind: 5 s at 12 frames/s."""


class FragmentQueue:
    """What waits for one watcher. A pure core: drops whole groups of pictures, and begins again at a key frame."""

    def __init__(self, limit: int = FRAGMENTS_WAITING_MAX) -> None:
        self._limit = limit
        self._init: LiveFragment | None = None
        self._waiting: deque[LiveFragment] = deque()
        self._needs_key = True
        self.dropped = 0
        """Fragments this watcher lost because it was slow."""

    def offer(self, fragment: LiveFragment) -> None:
        """Take in the next fragment of the camera."""
        if fragment.is_init:
            # Pictures of the stream before mean nothing after it.
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._init, self._needs_key = fragment, True
            return
        if len(self._waiting) >= self._limit:
            self.dropped += len(self._waiting)
            self._waiting.clear()
            self._needs_key = True
        if self._needs_key and not fragment.is_key:
            self.dropped += 1
            return
        self._needs_key = False
        self._waiting.append(fragment)

    def take(self) -> LiveFragment | None:
        """The next fragment to hand over; None when the watcher has all."""
        if self._init is not None:
            taken, self._init = self._init, None
            return taken
        return self._waiting.popleft() if self._waiting else None


class Watcher:
    """One reader's end: an async iterator of fragments."""

    def __init__(self) -> None:
        self.queue = FragmentQueue()
        self._something = asyncio.Event()
        self._ended = False

    def offer(self, fragment: LiveFragment) -> None:
        self.queue.offer(fragment)
        self._something.set()

    def end(self) -> None:
        """Nothing more comes: the reader gets what waits, then the end."""
        self._ended = True
        self._something.set()

    async def fragments(self) -> AsyncIterator[LiveFragment]:
        while True:
            fragment = self.queue.take()
            if fragment is not None:
                yield fragment
            elif self._ended:
                return
            else:
                self._something.clear()
                await self._something.wait()


class LiveDesk:
    """All watchers of one node. `ask` tells the node to begin or end the fragments of a camera."""

    def __init__(self, ask: Callable[[CameraId, bool], None]) -> None:
        self._ask = ask
        self._watchers: dict[CameraId, list[Watcher]] = {}
        self._inits: dict[CameraId, LiveFragment] = {}

    def hear(self, camera: CameraId, fragment: LiveFragment) -> None:
        """Hand a fragment to every watcher of its camera; those without one are nobody's."""
        watchers = self._watchers.get(camera)
        if not watchers:
            return
        if fragment.is_init:
            self._inits[camera] = fragment
        for watcher in watchers:
            watcher.offer(fragment)

    def end(self, camera: CameraId | None = None) -> None:
        """The camera (None: every camera) is not served any more: its watchers come to their end."""
        for ended in [camera] if camera is not None else list(self._watchers):
            for watcher in self._watchers.pop(ended, []):
                watcher.end()
            self._inits.pop(ended, None)

    @asynccontextmanager
    async def watch(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        """See csu.hal.media.LiveRelay."""
        watcher = Watcher()
        known_init = self._inits.get(camera)
        if known_init is not None:
            watcher.offer(known_init)
        watchers = self._watchers.setdefault(camera, [])
        watchers.append(watcher)
        if len(watchers) == 1:
            self._ask(camera, True)
        try:
            yield watcher.fragments()
        finally:
            watcher.end()
            watchers = self._watchers.get(camera, [])
            if watcher in watchers:
                watchers.remove(watcher)
                if not watchers:
                    del self._watchers[camera]
                    self._inits.pop(camera, None)
                    self._ask(camera, False)
