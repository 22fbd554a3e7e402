"""The map over HTTP: one's own communes only, and its tiles in pieces (COM-3)."""

from __future__ import annotations

import asyncio
from datetime import date

import httpx
import pytest

from csu.console import Access, Desks, create_app
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.console.map import CameraStands, Looking, MapTiles, TilesForm
from csu.governance import Resource
from csu.hal.camera import CameraId, CommuneId
from tests.console.test_ptz import WhoeverTheHeaderSays

METZ, ARS = CommuneId("metz"), CommuneId("ars")
MINE, SILENT, FOREIGN = CameraId("cam-001"), CameraId("cam-002"), CameraId("cam-003")


class Desk:
    """One camera of each of two communes, one that stands nowhere, one that cannot say where it looks."""

    is_on_earth = True
    is_being_drawn = False
    file: MapTiles | None = None

    async def tiles(self):
        return self.file

    def cameras(self):
        return {MINE: CameraStands(6.17, 49.12, Looking(90.0, 60.0)), FOREIGN: CameraStands(6.07, 49.08, None)}

    def turning(self):
        return {MINE: Looking(91.0, 30.0), SILENT: None, FOREIGN: Looking(5.0, 60.0)}

    def sites(self):
        return {(METZ, "Gymnase"): (6.18, 49.13), (ARS, "Mairie"): (6.07, 49.08)}


class NotArs:
    """The rights of a demonstration, but nothing of Ars."""

    def __init__(self, rights) -> None:
        self._rights = rights

    def decide(self, subject, action, resource, at_ns):
        refused = resource.commune == ARS or resource.camera == FOREIGN
        return self._rights.decide(subject, action, Resource(commune=CommuneId("-")) if refused else resource, at_ns)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def ask(console, desk):
    foreign = console.room.status[2].record
    object.__setattr__(foreign, "commune", ARS)
    rights = DemonstrationRights(console.room, date(2026, 6, 1))
    access = Access(NotArs(rights), WhoeverTheHeaderSays(), JournalInMemory(console.clock))

    def asked(path: str, has_map: bool = True, **headers: str) -> httpx.Response:
        app = create_app(console.room, clock=console.clock, access=access, desks=Desks(map=desk if has_map else None))

        async def run():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8600") as one:
                return await one.get(path, headers={"x-person": "anne"} | headers)

        return asyncio.run(run())

    return asked


def test_a_person_is_told_of_the_cameras_and_buildings_of_his_communes_only(ask) -> None:
    told = ask("/api/map").json()
    assert (told["is_on_earth"], told["tiles"], told["is_being_drawn"]) == (True, None, False)
    mine, silent = told["cameras"]
    assert mine == {
        "camera": MINE,
        "lon_deg": 6.17,
        "lat_deg": 49.12,
        "pan_deg": 90.0,
        "across_deg": 60.0,
        "turns": True,
    }
    assert silent == {
        "camera": SILENT,
        "lon_deg": None,
        "lat_deg": None,
        "pan_deg": None,
        "across_deg": None,
        "turns": True,
    }
    assert [site["site"] for site in told["sites"]] == ["Gymnase"]
    assert ask("/api/map/turning").json() == [
        {"camera": MINE, "pan_deg": 91.0, "across_deg": 30.0},
        {"camera": SILENT, "pan_deg": None, "across_deg": None},
    ]


def test_tiles_are_read_in_pieces(ask, desk, tmp_path) -> None:
    path = tmp_path / "map.pmtiles"
    path.write_bytes(bytes(range(256)))
    desk.file = MapTiles(path, TilesForm.RASTER)
    assert ask("/api/map").json()["tiles"] == "raster"
    piece = ask("/api/map/tiles", range="bytes=16-31")
    assert (piece.status_code, piece.content) == (206, bytes(range(16, 32)))
    assert piece.headers["content-range"] == "bytes 16-31/256"
    assert ask("/api/map/tiles").content == bytes(range(256))
    assert ask("/api/map/tiles", range="bytes=900-").status_code == 416


def test_a_centre_without_a_map_or_without_tiles_says_so(ask) -> None:
    for answer in (ask("/api/map", has_map=False), ask("/api/map/turning", has_map=False), ask("/api/map/tiles")):
        assert (answer.status_code, answer.json()["code"]) == (404, "map_absent")
