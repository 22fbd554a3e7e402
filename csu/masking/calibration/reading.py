"""A survey as a person writes it: YAML or JSON, or a table in CSV with the rest on the command line.

    camera: cam-0042
    picture_px: [1920, 1080]
    position: {m: [12.0, -3.5, 178.0], sigma_m: 0.5}     # or {lon_lat_z: [6.1757, 49.1203, 178.0], sigma_m: 0.5}
    click_error_px: 2
    map_error_m: 0.2
    points:
      - {name: lamp, px: [812.5, 403], m: [31.2, 8.4, 178.6]}
      - {name: corner, px: [1210, 655], lon_lat_z: [6.1761, 49.1207, 171.0], map_error_m: 0.5}

A PTZ has `views` in place of `points`: each has `pan_deg`, `tilt_deg`, `zoom` as the mount reads them, and `points`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.masking.calibration.survey import MatchedPoint, Priors, Survey, View
from csu.masking.dwellings.frame import LocalFrame

BYTES_MAX = 1 << 20
_COLUMNS = {"name", "u_px", "v_px", "x_m", "y_m", "z_m", "lon", "lat", "map_error_m"}

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0, le=1_000)]
Triple = tuple[Finite, Finite, Finite]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Placed(_Strict):
    m: Triple | None = None
    lon_lat_z: Triple | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> _Placed:
        if (self.m is None) == (self.lon_lat_z is None):
            raise ValueError("m or lon_lat_z: one of them")
        return self


class _Position(_Placed):
    sigma_m: Positive = 0.5


class _Point(_Placed):
    name: str | int | None = None
    px: tuple[Finite, Finite]
    map_error_m: Positive | None = None


class _View(_Strict):
    pan_deg: Finite
    tilt_deg: Finite
    zoom: Annotated[float, Field(ge=0, le=1)]
    points: list[_Point]


class _Frame(_Strict):
    lon_deg: Finite
    lat_deg: Finite


class _File(_Strict):
    camera: Annotated[str, Field(min_length=1, max_length=100)]
    picture_px: tuple[Annotated[int, Field(ge=16, le=32_768)], Annotated[int, Field(ge=16, le=32_768)]]
    position: _Position
    click_error_px: Positive = 2.0
    map_error_m: Positive = 0.2
    reading_error_deg: Positive = 0.05
    roll_sigma_deg: Positive = 5.0
    frame: _Frame | None = None
    points: list[_Point] | None = None
    views: list[_View] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> _File:
        if (self.points is None) == (self.views is None):
            raise ValueError("points or views: one of them")
        return self


def read_survey(path: Path, frame: LocalFrame | None = None) -> Survey:
    """Read a YAML or JSON survey. `frame`: of the commune's buildings, for points in degrees. Raises BadInput."""
    try:
        told = yaml.safe_load(_text(path))
    except (yaml.YAMLError, RecursionError) as error:
        raise _refused(path, f"YAML : {error}".splitlines()[0]) from error
    return _survey(path, told, frame)


def read_table(path: Path, rest: dict[str, Any], frame: LocalFrame | None = None) -> Survey:
    """Read points from CSV (name, u_px, v_px, x_m, y_m, z_m or lon, lat, z_m, map_error_m); `rest`: as in YAML.

    Raises BadInput, with the line.
    """
    rows = list(csv.DictReader(io.StringIO(_text(path)), skipinitialspace=True))
    if strange := sorted({str(name) for row in rows for name in row} - _COLUMNS):
        raise _refused(path, ", ".join(strange))
    points = []
    for line, row in enumerate(rows, start=2):
        try:
            degrees = row.get("lon") not in (None, "")
            names = ("lon", "lat", "z_m") if degrees else ("x_m", "y_m", "z_m")
            point: dict[str, Any] = {
                "name": row.get("name") or f"#{line - 1}",
                "px": [float(row["u_px"]), float(row["v_px"])],
                "lon_lat_z" if degrees else "m": [float(row[name]) for name in names],
            }
            if row.get("map_error_m"):
                point["map_error_m"] = float(row["map_error_m"])
        except (KeyError, TypeError, ValueError) as error:
            raise _refused(path, f"ligne / line {line}: {error}") from error
        points.append(point)
    return _survey(path, {**rest, "points": points}, frame)


