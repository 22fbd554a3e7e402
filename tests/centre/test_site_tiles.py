"""The map that a page draws is one file, made of the site's own buildings; what somebody brings is looked at first."""

from __future__ import annotations

import gzip

import numpy as np
import pyogrio.raw
import pytest
import shapely

from csu.centre.site_maps import with_maps
from csu.centre.site_tiles import ZOOM_MAX, MapPlane, given_tiles, site_tiles
from csu.console.map import TilesForm
from csu.hal.errors import BadInput
from csu.hal.place import Building
from csu.hal.site import Site
from csu.masking.dwellings import Dwellings, LocalFrame, save_buildings

METZ = MapPlane(LocalFrame(6.1757, 49.1193))
HOUSE = Building("maison-1", ((10.0, 5.0), (22.0, 5.0), (22.0, 17.0), (10.0, 17.0)), 0.0, 9.0, dwelling=True)
SCHOOL = Building("ecole", ((-40.0, 0.0), (-10.0, 0.0), (-10.0, 12.0)), 0.0, 9.0, dwelling=False)
UNKNOWN = Building("hangar", ((50.0, 0.0), (60.0, 0.0), (60.0, 12.0)), 0.0, None, dwelling=None)


def shapes_in(path) -> dict[str, tuple[str, shapely.Geometry]]:
    """Name -> kind and shape in Mercator metres, as another program reads the file at its finest."""
    meta, _, wkb, columns = pyogrio.raw.read(str(path), layer="csu", ZOOM_LEVEL=str(ZOOM_MAX))
    assert "3857" in str(meta["crs"])
    of = dict(zip(meta["fields"], columns, strict=True))
    found: dict[str, tuple[str, shapely.Geometry]] = {}
    for name, kind, shape in zip(of["name"], of["kind"], shapely.from_wkb(wkb), strict=True):
        found[name] = (kind, shapely.union(found[name][1], shape) if name in found else shape)
    return found


@pytest.mark.parametrize("plane", [METZ, MapPlane()])
def test_what_is_drawn_stands_where_the_masks_know_it(tmp_path, plane) -> None:
    tiles = site_tiles([HOUSE, SCHOOL, UNKNOWN], plane, tmp_path / "map.pmtiles")
    assert tiles.form is TilesForm.VECTOR
    found = shapes_in(tiles.path)
    assert {name: kind for name, (kind, _) in found.items()} == {
        "maison-1": "dwelling",
        "ecole": "building",
        "hangar": "dwelling",  # what is not known counts as one (PRV-2)
    }
    for building in (HOUSE, SCHOOL, UNKNOWN):
        corners = np.array(building.footprint_m)
        wanted = mercator_m(plane.to_map(corners))
        box = np.array(found[building.building][1].bounds)
        stretch = 1 / np.cos(np.radians(plane.to_map(corners)[0, 1]))
        assert np.abs(box - [*wanted.min(axis=0), *wanted.max(axis=0)]).max() < 0.4 * stretch


def mercator_m(lon_lat_deg: np.ndarray) -> np.ndarray:
    lon, lat = np.radians(lon_lat_deg).T
    return 6_378_137.0 * np.stack([lon, np.arctanh(np.sin(lat))], axis=1)


def test_it_is_made_once_and_anew_for_another_site(tmp_path) -> None:
    path = tmp_path / "map.pmtiles"
    assert site_tiles([], METZ, path) is None
    site_tiles([HOUSE], METZ, path)
    first = path.stat().st_mtime_ns
    site_tiles([HOUSE], METZ, path)
    assert path.stat().st_mtime_ns == first
    site_tiles([HOUSE, SCHOOL], METZ, path)
    assert set(shapes_in(path)) == {"maison-1", "ecole"}
    path.write_bytes(path.read_bytes()[:60])  # a disk that tore it
    site_tiles([HOUSE, SCHOOL], METZ, path)
    assert set(shapes_in(path)) == {"maison-1", "ecole"}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["map.pmtiles", "map.pmtiles.sha256"]


def test_a_picture_map_is_known_by_its_head_and_what_is_no_map_is_refused(tmp_path) -> None:
    path = tmp_path / "brought.pmtiles"
    head = bytearray(127)
    head[:8] = b"PMTiles\x03"
    for tile_type, form in ((1, TilesForm.VECTOR), (2, TilesForm.RASTER), (4, TilesForm.RASTER)):
        head[99] = tile_type
        path.write_bytes(head)
        assert given_tiles(path).form is form
    for wrong in (b"", gzip.compress(bytes(head)), bytes(head[:100]), bytes(head).replace(b"\x03", b"\x02", 1)):
        path.write_bytes(wrong)
        with pytest.raises(BadInput):
            given_tiles(path)
    head[99] = 77
    path.write_bytes(head)
    with pytest.raises(BadInput):
        given_tiles(path)
    with pytest.raises(BadInput):
        given_tiles(tmp_path / "absent.pmtiles")


def test_a_site_lies_where_its_own_maps_say(tmp_path) -> None:
    """What the centre draws its map by, and refuses to draw over a map of elsewhere."""
    sites = []
    for name, frame in (("a", METZ.frame), ("b", METZ.frame), ("c", LocalFrame(6.2, 49.1))):
        path = tmp_path / f"{name}.csu"
        save_buildings(Dwellings(name, "bdtopo.gpkg", "0" * 64, "2026-11-30T00:00:00Z", frame, (HOUSE,)), path)
        sites.append(path)
    placed = with_maps(Site("s", (), (SCHOOL,), maps=tuple(sites[:2])))
    assert placed.origin_deg == (6.1757, 49.1193)
    assert placed.buildings == (SCHOOL, HOUSE, HOUSE)
    assert with_maps(Site("s", (), (SCHOOL,))).origin_deg is None
    with pytest.raises(BadInput):
        with_maps(Site("s", (), (), maps=(sites[0], sites[2])))
