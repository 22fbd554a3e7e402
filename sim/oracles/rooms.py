"""The room: fewer than two on watch is alerted within a minute (11)."""

from __future__ import annotations

from csu.centre import CentreEvent, ShortWatchAlert, WatchChanged
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import judged

ALERT_WITHIN_NS = 60 * NS_PER_S
TWO = 2


class WatchOfTwo:
    """Give `hear` to the centre's listeners."""

    def __init__(self) -> None:
        self._is_short = False
        self._short_since_ns: Nanoseconds | None = None
        """Since when nobody was alerted of it."""
        self._cases = 0
        self._worst_ns = 0
        self._told: list[Words] = []

    def hear(self, event: CentreEvent) -> None:
        if isinstance(event, WatchChanged):
            was_short, self._is_short = self._is_short, len(event.watching) < TWO
            if not self._is_short:
                self._end(event.at_ns)
            elif not was_short:  # one more who leaves makes no second shortage
                self._cases += 1
                self._short_since_ns = event.at_ns
        elif isinstance(event, ShortWatchAlert) and self._short_since_ns is not None:
            self._end(event.at_ns)

    def _end(self, at_ns: Nanoseconds) -> None:
        if self._short_since_ns is None:
            return
        after_ns, self._short_since_ns = at_ns - self._short_since_ns, None
        self._worst_ns = max(self._worst_ns, after_ns)
        if after_ns > ALERT_WITHIN_NS:
            length = f"{after_ns / NS_PER_S:.0f} s"
            self._told.append(Words(f"{length} sans alerte", f"no alert for {length}"))

    def judge(self) -> Judgement:
        """The run is over."""
        return judged("two_watch", self._told, self._cases, self._worst_ns / NS_PER_S, "s", 60, cases_least=0)
