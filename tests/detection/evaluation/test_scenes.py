"""Rendered clips: the same pictures everywhere, and a truth that agrees with the camera's geometry."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from csu.detection.evaluation.scenes import Clip, Conditions, Daylight, Posture, suite
from csu.detection.evaluation.scenes.actors import Bag, Make, Vehicle, Walker, walk
from csu.detection.evaluation.scenes.happening import crossings, is_in
from csu.detection.evaluation.scenes.stage import Stage
from csu.detection.evaluation.scenes.suites.cameras import SQUARE_8
from csu.detection.evaluation.scenes.suites.falls import falls
from csu.hal.analysis import CountLine, EventType, ObjectClass
from csu.hal.errors import BadInput

_SMALL = (320, 180)


def _small(clip: Clip, conditions: Conditions | None = None) -> Clip:
    pose = replace(clip.pose, focal_px=clip.pose.focal_px / 2)
    return replace(clip, pose=pose, size_px=_SMALL, conditions=conditions or clip.conditions)


def _stroll(conditions: Conditions | None = None) -> Clip:
    walkers = (Walker(walk(0.0, (-4.0, 18.0), (4.0, 19.0)), 3), Walker(walk(0.0, (5.0, 24.0), (-5.0, 25.0)), 4))
    return _small(Clip("stroll", *SQUARE_8, 4.0, walkers, conditions=conditions or Conditions()))


RENDERED = suite("rendered")


def test_a_clip_gives_the_same_pictures_every_time_and_in_any_order() -> None:
    clip = _stroll(Conditions(Daylight.NIGHT, rain=True, shake_px=0.6))
    once = [shot.bgr.copy() for shot in islice(clip.render(), 6)]
    again = Stage(clip)
    for n in (5, 0, 3):
        assert np.array_equal(again.shot(n / clip.fps).bgr, once[n])
    other = Stage(replace(clip, seed=2)).shot(0.0).bgr
    assert not np.array_equal(other, once[0])


def test_feet_stand_where_the_camera_sees_them() -> None:
    clip = _stroll()
    for shot in (Stage(clip).shot(0.5), Stage(clip).shot(2.5)):
        assert len(shot.objects) == 2
        for each in shot.objects:
            x, y = clip.view.on_ground(*each.foot_m)
            assert abs((each.box[0] + each.box[2]) / 2 - x) < 0.2 * each.tall_px
            assert abs(each.box[3] - y) < 0.1 * each.tall_px
            assert each.posture is Posture.UPRIGHT
            assert each.seen_share > 0.85
            back = clip.view.ground_of(x, y)
            assert back == pytest.approx(each.foot_m, abs=1e-6)


def test_who_is_told_is_in_the_picture() -> None:
    """Inside a told box the picture differs from the empty place, elsewhere hardly."""
    clip = _stroll(Conditions(Daylight.OVERCAST))
    shot = Stage(clip).shot(1.0)
    empty = Stage(replace(clip, actors=())).shot(1.0)
    changed = np.abs(shot.bgr.astype(int) - empty.bgr.astype(int)).max(axis=2) > 25
    total = changed.sum()
    for each in shot.objects:
        left, top, right, bottom = (round(value) for value in each.box)
        part = changed[max(0, top - 2) : bottom + 4, max(0, left - 2) : right + 3]
        assert part.mean() > 0.2
        total -= part.sum()
    assert total < 40


def test_planes_are_what_a_decoder_gives() -> None:
    shot = Stage(_stroll()).shot(0.0)
    planes = shot.planes
    assert planes.is_sound
    assert (planes.width_px, planes.height_px) == _SMALL
    grey = shot.bgr.astype(float) @ [0.114, 0.587, 0.299]
    assert np.abs(planes.y.astype(float) - (16 + grey * 219 / 255)).mean() < 1.0


def test_conditions_change_what_they_say() -> None:
    def pictures(conditions: Conditions, *times_s: float) -> list[np.ndarray]:
        stage = Stage(replace(_stroll(conditions), actors=()))
        return [stage.shot(t).bgr.astype(float) for t in times_s]

    day, later = pictures(Conditions(), 0.0, 0.1)
    grey = pictures(Conditions(Daylight.INFRARED), 0.0)[0]
    night, night_later = pictures(Conditions(Daylight.NIGHT), 0.0, 0.1)
    assert night.mean() < 0.75 * day.mean()
    assert np.abs(grey - grey.mean(axis=2, keepdims=True)).max() < 1.5
    assert (night - night_later).std() > 2 * (day - later).std()
    low, high = pictures(Conditions(exposure=0.3), 2.2, 6.7)
    assert low.mean() > 1.2 * day.mean() > 1.2 * 1.2 * high.mean() * 0.9
    rain = pictures(Conditions(rain=True), 0.0)[0]
    assert (rain - day).max() > 30
    shaken = pictures(Conditions(shake_px=0.6), 0.0, 0.1)
    assert np.abs(shaken[0] - shaken[1]).mean() > 1.3 * np.abs(day - later).mean()
    before, under = pictures(Conditions(cloud=True), 0.0, 7.0)
    assert under.mean() < 0.85 * before.mean()


@pytest.mark.parametrize("clip", RENDERED, ids=lambda clip: clip.name)
def test_what_is_true_of_a_clip_lies_within_it(clip: Clip) -> None:
    begin, end = clip.at_ns(0), clip.at_ns(clip.seconds)
    zones = {rule.zone.zone: rule for rule in clip.rules}
    for rule in clip.rules:
        assert len(rule.zone.corners) >= 3
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in rule.zone.corners)
    for event in clip.events:
        assert begin < event.begin_ns < event.end_ns <= end
        assert zones[event.zone].type is event.type is clip.wanted
        assert 0 <= event.box.left < event.box.right <= 1
        assert 0 <= event.box.top < event.box.bottom <= 1
    for deposit in clip.deposits:
        assert begin < deposit.at_ns < end
    assert clip.is_positive == bool(clip.events)


def test_the_suite_asks_enough_of_every_type_and_is_short() -> None:
    assert len({clip.name for clip in RENDERED}) == len(RENDERED)
    assert sum(clip.pictures for clip in RENDERED) <= 15_500
    for kind in {clip.wanted for clip in RENDERED} - {None}:
        about = [clip for clip in RENDERED if clip.wanted is kind]
        assert sum(clip.is_positive for clip in about) >= 6, kind
        assert sum(not clip.is_positive for clip in about) >= 4, kind
        assert len({clip.conditions.light for clip in about}) >= 2, kind
        assert len({clip.camera_height_m for clip in about}) >= 2, kind
    assert len(suite("smoke")) < len(RENDERED) / 3
    with pytest.raises(BadInput):
        suite("none")


def test_an_event_of_a_zone_is_when_a_true_foot_is_in_it() -> None:
    whole = next(clip for clip in RENDERED if clip.name == "restricted_sun_8m")
    clip, zone = _small(whole), whole.rules[0].zone
    stage = Stage(clip)
    event = clip.events[0]
    for t_s in np.arange(6.0, clip.seconds, 1.0):
        shot = stage.shot(float(t_s))
        someone = any(is_in(zone, clip.view.share(*each.foot_m)) for each in shot.objects)
        assert someone == (event.begin_ns <= shot.at_ns < event.end_ns)


def test_a_line_counts_from_its_left_to_its_right_as_forward() -> None:
    view = _stroll().view
    line = CountLine("l", (0.5, 1.0), (0.5, 0.0), frozenset({ObjectClass.PERSON}))
    to_the_right, to_the_left = walk(0.0, (-3.0, 20.0), (3.0, 20.0)), walk(0.0, (3.0, 21.0), (-3.0, 21.0))
    counted = crossings(view, line, ObjectClass.PERSON, (to_the_right.at, to_the_left.at, to_the_right.at), 6.0)
    assert (counted.forward, counted.backward) == (2, 1)  # seen from below upwards, the picture's left is its left


def test_who_falls_is_upright_then_down_and_lower_than_wide() -> None:
    walker = falls(0.0, (-2.0, 20.0), (0.0, 20.0), 3)
    clip = _small(Clip("fall", *SQUARE_8, 6.0, (walker,)))
    stage = Stage(clip)
    fell_s = walker.falls_s or 0.0
    before, during, after = (stage.shot(fell_s + t).objects[0] for t in (-0.2, 0.5, 1.2))
    assert [each.posture for each in (before, during, after)] == [Posture.UPRIGHT, Posture.FALLING, Posture.LYING]
    assert after.tall_px < 0.6 * before.tall_px
    assert after.box[2] - after.box[0] > after.tall_px
    left, top, right, bottom = after.box
    x, y = clip.view.on_ground(*after.foot_m)
    assert left < x < right
    assert top < y < bottom + 2


def test_a_bag_is_told_once_it_is_put_down_and_who_is_hidden_shows_less() -> None:
    carrier = Walker(walk(0.0, (-3.0, 20.0), (0.0, 20.0), (6.0, 20.0)), 3)
    van = Vehicle(walk(0.0, (-20.0, 18.0), (20.0, 18.0), speed_m_s=5.0), Make.VAN)
    clip = _small(Clip("bag", *SQUARE_8, 8.0, (carrier, Bag((0.3, 20.0), 2.5, carrier=0), van)))
    stage = Stage(clip)
    assert [each.kind for each in stage.shot(1.5).objects] == [ObjectClass.PERSON]
    seen = {each.kind: each for each in stage.shot(4.2).objects}  # the van stands before both
    assert set(seen) == {ObjectClass.PERSON, ObjectClass.BAG, ObjectClass.CAR}
    assert seen[ObjectClass.CAR].seen_share > 0.8
    assert seen[ObjectClass.BAG].seen_share < 0.2


def test_nobody_is_of_a_ninth_type() -> None:
    assert {clip.wanted for clip in RENDERED} <= {*EventType, None} - {EventType.WEAPON}
