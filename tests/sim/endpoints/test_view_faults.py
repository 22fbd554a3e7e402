"""What people do to a simulated camera, as its pictures show it."""

from __future__ import annotations

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from csu.hal.camera import OnboardMask
from csu.hal.frame_mark import read_mark
from csu.hal.place import Pose
from sim.endpoints import EndpointSpec, FarmError, RtspFarm, StreetView, ViewFault, ViewFaultKind
from sim.endpoints.view import true_pose
from sim.street import StreetPainter, planes_of

POSE = Pose(-39.0, 5.4, 6.5, 107.0, -14.0, 0.0, 520.0)
BOX = OnboardMask("box", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5), (0.1, 0.5)))
KNOCK = ViewFault(ViewFaultKind.KNOCKED, pan_deg=9.0, tilt_deg=-4.0, roll_deg=5.0)


@pytest.fixture(scope="module")
def farm():
    specs = [
        EndpointSpec("seen", 1, picture=StreetView(POSE)),
        EndpointSpec("card", 2),
        EndpointSpec("knocked", 3, picture=StreetView(POSE), view_fault=KNOCK, view_fault_after_s=1.0),
    ]
    with RtspFarm(specs) as farm:
        yield farm


def sharpness(planes) -> float:
    """Variance of the Laplacian above the frame mark."""
    return float(cv2.Laplacian(planes.y[:300], cv2.CV_64F).var())


@pytest.mark.parametrize("kind", [ViewFaultKind.COVERED, ViewFaultKind.PAINTED, ViewFaultKind.DEFOCUSED])
def test_a_spoilt_view_has_no_detail_left_but_its_masks_and_its_mark(farm, fetch, hidden_share, kind):
    clear = fetch(farm.snapshot_address("seen"))
    farm.set_masks("seen", [BOX])
    farm.set_view_fault("seen", ViewFault(kind))
    spoilt = fetch(farm.snapshot_address("seen"))
    farm.set_view_fault("seen", None)
    farm.set_masks("seen", [])
    healed = fetch(farm.snapshot_address("seen"))
    right = spoilt.y[:300, 330:].astype(float)
    assert cv2.Laplacian(right, cv2.CV_64F).var() < 0.05 * sharpness(clear)
    assert hidden_share(spoilt, BOX) == 1.0
    assert read_mark(spoilt.y) is not None
    assert sharpness(healed) == pytest.approx(sharpness(clear), rel=0.2)
    level = right.mean()
    if kind is ViewFaultKind.DEFOCUSED:
        assert abs(level - clear.y[:300, 330:].mean()) < 8, "out of focus: the light is the same"
        assert right.std() > 10, "and large things are still there"
    else:
        assert (level < 45) == (kind is ViewFaultKind.COVERED)
        assert right.std() < 8


def test_a_knocked_camera_shows_another_view_from_its_moment_on(farm, fetch):
    painter = StreetPainter(1, 640, 360)
    told, truth = (planes_of(painter.draw(pose, 0)).y for pose in (POSE, true_pose(POSE, KNOCK, 0)))
    assert _difference(fetch(farm.snapshot_address("seen")).y, told) < 6.0
    time.sleep(1.0)
    knocked = fetch(farm.snapshot_address("knocked")).y
    assert _difference(knocked, truth) < 6.0
    assert _difference(knocked, told) > 15.0


def _difference(luma, drawn) -> float:
    return float(np.abs(luma[:300].astype(int) - drawn[:300].astype(int)).mean())


def test_a_shaken_camera_swings_about_the_pose_it_tells(farm, fetch):
    shaken = ViewFault(ViewFaultKind.SHAKEN)
    poses = [true_pose(POSE, shaken, round(n * 1e9 / 30)) for n in range(30)]
    pans = [pose.pan_deg for pose in poses]
    assert 0.9 < max(pans) - min(pans) <= 1.0
    assert sum(pans) / 30 == pytest.approx(POSE.pan_deg, abs=0.01)
    assert all(replace(pose, pan_deg=POSE.pan_deg, tilt_deg=POSE.tilt_deg) == POSE for pose in poses)


def test_a_card_cannot_be_knocked_and_says_so(farm):
    with pytest.raises(FarmError, match="no view to turn"):
        farm.set_view_fault("card", KNOCK)
    with pytest.raises(ValueError, match="no view to turn"):
        EndpointSpec("card", 1, view_fault=KNOCK)
    farm.set_view_fault("card", ViewFault(ViewFaultKind.COVERED))


def test_a_canned_loop_has_nothing_of_its_own():
    for wrong in ({"sub": True}, {"view_fault": ViewFault(ViewFaultKind.COVERED)}):
        with pytest.raises(ValueError, match="canned"):
            EndpointSpec("cam", 1, canned=True, **wrong)
