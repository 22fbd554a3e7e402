"""The pinhole camera of the street: from world metres to pixels.

World: local ENU metres. Camera axes: x right, y down, z forward. Pixel centres have whole coordinates, the principal
point is ((width - 1) / 2, (height - 1) / 2). Written on its own, not shared with `csu.masking`: this is the truth that
the masks are judged against.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose

NEAR_M = 0.2
"""What is nearer than this to the lens is not drawn."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A pose made ready to project: `axes` rows are right, down and forward in world coordinates."""

    eye: NDArray[np.float64]
    axes: NDArray[np.float64]
    focal_px: float
    centre_px: tuple[float, float]
    size_px: tuple[int, int]

    def to_camera(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """World points (..., 3) in camera axes."""
        return np.asarray((points - self.eye) @ self.axes.T, np.float64)

    def to_pixels(self, seen: NDArray[np.float64]) -> NDArray[np.float64]:
        """Camera points (..., 3), all with z > 0, as pixels (..., 2)."""
        return np.asarray(seen[..., :2] / seen[..., 2:] * self.focal_px + np.array(self.centre_px), np.float64)


def lens_of(pose: Pose, width_px: int, height_px: int) -> Lens:
    """The lens at `pose` for a picture of this size."""
    pan, tilt, roll = radians(pose.pan_deg), radians(pose.tilt_deg), radians(pose.roll_deg)
    forward = np.array([sin(pan) * cos(tilt), cos(pan) * cos(tilt), sin(tilt)])
    right = np.array([cos(pan), -sin(pan), 0.0])
    down = np.cross(forward, right)
    turned_right = cos(roll) * right + sin(roll) * down
    turned_down = cos(roll) * down - sin(roll) * right
    return Lens(
        eye=np.array([pose.x_m, pose.y_m, pose.z_m]),
        axes=np.stack([turned_right, turned_down, forward]),
        focal_px=pose.focal_px,
        centre_px=((width_px - 1) / 2, (height_px - 1) / 2),
        size_px=(width_px, height_px),
    )


SHIFT = 4
"""Fractional bits of the coordinates given to OpenCV: sixteenths of a pixel."""
_FARTHEST_PX = float(1 << 20)


def fixed_point(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixels as OpenCV takes them with SHIFT."""
    return np.rint(np.clip(pixels, -_FARTHEST_PX, _FARTHEST_PX) * (1 << SHIFT)).astype(np.int32)


def project_quads(lens: Lens, quads: NDArray[np.float64]) -> tuple[list[NDArray[np.int32]], NDArray[np.intp]]:
    """World quads (n, 4, 3), cut at the near plane, as fixed-point polygons; and which quad each came from.

    Those that cannot touch the picture are left out; the order stays.
    """
    seen = lens.to_camera(quads)
    in_front = seen[..., 2] >= NEAR_M
    whole = np.asarray(in_front.all(axis=1), np.bool_)
    pixels = np.zeros((len(quads), 4, 2))
    pixels[whole] = lens.to_pixels(seen[whole])
    width, height = lens.size_px
    low, high = pixels.min(axis=1), pixels.max(axis=1)
    inside = (high[:, 0] >= 0) & (low[:, 0] < width) & (high[:, 1] >= 0) & (low[:, 1] < height)
    chosen = np.flatnonzero((whole & inside) | (in_front.any(axis=1) & ~whole))
    polygons = list(fixed_point(pixels[chosen]))
    for place in np.flatnonzero(~whole[chosen]):
        polygons[place] = fixed_point(lens.to_pixels(_cut_near(seen[chosen[place]])))
    return polygons, chosen


def _cut_near(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a camera-space polygon with z >= NEAR_M (Sutherland-Hodgman)."""
    kept = []
    for here, there in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if here[2] >= NEAR_M:
            kept.append(here)
        if (here[2] >= NEAR_M) != (there[2] >= NEAR_M):
            share = (NEAR_M - here[2]) / (there[2] - here[2])
            kept.append(here + share * (there - here))
    return np.array(kept)
