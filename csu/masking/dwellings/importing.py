"""From a map file to the buildings of a commune, all of them or none.

A feature that cannot be drawn truly stops the import, by name: to leave it out would unmask whoever lives there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from csu.hal.place import Building
from csu.hal.words import Words
from csu.masking.dwellings.cityjson import read_cityjson
from csu.masking.dwellings.frame import REACH_MAX_M, LocalFrame, in_france, to_degrees
from csu.masking.dwellings.heights import (
    GroundRange,
    HeightRefused,
    Standing,
    Told,
    standing,
    told_by_ign,
    told_by_name,
)
from csu.masking.dwellings.refusal import refuse_features
from csu.masking.dwellings.source import Source, kind_of, read_layer
from csu.masking.dwellings.tally import USES_MAX, ImportTally, UseCount
from csu.masking.dwellings.usage import Fields, Use, use_reader

Progress: TypeAlias = Callable[[Words, int, int], None]
"""What is being done, how much of it is done, of how much."""

ORIGIN_STEP_DEG = 0.001
"""An origin that nobody chose is rounded to this (about 100 m), so that a person can say it."""

_TOLD_EVERY = 500
_ALIASES = {
    "usage1": "usage_1",
    "usage2": "usage_2",
    "nb_logts": "nombre_de_logements",
    "z_min_sol": "altitude_minimale_sol",
    "z_max_toit": "altitude_maximale_toit",
}
"""BD TOPO's names in its Shapefile edition, and in what was made from it."""

_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, slots=True)
class Imported:
    """What one file gave: buildings in metres of `frame`, and the counts."""

    source: str
    sha256: str
    frame: LocalFrame
    buildings: tuple[Building, ...]
    tally: ImportTally


