"""The parts of a media node, each alone: minutes on a clock of our own, queues with bounds, the manifest's columns."""

from __future__ import annotations

import pickle
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.cluster.live_relay import FragmentQueue
from csu.cluster.media_process import MediaProcess
from csu.cluster.outbox import LIVE_BYTES_MAX, Outbox
from csu.cluster.segment_sink import segment_table
from csu.cluster.wire import HEADER, Assign, Begin, FragmentOf, body_bytes, unpack_report
from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, YuvPlanes
from csu.hal.media import GapCause, LiveFragment, Manifest, NodeId
from csu.machine import LocalDisk, SystemChance
from csu.recording import ClosedSegment

MINUTE_NS = 1_800_000_000 * NS_PER_S // NS_PER_MINUTE * NS_PER_MINUTE
CAMERA = CameraId("cam-0001")


class SetClock:
    """A clock that stands where it was put."""

    def __init__(self, now_ns: int) -> None:
        self.now = now_ns

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now


class Said:
    def __init__(self) -> None:
        self.reports: list[object] = []

    def put(self, report: object) -> None:
        self.reports.append(report)

    def put_live(self, camera: CameraId, fragment: LiveFragment) -> None:
        raise AssertionError("nobody watches")

    def take_live_dropped(self) -> int:
        return 0

    @property
    def manifests(self) -> list[Manifest]:
        return [report for report in self.reports if isinstance(report, Manifest)]


def process(tmp_path, clock: SetClock) -> tuple[MediaProcess, Said]:
    said = Said()
    begin = Begin(NodeId("node-1"), 7, tmp_path, None)
    node = MediaProcess(
        begin, said, clock=clock, chance=SystemChance("1"), disk=LocalDisk(tmp_path), route=None, pictures=None
    )
    return node, said


def test_each_minute_that_is_over_is_accounted_for_once_on_its_boundary(tmp_path) -> None:
    clock = SetClock(MINUTE_NS + 20 * NS_PER_S)
    node, said = process(tmp_path, clock)
    assert node.seconds_to_next_deed() == 40
    clock.now = MINUTE_NS + 59 * NS_PER_S
    node.account()
    assert said.manifests == []
    clock.now = MINUTE_NS + 60 * NS_PER_S
    node.account()
    node.account()
    clock.now = MINUTE_NS + 121 * NS_PER_S
    node.account()
    assert [(m.node_epoch, m.sequence, m.minute_ns) for m in said.manifests] == [
        (7, 0, MINUTE_NS),
        (7, 1, MINUTE_NS + NS_PER_MINUTE),
    ]


def test_a_camera_that_is_refused_has_a_gap_over_the_whole_minute(tmp_path, assignment_of) -> None:
    clock = SetClock(MINUTE_NS)
    node, said = process(tmp_path, clock)
    node.obey(Assign((assignment_of(CAMERA, 1, StreamAddress("http://nowhere/")),)))
    deadline = time.monotonic() + 5
    while not said.reports and time.monotonic() < deadline:
        time.sleep(0.01)
    clock.now = MINUTE_NS + NS_PER_MINUTE
    node.account()
    node.stop()
    (minute, last) = said.manifests
    assert [(gap.start_ns, gap.end_ns, gap.cause) for gap in minute.gaps] == [
        (MINUTE_NS, MINUTE_NS + NS_PER_MINUTE, GapCause.CAMERA_REFUSED)
    ]
    assert minute.cameras == last.cameras == (CAMERA,)
    assert len(minute.segments) == 0


def test_a_clock_set_forward_by_an_hour_makes_no_flood_of_accounts(tmp_path) -> None:
    clock = SetClock(MINUTE_NS)
    node, said = process(tmp_path, clock)
    clock.now += 60 * NS_PER_MINUTE
    node.account()
    assert len(said.manifests) <= 2


def test_the_columns_of_a_manifest_hold_what_the_segments_say() -> None:
    cameras = (CameraId("a"), CameraId("b"))
    segments = [
        ClosedSegment(cameras[1], "n", MINUTE_NS, 60_000, 1 << 33, bytes(range(32)), 3, -2_000_000_000_000, 720),
        ClosedSegment(cameras[0], "n", MINUTE_NS + 1, 1, 2, bytes(32), 4, 5, 6),
    ]
    table = segment_table(cameras, segments)
    assert table.camera.tolist() == [1, 0]
    assert table.start_ns.tolist() == [MINUTE_NS, MINUTE_NS + 1]
    assert table.size_bytes.tolist() == [1 << 33, 2]
    assert table.clock_offset_ms.tolist() == [-(2**31), 5]
    assert bytes(table.sha256[0]) == bytes(range(32))
    assert len(segment_table(cameras, [])) == 0


