"""The map over HTTP: where the asker's cameras stand and look, and the tiles of what stands around them (COM-3).

States are told elsewhere (`/api/events`): here is what changes slowly, and where cameras that turn look now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from csu.console.access import Door, opens, own_list
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Action, Subject
from csu.hal.camera import CameraId, CommuneId


class TilesForm(StrEnum):
    """What the tiles of a file are."""

    VECTOR = "vector"
    RASTER = "raster"


@dataclass(frozen=True, slots=True)
class MapTiles:
    """A PMTiles file that can be served: what anybody may know of the place, and no camera."""

    path: Path
    form: TilesForm


@dataclass(frozen=True, slots=True)
class Looking:
    """Where a camera looks. `pan_deg` clockwise from the map's north; `across_deg`: how wide it sees."""

    pan_deg: float
    across_deg: float


@dataclass(frozen=True, slots=True)
class CameraStands:
    """A camera on the map, in degrees of longitude and latitude. `looking` None: nobody knows."""

    lon_deg: float
    lat_deg: float
    looking: Looking | None


class MapDesk(Protocol):
    """What the console needs of the centre's map."""

    @property
    def is_on_earth(self) -> bool:
        """False: its degrees are no place of the earth, only metres laid out."""
        ...

    @property
    def is_being_drawn(self) -> bool:
        """Its tiles are being made: they come in a moment."""
        ...

    async def tiles(self) -> MapTiles | None:
        """None: there are none, or not yet."""
        ...

    def cameras(self) -> Mapping[CameraId, CameraStands]:
        """Of which somebody said where they stand, as they stand now."""
        ...

    def turning(self) -> Mapping[CameraId, Looking | None]:
        """Those that can be turned, and where they look now; None: they cannot say."""
        ...

    def sites(self) -> Mapping[tuple[CommuneId, str], tuple[float, float]]:
        """Alarmed buildings by commune and name: longitude and latitude in degrees."""
        ...


class CameraOnMap(BaseModel):
    """One camera. Null: nobody said where it stands, or it cannot say where it looks."""

    model_config = ConfigDict(frozen=True)

    camera: CameraId
    lon_deg: float | None
    lat_deg: float | None
    pan_deg: float | None
    across_deg: float | None
    turns: bool


class SiteOnMap(BaseModel):
    """One alarmed building."""

    model_config = ConfigDict(frozen=True)

    commune: CommuneId
    site: str
    lon_deg: float
    lat_deg: float


class MapAnswer(BaseModel):
    """The map, cut to the asker's communes. `tiles` null: nothing lies under the cameras, or not yet."""

    model_config = ConfigDict(frozen=True)

    is_on_earth: bool
    tiles: TilesForm | None
    is_being_drawn: bool
    cameras: list[CameraOnMap]
    sites: list[SiteOnMap]


class TurnedAnswer(BaseModel):
    """Where a camera that turns looks now."""

    model_config = ConfigDict(frozen=True)

    camera: CameraId
    pan_deg: float | None
    across_deg: float | None


def add_map_doors(app: FastAPI, desk: MapDesk | None, room: RoomView, gate: Gate) -> None:
    """Into `app` itself. None: this centre has no map; its doors say so."""

    def listed(request: Request) -> dict[CameraId, CommuneId]:
        subject: Subject = request.scope[SUBJECT]
        return {line.record.camera: line.record.commune for line in gate.listed(subject, room.cameras())}

    @app.get("/api/map")
    @opens(Door("map", Action.CAMERA_LIST, own_list))
    async def whole(request: Request) -> MapAnswer:
        """Every camera of the asker's communes, where it stands and looks; the alarmed buildings of these communes."""
        there, mine = _there(desk), listed(request)
        tiles = await there.tiles()
        stands, turning, communes = there.cameras(), there.turning(), set(mine.values())
        return MapAnswer(
            is_on_earth=there.is_on_earth,
            tiles=None if tiles is None else tiles.form,
            is_being_drawn=there.is_being_drawn,
            cameras=[_on_map(camera, stands.get(camera), turns=camera in turning) for camera in mine],
            sites=[
                SiteOnMap(commune=commune, site=site, lon_deg=lon_deg, lat_deg=lat_deg)
                for (commune, site), (lon_deg, lat_deg) in there.sites().items()
                if commune in communes
            ],
        )

    @app.get("/api/map/turning")
    @opens(Door("map/turning", Action.CAMERA_LIST, own_list))
    async def turning(request: Request) -> list[TurnedAnswer]:
        """Where the asker's cameras that turn look now."""
        now, mine = _there(desk).turning(), listed(request)
        return [_turned(camera, now[camera]) for camera in mine if camera in now]

    @app.get("/api/map/tiles", response_class=FileResponse, responses=_PIECES)
    @opens(Door("map/tiles", Action.CAMERA_LIST, own_list))
    async def tiles() -> FileResponse:
        """The PMTiles file, whole or in pieces (HTTP Range)."""
        found = await _there(desk).tiles()
        if found is None:
            raise Refused(Refusal.MAP_ABSENT, where="map/tiles")
        return FileResponse(found.path, media_type="application/vnd.pmtiles")


_PIECES: dict[int | str, dict[str, object]] = {
    200: {"content": {"application/vnd.pmtiles": {}}},
    206: {"content": {"application/vnd.pmtiles": {}}, "description": "A piece of it"},
    416: {"content": {"text/plain": {}}, "description": "There is no such piece"},
}


def _on_map(camera: CameraId, stands: CameraStands | None, *, turns: bool) -> CameraOnMap:
    looking = None if stands is None else stands.looking
    return CameraOnMap(
        camera=camera,
        lon_deg=None if stands is None else stands.lon_deg,
        lat_deg=None if stands is None else stands.lat_deg,
        pan_deg=None if looking is None else looking.pan_deg,
        across_deg=None if looking is None else looking.across_deg,
        turns=turns,
    )


def _turned(camera: CameraId, looking: Looking | None) -> TurnedAnswer:
    if looking is None:
        return TurnedAnswer(camera=camera, pan_deg=None, across_deg=None)
    return TurnedAnswer(camera=camera, pan_deg=looking.pan_deg, across_deg=looking.across_deg)


def _there(desk: MapDesk | None) -> MapDesk:
    if desk is None:
        raise Refused(Refusal.MAP_ABSENT, where="map")
    return desk
