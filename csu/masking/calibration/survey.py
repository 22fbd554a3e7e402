"""What a person measured of one camera: points of its picture matched with the map, and what else is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

POINTS_MIN = 6
"""Fewer are refused: measured, 4 points leave 56 to 118 px of error on facades (notes on vision, 7)."""
POINTS_WANTED = 8
POINTS_MAX = 500
VIEW_POINTS_MIN = 3
"""In each view beside the first: its focal length and its lens are its own, the place and the mount are shared."""
VIEWS_MAX = 30


@dataclass(frozen=True, slots=True)
class MatchedPoint:
    """A point of the picture (pixels, (0, 0) the middle of the first) and the same point of the world."""

    name: str
    u_px: float
    v_px: float
    x_m: float
    y_m: float
    z_m: float
    map_error_m: float
    """One standard deviation, each axis."""
    view: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """Where the mount said it looked, and its zoom position in [0, 1]. A fixed camera has one, of zeroes."""

    pan_deg: float = 0.0
    tilt_deg: float = 0.0
    zoom: float = 0.0


@dataclass(frozen=True, slots=True)
class Priors:
    """What is known before the points, each with one standard deviation."""

    x_m: float
    y_m: float
    z_m: float
    place_sigma_m: float = 0.5
    roll_sigma_deg: float = 5.0
    """Masts and mounts are put up with a level."""
    k1: float = -0.1
    k1_sigma: float = 0.15
    """Wide-angle lenses have -0.1 to -0.3, long ones none."""
    reading_sigma_deg: float = 0.05
    """Of a mount's readings. Unused by a fixed camera."""


@dataclass(frozen=True)
class Survey:
    """All that is known of one camera. `ptz`: the views are readings of a mount."""

    camera: str
    width_px: int
    height_px: int
    points: tuple[MatchedPoint, ...]
    priors: Priors
    views: tuple[View, ...] = (View(),)
    click_error_px: float = 2.0
    ptz: bool = False

    def without(self, point: int) -> Survey:
        """The same, one point left out."""
        return replace(self, points=self.points[:point] + self.points[point + 1 :])

    @cached_property
    def zooms(self) -> tuple[float, ...]:
        """The zoom positions, ascending: each has a focal length and a k1 of its own."""
        return tuple(sorted({view.zoom for view in self.views}))

    @cached_property
    def zoom_of_view(self) -> tuple[int, ...]:
        """For every view, the place of its zoom in `zooms`."""
        return tuple(self.zooms.index(view.zoom) for view in self.views)

    @cached_property
    def clicked_px(self) -> NDArray[np.float64]:
        """(n, 2), from the middle of the picture."""
        middle = np.array([(self.width_px - 1) / 2, (self.height_px - 1) / 2])
        clicked = np.array([(point.u_px, point.v_px) for point in self.points], np.float64)
        return np.asarray(clicked - middle, np.float64)

    @cached_property
    def places_m(self) -> NDArray[np.float64]:
        """(n, 3)."""
        return np.array([(point.x_m, point.y_m, point.z_m) for point in self.points])

    @cached_property
    def view_of_point(self) -> NDArray[np.intp]:
        return np.array([point.view for point in self.points], np.intp)

    @cached_property
    def distance_m(self) -> NDArray[np.float64]:
        """(n,), from where the camera is believed to be; 1 m at least."""
        prior = np.array([self.priors.x_m, self.priors.y_m, self.priors.z_m])
        return np.asarray(np.maximum(np.linalg.norm(self.places_m - prior, axis=1), 1.0), np.float64)
