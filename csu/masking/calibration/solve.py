"""The fit: the camera that explains the matched points best, and how sure that is.

Weighted least squares with priors. A point's residual counts in its own standard deviations, click error and
f * map error / distance together: a near point with a bad map position says little. From 7 beginnings, each turned onto
the points in closed form, and with a loss that a wrong match cannot pull far (soft L1): without both, one fit in ten
ended in a wrong minimum (notes on vision, 7). Nothing here is drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import asin, atan2, degrees, exp, log

import numpy as np
from numpy.typing import NDArray

from csu.hal.place import Pose
from csu.hal.view_geometry import camera_axes, unbend
from csu.masking.calibration.projection import ANGLES, PLACE, ROLL, Unknowns
from csu.masking.calibration.survey import MatchedPoint, Survey

Floats = NDArray[np.float64]

_FOCALS_PER_WIDTH = np.geomspace(0.35, 40.0, 25)
"""From a fish eye's middle to the longest zoom lens sold for streets."""
_BEGINNINGS = (1.0, 0.8, 1.25, 0.6, 1.6, 0.45, 2.2)
"""Times the focal length that fits best in closed form."""
_WRONG_SIGMAS, _FINE_SIGMAS = 1.0, 3.0
"""Residuals beyond count linearly: at first nearly all, at last only what is wrong."""
_FIRST_STEPS, _FOLLOWED = 6, 2
"""Every beginning takes the first steps, the best two go on to the end."""
_STEPS_MAX = 60
_STEP = 1e-5
"""Of every unknown, for its derivatives: metres, degrees, logarithms."""


@dataclass(frozen=True)
class Fit:
    """One fitted camera. `theta` and `covariance` in the order of `Unknowns`; residuals shown minus clicked."""

    survey: Survey
    theta: Floats
    covariance: Floats
    """By the declared errors: not yet widened for residuals that are larger than these."""
    residual_px: Floats
    """(n, 2)."""
    sigma_px: Floats
    """(n,): what each residual should be."""
    chi2: float
    """Sum of squared residuals in their standard deviations, priors included."""
    freedom: int
    left_out_px: Floats
    """(n, 2): the residual each point would have, had it been left out of the fit (closed form)."""
    left_out_2: Floats
    """(n,): that residual squared, in its own standard deviations; about 2 when all is well."""

    @property
    def unknowns(self) -> Unknowns:
        return Unknowns(self.survey)

    def pose(self, view: int = 0) -> Pose:
        return self.unknowns.pose(self.theta, view)

    def prediction(self, point: MatchedPoint) -> tuple[float, float]:
        """For a point that the fit did not see: how far from its click it shows, and one standard deviation, in px."""
        survey = replace(self.survey, points=(point,))
        unknowns = Unknowns(survey)
        off = unknowns.project(self.theta)[0] - survey.clicked_px[0]
        steps = np.eye(len(self.theta)) * _STEP
        slopes = [unknowns.project(self.theta + step)[0] - unknowns.project(self.theta - step)[0] for step in steps]
        spread = np.stack(slopes, axis=1) / (2 * _STEP)
        own = _sigma_px(survey, np.array([self.pose(view).focal_px for view in range(len(survey.views))]))[0]
        variance = np.diag(spread @ self.covariance @ spread.T) + own * own
        return float(np.hypot(*off)), float(np.sqrt(variance.max()))

    def sigma(self, part: slice) -> Floats:
        """Standard deviations of some unknowns."""
        return np.asarray(np.sqrt(np.diag(self.covariance)[part]), np.float64)


def fit(survey: Survey) -> Fit:
    """The best of all beginnings. What the points do not tell stays as unsure as its prior."""
    rough = _rough_focals(survey)
    sigma_px = _sigma_px(survey, np.array([rough[zoom] for zoom in survey.zoom_of_view]))
    started = [
        _settle(survey, _begin(survey, rough * times), sigma_px, _WRONG_SIGMAS, _FIRST_STEPS) for times in _BEGINNINGS
    ]
    started.sort(key=lambda each: each[1])
    found = [_settle(survey, theta, sigma_px, _WRONG_SIGMAS, _STEPS_MAX) for theta, _ in started[:_FOLLOWED]]
    theta, _ = min(found, key=lambda each: each[1])
    return _refine(survey, theta)


