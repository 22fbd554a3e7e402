"""The site as a map to look at: one PMTiles file of vector tiles, made from its own buildings or brought by people.

Nothing comes from the network: what a page draws is this file, asked for in pieces. Of a site whose maps say where its
origin touches the earth (decision 0021) it is a map of the earth; of any other the metres lie around 0° N, 0° E, where
a Mercator map is as true as anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
from numpy.typing import NDArray

from csu.console.map import MapTiles, TilesForm
from csu.hal.errors import BadInput
from csu.hal.place import Building
from csu.hal.words import Words
from csu.masking.dwellings import LocalFrame

Points = NDArray[np.float64]

LAYER = "csu"
"""The only layer of a file that was made here; `kind` says what a shape is."""
ZOOM_MIN, ZOOM_MAX = 9, 16
"""At 16 a step of a tile is 15 cm: the page enlarges it from there on."""
FORM = 2
"""Raised when the same buildings would be written another way."""
EQUATOR_RADIUS_M = 6_378_137.0
_HEAD_BYTES = 127
_MAGIC = b"PMTiles\x03"


_FORM_OF = {1: TilesForm.VECTOR, 2: TilesForm.RASTER, 3: TilesForm.RASTER, 4: TilesForm.RASTER, 5: TilesForm.RASTER}


@dataclass(frozen=True, slots=True)
class MapPlane:
    """Where a site's metres lie on the map. `frame` None: nobody said where on earth."""

    frame: LocalFrame | None = None

    def to_map(self, local_m: Points) -> Points:
        """(n, 2) metres east and north -> (n, 2) longitude and latitude in degrees."""
        if self.frame is not None:
            return self.frame.to_geographic(local_m)
        return np.asarray(np.degrees(local_m / EQUATOR_RADIUS_M), np.float64)


def given_tiles(path: Path) -> MapTiles:
    """A file that somebody brought. Raises BadInput for one that is absent or no PMTiles of this version."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise _refused(path, Words.same(why)) from error
    if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
        raise _refused(path, Words("ce n'est pas un fichier PMTiles 3", "it is no PMTiles file of version 3"))
    form = _FORM_OF.get(head[99])
    if form is None:
        raise _refused(path, Words("ses tuiles ne sont pas de sorte connue", "its tiles are of no known kind"))
    return MapTiles(path, form)


def site_tiles(buildings: Sequence[Building], plane: MapPlane, path: Path) -> MapTiles | None:
    """The map of a site at `path`, made anew when the site is another than the one it was made of; None: there is
    nothing to draw. Blocks: 20,000 buildings take 6 s of processor. Raises OSError, pyogrio's errors."""
    if not buildings:
        return None
    digest, note = _digest(buildings, plane), path.with_name(path.name + ".sha256")
    if note.is_file() and note.read_text(encoding="ascii") == digest:
        with suppress(BadInput):  # gone, or torn: made anew
            return given_tiles(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    partial = path.with_name(f"{path.stem}.partial.pmtiles")
    partial.unlink(missing_ok=True)
    _write(buildings, plane, partial)
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)
    note.write_text(digest, encoding="ascii")
    return given_tiles(path)


def _write(buildings: Sequence[Building], plane: MapPlane, path: Path) -> None:
    corners = np.concatenate([np.asarray(each.footprint_m, np.float64) for each in buildings])
    ring_of_corner = np.repeat(np.arange(len(buildings)), [len(each.footprint_m) for each in buildings])
    shapes = shapely.polygons(shapely.linearrings(plane.to_map(corners), indices=ring_of_corner))
    pyogrio.raw.write(
        str(path),
        shapely.to_wkb(shapes),
        [_column(each.building for each in buildings), _column(_kind(each) for each in buildings)],
        ["name", "kind"],
        geometry_type="Polygon",
        crs="EPSG:4326",
        driver="PMTiles",
        layer=LAYER,
        dataset_options={"MINZOOM": str(ZOOM_MIN), "MAXZOOM": str(ZOOM_MAX), "NAME": "csu"},
    )


def _kind(building: Building) -> str:
    return "building" if building.dwelling is False else "dwelling"


def _column(values: Iterable[str]) -> NDArray[np.object_]:
    return np.array(list(values), dtype=object)


def _digest(buildings: Sequence[Building], plane: MapPlane) -> str:
    said = [FORM, None if plane.frame is None else asdict(plane.frame)]
    told = [[each.building, each.footprint_m, each.dwelling is False] for each in buildings]
    return hashlib.sha256(json.dumps([said, told]).encode()).hexdigest()


def _refused(path: Path, what: Words) -> BadInput:
    return BadInput(
        what,
        where=str(path),
        what_to_do=Words("Donnez une carte PMTiles à --map", "Give a PMTiles map to --map"),
    )
