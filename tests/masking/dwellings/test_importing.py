"""What a map says becomes buildings: what is not known is masked, and where it stands is right to the millimetre."""

from __future__ import annotations

from math import hypot

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from csu.hal.words import Language
from csu.masking.dwellings import Dwellings, GroundRange, LocalFrame, import_buildings, import_page
from csu.masking.surfaces import forbidden_surfaces

METZ = LocalFrame(6.1757, 49.1203)


@pytest.mark.parametrize(
    ("told", "dwelling"),
    [
        ({"usage_1": "Résidentiel"}, True),
        ({"usage_1": "Commercial et services", "usage_2": "Résidentiel"}, True),
        ({"usage_1": "Industriel", "nombre_de_logements": 1.0}, True),
        ({"usage_1": None}, None),
        ({"usage_1": "Indifférencié"}, None),
        ({"usage_1": "Annexe", "nombre_de_logements": 0.0}, None),
        ({"usage_1": "Commercial et services"}, None),
        ({"usage_1": "Commercial et services", "nombre_de_logements": 0.0}, False),
        ({"usage_1": "Agricole"}, None),
        ({"usage_1": "Agricole", "nature": "Serre"}, False),
        ({"usage_1": "Religieux"}, None),
        ({"usage_1": "Religieux", "nature": "Eglise"}, False),
        ({"usage_1": "Industriel"}, False),
        ({"usage_1": "Sportif"}, False),
        ({"usage_1": "Sportif", "usage_2": "Annexe"}, None),
        ({"usage_1": "Un usage de demain", "nombre_de_logements": 0.0}, None),
    ],
)
def test_only_a_use_that_says_so_of_the_whole_building_leaves_it_in_sight(bd_topo, square, told, dwelling):
    imported = import_buildings(bd_topo([(square(), told)]))
    assert [building.dwelling for building in imported.buildings] == [dwelling]
    assert imported.tally.masked == (dwelling is not False)
    assert [(use.buildings, use.dwelling) for use in imported.tally.uses] == [(1, dwelling)]


@pytest.mark.parametrize(
    ("properties", "dwelling"),
    [
        ({"building": "yes"}, None),
        ({"building": "apartments"}, True),
        ({"building": "retail"}, None),
        ({"building": "church"}, False),
        ({"building": "church", "building:flats": "2"}, True),
        ({"name": "no tag at all"}, None),
    ],
)
def test_openstreetmaps_uses_are_read_the_same_way(geojson, properties, dwelling):
    house = shapely.box(6.1757, 49.1203, 6.1758, 49.1204)
    assert [b.dwelling for b in import_buildings(geojson([(house, properties)])).buildings] == [dwelling]


@pytest.mark.parametrize(
    ("told", "ground_m", "top_m"),
    [
        ({}, 170.0, 181.0),
        ({"hauteur": 20.0}, 170.0, 190.0),
        ({"altitude_maximale_toit": np.nan}, 170.0, 170 + 8 + 5 * 1.73),
        ({"altitude_maximale_toit": np.nan, "hauteur": np.nan}, 170.0, None),
        ({"altitude_maximale_toit": np.nan, "hauteur": 0.0}, 170.0, None),
        ({"altitude_minimale_sol": np.nan}, -500.0, 181.0),
        ({"altitude_minimale_sol": np.nan, "altitude_maximale_toit": np.nan}, -500.0, 6000.0),
    ],
)
def test_ground_is_never_told_too_high_nor_the_roof_too_low(bd_topo, square, told, ground_m, top_m):
    building = import_buildings(bd_topo([(square(), told)])).buildings[0]
    assert building.ground_m == ground_m
    top = None if building.height_m is None else building.ground_m + building.height_m
    assert top == (None if top_m is None else pytest.approx(top_m, abs=0.02))


def test_a_declared_ground_holds_from_its_lowest_to_its_highest(geojson):
    house = shapely.box(6.1757, 49.1203, 6.1758, 49.1204)
    path = geojson([(house, {"building": "house", "height": "9 m"}), (house, {"building": "house"})])
    known, unknown = import_buildings(path, ground=GroundRange(165.0, 172.0)).buildings
    assert (known.ground_m, known.height_m) == (165.0, 16.0)
    assert (unknown.ground_m, unknown.height_m) == (165.0, None)


