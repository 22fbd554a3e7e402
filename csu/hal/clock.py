"""Time as a port. Every instant in csu is an `int` of nanoseconds since 1970-01-01 UTC."""

from __future__ import annotations

from typing import Protocol, TypeAlias, runtime_checkable

Nanoseconds: TypeAlias = int
"""An instant (UTC since the epoch) or a duration, in nanoseconds. Names say which: `*_at_ns` / `*_ns`."""

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_S
NS_PER_DAY = 86_400 * NS_PER_S


@runtime_checkable
class Clock(Protocol):
    """Where a shell reads the time. Cores never hold a clock: they are handed `now_ns`."""

    def now_ns(self) -> Nanoseconds:
        """The instant, ns UTC. May step when the host's clock is corrected."""
        ...

    def monotonic_ns(self) -> Nanoseconds:
        """Nanoseconds since an arbitrary origin; never goes back. For time-outs and ages."""
        ...
