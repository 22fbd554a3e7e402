"""A day of which all is gone leaves the catalogue; the register and the coverage ledger answer for it all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from csu.centre.purge.days import PurgeDays
from csu.governance import Span
from csu.governance.legal_register import verify_register
from csu.governance.register_lines import CameraSpan, TransmissionBasis, Transmitted
from csu.hal.camera import CameraId
from csu.recording import Catalogue, coverage_of, paris_day
from csu.recording.destruction import shortest_life_ns, span_of_utc_day

CAM_12, CAM_13, CAM_500 = CameraId("cam-0012"), CameraId("cam-0013"), CameraId("cam-0500")
DAY = date(2027, 1, 10)


def handed_over(world, at) -> None:
    """What was transmitted of that day, on the day after."""
    footage = CameraSpan(CAM_12, Span(at("2027-01-10 10:00"), at("2027-01-10 10:20")))
    basis = TransmissionBasis.CPP_60_1
    when = at("2027-01-11 09:00")
    world.register.add([Transmitted("REQ-1", basis, "parquet-metz", "123456", when, (footage,), "ab" * 32, "s-1", 1)])


def ledger(world) -> list[dict[str, object]]:
    from_ns, to_ns = paris_day(DAY)
    expected = {camera: [(from_ns, to_ns)] for camera in (CAM_12, CAM_13, CAM_500)}
    found = coverage_of(world.catalogue, expected, from_ns, to_ns, now_ns=to_ns + 10**15)
    return [line.as_json() for line in found]


@pytest.mark.requirement("LOG-1")
def test_a_day_of_which_all_is_gone_is_dropped_and_every_answer_about_it_stands(world, at):
    for camera, minutes in ((CAM_12, 30), (CAM_13, 20), (CAM_500, 10)):
        world.film(camera, "2027-01-10 10:00", minutes)
    handed_over(world, at)
    world.run("2027-01-11 03:00", "2027-01-11 03:01")
    before = ledger(world)
    assert [line["recorded_s"] for line in before] == [1800, 1200, 600]
    world.run("2027-02-09 23:55", "2027-02-10 00:10")  # the month of the third is not over
    assert world.catalogue.days() == [DAY]
    counts = world.run("2027-02-10 23:50", "2027-02-11 01:10")
    assert (world.catalogue.days(), counts.days_dropped) == ([], 1)
    assert ledger(world) == before
    answer = world.register.answer(DAY)
    assert sorted(line.camera for line in answer.recorded) == [CAM_12, CAM_13, CAM_500]
    assert sorted(camera for line in answer.destroyed for camera in line.cameras) == [CAM_12, CAM_13, CAM_500]
    assert [line.case for line in answer.transmitted] == ["REQ-1"]
    assert world.run("2027-03-11 03:00", "2027-03-11 03:01").rounds_failed == 0
    assert world.register.answer(DAY) == answer  # nothing is told twice, nothing is taken away
    assert verify_register(world.register.path, world.key.public) == ()


def locked_day(world, at) -> list[list[date]]:
    """Days of the catalogue while a lock lives on one of them, and after."""
    world.film(CAM_12, "2027-01-10 10:00", 3)
    world.evidence.locks["REQ-1"] = (CAM_12, Span(at("2027-01-10 10:00"), at("2027-01-10 10:01")))
    world.run("2027-02-10 23:50", "2027-02-11 01:10")
    found = [world.catalogue.days()]
    world.evidence.release("REQ-1")
    world.run("2027-03-01 10:00", "2027-03-01 10:03")
    return [*found, world.catalogue.days()]


def test_a_day_stays_while_a_lock_lives_on_it_because_its_rows_prove_the_evidence(world, at):
    assert locked_day(world, at) == [[DAY], []]


def test_a_day_dropped_under_a_lock_would_be_seen(world, at, monkeypatch):
    monkeypatch.setattr("csu.centre.purge.days.overlap", lambda span, spans: ())
    assert locked_day(world, at) == [[], []]


def drop_at_once(self: PurgeDays, days: Sequence[date], protection: object, now_ns: int) -> int:
    """A mutant: what the shortest order would have ended goes."""
    last_ns = now_ns - shortest_life_ns(self._ports.shortest_days())
    return sum(self._ports.catalogue.drop_day(day) for day in days if span_of_utc_day(day).to_ns <= last_ns)


@pytest.mark.parametrize(
    ("where", "name", "mutant"),
    [(PurgeDays, "drop", drop_at_once), (Catalogue, "keep_coverage", lambda self, day: None)],
)
def test_a_day_dropped_too_soon_or_without_its_ledger_would_be_seen(world, at, monkeypatch, where, name, mutant):
    monkeypatch.setattr(where, name, mutant)
    with pytest.raises(AssertionError):
        test_a_day_of_which_all_is_gone_is_dropped_and_every_answer_about_it_stands(world, at)