def _refine(survey: Survey, theta: Floats) -> Fit:
    """Weights by the focal length that was found, then the fit again, twice; then how sure it is."""
    unknowns = Unknowns(survey)
    for _ in range(2):
        focal_px = np.exp(np.minimum(theta[unknowns.log_focal], 14.0))
        sigma_px = _sigma_px(survey, focal_px[list(survey.zoom_of_view)])
        theta, _ = _settle(survey, theta, sigma_px, _FINE_SIGMAS, _STEPS_MAX)
    return _told(survey, theta, sigma_px)


def _told(survey: Survey, theta: Floats, sigma_px: Floats) -> Fit:
    residual = _residuals(survey, theta, sigma_px)
    slopes = _slopes(survey, theta, sigma_px)
    covariance = _covariance(slopes)
    count = len(survey.points)
    rows = slopes[: 2 * count].reshape(count, 2, -1)
    held = np.eye(2) - rows @ covariance @ rows.transpose(0, 2, 1)
    own = residual[: 2 * count].reshape(count, 2)
    freed = np.linalg.solve(held + 1e-9 * np.eye(2), own[..., None])[..., 0]
    return Fit(
        survey,
        theta,
        np.asarray(covariance, np.float64),
        np.asarray(own * sigma_px[:, None], np.float64),
        sigma_px,
        float(residual @ residual),
        max(len(residual) - Unknowns(survey).count, 1),
        np.asarray(freed * sigma_px[:, None], np.float64),
        np.asarray((own * freed).sum(axis=1), np.float64),
    )


def _covariance(slopes: Floats) -> Floats:
    """The inverse of slopes^T slopes. A direction that nothing tells is as unsure as numbers can say: a pseudo-inverse
    would call it certain, whenever rounding falls that way."""
    known, directions = np.linalg.eigh(slopes.T @ slopes)
    least = known[-1] * len(known) * np.finfo(np.float64).eps
    return np.asarray((directions / np.maximum(known, least)) @ directions.T, np.float64)


def _residuals(survey: Survey, theta: Floats, sigma_px: Floats) -> Floats:
    """In standard deviations: 2 a point, then the priors."""
    unknowns, priors = Unknowns(survey), survey.priors
    points = (unknowns.project(theta) - survey.clicked_px) / sigma_px[:, None]
    return np.concatenate(
        [
            points.ravel(),
            (theta[PLACE] - (priors.x_m, priors.y_m, priors.z_m)) / priors.place_sigma_m,
            theta[ROLL : ROLL + 1] / priors.roll_sigma_deg,
            (theta[unknowns.k1] - priors.k1) / priors.k1_sigma,
            theta[unknowns.readings] / priors.reading_sigma_deg,
        ]
    )


def _slopes(survey: Survey, theta: Floats, sigma_px: Floats) -> Floats:
    """The residuals' derivatives by central differences."""
    columns = []
    for at in range(len(theta)):
        step = np.zeros(len(theta))
        step[at] = _STEP
        ahead, behind = (_residuals(survey, theta + sign * step, sigma_px) for sign in (1, -1))
        columns.append((ahead - behind) / (2 * _STEP))
    return np.stack(columns, axis=1)


def _settle(
    survey: Survey, theta: Floats, sigma_px: Floats, soft_sigmas: float, steps_max: int
) -> tuple[Floats, float]:
    """Downhill from `theta`: (where it ends, its cost)."""
    from scipy.optimize import least_squares  # a third of a second that no other command has to wait for

    data = 2 * len(survey.points)

    def loss(squared: Floats, /, *, cost_only: bool | None = None) -> Floats:
        rho = np.stack([squared, np.ones_like(squared), np.zeros_like(squared)])
        scale = soft_sigmas * soft_sigmas
        lean = 1 + squared[:data] / scale
        rho[:, :data] = 2 * scale * (np.sqrt(lean) - 1), lean**-0.5, -0.5 * lean**-1.5 / scale
        return rho

    def misfit(at: Floats, /) -> Floats:
        return _residuals(survey, at, sigma_px)

    found = least_squares(misfit, theta, x_scale="jac", loss=loss, max_nfev=steps_max, xtol=1e-6, ftol=1e-6)
    return np.asarray(found.x, np.float64), float(found.cost)


