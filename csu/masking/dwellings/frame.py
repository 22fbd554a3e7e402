"""The local metres of a commune: a transverse Mercator plane that touches the earth at an origin of its own.

Not Lambert-93 minus an origin: its north is 2.3 degrees off true north in Metz, and its metre up to 1 in 1,000 off in
the middle of France. Here north at the origin is true north, and a metre is a metre to 2 in a million within 10 km
(docs/decisions/0021). Heights are those of the source (NGF-IGN69 for BD TOPO), untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import hypot

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from csu.hal.words import Words
from csu.masking.dwellings.refusal import DwellingsRefused

LON_MIN_DEG, LON_MAX_DEG = -5.5, 9.8
LAT_MIN_DEG, LAT_MAX_DEG = 41.2, 51.3
"""Metropolitan France with Corsica: what Lambert-93 is made for."""

REACH_MAX_M = 60_000.0
"""From the origin: beyond, north turns by more than half a degree, and no commune is that large (Arles: 40 km)."""

READ_EPSG = frozenset({2154, 9794, 5698, 4171, 4258, 4326, 4979, *range(3942, 3951), *range(9842, 9851), 25831, 25832})
"""Lambert-93 (2154; RGF93 v2b; with NGF heights), RGF93, ETRS89, WGS 84, CC42 to CC50, UTM on ETRS89.

All on RGF93 or on WGS 84, between which nothing is shifted here. Older ones (NTF, Lambert II) need a grid of shifts:
who has it transforms with it, knowingly, rather than being some metres off here.
"""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """Metres east and north of an origin. Raises DwellingsRefused for an origin outside metropolitan France."""

    lon_deg: float
    lat_deg: float

    def __post_init__(self) -> None:
        if not bool(in_france(np.array([[self.lon_deg, self.lat_deg]]))[0]):
            raise DwellingsRefused(
                Words(
                    "l'origine n'est pas en France métropolitaine",
                    "the origin is not in metropolitan France",
                ),
                where=f"{self.lon_deg:g},{self.lat_deg:g}",
                what_to_do=Words("Donnez longitude puis latitude, en degrés", "Give longitude, then latitude, degrees"),
            )

    @property
    def projection(self) -> str:
        """The plane as PROJ knows it, for whoever draws the same buildings in another program."""
        return (
            f"+proj=tmerc +lat_0={self.lat_deg!r} +lon_0={self.lon_deg!r} +k=1 +x_0=0 +y_0=0 +ellps=GRS80 "
            "+units=m +no_defs"
        )

    def to_local(self, lon_lat_deg: Points) -> Points:
        """(n, 2) longitude and latitude in degrees -> (n, 2) x east and y north in metres."""
        x, y = _projector(self.projection).transform(lon_lat_deg[:, 0], lon_lat_deg[:, 1])
        return np.stack([x, y], axis=1)

    def to_geographic(self, local_m: Points) -> Points:
        """(n, 2) metres -> (n, 2) longitude and latitude in degrees."""
        lon, lat = _projector(self.projection).transform(local_m[:, 0], local_m[:, 1], direction="INVERSE")
        return np.stack([lon, lat], axis=1)

    def distance_to(self, other: LocalFrame) -> float:
        """Metres between the two origins."""
        x, y = self.to_local(np.array([[other.lon_deg, other.lat_deg]]))[0]
        return hypot(x, y)


def in_france(lon_lat_deg: Points) -> NDArray[np.bool_]:
    """(n, 2) degrees -> which lie in the rectangle of metropolitan France. What is not finite does not."""
    lon, lat = lon_lat_deg[:, 0], lon_lat_deg[:, 1]
    return (lon >= LON_MIN_DEG) & (lon <= LON_MAX_DEG) & (lat >= LAT_MIN_DEG) & (lat <= LAT_MAX_DEG)


def to_degrees(coordinates: Points, crs: CRS) -> Points:
    """(n, 2) in `crs`, x (or longitude) first, -> longitude and latitude in degrees; infinite where that fails."""
    if crs.is_geographic:
        return coordinates
    lon, lat = _to_degrees(crs.to_wkt()).transform(coordinates[:, 0], coordinates[:, 1])
    return np.stack([lon, lat], axis=1)


@lru_cache(maxsize=32)
def _projector(projection: str) -> Transformer:
    return Transformer.from_pipeline(projection)


@lru_cache(maxsize=32)
def _to_degrees(wkt: str) -> Transformer:
    crs = CRS.from_wkt(wkt)
    geodetic = crs.geodetic_crs
    return Transformer.from_crs(crs, CRS.from_epsg(4171) if geodetic is None else geodetic, always_xy=True)
