"""When to knock again at a camera that did not answer. A pure core."""

from __future__ import annotations

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.media import GapCause

DELAY_S_MIN = 0.5
DELAY_S_MAX = 30.0
FIRST_DELAY_S = 1.0
FIRST_DELAY_AFTER_REFUSAL_S = 8.0
"""A refused password tried at speed looks like an attack, and locks the account on many cameras."""
PROVEN_AFTER_NS = 10 * NS_PER_S
"""A connection that lived this long proves the camera well: the count of failures starts afresh."""

_SLOW_CAUSES = frozenset({GapCause.CAMERA_REFUSED, GapCause.STREAM_UNSUPPORTED})


class BackOff:
    """Delays that double, with jitter so that 1,300 cameras behind one failed switch do not return as one."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._failures = 0

    def after(self, cause: GapCause, lived_ns: Nanoseconds) -> float:
        """Seconds to wait, in [DELAY_S_MIN, DELAY_S_MAX], after a connection that lived `lived_ns` ended by `cause`."""
        if lived_ns >= PROVEN_AFTER_NS:
            self._failures = 0
        first_s = FIRST_DELAY_AFTER_REFUSAL_S if cause in _SLOW_CAUSES else FIRST_DELAY_S
        ceiling_s = min(DELAY_S_MAX, first_s * 2 ** min(self._failures, 10))
        self._failures += 1
        return max(DELAY_S_MIN, self._chance.uniform(ceiling_s / 2, ceiling_s))
