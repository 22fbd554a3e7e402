"""Whether anybody may live in a building, by what its file says of its use. Not known counts as a dwelling (PRV-1).

A use is "not a dwelling" only when the value says so of the whole building. Where homes are commonly found under that
value (a flat over a shop, a farmhouse), the file must also say that there is none: `nombre_de_logements` = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

from csu.hal.words import Words

Fields: TypeAlias = Mapping[str, object]
"""A feature's attributes by lower-case name. None and NaN are no value."""


@dataclass(frozen=True, slots=True)
class Use:
    """What one value says. `dwelling` as in `Building.dwelling`: None is not known, and masked."""

    told: str
    """The value as a person reads it in the report."""
    dwelling: bool | None
    why: Words


_HOME = Words("logement, dit la source", "a home, says the source")
_HOMES_COUNTED = Words("la source y compte des logements", "the source counts homes in it")
_SILENT = Words("usage absent : inconnu, donc masqué", "no use given: not known, so masked")
_SOURCE_UNSURE = Words("la source elle-même ne sait pas : masqué", "the source itself does not know: masked")
_STRANGE = Words("valeur inconnue, donc masquée", "value not known, so masked")
_ANNEX = Words(
    "garage ou véranda : attenant à un logement, ou habité", "garage or veranda: against a home, or lived in"
)
_MAYBE_FLATS = Words(
    "souvent des logements dedans ou dessus, et la source n'en donne pas le nombre",
    "homes are common in it or over it, and the source gives no count of them",
)
_NO_FLATS = Words("la source y compte zéro logement", "the source counts no home in it")
_NEVER = Words("personne n'y habite", "nobody lives in it")

# BD TOPO version 3, `batiment`: usage_1 and usage_2. True: a home; None: not known; False: none, or none if counted 0.
_IGN_NEEDS_COUNT = frozenset({"commercial et services", "agricole", "religieux"})
"""Flats over shops, hotels; farmhouses; presbyteries and convents: a dwelling unless the source counts no home."""
_IGN_NEVER = frozenset({"industriel", "sportif"})
_IGN_UNKNOWN = frozenset({"indifférencié", "indifferencie", "annexe"})
_IGN_NATURE_NEVER = frozenset(
    {
        "serre",
        "silo",
        "tribune",
        "monument",
        "arc de triomphe",
        "arène ou théâtre antique",
        "eglise",
        "église",
        "chapelle",
    }
)

# fmt: off
_OSM_HOME = frozenset(
    {
        "apartments", "barracks", "bungalow", "cabin", "detached", "dormitory", "farm", "ger", "hotel", "house",
        "houseboat", "residential", "semidetached_house", "static_caravan", "stilt_house", "terrace", "tree_house",
        "trullo",
    }
)
_OSM_NEVER = frozenset(
    {
        "barn", "bridge", "bunker", "carport", "cathedral", "chapel", "church", "cowshed", "digester", "grandstand",
        "greenhouse", "hangar", "industrial", "kiosk", "mosque", "parking", "pavilion", "riding_hall", "shrine",
        "silo", "slurry_tank", "sports_centre", "sports_hall", "stable", "stadium", "storage_tank", "sty",
        "synagogue", "temple", "transformer_tower", "warehouse", "water_tower",
    }
)
# fmt: on
"""Not here, so masked: yes, retail, commercial, office, school, garage(s), public, civic, hospital, fire_station..."""


def use_by_ign(fields: Fields) -> Use:
    """By `usage_1`, `usage_2`, `nature` and `nombre_de_logements` of BD TOPO: the most private of them counts."""
    first, second, nature = text(fields, "usage_1"), text(fields, "usage_2"), text(fields, "nature")
    homes = count(fields, "nombre_de_logements")
    values = [value for value in (first, second) if value]
    told = " + ".join(values) or "-"
    if any(value.casefold() == "résidentiel" for value in values):
        return Use(told, True, _HOME)
    if homes is not None and homes > 0:
        return Use(f"{told} (> 0)", True, _HOMES_COUNTED)
    if not values:
        return Use(told, None, _SILENT)
    folded = {value.casefold() for value in values}
    if folded & _IGN_UNKNOWN:
        return Use(told, None, _ANNEX if "annexe" in folded else _SOURCE_UNSURE)
    if not folded <= _IGN_NEEDS_COUNT | _IGN_NEVER:
        return Use(told, None, _STRANGE)
    if folded <= _IGN_NEVER or nature.casefold() in _IGN_NATURE_NEVER:
        return Use(told, False, _NEVER)
    return Use(f"{told} (0)", False, _NO_FLATS) if homes == 0 else Use(f"{told} (?)", None, _MAYBE_FLATS)


def use_by_osm(fields: Fields) -> Use:
    """By OpenStreetMap's `building`, `building:flats` and `residential`."""
    kind, flats = text(fields, "building"), count(fields, "building:flats")
    told = f"building={kind or '-'}"
    if flats is not None and flats > 0 or text(fields, "residential"):
        return Use(f"{told} + flats", True, _HOMES_COUNTED)
    if kind.casefold() in _OSM_HOME:
        return Use(told, True, _HOME)
    if kind.casefold() in _OSM_NEVER:
        return Use(told, False, _NEVER)
    return Use(told, None, _SILENT if kind in ("", "yes") else _STRANGE)


def use_by_name(fields: Fields) -> Use:
    """By `usage`, `use` or `function`, in IGN's words or OpenStreetMap's: CityJSON, and files of no known layout."""
    value = next((found for name in ("usage", "use", "function", "class") if (found := text(fields, name))), "")
    if not value:
        return Use("-", None, _SILENT)
    by_ign = use_by_ign({"usage_1": value, "nombre_de_logements": fields.get("nombre_de_logements")})
    return by_ign if by_ign.why is not _STRANGE else use_by_osm({"building": value})


def use_reader(names: frozenset[str]) -> tuple[str, Callable[[Fields], Use]]:
    """The layout that a file's field names speak of, and how its uses are read."""
    if names & {"usage_1", "cleabs"}:
        return "BD TOPO", use_by_ign
    if "building" in names:
        return "OpenStreetMap", use_by_osm
    return "?", use_by_name


def text(fields: Fields, name: str) -> str:
    """A field as trimmed text; empty when there is none."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def number(fields: Fields, name: str) -> float | None:
    """A field as a number; None when there is none, or none that can be read (`12 m` is 12, `40'` is not read).

    Infinity is a number: its reader refuses it.
    """
    value = fields.get(name)
    if isinstance(value, str):
        value = value.strip().removesuffix("m").strip().replace(",", ".")
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return None if found != found else found


def count(fields: Fields, name: str) -> int | None:
    """A field as a whole number from 0 up; None when it is not one."""
    found = number(fields, name)
    return int(found) if found is not None and isfinite(found) and found >= 0 and found == int(found) else None
