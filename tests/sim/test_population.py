"""The people outside: what they do by the hour, and what a demonstration changes on its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from sim.population import FOOTFALL, March, Population, share_of_hour
from sim.ports import SeededChance
from sim.run import run_scenario

HOUR_NS = 60 * NS_PER_MINUTE
MONDAY_NS = 20_780 * NS_PER_DAY  # 23 November 2026
CAMERAS = [CameraId(f"cam-{number}") for number in range(1, 6)]
MARCH = March(tuple(CAMERAS[:3]), MONDAY_NS + 14 * HOUR_NS, 2 * HOUR_NS, people=3000)


def population(*marches: March) -> Population:
    return Population(CAMERAS, SeededChance("7"), marches)


def test_streets_are_empty_at_night_full_at_the_rush_and_quieter_on_sundays() -> None:
    night, rush = MONDAY_NS + 3 * HOUR_NS, MONDAY_NS + 17 * HOUR_NS
    assert share_of_hour(FOOTFALL, night) < 0.05
    assert share_of_hour(FOOTFALL, rush) == 1.0
    assert share_of_hour(FOOTFALL, rush + 6 * NS_PER_DAY) < 0.5  # Sunday
    people, cars = population().people_per_minute, population().cars_per_minute
    assert all(people(camera, night) < people(camera, rush) for camera in CAMERAS)
    assert all(cars(camera, night) < cars(camera, rush) for camera in CAMERAS)


def test_a_march_goes_by_its_cameras_one_after_the_other_and_everybody_of_it_once() -> None:
    spans = [MARCH.passes(camera) for camera in CAMERAS]
    assert spans[3] is spans[4] is None
    first, second, third = (span for span in spans if span is not None)
    assert MARCH.start_ns == first[0] < second[0] < third[0] < third[1] == MARCH.end_ns
    minutes = range(MARCH.start_ns, MARCH.end_ns, NS_PER_MINUTE)
    assert sum(MARCH.people_per_minute(CAMERAS[0], at_ns) for at_ns in minutes) == pytest.approx(3000)
    assert MARCH.perimeter(MARCH.start_ns) == {CAMERAS[0]}


def test_where_a_march_goes_by_no_car_does_and_elsewhere_nothing_changes() -> None:
    at_ns = MARCH.start_ns + NS_PER_MINUTE
    with_march, without = population(MARCH), population()
    assert with_march.cars_per_minute(CAMERAS[0], at_ns) == 0
    assert with_march.people_per_minute(CAMERAS[0], at_ns) > without.people_per_minute(CAMERAS[0], at_ns)
    assert with_march.people_per_minute(CAMERAS[4], at_ns) == without.people_per_minute(CAMERAS[4], at_ns)
    assert with_march.cars_per_minute(CAMERAS[4], at_ns) == without.cars_per_minute(CAMERAS[4], at_ns) > 0


def test_what_happens_on_a_day_is_the_same_whatever_part_of_it_is_asked() -> None:
    streets, (from_ns, to_ns) = population(), (MONDAY_NS, MONDAY_NS + 30 * NS_PER_DAY)
    whole = list(streets.bin_deposits(CAMERAS[0], from_ns, to_ns))
    middle_ns = MONDAY_NS + 11 * NS_PER_DAY + 7 * HOUR_NS
    halves = [
        *streets.bin_deposits(CAMERAS[0], from_ns, middle_ns),
        *streets.bin_deposits(CAMERAS[0], middle_ns, to_ns),
    ]
    assert whole == halves
    assert 30 < len(whole) < 180
    happened = [incident for camera in CAMERAS for incident in streets.incidents(camera, from_ns, to_ns)]
    assert happened == [i for camera in CAMERAS for i in population().incidents(camera, from_ns, to_ns)]
    assert all(incident.start_ns < incident.end_ns for incident in happened)


def test_a_demonstration_is_told_along_its_route(tmp_path: Path) -> None:
    path = tmp_path / "march.yaml"
    path.write_text(
        """\
title: Un cortège
start: 2026-11-23 13:00
duration: 3 h
city: {communes: 3, cameras: 12, alarms: 6/h}
story:
  - {name: cortege, at: 14:00, kind: demonstration, route: [Courtavelle, Valmandrin], cameras: 2, lasts: 1 h}
  - {at: cortege + 20 min, kind: incident, commune: Valmandrin, what: fight, lasts: 4 min}
  - {at: cortege + 20 min, kind: camera_covered, commune: Valmandrin, lasts: 4 min}
expect:
  - {whenever: march.arrives, then: march.left, within: 30 min}
  - {whenever: incident.began, then: incident.ended, within: 5 min}
  - {sometimes: camera.covered, during: cortege}
  - {never: march.arrives, where: {people: "0"}}
""",
        encoding="utf-8",
    )
    result = run_scenario(path, 3)
    assert result.failure is None
    assert {judged.name: judged.details for judged in result.expectations if not judged.holds} == {}
    assert next(iter(result.expectations)).cases == 4
