"""Many alarms at once: a few lines are shown, by haste; the rest is queued and counted, never dropped. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from csu.alarms.alarm import Alarm, AlarmState
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


LINES_MAX, OF_SITE_MAX = 40, 3
"""Of a person's list of alarms: lines, and lines of one site [D]."""


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One alarm of a person's list. `more`: alarms of the same site behind it, on the last line of the site."""

    alarm: Alarm
    more: int


@dataclass(frozen=True, slots=True)
class DeskLines:
    """A person's list: every alarm given is a line, or counted behind one, or hidden."""

    lines: tuple[DeskLine, ...]
    total: int
    waiting: int
    """Of all: nobody took them."""
    hidden: int
    """Of sites that have no line."""
    hidden_waiting: int


def desk_lines(alarms: Iterable[Alarm], is_kept: Callable[[Alarm], bool]) -> DeskLines:
    """At most `LINES_MAX` by haste and `OF_SITE_MAX` of a site; beside them as many at most that `is_kept` wants."""
    lines: list[Alarm] = []
    left: list[Alarm] = []
    of_site: Counter[tuple[CommuneId, str]] = Counter()
    kept = 0
    for alarm in sorted(alarms, key=lambda alarm: alarm.haste):
        is_full = len(lines) - kept >= LINES_MAX or of_site[_site(alarm)] >= OF_SITE_MAX
        if is_full and not (kept < LINES_MAX and is_kept(alarm)):
            left.append(alarm)
            continue
        kept += is_full
        of_site[_site(alarm)] += 1
        lines.append(alarm)
    behind = Counter(_site(alarm) for alarm in left if of_site[_site(alarm)])
    last = {_site(alarm): alarm.alarm for alarm in lines}
    hidden = [alarm for alarm in left if not of_site[_site(alarm)]]
    return DeskLines(
        tuple(DeskLine(each, behind[_site(each)] if last[_site(each)] == each.alarm else 0) for each in lines),
        len(lines) + len(left),
        sum(each.state is AlarmState.RAISED for each in (*lines, *left)),
        len(hidden),
        sum(each.state is AlarmState.RAISED for each in hidden),
    )


def _site(alarm: Alarm) -> tuple[CommuneId, str]:
    return alarm.message.commune, alarm.message.site
