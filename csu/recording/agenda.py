"""When to look at which hour of footage, so that a minute's round reads no month of catalogue. Pure."""

from __future__ import annotations

from csu.governance.spans import Span
from csu.hal.clock import Nanoseconds
from csu.recording.destruction import HOUR_NS, LEAD_NS, RECUT_AHEAD_NS, shortest_life_ns

SETTLED_NS = 12 * HOUR_NS
"""An hour of footage is first looked at when the manifests of its minutes have come; what comes later still, a scan of
the disks finds."""


class Agenda:
    """Which hours are to be looked at.

    One that nobody has looked at is due when the shortest of all rules could have expired in it. Look again where a
    rule, a hold or a lock changed.
    """

    def __init__(self) -> None:
        self._next: dict[Nanoseconds, Nanoseconds | None] = {}

    def look_again(self, touched: Span) -> None:
        """Hours of which a segment may reach into `touched`, if anything of them is left: they are due now."""
        for hour, at in list(self._next.items()):
            if at is not None and touched.from_ns - 2 * HOUR_NS < hour < touched.to_ns:
                del self._next[hour]

    def due(self, oldest_ns: Nanoseconds, shortest_days: int, now_ns: Nanoseconds) -> list[Span]:
        """Hours (UTC) between the oldest footage and now that may hold something due, the oldest first."""
        life_ns = shortest_life_ns(shortest_days)
        last = min(now_ns + max(LEAD_NS, RECUT_AHEAD_NS) - life_ns, now_ns - SETTLED_NS)
        hours = range(oldest_ns // HOUR_NS * HOUR_NS, last + 1, HOUR_NS)
        found = []
        for hour in hours:
            at = self._next.get(hour, hour)
            if at is not None and at <= now_ns:
                found.append(Span(hour, hour + HOUR_NS))
        return found

    def told(self, hour: Span, next_ns: Nanoseconds | None) -> None:
        """When this hour is to be looked at again; None: nothing of it is left."""
        self._next[hour.from_ns] = next_ns
