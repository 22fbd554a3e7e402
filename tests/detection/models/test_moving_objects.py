"""What moves is a vehicle when it has the size of one on the ground, and nobody on foot is one."""

from __future__ import annotations

from collections import Counter
from math import cos, radians, sin

import numpy as np
import pytest

from csu.detection.models.moving_objects import MovingObjects, why_none
from csu.detection.observed import CLASSES, NO_DETECTIONS, Detections, Motion
from csu.hal.analysis import ObjectClass

SIZE, COLUMNS = (1920, 1080), 160
GRAIN = SIZE[0] / COLUMNS
HEIGHT_M, FOCAL_PX = 8.0, 1300.0
PERSON = CLASSES.index(ObjectClass.PERSON)
CAR, BUS, WALKER = (4.3, 1.8, 1.5), (12.0, 2.5, 3.0), (0.5, 0.5, 1.75)
CYCLIST = (1.75, 0.6, 1.75)


class Mast:
    """A camera 8 m over the origin that looks north and down: the ground by two lines of geometry."""

    def __init__(self, tilt_deg: float = 22.0) -> None:
        self._tilt = radians(tilt_deg)

    def _ray(self, points_px):
        x = (np.asarray(points_px)[:, 0] - SIZE[0] / 2) / FOCAL_PX
        y = (np.asarray(points_px)[:, 1] - SIZE[1] / 2) / FOCAL_PX
        t = self._tilt
        return np.column_stack([x, cos(t) - y * sin(t), -sin(t) - y * cos(t)])

    def to_ground(self, points_px):
        ray = self._ray(points_px)
        reach = np.where(ray[:, 2] < 0, HEIGHT_M / np.maximum(-ray[:, 2], 1e-9), np.nan)
        return ray[:, :2] * reach[:, None]

    def project(self, points_m):
        t = self._tilt
        x, y, z = points_m[:, 0], points_m[:, 1], points_m[:, 2] - HEIGHT_M
        depth = y * cos(t) - z * sin(t)
        depth = np.where(depth > 0.1, depth, np.nan)
        down = -y * sin(t) - z * cos(t)
        return np.column_stack([x / depth * FOCAL_PX + SIZE[0] / 2, down / depth * FOCAL_PX + SIZE[1] / 2])

    def to_picture(self, points_m):
        return self.project(np.column_stack([points_m, np.zeros(len(points_m))]))

    def px_per_m(self, foot_px):
        foot = self.to_ground(np.array([foot_px]))[0]
        ends = self.project(np.array([[*foot, 0.0], [*foot, 1.0]]))
        return float(np.hypot(*(ends[1] - ends[0]))) if np.isfinite(ends).all() else 0.0


MAST = Mast()


def outline(size, at_m, heading_deg, grown_cells: int = 1) -> list[float]:
    """The box of a solid of this size, on the gate's cells and grown like the gate grows them."""
    length, width, height = size
    a = radians(heading_deg)
    turn = np.array([[cos(a), -sin(a)], [sin(a), cos(a)]])
    corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * [length / 2, width / 2] @ turn.T + at_m
    seen = np.vstack([MAST.project(np.column_stack([corners, np.full(4, z)])) for z in (0.0, height)])
    low, high = np.floor(seen.min(axis=0) / GRAIN) - grown_cells, np.ceil(seen.max(axis=0) / GRAIN) + grown_cells
    return [*(low * GRAIN), *(high * GRAIN)]


