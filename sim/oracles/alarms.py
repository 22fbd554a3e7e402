"""Alarms: shown once and in time, taken or escalated, and on disk before anybody says so (8, 9, 10)."""

from __future__ import annotations

from collections.abc import Callable

from csu.centre import Alarm, AlarmId
from csu.hal.alarms import PanelMessage
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.panels import REPEAT_AFTER_NS
from sim.witness import Witness

ALARMS_SHOWN_WITHIN_NS = 2 * NS_PER_S
"""From the panel to the screens. What the declared trouble of `alarms.save` adds is allowed besides."""
ALARMS_TAKEN_WITHIN_NS = 65 * NS_PER_S
"""OPS-3: an alarm is taken, or the room chief is called after 60 s; and some seconds to write it down."""


def judge_alarms_taken(stage: Stage, within_ns: Nanoseconds) -> Judgement:
    """Each alarm is shown exactly once, and a person takes it, or it is escalated, within `within_ns`."""
    witness, cases, worst_ns, told = stage.witness, 0, 0, list[Words]()
    messages = {AlarmId(f"{m.panel}/{m.sequence}"): m for commune in stage.city.communes for m in commune.alarms}
    for name, message in messages.items():
        cases += 1
        shown = witness.alarms_raised[name]
        if shown != 1:
            told.append(Words(f"montrée {shown} fois", f"shown {shown} times").at(name))
        answers = [answered[name] for answered in (witness.alarms_acked, witness.alarms_escalated) if name in answered]
        taken_ns = min(answers, default=stage.ends_ns)
        answered_ns = taken_ns - message.raised_at_ns - stage.down_ns(message.raised_at_ns, taken_ns)
        worst_ns = max(worst_ns, answered_ns)
        if answered_ns > within_ns:
            told.append(_not_taken(answered_ns).at(name))
    told += [_NO_PANEL.at(alarm) for alarm in witness.alarms_raised if alarm not in messages]
    limit_s = within_ns / NS_PER_S
    return judged("alarms_taken", told, cases, worst_ns / NS_PER_S, "s", limit_s)


def judge_alarms_shown(stage: Stage, within_ns: Nanoseconds, injected_ns: Nanoseconds) -> Judgement:
    """An alarm shows within `within_ns` of its panel's ringing.

    `injected_ns`: what declared trouble may add to each try to write it down; a try that failed waits for the panel to
    repeat. `worst` is without what was injected.
    """
    witness, worst_ns, told = stage.witness, 0, list[Words]()
    rung = {AlarmId(f"{m.panel}/{m.sequence}"): m.raised_at_ns for c in stage.city.communes for m in c.alarms}
    shown = {alarm: at_ns - rung[alarm] for alarm, at_ns in witness.alarms_shown_ns.items() if alarm in rung}
    for alarm, after_ns in shown.items():
        failed = len(witness.troubles.get(alarm, ())) if injected_ns else 0
        late_ns = (
            after_ns
            - stage.down_ns(rung[alarm], rung[alarm] + after_ns)
            - failed * (REPEAT_AFTER_NS + injected_ns)
            - injected_ns
        )
        worst_ns = max(worst_ns, late_ns)
        if late_ns > within_ns:
            told.append(_shown_late(after_ns).at(alarm))
    return judged("alarms_shown", told, len(shown), worst_ns / NS_PER_S, "s", within_ns / NS_PER_S)


class AlarmsKept:
    """Looks at the disk whenever the centre says that an alarm is safe. Give `hear` to each panel."""

    def __init__(self, find: Callable[[AlarmId], Alarm | None]) -> None:
        """`find`: one alarm as it is on disk."""
        self._find = find
        self._seen: set[str] = set()
        self._broken: list[Words] = []

    def hear(self, message: PanelMessage) -> None:
        """The panel was told that its message is safe: is it?"""
        name = f"{message.panel}/{message.sequence}"
        if name in self._seen:
            return
        self._seen.add(name)
        if self._find(AlarmId(name)) is None:
            self._broken.append(_ACKNOWLEDGED_EARLY.at(name))

    def judge(self, witness: Witness) -> Judgement:
        """Also at the end: what people took is on disk as taken."""
        told = list(self._broken)
        for alarm in witness.alarms_acked:
            kept = self._find(alarm)
            if kept is None or kept.acked_at_ns is None:
                told.append(_NOT_ON_DISK.at(alarm))
        cases = len(self._seen) + len(witness.alarms_acked)
        return judged("alarms_kept", told, cases)


_NO_PANEL = Words("aucune centrale ne l'a levée", "no panel raised it")
_NOT_ON_DISK = Words("prise par une personne, et pas ainsi sur disque", "taken by a person, and not so on disk")
_ACKNOWLEDGED_EARLY = Words(
    "sa centrale a été acquittée avant le disque", "its panel was acknowledged before it was on disk"
)


def _not_taken(answered_ns: Nanoseconds) -> Words:
    length = f"{answered_ns / NS_PER_S:.1f} s"
    return Words(f"ni prise ni remontée pendant {length}", f"neither taken nor escalated for {length}")


def _shown_late(after_ns: Nanoseconds) -> Words:
    length = f"{after_ns / NS_PER_S:.1f} s"
    return Words(f"montrée après {length}", f"shown after {length}")
