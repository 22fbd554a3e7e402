"""From where to where a building stands, by what its file says; what is not known has no end (PRV-2).

The dwelling is masked from ground + 2.5 m up, so the ground told must not be above the true one, nor the top below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from shapely import Polygon, minimum_rotated_rectangle

from csu.hal.words import Words
from csu.masking.dwellings.usage import Fields, number

HEIGHT_MAX_M = 400.0
"""Taller than any building in France (231 m) with its mast: more is a mistake of unit or of column."""
ALTITUDE_MIN_M, ALTITUDE_MAX_M = -50.0, 5_000.0

GROUND_UNKNOWN_M = -500.0
TOP_UNKNOWN_M = 6_000.0
"""A ground that nobody knows is below any, and the roof above any: the whole prism is masked, its foot too."""

GUTTER_TO_RIDGE_SLOPE = 1.73
GUTTER_TO_RIDGE_MAX_M = 15.0
"""BD TOPO's `hauteur` ends at the gutter. Where no roof altitude is told, a roof of 60 degrees over half the building's
shorter side is added, 15 m at most: the steepest roofs of Lorraine and Alsace are about that."""

LEVEL_M = 5.0
"""More than a storey: what OpenStreetMap's `building:levels` counts may be a high ground floor."""


class HeightRefused(Exception):
    """The numbers contradict each other or cannot be true; the importer names the feature."""

    def __init__(self, what: Words) -> None:
        super().__init__(what.en)
        self.what = what


@dataclass(frozen=True, slots=True)
class GroundRange:
    """The lowest and highest ground of a commune, as a person declares it for buildings whose file gives none."""

    low_m: float
    high_m: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a file says of one building: `roof_m` and `ground_m` are altitudes, `height_m` is above the ground."""

    ground_m: float | None
    roof_m: float | None
    height_m: float | None
    to_gutter: bool = False
    """The height ends at the gutter: a roof stands above it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the masks are told, with what was not known."""

    ground_m: float
    height_m: float | None
    ground_known: bool
    height_known: bool
    roof_added: bool


def told_by_ign(fields: Fields) -> Told:
    """BD TOPO: `altitude_minimale_sol`, `altitude_maximale_toit`, `hauteur` (to the gutter)."""
    return Told(
        number(fields, "altitude_minimale_sol"),
        number(fields, "altitude_maximale_toit"),
        number(fields, "hauteur"),
        to_gutter=True,
    )


def told_by_name(fields: Fields) -> Told:
    """OpenStreetMap's `height` (to the ridge) or `building:levels`; CityJSON's `measuredheight`."""
    for name in ("height", "measuredheight", "building:height"):
        if (height_m := number(fields, name)) is not None:
            return Told(None, None, height_m)
    levels = number(fields, "building:levels")
    if levels is None:
        return Told(None, None, None)
    in_roof = number(fields, "roof:levels") or 0.0
    return Told(None, None, (levels + in_roof) * LEVEL_M, to_gutter=True)


def standing(told: Told, footprint: Polygon, ground: GroundRange | None) -> Standing:
    """Where the building stands for the masks. Raises HeightRefused for numbers that cannot be true."""
    _require_plausible(told)
    height_m, roof_added = _height(told, footprint)
    if told.ground_m is not None:
        return Standing(told.ground_m, height_m, True, height_m is not None, roof_added)
    if ground is not None:
        top_m = told.roof_m if told.roof_m is not None else None if height_m is None else ground.high_m + height_m
        above_m = None if top_m is None else max(top_m - ground.low_m, 0.0)
        return Standing(ground.low_m, above_m or None, True, bool(above_m), roof_added)
    top_m = told.roof_m if told.roof_m is not None else TOP_UNKNOWN_M
    known = told.roof_m is not None or height_m is not None
    return Standing(GROUND_UNKNOWN_M, top_m - GROUND_UNKNOWN_M, False, known, roof_added)


def _height(told: Told, footprint: Polygon) -> tuple[float | None, bool]:
    """Above the ground, and whether a roof was added. A height of 0 is no height: nobody measured it."""
    if told.ground_m is not None and told.roof_m is not None:
        height_m = max(told.roof_m - told.ground_m, told.height_m or 0.0)
        return (height_m, False) if height_m > 0 else (None, False)
    if not told.height_m:
        return None, False
    return (told.height_m + _roof_rise_m(footprint), True) if told.to_gutter else (told.height_m, False)


def _roof_rise_m(footprint: Polygon) -> float:
    box = minimum_rotated_rectangle(footprint)
    corners = list(box.exterior.coords) if isinstance(box, Polygon) else []
    if len(corners) < 4:
        return GUTTER_TO_RIDGE_MAX_M
    sides = [
        ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5
        for (ax, ay, *_), (bx, by, *_) in zip(corners[:2], corners[1:3], strict=True)
    ]
    return float(min(min(sides) / 2 * GUTTER_TO_RIDGE_SLOPE, GUTTER_TO_RIDGE_MAX_M))


def _require_plausible(told: Told) -> None:
    if told.height_m is not None and not 0 <= told.height_m <= HEIGHT_MAX_M:
        raise HeightRefused(
            Words(
                f"hauteur de {told.height_m:g} m, hors de 0 à {HEIGHT_MAX_M:g} m",
                f"height of {told.height_m:g} m, outside 0 to {HEIGHT_MAX_M:g} m",
            )
        )
    for altitude_m in (told.ground_m, told.roof_m):
        if altitude_m is not None and not (isfinite(altitude_m) and ALTITUDE_MIN_M <= altitude_m <= ALTITUDE_MAX_M):
            raise HeightRefused(
                Words(
                    f"altitude de {altitude_m:g} m, hors de {ALTITUDE_MIN_M:g} à {ALTITUDE_MAX_M:g} m",
                    f"altitude of {altitude_m:g} m, outside {ALTITUDE_MIN_M:g} to {ALTITUDE_MAX_M:g} m",
                )
            )
    if told.ground_m is not None and told.roof_m is not None:
        rise_m = told.roof_m - told.ground_m
        if not 0 <= rise_m <= HEIGHT_MAX_M:
            raise HeightRefused(
                Words(
                    f"toit à {rise_m:g} m du sol, hors de 0 à {HEIGHT_MAX_M:g} m",
                    f"roof at {rise_m:g} m above the ground, outside 0 to {HEIGHT_MAX_M:g} m",
                )
            )
