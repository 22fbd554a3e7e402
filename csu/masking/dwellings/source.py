"""What a map file holds before anything is decided of it: shapes in the file's own coordinates, and their fields.

The kind of a file is told by its first bytes, never by its name: GDAL is only given what it is meant to read, so that a
file that names other files or addresses (VRT and the like) is not followed.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError

from csu.hal.words import Words
from csu.masking.dwellings.frame import READ_EPSG
from csu.masking.dwellings.refusal import DwellingsRefused
from csu.masking.dwellings.usage import Fields

BUILDINGS_MAX = 1_000_000
"""More than any French department has: a larger file is not one of a commune."""
JSON_BYTES_MAX = 512 << 20

_SQLITE = b"SQLite format 3\0"
_APPLICATION_AT = 68
_GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
_LAYER = "batiment"
_HARMLESS = "non conformant file extension"
"""The only warning of GDAL that says nothing of the content."""
_NAMES = ("cleabs", "@id", "osm_id", "full_id", "id", "gml_id", "fid")


@dataclass(frozen=True)
class Source:
    """One file as read. `shapes`: shapely geometries or None, x (longitude) first, third dimension dropped."""

    name: str
    layer: str
    sha256: str
    crs: CRS
    names: tuple[str, ...]
    shapes: NDArray[np.object_]
    fields: Sequence[Fields]
    spans_m: Sequence[tuple[float, float] | None]
    """Lowest and highest altitude of a shape that is a solid (CityJSON); None for a footprint."""


def kind_of(path: Path) -> str:
    """`gpkg`, `geojson` or `cityjson`, by what the file begins with. Raises DwellingsRefused for anything else."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            if path.stat().st_size > JSON_BYTES_MAX and not head.startswith(_SQLITE):
                raise _unreadable(path, Words("fichier de plus de 512 Mio", "file of more than 512 MiB"))
    except OSError as error:
        raise _unreadable(path, Words.same(error.strerror or str(error))) from error
    if head.startswith(_SQLITE) and head[_APPLICATION_AT : _APPLICATION_AT + 4] in _GEOPACKAGE:
        return "gpkg"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        kind = json_object(path).get("type")
        if kind == "CityJSON":
            return "cityjson"
        if kind == "FeatureCollection":
            return "geojson"
    raise _unreadable(path, Words("ni GeoPackage, ni GeoJSON, ni CityJSON", "neither GeoPackage, GeoJSON nor CityJSON"))


def read_layer(path: Path, kind: str, layer: str | None) -> Source:
    """A GeoPackage or a GeoJSON. Raises DwellingsRefused for an unknown layer or CRS, or no feature."""
    driver = "GPKG" if kind == "gpkg" else "GeoJSON"
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            chosen = _layer_of(path, layer)
            found = pyogrio.read_info(path, layer=chosen, force_feature_count=True)
            require_count(path, int(found["features"]))
            if found["driver"] != driver:
                raise _unreadable(path, Words(f"GDAL y voit {found['driver']}", f"GDAL takes it for {found['driver']}"))
            meta, rows, shapes, columns = pyogrio.raw.read(path, layer=chosen, force_2d=True, return_fids=True)
        except (DataSourceError, DataLayerError, FeatureError, GeometryError, UnicodeDecodeError) as error:
            raise _unreadable(path, Words.same(str(error))) from error
    _require_all_read(path, [str(warning.message) for warning in warned], int(found["features"]), len(rows))
    names = [str(name).lower() for name in meta["fields"]]
    values = [column.tolist() for column in columns]
    fields = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)] if values else [{}] * len(rows)
    return Source(
        path.name,
        chosen,
        sha256_of(path),
        usable_crs(path, meta["crs"]),
        tuple(_name(row, found) for row, found in zip(rows.tolist(), fields, strict=True)),
        _shapes(shapes),
        fields,
        [None] * len(fields),
    )


