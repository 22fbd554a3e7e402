"""The alarm desk, a pure core: one alarm per panel message however often it is repeated; none stays unseen.

OPS-3: acknowledged within 30 s, escalated to the room chief at 60 s, then led by people, step by step, to its closing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from heapq import heappop, heappush

from csu.alarms.alarm import (
    Alarm,
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmEscalated,
    AlarmId,
    AlarmLate,
    AlarmRaised,
    AlarmState,
    AlarmStep,
    AlarmStepRefused,
    AlarmUnknown,
    Contact,
    Escalation,
    PoliceCall,
    alarm_id,
)
from csu.alarms.escalation import due_at_ns, next_rung
from csu.hal.alarms import PanelId, PanelMessage
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

REMEMBERED_PER_PANEL = 1024
"""How many past messages of a panel are known as seen; a panel repeats the last ones, never one from that far back."""


class AlarmDesk:
    """All alarms that are not closed, and what was already seen of each panel.

    A step takes effect at once, so that no two people take the same alarm; whoever keeps the desk then writes the
    event's alarm to disk and says `keep`, or `undo` when it could not be written. Until then no further step is heard.
    Whoever writes one alarm at a time says `hold` first and `release` after: meanwhile `tick` leaves that alarm alone,
    so that nobody is called for an alarm that a person is just taking.
    """

    def __init__(self, kept: Iterable[Alarm] = (), said: Mapping[PanelId, Iterable[int]] | None = None) -> None:
        """`kept`: the alarms on disk that are not closed, oldest first; `said`: by panel the messages that are on disk,
        oldest first. After a restart nothing is lost and nothing rings twice."""
        self._alarms: dict[AlarmId, Alarm] = {}
        self._kept: dict[PanelId, dict[int, None]] = {}
        self._open: dict[AlarmId, None] = {}
        self._unwritten: set[AlarmId] = set()
        self._held: Counter[AlarmId] = Counter()
        self._due: list[tuple[Nanoseconds, AlarmId]] = []
        """A heap that may hold instants that no longer count: an alarm's own due instant is what is true."""
        for panel, sequences in (said or {}).items():
            self._kept[panel] = dict.fromkeys(sequences)
        for alarm in kept:
            self.keep(alarm)
            if alarm.state is not AlarmState.CLOSED:
                self._put(alarm)

    def open(self) -> list[Alarm]:
        """Alarms nobody acknowledged, oldest first."""
        return sorted((self._alarms[name] for name in self._open), key=lambda alarm: alarm.taken_at_ns)

    def unfinished(self) -> list[Alarm]:
        """Alarms that are not closed, oldest first: what a shift hands over."""
        return [alarm for alarm in self._alarms.values() if alarm.state is not AlarmState.CLOSED]

    def alarm(self, alarm: AlarmId) -> Alarm:
        """One alarm of the desk. Raises AlarmUnknown when nothing of that name is unfinished."""
        current = self._alarms.get(alarm)
        if current is None:
            raise AlarmUnknown(
                Words("aucune alarme ouverte ne porte ce nom", "no open alarm has this name"),
                where=alarm,
                what_to_do=Words("Rafraîchissez la liste", "Refresh the list"),
            )
        return current

    # -- what the panels say -------------------------------------------------------------------------------------------

    def take(self, message: PanelMessage, now_ns: Nanoseconds) -> AlarmRaised | None:
        """A panel's message. None when the same one is on disk: acknowledge the panel again, raise nothing.

        Until `keep` says that the alarm is on disk, each repeat raises the same alarm again, so that a failed write
        can never end in an acknowledged and forgotten alarm.
        """
        if message.sequence in self._kept.get(message.panel, {}):
            return None
        name = alarm_id(message)
        alarm = self._alarms.get(name) or Alarm(name, message, taken_at_ns=now_ns)
        self._put(alarm)
        return AlarmRaised(alarm)

    def keep(self, alarm: Alarm) -> None:
        """The alarm is on disk as it is given: its panel may be acknowledged, repeats of its message are repeats."""
        kept = self._kept.setdefault(alarm.message.panel, {})
        kept[alarm.message.sequence] = None
        if len(kept) > REMEMBERED_PER_PANEL:
            del kept[next(iter(kept))]
        self._unwritten.discard(alarm.alarm)
        if alarm.state is AlarmState.CLOSED:
            self._alarms.pop(alarm.alarm, None)

    def undo(self, alarm: Alarm) -> None:
        """The last step of `alarm` could not be written: it is as before, its clock still running."""
        self._unwritten.discard(alarm.alarm)
        self._put(replace(alarm, steps=alarm.steps[:-1]))

    # -- what people do ------------------------------------------------------------------------------------------------

    def acknowledge(self, alarm: AlarmId, person: str, now_ns: Nanoseconds) -> AlarmAcknowledged:
        """A person takes the alarm. Raises AlarmUnknown; AlarmStepRefused when somebody has."""
        return AlarmAcknowledged(self._step(alarm, AlarmStep(AlarmState.ACKED, now_ns, person)))

    def advance(
        self, alarm: AlarmId, to: AlarmState, person: str, now_ns: Nanoseconds, police: PoliceCall | None = None
    ) -> AlarmAdvanced:
        """A person takes the alarm one step further; closed, it leaves the desk once that is kept.

        `police`: who took the call, for POLICE_INFORMED. Raises AlarmUnknown; AlarmStepRefused for a step that is not
        the next one, nobody's, without the call it needs, or an acknowledgement.
        """
        if to is AlarmState.ACKED:
            raise AlarmStepRefused(
                Words("un acquittement se fait par acknowledge", "an acknowledgement goes through acknowledge"),
                where=alarm,
                what_to_do=Words("Acquittez l'alarme", "Acknowledge the alarm"),
            )
        return AlarmAdvanced(self._step(alarm, AlarmStep(to, now_ns, person, police)))

    def hold(self, alarm: AlarmId) -> None:
        """Somebody is about to write this alarm. Each `hold` takes one `release`."""
        self._held[alarm] += 1

    def is_held(self, alarm: AlarmId) -> bool:
        """Whether anybody writes it, or waits to."""
        return alarm in self._held

    def release(self, alarm: AlarmId) -> None:
        """He is done; what fell due meanwhile is told at the next tick."""
        self._held[alarm] -= 1
        if self._held[alarm] <= 0:
            del self._held[alarm]
            if alarm in self._alarms:
                self._fall_due(self._alarms[alarm])

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now_ns: Nanoseconds) -> list[AlarmEscalated | AlarmLate]:
        """Tell of the alarms that stayed too long in their state: each rung of each ladder once, lowest first."""
        told: list[AlarmEscalated | AlarmLate] = []
        while (due_ns := self.due_at_ns()) is not None and due_ns <= now_ns:
            _, name = heappop(self._due)
            told.append(self._escalate(self._alarms[name], now_ns))
        return told

    def due_at_ns(self) -> Nanoseconds | None:
        """When `tick` has something to tell next, if nothing happens before; None: nobody waits for anything."""
        while self._due:
            at_ns, name = self._due[0]
            alarm = self._alarms.get(name)
            if alarm is not None and name not in self._held and due_at_ns(alarm) == at_ns:
                return at_ns
            heappop(self._due)
        return None

    # -- inside --------------------------------------------------------------------------------------------------------

    def _step(self, name: AlarmId, step: AlarmStep) -> Alarm:
        current = self.alarm(name)
        if name in self._unwritten:
            raise AlarmStepRefused(
                Words("l'étape précédente n'est pas encore écrite", "the step before is not written yet"),
                where=name,
                what_to_do=Words("Réessayez dans un instant", "Try again in a moment"),
            )
        alarm = current.after(step)
        self._put(alarm)
        self._unwritten.add(name)
        return alarm

    def _escalate(self, alarm: Alarm, now_ns: Nanoseconds) -> AlarmEscalated | AlarmLate:
        rung = next_rung(alarm)
        assert rung is not None  # noqa: S101 - it was due by this very rung
        told = replace(alarm, escalations=(*alarm.escalations, Escalation(alarm.state, rung.to, now_ns)))
        self._put(told)
        is_untaken = told.state is AlarmState.RAISED and rung.to is not Contact.ROOM
        return AlarmEscalated(told) if is_untaken else AlarmLate(told)

    def _put(self, alarm: Alarm) -> None:
        self._alarms[alarm.alarm] = alarm
        if alarm.state is AlarmState.RAISED:
            self._open.setdefault(alarm.alarm)
        else:
            self._open.pop(alarm.alarm, None)
        self._fall_due(alarm)

    def _fall_due(self, alarm: Alarm) -> None:
        due_ns = due_at_ns(alarm)
        if due_ns is not None:
            heappush(self._due, (due_ns, alarm.alarm))
