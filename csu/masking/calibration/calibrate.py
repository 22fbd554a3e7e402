"""Whether a fit may be believed, and how wide its bounds must be. A poor fit masks more, never less.

One wrong match among enough points is found, named and left out; two are not. Points that do not tell where the camera
looks are refused; a fit whose margins would cover most of the picture is told as too poor to be commissioned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, expm1, inf, sqrt

import numpy as np

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.masking.calibration.effect import bounds_by_effect
from csu.masking.calibration.model import (
    ANGLE_FLOOR_DEG,
    FOCAL_FLOOR_SHARE,
    K1_FLOOR,
    POSITION_FLOOR_M,
    SIGMAS,
    CameraModel,
    ZoomStep,
)
from csu.masking.calibration.projection import ANGLES, PLACE
from csu.masking.calibration.solve import Fit, fit
from csu.masking.calibration.survey import POINTS_MAX, POINTS_MIN, POINTS_WANTED, VIEW_POINTS_MIN, VIEWS_MAX, Survey
from csu.masking.margins import HalfStep, reach_of

SUSPECT_2 = 30.0
"""A left-out residual squared, in its standard deviations: by chance one point in 3 million (chi2, 2 freedoms)."""
DOUBTFUL_CHI2 = 2.0
"""A fit worse than this, per freedom, is tried again without each of its points."""
TRIED_MAX = 20
"""Points left out in turn: those that fit worst."""
SCARCE_WIDER = {6: 1.5, 7: 1.25}
"""Bounds of a fit on fewer points than wanted: its residuals say little of its errors."""
K1_WIDER = 1.15
"""The covariance is of first order: where k1 was found too strong it is up to 12 % too sure of it (measured, 0022)."""
TRUSTED_QUANTILE, WIDENED_QUANTILE = 0.95, 0.05

ANGLE_SIGMA_MAX_DEG = 5.0
FOCAL_SIGMA_MAX = 0.25
"""Beyond, the points do not determine the camera at all."""

MARGIN_MAX_SHARE = 0.20
"""Of the picture's width, that the masks may grow by at the median point. More hides the street (measured, 0022)."""
CHI2_MAX = 9.0
"""Residuals 3 times what was declared: not noise, but another world than the one declared."""
FOCAL_SHARE_MAX = 0.3
"""`cover_of_path` proves nothing from 0.5 on."""

LINE_SHARE, PATCH_SHARE, DEPTH_RATIO = 0.03, 0.15, 1.5


@dataclass(frozen=True)
class Calibration:
    """What came of a survey. `too_poor` empty: it may be commissioned."""

    model: CameraModel
    fit: Fit
    """On the points that were kept."""
    suspect: str | None
    """The one point left out as a wrong match."""
    suspect_off_px: float
    """How far the camera, fitted without it, shows it from where it was clicked."""
    widened: float
    """What the bounds were multiplied by: residuals larger than declared, few points."""
    margin_px: float
    """What the masks grow by for a dwelling at the median point's distance; infinite: they are whole."""
    told: tuple[Words, ...]
    """What the person should know."""
    too_poor: tuple[Words, ...]

    @property
    def held_out(self) -> tuple[str, float, float]:
        """The point that the others predict worst: its name, by how many px, and what was to be expected (3 sigma)."""
        worst = int(np.argmax(self.fit.left_out_2))
        off_px = float(np.linalg.norm(self.fit.left_out_px[worst]))
        sigmas = sqrt(max(float(self.fit.left_out_2[worst]), 1e-12))
        return self.fit.survey.points[worst].name, off_px, SIGMAS * off_px / sigmas


def calibrate(survey: Survey, calibrated_at: str) -> Calibration:
    """Fit, look for one wrong match, widen, judge. Raises BadInput for a survey that cannot determine the camera."""
    _require_enough(survey)
    found, suspect = _without_a_wrong_match(survey)
    _require_determined(found)
    widened = _widened(found)
    model = _by_effect(_model(found, widened, calibrated_at), found, widened)
    margin_px = _margin_px(model, found)
    told = _layout(found) + _scarce(found)
    if suspect is not None:
        told += (Words(f"point écarté comme faux : {suspect[0]}", f"point left out as wrong: {suspect[0]}"),)
    return Calibration(
        model,
        found,
        suspect[0] if suspect else None,
        suspect[1] if suspect else 0.0,
        widened,
        margin_px,
        told,
        _too_poor(found, model, margin_px),
    )


