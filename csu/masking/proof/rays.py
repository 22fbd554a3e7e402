"""The truth, by casting rays: what each pixel of a camera really sees, whatever anybody was told.

Written apart from the rest of csu.masking: another rotation, an inverted lens, no projection, no polygon. All it has
in common with the masks is the ports' definitions, so that no mistake is made twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import PictureZone, Pose

Floats = NDArray[np.float64]
Labels = NDArray[np.uint8]

_RAYS_AT_ONCE = 256
"""Rays times faces of one pass stay within a processor's cache."""


class Label(IntEnum):
    """What a pixel sees."""

    SKY = 0
    GROUND = 1
    OTHER = 2
    """A building that is no dwelling, a wall, a kiosk."""
    LOW = 3
    """A dwelling, below the height of the doctrine."""
    DWELLING = 4
    """A dwelling's facade, roof or balcony above that height: must be hidden."""
    ZONE = 5
    """An interior or entrance that a person drew: must be hidden."""


FORBIDDEN = (Label.DWELLING, Label.ZONE)


@dataclass(frozen=True)
class Faces:
    """Parallelograms: `corner` + a * `along` + b * `across`, a and b in [0, 1]. Metres, shapes (n, 3).

    `label` (n,): what a pixel sees there. `line_m` (n,): where a face of a dwelling stands above it, it is forbidden.
    """

    corner: Floats
    along: Floats
    across: Floats
    label: Labels
    line_m: Floats

    @staticmethod
    def of(parts: Sequence[tuple[Sequence[float], Sequence[float], Sequence[float], Label, float]]) -> Faces:
        """From (corner, along, across, label, line) tuples."""
        corners, alongs, acrosses, labels, lines = zip(*parts, strict=True)
        return Faces(
            np.array(corners, np.float64),
            np.array(alongs, np.float64),
            np.array(acrosses, np.float64),
            np.array(labels, np.uint8),
            np.array(lines, np.float64),
        )


@dataclass(frozen=True)
class World:
    """What truly stands around a camera. `ground`: (a, b, c) of the plane z = a * x + b * y + c."""

    faces: Faces
    ground: tuple[float, float, float]
    picture_zones: tuple[PictureZone, ...] = ()


def directions(pose: Pose, columns_px: Floats, rows_px: Floats, width_px: int, height_px: int) -> Floats:
    """World directions (n, 3), not normalised, of the pixels (columns_px, rows_px), each (n,)."""
    right = (columns_px - (width_px - 1) / 2) / pose.focal_px
    up = ((height_px - 1) / 2 - rows_px) / pose.focal_px
    stretch = _undistorted_share(np.hypot(right, up), pose.k1)
    return np.stack([right * stretch, np.ones_like(right), up * stretch], axis=1) @ _world_from_camera(pose).T


def turned(pose: Pose, axis: tuple[float, float, float], angle_deg: float) -> Pose:
    """`pose` with its camera turned by `angle_deg` about `axis` (a unit vector in the world)."""
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(angle_deg)
    rotation = np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    right, forward, _ = (rotation @ _world_from_camera(pose)).T
    pan = np.arctan2(forward[0], forward[1])
    level = np.array([np.cos(pan), -np.sin(pan), 0.0])
    roll = np.arctan2(-(right @ np.cross(level, forward)), right @ level)
    tilt = np.arcsin(np.clip(forward[2], -1, 1))
    return replace(
        pose, pan_deg=float(np.degrees(pan)), tilt_deg=float(np.degrees(tilt)), roll_deg=float(np.degrees(roll))
    )


def look(world: World, pose: Pose, columns_px: Floats, rows_px: Floats, width_px: int, height_px: int) -> Labels:
    """What the pixels (columns_px, rows_px), each (n,), see from `pose`: Label numbers, (n,). Nearest wins."""
    rays = directions(pose, columns_px, rows_px, width_px, height_px)
    eye = np.array([pose.x_m, pose.y_m, pose.z_m])
    faces = _ahead(world.faces, eye, rays)
    labels = np.concatenate(
        [_look(world, faces, eye, rays[first : first + _RAYS_AT_ONCE]) for first in range(0, len(rays), _RAYS_AT_ONCE)]
    )
    for zone in world.picture_zones:
        labels[_behind(zone, rays)] = Label.ZONE
    return labels


