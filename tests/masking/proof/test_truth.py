"""The oracle's own truth, on cases that can be worked out by hand."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from csu.hal.place import PictureZone, Pose, ZoneKind
from csu.machine import SystemChance
from csu.masking.proof import Case, Label, judge, rays
from csu.masking.proof.cases import trial
from csu.masking.proof.noise import noise
from csu.masking.proof.rays import Faces, World, directions, look, turned
from csu.masking.proof.scenes import scene

NORTH = Pose(0.0, 0.0, 2.5, 0.0, 0.0, 0.0, 100.0)
WALL = ((-5.0, 10.0, 0.0), (10.0, 0.0, 0.0), (0.0, 0.0, 8.0), Label.LOW, 2.5)
"""10 m before the camera, 10 m wide, 8 m high; forbidden from 2.5 m up, the camera's own height."""


@pytest.fixture
def see():
    """Labels of some pixels of a picture of 201 x 201: the horizon is row 100, ten pixels are a metre at 10 m."""

    def labels(world: World, pose: Pose, *pixels: tuple[float, float]) -> list[Label]:
        columns, rows = np.array(pixels, np.float64).T
        return [Label(n) for n in look(world, pose, columns, rows, 201, 201)]

    return labels


def test_a_wall_is_forbidden_from_the_height_of_the_doctrine_to_its_top(see):
    world = World(Faces.of([WALL]), (0.0, 0.0, 0.0))
    above, below, over_the_top, beside, before = (100, 99), (100, 101), (100, 44), (151, 80), (100, 130)
    assert see(world, NORTH, above, below, over_the_top, beside, before) == [
        Label.DWELLING,
        Label.LOW,
        Label.SKY,
        Label.SKY,
        Label.GROUND,
    ]


def test_what_stands_before_a_dwelling_hides_it(see):
    hedge = ((-1.0, 5.0, 0.0), (2.0, 0.0, 0.0), (0.0, 0.0, 4.0), Label.OTHER, np.inf)
    world = World(Faces.of([WALL, hedge]), (0.0, 0.0, 0.0))
    assert see(world, NORTH, (100, 90), (130, 90)) == [Label.OTHER, Label.DWELLING]


def test_nothing_behind_the_camera_is_seen(see):
    world = World(Faces.of([WALL]), (0.0, 0.0, 0.0))
    assert see(world, replace(NORTH, pan_deg=180.0), (100, 90)) == [Label.SKY]


def test_a_zone_drawn_on_a_picture_stays_where_it_was_drawn_when_the_camera_turns(see):
    zone = PictureZone("z", ZoneKind.DWELLING_INTERIOR, ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6)), NORTH, (201, 201))
    world = World(Faces.of([WALL]), (0.0, 0.0, 0.0), (zone,))
    inside, outside = (110.0, 90.0), (90.0, 110.0)
    assert see(world, NORTH, inside)[0] is Label.ZONE
    assert see(world, NORTH, outside)[0] is not Label.ZONE
    panned = replace(NORTH, pan_deg=10.0)
    moved = 100 + 100 * np.tan(np.arctan(0.10) - np.radians(10.0))
    assert see(world, panned, (moved, 90.0))[0] is Label.ZONE


@pytest.mark.parametrize("k1", [-0.2, -0.05, 0.04])
def test_a_ray_goes_through_the_pixel_where_the_lens_shows_it(k1):
    pose = replace(NORTH, k1=k1)
    columns, rows = np.array([100.0, 130.0, 60.0]), np.array([100.0, 120.0, 45.0])
    right, forward, up = directions(pose, columns, rows, 201, 201).T
    x, y = right / forward, -up / forward
    bent = 1 + k1 * (x**2 + y**2)
    assert np.allclose(100 + 100 * x * bent, columns)
    assert np.allclose(100 + 100 * y * bent, rows)


def test_a_pixel_beyond_the_lens_sees_nothing():
    assert np.isnan(directions(replace(NORTH, k1=-0.3), np.array([190.0]), np.array([190.0]), 201, 201)).all()


def test_a_turned_camera_sees_what_the_turned_ray_meets():
    pose = replace(NORTH, tilt_deg=-20.0, roll_deg=7.0, pan_deg=33.0)
    axis, angle = (0.6, 0.0, 0.8), 5.0
    pixels = np.array([12.0, 100.0, 180.0]), np.array([30.0, 100.0, 150.0])
    before, after = directions(pose, *pixels, 201, 201), directions(turned(pose, axis, angle), *pixels, 201, 201)
    k, a = np.array(axis), np.radians(angle)
    by_hand = before * np.cos(a) + np.cross(k, before) * np.sin(a) + np.outer(before @ k, k) * (1 - np.cos(a))
    assert np.allclose(after, by_hand)


def test_the_same_seed_gives_the_same_verdict_and_another_one_other_towns():
    def sensitive(seed: str) -> int:
        return judge((3,), SystemChance(seed), (Case.EXACT,))[Case.EXACT].total.sensitive_px

    assert sensitive("a") == sensitive("a") != sensitive("b")


def test_no_camera_stands_inside_anything():
    """A camera in a wall would see one thing and prove nothing."""
    for number in range(40):
        place = scene(number, SystemChance("inside"))
        columns, rows = (np.linspace(0, side - 1, 12) for side in (place.width_px, place.height_px))
        x, y = np.meshgrid(columns, rows)
        ground = place.world.ground
        assert place.pose.z_m > ground[0] * place.pose.x_m + ground[1] * place.pose.y_m + ground[2] + 2.5
        assert len(set(look(place.world, place.pose, x.ravel(), y.ravel(), place.width_px, place.height_px))) >= 1


def test_a_reading_never_comes_from_after_the_picture_was_masked():
    for number in range(20):
        tried = trial(scene(number, SystemChance("t")), Case.ALL, SystemChance("t"))
        for moment in tried.moments:
            assert all(reading.at_ns <= moment.masked_at_ns for reading in moment.readings)


def test_noise_is_spread_evenly():
    drawn = noise(SystemChance("n"), (200, 200))
    assert abs(float(drawn.mean()) - 127.5) < 2
    assert len(np.unique(drawn)) == 256


@pytest.mark.parametrize("module", ["rays", "scenes", "courses", "cases"])
def test_the_truth_shares_no_line_with_the_masks(module):
    """A mistake in a shared rotation or lens would hide itself."""
    source = (Path(rays.__file__).parent / f"{module}.py").read_text(encoding="utf-8")
    imported = [node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    ours = [name for name in imported if name is not None and name.startswith("csu.")]
    assert ours
    assert all(name.startswith(("csu.hal.", "csu.masking.proof.")) for name in ours), ours
