"""Who tests the tester: a defect planted in the desk of a running centre must fail the test that is there for it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from csu.centre.desk import room as desk_room
from csu.centre.desk import sources as evidence_sources
from csu.centre.desk.keeper import DeskKeeper
from csu.centre.desk.packages import Packages
from csu.centre.desk.register import DeskRegister
from csu.centre.desk.room import DeskRoom
from csu.centre.desk.signing import Signing
from csu.evidence.desk import RequisitionDesk
from csu.evidence.desk_store import DeskStore
from csu.governance import legal_register
from csu.hal.errors import CsuError
from csu.recording.destruction import Protection

from . import test_desk_room as tests

Patch = pytest.MonkeyPatch


def the_past_is_served_before_it_is_clean(patch: Patch) -> None:
    patch.setattr(DeskRoom, "_require_clean", lambda self, case: None)


def what_is_released_is_not_asked_again(patch: Patch) -> None:
    patch.setattr(desk_room, "_require_released", lambda found: None)


def footage_may_be_wider_than_the_act(patch: Patch) -> None:
    patch.setattr(desk_room, "is_within", lambda inner, outer: True)


def nobody_looks_at_what_the_journal_noted(patch: Patch) -> None:
    patch.setattr(DeskStore, "require", lambda self, sequence, digest: None)


def an_open_file_is_left_out_in_silence(patch: Patch) -> None:
    patch.setattr(evidence_sources, "_require_closed", lambda absent, now_ns: None)


def the_centre_s_own_word_is_enough_for_the_time(patch: Patch) -> None:
    class Nobody:
        def answer(self, request: bytes) -> bytes:
            return b""

    patch.setattr(Signing, "require_authority", lambda self: self.authority or Nobody())


def a_hand_over_is_registered_once_or_never(patch: Patch) -> None:
    patch.setattr(DeskRegister, "_add", lambda self, handed: None)


def packages_stay_when_the_case_closes(patch: Patch) -> None:
    patch.setattr(Packages, "remove", lambda self, sha256: 0)


def locks_are_forgotten_by_the_purge(patch: Patch) -> None:
    patch.setattr(DeskKeeper, "protection", lambda self, now_ns: Protection())


def a_lock_keeps_the_whole_segment(patch: Patch) -> None:
    protected = DeskKeeper.protection

    def as_hold(self: DeskKeeper, now_ns: int) -> Protection:
        found = protected(self, now_ns)
        return Protection(found.locks, {}, found.preserved)

    patch.setattr(DeskKeeper, "protection", as_hold)


def time_brings_nothing(patch: Patch) -> None:
    patch.setattr(RequisitionDesk, "tick", lambda self, now_ns: [])


def holds_protect_nothing(patch: Patch) -> None:
    protected = DeskKeeper.protection

    def no_holds(self: DeskKeeper, now_ns: int) -> Protection:
        found = protected(self, now_ns)
        return Protection({}, found.locks, found.preserved)

    patch.setattr(DeskKeeper, "protection", no_holds)


def a_copy_s_line_speaks_for_the_recording(patch: Patch) -> None:
    patch.setattr(legal_register, "EVIDENCE_TIERS", ())


MUTANTS = [
    (
        the_past_is_served_before_it_is_clean,
        "test_nothing_of_the_past_is_served_while_expired_footage_may_still_be_there",
    ),
    (footage_may_be_wider_than_the_act, "test_nothing_is_shown_of_a_case_that_is_not_released_nor_outside_the_act"),
    (what_is_released_is_not_asked_again, "test_nothing_is_shown_of_a_case_that_is_not_released_nor_outside_the_act"),
    (nobody_looks_at_what_the_journal_noted, "test_a_store_whose_end_was_cut_off_is_known_by_what_the_journal_noted"),
    (an_open_file_is_left_out_in_silence, "test_an_interval_that_is_still_being_written_makes_no_package"),
    (
        the_centre_s_own_word_is_enough_for_the_time,
        "test_without_a_time_stamp_authority_no_package_is_begun_and_the_error_says_what_to_configure",
    ),
    (
        a_hand_over_is_registered_once_or_never,
        "test_a_hand_over_that_a_crash_left_out_of_the_register_gets_its_line_at_the_next_start",
    ),
    (
        packages_stay_when_the_case_closes,
        "test_what_was_handed_over_against_a_receipt_is_destroyed_and_both_are_registered",
    ),
    (locks_are_forgotten_by_the_purge, "test_at_the_expiry_the_locked_stretch_remains_and_its_neighbours_are_gone"),
    (a_lock_keeps_the_whole_segment, "test_at_the_expiry_the_locked_stretch_remains_and_its_neighbours_are_gone"),
    (
        time_brings_nothing,
        "test_a_hold_without_a_requisition_is_told_at_d_7_and_d_2_and_dies_with_its_footage_at_the_ceiling",
    ),
    (time_brings_nothing, "test_a_lock_that_no_judicial_act_carries_ends_at_the_ceiling_with_its_copies"),
    (
        holds_protect_nothing,
        "test_a_hold_without_a_requisition_is_told_at_d_7_and_d_2_and_dies_with_its_footage_at_the_ceiling",
    ),
    (
        a_copy_s_line_speaks_for_the_recording,
        "test_that_an_extract_s_copy_was_destroyed_certifies_nothing_of_the_recording",
    ),
]


@pytest.fixture
def state() -> Iterator[str]:
    """The parameter of tests that have one."""
    return "prepared"


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, request, monkeypatch):
    found_by = getattr(tests, test)
    fixtures = {name: request.getfixturevalue(name) for name in inspect.signature(found_by).parameters}
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, ExceptionGroup, CsuError, ValueError)):
        found_by(**fixtures)