def _require_enough(survey: Survey) -> None:
    count = len(survey.points)
    each = np.bincount(survey.view_of_point, minlength=len(survey.views))
    if not POINTS_MIN <= count <= POINTS_MAX:
        what = Words(
            f"{count} points : il en faut {POINTS_MIN} à {POINTS_MAX}", f"{count} points, not 6 to {POINTS_MAX}"
        )
    elif len(survey.views) > VIEWS_MAX or each.min() < VIEW_POINTS_MIN:
        what = Words(
            f"{len(survey.views)} vues, dont une de {each.min()} points",
            f"{len(survey.views)} views, one of {each.min()}",
        )
    else:
        return
    raise BadInput(
        what,
        where=survey.camera,
        what_to_do=Words(
            f"Donnez {POINTS_WANTED} points ou plus, {VIEW_POINTS_MIN} au moins par vue, sur toute l'image",
            f"Give {POINTS_WANTED} points or more, {VIEW_POINTS_MIN} at least a view, all over the picture",
        ),
    )


def _without_a_wrong_match(survey: Survey) -> tuple[Fit, tuple[str, float] | None]:
    """The fit, and the point that it had to leave out for all others to agree, with its distance in px."""
    whole = fit(survey)
    spread = whole.chi2 / whole.freedom
    if len(survey.points) < POINTS_WANTED or (spread < DOUBTFUL_CHI2 and whole.left_out_2.max() < SUSPECT_2):
        return whole, None
    each = np.bincount(survey.view_of_point, minlength=len(survey.views))
    candidates = [at for at in _most_doubtful(whole) if each[survey.points[at].view] > VIEW_POINTS_MIN]
    best: tuple[float, int, Fit] | None = None
    for at in candidates:
        rest = fit(survey.without(at))
        if best is None or rest.chi2 / rest.freedom < best[0]:
            best = (rest.chi2 / rest.freedom, at, rest)
    if best is None:
        return whole, None
    rest_spread, at, rest = best
    off_px, expected_px = rest.prediction(survey.points[at])
    if off_px < sqrt(SUSPECT_2 * max(rest_spread, 1.0)) * expected_px:
        return whole, None
    return rest, (survey.points[at].name, off_px)


def _most_doubtful(found: Fit) -> list[int]:
    return [int(at) for at in np.argsort(-found.left_out_2, kind="stable")[:TRIED_MAX]]


def _require_determined(found: Fit) -> None:
    angle_deg, focal = float(found.sigma(ANGLES).max()), float(found.sigma(found.unknowns.log_focal).max())
    if np.isfinite(found.theta).all() and angle_deg < ANGLE_SIGMA_MAX_DEG and focal < FOCAL_SIGMA_MAX:
        return
    raise BadInput(
        Words(
            f"ces points ne déterminent pas la caméra : direction à {angle_deg:.1f}° près, focale à {focal:.0%}",
            f"these points do not determine the camera: direction within {angle_deg:.1f}°, focal length {focal:.0%}",
        ),
        where=found.survey.camera,
        what_to_do=Words(
            "Répartissez-les sur toute l'image et de 15 à 60 m, certains au-dessus du sol",
            "Spread them over the whole picture and from 15 to 60 m, some above the ground",
        ),
    )


def _widened(found: Fit) -> float:
    """Declared errors are believed until the residuals contradict them; then the residuals, at their least telling."""
    from scipy.stats import chi2 as chi_squared  # half a second that no other command has to wait for

    ratio = found.chi2 / found.freedom
    by_residuals = sqrt(max(ratio, 1.0))
    if found.chi2 > chi_squared.ppf(TRUSTED_QUANTILE, found.freedom):
        by_residuals = sqrt(found.chi2 / float(chi_squared.ppf(WIDENED_QUANTILE, found.freedom)))
    return by_residuals * SCARCE_WIDER.get(len(found.survey.points), 1.0)


def _model(found: Fit, widened: float, calibrated_at: str) -> CameraModel:
    survey, unknowns, times = found.survey, found.unknowns, SIGMAS * widened
    reading_deg = SIGMAS * survey.priors.reading_sigma_deg if survey.ptz else 0.0
    x_m, y_m, z_m, pan, tilt, roll = (float(value) for value in found.theta[:6])
    log_focal, k1 = found.theta[unknowns.log_focal], found.theta[unknowns.k1]
    focal_off = found.sigma(unknowns.log_focal) * times
    k1_off = found.sigma(unknowns.k1) * times * K1_WIDER
    zooms = tuple(
        ZoomStep(
            zoom,
            exp(float(log_focal[at])),
            float(k1[at]),
            max(FOCAL_FLOOR_SHARE, expm1(min(float(focal_off[at]), 10.0))),
            max(K1_FLOOR, float(k1_off[at])),
        )
        for at, zoom in enumerate(survey.zooms)
    )
    return CameraModel(
        survey.camera,
        survey.width_px,
        survey.height_px,
        x_m,
        y_m,
        z_m,
        (pan + 180) % 360 - 180,
        tilt,
        (roll + 180) % 360 - 180,
        max(ANGLE_FLOOR_DEG, float(found.sigma(ANGLES).max()) * times + reading_deg),
        max(POSITION_FLOOR_M, float(found.sigma(PLACE).max()) * times),
        zooms,
        len(survey.points),
        calibrated_at,
    )


