"""The kept file comes back exactly, or not at all; and the buildings around a camera are all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.place import Building
from csu.masking.dwellings import Dwellings, DwellingsRefused, LocalFrame, load_buildings, save_buildings

METRES = st.floats(-60_000, 60_000).map(lambda value: round(value, 3))


def kept(buildings: tuple[Building, ...]) -> Dwellings:
    frame = LocalFrame(6.1757, 49.1203)
    return Dwellings("Metz", "dwellings.gpkg", "ab" * 32, "2026-05-01T10:00:00+00:00", frame, buildings)


def box(name: str, x: float, y: float, side: float = 10.0) -> Building:
    return Building(name, ((x, y), (x + side, y), (x + side, y + side), (x, y + side)), 170.0, 9.0, True)


@given(
    st.lists(
        st.builds(
            Building,
            st.text(max_size=30),
            st.lists(st.tuples(METRES, METRES), min_size=3, max_size=6).map(tuple),
            st.floats(-500, 5_000),
            st.none() | st.floats(0, 400),
            st.none() | st.booleans(),
        ),
        max_size=5,
    )
)
@settings(max_examples=50, deadline=None)
def test_what_is_read_is_what_was_written(tmp_path_factory, buildings):
    path = tmp_path_factory.mktemp("kept") / "a" / "metz.buildings.json"
    save_buildings(kept(tuple(buildings)), path)
    assert load_buildings(path) == kept(tuple(buildings))
    assert [left.name for left in path.parent.iterdir()] == [path.name]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_one_changed_byte_or_a_cut_is_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("kept") / "metz.buildings.json"
    save_buildings(kept((box("a", 0, 0), box("b", 50, 0))), path)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] + data.draw(st.sampled_from([b"", bytes([whole[at] ^ 1])])) + whole[at + 1 :]
    path.write_bytes(data.draw(st.sampled_from([broken, whole[:at]])))
    with pytest.raises(DwellingsRefused):
        load_buildings(path)


def test_a_file_that_is_absent_is_refused(tmp_path):
    with pytest.raises(DwellingsRefused):
        load_buildings(tmp_path / "none.json")


def test_a_file_that_was_kept_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "metz.buildings.json"
    save_buildings(kept((box("a", 0, 0),)), path)
    (tmp_path / "metz.buildings.json.partial").mkdir()  # the disk refuses the new one
    with pytest.raises(DwellingsRefused):
        save_buildings(replace(kept(()), commune="Woippy"), path)
    assert load_buildings(path).commune == "Metz"


@given(st.lists(st.tuples(METRES, METRES), max_size=30), METRES, METRES, st.floats(0, 50_000))
@settings(max_examples=50, deadline=None)
def test_near_is_every_building_within_reach_and_no_other(places, x, y, reach):
    dwellings = kept(tuple(box(f"b{at}", *place) for at, place in enumerate(places)))
    here = shapely.Point(x, y)
    truth = tuple(b for b in dwellings.buildings if shapely.Polygon(b.footprint_m).distance(here) <= reach)
    assert dwellings.near(x, y, reach) == truth


def test_near_wants_numbers():
    with pytest.raises(ValueError, match="finite"):
        kept((box("a", 0, 0),)).near(0, float("nan"), 10)
