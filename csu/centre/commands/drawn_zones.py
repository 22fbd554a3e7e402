"""Zones a person drew, from a JSON or YAML file: interiors and entrances, on the map or on a camera's picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from csu.governance import MaskSet
from csu.hal.errors import BadInput
from csu.hal.place import MapZone, PictureZone, Zone
from csu.hal.words import Words

CORNERS_MIN = 3
ZONES_MAX = 1_000
"""More zones than this are no drawing of a person."""

_STRICT = ConfigDict(extra="forbid")
_MAP = TypeAdapter(list[MapZone], config=_STRICT)
_PICTURE = TypeAdapter(list[PictureZone], config=_STRICT)


class ZonesUnusable(BadInput):
    """The file of zones cannot be read as such."""


def read_zones(path: Path, base: MaskSet) -> tuple[Zone, ...]:
    """The zones of a file: `zones:` with a list, or the list alone.

    A zone on the map has `zone`, `kind`, `ring_m`, `low_m`, `high_m`; one on the picture `zone`, `kind`, `corners`, and
    `seen_from` and `size_px` unless the camera is fixed: then they are those of `base`. Raises ZonesUnusable.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise _unusable(path, Words(f"illisible ({why})", f"not readable ({why})")) from error
    listed = found.get("zones") if isinstance(found, dict) and set(found) == {"zones"} else found
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed) or len(listed) > ZONES_MAX:
        raise _unusable(path, Words(f"pas une liste de 0 à {ZONES_MAX} zones", f"not a list of 0 to {ZONES_MAX} zones"))
    zones = tuple(_zone(each, base, path) for each in listed)
    names = [zone.zone for zone in zones]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        told = ", ".join(doubled)
        raise _unusable(path, Words(f"deux zones ont le même nom : {told}", f"two zones have one name: {told}"))
    return zones


def _zone(found: dict[str, Any], base: MaskSet, path: Path) -> Zone:
    name = str(found.get("zone", "?"))
    try:
        if "corners" not in found:
            return _usable_on_map(_MAP.validate_python([found])[0], path)
        if base.pose is not None and base.pose_size_px is not None and "seen_from" not in found:
            found = {**found, "seen_from": base.pose, "size_px": base.pose_size_px}
        return _usable_on_picture(_PICTURE.validate_python([found])[0], path)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:] if part != "MapZone") or "?"
        raise _unusable(
            path, Words(f"zone {name}, {field} : {first['msg']}", f"zone {name}, {field}: {first['msg']}")
        ) from error


def _usable_on_map(zone: MapZone, path: Path) -> MapZone:
    if len(zone.ring_m) < CORNERS_MIN or not zone.low_m < zone.high_m:
        raise _unusable(
            path,
            Words(
                f"zone {zone.zone} : il faut au moins 3 sommets, et low_m sous high_m",
                f"zone {zone.zone}: it takes at least 3 corners, and low_m below high_m",
            ),
        )
    return zone


def _usable_on_picture(zone: PictureZone, path: Path) -> PictureZone:
    inside = all(0.0 <= share <= 1.0 for corner in zone.corners for share in corner)
    if len(zone.corners) < CORNERS_MIN or not inside or min(zone.size_px) < 1:
        raise _unusable(
            path,
            Words(
                f"zone {zone.zone} : il faut au moins 3 sommets entre 0 et 1, et une taille d'image",
                f"zone {zone.zone}: it takes at least 3 corners from 0 to 1, and a picture size",
            ),
        )
    return zone


def _unusable(path: Path, why: Words) -> ZonesUnusable:
    return ZonesUnusable(
        why,
        where=str(path),
        what_to_do=Words(
            "Chaque zone : zone, kind (dwelling_interior, dwelling_entrance), ring_m + low_m + high_m ou corners",
            "Each zone: zone, kind (dwelling_interior, dwelling_entrance), ring_m + low_m + high_m or corners",
        ),
    )
