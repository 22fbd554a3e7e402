"""A camera sent to what was pointed at, or to a preset: by where it looks now, and never by a guess."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from csu.centre.rooms.ptz_aims import PtzAims
from csu.governance import Author
from csu.hal.camera import CameraId
from csu.hal.place import Pose, PoseReading
from csu.machine import SystemClock
from csu.masking.calibration.projection import project
from csu.operations.presets import AimRefused, PresetBook, PresetRefused
from tests.centre.conftest import assignment

CAMERA, SIZE_PX = CameraId("cam-0001"), (1280, 720)
HOME = Pose(4.5, -3.2, 7.5, 308.0, -20.0, 0.0, 900.0, k1=-0.05)
CHIEF = Author("chef", "room_chief")


class Head:
    """A camera that is where it is sent at once."""

    def __init__(self) -> None:
        self.record = assignment(1).record
        self.reading: PoseReading | None = PoseReading(HOME, 0, False)
        self.answers_after_s = 0.0

    async def pose(self) -> PoseReading | None:
        await asyncio.sleep(self.answers_after_s)
        return self.reading


class Centre:
    """What the aims ask of a centre; orders are noted, and obeyed."""

    def __init__(self) -> None:
        self.head = Head()
        self.posed = {CAMERA: self.head}
        self.size_px: tuple[int, int] | None = SIZE_PX
        self.orders: list[tuple[str, str, str]] = []

    def assignment(self, camera: CameraId):
        return replace(assignment(1), pose_size_px=self.size_px)

    async def go_to(self, camera: Head, pose: Pose, by: Author, *, preset: str = "", alarm: str = "") -> None:
        self.orders.append((by.account, preset, alarm))
        camera.reading = PoseReading(pose, 0, False)


@pytest.fixture
def centre():
    return Centre()


@pytest.fixture
def aims(centre, tmp_path):
    book = PresetBook(tmp_path / "presets.sqlite")
    yield PtzAims(centre, book, SystemClock())
    book.close()


def test_what_was_pointed_at_is_what_the_camera_is_sent_to(aims, centre) -> None:
    there = np.array([[-20.0, 30.0, 1.7]])
    before = project(HOME, there)[0] / SIZE_PX + 0.5
    asyncio.run(aims.centre_on(CAMERA, float(before[0]), float(before[1]), 2.0, CHIEF, "panel-1/7"))
    now = centre.head.reading.pose
    assert np.abs(project(now, there)).max() < 0.01
    assert now.focal_px == 1800.0
    assert centre.orders == [("chef", "", "panel-1/7")]


def test_a_preset_is_found_again_from_anywhere_and_with_another_picture(aims, centre) -> None:
    stored = asyncio.run(aims.store_preset(CAMERA, 7, "Carrefour", CHIEF))
    assert (stored.stored_by, aims.presets(CAMERA)) == ("chef", (stored,))
    centre.head.reading = PoseReading(replace(HOME, pan_deg=20.0, tilt_deg=-5.0, focal_px=300.0), 0, True)
    centre.size_px = (640, 360)  # another profile is recorded now
    asyncio.run(aims.go_to_preset(CAMERA, 7, CHIEF, ""))
    now = centre.head.reading.pose
    assert (now.pan_deg % 360, now.tilt_deg, now.focal_px) == (pytest.approx(308.0), -20.0, pytest.approx(450.0))
    assert centre.orders == [("chef", "7", "")]  # the number is what the journal says
    asyncio.run(aims.forget_preset(CAMERA, 7))
    with pytest.raises(PresetRefused):
        asyncio.run(aims.go_to_preset(CAMERA, 7, CHIEF, ""))


@pytest.mark.parametrize("why", ["turning", "silent", "slow", "no number", "no picture"])
def test_a_camera_of_which_nobody_knows_where_it_looks_is_sent_nowhere(aims, centre, why) -> None:
    readings = {"turning": PoseReading(HOME, 0, True), "silent": None}
    readings["no number"] = PoseReading(replace(HOME, tilt_deg=float("nan")), 0, False)
    centre.head.reading = readings.get(why, centre.head.reading)
    centre.head.answers_after_s = 30.0 if why == "slow" else 0.0
    centre.size_px = None if why == "no picture" else SIZE_PX
    for deed in (
        lambda: aims.centre_on(CAMERA, 0.2, 0.2, 1.0, CHIEF, ""),
        lambda: aims.store_preset(CAMERA, 1, "Ici", CHIEF),
    ):
        with pytest.raises(AimRefused):
            asyncio.run(deed())
    assert centre.orders == []
    assert aims.presets(CAMERA) == ()


def test_a_camera_that_cannot_be_turned_is_none(aims) -> None:
    with pytest.raises(KeyError):
        asyncio.run(aims.centre_on(CameraId("cam-0002"), 0.5, 0.5, 1.0, CHIEF, ""))
