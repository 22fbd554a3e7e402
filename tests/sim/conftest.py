"""Builders for the tests of virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.media import Assignment
from sim.cohort import CohortCamera, Outage, disjoint
from sim.mutants.proof import CITIES

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


SMALL_CITY = CITIES["small"].read_text(encoding="utf-8")


@pytest.fixture
def small_city(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small city with every kind of trouble; each (before, after) given changes its text."""

    def write(*changes: tuple[str, str]) -> Path:
        text = SMALL_CITY
        for before, after in changes:
            assert before in text, f"{before!r} is not in the small city"
            text = text.replace(before, after, 1)
        path = tmp_path / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
