"""A simulated integrator: a camera on a mast that nobody knows exactly, points clicked and looked up on a map.

The truth is projected here in another way than in csu.masking: by angles, not by axes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from csu.hal.place import Pose
from csu.masking.calibration import MatchedPoint, Priors, Survey, View

WIDTH_PX, HEIGHT_PX = 1920, 1080


def shown(pose: Pose, places_m) -> np.ndarray:
    """(n, 3) metres -> (n, 3): pixels (u, v) and depth in metres."""
    east, north, up = (np.asarray(places_m, float) - (pose.x_m, pose.y_m, pose.z_m)).T
    pan, tilt, roll = np.radians([pose.pan_deg, pose.tilt_deg, pose.roll_deg])
    across, along = east * np.cos(pan) - north * np.sin(pan), east * np.sin(pan) + north * np.cos(pan)
    depth, over = along * np.cos(tilt) + up * np.sin(tilt), up * np.cos(tilt) - along * np.sin(tilt)
    right = across * np.cos(roll) - over * np.sin(roll)
    down = -across * np.sin(roll) - over * np.cos(roll)
    x, y = right / depth, down / depth
    bent = 1 + pose.k1 * (x * x + y * y)
    middle = (WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2
    return np.stack([x * bent * pose.focal_px + middle[0], y * bent * pose.focal_px + middle[1], depth], axis=1)


def place_behind(pose: Pose, u: float, v: float, distance_m: float) -> np.ndarray:
    """The place that shows at a pixel, that far along the ray."""
    x, y = (u - (WIDTH_PX - 1) / 2) / pose.focal_px, (v - (HEIGHT_PX - 1) / 2) / pose.focal_px
    seen = np.hypot(x, y)
    true = seen
    for _ in range(50):
        true = seen / (1 + pose.k1 * true * true)
    x, y = (x, y) if seen == 0 else (x * true / seen, y * true / seen)
    pan, tilt, roll = np.radians([pose.pan_deg, pose.tilt_deg, pose.roll_deg])
    right, over = x * np.cos(roll) - y * np.sin(roll), -x * np.sin(roll) - y * np.cos(roll)
    along, up = np.cos(tilt) - over * np.sin(tilt), np.sin(tilt) + over * np.cos(tilt)
    ray = np.array([right * np.cos(pan) + along * np.sin(pan), along * np.cos(pan) - right * np.sin(pan), up])
    return np.array([pose.x_m, pose.y_m, pose.z_m]) + ray / np.linalg.norm(ray) * distance_m


@dataclass(frozen=True)
class Job:
    """One camera's truth, and what the integrator made of it."""

    true: Pose
    survey: Survey


@pytest.fixture(scope="session")
def project_truly() -> Callable[..., np.ndarray]:
    return shown


@pytest.fixture(scope="session")
def place_truly_behind() -> Callable[..., np.ndarray]:
    return place_behind


@pytest.fixture(scope="session")
def job() -> Callable[..., Job]:
    """As in the notes on vision, section 7: mast of 8 m, f 1300 px, k1 -0.12, place known to 0.5 m."""

    def make(
        seed: int,
        count: int = 12,
        *,
        click_px: float = 2.0,
        map_m: float = 0.2,
        told_click_px: float | None = None,
        focal_px: float = 1300.0,
        k1: float = -0.12,
        patch: float = 0.95,
    ) -> Job:
        rng = np.random.default_rng([seed, count])
        true = Pose(
            *(float(value) for value in rng.uniform(-50, 50, 2)),
            z_m=178.0,
            pan_deg=float(rng.uniform(-180, 180)),
            tilt_deg=float(rng.uniform(-15, -5)),
            roll_deg=float(rng.normal(0, 1.5)),
            focal_px=focal_px,
            k1=k1,
        )
        points = _points(rng, true, count, click_px, map_m, patch)
        place = np.array([true.x_m, true.y_m, true.z_m]) + rng.normal(0, 0.5, 3)
        priors = Priors(*(float(value) for value in place))
        told = click_px if told_click_px is None else told_click_px
        return Job(true, Survey("cam-0042", WIDTH_PX, HEIGHT_PX, points, priors, click_error_px=told))

    return make


def _points(rng, pose: Pose, count: int, click_px: float, map_m: float, patch: float, view: int = 0, name: str = "p"):
    """Spread over the middle `patch` of the picture and over 15 to 60 m, on the ground at 170 m or above it."""
    points = []
    for at in range(count):
        while True:
            u, v = ((rng.random(2) - 0.5) * patch + 0.5) * (WIDTH_PX, HEIGHT_PX)
            place = place_behind(pose, u, v, rng.uniform(15, 60))
            if 170 <= place[2] <= 190:
                break
            step = place - (pose.x_m, pose.y_m, pose.z_m)
            share = (170 - pose.z_m) / step[2]
            if step[2] < 0 and 15 <= np.linalg.norm(step) * share <= 60:
                place = (pose.x_m, pose.y_m, pose.z_m) + step * share
                break
        u, v = (u, v) + rng.normal(0, click_px, 2)
        x, y, z = place + rng.normal(0, map_m, 3)
        points.append(MatchedPoint(f"{name}{at}", float(u), float(v), float(x), float(y), float(z), map_m, view))
    return tuple(points)


@dataclass(frozen=True)
class PtzJob:
    """A PTZ's truth at every zoom, and the survey."""

    base: Pose
    focal_px: dict[float, float]
    survey: Survey

    def true_pose(self, pan_deg: float, tilt_deg: float, focal_px: float) -> Pose:
        base = self.base
        pan, tilt = base.pan_deg + pan_deg, base.tilt_deg + tilt_deg
        return Pose(base.x_m, base.y_m, base.z_m, pan, tilt, base.roll_deg, focal_px, base.k1)


@pytest.fixture(scope="session")
def ptz_job() -> Callable[..., PtzJob]:
    """A PTZ seen at 5 zooms from f 1300 to 8000 px, 4 to 8 points each, readings wrong by 0.05 degrees."""

    def make(seed: int, zooms: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)) -> PtzJob:
        rng = np.random.default_rng([seed, 99])
        base = Pose(5.0, -3.0, 178.0, float(rng.uniform(-180, 180)), 0.4, float(rng.normal(0, 1)), 1300.0, -0.05)
        focal = {zoom: 1300.0 * (8000 / 1300) ** (zoom**1.15) for zoom in zooms}
        made = PtzJob(base, focal, None)  # type: ignore[arg-type]
        views, points = [], ()
        for at, zoom in enumerate(zooms):
            view = View(float(rng.uniform(-90, 90)), float(rng.uniform(-12, -6)), zoom)
            wrong = rng.normal(0, 0.05, 2)
            pose = made.true_pose(view.pan_deg + wrong[0], view.tilt_deg + wrong[1], focal[zoom])
            points += _points(rng, pose, 8 if at == 0 else 5, 2.0, 0.1, 0.95, at, f"v{at}p")
            views.append(view)
        place = np.array([base.x_m, base.y_m, base.z_m]) + rng.normal(0, 0.3, 3)
        priors = Priors(*(float(value) for value in place), place_sigma_m=0.3)
        survey = Survey("ptz-0007", WIDTH_PX, HEIGHT_PX, points, priors, tuple(views), ptz=True)
        return PtzJob(base, focal, survey)

    return make
