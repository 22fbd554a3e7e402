"""Who was moved is locked where the pictures are, until masks are signed anew; what was learned outlives a restart."""

from __future__ import annotations

from dataclasses import replace

import cv2
import pytest

from csu.cluster.engine_route import engine_route
from csu.cluster.view_keeper import ViewKeepers
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Assignment, CameraEventKind
from csu.hal.place import Pose
from csu.ingest import PictureShape
from csu.machine import LocalDisk
from sim.street import StreetPainter, build_street, planes_of, posts, zones_of

S = 1_000_000_000
START_NS = 1_790_000_037 * S
STREET = build_street(1)
POST = posts(STREET, 1)[0]
ASSIGNMENT = Assignment(
    CameraRecord(CameraId("cam-0001"), 1, POST.name, CommuneId("valmont"), ViewType.WIDE),
    StreamAddress("rtsp://127.0.0.1/x"),
    POST.pose,
    False,
    STREET.buildings,
    2.5,
    mask_epoch=3,
    zones=zones_of(STREET),
)


@pytest.fixture(scope="module", autouse=True)
def one_opencv_thread():
    cv2.setNumThreads(1)


class Node:
    """A media node's engine route with one camera, fed with pictures of the street."""

    def __init__(self, disk: LocalDisk | None = None) -> None:
        self.told: list[CameraEventKind] = []
        self.route = engine_route(ViewKeepers(lambda camera, kind, words: self.told.append(kind), disk))
        self.painter = StreetPainter(1, 640, 360)
        self.at_ns = START_NS
        self.sequence = 0

    def film(self, for_s: int, pose: Pose = POST.pose, assignment: Assignment = ASSIGNMENT) -> list[float]:
        """One picture every 2 s on a new connection; the covered shares."""
        stage = self.route(assignment, PictureShape(640, 360, False, 12.0))
        shares = []
        for _ in range(for_s // 2):
            self.at_ns += 2 * S
            self.sequence += 1
            planes: YuvPlanes = planes_of(self.painter.draw(pose, self.at_ns))
            captured = CaptureTime(self.at_ns, from_camera=True)
            clear = ClearFrame(CameraId("cam-0001"), self.sequence, captured, planes)
            shares.append(stage.mask(clear, (), self.at_ns).covered_share)
        return shares


TURNED = replace(POST.pose, pan_deg=POST.pose.pan_deg + 2.0)


def test_a_moved_camera_is_wholly_masked_from_the_next_picture_on_and_on_every_new_connection():
    node = Node()
    assert max(node.film(20)) < 0.9
    assert set(node.film(14, TURNED)) == {1.0}
    assert node.told == [CameraEventKind.VIEW_MOVED]
    assert node.film(4, TURNED) == [1.0, 1.0]
    assert node.film(4) == [1.0, 1.0], "coming back by itself is no signature"


def test_the_look_that_suspects_a_turn_already_hides_its_own_picture_and_a_passing_suspicion_passes():
    node = Node()
    node.film(20)
    assert node.film(2, TURNED) == [1.0]
    assert max(node.film(8)) < 0.9
    assert node.told == []


def test_only_masks_signed_anew_open_the_lock_and_another_edge_plan_does_not():
    node = Node()
    node.film(20)
    node.film(14, TURNED)
    assert node.film(4, assignment=replace(ASSIGNMENT, bounds=ASSIGNMENT.bounds)) == [1.0, 1.0]
    assert node.film(4, assignment=replace(ASSIGNMENT, commissioned=False, pose=None, mask_epoch=0)) == [1.0, 1.0]
    signed = replace(ASSIGNMENT, pose=TURNED)
    assert max(node.film(30, TURNED, assignment=signed)) < 0.9, "the same version, signed again"
    assert node.told == [CameraEventKind.VIEW_MOVED]


def test_a_newer_mask_set_is_for_a_view_to_learn_anew():
    node = Node()
    node.film(20)
    assert max(node.film(30, TURNED, assignment=replace(ASSIGNMENT, pose=TURNED, mask_epoch=4))) < 0.9
    assert node.told == []


def test_a_camera_turned_while_its_node_was_down_is_found(tmp_path):
    Node(LocalDisk(tmp_path)).film(22)
    (remembered,) = LocalDisk(tmp_path).names()
    assert remembered.startswith("cam-0001/00000003-")
    later = Node(LocalDisk(tmp_path))
    assert set(later.film(14, TURNED)) == {1.0}
    assert later.told == [CameraEventKind.VIEW_MOVED]
    assert LocalDisk(tmp_path).names() == [], "the view that was is of no use to the masks that will be signed"


def test_a_restart_without_a_turn_says_nothing_and_spoilt_memory_is_learned_anew(tmp_path):
    Node(LocalDisk(tmp_path)).film(22)
    later = Node(LocalDisk(tmp_path))
    assert max(later.film(20)) < 0.9
    assert later.told == []
    for path in tmp_path.rglob("*.view"):
        path.write_bytes(b"spoilt")
    third = Node(LocalDisk(tmp_path))
    assert max(third.film(20)) < 0.9
    assert third.told == []
