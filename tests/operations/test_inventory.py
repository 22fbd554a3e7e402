"""Three lights a camera, none green because nothing was heard; the troubled first (TEC-6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import GapCause
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraState, CameraStatus
from csu.operations import inventory as module
from csu.operations.inventory import ACCOUNT_AGE_NS_MAX, LastMinute, Light, inventory, inventory_page

NOW = 1_800_000_000 * NS_PER_S
MINUTE = NOW - NOW % NS_PER_MINUTE - NS_PER_MINUTE
FINE = LastMinute("node-1", MINUTE, True, None, 12, False)


def status(number=1, state=CameraState.LIVE, life=CameraLifecycle.ACTIVE, **more):
    record = CameraRecord(
        CameraId(f"cam-{number:03}"), number, f"Rue des Récollets {number}", CommuneId("metz"), ViewType.WIDE
    )
    return CameraStatus(record, state, NOW, NOW, lifecycle=life, mask_version=1, **more)


def line(minute=FINE, **of_status):
    one = status(**of_status)
    minutes = {one.record.camera: minute} if minute is not None else {}
    return inventory([one], minutes, NOW)[0]


def lights(found):
    return tuple(said.light for said in (found.received, found.viewed, found.recorded))


def test_a_camera_that_does_all_it_should_has_no_trouble():
    found = line()
    assert lights(found) == (Light.GOOD,) * 3
    assert (found.trouble, found.missing, found.clock_offset_ms) == (0, (), 12)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (line(state=CameraState.LOST), (Light.BAD, Light.GOOD, Light.GOOD)),
        (line(life=CameraLifecycle.NOT_COMMISSIONED), (Light.GOOD, Light.BAD, Light.GOOD)),
        (line(replace(FINE, is_recorded=False, gap=GapCause.DISK)), (Light.GOOD, Light.GOOD, Light.BAD)),
        (line(replace(FINE, is_recorded=False)), (Light.GOOD, Light.GOOD, Light.BAD)),
        (line(replace(FINE, is_recorded=False, gap=GapCause.STARTING)), (Light.GOOD, Light.GOOD, Light.UNKNOWN)),
        (line(None), (Light.GOOD, Light.GOOD, Light.UNKNOWN)),
        (line(replace(FINE, minute_ns=NOW - ACCOUNT_AGE_NS_MAX - 1)), (Light.GOOD, Light.GOOD, Light.BAD)),
        (line(state=CameraState.STARTING), (Light.UNKNOWN, Light.GOOD, Light.GOOD)),
        (line(state=CameraState.UNAUTHORISED), (Light.OFF, Light.GOOD, Light.OFF)),
        (line(life=CameraLifecycle.SUSPENDED), (Light.GOOD, Light.OFF, Light.GOOD)),
    ],
)
def test_each_light_is_its_own(found, wanted):
    assert lights(found) == wanted


def test_why_a_camera_gives_no_picture_is_told_in_the_words_of_its_node():
    why = Words("aucun paquet en 10 s", "no packet for 10 s")
    assert line(state=CameraState.LOST, detail=why).received.words == why
    assert line(state=CameraState.LOST, detail=NO_WORDS).received.words.en == "no image"


def test_what_people_have_to_do_is_listed():
    found = line(
        replace(FINE, is_clock_wrong=True),
        state=CameraState.UNAUTHORISED,
        life=CameraLifecycle.DRAFT,
        detail=Words("l'arrêté a pris fin", "the order ended"),
        audio_offered=True,
    )
    assert [each.en.split(":")[0] for each in found.missing] == [
        "papers",
        "propose its masks",
        "unplug its microphone",
        "set its clock",
    ]


def test_the_troubled_come_first_and_counts_are_of_all():
    board = [status(1), status(2, life=CameraLifecycle.NOT_COMMISSIONED), status(3), status(4, CameraState.LOST)]
    minutes = {each.record.camera: FINE for each in board}
    minutes[board[2].record.camera] = replace(FINE, node="node-2", is_recorded=False, gap=GapCause.DISK)
    lines = inventory(board, minutes, NOW)
    assert [each.status.record.number for each in lines] == [3, 4, 2, 1]
    page = inventory_page(lines, "  RECOLLETS 4 ", lambda each: True, 0, 10)
    assert [each.status.record.number for each in page.lines] == [4]
    assert (page.matching, page.total, page.troubled) == (1, 4, 3)
    assert page.lights["recorded"] == {Light.GOOD: 3, Light.BAD: 1}
    by_node = inventory_page(lines, "node-2", lambda each: True, 0, 10)
    assert [each.status.record.number for each in by_node.lines] == [3]
    rest = inventory_page(lines, "", lambda each: each.trouble > 0, 2, 2)
    assert ([each.status.record.number for each in rest.lines], rest.matching) == ([2], 3)


def test_an_account_that_is_believed_for_ever_is_found(monkeypatch):
    monkeypatch.setattr(module, "ACCOUNT_AGE_NS_MAX", 10**20)
    assert line(replace(FINE, minute_ns=0)).recorded.light is not Light.BAD
