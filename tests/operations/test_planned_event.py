"""Events known beforehand: what they may ask for, how they go by their dates, which cameras are proposed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance import Purpose, Span
from csu.governance.decision import Decision
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.words import Words
from csu.operations.event_cameras import WITHIN_M, cameras_along, cameras_around
from csu.operations.planned_event import (
    LASTS_NS_MAX,
    EventFacts,
    EventKind,
    EventOutcome,
    EventRefused,
    EventReport,
    EventState,
    PlannedEvent,
    check,
)

METZ, WOIPPY = CommuneId("metz"), CommuneId("woippy")
WIDE, NEAR, TRAFFIC, ELSEWHERE = (CameraId(f"cam-{number}") for number in range(1, 5))
RECORDS = [
    CameraRecord(WIDE, 1, "Place", METZ, ViewType.WIDE),
    CameraRecord(NEAR, 2, "Porche", METZ, ViewType.NARROW),
    CameraRecord(TRAFFIC, 3, "Boulevard", METZ, ViewType.WIDE),
    CameraRecord(ELSEWHERE, 4, "Mairie", WOIPPY, ViewType.WIDE),
]


def may_use(camera: CameraId, purpose: Purpose, span: Span) -> Decision:
    held = Purpose.TRAFFIC_FLOW if camera == TRAFFIC else Purpose.PERSONS_PROPERTY
    return Decision(purpose is held, Words("finalité", "purpose"), "CSI L251-2")


FACTS = EventFacts(RECORDS, may_use, ("base", "event"))
DEMONSTRATION = PlannedEvent(
    EventKind.DEMONSTRATION,
    METZ,
    "Place de la République",
    Span(100, 200),
    (WIDE,),
    Purpose.PERSONS_PROPERTY,
    "l.weber",
    route=((0.0, 0.0), (500.0, 0.0)),
    reference="57-2026-118",
    scene="event",
)
REPORT = EventReport(EventOutcome.CALM, "l.weber", 250, 2, 12, 1, 0)


def refused(event: PlannedEvent, now_ns: int = 50) -> str:
    with pytest.raises(EventRefused) as told:
        check(event, FACTS, now_ns)
    return told.value.trouble.where


def test_a_demonstration_is_seen_from_afar_unless_somebody_says_why() -> None:
    check(DEMONSTRATION, FACTS, 50)
    near = replace(DEMONSTRATION, cameras=(WIDE, NEAR))
    assert refused(near) == f"event/{NEAR}"
    check(replace(near, close_reason="Cortège dans une rue étroite"), FACTS, 50)
    check(replace(near, kind=EventKind.MARKET, reference=""), FACTS, 50)


def test_a_camera_that_lacks_the_purpose_or_is_of_another_commune_is_refused() -> None:
    for camera in (TRAFFIC, ELSEWHERE, CameraId("cam-9")):
        assert refused(replace(DEMONSTRATION, cameras=(WIDE, camera))) == f"event/{camera}"


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ({"place": "  "}, "place"),
        ({"place": "M. Durand 06 12 34 56 78"}, "place"),
        ({"reference": ""}, "reference"),
        ({"reference": "voiture AB-123-CD"}, "reference"),
        ({"close_reason": "x" * 201}, "close_reason"),
        ({"span": Span(10, 50)}, "span"),
        ({"span": Span(100, 101 + LASTS_NS_MAX)}, "span"),
        ({"route": ((0.0, 0.0),)}, "route"),
        ({"route": (), "perimeter": ((0.0, 0.0), (1.0, 1.0))}, "route"),
        ({"perimeter": ((0.0, 0.0), (1.0, 1.0), (2.0, 0.0))}, "route"),
        ({"route": ((0.0, float("nan")), (1.0, 1.0))}, "route"),
        ({"staff_wanted": 1}, "staff_wanted"),
        ({"scene": "secret"}, "scene"),
        ({"cameras": (WIDE, WIDE)}, "cameras"),
    ],
)
def test_what_an_event_may_not_say_is_refused(what, where) -> None:
    assert refused(replace(DEMONSTRATION, **what)) == f"event/{where}"


def test_an_event_goes_by_its_dates_and_is_closed_by_a_person() -> None:
    states = [DEMONSTRATION.state(at) for at in (99, 100, 199, 200)]
    assert states == [EventState.PLANNED, EventState.RUNNING, EventState.RUNNING, EventState.ENDED]
    for at in (99, 150):
        with pytest.raises(EventRefused):
            DEMONSTRATION.reported(replace(REPORT, at_ns=at))
    closed = DEMONSTRATION.reported(REPORT)
    assert closed.state(300) is EventState.REPORTED
    with pytest.raises(EventRefused):
        closed.reported(REPORT)
    off = DEMONSTRATION.called_off("l.weber", 150)
    assert off.state(150) is off.state(300) is EventState.CALLED_OFF
    for over in (off, closed, DEMONSTRATION):
        with pytest.raises(EventRefused):
            over.called_off("l.weber", 250)


places = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000))


@settings(max_examples=40)
@given(st.lists(places, min_size=2, max_size=5), st.dictionaries(st.sampled_from("abcdefgh"), places))
def test_cameras_along_a_way_are_near_it_and_those_at_its_points_are_among_them(route, cameras) -> None:
    at_points = {f"p{number}": point for number, point in enumerate(route)}
    found = cameras_along(route, cameras | at_points)
    assert set(at_points) <= set(found)
    assert set(cameras_along(route, cameras)) == set(found) & set(cameras)


def test_cameras_are_proposed_in_the_order_of_the_way() -> None:
    places = {"c": (390.0, 30.0), "a": (-10.0, 5.0), "b": (200.0, -WITHIN_M), "far": (200.0, -WITHIN_M - 1)}
    route = ((0.0, 0.0), (400.0, 0.0))
    assert cameras_along(route, places) == ("a", "b", "c")
    assert cameras_along(route[::-1], places) == ("c", "b", "a")
    assert cameras_along(route, {"lost": (float("nan"), 0.0)}) == ()


def test_cameras_inside_a_perimeter_come_first_then_those_beside_it() -> None:
    square = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0))
    places = {"beside": (150.0, 50.0), "inside": (50.0, 50.0), "far": (200.0, 50.0), "corner": (0.0, 0.0)}
    assert cameras_around(square, places) == ("corner", "inside", "beside")
