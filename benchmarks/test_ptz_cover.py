"""What the mask policy costs for each picture of a PTZ: at rest, and while it turns at 60 degrees a second.

Beside it the usual recipe with OpenCV alone, which is less than half of the work: corners projected without a cut at
the near plane, quads with a corner behind the camera left out, no margins that are proven. It draws the same surfaces
from poses 2 degrees apart along the same way. Budget of the issue: at most 3.5 ms while slewing, 250 quads at 1080p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import CAMERA, HEIGHT_PX, START_NS, WIDTH_PX
from csu.hal.camera import CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.place import Building, Pose, PoseReading, PtzDynamics
from csu.hal.view_geometry import camera_axes
from csu.masking import Cover, CoverPolicy, forbidden_surfaces

Measure = Callable[..., float]

WHAT, UNIT = "cover of a 1080p PTZ picture, 250 quads", "ms CPU a picture"
PICTURES, ROUNDS = 100, 5
SPEED_DEG_PER_S, POLL_MS, FRAME_MS, LATENCY_MS = 60.0, 100, 40, 70
HOME = Pose(0.0, 0.0, 9.0, 0.0, -8.0, 0.0, 1300.0)
QUADS = 250


def _town() -> tuple[Building, ...]:
    dice = np.random.default_rng(3)
    houses: list[Building] = []
    while len(forbidden_surfaces(houses, (), 2.5)) < QUADS:
        bearing, away, half = dice.uniform(0, 2 * np.pi), dice.uniform(25, 120), dice.uniform(4, 9)
        x, y = away * np.sin(bearing), away * np.cos(bearing)
        ring = ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
        houses.append(Building(str(len(houses)), ring, 0.0, float(dice.uniform(6, 15)), True))
    return tuple(houses)


TOWN = _town()


def _camera() -> Assignment:
    record = CameraRecord(CAMERA, 1, "", CommuneId("metz"), ViewType.WIDE)
    sheet = PtzDynamics(SPEED_DEG_PER_S, 40.0, 1.0)
    return Assignment(record, StreamAddress("rtsp://127.0.0.1/1"), None, True, TOWN, 2.5, 1, dynamics=sheet)


def _readings(speed_deg_per_s: float) -> tuple[PoseReading, ...]:
    moving, count = speed_deg_per_s > 0, PICTURES * FRAME_MS // POLL_MS + 8
    return tuple(
        PoseReading(_pose(speed_deg_per_s, at_ms), START_NS + at_ms * NS_PER_MS, moving)
        for at_ms in range(-3 * POLL_MS, count * POLL_MS, POLL_MS)
    )


def _pose(speed_deg_per_s: float, at_ms: float) -> Pose:
    return replace(HOME, pan_deg=speed_deg_per_s * at_ms / 1000 % 360.0)


def _captured(number: int) -> tuple[CaptureTime, Nanoseconds]:
    at_ns = START_NS + number * FRAME_MS * NS_PER_MS
    return CaptureTime(at_ns, True, at_latest_ns=at_ns + LATENCY_MS * NS_PER_MS), at_ns + 200 * NS_PER_MS


@pytest.mark.parametrize(("subject", "speed"), [("csu, turning at 60 deg/s", SPEED_DEG_PER_S), ("csu, at rest", 0.0)])
def test_csu_covers_each_picture(subject: str, speed: float, measure: Measure, scoreboard: Scoreboard) -> None:
    camera, readings = _camera(), _readings(speed)
    policy = CoverPolicy(camera, WIDTH_PX, HEIGHT_PX)

    def work(_: Path) -> list[Cover]:
        covers = []
        for number in range(PICTURES):
            captured, now_ns = _captured(number)
            known = tuple(reading for reading in readings if reading.at_ns <= now_ns - 20 * NS_PER_MS)[-32:]
            covers.append(policy.cover(captured, now_ns, known))
        return covers

    def check(covers: list[Cover], _: Path) -> None:
        assert len(covers) == PICTURES
        assert not any(cover.is_whole for cover in covers)
        assert (len({id(cover) for cover in covers}) == 1) == (speed == 0)

    scoreboard.add(WHAT, subject, measure(work, check, ROUNDS) / PICTURES * 1e3, UNIT)


def test_opencv_draws_the_same_way(measure: Measure, scoreboard: Scoreboard) -> None:
    quads = forbidden_surfaces(TOWN, (), 2.5).quads
    window_deg = SPEED_DEG_PER_S * (LATENCY_MS + 80) / 1000
    kernel = np.ones((3, 3), np.uint8)

    def work(_: Path) -> list[NDArray[np.uint8]]:
        return [
            _drawn(quads, SPEED_DEG_PER_S * number * FRAME_MS / 1000, window_deg, kernel) for number in range(PICTURES)
        ]

    def check(masks: list[NDArray[np.uint8]], _: Path) -> None:
        assert len(masks) == PICTURES
        assert all(0 < mask.mean() < 1 for mask in masks)

    scoreboard.add(WHAT, "OpenCV, poses 2 degrees apart", measure(work, check, ROUNDS) / PICTURES * 1e3, UNIT)


def _drawn(
    quads: NDArray[np.float64], pan_deg: float, window_deg: float, kernel: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    scale = 4
    lens = np.array([[HOME.focal_px, 0, WIDTH_PX / 2], [0, HOME.focal_px, HEIGHT_PX / 2], [0, 0, scale]]) / scale
    lens[2, 2] = 1.0
    grid = np.zeros((HEIGHT_PX // scale, WIDTH_PX // scale), np.uint8)
    for aside_deg in np.linspace(0.0, window_deg, int(np.ceil(window_deg / 2)) + 1):
        axes = camera_axes(replace(HOME, pan_deg=pan_deg + float(aside_deg)))
        eye = np.array([HOME.x_m, HOME.y_m, HOME.z_m])
        ahead = quads[((quads - eye) @ axes[2] > 0.1).all(axis=1)]
        pixels, _ = cv2.projectPoints(ahead.reshape(-1, 3), axes, -axes @ eye, lens, None)
        corners = np.clip(pixels.reshape(-1, 4, 2), -1e5, 1e5).astype(np.int32)
        for quad in corners:
            cv2.fillConvexPoly(grid, quad, 1)
    return np.asarray(cv2.dilate(grid, kernel), np.uint8)
