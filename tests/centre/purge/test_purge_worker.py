"""A purge that stops is an incident; a restored backup is purged first; hands and clocks that would purge too early."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csu.centre.purge.tiers import DirectoryTier, DiskTier
from csu.centre.purge.work import PurgeHeld
from csu.governance import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.disk import DiskError
from csu.hal.keys import KeyAbsent, KeyShredded, utc_day
from csu.recording import segment_name
from sim.disk import MemoryDisk
from sim.footage import with_content

CAM_12, CAM_13, CAM_500 = CameraId("cam-0012"), CameraId("cam-0013"), CameraId("cam-0500")
METZ = CommuneId("metz")


def test_a_purge_that_was_killed_is_an_incident_within_the_hour(world, at):
    killed = at("2027-02-04 09:30")
    world.run("2027-02-04 09:00", "2027-02-04 11:30", dies_ns=killed)
    times = [trouble.at_ns for trouble in world.town.told]
    assert times
    assert times[0] - killed <= 60 * NS_PER_MINUTE
    assert len(times) == 4  # and it is told again
    assert world.town.counts.incidents == 4


def test_a_purge_that_works_tells_no_incident(world):
    world.run("2027-02-04 09:00", "2027-02-04 12:00")
    assert world.town.told == []


def test_a_restored_backup_is_purged_before_anything_else(world, at):
    span = world.film(CAM_12, "2027-01-05 10:00", 2)
    backup = {name: world.disk.open(name).read() for name in world.disk.names()}
    key = (world.keys._directory / METZ / "2027-01-05.key").read_bytes()
    world.run("2027-02-05 06:00", "2027-02-05 06:02")
    assert world.disk.names() == []
    for name, content in backup.items():
        with_content(world.disk, name, content)
    with pytest.raises(KeyShredded):  # even before the purge nobody can read it
        world.sealed(METZ).open(segment_name(CAM_12, span.from_ns))
    (world.keys._directory / METZ / "2027-01-05.key").write_bytes(key)  # a backup of keys, which must not exist
    with pytest.raises(KeyShredded):
        world.sealed(METZ).open(segment_name(CAM_12, span.from_ns))
    counts = world.run("2027-02-06 06:00", "2027-02-06 06:00:00.001")
    assert world.disk.names() == []
    assert world.keys.came_back() == []
    assert counts.found_by_scan == 2
    assert len(world.register.answer(utc_day(span.from_ns)).destroyed) == 1


def test_a_backup_without_its_keys_cannot_be_read_at_all(make_world, at):
    here, elsewhere = make_world(name="here"), make_world(name="elsewhere")
    span = here.film(CAM_12, "2027-01-05 10:00", 1)
    name = segment_name(CAM_12, span.from_ns)
    with_content(elsewhere.disk, name, here.disk.open(name).read())
    with pytest.raises(KeyAbsent):
        elsewhere.sealed(METZ).open(name)
    stored = here.disk.open(name).read()
    assert str(span.from_ns // 10**9).encode() not in stored  # and nothing of it is in the clear


def test_every_tier_is_empty_after_the_expiry(world, at, tmp_path):
    """Main files, backups, left-overs of a killed node: names tell when they were filmed, whoever lost the row."""
    span = world.film(CAM_12, "2027-01-05 10:00", 2)
    other = MemoryDisk()
    root = tmp_path / "media"
    tiers = [DiskTier(world.disk), DiskTier(other, "backup"), DirectoryTier(root, "node")]
    world.town.ports = replace(world.town.ports, tiers=tiers)
    names = world.disk.names()
    with_content(other, names[0], b"a copy")
    lost = segment_name(CAM_12, span.from_ns + 4 * NS_PER_MINUTE)
    for name in (names[1], lost + ".partial", names[0] + ".torn.partial"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"what a killed node left")
    young = segment_name(CAM_12, at("2027-01-30 10:00"))
    (root / young).parent.mkdir(parents=True)
    (root / young).write_bytes(b"lawful")
    (root / "note.txt").write_text("nobody's footage")
    world.run("2027-02-05 06:00", "2027-02-05 06:02")
    assert [name for tier in tiers for name in tier.names()] == [young]
    assert sorted(path.name for path in root.rglob("*") if path.is_file()) == sorted([young.split("/")[-1], "note.txt"])
    assert world.register.answer(utc_day(span.from_ns)).destroyed[0].tiers == ("main", "backup", "node")


def test_what_an_order_wants_kept_to_the_last_instant_is_kept_to_it(make_world, at):
    world = make_world(minimum_days=30)
    world.film(CAM_12, "2027-01-05 10:00:20", 1)
    there = []
    looks = [at("2027-02-04 10:00:19"), at("2027-02-04 10:00:21")]
    world.run(
        "2027-02-04 09:50",
        "2027-02-04 10:02",
        look={ns: lambda _: there.append(len(world.disk.names())) for ns in looks},
    )
    assert there == [1, 0]


def test_cameras_and_communes_of_other_orders_are_purged_each_in_its_time(world, at):
    for camera in (CAM_12, CAM_13, CAM_500):
        world.film(camera, "2027-01-10 10:00", 2)
    world.run("2027-01-25 09:50", "2027-01-25 10:05")
    assert (world.starts(CAM_13), len(world.starts(CAM_12)), len(world.starts(CAM_500))) == ([], 2, 2)
    assert "metz/2027-01-10" in [str(key) for key in world.keys.kept()]  # it still seals the other camera's
    world.run("2027-01-26 00:00", "2027-01-26 00:02")
    [line] = world.register.answer(utc_day(at("2027-01-10 10:00"))).destroyed
    assert (line.cameras, line.key_shredded_at_ns) == ((CAM_13,), None)
    world.run("2027-02-09 09:50", "2027-02-09 10:05")
    assert (world.starts(CAM_12), len(world.starts(CAM_500))) == ([], 2)  # 30 days; a month
    world.run("2027-02-10 09:50", "2027-02-10 10:05")
    assert world.disk.names() == []
    lines = world.register.answer(utc_day(at("2027-01-10 10:00"))).destroyed
    assert [line.cameras for line in lines] == [(CAM_13,), (CAM_12,)]
    assert lines[1].key_shredded_at_ns is not None


def test_the_register_answers_for_every_day_and_camera(world, at):
    world.film(CAM_12, "2027-01-10 10:00", 90)
    world.film(CAM_500, "2027-01-10 23:30", 60)  # over midnight: each minute is of the day in which it begins
    world.run("2027-01-12 03:00", "2027-01-12 03:01")
    for day, camera, recorded_s in (
        ("2027-01-10", CAM_12, 5400),
        ("2027-01-10", CAM_500, 1800),
        ("2027-01-11", CAM_500, 1800),
    ):
        answer = world.register.answer(utc_day(at(f"{day} 12:00")), camera)
        assert [line.recorded_s for line in answer.recorded] == [recorded_s]
        assert answer.destroyed == ()
    world.run("2027-02-12 03:00", "2027-02-12 03:01")
    for day, camera in (("2027-01-10", CAM_12), ("2027-01-10", CAM_500), ("2027-01-11", CAM_500)):
        answer = world.register.answer(utc_day(at(f"{day} 12:00")), camera)
        assert len(answer.recorded) == len(answer.destroyed) == 1
    [certificate] = world.register.certificates(utc_day(at("2027-01-11 12:00")))
    assert certificate.told["segments"] == 30


def test_a_clock_that_leaps_a_month_destroys_nothing(world, at):
    world.film(CAM_12, "2027-01-30 10:00", 2)

    def leap(purge):
        purge._ports.clock.error_ns = 40 * NS_PER_DAY

    world.run("2027-02-04 09:00", "2027-02-04 10:00", look={at("2027-02-04 09:10"): leap})
    assert len(world.disk.names()) == 2
    assert "clock leapt" in world.town.told[0].what.en


def test_a_late_manifest_of_a_minute_that_should_be_gone_is_found_within_the_hour(world, at):
    world.film(CAM_13, "2027-01-10 10:00", 1)

    def late(_):
        world.film(CAM_13, "2027-01-10 10:05", 1)

    world.run("2027-02-04 09:00", "2027-02-04 10:31", look={at("2027-02-04 09:30"): late})
    assert world.disk.names() == []
    assert world.town.counts.found_by_scan == 1
    assert world.catalogue.living_of_day(utc_day(at("2027-01-10 10:00"))).segments == 0  # and its row is marked


def test_a_day_that_never_had_an_order_is_told_and_goes_after_a_month(world, at):
    span = Span(at("2026-10-01 10:00"), at("2026-10-01 10:01"))  # before the orders hold
    world.catalogue.record(world.recorder.film(CAM_12, span))
    world.run("2026-10-30 09:00", "2026-10-30 09:02")
    assert len(world.disk.names()) == 1
    assert world.town.counts.unlawful == 1
    world.run("2026-11-01 09:50", "2026-11-01 10:00")
    assert world.disk.names() == []


def test_a_tier_that_does_not_answer_has_everything(world, at, tmp_path):
    world.film(CAM_12, "2027-01-05 10:00", 1)
    gone = DirectoryTier(tmp_path / "not mounted")
    world.town.ports = replace(world.town.ports, tiers=[*world.town.ports.tiers, gone])
    with pytest.raises((DiskError, PurgeHeld)):
        world.run("2027-02-05 06:00", "2027-02-05 06:02")
    assert world.keys.kept()
    assert world.register.answer(utc_day(at("2027-01-05 10:00"))).destroyed == ()