def _survey(path: Path, told: object, frame: LocalFrame | None) -> Survey:
    try:
        file = _File.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "."
        raise _refused(path, f"{place}: {first['msg']}") from error
    if file.frame is not None:
        own = LocalFrame(file.frame.lon_deg, file.frame.lat_deg)
        if frame is not None and own != frame:
            raise BadInput(
                Words("origine autre que celle des bâtiments", "origin other than that of the buildings"),
                where=path.name,
                what_to_do=Words("Gardez celle des bâtiments", "Keep that of the buildings"),
            )
        frame = own
    views = [View()] if file.views is None else [View(each.pan_deg, each.tilt_deg, each.zoom) for each in file.views]
    groups = [file.points or []] if file.views is None else [each.points for each in file.views]
    points = [
        _matched(path, point, at, view, file, frame)
        for view, group in enumerate(groups)
        for at, point in enumerate(group)
    ]
    _require_names_apart(path, points)
    x_m, y_m, z_m = _place(path, file.position, frame)
    priors = Priors(
        x_m,
        y_m,
        z_m,
        place_sigma_m=file.position.sigma_m,
        roll_sigma_deg=file.roll_sigma_deg,
        reading_sigma_deg=file.reading_error_deg,
    )
    return Survey(
        file.camera,
        *file.picture_px,
        tuple(points),
        priors,
        tuple(views),
        file.click_error_px,
        ptz=file.views is not None,
    )


def _matched(path: Path, point: _Point, at: int, view: int, file: _File, frame: LocalFrame | None) -> MatchedPoint:
    name = f"#{at + 1}" if point.name is None else str(point.name)
    if file.views is not None:
        name = f"{view + 1}/{name}"
    u, v = point.px
    if not (0 <= u <= file.picture_px[0] and 0 <= v <= file.picture_px[1]):
        raise _refused(path, f"{name}: ({u:g}, {v:g}) / {file.picture_px[0]}x{file.picture_px[1]} px")
    error_m = file.map_error_m if point.map_error_m is None else point.map_error_m
    return MatchedPoint(name, u, v, *_place(path, point, frame), error_m, view)


def _place(path: Path, placed: _Placed, frame: LocalFrame | None) -> Triple:
    if placed.m is not None:
        return placed.m
    assert placed.lon_lat_z is not None  # noqa: S101 - the model has let one of both through; for mypy
    lon, lat, z = placed.lon_lat_z
    if frame is None:
        raise BadInput(
            Words("des points en degrés, sans origine", "points in degrees, without an origin"),
            where=path.name,
            what_to_do=Words("Donnez --buildings, ou frame dans le fichier", "Give --buildings, or frame in the file"),
        )
    x, y = (float(value) for value in frame.to_local(np.array([[lon, lat]]))[0])
    if not isfinite(x) or not isfinite(y):
        raise _refused(path, f"{lon}, {lat}")
    return x, y, z


def _require_names_apart(path: Path, points: Sequence[MatchedPoint]) -> None:
    seen: set[str] = set()
    for point in points:
        if point.name in seen:
            raise _refused(path, f"name: {point.name} x 2")
        seen.add(point.name)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > BYTES_MAX:
            raise _refused(path, "> 1 Mio")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _refused(path, "UTF-8 ?") from error


def _refused(path: Path, why: str) -> BadInput:
    return BadInput(
        Words(f"relevé refusé : {why}", f"survey refused: {why}"),
        where=path.name,
        what_to_do=Words("Voyez csu camera calibrate --help", "See csu camera calibrate --help"),
    )