def motion(moving=(), still=(), energy=None, scene_changed: bool = False) -> Motion:
    """By default all of a moving shape moved."""
    if energy is None:
        energy = np.zeros((SIZE[1] * COLUMNS // SIZE[0], COLUMNS), np.uint8)
        for box in moving:
            left, top, right, bottom = (round(side / GRAIN) for side in box)
            energy[top + 1 : bottom - 1, left + 1 : right - 1] = 255
    boxes = [np.array(each, np.float32).reshape(-1, 4) for each in (moving, still)]
    return Motion(*boxes, scene_changed, energy)


def persons(*boxes) -> Detections:
    count = len(boxes)
    return Detections(np.array(boxes, np.float32), np.full(count, 0.9, np.float32), np.full(count, PERSON, np.int64))


def kinds(found: Detections) -> list[str]:
    return [CLASSES[each].value for each in found.classes]


PLACES = [((x, y), heading) for x in (-6.0, 0.0, 7.0) for y in (16.0, 24.0, 34.0) for heading in (0, 35, 90, 140)]


def told_of(size) -> Counter:
    """What a shape of that size is called at places where it is wholly in view."""
    told: Counter = Counter()
    for at, heading in PLACES:
        box = outline(size, at, heading)
        if min(box[0], box[1], SIZE[0] - box[2], SIZE[1] - box[3]) > 4 * GRAIN:
            seen = MovingObjects().vehicles(NO_DETECTIONS, motion([box]), MAST, SIZE)
            told[seen[0].fit.size.kind.value if seen else "-"] += 1
    return told


@pytest.mark.parametrize(("size", "least"), [(CAR, 0.9), ((3.7, 1.65, 1.5), 0.85), ((4.9, 1.9, 1.75), 0.9)])
def test_what_has_a_cars_size_is_a_car_wherever_it_stands(size, least):
    told = told_of(size)
    assert told.total() >= 20
    assert told["car"] >= least * told.total()


@pytest.mark.parametrize("size", [BUS, (9.5, 2.5, 3.8)])
def test_what_is_heavy_is_heavy_though_a_bus_and_a_lorry_are_easily_taken_for_each_other(size):
    told = told_of(size)
    assert told.total() >= 8
    assert told["bus"] + told["truck"] >= 0.9 * told.total()


@pytest.mark.parametrize("size", [WALKER, (1.2, 0.6, 1.75), CYCLIST])
def test_what_is_small_is_no_vehicle_as_long_as_nobody_rides_it(size):
    told = told_of(size)
    assert told["-"] >= 0.9 * told.total()


def test_a_car_that_stands_where_none_stood_is_one_too():
    seen = MovingObjects().added(NO_DETECTIONS, motion(still=[outline(CAR, (1.0, 20.0), 20)]), MAST, SIZE)
    assert kinds(seen) == ["car"]


def test_it_says_which_row_of_the_table_it_fits_and_by_how_much():
    (car,) = MovingObjects().vehicles(NO_DETECTIONS, motion([outline(CAR, (1.0, 20.0), 20)]), MAST, SIZE)
    assert "4.4 x 1.8 x 1.5 m" in car.words.en or "3.7 x 1.65 x 1.5 m" in car.words.en
    assert "%" in car.words.fr
    assert car.fit.error < 0.15


def test_persons_that_cover_a_shape_are_persons_and_no_car():
    """Six people abreast have a car's outline."""
    box = outline(CAR, (1.0, 20.0), 0)
    step = (box[2] - box[0]) / 6
    found = persons(*[(box[0] + i * step, box[1], box[0] + (i + 1) * step, box[3]) for i in range(6)])
    seen = MovingObjects().added(found, motion([box]), MAST, SIZE)
    assert kinds(seen) == ["person"] * 6


def test_who_gets_out_of_a_car_is_beside_it():
    car = outline(CAR, (1.0, 20.0), 0)
    door = outline(WALKER, (1.0, 20.2), 0, grown_cells=0)
    assert kinds(MovingObjects().added(persons(door), motion([car]), MAST, SIZE)) == ["person", "car"]


def test_who_rides_is_a_two_wheeler_and_no_person_on_foot():
    bicycle = outline(CYCLIST, (1.0, 16.0), 0)
    middle = (bicycle[0] + bicycle[2]) / 2
    rider = (middle - 2.5 * GRAIN, bicycle[1] + GRAIN, middle + 2.5 * GRAIN, bicycle[3] - 2 * GRAIN)
    seen = kinds(MovingObjects().added(persons(rider), motion([bicycle]), MAST, SIZE))
    assert seen in (["bicycle"], ["motorcycle"])


def test_without_a_calibration_there_are_no_vehicles_and_it_is_said():
    found = persons((10, 10, 30, 60))
    assert MovingObjects().added(found, motion([outline(CAR, (1.0, 20.0), 20)]), None, SIZE) is found
    assert "non calée" in why_none(None).fr
    assert "not calibrated" in why_none(None).en
    assert not why_none(MAST)


def cut_by_the_left_edge(size, heading_deg: float) -> list[list[float]]:
    boxes = [outline(size, (x, 24.0), heading_deg) for x in np.arange(-24.0, -10.0, 0.25)]
    return [[0.0, *box[1:]] for box in boxes if box[0] < 0 < box[2]]


def test_a_bus_that_drives_in_is_nothing_before_it_is_wholly_in_view():
    """Of what the edge cuts only the least size is known: it would be a lorry first, or two cars."""
    cut = cut_by_the_left_edge(BUS, 0)
    assert len(cut) > 20
    assert [MovingObjects().vehicles(NO_DETECTIONS, motion([box]), MAST, SIZE) for box in cut] == [[]] * len(cut)


def test_a_car_that_drives_in_is_a_car_once_a_metre_and_a_half_of_it_shows_and_nobody_who_walks_in_is():
    cut = cut_by_the_left_edge(CAR, 0)
    told = [MovingObjects().added(NO_DETECTIONS, motion([box]), MAST, SIZE) for box in cut]
    assert kinds(told[-1]) == ["car"], "almost all of it"
    assert kinds(told[0]) == [], "its bumper"
    walking = cut_by_the_left_edge(WALKER, 0) + cut_by_the_left_edge((1.2, 0.6, 1.75), 0)
    assert [MovingObjects().vehicles(NO_DETECTIONS, motion([box]), MAST, SIZE) for box in walking] == [[]] * len(
        walking
    )


def test_what_stands_half_in_view_may_be_a_shadow():
    box = cut_by_the_left_edge(CAR, 0)[-1]
    assert not MovingObjects().vehicles(NO_DETECTIONS, motion(still=[box]), MAST, SIZE)


def test_in_another_scene_nothing_can_be_told():
    box = outline(CAR, (1.0, 20.0), 20)
    assert not MovingObjects().vehicles(NO_DETECTIONS, motion([box], scene_changed=True), MAST, SIZE)


@pytest.mark.parametrize("bottom", [200, 330])
def test_above_the_horizon_nothing_stands_and_just_below_it_a_metre_is_too_small(bottom):
    """The horizon of a camera that looks 10 degrees down lies at 311 px; at 330 px stands what is 500 m away."""
    far = (900, bottom - 60, 1000, bottom)
    assert not MovingObjects().vehicles(NO_DETECTIONS, motion([far]), Mast(10.0), SIZE)


def test_two_cars_that_have_grown_together_are_two():
    one, other = outline(CAR, (-3.0, 20.0), 0), outline(CAR, (2.5, 20.0), 0)
    energy = motion([one, other]).energy
    both = [min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])]
    seen = MovingObjects().added(NO_DETECTIONS, motion([both], energy=energy), MAST, SIZE)
    assert kinds(seen) == ["car", "car"]
    centres = sorted((seen.boxes[:, 0] + seen.boxes[:, 2]) / 2)
    assert centres == pytest.approx([(one[0] + one[2]) / 2, (other[0] + other[2]) / 2], abs=2 * GRAIN)


def test_where_only_a_part_of_a_shape_moved_that_part_is_the_car():
    """Light that changed behind a car stays in its shape for a while."""
    car = outline(CAR, (1.0, 20.0), 0)
    with_trail = [car[0] - 30 * GRAIN, car[1], car[2], car[3]]
    seen = MovingObjects().added(NO_DETECTIONS, motion([with_trail], energy=motion([car]).energy), MAST, SIZE)
    assert kinds(seen) == ["car"]
    assert seen.boxes[0, 0] == pytest.approx(car[0], abs=2 * GRAIN)


def test_what_moves_and_what_stands_are_one_car_where_they_are_one():
    box = outline(CAR, (1.0, 20.0), 20)
    assert kinds(MovingObjects().added(NO_DETECTIONS, motion([box], [box]), MAST, SIZE)) == ["car"]
