"""When to knock again at a camera that did not answer. A pure core."""

from __future__ import annotations

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.media import GapCause

DELAY_S_MIN = 0.5
DELAY_S_MAX = 30.0
FIRST_DELAY_S = 1.0
FIRST_DELAY_AFTER_REFUSAL_S = 8.0
"""A refusal lasts: somebody must change something first."""
LOGIN_DELAY_S_MAX = 900.0
LOGIN_DELAY_GROWTH = 4
"""A refused login tried again and again looks like an attack: after some five of them many cameras lock the account for
half an hour or so. At most four are made in five minutes (a camera that starts up may refuse at first), then four to
eight an hour. A login that somebody corrects at the centre is tried at once: it comes as a new address."""
PROVEN_AFTER_NS = 10 * NS_PER_S
"""A connection that lived this long proves the camera well: the count of failures starts afresh."""

_SLOW_CAUSES = frozenset({GapCause.CAMERA_REFUSED, GapCause.STREAM_UNSUPPORTED})


class BackOff:
    """Delays that double, with jitter so that 1,300 cameras behind one failed switch do not return as one."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._failures = 0
        self._logins_refused = 0

    def after(self, cause: GapCause, lived_ns: Nanoseconds, *, is_login: bool = False) -> float:
        """Seconds to wait, in [DELAY_S_MIN, DELAY_S_MAX], after a connection that lived `lived_ns` ended by `cause`.

        `is_login`: the login was refused; then up to LOGIN_DELAY_S_MAX.
        """
        if lived_ns >= PROVEN_AFTER_NS:
            self._failures = self._logins_refused = 0
        first_s = FIRST_DELAY_AFTER_REFUSAL_S if cause in _SLOW_CAUSES else FIRST_DELAY_S
        ceiling_s = min(DELAY_S_MAX, first_s * 2 ** min(self._failures, 10))
        self._failures += 1
        if is_login:
            growth = LOGIN_DELAY_GROWTH ** min(self._logins_refused, 10)
            ceiling_s = min(LOGIN_DELAY_S_MAX, FIRST_DELAY_AFTER_REFUSAL_S * growth)
            self._logins_refused += 1
        return max(DELAY_S_MIN, self._chance.uniform(ceiling_s / 2, ceiling_s))
