"""The room: fewer than two at the wall is alerted within a minute (11), by who was truly there.

Hours, absences and who walked away are the people's own (sim.people): what the centre believes is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from csu.centre import CentreEvent, ShortWatchAlert
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from sim.intervals import Interval, difference, fewer_than, length_ns
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged

ALERT_WITHIN_NS = 60 * NS_PER_S
AGAIN_WITHIN_NS = 6 * NS_PER_MINUTE
"""The chief is called each five minutes while it lasts [D], and has a minute."""
SEEN_WITHIN_NS = 75 * NS_PER_S
"""Who comes back, or to a centre that began anew, is seen by then: each 30 s, and who was seen counts for 45 s."""
TWO = 2


class WatchOfTwo:
    """Give `hear` to the centre's listeners."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alerts_ns: list[Nanoseconds] = []

    def hear(self, event: CentreEvent) -> None:
        if isinstance(event, ShortWatchAlert):
            self._alerts_ns.append(self._clock.now_ns())

    def judge(self, stage: Stage, present: Sequence[Sequence[Interval]]) -> Judgement:
        """`present`: of each person, when he was at his post at the wall. Nobody ever: that is short from the first."""
        told, cases, worst_ns = list[Words](), 0, 0
        short = fewer_than(TWO, present, (stage.begins_ns, stage.ends_ns))
        for start_ns, end_ns in short:
            if end_ns - start_ns - stage.down_ns(start_ns, end_ns) <= ALERT_WITHIN_NS:
                continue  # nobody need have noticed
            cases += 1
            inside = [at_ns for at_ns in self._alerts_ns if start_ns <= at_ns < end_ns]
            waits = zip([start_ns, *inside], [*inside, end_ns], strict=True)
            lengths = [to_ns - from_ns - stage.down_ns(from_ns, to_ns) for from_ns, to_ns in waits]
            worst_ns = max(worst_ns, lengths[0])
            if lengths[0] > ALERT_WITHIN_NS:
                told.append(_no_alert(lengths[0]))
            told += [_no_alert(length) for length in lengths[1:] if length > AGAIN_WITHIN_NS]
        excused = [*((from_ns, to_ns + SEEN_WITHIN_NS) for from_ns, to_ns in short)]
        begun = [(stage.begins_ns, stage.begins_ns), *stage.downtimes]  # nobody is believed before he shows
        excused += [(from_ns, to_ns + SEEN_WITHIN_NS) for from_ns, to_ns in begun]
        for at_ns in self._alerts_ns:
            if at_ns < stage.ends_ns and length_ns(difference([(at_ns, at_ns + 1)], excused)):
                told.append(_FALSE)
        return judged("two_watch", told, cases, worst_ns / NS_PER_S, "s", ALERT_WITHIN_NS / NS_PER_S, cases_least=0)


def _no_alert(after_ns: Nanoseconds) -> Words:
    length = f"{after_ns / NS_PER_S:.0f} s"
    return Words(f"{length} sans alerte", f"no alert for {length}")


_FALSE = Words("alerte, et deux veillaient", "an alert, and two were there")
