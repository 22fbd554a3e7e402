"""The whole wall to browsers: one WebSocket a page, the present only.

The wire format is that of one camera (`csu.console.live`): `captured_at_ns` is when the wall drew the picture. The text
message (JSON: wall, codec, now_ms) comes before the init segment and again before each key frame: `now_ms` is the
centre's clock, by which a page says how old what it shows is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from starlette.websockets import WebSocket

from csu.console.live import Viewers
from csu.console.metrics import ConsoleCounts
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.hal.clock import NS_PER_MS, Clock
from csu.hal.media import LiveFragment

WALL = "wall"


class WallDoor:
    """Where viewers of the wall come in."""

    def __init__(self, room: RoomView, clock: Clock, viewers: Viewers, counts: ConsoleCounts) -> None:
        self._room, self._clock, self._viewers, self._counts = room, clock, viewers, counts

    async def show(self, websocket: WebSocket) -> None:
        """Serve one viewer; see `Viewers.serve`."""
        with self._counts.wall_viewers.track_inprogress():
            await self._viewers.serve(websocket, WALL, self._watch, self._told)

    def _watch(self) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        watching = self._room.watch_wall()
        if watching is None:
            raise Refused(Refusal.WALL_ABSENT, where=WALL)
        return watching

    def _told(self, fragment: LiveFragment) -> dict[str, object] | None:
        if not (fragment.is_init or fragment.is_key):
            return None
        return {"wall": True, "codec": fragment.codec, "now_ms": self._clock.now_ns() / NS_PER_MS}
