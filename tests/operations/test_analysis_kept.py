"""What is drawn for the analysis, and how many pictures it looked at: both outlive the process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.hal.analysis import AnalysisMinute, AnalysisZone, BinPlace, CountLine, EventType, ObjectClass, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.operations.analysis_account import KEPT_DAYS, AnalysisAccount
from csu.operations.analysis_zones import AnalysisZones, CameraDrawing, DrawingRefused

CAMERA, OTHER = CameraId("cam-0001"), CameraId("cam-0002")
TRIANGLE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))
ZONE = AnalysisZone("quai", TRIANGLE, ((0.2, 0.2), (0.8, 0.2)))
DRAWING = CameraDrawing(
    CAMERA,
    "A. Petit",
    5,
    (ZoneRule(ZONE, EventType.WRONG_WAY, (("still_s", 30.0),)), ZoneRule(ZONE, EventType.PERSON_DOWN)),
    (CountLine("pont", (0.1, 0.5), (0.9, 0.5), frozenset({ObjectClass.CAR, ObjectClass.BUS})),),
    (BinPlace("bac 12", TRIANGLE),),
)


def test_the_newest_drawing_counts_and_the_older_ones_are_told_with_who_drew_them(tmp_path) -> None:
    zones = AnalysisZones(tmp_path / "zones.sqlite")
    zones.draw(DRAWING)
    zones.draw(replace(DRAWING, camera=OTHER))
    zones.draw(replace(DRAWING, drawn_by="B. Klein", rules=()))
    again = AnalysisZones(tmp_path / "zones.sqlite")
    assert again.newest() == {
        CAMERA: replace(DRAWING, drawn_by="B. Klein", rules=()),
        OTHER: replace(DRAWING, camera=OTHER),
    }
    assert [each.drawn_by for each in again.history(CAMERA)] == ["A. Petit", "B. Klein"]


def rule(**zone) -> tuple[ZoneRule, ...]:
    return (ZoneRule(replace(ZONE, **zone), EventType.WRONG_WAY),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"drawn_by": " "},
        {"rules": rule(corners=TRIANGLE[:2])},
        {"rules": rule(corners=((0.1, 0.1), (1.1, 0.1), (0.9, 0.9)))},
        {"rules": rule(corners=((0.1, 0.1), (0.2, 0.2), (0.3, 0.3)))},
        {"rules": rule(corners=((0.1, float("nan")), (0.2, 0.2), (0.3, 0.3)))},
        {"rules": rule(lane=None)},
        {"rules": rule(lane=((0.5, 0.5), (0.5, 0.5)))},
        {"rules": rule(zone="AB-123-CD")},
        {"rules": rule(zone="")},
        {"rules": rule() * 2},
        {"rules": (*rule(), ZoneRule(replace(ZONE, corners=((0, 0), (1, 0), (1, 1))), EventType.PERSON_DOWN))},
        {"lines": (CountLine("pont", (0.1, 0.5), (0.1, 0.5), frozenset({ObjectClass.CAR})),)},
        {"lines": (CountLine("pont", (0.1, 0.5), (0.9, 0.5), frozenset()),)},
        {"bins": (BinPlace("bac", TRIANGLE), BinPlace("bac", TRIANGLE))},
        {"bins": (BinPlace("bac", ()),)},
    ],
)
def test_what_cannot_be_looked_at_cannot_be_drawn(wrong) -> None:
    with pytest.raises(DrawingRefused):
        replace(DRAWING, **wrong)


def test_the_account_of_pictures_is_a_sum_by_camera_and_time_and_zero_is_one(tmp_path) -> None:
    account = AnalysisAccount(tmp_path / "account.sqlite")
    assert account.total(0, 2**62).pictures_looked_at == 0
    at_ns = 1000 * NS_PER_DAY
    account.keep([AnalysisMinute(CAMERA, at_ns, 100, 20, 1, 2.5), AnalysisMinute(OTHER, at_ns, 300, 60, 0, 0.0)])
    account.keep([AnalysisMinute(CAMERA, at_ns, 50, 10, 0, 0.5)])
    again = AnalysisAccount(tmp_path / "account.sqlite")
    assert again.total(0, 2**62).pictures_looked_at == 450
    of_one = again.total(at_ns, at_ns + NS_PER_MINUTE, CAMERA)
    assert (of_one.minutes, of_one.pictures_looked_at, of_one.pictures_detected) == (1, 150, 30)
    assert (of_one.signals, of_one.unserved_s) == (1, 3.0)
    assert again.total(at_ns + 1, 2**62).minutes == 0
    again.forget_before(at_ns + KEPT_DAYS * NS_PER_DAY)
    assert again.total(0, 2**62).minutes == 2
    again.forget_before(at_ns + (KEPT_DAYS + 1) * NS_PER_DAY)
    assert again.total(0, 2**62).minutes == 0
