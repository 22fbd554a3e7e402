"""Builders for the tests of virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

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


SMALL_CITY = """\
title: Petite ville
seed: 7
start: 2026-11-23 12:00
duration: 50 min
city:
  communes: 4
  cameras: 60
  alarms: 60/h
people:
  operators: 3
  reaction: 3 s .. 15 s
  room_empty:
    - {at: 12:10, lasts: 6 min}
media:
  bit_rate: 2 Mbit/s
  microphones: 1
story:
  - {name: acquits, at: +5 min, kind: receipts_lost, commune: Valmandrin, lasts: 10 min}
  - {name: lien, after: acquits, kind: link_cut, commune: Valmandrin, lasts: 6 min}
  - {at: lien + 1 min, kind: camera_lost, commune: Valmandrin, camera: 2, lasts: 9 min}
  - {at: +25 min, kind: node_crash, commune: Courtavelle, lasts: 3 min}
  - {name: panne, at: +33 min, kind: power_cut, commune: Saint-Ombrin, lasts: 4 min}
  - {name: silence, at: +20 min, kind: police_silent, lasts: 90 s}
faults:
  - {kind: camera_lost, rate: 40/h, lasts: 5 s .. 12 min}
  - {kind: packets_lost, rate: 40/h, lasts: 200 ms .. 8 s}
  - {kind: camera_clock, rate: 4/h, lasts: 1 min .. 5 min, clock_error: 300 ms .. 4 s}
  - {kind: disk_trouble, rate: 2/h, lasts: 10 s .. 2 min}
  - {kind: link_cut, rate: 4/h, lasts: 10 s .. 9 min}
  - {kind: node_crash, rate: 4/h, lasts: 1 s .. 4 min}
  - {kind: engine_trouble, point: catalogue.write, fires: 10 %, fails: 60 %, delay: 10 ms .. 3 s}
  - {kind: engine_trouble, point: alarms.save, fires: 20 %, fails: 50 %, delay: 10 ms .. 800 ms}
expect:
  - {finally: coverage, at_least: 50 %}
  - {whenever: alarm.raised, then: [alarm.acknowledged, alarm.escalated], within: 65 s}
  - {sometimes: alarm.escalated}
  - {never: police.informed, during: silence}
  - {at_most: 10, of: node.lost, per: 1 min}
options:
  quiet: 8 min
"""


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