def test_a_building_of_unknown_ground_is_masked_from_foot_to_sky(geojson):
    house = shapely.box(6.1757, 49.1203, 6.1758, 49.1204)
    imported = import_buildings(geojson([(house, {"building": "yes"})]))
    surfaces = forbidden_surfaces(imported.buildings, (), 2.5).quads
    assert surfaces[..., 2].min() < -100
    assert surfaces[..., 2].max() > 4_900
    assert (imported.tally.unknown_ground, imported.tally.unknown_height, imported.tally.unknown_use) == (1, 1, 1)


def test_local_metres_are_true_metres_from_true_north():
    """Against the ellipsoid itself: distances to 1 cm in 5 km, directions to 0.001 degrees at the origin."""
    geod = Geod(ellps="GRS80")
    for azimuth in range(0, 360, 30):
        lon, lat, _ = geod.fwd(METZ.lon_deg, METZ.lat_deg, azimuth, 5_000)
        x, y = METZ.to_local(np.array([[lon, lat]]))[0]
        assert hypot(x, y) == pytest.approx(5_000, abs=0.01)
        assert np.degrees(np.arctan2(x, y)) % 360 == pytest.approx(azimuth, abs=1e-3)
        assert METZ.to_geographic(np.array([[x, y]]))[0] == pytest.approx((lon, lat), abs=1e-9)


def test_lambert_93_and_wgs_84_give_the_same_place(bd_topo, geojson, square):
    to_wgs = Transformer.from_crs(2154, 4326, always_xy=True)
    turned = shapely.transform(square(), lambda points: np.stack(to_wgs.transform(*points.T), axis=1))
    first = import_buildings(bd_topo([(square(), {})]), origin=METZ).buildings[0]
    second = import_buildings(geojson([(turned, {"building": "yes"})]), origin=METZ).buildings[0]
    assert np.allclose(np.array(first.footprint_m), np.array(second.footprint_m), atol=0.01)
    assert shapely.Polygon(first.footprint_m).area == pytest.approx(100, rel=1e-3)


def test_courtyards_are_filled_and_parts_are_split_and_both_are_told(bd_topo, square):
    with_court = square(0, 0, 30).difference(square(10, 10, 5))
    twice = shapely.union_all([square(100, 0), square(200, 0)])
    imported = import_buildings(bd_topo([(with_court, {}), (twice, {"cleabs": "TWO"})]))
    assert shapely.Polygon(imported.buildings[0].footprint_m).area == pytest.approx(900, rel=1e-3)
    assert [b.building for b in imported.buildings[1:]] == ["TWO", "TWO~2"]
    tally = imported.tally
    assert (tally.features, tally.buildings, tally.holes_filled, tally.split) == (2, 3, 1, 1)


def test_altitudes_in_the_geometry_change_nothing(bd_topo, square):
    flat = import_buildings(bd_topo([(square(), {})]), origin=METZ).buildings
    high = shapely.force_3d(square(), z=178.5)
    assert import_buildings(bd_topo([(high, {})], name="z.gpkg"), origin=METZ).buildings == flat


def test_a_city_model_gives_footprint_ground_and_roof(cityjson):
    imported = import_buildings(cityjson())
    (building,) = imported.buildings
    assert (building.building, building.ground_m, building.height_m) == ("part", 170.0, 6.0)
    assert shapely.Polygon(building.footprint_m).area == pytest.approx(80, rel=1e-3)
    assert building.dwelling is False  # its parent says: industrial
    assert imported.tally.layout == "CityJSON"


def test_twenty_thousand_buildings_take_seconds(bd_topo, square):
    """The issue's size. The time is measured by the command; here only that all of it comes out, with progress."""
    rows = [
        (square(20.0 * (at % 200), 20.0 * (at // 200)), {"usage_1": None} if at % 4 == 0 else {})
        for at in range(20_000)
    ]
    told = []
    imported = import_buildings(bd_topo(rows), progress=lambda what, done, of: told.append((what.en, done, of)))
    assert (imported.tally.buildings, imported.tally.unknown_use) == (20_000, 5_000)
    assert told[-1] == ("buildings", 20_000, 20_000)
    assert len(told) > 40


@pytest.mark.parametrize("language", Language)
def test_the_page_says_what_was_unknown(bd_topo, square, language):
    imported = import_buildings(bd_topo([(square(), {"usage_1": "<b>?</b>"}), (square(50), {})]))
    kept = Dwellings("metz", "x.gpkg", "00", "2026-01-01T00:00:00+00:00", imported.frame, imported.buildings)
    page = import_page(kept, imported.tally, 1.0, language)
    assert ("valeur inconnue" if language is Language.FRENCH else "value not known") in page
    assert "&lt;b&gt;" in page
    assert "<b>?" not in page
