"""When a segment ends: once a minute, each camera at its own second, on a key frame.

Staggered, because 1,300 files closed in one second are 1,300 directory syncs in one second.
"""

from __future__ import annotations

from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds

SEGMENT_NS = NS_PER_MINUTE
SEGMENT_NS_MAX = 70 * NS_PER_S
"""A stream that brings no key frame for so long is cut without one; what follows waits for a key frame."""

_GOLDEN_SHARE = (40_503, 65_536)
"""The golden ratio in 16 bits: multiples of it, modulo 1, spread evenly for any number of cameras."""


class Rollover:
    """The boundaries of one camera: every minute, at a phase that its number gives."""

    def __init__(self, camera_number: int) -> None:
        multiplier, modulus = _GOLDEN_SHARE
        self.phase_ns: Nanoseconds = camera_number * multiplier % modulus * SEGMENT_NS // modulus

    def next_boundary_ns(self, start_ns: Nanoseconds) -> Nanoseconds:
        """The first boundary after `start_ns`."""
        return ((start_ns - self.phase_ns) // SEGMENT_NS + 1) * SEGMENT_NS + self.phase_ns

    def should_cut(self, start_ns: Nanoseconds, captured_at_ns: Nanoseconds, *, is_key: bool) -> bool:
        """True when the segment that began at `start_ns` must end before the picture captured at `captured_at_ns`."""
        if is_key and captured_at_ns >= self.next_boundary_ns(start_ns):
            return True
        return captured_at_ns - start_ns >= SEGMENT_NS_MAX
