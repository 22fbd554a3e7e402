"""Bounds by their effect: the smallest that allow for every pixel where the true camera may show a point.

What a calibration does not know goes together: a camera a little further left that looks a little further right shows
the same picture. Bounds that hold each number by itself allow for all errors at once, several times what the points
leave possible, and hide the whole street (docs/decisions/0022). Here the bounds are shrunk as long as the margins that
covers take from them (`margins.reach_of`) still hold the true displacement, everywhere in the picture and at every
distance, with more standard deviations than the bounds of the numbers have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose, PoseBounds
from csu.masking.calibration.model import ANGLE_FLOOR_DEG, FOCAL_FLOOR_SHARE, K1_FLOOR, POSITION_FLOOR_M
from csu.masking.calibration.projection import project
from csu.masking.calibration.solve import Fit
from csu.masking.geometry import bend, camera_axes, unbend
from csu.masking.margins import HalfStep, Reach, reach_of

EFFECT_SIGMAS = 3.5
"""Of the displacement of each pixel: one axis of one pixel in 2,000 (a Gaussian), before anything is rounded up."""
DEPTHS_M = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 100.0, 1_000.0)
COLUMNS, ROWS = 9, 7
_SHARES = np.linspace(0.1, 1.0, 19)
_STEP = 1e-5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Needed:
    """For a grid of points before the camera: how far the truth may show from where the told pose shows them."""

    depth_m: Floats
    """(n,)."""
    off_px: Floats
    """(n, 2)."""
    seen_to: Floats
    """(n, 2): |x|, |y| over depth up to which something may truly show here."""


def bounds_by_effect(found: Fit, strict: PoseBounds, widened: float, distance_m: float) -> PoseBounds:
    """The bounds that make the smallest margins at `distance_m` and still allow for all; `strict` when none do.

    For a fixed camera. A PTZ needs them in every direction: it keeps the strict ones.
    """
    pose = found.pose()
    survey = found.survey
    needed = _needed(found, EFFECT_SIGMAS * widened)
    best, best_px = strict, float("inf")
    for place_share in _SHARES:
        for share in _SHARES:
            tried = _scaled(strict, float(share), float(place_share))
            reach = reach_of(pose, HalfStep(), tried, survey.width_px, survey.height_px)
            if reach is None or not _allows(reach, needed):
                continue
            margin_px = max(reach.const_px) + pose.focal_px * max(reach.gap_m) / distance_m
            if margin_px < best_px:
                best, best_px = tried, margin_px
            break  # a larger share only adds
    return best


def _scaled(strict: PoseBounds, share: float, place_share: float) -> PoseBounds:
    return PoseBounds(
        max(ANGLE_FLOOR_DEG, strict.angle_deg * share),
        max(POSITION_FLOOR_M, strict.position_m * place_share),
        max(FOCAL_FLOOR_SHARE, strict.focal_share * share),
        max(K1_FLOOR, strict.k1 * share),
    )


def _allows(reach: Reach, needed: _Needed) -> bool:
    const, slope, gap = np.array(reach.const_px), np.array(reach.slope), np.array(reach.gap_m)
    near = gap / needed.depth_m[:, None]
    drawn = (const + reach.focal_px * near >= needed.off_px).all()
    return bool(drawn and (slope + near >= needed.seen_to).all())


def _needed(found: Fit, sigmas: float) -> _Needed:
    survey, pose = found.survey, found.pose()
    u, v = np.meshgrid(
        np.linspace(-0.5, 0.5, COLUMNS) * survey.width_px, np.linspace(-0.5, 0.5, ROWS) * survey.height_px
    )
    rays = unbend(np.stack([u.ravel(), v.ravel()], axis=1) / pose.focal_px, pose.k1)
    flat = np.tile(rays, (len(DEPTHS_M), 1))
    depth = np.repeat(DEPTHS_M, len(rays))
    before = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) * depth[:, None]
    places = before @ camera_axes(pose) + np.array([pose.x_m, pose.y_m, pose.z_m])
    slopes = _slopes(found, places)
    spread = slopes @ found.covariance @ slopes.transpose(0, 2, 1)
    back = np.linalg.inv(_lens_slopes(pose, flat))
    unbent = back @ spread @ back.transpose(0, 2, 1)
    return _Needed(
        depth,
        np.asarray(sigmas * _sigma(spread), np.float64),
        np.asarray(np.abs(flat) + sigmas * _sigma(unbent), np.float64),
    )


def _sigma(spread: Floats) -> Floats:
    return np.asarray(np.sqrt(np.diagonal(spread, axis1=1, axis2=2)), np.float64)


def _slopes(found: Fit, places: Floats) -> Floats:
    """(n, 2, unknowns): how pixels move with the unknowns."""
    unknowns = found.unknowns
    columns = []
    for step in np.eye(len(found.theta)) * _STEP:
        ahead, behind = (project(unknowns.pose(found.theta + sign * step, 0), places) for sign in (1, -1))
        columns.append((ahead - behind) / (2 * _STEP))
    return np.stack(columns, axis=2)


def _lens_slopes(pose: Pose, flat: Floats) -> Floats:
    """(n, 2, 2): how pixels move with directions."""
    k1 = np.array(pose.k1)
    columns = [
        (bend(flat + step, k1) - bend(flat - step, k1)) * pose.focal_px / (2 * _STEP) for step in np.eye(2) * _STEP
    ]
    return np.stack(columns, axis=2)
