"""What is drawn of dwellings and zones, as surfaces in the world."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.place import Building, MapZone, PictureZone, Pose, ZoneKind
from csu.hal.view_geometry import bend, lens_limit, unbend
from csu.masking.geometry import BuildingUnusable, cut
from csu.masking.surfaces import BALCONY_M, forbidden_surfaces

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
HOUSE = Building("house", SQUARE, 100.0, 9.0, True)
DOOR = MapZone("door", ZoneKind.DWELLING_ENTRANCE, ((2.0, -0.2), (3.0, -0.2), (3.0, 0.0), (2.0, 0.0)), 100.0, 102.2)
POSE = Pose(5.0, -20.0, 106.0, 10.0, -5.0, 2.0, 600.0)
WINDOW = PictureZone("window", ZoneKind.DWELLING_INTERIOR, ((0.2, 0.3), (0.5, 0.3), (0.4, 0.6)), POSE, (640, 360))

coordinates = st.floats(-30, 30).map(lambda v: round(v, 2))


def test_fifty_boxes_are_two_hundred_facades_and_fifty_roofs():
    street = [replace(HOUSE, footprint_m=tuple((x + 40.0 * i, y) for x, y in SQUARE)) for i in range(50)]
    assert forbidden_surfaces(street, (), 2.5).quads.shape == (250, 4, 3)


def test_a_dwelling_begins_at_the_doctrines_height_above_its_ground_and_ends_with_its_roof():
    heights = forbidden_surfaces([HOUSE], (), 2.5).quads[:, :, 2]
    assert heights.min() == 102.5
    assert heights.max() == 109.0


def test_a_building_no_higher_than_the_limit_and_one_that_is_no_dwelling_are_not_drawn():
    low, shop = replace(HOUSE, height_m=2.5), replace(HOUSE, dwelling=False)
    assert len(forbidden_surfaces([low, shop], (), 2.5)) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9))
def test_roof_and_walls_hold_all_that_stands_out_by_as_much_as_a_balcony(ring):
    surfaces = forbidden_surfaces([replace(HOUSE, footprint_m=tuple(ring))], (), 2.5)
    flat = np.ptp(surfaces.quads[:, :, 2], axis=1) == 0
    roof = shapely.union_all([shapely.MultiPoint(quad[:, :2]).convex_hull for quad in surfaces.quads[flat]])
    footprint = shapely.Polygon(ring)
    if not footprint.is_valid:
        footprint = shapely.make_valid(footprint)
    assert roof.buffer(1e-6).covers(footprint.buffer(BALCONY_M, quad_segs=32))
    walls = shapely.union_all([shapely.LineString(quad[:2, :2]) for quad in surfaces.quads[~flat]])
    assert walls.buffer(1e-6).covers(roof.boundary)


def test_a_zone_on_the_map_has_sides_top_and_bottom_whatever_its_building_is():
    quads = forbidden_surfaces([replace(HOUSE, dwelling=False)], [DOOR], 2.5).quads
    assert len(quads) == 6
    assert sorted({float(z) for z in quads[:, :, 2].ravel()}) == [100.0, 102.2]


def test_a_zone_on_the_picture_lies_on_the_rays_through_its_corners(world_from_camera):
    rays = forbidden_surfaces((), [WINDOW], 2.5).rays
    right, ahead, up = (rays.reshape(-1, 3) @ world_from_camera(POSE)).T
    shown = {
        (round(0.5 + 600 * x / 640, 6), round(0.5 - 600 * y / 360, 6))
        for x, y in zip(right / ahead, up / ahead, strict=True)
    }
    assert shown == {(0.2, 0.3), (0.5, 0.3), (0.4, 0.6)}


@pytest.mark.parametrize(
    "zone",
    [
        replace(DOOR, ring_m=DOOR.ring_m[:2]),
        replace(DOOR, high_m=math.nan),
        replace(DOOR, high_m=99.0),
        replace(WINDOW, corners=((0.1, 0.1), (0.5, math.inf), (0.2, 0.2))),
        replace(WINDOW, seen_from=replace(POSE, pan_deg=math.nan)),
        replace(WINDOW, size_px=(0, 360)),
    ],
)
def test_a_zone_that_cannot_be_drawn_is_refused_by_name(zone):
    with pytest.raises(BuildingUnusable, match=zone.zone):
        forbidden_surfaces((), [zone], 2.5)


@given(st.floats(-0.35, 0.3), st.floats(0, 0.999), st.floats(0, 6.3))
def test_what_a_lens_bends_can_be_unbent(k1, share, turn):
    radius = share * min(lens_limit(k1), 2.0)
    point = np.array([[radius * math.cos(turn), radius * math.sin(turn)]])
    assert unbend(bend(point, np.float64(k1)), k1) == pytest.approx(point, abs=1e-5)


def test_nothing_beyond_the_end_of_a_lens_folds_back_into_the_picture():
    radii = np.linspace(0, 50, 5_000)
    for k1 in (-0.3, -0.05, -1e-3):
        shown = bend(np.stack([radii, np.zeros_like(radii)], axis=1), np.float64(k1))[:, 0]
        assert (np.diff(shown) >= -1e-12).all()


@given(st.lists(st.tuples(*[st.floats(-10, 10)] * 3), min_size=3, max_size=3), st.floats(-5, 5))
def test_a_shape_is_cut_where_the_plane_is(corners, offset):
    triangle = np.array(corners)[None, [0, 1, 2, 2]]
    left, which = cut(triangle, [(np.array([[0.0, 0.0, 1.0]]), np.array([-offset]))])
    heights = triangle[0, :, 2]
    assert len(which) == (heights >= offset).any()
    if len(left):
        assert left[0, :, 2].min() >= offset - 1e-9
        assert left[0, :, 2].max() == pytest.approx(heights.max(), abs=1e-6)
