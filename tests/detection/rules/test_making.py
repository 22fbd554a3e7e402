"""From an assignment to rules: parameters within their bounds, and a rule that cannot run says why."""

from __future__ import annotations

import re
from dataclasses import fields

import numpy as np
import pytest

from csu.detection import parameters as of_rules
from csu.detection.parameters import (
    EventTypeRefused,
    ParameterRefused,
    WrongWayParameters,
    describe,
    event_type_named,
    parameters_of,
)
from csu.detection.rules import make_rules
from csu.detection.rules.weapon import UNAVAILABLE
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ZoneRule
from csu.hal.camera import CameraId
from tests.detection.rules.street import SIZE, WHOLE, Plan, made, rule, seen

LANE = ((0.1, 0.5), (0.9, 0.5))
METRES = [EventType.WRONG_WAY, EventType.ABANDONED_OBJECT, EventType.CROWD_MOVEMENT, EventType.CROWD_DENSITY]


def zone_rule(type_, *parameters):
    return ZoneRule(AnalysisZone("z1", WHOLE, LANE), type_, parameters)


@pytest.mark.parametrize("type_", EventType)
def test_a_form_can_be_drawn_of_every_type_in_both_languages(type_):
    form = describe(type_)
    assert bool(form) is (type_ is not EventType.WEAPON)
    for field in form:
        assert field.words.fr
        assert field.words.en
        assert field.low < field.high
        assert field.low <= field.default <= field.high
    typed = parameters_of(zone_rule(type_))
    assert [each.name for each in fields(typed)] == [field.name for field in form]
    assert [float(getattr(typed, field.name)) for field in form] == [field.default for field in form]


@pytest.mark.parametrize("type_", [each for each in EventType if each is not EventType.WEAPON])
def test_both_bounds_are_allowed_and_nothing_beyond(type_):
    for field in describe(type_):
        for value in (field.low, field.high):
            assert float(getattr(parameters_of(zone_rule(type_, (field.name, value))), field.name)) == value
        beyond = 1e-3 * (field.high - field.low)
        for value in (field.low - beyond, field.high + beyond, float("nan"), float("inf")):
            with pytest.raises(ParameterRefused) as refusal:
                parameters_of(zone_rule(type_, (field.name, value)))
            assert refusal.value.trouble.where == f"z1/{type_}/{field.name}"
            assert f"{field.low:g}" in refusal.value.trouble.what_to_do.fr


@pytest.mark.parametrize(
    "given",
    [
        (("speed_kmh", 30.0),),
        (("duration_s", 1.0), ("duration_s", 2.0)),
        (("persons", 0.5),),
        (("duration_s", "1"),),
        (("duration_s", None),),
    ],
)
def test_what_is_no_parameter_is_refused(given):
    with pytest.raises(ParameterRefused):
        parameters_of(zone_rule(EventType.WRONG_WAY, *given))


def test_a_number_of_people_is_whole():
    assert parameters_of(zone_rule(EventType.CROWD_MOVEMENT, ("people", 12.0))).people == 12
    with pytest.raises(ParameterRefused):
        parameters_of(zone_rule(EventType.CROWD_MOVEMENT, ("people", 12.5)))


def test_parameters_are_typed():
    typed = parameters_of(zone_rule(EventType.WRONG_WAY, ("vehicles", 0), ("duration_s", 2)))
    assert typed == WrongWayParameters(duration_s=2.0, vehicles=False)
    assert typed.vehicles is False


@pytest.mark.parametrize("type_", METRES)
def test_a_rule_that_needs_metres_says_so_and_guesses_none(type_):
    rules, [unavailable] = made(type_, ground=None, lane=LANE)
    assert rules == ()
    assert (unavailable.zone, unavailable.type) == ("z1", type_)
    assert "mètres" in unavailable.why.fr
    assert "metres" in unavailable.why.en


@pytest.mark.parametrize("type_", [EventType.RESTRICTED_ZONE, EventType.PERSON_DOWN])
def test_a_rule_that_needs_none_runs_without(type_):
    assert len(made(type_, ground=None).rules) == 1


def test_weapons_are_unavailable_in_both_languages_and_never_told():
    for measuring in ([], [EventType.WEAPON]):
        rules, [unavailable] = made(EventType.WEAPON, measuring=measuring)
        assert rules == ()
        assert unavailable.why == UNAVAILABLE
    assert "indisponible" in UNAVAILABLE.fr
    assert "unavailable" in UNAVAILABLE.en


