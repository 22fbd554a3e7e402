"""A camera whose stream is below the floors of its view is not taken into service, and people are told why (TEC)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from csu.centre.masks.commissioning import Commissioning
from csu.centre.preparing import prepare_site
from csu.governance import LocalDoctrine
from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraId,
    CameraRecord,
    CommuneId,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.place import Pose, PoseReading
from csu.hal.site import Site
from sim.journal import JournalStandIn


class Device:
    """As much of a camera as commissioning asks of it."""

    def __init__(self, number: int, view: ViewType, width_px: int, height_px: int, frames_per_s: float) -> None:
        self.record = CameraRecord(CameraId(f"cam-{number:04d}"), number, "x", CommuneId("metz"), view)
        self._profile = StreamProfile("main", "h264", width_px, height_px, frames_per_s)

    async def capabilities(self) -> CameraCapabilities:
        return CameraCapabilities(False, 0, 0, (self._profile,))

    async def stream(self, profile: str) -> StreamAddress:
        return StreamAddress("rtsp://127.0.0.1/x")

    async def pose(self) -> PoseReading:
        return PoseReading(Pose(0.0, 0.0, 6.0, 0.0, -10.0, 0.0, 500.0), 0, False)

    async def refuse_audio(self) -> AudioState:
        return AudioState.ABSENT


def taken(tmp_path: Path, *devices: Device) -> tuple[set[str], dict[str, str]]:
    """Cameras taken into service, and why the others were not."""
    masks = Commissioning.open(tmp_path / "masks.sqlite")
    try:
        site = Site("here", devices, ())  # type: ignore[arg-type]
        prepared = asyncio.run(prepare_site(site, (), LocalDoctrine(), masks, JournalStandIn()))
    finally:
        masks.close()
    refused = {camera.record.camera: words.en for camera, words in prepared.unreached}
    return {assignment.record.camera for assignment in prepared.assignments}, refused


@pytest.mark.requirement("TEC-1")
@pytest.mark.requirement("TEC-2")
@pytest.mark.parametrize(
    ("view", "size", "rate"),
    [
        (ViewType.NARROW, (640, 360), 25.0),
        (ViewType.NARROW, (1280, 720), 8.0),
        (ViewType.WIDE, (320, 240), 25.0),
        (ViewType.WIDE, (640, 360), 5.0),
        (ViewType.TRAFFIC, (320, 240), 12.0),
    ],
)
def test_a_stream_below_its_floor_is_not_taken_and_harms_no_other(tmp_path, view, size, rate):
    poor, fine = Device(1, view, *size, rate), Device(2, ViewType.WIDE, 640, 360, 12.0)
    cameras, refused = taken(tmp_path, poor, fine)
    assert cameras == {"cam-0002"}
    assert "at least" in refused["cam-0001"]


@pytest.mark.requirement("TEC-1")
@pytest.mark.requirement("TEC-2")
def test_streams_at_the_floor_are_taken(tmp_path):
    devices = [Device(1, ViewType.NARROW, 704, 576, 12.0), Device(2, ViewType.TRAFFIC, 352, 288, 6.0)]
    assert taken(tmp_path, *devices) == ({"cam-0001", "cam-0002"}, {})
