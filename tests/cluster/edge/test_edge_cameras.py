"""Cameras that mask by themselves, and betray it: what is kept of them, over real RTSP. All are served at once."""

from __future__ import annotations

import numpy as np
import pytest

from csu.hal.media import CameraEventKind
from sim.endpoints import MaskFault

VERIFIED, FAILED = CameraEventKind.MASK_VERIFIED, CameraEventKind.MASK_FAILED


def test_a_verified_cameras_packets_are_kept_until_its_masks_go_and_never_a_clear_picture(street, served) -> None:
    honest = served["honest"]
    honest.until(lambda: honest.told(VERIFIED))
    honest.shows(20)
    first, second = honest.recorder.runs[:2]
    assert honest.is_from_camera(second)
    assert not honest.is_from_camera(first)
    assert second.packets[0].sequence == first.packets[-1].sequence + 1
    street.farm.set_mask_fault("honest", MaskFault.SWITCHED_OFF)
    honest.until(lambda: honest.told(FAILED))
    honest.shows(10)
    third = honest.recorder.runs[2]
    assert not honest.is_from_camera(third)
    assert third.packets[0].sequence == second.packets[-1].sequence + 1  # not one picture was lost
    # Another plan, in the other colour: believed again once it is seen.
    street.farm.set_mask_fault("honest", None)
    again, _ = street.assignment("honest", 1)
    street.farm.set_masks("honest", again.edge.masks)
    honest.shows(10)
    honest.pipeline.reassign(again)
    honest.until(lambda: len(honest.told(VERIFIED)) == 2)
    honest.shows(5)
    sequences = [packet.sequence for run in honest.recorder.runs for packet in run.packets]
    assert sequences == list(range(len(sequences)))
    assert honest.is_from_camera(honest.recorder.runs[-1])
    assert honest.bare() == 0
    assert honest.pipeline.take_account(2**62).counts.clear_refused == 0


@pytest.mark.parametrize(
    ("camera", "named"),
    [
        ("main-only", "stream 2"),
        ("snapshot-clear", "snapshot"),
        ("sub-only", "the picture does not show the mask"),
        ("half-reached", "stream 2"),
    ],
)
def test_a_camera_with_one_way_out_that_is_not_seen_masked_is_the_engines(served, camera: str, named: str) -> None:
    each = served[camera]
    each.until(lambda: each.told(FAILED))
    each.shows(10)
    assert named in each.told(FAILED)[0]
    assert len(each.told(FAILED)) == 1
    assert each.told(VERIFIED) == []
    assert len(each.recorder.runs) == 1
    assert each.bare() == 0


def test_after_a_restart_nothing_is_believed_and_a_camera_without_its_masks_is_found(street, served) -> None:
    each = served["reboots"]
    each.until(lambda: each.told(VERIFIED))
    street.farm.set_mask_fault("reboots", MaskFault.GONE_AFTER_REBOOT)
    street.farm.reboot("reboots", 0.5)
    each.until(lambda: each.told(FAILED), 20.0)
    each.shows(10)
    assert each.bare() == 0


def test_the_count_of_clear_pictures_sees_one(served) -> None:
    each = served["half-reached"]
    each.wall.frames.append(np.tile(np.linspace(16, 235, 640).astype(np.uint8), (360, 1)))
    assert each.bare() == 1
