"""Who tests the tester: a centre that acts before it writes, or without, must fail the test that is there for it."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import pytest

from csu.centre.masks.mask_watch import MaskWatch
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.ptz_room import PtzRoom
from csu.governance import Action
from csu.governance.journaled_actions import action_entry
from csu.hal.errors import CsuError
from sim.journal import JournalStandIn

Patch = pytest.MonkeyPatch


def masks_that_show_more_do_not_wait_for_the_journal(patch: Patch) -> None:
    patch.setattr(MaskWatch, "_shows_more", lambda self, camera, standing: False)


def masks_that_hide_more_wait_for_the_journal(patch: Patch) -> None:
    patch.setattr(MaskWatch, "_shows_more", lambda self, camera, standing: True)


def a_journal_that_refuses_is_passed_by(patch: Patch) -> None:
    async def journaled(self, camera, entry):
        return True

    patch.setattr(MaskWatch, "_journaled", journaled)


def masks_come_in_by_the_back_door(patch: Patch) -> None:
    patch.setattr(MaskWatch, "_with_masks_as_told", MaskWatch._bound)


def a_late_entry_is_forgotten(patch: Patch) -> None:
    async def add(self, entry):
        return None

    patch.setattr(LateEntries, "add", add)


def a_late_entry_is_tried_once(patch: Patch) -> None:
    async def run(self):
        return None

    patch.setattr(LateEntries, "run", run)


def what_is_left_at_the_end_is_silent(patch: Patch) -> None:
    patch.setattr(LateEntries, "_lose", lambda self, count: None)


def a_camera_turns_first(patch: Patch) -> None:
    async def move(self, camera, velocity, by, alarm):
        await camera.move(velocity)
        await self._journal.record(action_entry(Action.PTZ_MOVE, by, camera.record.camera))

    patch.setattr(PtzRoom, "move", move)


def a_failing_journal_is_swallowed(patch: Patch) -> None:
    real = JournalStandIn.record

    async def record(self, entry):
        try:
            await real(self, entry)
        except CsuError:
            return

    patch.setattr(JournalStandIn, "record", record)


MUTANTS = [
    (
        masks_that_show_more_do_not_wait_for_the_journal,
        "test_masks_that_show_more_reach_a_node_only_once_that_is_journaled",
    ),
    (a_journal_that_refuses_is_passed_by, "test_masks_that_show_more_reach_a_node_only_once_that_is_journaled"),
    (masks_come_in_by_the_back_door, "test_masks_that_show_more_reach_a_node_only_once_that_is_journaled"),
    (masks_that_hide_more_wait_for_the_journal, "test_masks_that_hide_more_do_not_wait_for_the_journal"),
    (a_late_entry_is_forgotten, "test_masks_that_hide_more_do_not_wait_for_the_journal"),
    (
        a_late_entry_is_forgotten,
        "test_a_moved_camera_is_masked_while_the_journal_is_down_and_journaled_afterwards",
    ),
    (
        a_late_entry_is_tried_once,
        "test_a_camera_that_turns_is_halted_whatever_the_journal_says_and_that_is_written_when_it_can_be",
    ),
    (what_is_left_at_the_end_is_silent, "test_what_could_not_be_journaled_before_the_end_is_told"),
    (a_camera_turns_first, "test_each_order_to_a_camera_is_one_entry_and_comes_first"),
    (a_camera_turns_first, "test_a_camera_does_not_turn_when_the_journal_refuses"),
    (a_failing_journal_is_swallowed, "test_a_camera_does_not_turn_when_the_journal_refuses"),
    (
        a_failing_journal_is_swallowed,
        "test_no_mask_is_pushed_onto_a_camera_that_is_not_journaled_and_the_engine_goes_on_masking",
    ),
]

_spec = importlib.util.spec_from_file_location(
    "mutated_journaled_deeds", Path(__file__).with_name("test_journaled_deeds.py")
)
_tests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tests)
path, masks = _tests.path, _tests.masks


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, request, monkeypatch):
    found_by = getattr(_tests, test)
    fixtures = {name: request.getfixturevalue(name) for name in inspect.signature(found_by).parameters}
    plant(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception, ExceptionGroup)):
        found_by(**fixtures)
