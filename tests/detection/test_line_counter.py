"""What drives over a line seen from its side is counted there, by its size and speed on the ground, and forgotten."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from csu.detection.camera_analysis import CameraAnalysis
from csu.detection.evaluation.scenes.view import View
from csu.detection.ground import GroundView
from csu.detection.line_counter import VEHICLES, LineCounter, LineCounters
from csu.detection.motion_gate import MotionGate
from csu.hal.analysis import AnalysisAssignment, CountLine, ObjectClass
from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose
from tests.detection.street_builders import CAMERA, KnowingDetector, Noting, tile

WIDTH, HEIGHT, EVERY_S = 640, 360, 0.1
POSE = Pose(0.0, 0.0, 7.0, 0.0, -15.5, 0.0, 640.0)
VIEW, GROUND = View(POSE, WIDTH, HEIGHT), GroundView(POSE, WIDTH, HEIGHT)
CAR, BUS, MOTORCYCLE = (4.4, 1.8, 1.5), (12.0, 2.55, 3.1), (2.15, 0.8, 1.5)
WALKER = (0.5, 0.5, 1.75)


def line(start=(0.0, 17.6), end=(0.0, 32.4), classes=VEHICLES | {ObjectClass.PERSON}):
    return CountLine("axe", VIEW.share(*start), VIEW.share(*end), classes)


LINE = line()
"""Drawn away from the camera: who drives to the right goes forward."""


def drawn(picture, at, size):
    """A box on the ground, a lighter half over a darker one, with stripes that drive with it."""
    (x, y), (long, wide, high) = at, size
    for low, top, grey in ((0.0, 0.55 * high, 175), (0.55 * high, high, 205)):
        share = 1.0 if low == 0 or size == BUS else 0.4 if size == MOTORCYCLE else 0.65
        corners = [
            (x + a * share * long / 2, y + b * wide / 2, z) for a in (-1, 1) for b in (-1, 1) for z in (low, top)
        ]
        cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(VIEW.seen(np.array(corners))[0]).astype(np.int32)), grey)
    for part in (-0.31, 0.07, 0.23):
        side = [(x + part * long + a * 0.12 * long, y - wide / 2, z) for a in (0, 1) for z in (0.15 * high, 0.5 * high)]
        cv2.fillConvexPoly(picture, cv2.convexHull(np.rint(VIEW.seen(np.array(side))[0]).astype(np.int32)), 225)


def street(*drivers, seconds=6.0):
    """Pictures of (begin x, y, speed m/s, size), the far ones behind the near ones; nobody in the first second."""
    dice = np.random.default_rng(1)
    grain = dice.normal(0, 1.5, (HEIGHT, WIDTH))
    ground = dice.integers(80, 110, (HEIGHT // 8, WIDTH // 8)).repeat(8, axis=0).repeat(8, axis=1)
    for n in range(round(seconds / EVERY_S)):
        picture = ground.astype(np.uint8)
        for x, y, speed, size in sorted(drivers, key=lambda each: -each[1]):
            if n >= 10:
                drawn(picture, (x + speed * (n * EVERY_S - 1.0), y), size)
        noise = np.roll(grain, 37 * n, axis=(0, 1))
        yield np.clip(picture + noise, 0, 255).astype(np.uint8)


def counted(*drivers, seconds=6.0, finish=True):
    counters, gate, noting = LineCounters.of((LINE,), GROUND, (WIDTH, HEIGHT)), MotionGate(WIDTH, HEIGHT), Noting()
    for n, luma in enumerate(street(*drivers, seconds=seconds)):
        counters.step(gate.look(luma), round((10 + n * EVERY_S) * NS_PER_S), noting)
    if finish:
        counters.finish(noting)
    return [(kind, forward) for _, kind, forward, _ in noting.crossings], counters.lines[0]


@pytest.mark.parametrize(
    ("size", "y", "speed", "kind"),
    [
        (CAR, 20.0, 10.0, ObjectClass.CAR),
        (BUS, 23.2, 9.0, ObjectClass.BUS),
        (MOTORCYCLE, 27.0, 11.0, ObjectClass.MOTORCYCLE),
    ],
)
def test_what_it_is_comes_of_its_size_and_the_way_of_its_speed(size, y, speed, kind):
    assert counted((-12.0, y, speed, size), seconds=4.0)[0] == [(kind, True)]
    assert counted((12.0, y, -speed, size), seconds=4.0)[0] == [(kind, False)]


def test_two_that_pass_behind_each_other_the_two_ways_are_two():
    found, _ = counted((-12.0, 20.0, 10.0, CAR), (12.0, 27.0, -10.0, CAR), seconds=4.0)
    assert sorted(found) == [(ObjectClass.CAR, False), (ObjectClass.CAR, True)]


def test_those_that_follow_each_other_are_as_many():
    found, _ = counted(*((-9.0 - 12.0 * n, 20.0, 9.0, CAR) for n in range(2)), seconds=5.0)
    assert found == [(ObjectClass.CAR, True)] * 2


def test_who_walks_over_the_line_is_no_vehicle():
    assert counted((-2.0, 20.0, 1.4, WALKER), seconds=4.5)[0] == []


def test_what_does_not_come_as_far_as_the_line_is_not_counted():
    assert counted((-14.0, 20.0, 3.5, CAR), seconds=4.0)[0] == []


@pytest.mark.requirement("STA-2")
def test_a_sheet_is_forgotten_when_it_is_counted():
    found, counter = counted((-12.0, 20.0, 10.0, CAR), seconds=4.0, finish=False)
    assert found == [(ObjectClass.CAR, True)]
    assert not counter._sheet
    assert not counter._told


@pytest.mark.nightly
def test_a_long_sheet_is_cut_and_nobody_is_counted_twice():
    cars = [(-9.0 - 9.0 * n, 20.0, 9.0, CAR) for n in range(9)]
    found, _ = counted(*cars, seconds=11.5)
    assert found == [(ObjectClass.CAR, True)] * 9


def test_of_a_gap_nothing_is_told():
    counters, gate, noting = LineCounters.of((LINE,), GROUND, (WIDTH, HEIGHT)), MotionGate(WIDTH, HEIGHT), Noting()
    for n, luma in enumerate(street((-12.0, 20.0, 10.0, CAR), seconds=3.5)):
        if not 19 <= n <= 26:  # it is on the line at 22
            counters.step(gate.look(luma), round((10 + n * EVERY_S) * NS_PER_S), noting)
    assert noting.crossings == []


@pytest.mark.parametrize(
    ("start", "end"),
    [((-4.0, 24.0), (4.0, 24.0)), ((0.0, 17.6), (0.0, 170.0))],
    ids=["along the traffic", "too long and too far"],
)
def test_where_it_cannot_be_seen_so_tracks_count(start, end):
    other = line(start, end)
    counters = LineCounters.of((other,), GROUND, (WIDTH, HEIGHT))
    assert counters.lines == ()
    assert counters.left_to_tracks(other) == other.classes


def test_people_are_left_to_tracks_and_without_calibration_everything_is():
    counters = LineCounters.of((LINE,), GROUND, (WIDTH, HEIGHT))
    assert [type(each) for each in counters.lines] == [LineCounter]
    assert counters.left_to_tracks(LINE) == {ObjectClass.PERSON}
    assert LineCounters.of((LINE,), None, (WIDTH, HEIGHT)).left_to_tracks(LINE) == LINE.classes
    people = line(classes=frozenset({ObjectClass.PERSON}))
    assert LineCounters.of((people,), GROUND, (WIDTH, HEIGHT)).lines == ()


def test_an_analysis_counts_by_it_also_what_has_passed_when_it_ends():
    asked = AnalysisAssignment(CAMERA, lines=(LINE,), counts_until_ns=100 * NS_PER_S, pose=POSE, pose_width_px=WIDTH)
    noting = Noting()
    analysis = CameraAnalysis(asked, KnowingDetector(), lambda *_: [], began_ns=0, counter=noting)
    for n, luma in enumerate(street((-12.0, 20.0, 10.0, CAR), seconds=2.6)):
        analysis.step(tile(luma, 10 + n * EVERY_S), round((10 + n * EVERY_S) * NS_PER_S))
    assert noting.crossings == []
    analysis.end()
    assert [(kind, forward) for _, kind, forward, _ in noting.crossings] == [(ObjectClass.CAR, True)]
    assert not analysis.remembers
