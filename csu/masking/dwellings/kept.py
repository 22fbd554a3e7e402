"""The buildings of a commune on disk: two lines of JSON, the first with the SHA-256 of the second.

A file whose sum does not fit is refused whole: half a list of dwellings is a mask with holes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely

from csu.hal.place import Building
from csu.hal.words import Words
from csu.masking.dwellings.frame import LocalFrame
from csu.masking.dwellings.refusal import DwellingsRefused

FORMAT = "csu.buildings/1"


@dataclass(frozen=True)
class Dwellings:
    """All buildings of one commune as the masks see them, with where they come from."""

    commune: str
    source: str
    """File name of the map."""
    source_sha256: str
    imported_at: str
    """ISO 8601, UTC."""
    frame: LocalFrame
    buildings: tuple[Building, ...]

    def near(self, x_m: float, y_m: float, reach_m: float) -> tuple[Building, ...]:
        """The buildings that come within `reach_m` of a place, in their own order. Raises ValueError for no number."""
        if not np.isfinite([x_m, y_m, reach_m]).all() or reach_m < 0:
            raise ValueError("a place and a reach are finite numbers")
        found = self._tree.query(shapely.Point(x_m, y_m), predicate="dwithin", distance=reach_m)
        return tuple(self.buildings[at] for at in sorted(found.tolist()))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree([shapely.Polygon(building.footprint_m) for building in self.buildings])


def save_buildings(dwellings: Dwellings, path: Path) -> None:
    """Write to `path` at once or not at all. Raises DwellingsRefused when the disk refuses."""
    body = json.dumps(_as_json(dwellings), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    head = _head_of(body)
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(head + b"\n" + body + b"\n")
        partial.replace(path)
    except OSError as error:
        raise DwellingsRefused(
            Words(f"ne peut être écrit : {error.strerror}", f"cannot be written: {error.strerror}"),
            where=str(path),
            what_to_do=Words("Donnez un autre fichier à --out", "Give another file to --out"),
        ) from error


def load_buildings(path: Path) -> Dwellings:
    """Read what `save_buildings` wrote, exactly. Raises DwellingsRefused for a file that is absent, cut or changed."""
    try:
        head, body, rest = path.read_bytes().split(b"\n", 2)
    except OSError as error:
        raise _refused(path, Words.same(error.strerror or str(error))) from error
    except ValueError as error:
        raise _refused(path, Words("fichier tronqué", "file cut short")) from error
    try:
        if rest or head != _head_of(body):
            raise _refused(path, Words("le fichier a été modifié ou tronqué", "the file was changed or cut short"))
        return _from_json(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise _refused(path, Words("le contenu n'est pas celui attendu", "the content is not as expected")) from error


def _head_of(body: bytes) -> bytes:
    """The first line, to the byte: a space more or less is a change."""
    return json.dumps({"format": FORMAT, "sha256": hashlib.sha256(body).hexdigest()}).encode()


def _as_json(dwellings: Dwellings) -> dict[str, object]:
    frame = dwellings.frame
    return {
        "commune": dwellings.commune,
        "source": dwellings.source,
        "source_sha256": dwellings.source_sha256,
        "imported_at": dwellings.imported_at,
        "frame": {"lon_deg": frame.lon_deg, "lat_deg": frame.lat_deg, "projection": frame.projection},
        "buildings": [
            [each.building, each.ground_m, each.height_m, each.dwelling, each.footprint_m]
            for each in dwellings.buildings
        ],
    }


def _from_json(body: Mapping[str, object]) -> Dwellings:
    frame, buildings = body["frame"], body["buildings"]
    if not isinstance(frame, dict) or not isinstance(buildings, list):
        raise TypeError("frame and buildings")
    return Dwellings(
        str(body["commune"]),
        str(body["source"]),
        str(body["source_sha256"]),
        str(body["imported_at"]),
        LocalFrame(frame["lon_deg"], frame["lat_deg"]),
        tuple(
            Building(name, tuple((x, y) for x, y in ring), ground_m, height_m, dwelling)
            for name, ground_m, height_m, dwelling, ring in buildings
        ),
    )


def _refused(path: Path, what: Words) -> DwellingsRefused:
    return DwellingsRefused(
        what,
        where=str(path),
        what_to_do=Words("Importez de nouveau : csu masks import", "Import again: csu masks import"),
    )
