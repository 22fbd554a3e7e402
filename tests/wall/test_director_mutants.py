"""Who tests the tester: a defect planted in the wall director must fail the test that is there for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from csu.hal.clock import NS_PER_S
from csu.wall import BudgetTold, Route, WallDirector
from csu.wall.directing import coverage, director, heard, programme, scenes, sight, tiles, wishes
from csu.wall.directing.asked import Asked
from csu.wall.directing.scenes import SceneChoice
from csu.wall.directing.sight import Sight
from csu.wall.directing.spots import Spots
from csu.wall.directing.tiles import WallTiles
from csu.wall.directing.wishes import Wishes

Patch = pytest.MonkeyPatch


def rights_are_asked_when_a_tile_changes_only(patch: Patch) -> None:
    patch.setattr(Sight, "begin", lambda self: None)


def a_withdrawn_right_waits_for_the_dwell(patch: Patch) -> None:
    wait = WallTiles._must_wait

    def patient(self, slot, cause, now_ns):
        tile = self.shown[slot]
        young = tile.since_ns is not None and now_ns - tile.since_ns < 10**15
        return young or wait(self, slot, cause, now_ns)

    patch.setattr(WallTiles, "_must_wait", patient)


def anything_may_be_asked_for(patch: Patch) -> None:
    request = Asked._request

    def generous(self, told, now_ns):
        self._sight._asked[told.camera] = True
        request(self, told, now_ns)

    patch.setattr(Asked, "_request", generous)


def nothing_dwells(patch: Patch) -> None:
    patch.setattr(tiles, "DWELL_NS_MIN", 0)
    patch.setattr(sight, "STEADY_NS", 0)


def the_agreed_scene_flickers(patch: Patch) -> None:
    patch.setattr(scenes, "SCENE_DWELL_NS", 0)


def one_person_is_enough(patch: Patch) -> None:
    scene = SceneChoice._wanted

    def careless(self, now_ns):
        self.is_short = False
        return scene(self, now_ns)

    patch.setattr(SceneChoice, "_wanted", careless)


def requests_never_end(patch: Patch) -> None:
    patch.setattr(wishes, "REQUEST_NS_MAX", 10**20)


def queued_alarms_are_not_counted(patch: Patch) -> None:
    patch.setattr(WallDirector, "alarms_waiting", property(lambda self: 0))


def a_storm_forgets(patch: Patch) -> None:
    assign = Spots.assign

    def forgetful(self, spots, tiles, now_ns):
        assign(self, spots, tiles, now_ns)
        self._alarms = {name: a for name, a in self._alarms.items() if name in self._on.values()}

    patch.setattr(Spots, "assign", forgetful)


def whoever_waited_waits_for_the_pace_too(patch: Patch) -> None:
    patch.setattr(Spots, "due_ns", lambda self, alarm, slot: self._heard_ns[alarm])


def an_alarm_that_was_given_a_spot_passes_for_shown(patch: Patch) -> None:
    patch.setattr(Spots, "shown", lambda self, tiles: frozenset(self._on.values()))


def the_newest_alarm_takes_the_spot(patch: Patch) -> None:
    assign = Spots.assign

    def restless(self, spots, tiles, now_ns):
        self._on = {}
        patch.setattr(heard.AlarmOpened, "haste", property(lambda a: (1, -int(a.alarm[2:]), a.alarm)))
        assign(self, spots, tiles, now_ns)

    patch.setattr(Spots, "assign", restless)


def the_scene_of_an_event_stays(patch: Patch) -> None:
    on = SceneChoice.programmes_on

    def sticky(self, now_ns):
        return on(self, min([now_ns, *(each.span.to_ns - 1 for each in self._wishes.programmes)]))

    patch.setattr(SceneChoice, "programmes_on", sticky)
    patch.setattr(Wishes, "prune", lambda self, now_ns: None)


def alarms_lose_their_spot_with_the_scene(patch: Patch) -> None:
    begin = WallTiles.begin

    def losing(self, scene, slots):
        begin(self, scene, slots)
        self._spots._alarms = {}

    patch.setattr(WallTiles, "begin", losing)


def decisions_depend_on_more_than_their_inputs(patch: Patch) -> None:
    begin, built = WallDirector.__init__, itertools.count()

    def moody(self, *given):
        begin(self, *given)
        self._choice.is_short = next(built) % 2 == 0

    patch.setattr(WallDirector, "__init__", moody)


def who_is_before_the_wall_does_not_matter(patch: Patch) -> None:
    begin = Sight.__init__
    patch.setattr(Sight, "__init__", lambda self, may_show, may_view: begin(self, may_show, lambda *_: True))


def undo_brings_back_pictures(patch: Patch) -> None:
    permitted = Sight.permitted
    undone: list[object] = []
    undo = Wishes.undo

    def trusting(self, person, now_ns):
        undo(self, person, now_ns)
        undone.extend(wish.camera for wish in self._stand.values())

    patch.setattr(Wishes, "undo", trusting)
    patch.setattr(Sight, "permitted", lambda self, camera, now_ns: camera in undone or permitted(self, camera, now_ns))


def anybody_undoes(patch: Patch) -> None:
    undo = Wishes.undo

    def generous(self, person, now_ns):
        undo(self, person if person in self._steps else next(iter(self._steps), person), now_ns)

    patch.setattr(Wishes, "undo", generous)


def a_signal_keeps_its_spot(patch: Patch) -> None:
    wanted = Spots.wanted

    def first(self, slot, tiles, now_ns):
        shown = tiles[slot]
        is_signal = shown.cause.kind.value == "signal" and shown.cause.ref in self._signals
        return (shown.camera, shown.cause) if is_signal else wanted(self, slot, tiles, now_ns)

    patch.setattr(Spots, "wanted", first)


def a_signal_is_as_urgent_as_an_alarm(patch: Patch) -> None:
    wait = WallTiles._must_wait

    def hasty(self, slot, cause, now_ns):
        return cause.kind.value != "signal" and wait(self, slot, cause, now_ns)

    patch.setattr(WallTiles, "_must_wait", hasty)


def two_tiles_take_from_each_other(patch: Patch) -> None:
    """Each tile that chooses takes what another one shows, and does not wait."""
    wanted, wait = WallTiles._wanted, WallTiles._must_wait

    def greedy(self, slot, programme, now_ns):
        camera, cause = wanted(self, slot, programme, now_ns)
        if cause.kind.value == "rule" and cause.ref == "priority":
            turn = now_ns // 1_000_000_000 % len(slot.pool)
            allowed = [each for each in slot.pool[turn:] if self._sight.permitted(each, now_ns)]
            return (allowed[0], cause) if allowed else (camera, cause)
        return camera, cause

    patch.setattr(WallTiles, "_wanted", greedy)
    patch.setattr(
        WallTiles,
        "_must_wait",
        lambda self, slot, cause, now_ns: cause.ref != "priority" and wait(self, slot, cause, now_ns),
    )


def what_a_small_tile_shows_is_never_shown_large(patch: Patch) -> None:
    begin = WallTiles.begin

    def no_fixed(self, scene, slots):
        begin(self, scene, slots)
        self._fixed = frozenset()

    patch.setattr(WallTiles, "begin", no_fixed)


def locks_never_end(patch: Patch) -> None:
    keep = Wishes.keep

    def for_ever(self, scene, camera, told, now_ns):
        keep(self, scene, camera, told, now_ns)
        key = ("lock", scene, told.slot)
        self._stand[key] = replace(self._stand[key], until_ns=10**20)

    patch.setattr(Wishes, "keep", for_ever)


def locks_keep_nothing(patch: Patch) -> None:
    patch.setattr(Wishes, "lock", lambda self, scene, slot: None)


def alarms_change_their_spots_each_second(patch: Patch) -> None:
    assign, turn = Spots.assign, itertools.count()

    def restless(self, spots, shown, now_ns):
        self.leave()
        assign(self, spots if next(turn) % 2 else [*reversed(spots)], shown, now_ns)

    patch.setattr(Spots, "assign", restless)
    patch.setattr(tiles, "DWELL_NS_MIN", 0)


def the_first_spot_is_the_only_one(patch: Patch) -> None:
    assign = Spots.assign
    patch.setattr(Spots, "assign", lambda self, spots, shown, now_ns: assign(self, spots[:1], shown, now_ns))


def a_person_is_followed_for_ever(patch: Patch) -> None:
    patch.setattr(wishes, "CLOSE_NS_MAX", 10**12)


def a_person_is_followed_minute_after_minute(patch: Patch) -> None:
    prune = Wishes.prune

    def forgiving(self, now_ns):
        prune(self, now_ns)
        self._followed = {}

    patch.setattr(Wishes, "prune", forgiving)


def the_head_is_where_the_tail_is(patch: Patch) -> None:
    along = Route.along
    patch.setattr(Route, "along", lambda self, at_ns: tuple(reversed(along(self, at_ns))))


def weeks_go_by_universal_time(patch: Patch) -> None:
    def in_utc(day, minute):
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return (int(midnight.timestamp()) + minute * 60) * NS_PER_S

    patch.setattr(programme, "instant_in_paris", in_utc)


def tiles_are_taken_away_for_the_budget(patch: Patch) -> None:
    wanted = WallTiles._wanted

    def saving(self, slot, programme, now_ns):
        found, most = wanted(self, slot, programme, now_ns), 2 * len(self._sight.viewers)
        is_over = 0 < most < sum(tile.camera is not None for tile in self.shown.values())
        return (None, found[1]) if is_over else found

    patch.setattr(WallTiles, "_wanted", saving)


def the_budget_is_not_told(patch: Patch) -> None:
    patch.setattr(director, "BudgetTold", lambda *given: BudgetTold(*given[:3], False, given[4]))


def a_glimpse_counts_as_seen(patch: Patch) -> None:
    patch.setattr(coverage, "SEEN_NS_MIN", 0)


def an_hour_without_a_look_counts(patch: Patch) -> None:
    patch.setattr(coverage, "COUNTED_NS_MAX", 10**15)


FORBIDDEN = "test_a_camera_whose_right_or_mask_ends_is_off_the_wall_at_the_next_tick"
STORM = "test_a_storm_fills_the_spots_the_rest_is_queued_and_counted_and_each_gets_its_turn"
EVERYTHING = "test_whatever_happens_the_wall_keeps_its_word"
DEPTH: list[tuple[Callable[[Patch], None], str]] = [
    (who_is_before_the_wall_does_not_matter, "test_what_one_of_those_before_the_wall_may_not_see_is_not_on_it"),
    (undo_brings_back_pictures, "test_what_undo_brings_back_may_be_forbidden_by_now"),
    (anybody_undoes, "test_undo_takes_back_ones_own_last_step_and_nobody_elses"),
    (a_signal_keeps_its_spot, "test_an_alarm_takes_a_signals_spot_at_once_and_signals_are_counted"),
    (a_signal_is_as_urgent_as_an_alarm, "test_signals_that_come_and_go_do_not_make_a_spot_flicker"),
    (locks_never_end, "test_a_locked_tile_keeps_its_camera_against_tours_and_others_until_its_end"),
    (a_person_is_followed_for_ever, "test_close_following_asks_a_reason_and_ends_after_a_minute_without"),
    (a_person_is_followed_minute_after_minute, "test_close_following_asks_a_reason_and_ends_after_a_minute_without"),
    (
        the_head_is_where_the_tail_is,
        "test_the_wall_follows_the_head_and_the_tail_along_the_route_and_is_back_after_it",
    ),
    (
        tiles_are_taken_away_for_the_budget,
        "test_more_pictures_than_people_take_in_is_told_once_and_taken_from_nobody",
    ),
    (the_budget_is_not_told, "test_more_pictures_than_people_take_in_is_told_once_and_taken_from_nobody"),
    (a_glimpse_counts_as_seen, "test_what_a_shift_had_before_its_eyes_is_counted_by_camera_and_never_by_person"),
    (an_hour_without_a_look_counts, "test_a_wall_that_nobody_looked_at_for_an_hour_counts_five_seconds_of_it"),
]
STATEFUL: list[Callable[[Patch], None]] = [
    rights_are_asked_when_a_tile_changes_only,
    who_is_before_the_wall_does_not_matter,
    a_storm_forgets,
    queued_alarms_are_not_counted,
    two_tiles_take_from_each_other,
    alarms_change_their_spots_each_second,
    the_first_spot_is_the_only_one,
    a_signal_keeps_its_spot,
    locks_keep_nothing,
    anybody_undoes,
    requests_never_end,
    locks_never_end,
    the_scene_of_an_event_stays,
    a_person_is_followed_for_ever,
]
"""Forbidden, lost, waiting in vain, fighting, never back: the machine finds each of these by itself."""
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
        whoever_waited_waits_for_the_pace_too,
        "test_an_alarm_that_waited_takes_the_spot_as_soon_as_the_one_before_it_ends",
        {},
    ),
    (
        an_alarm_that_was_given_a_spot_passes_for_shown,
        "test_an_alarm_is_counted_as_waiting_until_its_tile_really_shows_it",
        {},
    ),
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
    (
        what_a_small_tile_shows_is_never_shown_large,
        "test_a_tile_shows_what_only_a_fixed_one_shows_rather_than_nothing",
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


@pytest.mark.parametrize(("plant", "test"), DEPTH, ids=lambda value: getattr(value, "__name__", ""))
def test_a_defect_planted_in_what_it_does_beyond_is_found(plant, test, monkeypatch, must_fail):
    plant(monkeypatch)
    must_fail("test_director_depth", test)


def test_a_week_by_universal_time_is_found(monkeypatch, must_fail):
    weeks_go_by_universal_time(monkeypatch)
    times = {"begins": "2026-10-24 05:30", "ends": "2026-10-24 11:00"}
    must_fail("test_director_depth", "test_a_market_comes_and_goes_by_the_clocks_of_paris", **times)


@pytest.mark.nightly
@pytest.mark.parametrize("plant", STATEFUL, ids=lambda value: value.__name__)
def test_the_machine_finds_a_planted_defect_by_itself(plant, monkeypatch, must_fail):
    plant(monkeypatch)
    must_fail("test_director_stateful", EVERYTHING)
