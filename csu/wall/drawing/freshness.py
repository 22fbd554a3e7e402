"""What a picture's age makes of its tile. Pure; the shader gets the same numbers and decides by itself.

A tile is live because its picture is young, never because someone said so: a process that dies, a message that is lost
or a queue that stands still can therefore not leave a tile that looks live.
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.wall import TileState

STATE_CODES = {
    TileState.LIVE: 0,
    TileState.STALE: 1,
    TileState.NO_SIGNAL: 2,
    TileState.MASKED: 3,
    TileState.FORBIDDEN: 4,
}
"""The numbers the shaders know the states by."""

NEVER_NS: Nanoseconds = -(1 << 62)
"""Stamp of a tile that has had no picture yet: as old as can be."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a picture may be. A picture that is exactly as old as a limit is past it."""

    stale_after_ns: Nanoseconds = 2 * NS_PER_S
    no_signal_after_ns: Nanoseconds = 10 * NS_PER_S

    def __post_init__(self) -> None:
        if not 0 < self.stale_after_ns < self.no_signal_after_ns:
            raise ValueError("a tile must be live for a while, then stale, then without signal")

    def state(self, age_ns: Nanoseconds, *, wholly_masked: bool = False, may_show: bool = True) -> TileState:
        """The state of a tile whose newest picture is `age_ns` old."""
        if not may_show:
            return TileState.FORBIDDEN
        if age_ns >= self.no_signal_after_ns:
            return TileState.NO_SIGNAL
        if age_ns >= self.stale_after_ns:
            return TileState.STALE
        return TileState.MASKED if wholly_masked else TileState.LIVE


def believed_stamp(captured_at_ns: Nanoseconds, first_seen_at_ns: Nanoseconds) -> Nanoseconds:
    """The instant from which a picture ages: its capture, but never later than when the wall first saw it.

    A camera whose clock runs ahead would otherwise keep its last picture live for as long as it is ahead.
    """
    return min(captured_at_ns, first_seen_at_ns)
