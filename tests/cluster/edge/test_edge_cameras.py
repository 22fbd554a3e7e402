"""Cameras that mask by themselves, and betray it: what is kept of them, over real RTSP."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np

from csu.hal.media import CameraEventKind
from sim.endpoints import MaskFault

VERIFIED, FAILED = CameraEventKind.MASK_VERIFIED, CameraEventKind.MASK_FAILED


def test_a_verified_cameras_packets_are_kept_until_its_masks_go_and_never_a_clear_picture(street) -> None:
    with street.serve("honest") as served:
        served.until(lambda: served.told(VERIFIED))
        served.shows(20)
        first, second = served.recorder.runs[:2]
        assert served.is_from_camera(second)
        assert not served.is_from_camera(first)
        assert second.packets[0].sequence == first.packets[-1].sequence + 1
        street.farm.set_mask_fault("honest", MaskFault.SWITCHED_OFF)
        served.until(lambda: served.told(FAILED))
        served.shows(10)
        third = served.recorder.runs[2]
        assert not served.is_from_camera(third)
        assert third.packets[0].sequence == second.packets[-1].sequence + 1  # not one picture was lost
        # Another plan, in the other colour: believed again once it is seen.
        street.farm.set_mask_fault("honest", None)
        again, _ = street.assignment("honest", 1)
        served.pipeline.reassign(again)
        street.farm.set_masks("honest", again.edge.masks)
        served.until(lambda: len(served.told(VERIFIED)) == 2 or len(served.told(FAILED)) == 2)
    sequences = [packet.sequence for run in served.recorder.runs for packet in run.packets]
    assert sequences == list(range(len(sequences)))
    assert len(served.recorder.runs) >= 3
    assert served.bare() == 0
    assert served.pipeline.take_account(2**62).counts.clear_refused == 0


CLEAR_ONE_WAY = {
    "main-only": (MaskFault.MAIN_ONLY, "stream 2"),
    "snapshot-clear": (MaskFault.SNAPSHOT_CLEAR, "snapshot"),
    "sub-only": (MaskFault.SUB_ONLY, "the picture does not show the mask"),
}


def test_a_camera_that_leaves_one_way_out_clear_is_masked_by_the_engine(street) -> None:
    with ExitStack() as stack:
        for camera, (fault, _) in CLEAR_ONE_WAY.items():
            street.farm.set_mask_fault(camera, fault)
        served = {camera: stack.enter_context(street.serve(camera)) for camera in CLEAR_ONE_WAY}
        for camera, each in served.items():
            each.until(lambda each=each: each.told(FAILED))
            each.shows(15)
            assert CLEAR_ONE_WAY[camera][1] in each.told(FAILED)[0]
            assert len(each.told(FAILED)) == 1
            assert each.told(VERIFIED) == []
            assert len(each.recorder.runs) == 1
    assert [each.bare() for each in served.values()] == [0, 0, 0]


def test_after_a_restart_nothing_is_believed_and_a_camera_without_its_masks_is_found(street) -> None:
    with street.serve("reboots") as served:
        served.until(lambda: served.told(VERIFIED))
        street.farm.set_mask_fault("reboots", MaskFault.GONE_AFTER_REBOOT)
        street.farm.reboot("reboots", 0.5)
        served.until(lambda: served.told(FAILED), 20.0)
        served.shows(10)
    assert served.bare() == 0


def test_a_stream_that_cannot_be_reached_is_not_verified(street) -> None:
    with street.serve("honest", other="rtsp://127.0.0.1:9/none") as served:
        served.until(lambda: served.told(FAILED))
        assert "stream 2" in served.told(FAILED)[0]
        served.shows(10)
        assert len(served.recorder.runs) == 1
    assert served.bare() == 0
    served.wall.frames.append(np.tile(np.linspace(16, 235, 640).astype(np.uint8), (360, 1)))
    assert served.bare() == 1, "the count above sees a clear picture"
