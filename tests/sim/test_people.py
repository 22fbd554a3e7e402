"""The people of the room, at the real centre: who is there, what they do with an alarm, what their errors cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from sim.run import RunResult, run_scenario
from sim.shifts import Team, roster

HOUR_NS = 60 * NS_PER_MINUTE
ROOM = """\
title: Une salle
seed: 7
start: 2026-11-23 05:00
duration: 2 h
city: {communes: 4, cameras: 12, alarms: 60/h}
people:
  reaction: 4 s .. 25 s
  mistakes: 10 %
  forgets: 10 %
  shifts:
    - {at: 21:45, lasts: 8 h, people: 3}
    - {at: 05:30, lasts: 8 h, people: 4}
story:
  - {name: partis, at: +70 min, kind: operator_walks_away, operators: 4, lasts: 6 min}
  - {at: +20 min, kind: database_down, lasts: 5 min}
  - {at: +40 min, kind: time_server_wrong, lasts: 10 min, clock_error: 3 s}
  - {at: +50 min, kind: frames_replayed, messages: 5}
  - {at: +52 min, kind: frames_forged, messages: 5}
  - {at: +54 min, kind: bad_configuration}
  - {at: +15 min, kind: camera_lost, commune: Valmandrin, lasts: 5 min}
  - {name: silence, at: +80 min, kind: police_silent, lasts: 5 min}
faults:
  - {kind: engine_trouble, point: alarms.save, fires: 20 %, fails: 50 %, delay: 10 ms .. 800 ms}
  - {kind: engine_trouble, point: calls.save, fires: 20 %, fails: 50 %, delay: 10 ms .. 800 ms}
expect:
  - {finally: alarms.open, at_most: 0}
  - {whenever: alarm.raised, then: [alarm.acknowledged, alarm.escalated], within: 65 s}
  - {whenever: alarm.raised, then: alarm.closed, within: 25 min}
  - {whenever: alarm.confirmed, then: alarm.closed, within: 15 min}
  - {sometimes: watch.short, during: partis}
  - {sometimes: centre.trouble}
  - {never: police.informed, during: silence}
options: {quiet: 30 min}
"""


def run(tmp_path: Path, *changes: tuple[str, str]) -> RunResult:
    text = ROOM
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path = tmp_path / "room.yaml"
    path.write_text(text, encoding="utf-8")
    return run_scenario(path)


@pytest.fixture(scope="module")
def a_morning(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run(tmp_path_factory.mktemp("room"))


def test_every_alarm_is_led_to_its_closing_though_people_err_and_the_disk_stutters(a_morning: RunResult) -> None:
    assert a_morning.failure is None
    assert {judged.name: judged.details for judged in a_morning.judgements if not judged.holds} == {}
    seen = a_morning.counters
    assert seen["alarms_closed"] == seen["alarms_raised"] > 40
    assert min(seen["alarms_confirmed"], seen["alarms_wrongly_qualified"], seen["alarms_forgotten"]) > 0


def test_what_panels_replay_and_forge_rings_no_second_time(a_morning: RunResult) -> None:
    seen = a_morning.counters
    assert seen["frames_said_again"] == 10
    assert seen["alarms_repeated"] >= 10
    assert seen["alarms_raised"] == sum(len(commune.alarms) for commune in a_morning.city.communes)


def test_whoever_is_called_by_nobody_is_the_chief_when_the_operators_walked_away(tmp_path: Path) -> None:
    away = run(
        tmp_path,
        ("operators: 4, lasts: 6 min", "operators: 4, lasts: 15 min"),
        ("whenever: alarm.raised, then: [alarm.acknowledged", "whenever: alarm.rung, then: [alarm.acknowledged"),
    )
    assert away.failure is None
    assert away.counters["alarms_escalated"] > 0
    assert away.counters["alarms_closed"] == away.counters["alarms_raised"]


def test_a_room_that_never_errs_qualifies_nothing_wrongly(tmp_path: Path) -> None:
    exact = run(tmp_path, ("  mistakes: 10 %\n", ""), ("  forgets: 10 %\n", ""))
    assert (exact.counters["alarms_wrongly_qualified"], exact.counters["alarms_forgotten"]) == (0, 0)


def test_a_team_that_began_before_midnight_is_there_after_it() -> None:
    night = Team(22 * HOUR_NS, 8 * HOUR_NS, 2)
    begins_ns = 20_000 * NS_PER_DAY
    (one, _) = roster([night], 0, begins_ns, begins_ns + NS_PER_DAY)
    assert one.duty == ((begins_ns, begins_ns + 6 * HOUR_NS), (begins_ns + 22 * HOUR_NS, begins_ns + NS_PER_DAY))
    assert one.is_on_duty(begins_ns + HOUR_NS)
    assert not one.is_on_duty(begins_ns + 6 * HOUR_NS)
    assert one.next_duty_ns(begins_ns + 7 * HOUR_NS) == begins_ns + 22 * HOUR_NS


def test_an_empty_room_is_empty_whatever_the_plan_says() -> None:
    away = (10 * NS_PER_S, 20 * NS_PER_S)
    (one,) = roster([], 1, 0, 60 * NS_PER_S, [away])
    assert one.duty == ((0, away[0]), (away[1], 60 * NS_PER_S))