def usable_crs(path: Path, told: str | None) -> CRS:
    """The horizontal part of a declared coordinate reference system. Raises DwellingsRefused unless it is known."""
    wanted = Words(
        "Transformez le fichier en Lambert-93 (EPSG:2154) ou en WGS 84 (EPSG:4326) et déclarez-le",
        "Transform the file to Lambert-93 (EPSG:2154) or WGS 84 (EPSG:4326), and declare it",
    )
    if not told:
        what = Words("aucun système de coordonnées déclaré", "no coordinate reference system declared")
        raise DwellingsRefused(what, where=path.name, what_to_do=wanted)
    try:
        crs = CRS.from_user_input(told)
    except CRSError:
        crs = None
    if crs is not None and crs.is_compound and crs.sub_crs_list:
        crs = crs.sub_crs_list[0]
    if crs is not None and (crs.to_epsg() in READ_EPSG or crs.to_authority() == ("OGC", "CRS84")):
        return crs
    name = crs.name if crs is not None else str(told)[:80]
    raise DwellingsRefused(
        Words(f"système de coordonnées « {name} » non reçu", f"coordinate reference system {name!r} not accepted"),
        where=path.name,
        what_to_do=wanted,
    )


def require_count(path: Path, features: int) -> None:
    """Raises DwellingsRefused for a file of no building, or of more than a department's."""
    if features == 0:
        raise _unreadable(path, Words("aucun bâtiment", "no building"))
    if features > BUILDINGS_MAX:
        raise _unreadable(path, Words(f"{features} objets, trop", f"{features} features, too many"))


def sha256_of(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_object(path: Path) -> dict[str, object]:
    """The file as one JSON object. Raises DwellingsRefused for anything else, NaN and infinity included."""

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is not JSON")

    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, Words.same(f"JSON : {error}")) from error
    if not isinstance(found, dict):
        raise _unreadable(path, Words("ce JSON n'est pas un objet", "this JSON is no object"))
    return found


def _require_all_read(path: Path, warned: Sequence[str], told: int, read: int) -> None:
    """GDAL leaves out what it cannot read of a shape, and warns: here that is a refusal."""
    for warning in warned:
        if _HARMLESS not in warning:
            raise _unreadable(path, Words.same(f"GDAL : {warning}"))
    if told != read:
        raise _unreadable(path, Words(f"{told} objets annoncés, {read} lus", f"{told} features told, {read} read"))


def _shapes(wkb: NDArray[np.object_]) -> NDArray[np.object_]:
    """None for what is no geometry; NaN coordinates are kept, for the importer to refuse."""
    with np.errstate(invalid="ignore"):
        return np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), object)


def _layer_of(path: Path, asked: str | None) -> str:
    layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    for name in (asked,) if asked else (_LAYER, *(layers if len(layers) == 1 else ())):
        for layer in layers:
            if layer.casefold() == name.casefold():
                return layer
    shown = ", ".join(layers[:20]) or "-"
    what = (
        Words(f"pas de couche {asked!r}", f"no layer {asked!r}")
        if asked
        else Words(f"plusieurs couches, aucune nommée {_LAYER}", f"several layers, none called {_LAYER}")
    )
    raise DwellingsRefused(
        what,
        where=path.name,
        what_to_do=Words(f"Donnez --layer parmi : {shown}", f"Give --layer, one of: {shown}"),
    )


def _name(row: int, fields: Fields) -> str:
    for name in _NAMES:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return f"#{row}"


def _unreadable(path: Path, why: Words) -> DwellingsRefused:
    return DwellingsRefused(
        Words(f"fichier refusé : {why.fr}", f"file refused: {why.en}"),
        where=path.name,
        what_to_do=Words(
            "Donnez les bâtiments d'une commune en GeoPackage, GeoJSON ou CityJSON",
            "Give the buildings of a commune as GeoPackage, GeoJSON or CityJSON",
        ),
    )
