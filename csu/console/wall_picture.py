"""The wall as a picture for many pages at once: they share one drawing instead of asking for one each."""

from __future__ import annotations

import asyncio

from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.hal.clock import NS_PER_MS, Clock
from csu.hal.wall import WallError
from csu.hal.words import Words

WALL_TIMEOUT_S = 10.0


class WallPicture:
    """Keeps the newest picture of the wall for `age_ms_max`, and only that one (ACC-3: no past)."""

    def __init__(self, room: RoomView, clock: Clock, *, age_ms_max: int) -> None:
        self._room = room
        self._clock = clock
        self._age_ns_max = age_ms_max * NS_PER_MS
        self._lock = asyncio.Lock()
        self._png = b""
        self._drawn_at_ns: int | None = None

    async def png(self) -> bytes:
        """A picture not older than `age_ms_max`. Raises Refused when no wall runs; CsuError from the wall."""
        async with self._lock:
            now_ns = self._clock.monotonic_ns()
            if self._drawn_at_ns is not None and now_ns - self._drawn_at_ns < self._age_ns_max:
                return self._png
            try:
                async with asyncio.timeout(WALL_TIMEOUT_S):
                    png = await self._room.wall_png()
            except TimeoutError as error:
                raise Refused(Refusal.WALL_ABSENT, where="wall", cause=_silent()) from error
            if png is None:
                raise Refused(Refusal.WALL_ABSENT, where="wall")
            self._png, self._drawn_at_ns = png, self._clock.monotonic_ns()
            return png


def _silent() -> WallError:
    return WallError(
        Words(
            f"le mur n'a pas répondu en {WALL_TIMEOUT_S:g} s", f"the wall did not answer within {WALL_TIMEOUT_S:g} s"
        ),
        where="wall",
        what_to_do=Words("Réessayez ; s'il reste muet, relancez-le", "Try again; restart it if it stays silent"),
    )
