"""Map files as IGN, OpenStreetMap and 3-D city models give them, written into a test's own directory."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

METZ_L93 = (931_500.0, 6_895_600.0)
"""Place d'Armes in Lambert-93, about."""


@pytest.fixture
def square() -> Callable[..., shapely.Polygon]:
    """A house of `side` metres, `east` and `north` metres from the middle of Metz, in Lambert-93."""

    def make(east: float = 0.0, north: float = 0.0, side: float = 10.0) -> shapely.Polygon:
        x, y = METZ_L93[0] + east, METZ_L93[1] + north
        return shapely.box(x, y, x + side, y + side)

    return make


@pytest.fixture
def bd_topo(tmp_path) -> Callable[..., Path]:
    """A GeoPackage in BD TOPO's layout. Each row: (geometry, fields over those of an ordinary house)."""

    def write(rows, *, crs: str | None = "EPSG:2154", layer: str = "batiment", name: str = "dwellings.gpkg") -> Path:
        ordinary = {
            "cleabs": "",
            "nature": "Indifférenciée",
            "usage_1": "Résidentiel",
            "usage_2": None,
            "nombre_de_logements": np.nan,
            "hauteur": 8.0,
            "altitude_minimale_sol": 170.0,
            "altitude_maximale_toit": 181.0,
        }
        fields = [ordinary | {"cleabs": f"BATIMENT{at:016d}"} | told for at, (_, told) in enumerate(rows)]
        columns = [
            np.array([row[field] for row in fields], float if isinstance(example, float) else object)
            for field, example in ordinary.items()
        ]
        path = tmp_path / name
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
            _write(path, rows, columns, list(ordinary), layer, crs)
        return path

    return write


def _write(path: Path, rows, columns, names: list[str], layer: str, crs: str | None) -> None:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array([geometry for geometry, _ in rows], object), output_dimension=3),
        columns,
        names,
        layer=layer,
        driver="GPKG",
        geometry_type="Unknown",
        crs=crs,
    )


@pytest.fixture
def geojson(tmp_path) -> Callable[..., Path]:
    """A GeoJSON. Each row: (geometry or its GeoJSON, properties)."""

    def write(rows, *, crs: str | None = None, name: str = "buildings.geojson") -> Path:
        def shape(geometry):
            return json.loads(shapely.to_geojson(geometry)) if isinstance(geometry, shapely.Geometry) else geometry

        features = [{"type": "Feature", "properties": told, "geometry": shape(geometry)} for geometry, told in rows]
        collection = {"type": "FeatureCollection", "features": features}
        if crs is not None:
            collection["crs"] = {"type": "name", "properties": {"name": crs}}
        path = tmp_path / name
        path.write_text(json.dumps(collection), encoding="utf-8")
        return path

    return write


@pytest.fixture
def cityjson(tmp_path) -> Callable[..., Path]:
    """CityJSON 2.0 with one house: a solid of 10 x 8 x 6 m on ground at 170 m, over a part that carries its shape."""

    def write(*, crs: str | None = "https://www.opengis.net/def/crs/EPSG/0/2154", **changes) -> Path:
        x, y = (round(value * 1000) for value in METZ_L93)
        corners = [(0, 0), (10_000, 0), (10_000, 8_000), (0, 8_000)]
        vertices = [[x + a, y + b, z] for z in (170_000, 176_000) for a, b in corners]
        shell = [[[0, 3, 2, 1]], [[4, 5, 6, 7]]] + [[[a, (a + 1) % 4, (a + 1) % 4 + 4, a + 4]] for a in range(4)]
        part = {
            "type": "BuildingPart",
            "parents": ["house"],
            "geometry": [{"type": "Solid", "lod": "1.2", "boundaries": [shell]}],
        }
        city = {
            "type": "CityJSON",
            "version": "2.0",
            "transform": {"scale": [0.001] * 3, "translate": [0, 0, 0]},
            "metadata": {"referenceSystem": crs} if crs else {},
            "CityObjects": {
                "house": {"type": "Building", "children": ["part"], "attributes": {"function": "Industriel"}},
                "part": part,
                "tree": {"type": "SolitaryVegetationObject"},
            },
            "vertices": vertices,
        }
        path = tmp_path / "city.json"
        path.write_text(json.dumps(city | changes), encoding="utf-8")
        return path

    return write
