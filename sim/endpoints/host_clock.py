"""The host's clock, for the serving process: simulated cameras over real sockets live in real time."""

from __future__ import annotations

import time

from csu.hal.clock import Nanoseconds


class HostClock:
    """`csu.hal.clock.Clock` on this host."""

    def now_ns(self) -> Nanoseconds:
        return time.time_ns()  # noqa: TID251 - level L2 is real time by definition

    def monotonic_ns(self) -> Nanoseconds:
        return time.monotonic_ns()  # noqa: TID251 - idem