def test_fire_is_off_until_it_is_measured():
    rules, [unavailable] = made(EventType.FIRE_START)
    assert rules == ()
    assert "mesur" in unavailable.why.fr
    assert len(made(EventType.FIRE_START, measuring=[EventType.FIRE_START]).rules) == 1


class Sky(Plan):
    """The upper half of the picture is above the horizon."""

    def to_ground(self, points_px):
        found = super().to_ground(points_px).copy()
        found[np.asarray(points_px)[:, 1] < SIZE[1] / 2] = np.nan
        return found


@pytest.mark.parametrize(
    ("asked", "fr"),
    [
        ({"type_": EventType.CROWD_DENSITY, "ground": Sky()}, "horizon"),
        ({"type_": EventType.WRONG_WAY, "ground": Sky(), "lane": ((0.1, 0.2), (0.9, 0.2))}, "horizon"),
        ({"type_": EventType.WRONG_WAY}, "pas dessiné"),
        ({"type_": EventType.WRONG_WAY, "lane": ((0.1, 0.5), (0.1, 0.5))}, "pas dessiné"),
        ({"type_": EventType.CROWD_DENSITY, "corners": ((0.1, 0.1), (0.15, 0.1), (0.1, 0.15))}, "4 m²"),
        ({"type_": EventType.RESTRICTED_ZONE, "corners": ((0.1, 0.1), (0.9, 0.1))}, "Dessinez-la de nouveau"),
        ({"type_": EventType.RESTRICTED_ZONE, "corners": ((0, 0), (0.5, 0.5), (1, 1))}, "Dessinez-la de nouveau"),
        ({"type_": EventType.RESTRICTED_ZONE, "corners": ((0, 0), (1.5, 0), (1, 1))}, "Dessinez-la de nouveau"),
        ({"type_": EventType.RESTRICTED_ZONE, "dwell_s": 1000.0}, "hors limites"),
        ({"type_": EventType.RESTRICTED_ZONE, "loitering_s": 60.0}, "n'existe pas"),
    ],
)
def test_a_rule_that_cannot_run_says_why(asked, fr):
    rules, [unavailable] = made(**asked)
    assert rules == ()
    assert fr in unavailable.why.fr
    assert unavailable.why.en


def test_one_rule_that_cannot_run_leaves_the_others_running():
    zones = AnalysisZone("z1", WHOLE), AnalysisZone("z2", WHOLE)
    asked = (
        ZoneRule(zones[0], EventType.WEAPON),
        ZoneRule(zones[0], EventType.RESTRICTED_ZONE),
        ZoneRule(zones[0], EventType.RESTRICTED_ZONE),
        ZoneRule(zones[1], EventType.RESTRICTED_ZONE),
    )
    rules, unavailable = make_rules(AnalysisAssignment(CameraId("cam-0001"), asked), None, SIZE)
    assert [each.version for each in rules] == ["restricted_zone/1"] * 2
    assert [(each.zone, each.type) for each in unavailable] == [
        ("z1", EventType.WEAPON),
        ("z1", EventType.RESTRICTED_ZONE),
    ]


def test_what_is_none_of_the_eight_is_no_type():
    assert event_type_named("wrong_way") is EventType.WRONG_WAY
    with pytest.raises(EventTypeRefused) as refusal:
        event_type_named("loitering")
    assert refusal.value.trouble.where == "loitering"
    assert "restricted_zone" in refusal.value.trouble.what_to_do.fr


@pytest.mark.parametrize("type_", [each for each in EventType if each is not EventType.WEAPON])
def test_every_rule_says_its_version_and_tells_nothing_of_an_empty_street(type_):
    of = rule(type_, lane=LANE, measuring=list(EventType))
    assert re.fullmatch(rf"{type_}/[1-9]\d*", of.version)
    assert [of.step(seen(at_s)) for at_s in (0.0, 0.2, 0.4)] == [(), (), ()]
    of.reset()
    assert of.step(seen(0.0)) == ()


def test_the_parameters_of_a_type_are_named_in_one_place():
    named = {name for name in dir(of_rules) if name.endswith("Parameters") and name != "Parameters"}
    assert {kind.__name__ for kind in of_rules._OF.values()} == named
    assert set(of_rules._OF) == set(EventType)
