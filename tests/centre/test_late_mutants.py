"""Who tests the tester: a defect planted where cameras come late must fail the test that is there for it."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import pytest

from csu.centre.rooms.poses import Poses
from csu.centre.rooms.ptz_room import PtzRoom
from csu.centre.watches.device_watch import Asking, DeviceWatch
from csu.centre.watches.order_watch import OrderWatch

Patch = pytest.MonkeyPatch


def where_it_stands_is_not_held_against_its_order(patch: Patch) -> None:
    async def blind(self):
        return

    patch.setattr(OrderWatch, "look_again", blind)


def it_is_told_to_stop_by_nobody(patch: Patch) -> None:
    patch.setattr(PtzRoom, "take_in", lambda self, camera: None)


def its_pose_is_not_read(patch: Patch) -> None:
    patch.setattr(Poses, "take_in", lambda self, camera: None)


def it_is_asked_each_second(patch: Patch) -> None:
    patch.setattr(Asking, "asked", lambda self, now_ns: None)


def it_is_told_each_time(patch: Patch) -> None:
    patch.setattr(DeviceWatch, "_tell_once", lambda self, camera, why: self._tell(camera, why))


STANDS = "test_one_that_stands_elsewhere_than_its_order_says_is_given_to_no_node"
TURNS = "test_one_that_turns_is_told_to_stop_and_its_pose_reaches_its_node"
ASKED = "test_it_is_asked_less_and_less_often_taken_in_when_it_answers_and_told_once_each_way"
MUTANTS = [
    (where_it_stands_is_not_held_against_its_order, STANDS),
    (it_is_told_to_stop_by_nobody, TURNS),
    (its_pose_is_not_read, TURNS),
    (it_is_asked_each_second, ASKED),
    (it_is_told_each_time, ASKED),
]
GIVEN = {"x_m": 5_000.0, "is_used": False}

_spec = importlib.util.spec_from_file_location("mutated_late", Path(__file__).with_name("test_late_cameras.py"))
_tests = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_tests)
node = _tests.node


@pytest.mark.parametrize("planted", [False, True])
@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, planted, request, monkeypatch):
    found_by = getattr(_tests, test)
    wanted = inspect.signature(found_by).parameters
    fixtures = {name: GIVEN[name] if name in GIVEN else request.getfixturevalue(name) for name in wanted}
    if not planted:
        found_by(**fixtures)
        return
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        found_by(**fixtures)
