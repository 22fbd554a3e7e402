"""The alarm desk, a pure core: one alarm per panel message however often it is repeated; none stays unseen.

OPS-3: acknowledged within 30 s, escalated to the room chief at 60 s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType, TypeAlias

from csu.hal.alarms import PanelId, PanelMessage
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

AlarmId = NewType("AlarmId", str)

ACKNOWLEDGE_WITHIN_NS = 30 * NS_PER_S
ESCALATE_AFTER_NS = 60 * NS_PER_S
REMEMBERED_PER_PANEL = 1024
"""How many past messages of a panel are known as seen; a panel repeats the last ones, never one from that far back."""


class AlarmUnknown(CsuError):
    """No open alarm has this identifier."""


class AlarmNotKept(CsuError):
    """The alarm could not be written to disk, so nothing was changed or acknowledged."""


class AlarmState(StrEnum):
    """The first two states of the alarm's life; the others come with doubt removal."""

    RAISED = "raised"
    ACKED = "acked"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm, from the panel's message to its closing."""

    alarm: AlarmId
    message: PanelMessage
    state: AlarmState
    taken_at_ns: Nanoseconds
    acked_at_ns: Nanoseconds | None = None
    acked_by: str = ""
    escalated_at_ns: Nanoseconds | None = None


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """A new alarm: keep it, then acknowledge the panel, then show it."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class AlarmAcknowledged:
    """A person took the alarm."""

    alarm: Alarm


@dataclass(frozen=True, slots=True)
class AlarmEscalated:
    """Nobody took it in time: the room chief is called."""

    alarm: Alarm


AlarmEvent: TypeAlias = AlarmRaised | AlarmAcknowledged | AlarmEscalated


def alarm_id(message: PanelMessage) -> AlarmId:
    """The alarm a message raises. Derived, so that a repeat after a restart finds the same alarm."""
    return AlarmId(f"{message.panel}/{message.sequence}")


class AlarmDesk:
    """All open alarms, and what was already seen of each panel."""

    def __init__(self, kept: Iterable[Alarm] = ()) -> None:
        """`kept`: the alarms on disk, oldest first; after a restart nothing is lost and nothing rings twice."""
        self._open: dict[AlarmId, Alarm] = {}
        self._kept: dict[PanelId, dict[int, None]] = {}
        for alarm in kept:
            if alarm.state is AlarmState.RAISED:
                self._open[alarm.alarm] = alarm
            self.keep(alarm)

    def open(self) -> list[Alarm]:
        """Alarms nobody acknowledged, oldest first."""
        return [alarm for alarm in self._open.values() if alarm.state is AlarmState.RAISED]

    def take(self, message: PanelMessage, now_ns: Nanoseconds) -> AlarmRaised | None:
        """A panel's message. None when the same one is on disk: acknowledge the panel again, raise nothing.

        Until `keep` says that the alarm is on disk, each repeat raises the same alarm again, so that a failed write
        can never end in an acknowledged and forgotten alarm.
        """
        if message.sequence in self._kept.get(message.panel, {}):
            return None
        name = alarm_id(message)
        alarm = self._open.get(name) or Alarm(name, message, AlarmState.RAISED, taken_at_ns=now_ns)
        self._open[name] = alarm
        return AlarmRaised(alarm)

    def keep(self, alarm: Alarm) -> None:
        """The alarm is on disk: its panel may be acknowledged, and repeats of its message are repeats."""
        kept = self._kept.setdefault(alarm.message.panel, {})
        kept[alarm.message.sequence] = None
        if len(kept) > REMEMBERED_PER_PANEL:
            del kept[next(iter(kept))]

    def acknowledge(self, alarm: AlarmId, person: str, now_ns: Nanoseconds) -> AlarmAcknowledged:
        """A person takes the alarm; it leaves the desk. Raises AlarmUnknown when nothing of that name is open."""
        current = self._open.pop(alarm, None)
        if current is None:
            raise AlarmUnknown(
                Words("aucune alarme ouverte ne porte ce nom", "no open alarm has this name"),
                where=alarm,
                what_to_do=Words("Rafraîchissez la liste", "Refresh the list"),
            )
        return AlarmAcknowledged(replace(current, state=AlarmState.ACKED, acked_at_ns=now_ns, acked_by=person))

    def reopen(self, alarm: Alarm) -> None:
        """The acknowledgement could not be written: the alarm is open again, its clock still running."""
        self._open[alarm.alarm] = replace(alarm, state=AlarmState.RAISED, acked_at_ns=None, acked_by="")

    def tick(self, now_ns: Nanoseconds) -> list[AlarmEscalated]:
        """Escalate, once each, the alarms nobody took within ESCALATE_AFTER_NS."""
        late = [
            alarm
            for alarm in self._open.values()
            if alarm.escalated_at_ns is None and now_ns - alarm.taken_at_ns >= ESCALATE_AFTER_NS
        ]
        for alarm in late:
            self._open[alarm.alarm] = replace(alarm, escalated_at_ns=now_ns)
        return [AlarmEscalated(self._open[alarm.alarm]) for alarm in late]
