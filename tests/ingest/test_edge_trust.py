"""How far a camera's own masks are believed, without a camera."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, OnboardMask, StreamAddress, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Assignment, CameraEventKind, EdgePlan
from csu.hal.words import Words
from csu.ingest import Kept, NotKept, PictureShape
from csu.ingest.edge_connection import AGAIN_AFTER_NS, BROKEN_RUNS_MAX, KEY_EVERY_NS_MAX, EdgeConnection
from csu.ingest.edge_trust import EdgeTrust

PLAN = EdgePlan((OnboardMask("a", ((0, 0), (1, 0), (1, 1))),), audit_every_s=60.0)
OTHER_PLAN = EdgePlan((OnboardMask("b", ((0, 0), (1, 0), (1, 1))),), audit_every_s=60.0)
BAD = Words("non", "no")
S = NS_PER_S
VERIFIED, FAILED = CameraEventKind.MASK_VERIFIED, CameraEventKind.MASK_FAILED


def nothing_missing(planes: YuvPlanes) -> Words | None:
    return None


@pytest.fixture
def trust() -> EdgeTrust:
    return EdgeTrust(threading.Lock())


def audited(trust: EdgeTrust, now_ns: int, why: Words | None = None) -> None:
    order = trust.order(now_ns)
    assert order is not None
    trust.audited(order, now_ns, why)


def test_nothing_is_believed_before_its_first_audit(trust) -> None:
    assert not trust.holds(0)
    assert trust.order(0) is None
    trust.begin(PLAN, nothing_missing)
    assert not trust.holds(0)
    audited(trust, 1 * S)
    assert trust.holds(1 * S)


def test_an_audit_is_asked_for_once_and_again_when_it_is_due(trust) -> None:
    trust.begin(PLAN, nothing_missing)
    order = trust.order(0)
    assert trust.order(0) is None
    trust.audited(order, 2 * S, None)
    assert trust.order(61 * S) is None
    assert trust.order(62 * S) is not None


def test_an_audit_that_does_not_come_is_worth_nothing(trust) -> None:
    trust.begin(PLAN, nothing_missing)
    audited(trust, 0)
    assert trust.holds(179 * S)
    assert not trust.holds(180 * S)


def test_a_new_connection_voids_what_was_seen_and_what_is_being_looked_at(trust) -> None:
    trust.begin(PLAN, nothing_missing)
    audited(trust, 0)
    late = trust.order(61 * S)
    trust.end()
    assert not trust.holds(61 * S)
    assert trust.order(61 * S) is None
    trust.begin(PLAN, nothing_missing)
    trust.audited(late, 62 * S, None)
    assert not trust.holds(62 * S)
    audited(trust, 63 * S)
    assert trust.holds(63 * S)


def test_a_failure_holds_over_connections_until_another_plan_comes(trust) -> None:
    trust.begin(PLAN, nothing_missing)
    audited(trust, 0, BAD)
    for _ in range(2):
        assert trust.failure == BAD
        assert trust.order(1000 * S) is None
        trust.end()
        trust.begin(PLAN, nothing_missing)
    trust.begin(OTHER_PLAN, nothing_missing)
    assert trust.failure is None
    audited(trust, 0)
    assert trust.holds(0)


class Stage:
    """Lets packets through by their first byte: g(ood, and a key frame), p(redicted), b(ad), w(ait)."""

    interrupted = 0

    def verified(self, clear: ClearFrame, data: bytes) -> Kept | NotKept:
        if data in (b"g", b"p"):
            return Kept("frame", SimpleNamespace(is_key=data == b"g"), None)  # type: ignore[arg-type]
        return NotKept(BAD, is_failure=data == b"b")

    def missing(self, planes: YuvPlanes) -> Words | None:
        return None

    def interrupt(self) -> None:
        self.interrupted += 1


class Line:
    """An edge connection with pictures that need no camera."""

    def __init__(self, trust: EdgeTrust, stage: Callable[[], Stage | None] = Stage) -> None:
        self.told: list[CameraEventKind] = []
        self.trust = trust
        record = CameraRecord(CameraId("c"), 1, "c", CommuneId("m"), ViewType.WIDE)
        self.assignment = Assignment(record, StreamAddress("rtsp://h/"), None, False, (), 2.5, 1, edge=PLAN)
        self.shape = PictureShape(64, 48, False, 25.0)
        self.edge = EdgeConnection(lambda *_: stage(), trust, lambda kind, _: self.told.append(kind), b"")
        half = np.zeros((24, 32), np.uint8)
        self._planes = YuvPlanes(np.zeros((48, 64), np.uint8), half, half)
        self._at = 0

    def show(self, data: bytes | None, now_ns: int = 0) -> bool:
        """Send a packet (None: none) and its picture; True when it was kept."""
        self._at += 1
        if data is not None:
            self.edge.packet(self._at, data)
        clear = ClearFrame(CameraId("c"), self._at, CaptureTime(now_ns, False), self._planes)
        return self.edge.take(clear, self._at, self.assignment, self.shape, now_ns) is not None


@pytest.fixture
def line(trust) -> Line:
    """Audited, and about to be believed."""
    line = Line(trust)
    assert not line.show(b"g")
    audited(trust, 0)
    return line


def test_the_engine_masks_until_the_first_audit_is_done(line) -> None:
    assert line.told == []
    assert line.show(b"g")
    assert line.show(b"g")
    assert line.told == [VERIFIED]


def test_a_picture_without_its_masks_goes_to_the_engine_and_so_do_all_that_follow(line) -> None:
    assert line.show(b"g")
    assert not line.show(b"b")
    assert not any(line.show(b"g", at * S) for at in range(100))
    assert line.told == [VERIFIED, FAILED]


def test_an_audit_that_fails_takes_the_next_picture_away(line) -> None:
    assert line.show(b"g")
    audited(line.trust, 60 * S, BAD)
    assert not line.show(b"g", 60 * S)
    assert line.told == [VERIFIED, FAILED]


def test_late_audits_take_the_camera_away_and_a_new_one_brings_it_back(line) -> None:
    assert line.show(b"g")
    assert not line.show(b"g", 200 * S)
    assert line.told == [VERIFIED, FAILED]
    audited(line.trust, 201 * S)
    assert line.show(b"g", 201 * S)
    assert line.told == [VERIFIED, FAILED, VERIFIED]


@pytest.mark.parametrize("loss", ["no packet", "told of a loss", "waits for a key frame"])
def test_a_missing_packet_breaks_the_run_off_and_it_begins_again_later(line, loss: str) -> None:
    assert line.show(b"g")
    if loss == "told of a loss":
        line.edge.packet(line._at + 1, b"g")
        line.edge.interrupt()
    assert not line.show(b"w" if loss == "waits for a key frame" else None)
    assert not line.show(b"g", AGAIN_AFTER_NS - 1)
    assert line.show(b"g", AGAIN_AFTER_NS)
    assert line.told == [VERIFIED]


def test_a_camera_whose_packets_never_fit_its_pictures_is_given_up(line) -> None:
    for number in range(BROKEN_RUNS_MAX):
        assert line.show(b"g", number * AGAIN_AFTER_NS)
        assert not line.show(None, number * AGAIN_AFTER_NS)
    assert not line.show(b"g", BROKEN_RUNS_MAX * AGAIN_AFTER_NS)
    assert line.told[-1] is FAILED


def test_a_camera_whose_key_frames_are_too_rare_is_the_engines(line) -> None:
    assert line.show(b"g")
    assert line.show(b"p", KEY_EVERY_NS_MAX)
    assert line.show(b"g", KEY_EVERY_NS_MAX)
    assert not line.show(b"p", 2 * KEY_EVERY_NS_MAX + 1)
    assert line.told == [VERIFIED, FAILED]


def test_another_size_or_assignment_is_looked_at_afresh(line) -> None:
    assert line.show(b"g")
    line.shape = PictureShape(32, 24, False, 25.0)
    assert not line.show(b"g")
    audited(line.trust, 0)
    assert line.show(b"g")


def test_other_parameter_sets_are_another_stream(line) -> None:
    assert line.show(b"g")
    line.edge.packet(line._at + 1, b"\0\0\0\1\x67abc\0\0\0\1\x68d\0\0\0\1\x65x")
    assert not line.show(None)
    assert line.trust.order(0) is not None


def test_a_camera_that_never_stops_changing_its_parameter_sets_is_given_up(line) -> None:
    for number in range(BROKEN_RUNS_MAX):
        line.edge.packet(line._at + 1, b"\0\0\0\1\x67" + bytes([number + 1]) + b"\0\0\0\1\x65x")
        line.show(None)
    assert line.trust.failure is not None


def test_where_nothing_can_be_left_to_the_camera_nothing_is_audited(trust) -> None:
    line = Line(trust, lambda: None)
    assert not line.show(b"g")
    assert trust.order(0) is None
    assert line.told == []


def test_a_connection_that_ends_leaves_nothing_believed(line) -> None:
    assert line.show(b"g")
    line.edge.close()
    assert not line.trust.holds(0)
