"""A camera's own masks from the control plane's side: pushed, read back, compared, and when again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from csu.centre.masks.edge_masks import AFTER_FAILURES_NS, AGAIN_EVERY_NS, OTHER_COLOUR_AFTER_NS, EdgeMasks, EdgeRefused
from csu.hal.camera import (
    CameraCapabilities,
    CameraError,
    CameraId,
    CameraRecord,
    CommuneId,
    OnboardMask,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.media import Assignment, EdgePlan
from csu.hal.place import Building, Pose
from csu.hal.words import Words
from csu.masking.edge import MASK_COLOURS_YUV
from sim.journal import JournalStandIn

RECORD = CameraRecord(CameraId("cam-0001"), 1, "x", CommuneId("metz"), ViewType.WIDE)
HOUSE = Building("house", ((-8.0, 20.0), (6.0, 20.0), (6.0, 30.0), (-8.0, 30.0)), 0.0, 9.0, True)
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
FIXED = Assignment(RECORD, StreamAddress("rtsp://h/main"), POSE, False, (HOUSE,), 2.5, 1)


class Device:
    """As much of a Camera as masks need."""

    record = RECORD

    def __init__(self, masks_max: int = 8, *, ptz: bool = False, keeps: int = 99, error: CameraError | None = None):
        self.masks: tuple[OnboardMask, ...] = ()
        self._able = CameraCapabilities(
            ptz, masks_max, 0,
            (StreamProfile("main", "H264", 640, 360, 12.0), StreamProfile("sub", "H264", 320, 180, 12.0)),
        )  # fmt: skip
        self._keeps = keeps
        self._error = error

    async def capabilities(self) -> CameraCapabilities:
        return self._able

    async def stream(self, profile: str) -> StreamAddress:
        return StreamAddress(f"rtsp://h/{profile}")

    async def snapshot(self) -> StreamAddress | None:
        return StreamAddress("http://h/still")

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        if self._error is not None:
            raise self._error
        self.masks = tuple(masks)[: self._keeps]

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        return self.masks


def prepare(device: Device, assignment: Assignment = FIXED, edge: EdgeMasks | None = None) -> EdgePlan | EdgeRefused:
    edge = edge or EdgeMasks(device, JournalStandIn(), settle_s=0.0)  # type: ignore[arg-type]
    return asyncio.run(edge.prepare(assignment, 0))


def test_the_plan_names_the_masks_and_every_other_way_out_of_the_camera() -> None:
    device = Device()
    plan = prepare(device)
    assert isinstance(plan, EdgePlan)
    assert plan.masks == device.masks
    assert plan.masks
    assert [address.url for address in plan.other_streams] == ["rtsp://h/sub"]
    assert plan.snapshot is not None


def test_each_push_is_in_the_other_colour() -> None:
    device = Device()
    edge = EdgeMasks(device, JournalStandIn(), settle_s=0.0)  # type: ignore[arg-type]
    plans = [prepare(device, edge=edge) for _ in range(3)]
    assert [plan.masks[0].colour_yuv for plan in plans] == [MASK_COLOURS_YUV[n] for n in (0, 1, 0)]


@pytest.mark.parametrize(
    ("device", "changes"),
    [
        (Device(), {"follows_pose": True}),
        (Device(), {"pose": None}),
        (Device(), {"commissioned": False}),
        (Device(ptz=True), {}),
        (Device(0), {}),
    ],
    ids=["follows its pose", "no pose", "not signed off", "can turn", "has no masks"],
)
def test_such_cameras_are_the_engines_and_nobody_is_alarmed(device: Device, changes: dict[str, object]) -> None:
    found = prepare(device, replace(FIXED, **changes))  # type: ignore[arg-type]
    assert isinstance(found, EdgeRefused)
    assert not found.is_trouble
    assert device.masks == ()


def test_a_camera_that_drops_masks_or_refuses_them_is_told() -> None:
    for device in (Device(keeps=0), Device(error=CameraError(Words.same("no"), where="c", what_to_do=Words.same("")))):
        found = prepare(device)
        assert isinstance(found, EdgeRefused)
        assert found.is_trouble


def test_masks_are_pushed_again_soon_after_the_first_time_and_then_daily() -> None:
    table = EdgeMasks(Device(), JournalStandIn()).timetable  # type: ignore[arg-type]
    assert table.is_due(0)
    table.pushed(0)
    assert not table.is_due(OTHER_COLOUR_AFTER_NS - 1)
    assert table.is_due(OTHER_COLOUR_AFTER_NS)
    table.pushed(OTHER_COLOUR_AFTER_NS)
    assert not table.is_due(AGAIN_EVERY_NS)
    assert table.is_due(OTHER_COLOUR_AFTER_NS + AGAIN_EVERY_NS)


def test_a_camera_that_keeps_failing_is_tried_a_few_times_a_day() -> None:
    table = EdgeMasks(Device(), JournalStandIn()).timetable  # type: ignore[arg-type]
    now_ns, tries = NS_PER_DAY, 0
    begun_ns = now_ns
    while now_ns < begun_ns + NS_PER_DAY:
        if table.is_due(now_ns):
            tries += 1
            table.failed(now_ns)
        now_ns += NS_PER_MINUTE
    assert tries == 1 + len(AFTER_FAILURES_NS)
