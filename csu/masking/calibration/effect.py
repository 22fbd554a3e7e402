"""Bounds by their effect: the smallest that allow for every pixel where the true camera may show a point.

What a calibration does not know goes together: a camera a little further left that looks a little further right shows
the same picture. Bounds that hold each number by itself allow for all errors at once, several times what the points
leave possible, and hide the whole street (docs/decisions/0022). Here the bounds are shrunk as long as the margins that
covers take from them (`margins.reach_of`) still hold the true displacement, everywhere in the picture and at every
distance, with more standard deviations than the bounds of the numbers have.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose, PoseBounds
from csu.hal.view_geometry import bend, camera_axes, unbend
from csu.masking.calibration.model import ANGLE_FLOOR_DEG, FOCAL_FLOOR_SHARE, K1_FLOOR, POSITION_FLOOR_M
from csu.masking.calibration.projection import PAN, TILT, project
from csu.masking.calibration.solve import Fit
from csu.masking.margins import HalfStep, Reach, reach_of

EFFECT_SIGMAS = 3.5
"""Of the displacement of each pixel: one axis of one pixel in 2,000 (a Gaussian), before anything is rounded up."""
DEPTHS_M = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 100.0, 1_000.0)
COLUMNS, ROWS = 9, 7
_SHARES = np.linspace(0.1, 1.0, 19)
_STEP = 1e-5
_NAMES = ("x_m", "y_m", "z_m", "pan_deg", "tilt_deg", "roll_deg", "focal_px", "k1")

PANS_DEG = tuple(range(0, 360, 45))
TILTS_DEG = (0.0, -30.0, -60.0)

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


def bounds_by_effect(
    found: Fit, pose: Pose, zoom: int, strict: PoseBounds, widened: float, distance_m: float
) -> PoseBounds:
    """The bounds that make the smallest margins at `distance_m` and still allow for all; `strict` when none do.

    `pose`: at that zoom step of the survey. A PTZ's bounds are tried all around and from level to steep, because its
    errors go together differently in each direction.
    """
    survey = found.survey
    spread = _spread(found, zoom)
    poses = (
        [replace(pose, pan_deg=pan, tilt_deg=tilt) for pan in PANS_DEG for tilt in TILTS_DEG] if survey.ptz else [pose]
    )
    needs = [_needed(each, spread, EFFECT_SIGMAS * widened, survey.width_px, survey.height_px) for each in poses]
    best, best_px = strict, inf
    for place_share in _SHARES:
        for share in _SHARES:
            tried = _scaled(strict, float(share), float(place_share))
            margin_px = 0.0
            for each, needed in zip(poses, needs, strict=True):
                reach = reach_of(each, HalfStep(), tried, survey.width_px, survey.height_px)
                if reach is None or not _allows(reach, needed):
                    margin_px = inf
                    break
                margin_px = max(margin_px, max(reach.const_px) + pose.focal_px * max(reach.gap_m) / distance_m)
            if margin_px < best_px:
                best, best_px = tried, margin_px
            if margin_px < inf:
                break  # a larger share only adds
    return best


def _spread(found: Fit, zoom: int) -> Floats:
    """(8, 8): covariance of place, angles, log f and k1 at one zoom; a PTZ's next reading is wrong by itself."""
    unknowns = found.unknowns
    used = [*range(6), unknowns.log_focal.start + zoom, unknowns.k1.start + zoom]
    spread = found.covariance[np.ix_(used, used)].copy()
    if found.survey.ptz:
        spread[[PAN, TILT], [PAN, TILT]] += found.survey.priors.reading_sigma_deg**2
    return np.asarray(spread, np.float64)


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


def _needed(pose: Pose, covariance: Floats, sigmas: float, width_px: int, height_px: int) -> _Needed:
    u, v = np.meshgrid(np.linspace(-0.5, 0.5, COLUMNS) * width_px, np.linspace(-0.5, 0.5, ROWS) * height_px)
    rays = unbend(np.stack([u.ravel(), v.ravel()], axis=1) / pose.focal_px, pose.k1)
    flat = np.tile(rays, (len(DEPTHS_M), 1))
    depth = np.repeat(DEPTHS_M, len(rays))
    before = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) * depth[:, None]
    places = before @ camera_axes(pose) + np.array([pose.x_m, pose.y_m, pose.z_m])
    slopes = _slopes(pose, places)
    spread = slopes @ covariance @ slopes.transpose(0, 2, 1)
    back = np.linalg.inv(_lens_slopes(pose, flat))
    unbent = back @ spread @ back.transpose(0, 2, 1)
    return _Needed(
        depth,
        np.asarray(sigmas * _sigma(spread), np.float64),
        np.asarray(np.abs(flat) + sigmas * _sigma(unbent), np.float64),
    )


def _sigma(spread: Floats) -> Floats:
    return np.asarray(np.sqrt(np.diagonal(spread, axis1=1, axis2=2)), np.float64)


def _slopes(pose: Pose, places: Floats) -> Floats:
    """(n, 2, 8): how pixels move with place, angles, log f and k1."""
    columns = []
    for name, step in zip(_NAMES, (_STEP,) * 6 + (_STEP * pose.focal_px, _STEP), strict=True):
        ahead, behind = (
            project(replace(pose, **{name: getattr(pose, name) + sign * step}), places) for sign in (1, -1)
        )
        columns.append((ahead - behind) / (2 * _STEP))
    return np.stack(columns, axis=2)


def _lens_slopes(pose: Pose, flat: Floats) -> Floats:
    """(n, 2, 2): how pixels move with directions."""
    k1 = np.array(pose.k1)
    columns = [
        (bend(flat + step, k1) - bend(flat - step, k1)) * pose.focal_px / (2 * _STEP) for step in np.eye(2) * _STEP
    ]
    return np.stack(columns, axis=2)
