"""An export takes nothing from the recording that goes on beside it: no picture, and no pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from csu.cluster import segment_sink
from csu.cluster.node_disk import NodeDisk
from csu.cluster.segment_sink import SegmentSink
from csu.evidence import make_package
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording.frame_times import frame_times
from csu.recording.head_store import LocalHeads
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody

WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 96, 64, 10
INTERVAL_NS = NS_PER_S // FRAMES_PER_S
START_NS = 1_795_392_000 * NS_PER_S
PACE = 8
"""Seconds of stream in one by the clock, so that several fragments end during an export of a second."""
CAMERAS = 4
EXPORT_S = 1.5
"""Twelve times what a camera needs for the pictures asked of it: a busy machine makes no pause."""


@dataclass(slots=True)
class Recording:
    """Cameras that are recorded on threads of their own, sealed and chained, until told to stop."""

    root: Path
    stop: threading.Event = field(default_factory=threading.Event)
    taken: list[int] = field(default_factory=lambda: [0] * CAMERAS)
    """Pictures each recorder has taken so far."""
    errors: list[BaseException] = field(default_factory=list)

    def camera(self, index: int) -> CameraRecord:
        return CameraRecord(CameraId(f"cam-{index + 1:04}"), index + 1, "Quai", CommuneId("57463"), ViewType.NARROW)

    def run(self, index: int, keys: LocalKeyStore) -> None:
        try:
            self._record(
                index, SegmentSink(self.camera(index), NodeDisk(self.root / "media"), keys, LocalHeads(self.root))
            )
        except BaseException as error:
            self.errors.append(error)

    def _record(self, index: int, sink: SegmentSink) -> None:
        record, chroma = self.camera(index), np.full((HEIGHT_PX // 2, WIDTH_PX // 2), 128, np.uint8)
        planes = YuvPlanes(np.full((HEIGHT_PX, WIDTH_PX), 60 + index, np.uint8), chroma, chroma)
        encoder = MaskedEncoder(record.camera, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S)
        sink.begin(encoder.format)
        number = 0
        while not self.stop.wait(1 / FRAMES_PER_S / PACE):
            captured = CaptureTime(START_NS + number * INTERVAL_NS, from_camera=True)
            clear = ClearFrame(record.camera, number, captured, planes)
            for packet in encoder.encode(mask(clear, Cover.nothing(WIDTH_PX, HEIGHT_PX), 1, record.number)):
                sink.write(packet, 0)
                self.taken[index] += 1
            number += 1
        sink.end()

    def missing(self, index: int, keys: LocalKeyStore) -> int:
        """Pictures that were taken and cannot be read, and instants between two pictures that nobody recorded."""
        disk = SealedDisk(NodeDisk(self.root / "media"), keys, nobody)
        times: list[int] = []
        for name in (each for each in disk.names() if f"/{self.camera(index).camera}/" in each):
            with disk.open(name) as file:
                times += [each.at_ns for each in frame_times(file)]
        holes = sum(after - before != INTERVAL_NS for before, after in pairwise(sorted(times)))
        return holes + self.taken[index] - len(times)


@contextmanager
def recording(root: Path) -> Iterator[tuple[Recording, LocalKeyStore]]:
    made, keys = Recording(root), LocalKeyStore(root / "keys")
    threads = [threading.Thread(target=made.run, args=(index, keys)) for index in range(CAMERAS)]
    for thread in threads:
        thread.start()
    try:
        yield made, keys
    finally:
        made.stop.set()
        for thread in threads:
            thread.join(30)


def paused_cameras(made: Recording, export: Callable[[], object]) -> int:
    """How many cameras recorded less than two fragments while `export` ran (it ends them each half second)."""
    while min(made.taken) < FRAMES_PER_S:
        assert not made.errors
        made.stop.wait(0.01)
    before = list(made.taken)
    export()
    return sum(after - at_first < FRAMES_PER_S for at_first, after in zip(before, made.taken, strict=True))


def exporting(order, recorded, pki, parent) -> Callable[[], object]:
    def export() -> None:
        ends_s, number = time.monotonic() + EXPORT_S, 0
        while time.monotonic() < ends_s:  # long enough for fragments to end, on a fast machine too
            number += 1
            make_package(order, recorded.segments, parent / str(number), pki.signer, pki.authority, (pki.stamp_root,))

    return export


def test_the_recorder_loses_nothing_and_never_pauses_while_a_package_is_made(order, recorded, pki, tmp_path):
    with recording(tmp_path / "recording") as (made, keys):
        assert paused_cameras(made, exporting(order, recorded, pki, tmp_path / "out")) == 0
    assert not made.errors
    assert [made.missing(index, keys) for index in range(CAMERAS)] == [0] * CAMERAS


def test_an_export_that_held_the_recorders_would_be_seen(order, recorded, pki, tmp_path):
    """The planted defect: it takes the turn that recorders share."""

    def export() -> None:
        with segment_sink._MUXING:
            exporting(order, recorded, pki, tmp_path / "out")()

    with recording(tmp_path / "recording") as (made, _):
        assert paused_cameras(made, export) == CAMERAS


@pytest.mark.parametrize("lost", [0, 3])
def test_a_picture_that_is_not_on_the_disk_would_be_seen(lost, tmp_path):
    with recording(tmp_path / "recording") as (made, keys):
        while min(made.taken) < FRAMES_PER_S:
            made.stop.wait(0.01)
    made.taken[0] += lost
    assert made.missing(0, keys) == lost
