"""Who tests the tester: a defect planted in the wall director must fail the test that is there for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from csu.hal.clock import Nanoseconds
from csu.wall import WallDirector
from csu.wall.directing import director

Patch = pytest.MonkeyPatch


def rights_are_asked_when_a_tile_changes_only(patch: Patch) -> None:
    tick = WallDirector.tick
    asked: dict[int, dict[Any, bool]] = {}

    def permitted(self: WallDirector, camera: Any, now_ns: Nanoseconds) -> bool:
        return asked.setdefault(id(self), {}).setdefault(camera, self._may_show(camera, now_ns))

    patch.setattr(WallDirector, "_permitted", permitted)
    patch.setattr(WallDirector, "tick", tick)


def a_withdrawn_right_waits_for_the_dwell(patch: Patch) -> None:
    wait = WallDirector._must_wait

    def patient(self, slot, cause, now_ns):
        tile = self._tiles[slot]
        young = tile.since_ns is not None and now_ns - tile.since_ns < 10**15
        return young or wait(self, slot, cause, now_ns)

    patch.setattr(WallDirector, "_must_wait", patient)


def anything_may_be_asked_for(patch: Patch) -> None:
    request = WallDirector._request

    def generous(self, told, now_ns):
        self._asked[told.camera] = True
        request(self, told, now_ns)

    patch.setattr(WallDirector, "_request", generous)


def nothing_dwells(patch: Patch) -> None:
    patch.setattr(director, "DWELL_NS_MIN", 0)
    patch.setattr(director, "STEADY_NS", 0)


def the_agreed_scene_flickers(patch: Patch) -> None:
    patch.setattr(director, "SCENE_DWELL_NS", 0)


def one_person_is_enough(patch: Patch) -> None:
    scene = WallDirector._wanted_scene

    def careless(self, now_ns):
        self._is_short = False
        return scene(self, now_ns)

    patch.setattr(WallDirector, "_wanted_scene", careless)


def requests_never_end(patch: Patch) -> None:
    patch.setattr(director, "REQUEST_NS_MAX", 10**20)


def queued_alarms_are_not_counted(patch: Patch) -> None:
    patch.setattr(WallDirector, "alarms_waiting", property(lambda self: 0))


def a_storm_forgets(patch: Patch) -> None:
    assign = WallDirector._assign_spots

    def forgetful(self, spots, now_ns):
        assign(self, spots, now_ns)
        self._alarms = {name: a for name, a in self._alarms.items() if name in self._spots.values()}

    patch.setattr(WallDirector, "_assign_spots", forgetful)


def the_newest_alarm_takes_the_spot(patch: Patch) -> None:
    assign = WallDirector._assign_spots

    def restless(self, spots, now_ns):
        self._spots = {}
        urgent = dict(self._alarms)
        self._alarms = dict(reversed(urgent.items()))
        patch.setattr(director.AlarmOpened, "haste", property(lambda a: (1, -int(a.alarm[2:]), a.alarm)))
        assign(self, spots, now_ns)
        self._alarms = urgent

    patch.setattr(WallDirector, "_assign_spots", restless)


def the_scene_of_an_event_stays(patch: Patch) -> None:
    scene = WallDirector._wanted_scene

    def sticky(self, now_ns):
        return scene(self, min([now_ns, *(each.span.to_ns - 1 for each in self._programmes.values())]))

    patch.setattr(WallDirector, "_wanted_scene", sticky)
    change = WallDirector._change_scene

    def keeping(self, now_ns):
        held = dict(self._programmes)
        told = change(self, now_ns)
        self._programmes = held
        return told

    patch.setattr(WallDirector, "_change_scene", keeping)


def alarms_lose_their_spot_with_the_scene(patch: Patch) -> None:
    change = WallDirector._change_scene

    def losing(self, now_ns):
        told = change(self, now_ns)
        if told:
            self._alarms = {}
        return told

    patch.setattr(WallDirector, "_change_scene", losing)


def decisions_depend_on_more_than_their_inputs(patch: Patch) -> None:
    begin, built = WallDirector.__init__, itertools.count()

    def moody(self, plan, may_show):
        begin(self, plan, may_show)
        self._is_short = next(built) % 2 == 0

    patch.setattr(WallDirector, "__init__", moody)


FORBIDDEN = "test_a_camera_whose_right_or_mask_ends_is_off_the_wall_at_the_next_tick"
STORM = "test_a_storm_fills_the_spots_the_rest_is_queued_and_counted_and_each_gets_its_turn"
MUTANTS: list[tuple[Callable[[Patch], None], str, dict[str, Any]]] = [
    (rights_are_asked_when_a_tile_changes_only, FORBIDDEN, {"name": "fixed"}),
    (a_withdrawn_right_waits_for_the_dwell, FORBIDDEN, {"name": "tour"}),
    (anything_may_be_asked_for, "test_what_cannot_be_asked_for_is_refused_and_changes_nothing", {}),
    (nothing_dwells, "test_a_camera_that_comes_and_goes_does_not_make_the_wall_flicker", {}),
    (
        the_agreed_scene_flickers,
        "test_fewer_than_two_on_watch_bring_the_agreed_scene_at_once_and_it_does_not_flicker",
        {},
    ),
    (one_person_is_enough, "test_nobody_is_believed_to_watch_before_it_is_said", {}),
    (
        requests_never_end,
        "test_a_person_gets_the_slot_he_asks_for_until_he_ends_it_or_a_quarter_of_an_hour_is_over",
        {},
    ),
    (queued_alarms_are_not_counted, STORM, {}),
    (a_storm_forgets, STORM, {}),
    (
        the_newest_alarm_takes_the_spot,
        "test_a_more_urgent_alarm_takes_the_spot_of_the_least_urgent_and_an_equal_one_waits",
        {},
    ),
    (
        the_scene_of_an_event_stays,
        "test_programmes_follow_their_days_the_higher_priority_first_and_the_base_comes_back",
        {},
    ),
    (alarms_lose_their_spot_with_the_scene, "test_an_alarm_keeps_a_spot_over_a_change_of_scene", {}),
    (decisions_depend_on_more_than_their_inputs, "test_the_same_inputs_give_the_same_decisions_again", {}),
    (nothing_dwells, "test_however_signals_come_and_go_no_slot_changes_oftener_than_its_dwell", {}),
    (
        a_storm_forgets,
        "test_whatever_happens_the_wall_shows_nothing_forbidden_loses_no_alarm_and_finds_back",
        {},
    ),
    (
        rights_are_asked_when_a_tile_changes_only,
        "test_whatever_happens_the_wall_shows_nothing_forbidden_loses_no_alarm_and_finds_back",
        {},
    ),
]


@pytest.mark.parametrize(("plant", "test", "given"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, given, monkeypatch, must_fail):
    plant(monkeypatch)
    must_fail("test_director", test, **given)