def import_buildings(
    path: Path,
    *,
    layer: str | None = None,
    origin: LocalFrame | None = None,
    ground: GroundRange | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Read a GeoPackage, GeoJSON or CityJSON. `origin`: where the commune's metres begin; None: the middle of the file.

    `ground`: declared by a person, for buildings whose file gives no ground. Raises DwellingsRefused.
    """
    tell = progress or (lambda _what, _done, _of: None)
    tell(Words("lecture", "reading"), 0, 1)
    kind = kind_of(path)
    source = read_cityjson(path) if kind == "cityjson" else read_layer(path, kind, layer)
    tell(Words("formes", "shapes"), 0, 1)
    _require_sound(source)
    lon_lat_deg, owners = shapely.get_coordinates(source.shapes, return_index=True)
    lon_lat_deg = to_degrees(lon_lat_deg, source.crs)
    _require_in_france(source, lon_lat_deg, owners)
    frame = origin or _middle(lon_lat_deg)
    local_m = np.round(frame.to_local(lon_lat_deg), 3)
    reach_m = np.hypot(local_m[:, 0], local_m[:, 1])
    _require_near(source, reach_m, owners)
    shapes = shapely.set_coordinates(source.shapes.copy(), local_m)
    return _Import(source, shapes, ground).run(frame, float(reach_m.max()), tell)


class _Import:
    """The buildings of one sound source, one by one, with what is counted on the way."""

    def __init__(self, source: Source, shapes: NDArray[np.object_], ground: GroundRange | None) -> None:
        self._source, self._shapes, self._ground = source, shapes, ground
        self._fields = [{_ALIASES.get(name, name): value for name, value in each.items()} for each in source.fields]
        self._layout, self._use_of = use_reader(frozenset(self._fields[0]))
        self._told_of = told_by_ign if self._layout == "BD TOPO" else told_by_name
        self._buildings: list[Building] = []
        self._names: Counter[str] = Counter()
        self._uses: Counter[Use] = Counter()
        self._counts: Counter[str] = Counter()

    def run(self, frame: LocalFrame, reach_m: float, tell: Progress) -> Imported:
        features = len(self._shapes)
        refused: dict[str, Words] = {}
        for at, (name, shape, fields) in enumerate(zip(self._source.names, self._shapes, self._fields, strict=True)):
            try:
                self._add(name, shape, fields, self._source.spans_m[at])
            except HeightRefused as error:
                refused[name] = error.what
            if at % _TOLD_EVERY == 0:
                tell(Words("bâtiments", "buildings"), at, features)
        if refused:
            raise refuse_features(
                self._source.name,
                list(refused),
                next(iter(refused.values())),
                Words(
                    "Corrigez cette valeur, ou videz-la : inconnue, elle est masquée sans limite",
                    "Correct this value, or empty it: not known, it is masked without limit",
                ),
            )
        tell(Words("bâtiments", "buildings"), features, features)
        return Imported(
            self._source.name, self._source.sha256, frame, tuple(self._buildings), self._tally(features, reach_m)
        )

    def _add(self, name: str, shape: shapely.Geometry, fields: Fields, span_m: tuple[float, float] | None) -> None:
        use = self._use_of(fields)
        parts = list(_parts(shape))
        self._counts["split"] += len(parts) > 1
        for part in parts:
            stands = self._standing(part, fields, span_m)
            self._counts["holes"] += len(part.interiors)
            self._counts["height"] += not stands.height_known
            self._counts["ground"] += not stands.ground_known
            self._counts["roof"] += stands.roof_added
            self._uses[use] += 1
            ring = tuple((float(x), float(y)) for x, y in part.exterior.coords[:-1])
            self._buildings.append(Building(self._unique(name), ring, stands.ground_m, stands.height_m, use.dwelling))

    def _standing(self, part: shapely.Polygon, fields: Fields, span_m: tuple[float, float] | None) -> Standing:
        if span_m is None:
            return standing(self._told_of(fields), part, self._ground)
        low_m, high_m = span_m
        told = told_by_name(fields)  # what was measured may be more than what was drawn
        return standing(Told(low_m, high_m if high_m > low_m else None, told.height_m, told.to_gutter), part, None)

    def _unique(self, name: str) -> str:
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name}~{self._names[name]}"

    def _tally(self, features: int, reach_m: float) -> ImportTally:
        ranked = self._uses.most_common()
        uses = [UseCount(use.told, number, use.dwelling, use.why) for use, number in ranked[:USES_MAX]]
        if len(ranked) > USES_MAX:
            others = sum(number for _, number in ranked[USES_MAX:])
            uses.append(UseCount("…", others, None, Words("autres valeurs", "other values")))
        by_dwelling: Counter[bool | None] = Counter()
        for use, number in ranked:
            by_dwelling[use.dwelling] += number
        return ImportTally(
            self._layout if self._source.layer != "CityObjects" else "CityJSON",
            self._source.crs.name,
            features,
            len(self._buildings),
            by_dwelling[True],
            by_dwelling[False],
            by_dwelling[None],
            self._counts["height"],
            self._counts["ground"],
            self._counts["roof"],
            self._counts["holes"],
            self._counts["split"],
            round(reach_m, 1),
            tuple(uses),
        )


def _parts(shape: shapely.Geometry) -> Iterator[shapely.Polygon]:
    for part in shapely.get_parts(shape):
        assert isinstance(part, shapely.Polygon)  # noqa: S101 - _require_sound let nothing else through; for mypy
        yield part


def _middle(lon_lat_deg: NDArray[np.float64]) -> LocalFrame:
    low, high = lon_lat_deg.min(axis=0), lon_lat_deg.max(axis=0)
    lon, lat = np.round((low + high) / 2 / ORIGIN_STEP_DEG) * ORIGIN_STEP_DEG
    return LocalFrame(round(float(lon), 6), round(float(lat), 6))


def _require_sound(source: Source) -> None:
    """Every shape is a polygon that can be drawn. Raises DwellingsRefused naming those that are not."""
    shapes = source.shapes
    correct = Words("Corrigez ces objets dans la source, puis importez de nouveau", "Correct them, then import again")
    coordinates, owners = shapely.get_coordinates(shapes, return_index=True)
    not_finite = np.zeros(len(shapes), bool)
    not_finite[owners[~np.isfinite(coordinates).all(axis=1)]] = True
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    for wrong, what in (
        (absent, Words("forme absente, vide ou illisible", "shape absent, empty or unreadable")),
        (~np.isin(shapely.get_type_id(shapes), _POLYGONS), Words("forme sans surface", "shape that is no polygon")),
        (not_finite, Words("coordonnée qui n'est pas un nombre", "coordinate that is not a number")),
    ):
        if wrong.any():
            raise refuse_features(source.name, _named(source, wrong), what, correct)
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        reason = shapely.is_valid_reason(shapes[int(np.flatnonzero(broken)[0])])
        what = Words(f"forme brisée : {reason}", f"broken shape: {reason}")
        raise refuse_features(source.name, _named(source, broken), what, correct)


def _require_in_france(source: Source, lon_lat_deg: NDArray[np.float64], owners: NDArray[np.int64]) -> None:
    """Raises DwellingsRefused for coordinates that the declared system cannot mean."""
    outside = ~in_france(lon_lat_deg)
    if not outside.any():
        return
    raw = shapely.get_coordinates(source.shapes)[outside]
    name = source.crs.name
    if in_france(raw[:, ::-1]).all():
        guess = Words("latitude et longitude sont échangées", "latitude and longitude are swapped")
    elif source.crs.is_geographic and (np.abs(raw) > 400).any():
        guess = Words(f"ce sont des mètres, et non {name}", f"these are metres, not {name}")
    elif not source.crs.is_geographic and (np.abs(raw) <= 180).all():
        guess = Words(f"ce sont des degrés, et non {name}", f"these are degrees, not {name}")
    else:
        guess = Words(f"système déclaré : {name}", f"declared system: {name}")
    wrong = np.zeros(len(source.shapes), bool)
    wrong[owners[outside]] = True
    raise refuse_features(
        source.name,
        _named(source, wrong),
        Words(
            f"coordonnées hors de France métropolitaine : {guess.fr}",
            f"coordinates outside metropolitan France: {guess.en}",
        ),
        Words(
            "Déclarez le vrai système de coordonnées du fichier (Lambert-93 : EPSG:2154 ; WGS 84 : EPSG:4326)",
            "Declare the file's true coordinate reference system (Lambert-93: EPSG:2154; WGS 84: EPSG:4326)",
        ),
    )


def _require_near(source: Source, reach_m: NDArray[np.float64], owners: NDArray[np.int64]) -> None:
    far = reach_m > REACH_MAX_M
    if far.any():
        wrong = np.zeros(len(source.shapes), bool)
        wrong[owners[far]] = True
        raise refuse_features(
            source.name,
            _named(source, wrong),
            Words(
                f"à plus de {REACH_MAX_M / 1000:g} km de l'origine", f"over {REACH_MAX_M / 1000:g} km from the origin"
            ),
            Words(
                "Découpez le fichier à la commune, ou donnez --origin", "Cut the file to the commune, or give --origin"
            ),
        )


def _named(source: Source, wrong: NDArray[np.bool_]) -> Sequence[str]:
    return [source.names[at] for at in np.flatnonzero(wrong)]
