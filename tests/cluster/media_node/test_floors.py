"""Floors of real streams: below them a new stream is not recorded, and one in service is told of while it is (TEC)."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from csu.cluster.floor_door import FloorDoor
from csu.hal.camera import StreamAddress, ViewType
from csu.hal.media import CameraEventKind, GapCause
from csu.ingest import PictureShape, StreamUnsupported
from sim.endpoints import EndpointSpec, Fault, FaultKind, RtspFarm

CIF = {"width_px": 352, "height_px": 288}
FARM = [
    EndpointSpec("small", 1, width_px=320, height_px=240),
    EndpointSpec("small-for-narrow", 2, width_px=640, height_px=360),
    EndpointSpec("slow", 3, frames_per_s=4, **CIF),
    EndpointSpec("fine", 4, frames_per_s=8, **CIF),
    EndpointSpec("slow-in-service", 5, frames_per_s=4, **CIF),
    EndpointSpec("shrinks", 6, fault=Fault(FaultKind.SIZE_CHANGE, after_frames=30), **CIF),
]
NEW = {"small", "small-for-narrow", "slow", "fine"}
NARROW = {"small-for-narrow"}


@pytest.fixture(scope="module")
def heard(tmp_path_factory, node_run, assignment_of):
    """What a node says of those streams in a quarter of a minute."""

    async def scene(node, heard) -> None:
        await heard.until(lambda h: CameraEventKind.RATE_LOW in h.kinds("slow-in-service"), timeout_s=60)
        await heard.until(lambda h: bool(h.told("shrinks", CameraEventKind.SIZE_LOW)))
        await asyncio.sleep(1)

    with RtspFarm(FARM) as farm:
        assignments = []
        for spec in FARM:
            given = assignment_of(spec.camera, spec.number, farm.address(spec.camera))
            view = ViewType.NARROW if spec.camera in NARROW else ViewType.WIDE
            record = dataclasses.replace(given.record, view=view)
            assignments.append(dataclasses.replace(given, record=record, floors_asked=spec.camera not in NEW))
        return node_run(tmp_path_factory.mktemp("media"), assignments, scene)


@pytest.mark.requirement("TEC-1")
@pytest.mark.parametrize(
    ("camera", "told"),
    [("small", "320x240 pixels, at least 352x288"), ("small-for-narrow", "640x360 pixels, at least 704x576")],
)
def test_a_new_stream_of_small_pictures_is_refused_and_nothing_of_it_recorded(heard, camera, told):
    assert told in heard.told(camera, CameraEventKind.UNSUPPORTED)
    assert CameraEventKind.LIVE not in heard.kinds(camera)
    assert heard.segments(camera) == []
    assert GapCause.STREAM_UNSUPPORTED in {gap.cause for gap in heard.gaps(camera)}


@pytest.mark.requirement("TEC-2")
def test_a_new_stream_of_few_pictures_is_refused_and_nothing_of_it_recorded(heard):
    assert "4 pictures a second, at least 6 are due" in heard.told("slow", CameraEventKind.UNSUPPORTED)
    assert heard.segments("slow") == []


def test_a_new_stream_at_its_floors_is_recorded_and_nothing_is_told(heard):
    assert heard.segments("fine")
    assert CameraEventKind.UNSUPPORTED not in heard.kinds("fine")
    assert not heard.told("fine", CameraEventKind.SIZE_LOW)


@pytest.mark.requirement("TEC-1")
def test_pictures_that_become_small_in_service_are_told_of_and_recorded(heard):
    assert "176x144 pixels, at least 352x288" in heard.told("shrinks", CameraEventKind.SIZE_LOW)
    assert len(heard.segments("shrinks")) >= 2


@pytest.mark.requirement("TEC-2")
def test_pictures_that_become_few_in_service_are_told_of_and_recorded(heard):
    assert "pictures a second over 10 s, at least 6" in heard.told("slow-in-service", CameraEventKind.RATE_LOW)
    assert heard.segments("slow-in-service")


class TestDoor:
    """The decision alone: in service nothing is refused, and each size is told of once."""

    @pytest.fixture
    def told(self) -> list[str]:
        return []

    @pytest.fixture
    def door(self, told) -> FloorDoor:
        return FloorDoor(lambda assignment, shape: shape, lambda words: told.append(words.en))

    @pytest.fixture
    def new(self, assignment_of):
        return assignment_of("cam-1", 1, StreamAddress("rtsp://x"), floors_asked=False)

    def test_a_new_stream_that_was_good_once_is_in_service(self, door, new, told):
        for width_px in (704, 176, 176, 704, 176):
            door(new, PictureShape(width_px, width_px * 9 // 11, False, 12.0))
        assert len(told) == 2

    def test_a_refused_one_stays_refused_until_it_is_good(self, door, new, told):
        for _ in range(2):
            with pytest.raises(StreamUnsupported):
                door(new, PictureShape(176, 144, False, 12.0))
        door(new, PictureShape(352, 288, False, 12.0))
        assert told == []
