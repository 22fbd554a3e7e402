"""A file that is broken is refused whole, by name: a building left out is a dwelling unmasked."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
import shapely

from csu.masking.dwellings import DwellingsRefused, import_buildings

HOUSE = shapely.box(6.1757, 49.1203, 6.1758, 49.1204)


def refusal(path, **options) -> str:
    with pytest.raises(DwellingsRefused) as caught:
        import_buildings(path, **options)
    trouble = caught.value.trouble
    assert trouble.where == path.name
    assert trouble.what_to_do
    return trouble.what.en


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (shapely.from_wkt("POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))"), "Self-intersection"),
        (shapely.from_wkt("POLYGON EMPTY"), "empty"),
        (shapely.from_wkt("LINESTRING (0 0, 10 10)"), "no polygon"),
        (shapely.from_wkt("POINT (0 0)"), "no polygon"),
        (shapely.from_wkt("POLYGON ((0 0, 10 0, 0 0, 0 0))"), "broken"),
        (None, "absent"),
    ],
)
def test_a_broken_shape_is_refused_by_the_name_of_its_building(bd_topo, square, shape, why):
    moved = shape and shapely.transform(shape, lambda points: points + (931_500, 6_895_600))
    told = refusal(bd_topo([(square(), {}), (moved, {"cleabs": "BATIMENT_BROKEN"})]))
    assert why in told
    assert "BATIMENT_BROKEN" in told
    assert "BATIMENT0000" not in told


def test_a_coordinate_that_is_not_a_number_is_refused(bd_topo, square):
    corners = shapely.get_coordinates(square())
    corners[1, 0] = np.nan
    with np.errstate(invalid="ignore"):
        path = bd_topo([(square(), {}), (shapely.polygons(corners), {"cleabs": "BAD"})])
    assert refusal(path) == "coordinate that is not a number (BAD)"


def test_many_broken_shapes_are_counted(bd_topo, square):
    told = refusal(bd_topo([(shapely.Point(931_500, 6_895_600), {})] * 12 + [(square(), {})]))
    assert "and 7 more" in told


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"hauteur": -3.0}, "height of -3 m"),
        ({"hauteur": 4_000.0}, "height of 4000 m"),
        ({"altitude_minimale_sol": -1_000.0}, "altitude of -1000 m"),
        ({"altitude_maximale_toit": 150.0}, "roof at -20 m"),
        ({"altitude_maximale_toit": 800.0}, "roof at 630 m"),
    ],
)
def test_a_height_that_cannot_be_true_is_refused(bd_topo, square, told, why):
    said = refusal(bd_topo([(square(), {}), (square(50), {"cleabs": "TALL"} | told)]))
    assert why in said
    assert "TALL" in said


def test_no_declared_system_is_refused(bd_topo, square):
    assert "no coordinate reference system" in refusal(bd_topo([(square(), {})], crs=None))


@pytest.mark.parametrize("crs", ["EPSG:27572", "EPSG:3857", "EPSG:27700"])
def test_another_system_is_refused_by_its_name(bd_topo, square, crs):
    assert "not accepted" in refusal(bd_topo([(square(), {})], crs=crs))


def test_metres_declared_as_degrees_are_refused(bd_topo, square):
    assert "these are metres, not WGS 84" in refusal(bd_topo([(square(), {})], crs="EPSG:4326"))


def test_degrees_declared_as_metres_are_refused(bd_topo):
    assert "these are degrees, not RGF93" in refusal(bd_topo([(HOUSE, {})]))


def test_swapped_latitude_and_longitude_are_refused(geojson):
    swapped = shapely.transform(HOUSE, lambda points: points[:, ::-1])
    assert "swapped" in refusal(geojson([(swapped, {"building": "yes"})]))


def test_a_building_in_another_country_is_refused(geojson):
    told = refusal(geojson([(HOUSE, {}), (shapely.box(13.4, 52.5, 13.41, 52.51), {"id": "berlin"})]))
    assert "outside metropolitan France" in told
    assert "berlin" in told


def test_a_building_far_from_the_others_is_refused(bd_topo, square):
    assert "60 km" in refusal(bd_topo([(square(), {}), (square(-500_000), {"cleabs": "FAR"})]))


def test_an_unknown_layer_is_refused_with_those_there_are(bd_topo, square):
    path = bd_topo([(square(), {})])
    with pytest.raises(DwellingsRefused) as caught:
        import_buildings(path, layer="route")
    assert "batiment" in caught.value.trouble.what_to_do.en


def test_fewer_buildings_than_the_file_says_are_refused(bd_topo, geojson, square):
    path = bd_topo([(square(), {})])
    with sqlite3.connect(path) as base:
        for (trigger,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{trigger}"')
        base.execute("DELETE FROM batiment")
    assert "1 features told, 0 read" in refusal(path)
    assert "no building" in refusal(geojson([]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"{",
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"h": NaN}}]}',
        b'{"type": "Topology"}',
        b"[1, 2]",
        b"SQLite format 3\0" + bytes(4000),
        b"<OGRVRTDataset><OGRVRTLayer><SrcDataSource>/x</SrcDataSource></OGRVRTLayer></OGRVRTDataset>",
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "dwellings.gpkg"
    path.write_bytes(content)
    assert "file refused" in refusal(path)


def test_a_geopackage_cut_short_is_refused(bd_topo, square):
    path = bd_topo([(square(20.0 * at), {}) for at in range(3_000)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refusal(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    refusal(tmp_path / "absent.gpkg")


def test_a_geojson_feature_without_geometry_is_refused_by_name(geojson):
    assert "nowhere" in refusal(geojson([(HOUSE, {"id": "here"}), (None, {"id": "nowhere"})]))


@pytest.mark.parametrize(
    "coordinates",
    [
        [[[6.1, 49.1], [6.2, "x"], [6.2, 49.2], [6.1, 49.1]]],
        [],
        [[]],
        [[[6.1, 49.1]]],
        "POLYGON",
        [[[6.1], [6.2], [6.1]]],
    ],
)
def test_geojson_coordinates_that_are_no_ring_are_refused(geojson, coordinates):
    refusal(geojson([(HOUSE, {}), ({"type": "Polygon", "coordinates": coordinates}, {})]))


def test_a_part_that_gdal_would_leave_out_is_refused(geojson):
    """GDAL reads the first part, drops the second and warns."""
    good = [[list(corner) for corner in HOUSE.exterior.coords]]
    refusal(geojson([({"type": "MultiPolygon", "coordinates": [good, [[[6.1], [6.2], [6.1]]]]}, {})]))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "3.0"},
        {"vertices": [[0, 0]]},
        {"vertices": "none"},
        {"CityObjects": {}},
        {"CityObjects": {"b": {"type": "Building"}}},
        {"CityObjects": {"b": {"type": "Building", "geometry": [{"type": "GeometryInstance", "boundaries": [0]}]}}},
        {
            "CityObjects": {
                "b": {"type": "Building", "geometry": [{"type": "MultiSurface", "boundaries": [[[0, 1, 99]]]}]}
            }
        },
        {
            "CityObjects": {
                "b": {"type": "Building", "geometry": [{"type": "MultiSurface", "boundaries": [[[0, 1, 5, 4]]]}]}
            }
        },
        {
            "CityObjects": {
                "b": {"type": "Building", "geometry": [{"type": "MultiSurface", "boundaries": [[[0, 2, 1, 3]]]}]}
            }
        },
    ],
)
def test_a_city_model_that_cannot_be_read_is_refused(cityjson, changes):
    refusal(cityjson(**changes))


@pytest.mark.parametrize("crs", [None, "https://www.opengis.net/def/crs/EPSG/0/7415", "nonsense"])
def test_a_city_model_in_an_unknown_system_is_refused(cityjson, crs):
    assert "coordinate reference system" in refusal(cityjson(crs=crs))


def test_a_name_that_is_a_web_address_is_not_followed(tmp_path):
    path = tmp_path / "vsicurl"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    refusal(path)
