"""Many alarms at once: a few lines are shown, by haste; the rest is queued and counted, never dropped. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from csu.alarms.alarm import Alarm
from csu.hal.alarms import AlarmPriority
from csu.hal.camera import CommuneId

SHOWN_MAX = 8
"""Lines a person takes in at a glance [D]."""


@dataclass(frozen=True, slots=True)
class AlarmGroup:
    """The alarms of one site, as one line; at least one, the most urgent first. Each is acknowledged by itself."""

    commune: CommuneId
    site: str
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True)
class AlarmLines:
    """What the alarm screen shows. Every alarm given is in a shown group or counted in `queued`."""

    shown: tuple[AlarmGroup, ...]
    queued_groups: int
    queued: dict[AlarmPriority, int]
    """Alarms that are in no shown group, by priority. Empty: no storm."""


def alarm_lines(alarms: Iterable[Alarm], shown_max: int = SHOWN_MAX) -> AlarmLines:
    """Group by site, show the `shown_max` most urgent groups (at least one), count the others.

    The order is total: a line gives way only to one that is more urgent, so nothing flickers in a storm.
    """
    if shown_max < 1:
        raise ValueError("at least one line is shown")
    sites: dict[tuple[CommuneId, str], list[Alarm]] = {}
    for alarm in sorted(alarms, key=lambda alarm: alarm.haste):
        sites.setdefault((alarm.message.commune, alarm.message.site), []).append(alarm)
    groups = [AlarmGroup(commune, site, tuple(of_site)) for (commune, site), of_site in sites.items()]
    queued = Counter(alarm.priority for group in groups[shown_max:] for alarm in group.alarms)
    return AlarmLines(tuple(groups[:shown_max]), len(groups[shown_max:]), dict(sorted(queued.items())))
