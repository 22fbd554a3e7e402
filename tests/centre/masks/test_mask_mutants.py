"""Who tests the tester: a defect planted between the register and the nodes must fail the test that is there for it."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import pytest

from csu.centre.masks import mask_watch
from csu.centre.masks.commissioning import Commissioning
from csu.centre.masks.mask_watch import MaskWatch

Patch = pytest.MonkeyPatch


def a_moved_camera_stays_active(patch: Patch) -> None:
    async def deaf(self, event):
        return

    patch.setattr(MaskWatch, "hear_moved", deaf)


def a_moved_camera_is_written_down_before_it_is_masked(patch: Patch) -> None:
    async def slow(self, event):
        self._moved[event.camera] = (event.at_ns, event.detail)
        await self._write_moves()
        await self._follow_register()

    patch.setattr(MaskWatch, "hear_moved", slow)


def a_move_that_could_not_be_written_is_forgotten(patch: Patch) -> None:
    fail = MaskWatch._fail

    def forget(self, commissioning, error):
        self._moved.clear()
        fail(self, commissioning, error)

    patch.setattr(MaskWatch, "_fail", forget)


def what_is_asked_for_is_what_masks(patch: Patch) -> None:
    patch.setattr(MaskWatch, "_bound", lambda self, assignment: assignment)


def what_is_reassigned_is_what_masks(patch: Patch) -> None:
    patch.setattr(MaskWatch, "_with_masks_as_told", lambda self, assignment: assignment)


def signatures_of_other_processes_are_not_read(patch: Patch) -> None:
    patch.setattr(Commissioning, "catch_up", lambda self: None)


def a_broken_register_is_still_believed(patch: Patch) -> None:
    patch.setattr(Commissioning, "give_up", lambda self, why: None)


def wholly_masked_keeps_the_pose_and_the_sign_off(patch: Patch) -> None:
    patch.setattr(mask_watch, "wholly_masked", lambda assignment: assignment)


def who_comes_late_is_given_what_is_in_force_unjournaled(patch: Patch) -> None:
    async def at_once(self, assignment, said, signatories):
        self._assignments[assignment.record.camera] = self._bound(assignment)
        self._state[assignment.record.camera] = self._seen(assignment.record.camera)[0]
        self._told_sets[assignment.record.camera] = None
        await self._give(assignment)

    patch.setattr(MaskWatch, "take_in", at_once)


MUTANTS = [
    (a_moved_camera_stays_active, "test_a_moved_camera_is_wholly_masked_at_once_and_the_others_are_not"),
    (a_moved_camera_stays_active, "test_it_stays_so_when_the_centre_starts_again"),
    (a_moved_camera_stays_active, "test_without_a_register_a_moved_camera_is_masked_all_the_same"),
    (
        a_moved_camera_is_written_down_before_it_is_masked,
        "test_a_camera_that_moved_is_masked_before_anything_is_written",
    ),
    (
        a_move_that_could_not_be_written_is_forgotten,
        "test_a_register_that_cannot_be_written_does_not_unmask_and_is_tried_again",
    ),
    (what_is_reassigned_is_what_masks, "test_nobody_lifts_a_mask_by_reassigning"),
    (
        what_is_asked_for_is_what_masks,
        "test_nodes_are_told_what_the_register_has_in_force_whatever_the_assignments_said",
    ),
    (
        signatures_of_other_processes_are_not_read,
        "test_what_people_sign_in_another_process_is_in_force_within_two_seconds",
    ),
    (
        who_comes_late_is_given_what_is_in_force_unjournaled,
        "test_a_camera_that_comes_late_is_wholly_masked_until_its_masks_are_journaled",
    ),
    (a_broken_register_is_still_believed, "test_a_register_changed_while_it_runs_masks_every_camera"),
    (
        wholly_masked_keeps_the_pose_and_the_sign_off,
        "test_a_moved_camera_is_wholly_masked_at_once_and_the_others_are_not",
    ),
]

_spec = importlib.util.spec_from_file_location("mutated_mask_watch", Path(__file__).with_name("test_mask_watch.py"))
_tests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tests)
path, masks, moves = _tests.path, _tests.masks, _tests.moves


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, request, monkeypatch):
    found_by = getattr(_tests, test)
    wanted = inspect.signature(found_by).parameters
    fixtures = {name: True if name == "is_down" else request.getfixturevalue(name) for name in wanted}
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, ExceptionGroup)):
        found_by(**fixtures)
