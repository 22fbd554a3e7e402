"""A clear picture has one home: the type checker says so, and what runs says so again (PRV-3)."""

from __future__ import annotations

import pickle
import subprocess

import numpy as np
import pytest

import csu.masking  # noqa: F401 - it takes the seal, as in every process that masks
from csu.hal._mask_seal import MaskSeal, is_seal, take_seal
from csu.hal.camera import CameraId
from csu.hal.frames import (
    CaptureTime,
    ClearFrame,
    ClearPictureRefused,
    MaskedFrame,
    MaskedPacket,
    YuvPlanes,
    require_masked_frame,
    require_masked_packet,
)

CAMERA = CameraId("cam-0001")
CAPTURED = CaptureTime(at_ns=1, from_camera=True)

TYPED = """\
from csu.hal.camera import CameraId
from csu.hal.frames import CaptureTime, ClearFrame, MaskedFrame, MaskedPacket
from csu.hal.wall import MaskedSink
from csu.recording import CameraRecorder

def keeps(recorder: CameraRecorder, wall: MaskedSink, packet: MaskedPacket, picture: MaskedFrame) -> None:
    recorder.write(packet)
    wall.accept(picture)

def leaks(recorder: CameraRecorder, wall: MaskedSink, clear: ClearFrame) -> None:
    recorder.write(clear)  # WRONG
    wall.accept(clear)  # WRONG

def forges(clear: ClearFrame) -> MaskedFrame:
    return MaskedFrame(  # WRONG
        CameraId("cam-0001"), 1, clear.captured, clear.planes, mask_epoch=1, covered_share=0.0
    )
"""


@pytest.fixture
def planes() -> YuvPlanes:
    grey = np.full((8, 8), 128, np.uint8)
    return YuvPlanes(grey, grey[:4, :4], grey[:4, :4])


@pytest.fixture
def clear(planes: YuvPlanes) -> ClearFrame:
    return ClearFrame(CAMERA, 1, CAPTURED, planes)


@pytest.mark.requirement("PRV-3")
def test_the_type_checker_refuses_a_clear_frame_where_masked_ones_go(tmp_path, mypy):
    snippet = tmp_path / "planted_clear_picture.py"
    snippet.write_text(TYPED, encoding="utf-8")
    found = mypy(snippet)
    wrong = {number for number, line in enumerate(TYPED.splitlines(), 1) if "# WRONG" in line}
    assert {line for line, _ in found} == wrong, found
    assert {code for _, code in found} == {"arg-type", "call-arg"}


@pytest.mark.requirement("PRV-3")
def test_a_clear_frame_is_refused_at_every_door(clear):
    for door in (require_masked_frame, require_masked_packet):
        with pytest.raises(ClearPictureRefused, match="cam-0001"):
            door(clear, where="cam-0001")


@pytest.mark.requirement("PRV-3")
def test_a_clear_frame_cannot_leave_its_process(clear):
    with pytest.raises(ClearPictureRefused):
        pickle.dumps(clear)


@pytest.mark.requirement("PRV-3")
def test_the_mask_seal_is_given_once():
    with pytest.raises(PermissionError, match="already held"):
        take_seal()


@pytest.mark.requirement("PRV-3")
def test_a_masked_picture_cannot_be_made_with_a_forged_seal(planes):
    forged = MaskSeal()
    assert not is_seal(forged)
    with pytest.raises(PermissionError, match="only csu.masking"):
        MaskedFrame(CAMERA, 1, CAPTURED, planes, mask_epoch=1, covered_share=1.0, seal=forged)
    with pytest.raises(PermissionError, match="only csu.masking"):
        MaskedPacket(CAMERA, 1, CAPTURED, b"", pts=0, dts=0, is_key=True, mask_epoch=1, wholly_masked=True, seal=forged)


def test_the_seal_can_be_taken_by_nobody_who_comes_after_the_masking_room(tree):
    """In a process of its own: the order of imports decides nothing, the second taker is refused."""
    tree.plant("planted_taker.py", "import csu.masking\nfrom csu.hal._mask_seal import take_seal\ntake_seal()\n")
    done: subprocess.CompletedProcess[str] = tree.run("python", "planted_taker.py")
    assert done.returncode == 1
    assert "PermissionError" in done.stderr