def fragment(number: int, *, key: bool = False, init: bool = False, size: int = 1) -> LiveFragment:
    return LiveFragment(bytes(size), init, key, number, "avc1.42C01E")


def drain(queue: FragmentQueue) -> list[LiveFragment]:
    taken = []
    while (found := queue.take()) is not None:
        taken.append(found)
    return taken


@given(st.lists(st.tuples(st.sampled_from("ikpppppp"), st.booleans()), max_size=300))
def test_whatever_a_watcher_misses_each_picture_it_gets_follows_its_group_without_a_hole(steps) -> None:
    queue, taken = FragmentQueue(limit=8), []
    for number, (kind, reads) in enumerate(steps):
        queue.offer(fragment(number, key=kind == "k", init=kind == "i"))
        if reads and (found := queue.take()) is not None:
            taken.append(found)
    taken += drain(queue)
    for earlier, later in zip([None, *taken], taken, strict=False):
        follows = earlier is not None and not earlier.is_init and later.captured_at_ns == earlier.captured_at_ns + 1
        assert later.is_init or later.is_key or follows
    kept_or_dropped = len([f for f in taken if not f.is_init]) + queue.dropped
    assert kept_or_dropped == len([kind for kind, _ in steps if kind != "i"])


def test_a_slow_watcher_never_holds_more_than_its_bound() -> None:
    queue = FragmentQueue(limit=64)
    queue.offer(fragment(0, init=True))
    for number in range(1, 1_000):
        queue.offer(fragment(number, key=number % 12 == 1))
    assert len(drain(queue)) <= 65
    assert queue.dropped > 900


def read_all(connection: socket.socket) -> list[object]:
    """Every report until the other end closes."""
    data, reports = bytearray(), []
    while part := connection.recv(1 << 20):
        data += part
    while data:
        end = HEADER.size + body_bytes(bytes(data[: HEADER.size]))
        reports.append(unpack_report(bytes(data[HEADER.size : end])))
        del data[:end]
    return reports


def test_a_parent_that_is_slow_loses_live_groups_but_no_account() -> None:
    ours, theirs = socket.socketpair()
    outbox = Outbox(ours)
    manifest = Manifest(NodeId("n"), 1, 0, MINUTE_NS, (), segment_table((), []))
    for number in range(100):  # nobody reads: 20 MB of live pictures, one account in their midst
        outbox.put_live(CAMERA, fragment(number, key=number % 10 == 0, size=200_000))
        if number == 80:
            outbox.put(manifest)
    dropped = outbox.take_live_dropped()
    assert 20 < dropped < 100
    reports: list[object] = []
    reading = threading.Thread(target=lambda: reports.extend(read_all(theirs)))
    reading.start()
    deadline = time.monotonic() + 5
    while outbox._waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    for number in range(95, 101):
        outbox.put_live(CAMERA, fragment(number, key=number % 10 == 0))
    assert outbox.take_live_dropped() == 5  # there is room again, but it begins at a key frame
    assert outbox.close(5)
    ours.close()
    reading.join(5)
    theirs.close()
    assert len([report for report in reports if isinstance(report, Manifest)]) == 1
    fragments = [report.fragment for report in reports if isinstance(report, FragmentOf)]
    assert len(fragments) == 100 - dropped + 1
    assert sum(len(f.data) for f in fragments) <= LIVE_BYTES_MAX + 2 * 200_000
    assert fragments[-1].is_key


@pytest.mark.requirement("PRV-3")
def test_a_clear_picture_cannot_leave_the_process_by_any_message() -> None:
    planes = YuvPlanes(*(memoryview(bytearray(4)) for _ in range(3)))  # never looked at
    clear = ClearFrame(CAMERA, 0, CaptureTime(0, True), planes)
    with pytest.raises(ClearPictureRefused):
        pickle.dumps(FragmentOf(CAMERA, clear))
