"""Things with edges: faces in metres, turned and put somewhere, lit by the sun's side, nearest drawn last."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import cos, pi, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.painting import Canvas, Drawn, ground_blot
from csu.detection.evaluation.scenes.view import View

Colour = tuple[float, float, float]
Points = NDArray[np.float64]
_TYRE: Colour = (28, 28, 30)


@dataclass(frozen=True)
class Faces:
    """All faces of a solid. `points` (n, 3); `first` (f + 1,): where each face's points begin; `normals` (f, 3)."""

    points: Points
    first: tuple[int, ...]
    normals: Points
    colours: tuple[Colour, ...]
    ranks: tuple[int, ...]


@dataclass
class Solid:
    """Faces in its own metres: x forward, y left, z up. `faces`: points (n, 3), colour, rank; higher ranks lie over."""

    faces: list[tuple[Points, Colour, int]] = field(default_factory=list)

    @cached_property
    def packed(self) -> Faces:
        """As arrays; no face may be added afterwards."""
        sizes = [len(points) for points, _, _ in self.faces]
        normals = np.array([np.cross(points[1] - points[0], points[2] - points[1]) for points, _, _ in self.faces])
        return Faces(
            np.concatenate([points for points, _, _ in self.faces]),
            (0, *np.cumsum(sizes).tolist()),
            normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9),
            tuple(colour for _, colour, _ in self.faces),
            tuple(rank for _, _, rank in self.faces),
        )

    def face(self, points: list[tuple[float, float, float]], colour: Colour, rank: int = 0) -> None:
        self.faces.append((np.array(points, np.float64), colour, rank))

    def extrude(self, profile: list[tuple[float, float]], half_m: float, colour: Colour, top_in_m: float = 0.0) -> None:
        """A side view (x, z), clockwise from its rear foot, made `2 * half_m` wide; at its top `top_in_m` narrower."""
        low, high = min(z for _, z in profile), max(z for _, z in profile)

        def half(z: float) -> float:
            return half_m - top_in_m * (z - low) / max(high - low, 1e-6)

        self.face([(x, half(z), z) for x, z in profile], colour)
        self.face([(x, -half(z), z) for x, z in reversed(profile)], colour)
        for (x0, z0), (x1, z1) in zip(profile, profile[1:] + profile[:1], strict=True):
            self.face([(x0, half(z0), z0), (x0, -half(z0), z0), (x1, -half(z1), z1), (x1, half(z1), z1)], colour)

    def box(self, low: tuple[float, float, float], high: tuple[float, float, float], colour: Colour) -> None:
        (x0, y0, z0), (x1, y1, z1) = low, high
        middle, half = (y0 + y1) / 2, (y1 - y0) / 2
        side = [(x0, z0), (x0, z1), (x1, z1), (x1, z0)]
        first = len(self.faces)
        self.extrude(side, half, colour)
        for points, _, _ in self.faces[first:]:
            points[:, 1] += middle

    def on_sides(self, corners: list[tuple[float, float]], half_m: float, colour: Colour) -> None:
        """The same patch (x, z) on both flanks."""
        self.face([(x, half_m, z) for x, z in corners], colour, 1)
        self.face([(x, -half_m, z) for x, z in reversed(corners)], colour, 1)

    def wheels(self, places: tuple[float, ...], half_m: float, radius_m: float) -> None:
        for x in places:
            for r, tone in ((radius_m, _TYRE), (radius_m * 0.55, (130.0, 130.0, 132.0))):
                ring = [(x + r * cos(a), radius_m + r * sin(a)) for a in (2 * pi * n / 12 for n in range(12))]
                ring.reverse()
                self.on_sides(ring, half_m, tone)


def put(solid: Solid, spot: tuple[float, float], heading_deg: float, lift_m: float = 0.0) -> Faces:
    """The faces in the site's metres, its front looking to `heading_deg` (clockwise from north)."""
    turn = radians(90 - heading_deg)
    rotation = np.array([[cos(turn), sin(turn), 0.0], [-sin(turn), cos(turn), 0.0], [0.0, 0.0, 1.0]])
    faces = solid.packed
    points = faces.points @ rotation + np.array([spot[0], spot[1], lift_m])
    return Faces(points, faces.first, faces.normals @ rotation, faces.colours, faces.ranks)


def blot_hull(canvas: Canvas, view: View, points_m: Points, share: float) -> None:
    """A shadow on the ground: the hull of those places."""
    shown, depth = view.seen(points_m)
    if depth.min() > 0.5:
        ground_blot(canvas, np.asarray(cv2.convexHull(shown.astype(np.float32))[:, 0], np.float64), share)


def draw(canvas: Canvas, number: int, view: View, faces: Faces, light: float, sun: tuple[float, float]) -> Drawn | None:
    """Draws faces that look at the camera, far ones first. `sun`: unit vector towards it on the ground."""
    shown, depth = view.seen(faces.points)
    low, high = shown.min(axis=0), shown.max(axis=0)
    if depth.min() < 0.5 or high.min() < 0 or low[0] > view.width_px or low[1] > view.height_px:
        return None
    fixed = np.clip(shown * 16, -4e5, 4e5).astype(np.int32)
    starts = np.array(faces.first[:-1])
    facing = ((view.eye - faces.points[starts]) * faces.normals).sum(axis=1)
    towards = np.maximum(faces.normals[:, 0] * sun[0] + faces.normals[:, 1] * sun[1], 0.0)
    shade = (0.72 + 0.26 * towards + 0.3 * np.maximum(faces.normals[:, 2], 0.0)) * light
    far = np.add.reduceat(depth, starts) / np.diff(faces.first)
    visible = np.flatnonzero(facing > 0).tolist()  # faces wind counter-clockwise as seen from outside
    for n in sorted(visible, key=lambda face: (faces.ranks[face], -far[face])):
        tone = tuple(min(255.0, level * float(shade[n])) for level in faces.colours[n])
        cv2.fillConvexPoly(canvas.bgr, fixed[faces.first[n] : faces.first[n + 1]], tone, cv2.LINE_AA, 4)
    cv2.fillConvexPoly(canvas.ids, cv2.convexHull(fixed), float(number), cv2.LINE_8, 4)
    box = (float(low[0]), float(low[1]), float(high[0]) + 1, float(high[1]) + 1)
    whole = float(cv2.contourArea(cv2.convexHull(shown.astype(np.float32))))
    left, top = max(int(box[0]), 0), max(int(box[1]), 0)
    part = canvas.ids[top : max(int(box[3]) + 1, 0), left : max(int(box[2]) + 1, 0)]
    return Drawn(number, box, int(np.count_nonzero(part == number)), max(1.0, whole * 0.9))
