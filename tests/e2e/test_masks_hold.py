"""Whole demonstrations in which cameras betray their masks: nothing clear is ever kept, and people are told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CSU = Path(sys.executable).with_name("csu")


def demo(directory: Path, seconds: int, *options: str, cameras: int = 3) -> tuple[dict[str, Any], str]:
    """What `csu demo` found, and what it told on stderr."""
    chosen = [part for option in options for part in ("--option", option)]
    command = [str(CSU), "demo", "--cameras", str(cameras), "--seconds", str(seconds), "--headless", "--json", *chosen]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90, cwd=directory)
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return json.loads(done.stdout), done.stderr


@pytest.mark.nightly
def test_a_camera_that_switches_its_own_masks_off_is_masked_by_the_engine_from_that_picture_on(tmp_path):
    found, told = demo(
        tmp_path, 18, "onboard_masks=8", "mask_fault=switched_off", "mask_fault_camera=2", "mask_fault_after_s=8"
    )
    assert found["verdict"] == "holds", told[-3000:]
    assert "cam-0002 : ses propres masques ont été vus" in told  # the others' too, on a machine that is not busy
    assert "cam-0002 : l'image ne montre pas le masque" in told
    assert found["frames"]["clear_left_ingest"] == 0
    assert found["frames"]["witnessed"] > 60
    assert found["segments"]["playable"] == found["segments"]["closed"] >= 7  # each change of route begins a segment


@pytest.mark.nightly
@pytest.mark.parametrize(
    "fault",
    ["adapted_unsaid", "main_only", "sub_only", "snapshot_clear", "pixelated", "gone_after_reboot", "late"],
)
def test_whatever_a_camera_does_with_its_own_masks_nothing_clear_is_kept(tmp_path, fault):
    found, told = demo(tmp_path, 30, "onboard_masks=8", f"mask_fault={fault}", "mask_fault_camera=2")
    assert found["frames"]["clear_left_ingest"] == 0, told[-3000:]
    assert found["frames"]["witnessed"] > 100
    assert found["cameras"]["live"] == 3


@pytest.mark.nightly
def test_a_knocked_camera_is_masked_within_two_looks_and_is_to_be_signed_anew(tmp_path):
    found, told = demo(tmp_path, 60, "view_fault=knocked", "view_fault_camera=1", "view_fault_after_s=35", cameras=2)
    assert found["cameras"]["lifecycle"] == {"cam-0001": "not_commissioned", "cam-0002": "active"}, told[-3000:]
    assert found["frames"]["clear_left_ingest"] <= 14, "4 s at 12 pictures/s, one in four looked at"
    assert found["frames"]["wholly_masked"] > 12 * 12
