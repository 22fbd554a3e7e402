"""Whose picture is looked at, until when, and what is told of it: the analysis process's loop without its process."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from csu.cluster.analysis_work import AnalysisWork, Told
from csu.detection.errors import NotAttested
from csu.detection.observed import NO_DETECTIONS, Detections, Detector
from csu.hal.analysis import (
    AnalysisAssignment,
    AnalysisMinute,
    AnalysisZone,
    CountLine,
    EventType,
    ObjectClass,
    SlotCount,
    ZoneRule,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import TilePicture

NOON_NS = 1_800_000_000 * NS_PER_S // NS_PER_MINUTE * NS_PER_MINUTE
MODEL = "ab" * 32
SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
ZONE = ZoneRule(AnalysisZone("quai", SQUARE), EventType.RESTRICTED_ZONE)
LINE = CountLine("porte", (0.5, 0.0), (0.5, 1.0), frozenset({ObjectClass.PERSON}), 300)


@dataclass
class Street:
    """Clock, pictures and network in one: a light that wanders over a grey picture, five times a second."""

    at_ns: int = NOON_NS
    fetched: list[tuple[str, int]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    looks: int = 0
    sha256: str = MODEL

    def __post_init__(self) -> None:
        self.work = AnalysisWork(self, self.detector, self.told.append, self, lambda: 0, 1_000.0)

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        self.fetched.append((camera, self.at_ns))
        sequence = (self.at_ns - NOON_NS) // (NS_PER_S // 5) + 1
        if sequence <= after_sequence:
            return None
        y = np.full((180, 320), 90, np.uint8)
        left = 20 + 4 * sequence % 240
        y[60:140, left : left + 30] = 220
        grey = np.full((90, 160), 128, np.uint8)
        return TilePicture(YuvPlanes(y, grey, grey), sequence, self.at_ns)

    def detector(self, sha256: str) -> Detector:
        if sha256 not in ("", self.sha256):
            raise NotAttested(CameraId("x"), self.sha256, sha256)
        return self

    def detect(self, bgr: object, regions: object) -> Detections:
        self.looks += 1
        return NO_DETECTIONS

    def run(self, seconds: float) -> None:
        until_ns = self.at_ns + round(seconds * NS_PER_S)
        while self.at_ns < until_ns:
            wait_s = self.work.step()
            self.at_ns += max(1_000_000, round(wait_s * NS_PER_S))

    def minutes(self, camera: str) -> list[AnalysisMinute]:
        return [each for each in self.told if isinstance(each, AnalysisMinute) and each.camera == camera]

    def looked_at(self, camera: str) -> int:
        return sum(minute.pictures_looked_at for minute in self.minutes(camera))


def assignment(camera: str = "a", *, seconds: float = 3_600, **changes: object) -> AnalysisAssignment:
    given = {"rules": (ZONE,), "until_ns": NOON_NS + round(seconds * NS_PER_S), "order": "2026-1", "model": MODEL}
    return AnalysisAssignment(CameraId(camera), **(given | changes))  # type: ignore[arg-type]


def test_without_an_assignment_no_picture_is_even_fetched():
    street = Street()
    street.run(130)
    assert street.fetched == []
    assert street.told == []


def test_what_is_assigned_is_looked_at_five_times_a_second_and_accounted_for_by_the_minute():
    street = Street()
    street.work.assign([assignment()])
    street.run(121)
    first, second = street.minutes("a")
    assert (first.minute_ns, second.minute_ns) == (NOON_NS, NOON_NS + NS_PER_MINUTE)
    assert first.pictures_looked_at == pytest.approx(300, abs=2)
    assert second.pictures_looked_at == pytest.approx(300, abs=2)
    assert street.looks > 0
    assert first.unserved_s < 1


@pytest.mark.requirement("VSA-2")
def test_at_the_end_of_its_order_a_camera_is_left_within_the_picture_and_the_minute_is_told_at_once():
    street = Street()
    street.work.assign([assignment(seconds=10.1), assignment("b")])
    street.run(30)
    end_ns = NOON_NS + round(10.1 * NS_PER_S)
    assert max(at_ns for camera, at_ns in street.fetched if camera == "a") < end_ns
    assert max(at_ns for camera, at_ns in street.fetched if camera == "b") > end_ns
    (account,) = street.minutes("a")
    assert account.pictures_looked_at == pytest.approx(51, abs=1)


def test_a_camera_that_is_no_longer_in_the_set_is_not_fetched_any_more():
    street = Street()
    street.work.assign([assignment(), assignment("b")])
    street.run(5)
    street.work.assign([assignment("b")])
    street.fetched.clear()
    street.run(5)
    assert {camera for camera, _ in street.fetched} == {"b"}
    assert street.looked_at("a") == pytest.approx(25, abs=2)


def test_weights_that_the_order_does_not_name_look_at_nothing_and_say_so():
    street = Street()
    street.work.assign([assignment(model="cd" * 32)])
    street.run(61)
    (account,) = street.minutes("a")
    assert account.pictures_looked_at == 0
    assert account.unserved_s == pytest.approx(60, abs=1)
    assert "attestation" in account.why_unserved.en
    assert street.looks == 0


def test_what_is_counted_without_an_order_ends_with_its_own_purpose():
    street = Street()
    counted = assignment(rules=(), until_ns=0, model="", lines=(LINE,), counts_until_ns=NOON_NS + 700 * NS_PER_S)
    street.work.assign([counted])
    street.run(900)
    slots = [each for each in street.told if isinstance(each, SlotCount)]
    assert {slot.counter for slot in slots} == {"porte"}
    assert all(slot.slot_s == 300 for slot in slots)
    assert max(at_ns for _, at_ns in street.fetched) < NOON_NS + 700 * NS_PER_S


def test_a_stop_leaves_nothing_and_tells_what_was_looked_at():
    street = Street()
    street.work.assign([assignment()])
    street.run(4)
    street.work.stop()
    street.fetched.clear()
    street.run(4)
    assert street.fetched == []
    assert street.looked_at("a") == pytest.approx(20, abs=2)
