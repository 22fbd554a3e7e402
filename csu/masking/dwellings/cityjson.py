"""CityJSON 1.0 to 2.0: solids and surfaces to footprints with a lowest and a highest altitude.

A building is taken as the prism over all its surfaces seen from above: eaves and balconies that were modelled count.
Every level of detail counts, so that the prism holds whichever of them is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from csu.hal.words import Words
from csu.masking.dwellings.refusal import DwellingsRefused, refuse_features
from csu.masking.dwellings.source import Source, json_object, require_count, sha256_of, usable_crs
from csu.masking.dwellings.usage import Fields

_VERSIONS = ("1.0", "1.1", "2.0")
_WALL_SLOPE = 0.05
"""A surface whose normal rises less than this is a wall: seen from above it is a line, and often crosses itself."""
_AREA_MIN_M2 = 1e-4
_DEPTH_MAX = 6
"""Of nested boundaries: a MultiSolid has 5."""

Vertices = NDArray[np.float64]


def read_cityjson(path: Path) -> Source:
    """All Building objects that have a geometry, with the attributes of the building they are part of.

    Raises DwellingsRefused for what cannot be read, naming the object.
    """
    city = json_object(path)
    if str(city.get("version")) not in _VERSIONS:
        raise _refused(path, Words(f"CityJSON {city.get('version')}", f"CityJSON {city.get('version')}"))
    crs = usable_crs(path, _declared_crs(city))
    if crs.is_geographic:
        raise _refused(path, Words("CityJSON en degrés", "CityJSON in degrees"))
    vertices = _vertices(path, city)
    objects = city.get("CityObjects")
    if not isinstance(objects, dict):
        raise _refused(path, Words("pas de CityObjects", "no CityObjects"))
    names, shapes, fields, spans = [], [], [], []
    for name, found in objects.items():
        if not (isinstance(found, dict) and str(found.get("type", "")).startswith("Building")):
            continue
        rings = list(_rings_of(path, name, found, vertices))
        if not rings:
            if not found.get("children"):
                raise _broken(path, name, Words("bâtiment sans géométrie", "building without geometry"))
            continue
        heights = np.concatenate(rings)[:, 2]
        names.append(str(name))
        shapes.append(_seen_from_above(path, name, rings))
        fields.append(_attributes(objects, found))
        spans.append((float(heights.min()), float(heights.max())))
    require_count(path, len(names))
    return Source(
        path.name,
        "CityObjects",
        sha256_of(path),
        crs,
        tuple(names),
        np.array(shapes, dtype=object),
        fields,
        spans,
    )


def _declared_crs(city: Mapping[str, object]) -> str | None:
    metadata = city.get("metadata")
    told = metadata.get("referenceSystem") if isinstance(metadata, dict) else None
    match = re.search(r"EPSG[:/]+(?:[0-9.]*[:/]+)?(\d+)$", str(told), re.IGNORECASE)
    return f"EPSG:{match[1]}" if match else None


def _vertices(path: Path, city: Mapping[str, object]) -> Vertices:
    """(n, 3) in the units of the reference system. Raises DwellingsRefused unless every one is three numbers."""
    transform = city.get("transform")
    scale, translate = (
        (transform.get("scale"), transform.get("translate")) if isinstance(transform, dict) else ((1, 1, 1), (0, 0, 0))
    )
    try:
        raw = np.array(city.get("vertices"), np.float64)
        vertices = raw * np.array(scale, np.float64) + np.array(translate, np.float64)
    except (TypeError, ValueError) as error:
        raise _refused(path, Words("sommets illisibles", "vertices that cannot be read")) from error
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise _refused(path, Words("sommets illisibles", "vertices that cannot be read"))
    return vertices


def _rings_of(path: Path, name: str, found: Mapping[str, object], vertices: Vertices) -> Iterator[Vertices]:
    """The outer ring of every surface, (n, 3); holes are dropped."""
    geometries = found.get("geometry", [])
    for geometry in geometries if isinstance(geometries, list) else []:
        if not isinstance(geometry, dict) or geometry.get("type") not in (
            "MultiSurface",
            "CompositeSurface",
            "Solid",
            "MultiSolid",
            "CompositeSolid",
        ):
            raise _broken(path, name, Words("géométrie qui n'est pas une surface", "geometry that is no surface"))
        for ring in _outer_rings(geometry.get("boundaries"), 0):
            if len(ring) < 3 or any(not 0 <= index < len(vertices) for index in ring):
                raise _broken(path, name, Words("contour brisé", "broken ring"))
            yield vertices[ring]


def _outer_rings(boundaries: object, depth: int) -> Iterator[list[int]]:
    """Nested lists down to those of vertex numbers; of a surface (a list of such rings) the first only."""
    if not isinstance(boundaries, list) or depth > _DEPTH_MAX:
        yield []
    elif boundaries and isinstance(boundaries[0], list) and boundaries[0] and _is_ring(boundaries[0]):
        yield boundaries[0]
    elif boundaries and all(isinstance(inner, list) for inner in boundaries):
        for inner in boundaries:
            yield from _outer_rings(inner, depth + 1)
    else:
        yield []


def _is_ring(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(index, int) and not isinstance(index, bool) for index in found)


def _seen_from_above(path: Path, name: str, rings: list[Vertices]) -> shapely.Geometry:
    flat = []
    for ring in rings:
        polygon = shapely.Polygon(ring[:, :2])
        if _is_wall(ring) or polygon.area < _AREA_MIN_M2:
            continue
        if not polygon.is_valid:
            raise _broken(path, name, Words("contour qui se croise", "ring that crosses itself"))
        flat.append(polygon)
    if not flat:
        raise _broken(path, name, Words("rien que des murs : pas d'emprise", "walls only: no footprint"))
    return shapely.union_all(flat)


def _is_wall(ring: Vertices) -> bool:
    """By Newell's normal, which holds for rings that are not quite flat."""
    following = np.roll(ring, -1, axis=0)
    normal = np.cross(ring - ring[0], following - ring[0]).sum(axis=0)
    length = float(np.linalg.norm(normal))
    return length == 0 or abs(float(normal[2])) < _WALL_SLOPE * length


def _attributes(objects: Mapping[str, object], found: Mapping[str, object]) -> Fields:
    """Its own attributes over those of what it is part of."""
    chain, seen = [found], 0
    while isinstance(parents := chain[-1].get("parents"), list) and parents and seen < _DEPTH_MAX:
        parent = objects.get(str(parents[0]))
        if not isinstance(parent, dict):
            break
        chain.append(parent)
        seen += 1
    merged: dict[str, object] = {}
    for each in reversed(chain):
        told = each.get("attributes")
        if isinstance(told, dict):
            merged |= {str(name).lower(): value for name, value in told.items() if value is not None}
    return merged


def _broken(path: Path, name: str, what: Words) -> DwellingsRefused:
    return refuse_features(path.name, [name], what, Words("Corrigez cet objet", "Correct this object"))


def _refused(path: Path, what: Words) -> DwellingsRefused:
    return DwellingsRefused(
        Words(f"fichier refusé : {what.fr}", f"file refused: {what.en}"),
        where=path.name,
        what_to_do=Words(
            "Donnez du CityJSON 1.0 à 2.0 en mètres, système de coordonnées déclaré",
            "Give CityJSON 1.0 to 2.0 in metres, its coordinate reference system declared",
        ),
    )