def _by_effect(model: CameraModel, found: Fit, widened: float) -> CameraModel:
    distance_m = float(np.median(found.survey.distance_m))
    zooms = []
    for at, step in enumerate(model.zooms):
        pose, strict = model.pose_at(zoom=step.zoom, strict=True)
        zooms.append(replace(step, by_effect=bounds_by_effect(found, pose, at, strict, widened, distance_m)))
    return replace(model, zooms=tuple(zooms))


def _margin_px(model: CameraModel, found: Fit) -> float:
    """What the covers themselves add (`margins.reach_of`) at the median point's distance, for the worst zoom."""
    distance_m = float(np.median(found.survey.distance_m))
    margins = []
    for step in model.zooms:
        pose, bounds = model.pose_at(zoom=step.zoom)
        reach = reach_of(pose, HalfStep(), bounds, model.width_px, model.height_px)
        if reach is None:
            return inf
        margins.append(
            max(c + pose.focal_px * gap / distance_m for c, gap in zip(reach.const_px, reach.gap_m, strict=True))
        )
    return max(margins)


def _too_poor(found: Fit, model: CameraModel, margin: float) -> tuple[Words, ...]:
    reasons: list[Words] = []
    limit_px = MARGIN_MAX_SHARE * found.survey.width_px
    if margin > limit_px:
        reasons.append(
            Words(
                f"les masques grandiraient de {margin:.0f} px ({limit_px:.0f} au plus)",
                f"masks would grow by {margin:.0f} px ({limit_px:.0f} at most)",
            )
        )
    spread = found.chi2 / found.freedom
    if spread > CHI2_MAX:
        reasons.append(
            Words(
                f"les points se contredisent : {sqrt(spread):.1f} fois les erreurs déclarées (3 au plus)",
                f"the points contradict each other: {sqrt(spread):.1f} times the declared errors (3 at most)",
            )
        )
    if max(step.focal_share for step in model.zooms) > FOCAL_SHARE_MAX:
        reasons.append(
            Words(
                f"focale inconnue à plus de {FOCAL_SHARE_MAX:.0%}",
                f"focal length unknown by over {FOCAL_SHARE_MAX:.0%}",
            )
        )
    worst = int(np.argmax(found.left_out_2))
    if found.left_out_2[worst] > SUSPECT_2 * max(spread, 1.0):
        name = found.survey.points[worst].name
        reasons.append(Words(f"encore un point faux : {name}", f"one more wrong point: {name}"))
    return tuple(reasons)


def _scarce(found: Fit) -> tuple[Words, ...]:
    count = len(found.survey.points)
    if count >= POINTS_WANTED:
        return ()
    wider = SCARCE_WIDER[count]
    return (
        Words(
            f"{count} points seulement : bornes élargies de {wider - 1:.0%} ; il en faudrait {POINTS_WANTED} ou plus",
            f"{count} points only: bounds widened by {wider - 1:.0%}; {POINTS_WANTED} points or more are wanted",
        ),
    )


def _layout(found: Fit) -> tuple[Words, ...]:
    """What is wrong with where the points lie; the covariance already knows what it costs."""
    survey = found.survey
    told: list[Words] = []
    for view in range(len(survey.views)):
        clicked = survey.clicked_px[survey.view_of_point == view]
        spread = np.linalg.svd(clicked - clicked.mean(axis=0), compute_uv=False) / sqrt(len(clicked)) / survey.width_px
        if spread[0] < PATCH_SHARE:
            told.append(Words("points serrés dans un coin de l'image", "points in a small part of the picture"))
        elif spread[1] < LINE_SHARE:
            told.append(Words("points presque en ligne dans l'image", "points nearly in a line in the picture"))
    if survey.distance_m.max() / survey.distance_m.min() < DEPTH_RATIO:
        told.append(Words("points tous à la même distance", "points all at the same distance"))
    return tuple(told)
