"""The report of a calibration as one HTML page: the picture with residuals, horizon and buildings, and the figures."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import jinja2
import numpy as np
from numpy.typing import NDArray

from csu.hal.errors import BadInput
from csu.hal.place import Building, Pose
from csu.hal.view_geometry import camera_axes, lens_limit
from csu.hal.words import Language, Words
from csu.masking.calibration.calibrate import Calibration
from csu.masking.calibration.projection import project

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARROW_TIMES = 5
"""Residuals are drawn this much longer than they are: 2 pixels cannot be seen in a picture of 1920."""
UNKNOWN_TOP_M = 30.0
"""Where the wireframe of a building of unknown height ends: it is a drawing, the mask has no end."""

Floats = NDArray[np.float64]


def read_picture(path: Path, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """A still of the camera, RGB. Raises BadInput when it is none, or of another size than the survey's."""
    found = cv2.imread(str(path)) if path.is_file() else None
    if found is None or found.shape[:2] != (height_px, width_px):
        raise BadInput(
            Words(f"pas une image de {width_px}x{height_px}", f"no picture of {width_px}x{height_px}"),
            where=path.name,
            what_to_do=Words("Donnez l'image où les points ont été cliqués", "Give the picture that was clicked on"),
        )
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), np.uint8)


def calibration_page(
    found: Calibration,
    language: Language,
    buildings: Iterable[Building] = (),
    picture: NDArray[np.uint8] | None = None,
) -> str:
    """The page, in one language, that needs nothing else. `picture`: laid under the first view."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.masking.calibration", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    around = tuple(buildings)
    views = [_view(found, view, around, picture if view == 0 else None) for view in range(len(found.fit.survey.views))]
    return environment.get_template("calibration.html.j2").render(
        found=found,
        model=found.model,
        residuals=residual_rows(found),
        language=language,
        times=ARROW_TIMES,
        say=lambda french, english: Words(french, english).in_language(language),
        views=[base64.b64encode(png).decode() for png in views],
    )


def residual_rows(found: Calibration) -> list[dict[str, Any]]:
    """One point a row, as plain values: what is left, what it should be, and what it would be without the point."""
    fit = found.fit
    return [
        {
            "name": point.name,
            "view": point.view,
            "distance_m": round(float(fit.survey.distance_m[at]), 1),
            "off_px": round(float(np.hypot(*fit.residual_px[at])), 1),
            "sigma_px": round(float(fit.sigma_px[at]), 1),
            "left_out_px": round(float(np.hypot(*fit.left_out_px[at])), 1),
            "left_out_sigmas": round(float(np.sqrt(max(fit.left_out_2[at], 0.0))), 1),
        }
        for at, point in enumerate(fit.survey.points)
    ]


def _view(found: Calibration, view: int, buildings: tuple[Building, ...], picture: NDArray[np.uint8] | None) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    survey = found.fit.survey
    pose = found.fit.pose(view)
    middle = np.array([(survey.width_px - 1) / 2, (survey.height_px - 1) / 2])
    figure = Figure(figsize=(12, 12 * survey.height_px / survey.width_px), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    if picture is not None:
        axes.imshow(picture)
    _lines(axes, [edge + middle for building in buildings for edge in _wireframe(pose, building)], "#0f766e", 0.9)
    _lines(axes, [line + middle for line in _horizon(pose)], "#2563eb", 1.5)
    these = survey.view_of_point == view
    clicked, off = survey.clicked_px[these] + middle, found.fit.residual_px[these] * ARROW_TIMES
    axes.quiver(
        clicked[:, 0],
        clicked[:, 1],
        off[:, 0],
        off[:, 1],
        angles="xy",
        scale_units="xy",
        scale=1,
        color="#dc2626",
        width=0.002,
    )
    axes.scatter(clicked[:, 0], clicked[:, 1], s=22, facecolors="none", edgecolors="#dc2626")
    for point, place in zip((each for each in survey.points if each.view == view), clicked, strict=True):
        axes.annotate(point.name, place, xytext=(6, 6), textcoords="offset points", fontsize=8, color="#7f1d1d")
    axes.set_xlim(-0.5, survey.width_px - 0.5)
    axes.set_ylim(survey.height_px - 0.5, -0.5)
    axes.set_aspect("equal")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=80)
    return drawn.getvalue()


def _lines(axes: Axes, lines: list[Floats], colour: str, width: float) -> None:
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(lines, colors=colour, linewidths=width))


def _horizon(pose: Pose) -> list[Floats]:
    pan = np.radians(pose.pan_deg + np.linspace(-80, 80, 81))
    far = np.stack([np.sin(pan), np.cos(pan), np.zeros_like(pan)], axis=1) * 1e6
    return _seen(pose, far + (pose.x_m, pose.y_m, pose.z_m))


def _wireframe(pose: Pose, building: Building) -> list[Floats]:
    ring = np.array(building.footprint_m)
    low = building.ground_m
    high = low + (UNKNOWN_TOP_M if building.height_m is None else building.height_m)
    if high - low > 10 * UNKNOWN_TOP_M:  # its ground is not known: there is nothing to draw truly
        return []
    lines = []
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        for z in (low, high):
            lines += _seen(pose, _along((*a, z), (*b, z)))
        lines += _seen(pose, _along((*a, low), (*a, high)))
    return lines


def _along(start: tuple[float, ...], end: tuple[float, ...]) -> Floats:
    """A straight edge in short pieces: a lens bends it."""
    return np.asarray(np.linspace(start, end, 9), np.float64)


def _seen(pose: Pose, line: Floats) -> list[Floats]:
    """The pieces of a line before the camera and within its lens, in pixels from the middle."""
    before = (line - np.array([pose.x_m, pose.y_m, pose.z_m])) @ camera_axes(pose).T
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = np.hypot(before[:, 0], before[:, 1]) / before[:, 2]
    shows = (before[:, 2] > 0.5) & (radius < min(lens_limit(pose.k1), 5.0))
    pixels = project(pose, line)
    return [pixels[at : at + 2] for at in range(len(line) - 1) if shows[at] and shows[at + 1]]
