"""A storm: a few lines shown by haste, the rest counted; and the cameras proposed for one alarm."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.alarms import Alarm, AlarmId, alarm_lines, desk_lines, nearest_cameras
from csu.alarms.storm import LINES_MAX, OF_SITE_MAX
from csu.hal.alarms import AlarmKind, AlarmPriority, PanelId, PanelMessage
from csu.hal.camera import CameraId, CommuneId


def alarm(sequence: int, site: str, kind: AlarmKind, at_ns: int = 0) -> Alarm:
    message = PanelMessage(PanelId("p"), sequence, CommuneId("Orval"), site, kind, raised_at_ns=at_ns)
    return Alarm(AlarmId(f"p/{sequence}"), message, taken_at_ns=at_ns)


storms = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(list(AlarmKind)), st.integers(0, 50)), max_size=60).map(
    lambda given: [alarm(n, f"site-{site}", kind, at_ns) for n, (site, kind, at_ns) in enumerate(given)]
)


@given(storms, st.integers(1, 10))
def test_every_alarm_of_a_storm_is_shown_or_counted_and_nothing_urgent_waits_behind_less(storm, shown_max) -> None:
    lines = alarm_lines(storm, shown_max)
    shown = [each for group in lines.shown for each in group.alarms]
    assert len(lines.shown) <= shown_max
    assert len(shown) + sum(lines.queued.values()) == len(storm)
    assert len({each.alarm for each in shown}) == len(shown)
    queued = [each for each in storm if each not in shown]
    assert {priority: sum(each.priority is priority for each in queued) for priority in lines.queued} == lines.queued
    if queued:
        assert len(lines.shown) == shown_max
        assert min(each.haste for each in queued) > max(group.alarms[0].haste for group in lines.shown)
    for group in lines.shown:
        assert {each.message.site for each in group.alarms} == {group.site}


@given(storms, st.integers(1, 10), st.sampled_from(list(AlarmKind)))
def test_a_new_alarm_takes_at_most_one_line_and_only_from_a_less_urgent_one(storm, shown_max, kind) -> None:
    before = {group.site: group for group in alarm_lines(storm, shown_max).shown}
    late = alarm(1000, "new site", kind, at_ns=1000)
    after = {group.site for group in alarm_lines([*storm, late], shown_max).shown}
    gone = set(before) - after
    assert len(gone) <= 1
    assert all(before[site].alarms[0].haste > late.haste for site in gone)


@given(storms, st.integers(0, 60))
def test_every_alarm_of_a_persons_list_is_a_line_or_counted_once_and_what_is_kept_has_a_line(storm, kept) -> None:
    many = [*storm, *(alarm(100 + n, f"hall-{n}", AlarmKind.TEST, n) for n in range(60))]
    told = desk_lines(many, lambda each: each.message.sequence == kept)
    lines = [line.alarm for line in told.lines]
    assert len({each.alarm for each in lines}) == len(lines) <= LINES_MAX + 1
    assert lines == sorted(lines, key=lambda each: each.haste)
    assert len(lines) + sum(line.more for line in told.lines) + told.hidden == told.total == len(many)
    assert (told.waiting, told.hidden_waiting) == (len(many), told.hidden)
    assert any(each.message.sequence == kept for each in lines) or all(each.message.sequence != kept for each in many)
    of_site = Counter(each.message.site for each in lines if each.message.sequence != kept)
    assert max(of_site.values()) <= OF_SITE_MAX
    shown = {each.message.site for each in lines}
    first_left_out = min((each.haste for each in many if each.message.site not in shown), default=None)
    if first_left_out is not None:
        assert sum(each.haste < first_left_out for each in lines if each.message.sequence != kept) >= LINES_MAX - 1


def test_one_persons_own_alarms_do_not_make_the_list_endless() -> None:
    told = desk_lines([alarm(n, f"site-{n}", AlarmKind.TEST) for n in range(1000)], lambda each: True)
    assert (len(told.lines), told.hidden) == (2 * LINES_MAX, 1000 - 2 * LINES_MAX)


def test_a_fire_in_a_storm_of_tests_is_on_the_first_line() -> None:
    tests = [alarm(n, f"site-{n}", AlarmKind.TEST) for n in range(500)]
    lines = alarm_lines([*tests, alarm(999, "École", AlarmKind.FIRE, at_ns=9)])
    assert lines.shown[0].site == "École"
    assert lines.queued == {AlarmPriority.P4: 500 - (len(lines.shown) - 1)}


CAMERAS = {
    CameraId("cam-1"): (10.0, 0.0),
    CameraId("cam-2"): (0.0, 5.0),
    CameraId("cam-3"): (0.0, -5.0),
    CameraId("cam-4"): (299.0, 0.0),
    CameraId("cam-5"): (301.0, 0.0),
    CameraId("cam-6"): (float("nan"), 0.0),
}


def test_the_nearest_cameras_come_first_and_far_or_unplaced_ones_never() -> None:
    assert nearest_cameras((0.0, 0.0), CAMERAS, lambda camera: True) == ("cam-2", "cam-3", "cam-1", "cam-4")


def test_a_camera_that_this_person_may_not_see_is_not_proposed_and_the_next_one_is() -> None:
    found = nearest_cameras((0.0, 0.0), CAMERAS, lambda camera: camera not in ("cam-2", "cam-1"), most=2)
    assert found == ("cam-3", "cam-4")


def test_rights_are_asked_no_oftener_than_needed() -> None:
    asked = []
    nearest_cameras((0.0, 0.0), CAMERAS, lambda camera: asked.append(camera) or True, most=2)
    assert asked == ["cam-2", "cam-3"]


def test_no_answer_is_no_yes() -> None:
    def broken(camera: CameraId) -> bool:
        raise OSError("no register")

    with pytest.raises(OSError, match="no register"):
        nearest_cameras((0.0, 0.0), CAMERAS, broken)


@given(
    st.dictionaries(
        st.integers(0, 30).map(lambda n: CameraId(f"cam-{n}")),
        st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
        max_size=20,
    ),
    st.sets(st.integers(0, 30).map(lambda n: CameraId(f"cam-{n}"))),
)
def test_only_permitted_cameras_are_proposed_and_no_nearer_one_is_left_out(places, allowed) -> None:
    found = nearest_cameras((0.0, 0.0), places, lambda camera: camera in allowed, within_m=1000.0)

    def away(camera: CameraId) -> float:
        x_m, y_m = places[camera]
        return (x_m * x_m + y_m * y_m) ** 0.5

    may = {camera for camera in places if camera in allowed}
    assert set(found) <= may
    assert len(found) == min(4, len(may))
    assert all(away(camera) <= away(other) + 1e-6 for camera in found for other in may - set(found))
