"""One number for one object while it is in view, where it stands in metres, and nothing of it afterwards."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.ground import GroundView
from csu.detection.observed import CLASSES, NO_DETECTIONS, Detections
from csu.detection.tracker import Tracker
from csu.hal.analysis import ObjectClass
from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose
from tests.detection.street_builders import detections

EVERY = NS_PER_S // 5


def person(x, y=400.0):
    return (x - 12, y - 70, x + 12, y)


def follow(tracker, pictures, *, every=EVERY, start=1):
    """The tracks after each of `pictures`: lists of boxes, or None where the detector did not look."""
    return [
        list(tracker.step((start + number) * every, None if boxes is None else detections(*boxes)))
        for number, boxes in enumerate(pictures)
    ]


def test_an_object_is_told_from_its_third_detection_on():
    told = follow(Tracker(), [[person(100 + 4 * step)] for step in range(5)])
    assert [len(each) for each in told] == [0, 0, 1, 1, 1]
    assert {each.track for tracks in told for each in tracks} == {1}
    assert told[4][0].first_ns == EVERY


@pytest.mark.parametrize("hz", [2, 5, 10, 25])
@pytest.mark.parametrize("speed_heights", [0.0, 0.8, 1.7])
def test_a_walker_and_a_runner_keep_their_number_at_any_rate(hz, speed_heights):
    step_px = speed_heights * 70 / hz
    told = follow(Tracker(), [[person(100 + step_px * step)] for step in range(20)], every=NS_PER_S // hz)
    assert {each.track for tracks in told for each in tracks} == {1}
    assert told[-1][0].velocity_px_s[0] == pytest.approx(speed_heights * 70, abs=6)


def test_two_who_cross_keep_their_numbers():
    pictures = [[person(100 + 8 * step), person(420 - 8 * step, 415.0)] for step in range(40)]
    told = follow(Tracker(), pictures)
    by_number = {each.track: each for each in told[-1]}
    first = {each.track: each for each in told[3]}
    assert set(by_number) == set(first) == {1, 2}
    for number in (1, 2):
        assert np.sign(by_number[number].velocity_px_s[0]) == np.sign(first[number].velocity_px_s[0])


def test_between_two_looks_of_the_detector_it_goes_its_course():
    pictures = [[person(100 + 8 * step)] if step % 2 == 0 else None for step in range(20)]
    told = follow(Tracker(), pictures)
    assert not told[-1][0].is_seen
    assert told[-2][0].is_seen
    middle = (told[-1][0].box[0] + told[-1][0].box[2]) / 2
    assert middle == pytest.approx(100 + 8 * 19, abs=3)


def test_who_is_hidden_for_a_second_comes_out_with_his_number():
    pictures = [[person(100 + 6 * step)] if not 10 <= step < 15 else [] for step in range(22)]
    told = follow(Tracker(), pictures)
    assert {each.track for tracks in told for each in tracks} == {1}
    assert not told[12][0].is_seen


def test_who_came_back_after_a_while_is_somebody_else():
    tracker = Tracker()
    follow(tracker, [[person(100)] for _ in range(6)])
    assert follow(tracker, [[] for _ in range(20)], start=8)[-1] == []
    told = follow(tracker, [[person(100)] for _ in range(6)], start=30)
    assert {each.track for tracks in told for each in tracks} == {2}


def test_who_is_looked_for_every_two_seconds_may_be_missed_once():
    pictures = [[person(100)], [person(100)], [person(100)], [], [person(100)], [], []]
    told = follow(Tracker(), pictures, every=2 * NS_PER_S)
    assert [len(each) for each in told] == [0, 0, 1, 1, 1, 1, 0]


def test_who_is_not_looked_for_is_gone_in_the_end():
    tracker = Tracker()
    follow(tracker, [[person(100)] for _ in range(4)])
    assert follow(tracker, [None] * 60, start=5)[-1] == []


def test_one_false_detection_is_never_told():
    pictures = [[person(100)] if step % 4 == 0 else [] for step in range(16)]
    assert all(not tracks for tracks in follow(Tracker(), pictures))


def test_an_unsure_detection_begins_nothing_and_keeps_what_is_there():
    tracker = Tracker()
    assert all(not tracker.step(n * EVERY, detections(person(100), score=0.2)) for n in range(1, 6))
    follow(tracker, [[person(100)] for _ in range(4)], start=6)
    told = tracker.step(11 * EVERY, detections(person(101), score=0.2))
    assert told[0].is_seen


def test_a_class_is_voted():
    tracker = Tracker()
    kinds = [ObjectClass.CAR, ObjectClass.TRUCK, ObjectClass.CAR, ObjectClass.TRUCK, ObjectClass.CAR]
    told = [tracker.step((n + 1) * EVERY, detections((100, 100, 200, 150), kind=kind)) for n, kind in enumerate(kinds)]
    assert [each[0].kind for each in told[2:]] == [ObjectClass.CAR] * 3


def test_after_a_reset_numbers_go_on():
    tracker = Tracker()
    follow(tracker, [[person(100)] for _ in range(4)])
    tracker.reset()
    assert follow(tracker, [[person(100)] for _ in range(4)], start=9)[-1][0].track == 2


def test_time_goes_forward():
    tracker = Tracker()
    tracker.step(EVERY, None)
    with pytest.raises(ValueError, match="after one of"):
        tracker.step(EVERY, None)


def test_metres_of_a_walker():
    ground = GroundView(Pose(0.0, 0.0, 7.0, 0.0, -20.0, 0.0, 700.0), 1280, 720)
    tracker = Tracker(ground)
    for step in range(30):
        place = np.array([-4.0 + 1.4 * step / 5, 18.0])
        foot, head = ground._project(np.array([[*place, 0.0], [*place, 1.75]]))
        box = (foot[0] - 8, head[1], foot[0] + 8, foot[1])
        told = tracker.step((step + 1) * EVERY, detections(box))
    assert told[0].foot_m == pytest.approx(tuple(place), abs=0.1)
    assert told[0].velocity_m_s == pytest.approx((1.4, 0.0), abs=0.1)
    assert told[0].height_m == pytest.approx(1.75, abs=0.05)


def test_without_ground_there_are_no_metres():
    told = follow(Tracker(), [[person(100)] for _ in range(4)])[-1][0]
    assert told.foot_m is told.velocity_m_s is told.height_m is None


@pytest.mark.requirement("VSA-5")
def test_nothing_of_how_somebody_looks_is_known_to_a_track():
    """A track is where, how fast, which class: numbers of a course. No array in it grows with a picture."""
    tracker = Tracker()
    follow(tracker, [[person(100)] for _ in range(4)])
    columns = {field.name: getattr(tracker._tracks, field.name).shape[1:] for field in fields(tracker._tracks)}
    assert columns == {
        **dict.fromkeys(("track", "hits", "missed", "first_ns", "seen_ns", "before_ns"), ()),
        **dict.fromkeys(("box", "speed"), (4,)),
        **dict.fromkeys(("foot_m", "speed_m"), (2,)),
        "votes": (len(CLASSES),),
    }


boxes = st.lists(
    st.tuples(st.floats(0, 600), st.floats(0, 400), st.floats(4, 120), st.floats(4, 120), st.floats(0, 1)), max_size=6
)


@given(pictures=st.lists(st.one_of(st.none(), boxes), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_is_detected_each_number_is_told_once_and_the_same_input_makes_the_same_output(pictures):
    def run():
        tracker, told = Tracker(), []
        for number, here in enumerate(pictures):
            found = None
            if here is not None:
                raw = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in here], np.float32).reshape(-1, 4)
                scores = np.array([score for *_, score in here], np.float32)
                found = Detections(raw, scores, np.zeros(len(here), np.int64)) if here else NO_DETECTIONS
            told.append(list(tracker.step((number + 1) * EVERY, found)))
        return told

    one = run()
    for tracks in one:
        assert len({each.track for each in tracks}) == len(tracks)
        assert all(np.isfinite(each.box).all() and each.track >= 1 for each in tracks)
    assert one == run()
