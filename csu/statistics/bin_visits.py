"""When was something put into a bin? Told from "somebody is within reach" alone, picture by picture. A pure core.

No person, track or picture comes in: the zone is empty or it is not. So two people at once are one visit, and who hands
his bag to a friend makes none: deposits are counted, not depositors (STA-3).
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.clock import NS_PER_S, Nanoseconds

STAY_NS_MIN = 3 * NS_PER_S
"""Shorter: passes by. From the feasibility study: within 1.2 m of the bin for 3 s, then away."""
STAY_NS_MAX = 180 * NS_PER_S
"""[D] Longer: waits there, or works there."""
AWAY_NS = 2 * NS_PER_S
"""[D] How long nobody is seen before a visit is over: a detector misses a person in some pictures."""
BLIND_NS_MAX = 5 * NS_PER_S
"""[D] After a longer silence nothing is known of the visit that was under way."""


@dataclass(slots=True)
class BinVisits:
    """One bin. Holds three instants, and nothing else."""

    _since_ns: Nanoseconds | None = None
    _seen_ns: Nanoseconds = 0
    _looked_ns: Nanoseconds | None = None

    def step(self, at_ns: Nanoseconds, someone: bool) -> bool:
        """One more picture. True: a visit was over, and counts as one deposit."""
        looked_ns, self._looked_ns = self._looked_ns, at_ns
        if looked_ns is not None and not 0 <= at_ns - looked_ns <= BLIND_NS_MAX:
            self._since_ns = None
        since_ns = self._since_ns
        if someone:
            self._since_ns = at_ns if since_ns is None else since_ns
            self._seen_ns = at_ns
            return False
        if since_ns is None or at_ns - self._seen_ns < AWAY_NS:
            return False
        self._since_ns = None
        return STAY_NS_MIN <= self._seen_ns - since_ns <= STAY_NS_MAX
