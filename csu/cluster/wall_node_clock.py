"""The centre's clock, as a wall node knows it from questions and answers over one connection. A pure core.

An answer that took r to come back says the centre's clock within r/2. Instants are turned so that a picture never looks
younger, and a right never lasts longer, than it does by the centre's clock: at most twice the error too old.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

OFFSET_NS_MAX = NS_PER_S
"""A node whose clock is farther off shows a wrong hour in every header: it is refused [D]."""
ERROR_NS_MAX = 250 * NS_PER_MS
"""A connection on which the clock cannot be told better is refused: ages would be wrong by half a second [D]."""
ANSWERS_KEPT = 16
DRIFT_PER_S = 200e-6
"""How far two clocks of ordinary machines run apart, at most, while nobody asks."""


class ClockRefused(CsuError):
    """Nobody can say how old a picture is on this node."""


@dataclass(frozen=True, slots=True)
class _Answer:
    ahead_ns: Nanoseconds
    """The centre's clock less our monotonic one."""
    error_ns: Nanoseconds
    at_ns: Nanoseconds
    """Of our monotonic clock."""

    def error_at(self, monotonic_ns: Nanoseconds) -> Nanoseconds:
        return self.error_ns + round(max(0, monotonic_ns - self.at_ns) * DRIFT_PER_S)


class CentreClock:
    """Hears answers, and turns the centre's instants into this machine's."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._answers: deque[_Answer] = deque(maxlen=ANSWERS_KEPT)

    def hear(self, asked_at_ns: Nanoseconds, centre_ns: Nanoseconds, heard_at_ns: Nanoseconds) -> None:
        """The centre's clock said `centre_ns` between two instants of our monotonic clock."""
        if heard_at_ns < asked_at_ns:
            raise ValueError("an answer before its question")
        error_ns = (heard_at_ns - asked_at_ns + 1) // 2
        told = _Answer(centre_ns - heard_at_ns + error_ns, error_ns, heard_at_ns)
        # What can no longer be true beside the newest word was said before the centre's clock was set.
        still = [each for each in self._answers if abs(each.ahead_ns - told.ahead_ns) <= _apart_ns(each, told)]
        self._answers = deque([*still, told], maxlen=ANSWERS_KEPT)

    @property
    def is_known(self) -> bool:
        return bool(self._answers)

    def error_ns(self, monotonic_ns: Nanoseconds) -> Nanoseconds:
        """How far an instant may be from the truth now. Raises ClockRefused before the first answer."""
        return self._best(monotonic_ns).error_at(monotonic_ns)

    def offset_ns(self, now_ns: Nanoseconds, monotonic_ns: Nanoseconds) -> Nanoseconds:
        """The centre's clock less ours. Raises ClockRefused before the first answer."""
        return self._best(monotonic_ns).ahead_ns + monotonic_ns - now_ns

    def check(self, now_ns: Nanoseconds, monotonic_ns: Nanoseconds) -> None:
        """Raises ClockRefused when ages cannot be shown within the stated bounds."""
        offset_ns, error_ns = self.offset_ns(now_ns, monotonic_ns), self.error_ns(monotonic_ns)
        if error_ns > ERROR_NS_MAX:
            most = 2 * ERROR_NS_MAX // NS_PER_MS
            raise ClockRefused(
                Words(
                    f"le centre répond en {2 * error_ns // NS_PER_MS} ms, plus que {most} : les âges seraient faux",
                    f"the centre answers in {2 * error_ns // NS_PER_MS} ms, more than {most}: ages would be wrong",
                ),
                where=self._node,
                what_to_do=Words("Voyez le réseau vers le centre", "Look at the network to the centre"),
            )
        if abs(offset_ns) > OFFSET_NS_MAX:
            off_s, most_s = offset_ns / NS_PER_S, OFFSET_NS_MAX / NS_PER_S
            raise ClockRefused(
                Words(
                    f"l'horloge de cette machine est à {-off_s:+.1f} s de celle du centre, plus que {most_s:g}",
                    f"the clock of this machine is {-off_s:+.1f} s from the centre's, more than {most_s:g}",
                ),
                where=self._node,
                what_to_do=Words(
                    "Réglez-la (NTP, chrony) sur la même source", "Set it (NTP, chrony) by the same source"
                ),
            )

    def to_here(self, centre_ns: Nanoseconds, now_ns: Nanoseconds, monotonic_ns: Nanoseconds) -> Nanoseconds:
        """An instant of the centre by our clock, never later than it truly is. Raises ClockRefused before the first
        answer."""
        return centre_ns - self.offset_ns(now_ns, monotonic_ns) - self.error_ns(monotonic_ns)

    def _best(self, monotonic_ns: Nanoseconds) -> _Answer:
        if not self._answers:
            raise ClockRefused(
                Words("l'heure du centre n'est pas encore connue", "the centre's clock is not known yet"),
                where=self._node,
                what_to_do=Words("Attendez sa réponse", "Wait for its answer"),
            )
        return min(self._answers, key=lambda answer: answer.error_at(monotonic_ns))


def _apart_ns(one: _Answer, other: _Answer) -> Nanoseconds:
    """How far two answers about one clock may be apart."""
    return one.error_at(other.at_ns) + other.error_ns