def _sigma_px(survey: Survey, focal_px_of_view: Floats) -> Floats:
    map_error_m = np.array([point.map_error_m for point in survey.points])
    focal_px = focal_px_of_view[survey.view_of_point]
    slope_2 = (survey.clicked_px**2).sum(axis=1) / focal_px**2
    # A flat picture stretches what is off its middle by 1 + slope^2 along the radius: without that, bounds were 20 %
    # too small on the points of a wide lens.
    by_map_px = focal_px * map_error_m / survey.distance_m * (1 + slope_2)
    return np.asarray(np.hypot(survey.click_error_px, by_map_px), np.float64)


def _rough_focals(survey: Survey) -> Floats:
    """For every zoom the focal length whose rays fit the points best once turned, the place taken as believed."""
    misfit = np.zeros((len(survey.zooms), len(_FOCALS_PER_WIDTH)))
    for view, zoom in enumerate(survey.zoom_of_view):
        for at, per_width in enumerate(_FOCALS_PER_WIDTH):
            misfit[zoom, at] += _turned_onto(survey, view, per_width * survey.width_px)[1]
    return np.asarray(_FOCALS_PER_WIDTH[misfit.argmin(axis=1)] * survey.width_px, np.float64)


def _begin(survey: Survey, focal_px: Floats) -> Floats:
    """A beginning: these focal lengths, the believed place, and the rotation of the view with most points."""
    unknowns, priors = Unknowns(survey), survey.priors
    view = int(np.bincount(survey.view_of_point, minlength=len(survey.views)).argmax())
    axes, _ = _turned_onto(survey, view, float(focal_px[survey.zoom_of_view[view]]))
    pan, tilt, roll = _angles_of(axes)
    theta = np.zeros(unknowns.count)
    theta[PLACE] = priors.x_m, priors.y_m, priors.z_m
    theta[ANGLES] = pan - survey.views[view].pan_deg, tilt - survey.views[view].tilt_deg, roll
    theta[unknowns.log_focal] = [log(max(each, exp(1.0))) for each in focal_px]
    theta[unknowns.k1] = priors.k1
    return theta


def _turned_onto(survey: Survey, view: int, focal_px: float) -> tuple[Floats, float]:
    """(3, 3) camera axes that turn the view's world directions onto its rays, and the misfit in px^2 (Kabsch)."""
    these = survey.view_of_point == view
    priors = survey.priors
    world = survey.places_m[these] - np.array([priors.x_m, priors.y_m, priors.z_m])
    world /= np.maximum(np.linalg.norm(world, axis=1, keepdims=True), 1e-9)
    flat = unbend(survey.clicked_px[these] / focal_px, priors.k1)
    rays = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    weight = survey.distance_m[these] / survey.distance_m[these].max()
    left, _, right = np.linalg.svd((rays * weight[:, None]).T @ world)
    axes = left @ np.diag([1.0, 1.0, float(np.sign(np.linalg.det(left @ right)))]) @ right
    misfit = weight[:, None] * (rays - world @ axes.T)
    return axes, float((misfit**2).sum()) * focal_px**2


def _angles_of(axes: Floats) -> tuple[float, float, float]:
    """Pan, tilt and roll in degrees of camera axes (the inverse of `view_geometry.camera_axes`)."""
    forward = axes[2]
    pan, tilt = degrees(atan2(forward[0], forward[1])), degrees(asin(max(-1.0, min(1.0, float(forward[2])))))
    level = camera_axes(Pose(0.0, 0.0, 0.0, pan, tilt, 0.0, 1.0))
    return pan, tilt, degrees(atan2(float(axes[0] @ level[1]), float(axes[0] @ level[0])))
