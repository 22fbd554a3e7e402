"""A lock keeps exactly its camera and interval, elsewhere; a hold dies at the ceiling; a copy goes after hand-over."""

from __future__ import annotations

import pytest

from csu.governance import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.disk import DiskError
from csu.hal.keys import utc_day
from csu.recording import DestructionReason

CAM_12, CAM_13 = CameraId("cam-0012"), CameraId("cam-0013")
METZ = CommuneId("metz")


def seconds(span: Span) -> list[int]:
    return list(range(span.from_ns // NS_PER_S, span.to_ns // NS_PER_S))


def test_locked_10_00_to_10_20_remains_while_09_59_and_10_21_go(world, at):
    world.film(CAM_12, "2027-01-05 09:55:30", 30)  # its minutes begin at :30, so both ends are within a segment
    world.film(CAM_13, "2027-01-21 10:00", 5)  # a neighbour: expires the next day
    locked = Span(at("2027-01-05 10:00"), at("2027-01-05 10:20"))
    world.evidence.locks["REQ-1"] = (CAM_12, locked)
    world.run("2027-02-04 09:40", "2027-02-04 10:30")
    assert world.starts(CAM_12) == []
    assert world.evidence.seconds() == seconds(locked)
    assert world.starts(CAM_13)  # not a day, not a disk: one camera
    marks = world.catalogue.destructions(CAM_12, at("2027-01-05 09:00"), at("2027-01-05 11:00"))
    assert {mark.reason for mark in marks} == {DestructionReason.EXPIRED, DestructionReason.RECUT}
    world.run("2027-02-05 00:50", "2027-02-05 01:05")
    assert world.keys.is_shredded(METZ, utc_day(locked.from_ns))
    assert world.evidence.seconds() == seconds(locked)  # it reads without the key of its day
    [line] = world.register.answer(utc_day(locked.from_ns), CAM_12).destroyed
    assert [(each.camera, each.span) for each in line.kept] == [(CAM_12, locked)]
    assert line.key_shredded_at_ns is not None


def test_evidence_is_copied_out_a_day_before_its_file_goes(world, at):
    world.film(CAM_12, "2027-01-05 10:00", 1)
    world.evidence.locks["REQ-1"] = (CAM_12, Span(at("2027-01-05 10:00"), at("2027-01-05 10:01")))
    world.run("2027-02-03 09:50", "2027-02-03 10:05")
    assert len(world.evidence.seconds()) == 60
    assert world.starts(CAM_12)


def test_no_file_of_a_lock_goes_and_no_key_dies_while_the_evidence_store_refuses(world, at):
    world.film(CAM_12, "2027-01-05 09:58", 4)
    world.evidence.locks["REQ-1"] = (CAM_12, Span(at("2027-01-05 10:00"), at("2027-01-05 10:01")))
    world.evidence.is_refusing = True
    with pytest.raises(DiskError, match="evidence store full"):
        world.run("2027-02-05 06:00", "2027-02-05 06:01")  # the start refuses: nothing may be served
    assert world.starts(CAM_12) == ["20270105T090000"]
    assert not world.keys.is_shredded(METZ, utc_day(at("2027-01-05 10:00")))
    world.evidence.is_refusing = False
    world.run("2027-02-05 06:10", "2027-02-05 06:12")
    assert world.starts(CAM_12) == []
    assert len(world.evidence.seconds()) == 60
    assert world.keys.is_shredded(METZ, utc_day(at("2027-01-05 10:00")))


def test_a_hold_keeps_beyond_the_doctrine_and_dies_at_the_ceiling_without_a_requisition(make_world, at):
    world = make_world(doctrine_days=10)
    world.film(CAM_12, "2027-01-05 09:58", 5)
    ceiling = at("2027-02-04 10:00")
    world.evidence.holds.append((CAM_12, Span(at("2027-01-05 10:00"), at("2027-01-05 10:01")), ceiling))
    world.run("2027-01-15 09:50", "2027-01-15 10:10")
    assert world.starts(CAM_12) == ["20270105T090000"]  # one segment of five
    world.run("2027-02-04 09:50", "2027-02-04 10:00")
    assert world.starts(CAM_12) == []
    assert world.town.counts.late_ms_max == 0


def test_a_second_lock_on_what_is_already_evidence_copies_only_what_is_missing(world, at):
    world.film(CAM_12, "2027-01-05 10:00", 3)
    world.evidence.locks["REQ-1"] = (CAM_12, Span(at("2027-01-05 10:00"), at("2027-01-05 10:01:30")))
    world.run("2027-02-03 10:00", "2027-02-03 10:05")
    world.evidence.locks["REQ-2"] = (CAM_12, Span(at("2027-01-05 10:01"), at("2027-01-05 10:02")))
    world.run("2027-02-04 09:50", "2027-02-04 10:05")
    assert world.starts(CAM_12) == []
    assert world.evidence.seconds() == seconds(Span(at("2027-01-05 10:00"), at("2027-01-05 10:02")))


def test_the_copy_goes_after_hand_over_and_what_another_case_locks_stays(world, at):
    world.film(CAM_12, "2027-01-05 10:00", 2)
    world.evidence.locks["REQ-1"] = (CAM_12, Span(at("2027-01-05 10:00"), at("2027-01-05 10:02")))
    world.evidence.locks["REQ-2"] = (CAM_12, Span(at("2027-01-05 10:01"), at("2027-01-05 10:02")))
    world.run("2027-02-04 09:50", "2027-02-04 10:05")
    world.evidence.release("REQ-1")
    world.run("2027-03-04 09:00", "2027-03-04 09:02")
    assert world.evidence.seconds() == seconds(Span(at("2027-01-05 10:01"), at("2027-01-05 10:02")))
    world.evidence.release("REQ-2")
    world.run("2027-03-05 09:00", "2027-03-05 09:02")
    assert world.evidence.seconds() == []
    assert world.journal.entries[-1].ground is not None
