"""Where a centre's cameras stand and look on the map, and what becomes of a map that cannot be drawn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from csu.centre.events import Trouble
from csu.centre.rooms.map_room import MapRoom, MapSettings, open_map
from csu.centre.site_tiles import MapPlane
from csu.console.map import CameraStands, Looking, TilesForm
from csu.hal.camera import CameraId, CommuneId
from csu.hal.errors import BadInput
from csu.hal.place import Building, Pose, PoseReading
from csu.hal.site import Site
from csu.machine import SystemClock
from csu.masking.dwellings import LocalFrame
from tests.centre.conftest import assignment

FIXED, TURNS, LATE = CameraId("cam-0001"), CameraId("cam-0002"), CameraId("cam-0003")
EAST = Pose(0.0, 0.0, 6.0, 90.0, -12.0, 0.0, 640.0)
METZ = (6.1757, 49.1193)
HOUSE = Building("maison", ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0)), 0.0, 8.0, dwelling=True)


class Standing:
    """What a map asks of a centre."""

    posed = {TURNS: None}
    alarm_sites_m = {(CommuneId("metz"), "Gymnase"): (0.0, 100.0)}

    def __init__(self) -> None:
        self.reading: PoseReading | None = PoseReading(replace(EAST, pan_deg=-90.0, focal_px=1280.0), 0, True)

    def places_m(self):
        return {FIXED: (0.0, 0.0), TURNS: (1000.0, 0.0), LATE: (0.0, float("nan"))}

    def assignment(self, camera):
        if camera == LATE:
            raise KeyError(camera)
        given = assignment(int(camera[-4:]))
        return replace(given, pose=EAST if camera == FIXED else None, pose_size_px=(1280, 720))

    def looks(self, camera):
        return self.reading if camera == TURNS else None


def room(plane: MapPlane, drawn=lambda: None, failed=lambda why: None) -> MapRoom:
    return MapRoom(Standing(), plane, None, drawn, failed)


def test_cameras_stand_where_the_masks_know_them_and_look_as_they_look_now() -> None:
    on_earth = room(MapPlane(LocalFrame(*METZ)))
    stands = on_earth.cameras()
    assert stands[FIXED] == CameraStands(*map(pytest.approx, METZ), Looking(90.0, pytest.approx(90.0)))
    assert stands[TURNS].looking == Looking(270.0, pytest.approx(53.13, abs=0.01))
    assert stands[TURNS].lon_deg - METZ[0] == pytest.approx(1000 / 72_990, rel=0.003)
    assert LATE not in stands  # what is nowhere is not put at the edge of the map
    assert on_earth.turning() == {TURNS: stands[TURNS].looking}
    assert on_earth.sites()[CommuneId("metz"), "Gymnase"][1] - METZ[1] == pytest.approx(100 / 111_210, rel=0.003)
    laid_out = room(MapPlane())
    assert (on_earth.is_on_earth, laid_out.is_on_earth) == (True, False)
    assert laid_out.cameras()[TURNS].lon_deg == pytest.approx(1000 / 111_319.49, rel=1e-6)


def test_a_camera_that_cannot_say_where_it_looks_has_no_direction() -> None:
    centre = Standing()
    centre.reading = None
    assert MapRoom(centre, MapPlane(), None, lambda: None, lambda why: None).turning() == {TURNS: None}
    centre.reading = PoseReading(replace(EAST, pan_deg=float("nan")), 0, False)
    assert MapRoom(centre, MapPlane(), None, lambda: None, lambda why: None).turning() == {TURNS: None}


def test_it_is_drawn_when_somebody_asks_and_a_failure_is_told_once() -> None:
    async def run() -> None:
        asked: list[str] = []

        def broken() -> None:
            asked.append("drawn")
            raise OSError("disk is full")

        told: list[str] = []
        failing = room(MapPlane(), broken, told.append)
        assert asked == []
        assert (await failing.tiles(), await failing.tiles()) == (None, None)
        assert asked == ["drawn"]
        assert told == ["OSError: disk is full"]
        assert not failing.is_being_drawn
        await failing.close()

    asyncio.run(run())


def opened(tmp_path: Path, settings: MapSettings, site: Site) -> MapRoom:
    told: list[Trouble] = []
    return open_map(settings, site, Standing(), tmp_path, tell=told.append, clock=SystemClock())


def test_a_site_is_drawn_from_its_own_buildings(tmp_path) -> None:
    drawn = opened(tmp_path, MapSettings(), Site("s", (), (HOUSE,), origin_deg=METZ))
    assert drawn.is_on_earth

    async def run() -> None:
        tiles = await drawn.tiles()
        assert tiles is not None
        assert tiles.form is TilesForm.VECTOR
        assert tiles.path.is_relative_to(tmp_path)

    asyncio.run(run())


def test_a_map_of_the_earth_needs_a_site_on_earth(tmp_path) -> None:
    brought = tmp_path / "brought.pmtiles"
    head = bytearray(b"PMTiles\x03" + bytes(119))
    head[99] = 1
    brought.write_bytes(head)
    nowhere = Site("s", (), ())
    with pytest.raises(BadInput, match="map"):
        opened(tmp_path, MapSettings(brought), nowhere)
    assert opened(tmp_path, MapSettings.of(brought, "6.1757,49.1193"), nowhere).is_on_earth
    with pytest.raises(BadInput):
        opened(tmp_path, MapSettings.of(brought, "6.18,49.12"), Site("s", (), (), origin_deg=METZ))
    for wrong in ("Metz", "6.1", "49.1193,6.1757"):
        with pytest.raises(BadInput):
            opened(tmp_path, MapSettings.of(brought, wrong), nowhere)