def _undistorted_share(shown: Floats, k1: float) -> Floats:
    """What a distorted radius (in focal lengths) is multiplied by to undo r -> r * (1 + k1 * r^2). NaN: no such ray."""
    radius = shown.copy()
    for _ in range(40):  # Newton from outside the root for k1 > 0, from inside for k1 < 0: it does not leave its side
        slope = 1 + 3 * k1 * radius**2
        radius = radius - (radius * (1 + k1 * radius**2) - shown) / np.where(np.abs(slope) < 1e-9, 1e-9, slope)
    true = np.abs(radius * (1 + k1 * radius**2) - shown) < 1e-9
    if k1 < 0:
        true &= radius < 1 / np.sqrt(-3 * k1)
    share = np.where(shown > 1e-12, radius / np.maximum(shown, 1e-12), 1.0)
    return np.asarray(np.where(true, share, np.nan), np.float64)


def _world_from_camera(pose: Pose) -> Floats:
    """Camera axes: x right, y forward, z up. Roll about y, then tilt about x, then pan about z."""
    pan, tilt, roll = np.radians([-pose.pan_deg, pose.tilt_deg, pose.roll_deg])
    about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_z = np.array([[np.cos(pan), -np.sin(pan), 0], [np.sin(pan), np.cos(pan), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y, np.float64)


def _ahead(faces: Faces, eye: Floats, rays: Floats) -> Faces:
    """The faces that some ray may meet: those whose bounding ball touches the cone around all rays."""
    unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    axis = np.nanmean(unit, axis=0)
    axis /= np.linalg.norm(axis)
    half_angle = np.arccos(np.clip(np.nanmin(unit @ axis), -1, 1))
    middle = faces.corner + (faces.along + faces.across) / 2 - eye
    reach = (np.linalg.norm(faces.along, axis=1) + np.linalg.norm(faces.across, axis=1)) / 2
    distance = np.linalg.norm(middle, axis=1)
    inside = distance <= reach
    away = np.arccos(np.clip(middle @ axis / np.maximum(distance, 1e-9), -1, 1))
    ball = np.arcsin(np.clip(reach / np.maximum(distance, 1e-9), 0, 1))
    kept = inside | (away <= half_angle + ball + 1e-6)
    return Faces(faces.corner[kept], faces.along[kept], faces.across[kept], faces.label[kept], faces.line_m[kept])


def _look(world: World, faces: Faces, eye: Floats, rays: Floats) -> Labels:
    a, b, c = world.ground
    with np.errstate(divide="ignore", invalid="ignore"):
        to_ground = (a * eye[0] + b * eye[1] + c - eye[2]) / (rays[:, 2] - a * rays[:, 0] - b * rays[:, 1])
    nearest = np.where(to_ground > 0, to_ground, np.inf)
    labels = np.where(to_ground > 0, Label.GROUND, Label.SKY).astype(np.uint8)
    if len(faces.label) == 0:
        return labels
    # eye + t * ray = corner + a * along + b * across, by Cramer's rule: all is linear in the ray.
    offset = faces.corner - eye
    normal = np.cross(faces.along, faces.across)
    down = rays @ normal.T
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1 / down
        share_along = (rays @ np.cross(faces.across, offset).T) * inverse
        share_across = (rays @ np.cross(offset, faces.along).T) * inverse
        distance = np.einsum("ij,ij->i", offset, normal) * inverse
    met = (share_along >= 0) & (share_along <= 1) & (share_across >= 0) & (share_across <= 1) & (distance > 1e-6)
    distance = np.where(met, distance, np.inf)
    first = distance.argmin(axis=1)
    distance = distance[np.arange(len(rays)), first]
    hit = distance < nearest
    altitude = eye[2] + np.where(hit, distance, 0) * rays[:, 2]
    seen = np.where(altitude > faces.line_m[first], np.uint8(Label.DWELLING), faces.label[first])
    return np.asarray(np.where(hit, seen, labels), np.uint8)


def _behind(zone: PictureZone, rays: Floats) -> NDArray[np.bool_]:
    """Which rays pass through a zone drawn on the picture of `zone.seen_from` (straight edges in that picture)."""
    width, height = zone.size_px
    seen = rays @ _world_from_camera(zone.seen_from)  # the inverse of a rotation is its transpose
    with np.errstate(divide="ignore", invalid="ignore"):
        right, up = seen[:, 0] / seen[:, 1], seen[:, 2] / seen[:, 1]
    square = right**2 + up**2
    k1, focal = zone.seen_from.k1, zone.seen_from.focal_px
    x = (width - 1) / 2 + right * (1 + k1 * square) * focal
    y = (height - 1) / 2 - up * (1 + k1 * square) * focal
    inside = np.zeros(len(rays), bool)
    corners = [(u * width - 0.5, v * height - 0.5) for u, v in zone.corners]  # [0, 1] spans pixels from edge to edge
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & ((bx - ax) * (y - ay) / (by - ay) + ax > x)
    lens_is_true = square < (np.inf if k1 >= 0 else -1 / (3 * k1))
    return np.asarray(inside & (seen[:, 1] > 0) & lens_is_true, np.bool_)
