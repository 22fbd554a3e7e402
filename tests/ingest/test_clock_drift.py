"""A camera whose clock gains 3 s a day, in virtual time: when it is told, and how its pictures are dated."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from csu.centre.events import ManifestTaken, Trouble
from csu.centre.watches import clock_watch
from csu.centre.watches.clock_watch import ClockWatch
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.media import Manifest, NodeId, SegmentTable, each_camera_once, no_hashes
from csu.ingest import capture_clock
from csu.ingest.capture_clock import CaptureClock, ClockStep

START_NS = 1_800_000_000 * NS_PER_S
EVERY_NS = 2 * NS_PER_S
ACCOUNTS_EVERY = 30
"""Pictures: a node gives account each minute."""
DRIFTS, QUIET = CameraId("cam-0001"), CameraId("cam-0002")
NS_PER_HOUR = 3_600 * NS_PER_S


@dataclass
class Drifting:
    """One connection that lasts; its stream is clocked by the same quartz as its reports."""

    gains_s_a_day: float
    told: list[Trouble] = field(default_factory=list)
    steps: list[ClockStep] = field(default_factory=list)
    errors_ms: list[float] = field(default_factory=list)
    """Of each picture: dated minus true."""
    by_camera: list[bool] = field(default_factory=list)

    def lives(self, days: float) -> None:
        chance, clock, watch = random.Random(7), CaptureClock(), ClockWatch(self.told.append)
        for number in range(round(days * NS_PER_DAY / EVERY_NS)):
            true_ns = START_NS + number * EVERY_NS
            camera_ns = true_ns + round((true_ns - START_NS) * self.gains_s_a_day / 86_400)
            late_ns = round((5 + chance.expovariate(1 / 8)) * NS_PER_MS)
            reported_ns = camera_ns + round(chance.gauss(0, 3) * NS_PER_MS)
            step = clock.packet(camera_ns - START_NS, true_ns + late_ns, reported_ns)
            self.steps += [step] if step else []
            captured = clock.captured(camera_ns - START_NS)
            self.errors_ms.append((captured.at_ns - true_ns) / NS_PER_MS)
            self.by_camera.append(captured.from_camera)
            if number % ACCOUNTS_EVERY == 0:
                watch.hear(account_of(true_ns, clock.offset_ms))

    @property
    def changes(self) -> int:
        """How often another clock began to date its pictures."""
        return int(np.count_nonzero(np.diff(np.array(self.by_camera, np.int8))))


def account_of(at_ns: Nanoseconds, offset_ms: int) -> ManifestTaken:
    """A node's, of the camera that drifts and of one that does not."""
    i4, i8 = np.zeros(2, np.int32), np.zeros(2, np.int64)
    offsets = np.array([offset_ms, 3], np.int32)
    table = SegmentTable(each_camera_once(2), i8, i4, i8, i4, offsets, no_hashes(2))
    return ManifestTaken(Manifest(NodeId("node-1"), 1, 0, 0, (DRIFTS, QUIET), table), at_ns)


@pytest.mark.parametrize(
    ("gains_s_a_day", "days"), [(3.0, 0.5), (-3.0, 0.5), pytest.param(3.0, 10, marks=pytest.mark.nightly)]
)
def test_it_is_told_once_when_it_is_a_second_out_and_its_pictures_are_dated_right_all_along(
    gains_s_a_day: float, days: float
) -> None:
    camera = Drifting(gains_s_a_day)
    camera.lives(days)
    (trouble,) = camera.told
    assert trouble.where == DRIFTS
    assert f"{gains_s_a_day / 3:+.1f} s" in trouble.what.en
    assert (trouble.at_ns - START_NS) / NS_PER_HOUR == pytest.approx(8.0, abs=0.15)
    assert camera.changes == 1
    assert camera.steps == []
    crossed = camera.by_camera.index(False, 10)
    assert max(map(abs, camera.errors_ms[:crossed])) < 1_010, "until it is told: by its own clock, within TEC-4"
    assert max(map(abs, camera.errors_ms[crossed:])) < 50, "from then on: by ours, but for the network's delay"


@pytest.mark.parametrize(
    ("module", "name", "value"), [(capture_clock, "TRUSTED_AGAIN_MS", 1_000), (clock_watch, "RIGHT_AGAIN_MS", 1_000)]
)
def test_without_room_to_come_back_it_would_come_and_go(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: int
) -> None:
    monkeypatch.setattr(module, name, value)
    camera = Drifting(3.0)
    camera.lives(0.4)
    assert camera.changes > 1 or len(camera.told) > 1
