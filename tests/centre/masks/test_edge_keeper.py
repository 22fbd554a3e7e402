"""Who keeps cameras masking by themselves, with a camera and a node that only remember."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from csu.centre.masks.edge_keeper import EdgeKeeper
from csu.centre.masks.edge_masks import AFTER_FAILURES_NS, OTHER_COLOUR_AFTER_NS
from csu.hal.camera import (
    CameraCapabilities,
    CameraId,
    CameraRecord,
    CommuneId,
    OnboardMask,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, EdgePlan, NodeId
from csu.hal.place import Building, Pose
from csu.hal.words import Words
from sim.journal import JournalStandIn

CAMERA = CameraId("cam-0001")
RECORD = CameraRecord(CAMERA, 1, "x", CommuneId("metz"), ViewType.WIDE)
HOUSE = Building("house", ((-8.0, 20.0), (6.0, 20.0), (6.0, 30.0), (-8.0, 30.0)), 0.0, 9.0, True)


class Device:
    """As much of a Camera as masks need."""

    record = RECORD

    def __init__(self) -> None:
        self.pushes: list[tuple[OnboardMask, ...]] = []
        self.forgets = False

    async def capabilities(self) -> CameraCapabilities:
        return CameraCapabilities(False, 8, 0, (StreamProfile("main", "H264", 640, 360, 12.0),))

    async def snapshot(self) -> None:
        return None

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        self.pushes.append(tuple(masks))

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        return () if self.forgets else self.pushes[-1]


class Node:
    """The centre as the keeper sees it."""

    def __init__(self) -> None:
        self.now = 0
        pose = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
        self.held = Assignment(RECORD, StreamAddress("rtsp://h/"), pose, False, (HOUSE,), 2.5, 1)
        self.plans: list[EdgePlan | None] = []
        self.troubles: list[str] = []
        self.device = Device()
        self.journal = JournalStandIn()
        self.keeper = EdgeKeeper(
            [self.device],  # type: ignore[list-item]
            assignment=lambda _: self.held,
            reassign=self.reassign,
            tell=lambda _, why: self.troubles.append(why.en),
            clock=self,  # type: ignore[arg-type]
            journal=self.journal,
            settle_s=0.0,
        )

    def now_ns(self) -> int:
        return self.now

    async def reassign(self, assignment: Assignment) -> None:
        self.held = assignment
        self.plans.append(assignment.edge)

    def look(self, at_ns: int) -> None:
        self.now = at_ns
        asyncio.run(self.keeper.look())

    def fail(self) -> None:
        self.keeper.hear(CameraEvent(NodeId("n"), CAMERA, CameraEventKind.MASK_FAILED, self.now, Words.same("x")))


@pytest.fixture
def node() -> Node:
    return Node()


def test_a_camera_gets_its_masks_and_the_node_their_plan(node: Node) -> None:
    node.look(1)
    node.look(2)
    assert len(node.device.pushes) == 1
    assert [plan.masks for plan in node.plans if plan] == [node.device.pushes[0]]


def test_while_the_colour_changes_the_engine_masks(node: Node) -> None:
    node.look(1)
    node.look(1 + OTHER_COLOUR_AFTER_NS)
    assert [plan is None for plan in node.plans] == [False, True, False]
    assert node.plans[0] != node.plans[2]


def test_another_version_of_the_masks_is_pushed_at_once(node: Node) -> None:
    node.look(1)
    node.held = replace(node.held, mask_epoch=2, edge=None)
    node.look(2)
    assert len(node.device.pushes) == 2
    assert node.held.edge is not None


def test_a_camera_that_is_not_signed_off_is_left_alone_until_it_is(node: Node) -> None:
    node.held = replace(node.held, commissioned=False)
    node.look(1)
    assert node.device.pushes == []
    node.held = replace(node.held, commissioned=True)
    node.look(2)
    assert len(node.device.pushes) == 1


def test_a_failure_is_tried_again_after_a_while(node: Node) -> None:
    node.look(1)
    node.fail()
    node.look(AFTER_FAILURES_NS[0])
    assert len(node.device.pushes) == 1
    node.look(1 + AFTER_FAILURES_NS[0])
    assert len(node.device.pushes) == 2


def test_a_camera_that_does_not_keep_its_masks_gets_no_plan_and_is_told(node: Node) -> None:
    node.device.forgets = True
    node.look(1)
    assert node.held.edge is None
    assert len(node.troubles) == 1
