"""The picture a camera has of the street at an instant: the backdrop of its pose, and all that moves before it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.place import Pose
from sim.street.backdrop import Backdrop, BackdropPainter, Image, lamplight
from sim.street.i420 import I420
from sim.street.lens import NEAR_M, Lens, lens_of
from sim.street.movers import Mover, Person, VehicleBody, paint_behind, people_seen
from sim.street.order import Floats
from sim.street.scenery import scenery_of
from sim.street.vehicles import Traffic, body_of, footprint_of, placed, seen_from
from sim.street.walkers import Crowd

_DAY_S = 86_400
_FARTHEST_M = 120.0
"""Nobody recognises anything beyond, and every mover costs time."""


class StreetPainter:
    """Pictures of one camera. The same seed, pose and instant give the same picture. Used by one thread at a time."""

    def __init__(self, seed: int, width_px: int, height_px: int, *, night: bool = False, canary: bool = True) -> None:
        self._size_px = (width_px, height_px)
        self._night = night
        self._scenery = scenery_of(seed, night=night, canary=canary)
        self._painter = BackdropPainter(self._scenery, width_px, height_px, night=night)
        self._crowd = Crowd(self._scenery.street)
        self._traffic = Traffic(self._scenery.street)
        self._known: tuple[Pose, Backdrop, Lens] | None = None
        self._canvas: Image = np.empty((height_px, width_px, 3), np.uint8)

    def bgr(self, pose: Pose, at_ns: Nanoseconds) -> Image:
        """The picture as BGR, (height, width, 3); valid until the next call."""
        backdrop, lens = self._backdrop(pose)
        np.copyto(self._canvas, backdrop.image)
        t_s = (at_ns % (_DAY_S * NS_PER_S)) / NS_PER_S
        movers: list[Mover] = [*self._people(lens, t_s), *self._vehicles(lens, t_s)]
        for mover in movers:
            mover.cast_shadow(self._canvas, backdrop)
        movers.sort(key=lambda mover: -mover.depth_m)
        for mover in movers:
            paint_behind(self._canvas, backdrop, mover)
        return self._canvas

    def draw(self, pose: Pose, at_ns: Nanoseconds) -> I420:
        """The picture as 4:2:0 planes in one buffer (BT.601, limited range), the caller's to keep."""
        return cv2.cvtColor(self.bgr(pose, at_ns), cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)

    def _backdrop(self, pose: Pose) -> tuple[Backdrop, Lens]:
        if self._known is None or self._known[0] != pose:
            self._known = pose, self._painter.paint(pose), lens_of(pose, *self._size_px)
        return self._known[1], self._known[2]

    def _people(self, lens: Lens, t_s: float) -> list[Person]:
        state = self._crowd.at(t_s)
        rows = _in_view(lens, state.x_m, state.y_m, 1.0)
        seen = lens.to_camera(self._crowd.joints(state, rows))
        near_enough = seen[..., 2].min(axis=1, initial=np.inf) > NEAR_M
        rows, seen = rows[near_enough], seen[near_enough]
        places = np.stack([state.x_m[rows], state.y_m[rows], np.ones(len(rows))], axis=-1)
        colours = self._crowd.colours[rows]
        if self._night:
            colours = colours * lamplight(places, self._scenery.lanterns)[:, None, :]
        return people_seen(lens, seen, self._crowd.heights_m[rows], colours, places, self._hidden_by(lens, places))

    def _vehicles(self, lens: Lens, t_s: float) -> list[VehicleBody]:
        x, y, heading = self._traffic.at(t_s)
        rows = _in_view(lens, x, y, 3.5)
        places = np.stack([x[rows], y[rows], np.ones(len(rows))], axis=-1)
        lights, hidden_by = self._lights(places), self._hidden_by(lens, places)
        found = []
        for index, row in enumerate(rows):
            place, light, turn = places[index], lights[index], float(heading[row])
            vehicle = self._traffic.vehicles[row]
            body = body_of(vehicle.model, vehicle.paint)
            x_m, y_m = float(place[0]), float(place[1])
            shown = seen_from(body, lens.eye, x_m, y_m, turn)
            seen = lens.to_camera(placed(body.quads[shown], x_m, y_m, turn))
            if len(shown) == 0 or seen[..., 2].min() <= NEAR_M:
                continue
            shades = body.shades[shown] * light
            if self._night:
                shines = body.lights[shown, None] > 0
                shades = np.where(shines, np.minimum(body.shades[shown] * 1.2, 255), shades)
            ground = lens.to_camera(placed(footprint_of(vehicle.model), x_m, y_m, turn))
            found.append(VehicleBody(lens, seen, shades, ground, hidden_by[index]))
        return found

    def _hidden_by(self, lens: Lens, places: Floats) -> NDArray[np.uint8]:
        """(n, 256): which marks of the backdrop may stand before each of these places."""
        table = np.zeros((len(places), 256), np.uint8)
        found = self._scenery.hiding.of(places[:, :2], lens.eye[:2])
        table[:, 1 : found.shape[1] + 1] = found
        return table

    def _lights(self, places: Floats) -> Floats:
        if not self._night:
            return np.ones((len(places), 3))
        return lamplight(places, self._scenery.lanterns)


def _in_view(lens: Lens, x: Floats, y: Floats, reach_m: float) -> NDArray[np.intp]:
    """Rows of the things that may be in the picture, by their place on the ground."""
    seen = lens.to_camera(np.stack([x, y, np.full_like(x, 0.9)], axis=-1))
    depth = np.maximum(seen[:, 2], NEAR_M)
    half = lens.size_px[0] / 2 / lens.focal_px
    inside = np.abs(seen[:, 0]) <= depth * half + reach_m
    upright = np.abs(seen[:, 1]) <= depth * (lens.size_px[1] / 2 / lens.focal_px) + reach_m + 1.0
    return np.flatnonzero((seen[:, 2] > NEAR_M) & (seen[:, 2] < _FARTHEST_M) & inside & upright)
