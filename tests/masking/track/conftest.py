"""True motions of a mount, what it says of them, and whether a span holds them."""

from __future__ import annotations

from collections.abc import Callable
from math import log2

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.masking.track import RAMP_S, PoseSpan

MS = 1_000_000
NOW = 1_800_000_000_000_000_000
NODE_MS = 5
DYNAMICS = PtzDynamics(pan_deg_per_s=60.0, tilt_deg_per_s=40.0, zoom_doublings_per_s=1.0)


class Course:
    """Two seconds of a mount from NOW on. Each axis changes its mind at random: out, back, stopped, at any speed.

    `ramped`: it comes to speed as a motor does, and says when it moves; else at once, and it always says so.
    """

    def __init__(self, seed: int, *, ramped: bool, lasting_ms: int = 2_000) -> None:
        rng = np.random.default_rng(seed)
        self.ramped = ramped
        nodes = lasting_ms // NODE_MS + 1
        self._times_s = np.arange(nodes) * NODE_MS / 1000
        limits = (DYNAMICS.pan_deg_per_s, DYNAMICS.tilt_deg_per_s, DYNAMICS.zoom_doublings_per_s)
        starts = (rng.uniform(350.0, 370.0), rng.uniform(-60.0, 0.0), log2(rng.uniform(500.0, 3000.0)))
        self._speeds = [_speeds(rng, nodes, limit, ramped=ramped) for limit in limits]
        self._places = [
            start + np.concatenate([[0.0], np.cumsum((v[1:] + v[:-1]) / 2 * NODE_MS / 1000)])
            if ramped
            else start + np.concatenate([[0.0], np.cumsum(v[:-1] * NODE_MS / 1000)])
            for start, v in zip(starts, self._speeds, strict=True)
        ]

    def axes(self, at_ms: float) -> tuple[float, float, float]:
        """Pan (unwrapped), tilt, log2 of the focal length."""
        node = min(int(at_ms / NODE_MS), len(self._times_s) - 2)
        late_s = at_ms / 1000 - self._times_s[node]
        told = []
        for place, speed in zip(self._places, self._speeds, strict=True):
            ramp = (speed[node + 1] - speed[node]) / (NODE_MS / 1000) if self.ramped else 0.0
            told.append(float(place[node] + speed[node] * late_s + ramp * late_s**2 / 2))
        return told[0], told[1], told[2]

    def reading(self, at_ms: int) -> PoseReading:
        pan, tilt, doublings = self.axes(at_ms)
        node = round(at_ms / NODE_MS)
        moving = not self.ramped or any(speed[node] != 0 for speed in self._speeds)
        pose = Pose(1.0, 2.0, 8.0, pan % 360.0, tilt, 0.0, 2.0**doublings)
        return PoseReading(pose, NOW + at_ms * MS, moving)


def _speeds(rng: np.random.Generator, nodes: int, limit: float, *, ramped: bool) -> NDArray[np.float64]:
    step = limit / RAMP_S * NODE_MS / 1000 if ramped else 2 * limit
    speeds = np.zeros(nodes)
    wanted, until = 0.0, 0
    for node in range(1, nodes):
        if node >= until:
            wanted = float(rng.choice([0.0, 0.0, limit, -limit, rng.uniform(-limit, limit)]))
            until = node + int(rng.integers(2, 80))
        speeds[node] = speeds[node - 1] + np.clip(wanted - speeds[node - 1], -step, step)
    return speeds


def polls(seed: int, lasting_ms: int = 2_000) -> list[int]:
    """When a mount is asked: each 50 to 150 ms, some answers lost. Whole nodes, so that "moving" is exact."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(50 // NODE_MS, 150 // NODE_MS, 60)) * NODE_MS
    kept = times[rng.random(60) > 0.15]
    return [int(at_ms) for at_ms in kept if at_ms < lasting_ms]


def holds(span: PoseSpan, axes: tuple[float, float, float]) -> bool:
    """Is a true pose within the reach of the path? Its poses are joined by straight lines, looked at closely."""
    points = np.array([(pose.pan_deg, pose.tilt_deg, log2(pose.focal_px)) for pose in span.path])
    if len(points) > 1:
        shares = np.linspace(0.0, 1.0, 300)[:, None]
        points = np.concatenate([a + shares * (b - a) for a, b in zip(points, points[1:], strict=False)])
    aside = np.abs(points - np.array(axes))
    aside[:, 0] = np.abs((aside[:, 0] + 180.0) % 360.0 - 180.0)
    near = np.hypot(aside[:, 0], aside[:, 1]) <= span.angle_deg + 0.03
    return bool((near & (2.0 ** aside[:, 2] <= 1 + span.focal_share + 0.001)).any())


@pytest.fixture(scope="session")
def course() -> Callable[..., Course]:
    return Course


@pytest.fixture(scope="session")
def poll_times() -> Callable[..., list[int]]:
    return polls


@pytest.fixture(scope="session")
def is_within() -> Callable[[PoseSpan, tuple[float, float, float]], bool]:
    return holds


@pytest.fixture(scope="session")
def dynamics() -> PtzDynamics:
    return DYNAMICS


@pytest.fixture(scope="session")
def escapes() -> Callable[..., tuple[list[str], int]]:
    """Instants at which a course left the span of a picture, over many pictures; and how many spans there were."""

    def find(seeds: range, *, ramped: bool, age_ms: int = 0) -> tuple[list[str], int]:
        """`age_ms`: how old the readings are at the picture's latest instant, at least."""
        import csu.masking.track as track

        found, spans = [], 0
        for seed in seeds:
            truth, times = Course(seed, ramped=ramped), polls(seed + 1)
            rng = np.random.default_rng(seed + 2)
            for _ in range(12):
                from_ms = int(rng.integers(100, 1_700))
                to_ms = from_ms + int(rng.integers(0, 250))
                known = [at for at in times if at < to_ms + 160 - age_ms]
                readings = tuple(truth.reading(at) for at in known)
                span = track.poses_during(readings, NOW + from_ms * MS, NOW + to_ms * MS, DYNAMICS)
                if span is None:
                    continue
                spans += 1
                instants = np.linspace(from_ms, to_ms, 7)
                found += [f"seed {seed} at {at:.0f} ms" for at in instants if not holds(span, truth.axes(float(at)))]
        return found, spans

    return find
