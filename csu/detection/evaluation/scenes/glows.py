"""What shines by itself: flames and smoke, and what is taken for them."""

from __future__ import annotations

from csu.detection.evaluation.scenes.actors import Light, Placed, Vehicle
from csu.detection.evaluation.scenes.clip import Daylight
from csu.detection.evaluation.scenes.painting import Canvas
from csu.detection.evaluation.scenes.view import View


def vehicle_lights(canvas: Canvas, view: View, vehicle: Vehicle, placed: Placed, light: Daylight, t_s: float) -> None:
    """Head and rear lamps at night, a beacon at any time."""


def shine(canvas: Canvas, view: View, light: Light, t_s: float) -> None:
    """One light at that instant."""
