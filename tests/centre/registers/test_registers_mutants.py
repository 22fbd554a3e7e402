"""Who tests the tester: registers that are looked after badly must fail the test that is there for it."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import pytest

from csu.centre.registers import registers
from csu.centre.registers import settings as register_settings
from csu.centre.registers.registers import RegisterKeeper
from csu.governance import anchoring
from csu.governance.anchoring import Anchoring, AnchorPlaces
from csu.governance.journal import AuditJournal
from csu.governance.journal_watch import JournalWatch
from csu.governance.register_errors import AnchorUnavailable

Patch = pytest.MonkeyPatch


def nothing_is_noted_at_the_stop(patch: Patch) -> None:
    async def nothing(self):
        return None

    patch.setattr(RegisterKeeper, "anchor_at_stop", nothing)


def what_others_wrote_is_not_read(patch: Patch) -> None:
    patch.setattr(AuditJournal, "catch_up", lambda self, now_ns: self.head)


def only_the_first_place_is_written(patch: Patch) -> None:
    patch.setattr(AnchorPlaces, "keep", lambda self, anchor: self._places[0].keep(anchor))


def a_place_that_fails_is_swallowed(patch: Patch) -> None:
    def keep(self, anchor):
        for place in self._places:
            try:
                place.keep(anchor)
            except AnchorUnavailable:
                continue

    patch.setattr(AnchorPlaces, "keep", keep)


def a_failure_is_told_each_minute(patch: Patch) -> None:
    patch.setattr(registers, "TELL_AGAIN_NS", 1)


def a_stamp_that_failed_is_forgotten_for_an_hour(patch: Patch) -> None:
    real = Anchoring.note

    def note(self, sequence, head, now_ns, *, now=False):
        try:
            return real(self, sequence, head, now_ns, now=now)
        except anchoring.StampRefused:
            self._last_stamped = self._last
            raise

    patch.setattr(Anchoring, "note", note)


def any_directory_is_elsewhere(patch: Patch) -> None:
    patch.setattr(register_settings, "_require_elsewhere", lambda directory, data: None)


def a_leap_is_believed(patch: Patch) -> None:
    patch.setattr(registers, "CLOCK_JUMP_NS_MAX", 10**20)


def the_journal_is_never_purged(patch: Patch) -> None:
    patch.setattr(AuditJournal, "purge", lambda self, retention, now_ns: [])


def the_journal_is_purged_a_day_early(patch: Patch) -> None:
    real = AuditJournal.purge
    patch.setattr(AuditJournal, "purge", lambda self, retention, now_ns: real(self, retention, now_ns + 86_400 * 10**9))


def nobody_looks(patch: Patch) -> None:
    patch.setattr(JournalWatch, "look", lambda self, now_ns: [])


MUTANTS = [
    (nothing_is_noted_at_the_stop, "test_a_cut_end_is_found_by_what_was_noted_at_the_stop"),
    (what_others_wrote_is_not_read, "test_what_another_process_wrote_is_noted_too"),
    (only_the_first_place_is_written, "test_each_place_gets_each_head_and_one_that_is_emptied_takes_nothing_away"),
    (a_place_that_fails_is_swallowed, "test_a_volume_that_fails_is_told_once_stops_nothing_and_is_tried_again"),
    (a_failure_is_told_each_minute, "test_a_volume_that_fails_is_told_once_stops_nothing_and_is_tried_again"),
    (
        a_stamp_that_failed_is_forgotten_for_an_hour,
        "test_a_stamp_each_hour_is_verified_and_a_failing_authority_is_told_and_asked_again",
    ),
    (a_leap_is_believed, "test_a_clock_that_leaps_destroys_no_day_of_the_journal"),
    (
        the_journal_is_never_purged,
        "test_a_running_centre_destroys_a_day_of_the_journal_after_its_365_days_and_the_rest_still_verifies",
    ),
    (
        the_journal_is_purged_a_day_early,
        "test_a_running_centre_destroys_a_day_of_the_journal_after_its_365_days_and_the_rest_still_verifies",
    ),
    (nobody_looks, "test_a_running_centre_tells_of_a_row_that_somebody_changed_within_its_minute"),
    (nobody_looks, "test_a_running_centre_tells_of_an_attempt_that_was_refused_and_journals_it"),
]

_spec = importlib.util.spec_from_file_location("mutated_registers", Path(__file__).with_name("test_registers.py"))
_tests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tests)
house, served = _tests.house, _tests.served


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, request, monkeypatch):
    found_by = getattr(_tests, test)
    fixtures = {name: request.getfixturevalue(name) for name in inspect.signature(found_by).parameters}
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        found_by(**fixtures)


@pytest.mark.parametrize("where", ["data/anchors", "data", "."])
def test_a_directory_that_is_not_elsewhere_would_be_found(where, house, tmp_path, monkeypatch):
    any_directory_is_elsewhere(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _tests.test_anchors_with_what_they_prove_are_refused(house, tmp_path, where)
