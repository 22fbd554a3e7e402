"""The map of a running centre: where its cameras stand and look, and what stands around them (`csu.console.map`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from csu.centre.control import Centre
from csu.centre.events import Trouble
from csu.centre.rooms.aiming import aim_of
from csu.centre.site_tiles import MapPlane, given_tiles, site_tiles
from csu.console.map import CameraStands, Looking, MapTiles
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Clock
from csu.hal.errors import BadInput
from csu.hal.place import Pose
from csu.hal.site import Site
from csu.hal.words import Words
from csu.masking.dwellings import LocalFrame

FILE = "map.pmtiles"
WAITED_S = 2.0
"""So long whoever asks first waits for the site to be drawn; a large one comes a moment later."""
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class MapSettings:
    """What people bring. `origin_deg`: longitude and latitude of the site's origin, where its own maps do not say."""

    file: Path | None = None
    origin_deg: tuple[float, float] | None = None

    @classmethod
    def of(cls, file: Path | None, origin: str | None) -> MapSettings:
        """`origin`: `LON,LAT`. Raises BadInput."""
        if origin is None:
            return cls(file)
        try:
            lon_deg, lat_deg = map(float, origin.split(","))
        except ValueError as error:
            raise BadInput(
                Words("l'origine n'est pas un lieu", "the origin is no place"),
                where=f"--map-origin {origin}",
                what_to_do=Words("Donnez longitude,latitude en degrés", "Give longitude,latitude in degrees"),
            ) from error
        return cls(file, (lon_deg, lat_deg))


def open_map(
    settings: MapSettings,
    site: Site,
    centre: Centre,
    data_directory: Path,
    *,
    tell: Callable[[Trouble], None],
    clock: Clock,
) -> MapRoom:
    """Raises BadInput for a file that is no map, or that nobody can say the site's place on; for an origin that is none
    or another than that of the site's maps."""
    told, known = settings.origin_deg, site.origin_deg
    if told is not None and known is not None and told != known:
        raise BadInput(
            Words(f"les plans du site disent {known}", f"the site's maps say {known}"),
            where="--map-origin",
            what_to_do=Words("Ne la donnez pas", "Leave it out"),
        )
    origin_deg = known if told is None else told
    if settings.file is not None and origin_deg is None:
        raise BadInput(
            Words("personne ne dit où ce site se trouve", "nobody says where this site lies"),
            where=f"--map {settings.file}",
            what_to_do=Words("Donnez aussi --map-origin LON,LAT", "Give --map-origin LON,LAT as well"),
        )
    given = None if settings.file is None else given_tiles(settings.file)
    plane = MapPlane(None if origin_deg is None else LocalFrame(*origin_deg))

    def drawn() -> MapTiles | None:
        return site_tiles(site.buildings, plane, data_directory / "centre" / FILE)

    def failed(why: str) -> None:
        what = Words(f"la carte n'a pas pu être dessinée : {why}", f"the map could not be drawn: {why}")
        tell(Trouble("map", what, clock.now_ns()))

    return MapRoom(centre, plane, given, drawn, failed)


class MapRoom:
    """`csu.console.map.MapDesk`. The site is drawn when somebody first asks for it."""

    def __init__(
        self,
        centre: Centre,
        plane: MapPlane,
        given: MapTiles | None,
        drawn: Callable[[], MapTiles | None],
        failed: Callable[[str], None],
    ) -> None:
        """`given`: the tiles that people brought. `drawn`: makes them, and blocks; `failed`: hears why it could not."""
        self._centre, self._plane, self._given = centre, plane, given
        self._drawn, self._failed = drawn, failed
        self._drawing: asyncio.Task[None] | None = None

    @property
    def is_on_earth(self) -> bool:
        return self._plane.frame is not None

    @property
    def is_being_drawn(self) -> bool:
        return self._drawing is not None and not self._drawing.done()

    async def tiles(self) -> MapTiles | None:
        if self._given is None:
            if self._drawing is None:
                self._drawing = asyncio.create_task(self._draw(), name="map")
            await asyncio.wait([self._drawing], timeout=WAITED_S)
        return self._given

    def cameras(self) -> Mapping[CameraId, CameraStands]:
        stands = _on_map(self._plane, self._centre.places_m())
        return {camera: CameraStands(*at, self._looking(camera)) for camera, at in stands.items()}

    def turning(self) -> Mapping[CameraId, Looking | None]:
        return {camera: self._looking(camera) for camera in self._centre.posed}

    def sites(self) -> Mapping[tuple[CommuneId, str], tuple[float, float]]:
        return _on_map(self._plane, self._centre.alarm_sites_m)

    async def close(self) -> None:
        """What is being drawn is finished first."""
        if self._drawing is not None:
            await self._drawing

    async def _draw(self) -> None:
        try:
            self._given = await asyncio.to_thread(self._drawn)
        except Exception as error:  # noqa: BLE001 - whatever a library of maps raises: the list beside it goes on
            self._failed(f"{type(error).__name__}: {error}")

    def _looking(self, camera: CameraId) -> Looking | None:
        pose, size_px = self._pose(camera)
        if pose is None or size_px is None or not pose.is_finite():
            return None
        aim = aim_of(pose, size_px[0])
        return Looking(aim.pan_deg, aim.across_deg)

    def _pose(self, camera: CameraId) -> tuple[Pose | None, tuple[int, int] | None]:
        try:
            assignment = self._centre.assignment(camera)
        except KeyError:
            return None, None  # it did not answer yet
        reading = self._centre.looks(camera)
        return (assignment.pose if reading is None else reading.pose), assignment.pose_size_px


def _on_map(plane: MapPlane, places_m: Mapping[_Key, tuple[float, float]]) -> dict[_Key, tuple[float, float]]:
    """In degrees; what lies nowhere on it is left out."""
    if not places_m:
        return {}
    lon_lat = plane.to_map(np.array(list(places_m.values()), np.float64))
    return {
        key: (float(lon), float(lat))
        for key, (lon, lat) in zip(places_m, lon_lat, strict=True)
        if abs(lon) <= 180 and abs(lat) < 85
    }
