"""Builders for the tests of virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.media import Assignment
from sim.cohort import CohortCamera, Outage, disjoint

EPOCH_NS = 1_795_392_000 * NS_PER_S  # a midnight in November 2026


def cohort_camera(number: int, gop_phase_ms: int = 0, outages: Sequence[Outage] = ()) -> CohortCamera:
    """A camera of one node."""
    record = CameraRecord(
        CameraId(f"cam-{number:04d}"), number, f"Camera {number}", CommuneId("Orsemont"), ViewType.WIDE
    )
    assignment = Assignment(record, StreamAddress("sim://x"), None, False, (), 2.5, mask_epoch=1)
    return CohortCamera(assignment, gop_phase_ms * NS_PER_MS, 2_500_000, outages=disjoint(outages))


@pytest.fixture
def build_camera() -> Callable[..., CohortCamera]:
    return cohort_camera


@pytest.fixture
def epoch_ns() -> int:
    return EPOCH_NS
