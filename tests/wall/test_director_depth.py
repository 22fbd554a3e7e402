"""What the director does beyond rules and alarms: routes, signals, locks, undo, closeness, viewers, budget, weeks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.wall import (
    AlarmEnded,
    AlarmsWaiting,
    BudgetTold,
    CameraRequested,
    CauseKind,
    EventSignal,
    EventSignalEnded,
    HeadSeen,
    ProgrammeDropped,
    ReasonAsked,
    ReasonGiven,
    RequestEnded,
    Route,
    RouteStop,
    RouteUnusable,
    SceneCalled,
    SignalHeard,
    SlotId,
    TileChanged,
    TileLocked,
    TileUnlocked,
    UndoAsked,
    ViewersHeard,
    WallCoverage,
    WallRequestRefused,
    even_route,
)
from csu.wall.directing.coverage import WEEK_NS
from csu.wall.directing.programme import DWELL_NS_MIN
from tests.wall.director_builders import LEG_S, PASSES_S, Wall, cam, cams

FIXED, FIRST, SPOT, HEAD = SlotId("fixed"), SlotId("first"), SlotId("spot"), SlotId("head")


# -- a procession -----------------------------------------------------------------------------------------------------


def test_the_wall_follows_the_head_and_the_tail_along_the_route_and_is_back_after_it() -> None:
    wall = Wall()
    before = wall.director.scene
    wall.march(lasts_s=400)
    seen = []
    for _ in range(400):
        seen.append((wall.up("head"), wall.up("tail")))
        wall.after(1)
    heads = list(dict.fromkeys(head for head, _ in seen))
    assert heads == ["cam-20", "cam-21", "cam-22", "cam-23", "cam-12"]  # and then the overview
    assert seen[LEG_S + 20] == ("cam-21", "cam-20")
    assert seen[PASSES_S + 15] == ("cam-21", "cam-11")  # the tail has left the first
    assert wall.director.scene == before


def test_the_overview_is_up_until_the_head_comes_and_the_perimeter_is_gone_round() -> None:
    wall = Wall()
    wall.march(in_s=60)
    wall.hear(SceneCalled("march", "chef"))
    assert (wall.up("head"), wall.cause("head").kind) == ("cam-12", CauseKind.RULE)
    wall.after(60)
    assert (wall.up("head"), wall.director.why(HEAD).fr) == ("cam-20", "suit la tête du parcours march")
    around = {wall.up("around")}
    for _ in range(60):
        wall.after(1)
        around.add(wall.up("around"))
    assert around >= {"cam-30", "cam-31"}


def test_a_camera_of_the_route_without_right_or_picture_leaves_its_tile_to_the_next_behind_it() -> None:
    wall = Wall()
    wall.march()
    wall.after(LEG_S + 20)
    wall.forbidden = {cam(21)}
    wall.after(1)
    assert wall.up("head") == "cam-20"
    wall.forbidden = set()
    wall.hear(SignalHeard(cam(20), False))
    wall.after(11)
    assert wall.up("head") == "cam-21"


def test_who_sees_the_head_elsewhere_moves_the_route_and_may_take_it_back() -> None:
    wall = Wall()
    wall.march()
    wall.after(20)
    wall.hear(HeadSeen("march", cam(22), "anne"))
    assert wall.up("head") == "cam-22"
    wall.after(20)
    wall.hear(UndoAsked("anne"))
    assert wall.up("head") == "cam-20"
    with pytest.raises(RouteUnusable):
        wall.hear(HeadSeen("march", cam(9), "anne"))
    with pytest.raises(WallRequestRefused):
        wall.hear(HeadSeen("match", cam(20), "anne"))


def test_what_no_procession_can_do_is_refused() -> None:
    for stops, passes_ns in (
        ((), NS_PER_S),
        ((RouteStop(cam(1), 0), RouteStop(cam(1), 10**11)), NS_PER_S),
        ((RouteStop(cam(1), 0), RouteStop(cam(2), NS_PER_S)), NS_PER_S),
        ((RouteStop(cam(1), 0),), 0),
    ):
        with pytest.raises(RouteUnusable):
            Route(stops, passes_ns)


def test_between_two_cameras_the_last_that_saw_the_head_has_it() -> None:
    route = even_route(cams(1, 2), 0, 100 * NS_PER_S, 10 * NS_PER_S)
    assert route.along(50 * NS_PER_S) == (cam(1),)
    assert route.along(-1) == route.along(110 * NS_PER_S) == ()


# -- signals ----------------------------------------------------------------------------------------------------------


def test_a_signal_draws_attention_on_a_spot_says_that_it_is_one_and_nothing_else_follows_from_it() -> None:
    wall = Wall()
    told = wall.hear(EventSignal("abandoned/1", cam(40)))
    assert {type(each) for each in told} <= {TileChanged, AlarmsWaiting, BudgetTold}  # no call, no alarm
    assert (wall.up("spot"), wall.director.why(SPOT).en) == ("cam-40", "signal to be judged abandoned/1")
    wall.hear(EventSignalEnded("abandoned/1"))
    wall.after(DWELL_NS_MIN / NS_PER_S)
    assert wall.up("spot") is None


def test_an_alarm_takes_a_signals_spot_at_once_and_signals_are_counted() -> None:
    wall = Wall()
    for number in range(3):
        told = wall.hear(EventSignal(f"s/{number}", cam(40 + number)))
    assert [each.signals for each in told if isinstance(each, AlarmsWaiting)] == [1]
    wall.after(20)
    wall.alarm("p/1", 4, 20)
    wall.alarm("p/2", 4, 21)
    assert {wall.cause("spot").kind, wall.cause("spot 2").kind} == {CauseKind.ALARM}
    wall.hear(AlarmEnded("p/1"))
    wall.after(11)
    assert CauseKind.SIGNAL in {wall.cause("spot").kind, wall.cause("spot 2").kind}
    wall.after(300)  # nobody judged them
    assert CauseKind.SIGNAL not in {wall.cause("spot").kind, wall.cause("spot 2").kind}


def test_signals_that_come_and_go_do_not_make_a_spot_flicker() -> None:
    wall, changes = Wall(), 0
    for second in range(120):
        told = wall.hear(EventSignal(f"s/{second}", cam(40 + second % 2)))
        told += wall.hear(EventSignalEnded(f"s/{second - 1}")) + wall.after(1)
        changes += sum(isinstance(each, TileChanged) and each.slot == SPOT and each.camera != each.was for each in told)
    assert 1 <= changes <= 13


# -- people -----------------------------------------------------------------------------------------------------------


def test_a_locked_tile_keeps_its_camera_against_tours_and_others_until_its_end() -> None:
    wall = Wall()
    shown, slot = wall.up("tour"), SlotId("tour")
    wall.hear(TileLocked(slot, "anne", wall.now_ns + 120 * NS_PER_S))
    for other in (CameraRequested(slot, cam(40), "paul"), TileUnlocked(slot, "paul")):
        with pytest.raises(WallRequestRefused, match="locked by anne"):
            wall.hear(other)
    told = wall.after(119)
    assert wall.up("tour") == shown
    assert not [each for each in told if isinstance(each, TileChanged) and each.slot == slot and each.camera != shown]
    wall.after(11)
    assert wall.up("tour") != shown


def test_a_lock_gives_way_to_a_right_that_ends_to_the_chief_and_to_who_locked() -> None:
    wall = Wall()
    wall.hear(TileLocked(FIXED, "anne", wall.now_ns + 120 * NS_PER_S))
    wall.forbidden = {cam(1)}
    wall.after(1)
    assert wall.up("fixed") is None
    wall.forbidden = set()
    wall.after(11)
    wall.hear(CameraRequested(FIXED, cam(40), "chef", is_chief=True))
    assert wall.up("fixed") == "cam-40"
    wall.hear(TileLocked(FIXED, "chef", wall.now_ns + 120 * NS_PER_S, is_chief=True))
    with pytest.raises(WallRequestRefused):
        wall.hear(TileUnlocked(FIXED, "paul", is_chief=True))
    wall.hear(TileUnlocked(FIXED, "chef"))
    wall.hear(RequestEnded(FIXED, "chef"))
    assert wall.up("fixed") == "cam-1"


def test_alarm_spots_and_empty_tiles_are_not_locked_and_no_lock_outlasts_an_hour() -> None:
    wall = Wall()
    wall.forbidden = {cam(1)}
    wall.after(1)
    for slot, minutes in ((SPOT, 1), (FIXED, 1), (FIRST, 61), (FIRST, 0)):
        with pytest.raises(WallRequestRefused):
            wall.hear(TileLocked(slot, "anne", wall.now_ns + minutes * NS_PER_MINUTE))


def test_undo_takes_back_ones_own_last_step_and_nobody_elses() -> None:
    wall = Wall()
    wall.hear(CameraRequested(FIXED, cam(40), "anne"))
    wall.hear(CameraRequested(FIXED, cam(41), "anne"))
    with pytest.raises(WallRequestRefused):
        wall.hear(UndoAsked("paul"))
    wall.hear(UndoAsked("anne"))
    assert wall.up("fixed") == "cam-40"
    with pytest.raises(WallRequestRefused):
        wall.hear(UndoAsked("anne"))  # one step
    wall.hear(CameraRequested(FIXED, cam(42), "anne"))
    wall.hear(CameraRequested(FIXED, cam(43), "paul"))
    with pytest.raises(WallRequestRefused):
        wall.hear(UndoAsked("anne"))  # somebody changed it since
    assert wall.up("fixed") == "cam-43"


def test_undo_of_a_scene_a_lock_an_end_and_a_programme() -> None:
    wall = Wall()
    wall.hear(SceneCalled("march", "chef"))
    wall.hear(UndoAsked("chef"))
    assert wall.director.scene == "base"
    wall.march(person="chef")
    wall.hear(ProgrammeDropped("march", "chef"))
    assert wall.director.scene == "base"
    wall.hear(UndoAsked("chef"))
    assert wall.director.scene == "march"
    wall.hear(ProgrammeDropped("march", "chef"))
    wall.hear(CameraRequested(FIXED, cam(40), "anne"))
    wall.hear(RequestEnded(FIXED, "anne"))
    wall.hear(UndoAsked("anne"))
    assert wall.up("fixed") == "cam-40"
    wall.after(15 * 60)  # and no longer than it would have stood
    assert wall.up("fixed") == "cam-1"


def test_what_undo_brings_back_may_be_forbidden_by_now() -> None:
    wall = Wall()
    wall.hear(CameraRequested(FIXED, cam(40), "anne"))
    wall.hear(CameraRequested(FIXED, cam(41), "anne"))
    wall.forbidden = {cam(40)}
    told = wall.hear(UndoAsked("anne")) + wall.after(11)
    assert cam(40) not in {each.camera for each in told if isinstance(each, TileChanged)}
    assert wall.up("fixed") == "cam-1"


def test_close_following_asks_a_reason_and_ends_after_a_minute_without() -> None:
    wall = Wall()
    (asked,) = [
        each
        for each in wall.hear(CameraRequested(FIXED, cam(40), "anne", is_close=True))
        if isinstance(each, ReasonAsked)
    ]
    assert (asked.person, asked.camera, asked.by_ns - asked.at_ns) == ("anne", cam(40), 60 * NS_PER_S)
    assert not [each for each in wall.after(59) if isinstance(each, ReasonAsked)]
    assert wall.up("fixed") == "cam-40"
    wall.after(1)
    assert wall.up("fixed") == "cam-1"
    with pytest.raises(WallRequestRefused):  # not for another minute, and another
        wall.hear(CameraRequested(FIXED, cam(40), "paul", is_close=True))
    wall.hear(CameraRequested(FIXED, cam(40), "paul", is_close=True, reason="a fight"))
    wall.after(120)
    assert wall.up("fixed") == "cam-40"


def test_a_reason_given_in_time_lets_one_follow_on() -> None:
    wall = Wall()
    wall.hear(CameraRequested(FIXED, cam(40), "anne", is_close=True))
    wall.after(30)
    for told in (ReasonGiven(FIXED, "paul", "a fight"), ReasonGiven(FIXED, "anne", " ")):
        with pytest.raises(WallRequestRefused):
            wall.hear(told)
    wall.hear(ReasonGiven(FIXED, "anne", "a fight"))
    wall.after(120)
    assert wall.up("fixed") == "cam-40"


def test_a_guard_tour_has_a_tile_and_takes_none_that_a_person_asked_for() -> None:
    wall = Wall()
    wall.hear(CameraRequested(FIXED, cam(40), "anne", tour="night"))
    assert wall.director.why(FIXED).en == "guard tour night"
    wall.hear(CameraRequested(FIXED, cam(41), "anne"))
    with pytest.raises(WallRequestRefused):
        wall.hear(CameraRequested(FIXED, cam(42), "anne", tour="night"))


# -- who is before the wall, and what was seen -------------------------------------------------------------------------


def test_what_one_of_those_before_the_wall_may_not_see_is_not_on_it() -> None:
    wall = Wall()
    wall.blind = {("zoe", cam(1))}
    wall.after(1)
    assert wall.up("fixed") == "cam-1"  # she is not there
    wall.hear(ViewersHeard(frozenset({"anne", "zoe"})))
    assert (wall.up("fixed"), wall.cause("fixed").kind) == (None, CauseKind.NOT_PERMITTED)
    with pytest.raises(WallRequestRefused):
        wall.hear(CameraRequested(FIRST, cam(1), "anne"))
    wall.hear(ViewersHeard(frozenset({"anne"})))
    wall.after(11)
    assert wall.up("fixed") == "cam-1"


def test_more_pictures_than_people_take_in_is_told_once_and_taken_from_nobody() -> None:
    wall = Wall()
    up = [tile.camera for tile in wall.director.tiles.values() if tile.camera]
    assert len(up) == 4
    (over,) = [each for each in wall.hear(ViewersHeard(frozenset({"anne"}))) if isinstance(each, BudgetTold)]
    assert (over.active, over.watching, over.most, over.is_over) == (4, 1, 2, True)
    assert not [each for each in wall.after(30) if isinstance(each, BudgetTold)]
    (well,) = [each for each in wall.hear(ViewersHeard(frozenset({"anne", "paul"}))) if isinstance(each, BudgetTold)]
    assert not well.is_over
    assert sum(tile.camera is not None for tile in wall.director.tiles.values()) == 4


def test_what_a_shift_had_before_its_eyes_is_counted_by_camera_and_never_by_person() -> None:
    coverage = WallCoverage(cams(1, 2, 3), 0)
    for second in range(61):
        coverage.look(cams(1, 2) if second < 2 else cams(1), second * NS_PER_S)
    told = coverage.begin_shift(60 * NS_PER_S)
    assert dict(told.live_ns) == {cam(1): 60 * NS_PER_S}
    assert told.not_seen == cams(2, 3)
    assert coverage.so_far(60 * NS_PER_S).not_seen == cams(1, 2, 3)


def test_a_wall_that_nobody_looked_at_for_an_hour_counts_five_seconds_of_it() -> None:
    coverage = WallCoverage(cams(1), 0)
    coverage.look(cams(1), 0)
    coverage.look(cams(1), 3600 * NS_PER_S)
    assert dict(coverage.so_far(3600 * NS_PER_S).live_ns) == {cam(1): 5 * NS_PER_S}


def test_a_camera_that_nobody_had_before_his_eyes_for_weeks_is_named_once_that_is_known() -> None:
    coverage = WallCoverage(cams(1, 2), 0)
    for second in range(6):
        coverage.look(cams(1), second * NS_PER_S)
    assert coverage.never_seen(2, WEEK_NS) is None
    assert coverage.never_seen(2, 2 * WEEK_NS) == cams(2)
    assert coverage.never_seen(1, 2 * WEEK_NS) == cams(1, 2)
    again = WallCoverage(cams(1, 2), 2 * WEEK_NS, coverage.kept)
    assert again.never_seen(2, 2 * WEEK_NS) == cams(2)


# -- weeks ------------------------------------------------------------------------------------------------------------


def utc_ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S


@pytest.mark.parametrize(
    ("begins", "ends"),
    [("2026-10-24 05:30", "2026-10-24 11:00"), ("2026-10-31 06:30", "2026-10-31 12:00")],
    ids=["summer time", "winter time"],
)
def test_a_market_comes_and_goes_by_the_clocks_of_paris(begins, ends) -> None:
    wall = Wall(begins_ns=utc_ns(begins) - 61 * NS_PER_S)
    assert wall.director.scene == "base"
    wall.after(1)
    assert (wall.director.scene, wall.director.scene_cause.ref) == ("march", f"market/{begins[:10]}")
    wall.now_ns = utc_ns(ends) - NS_PER_S
    wall.director.tick(wall.now_ns)
    assert wall.director.scene == "march"
    wall.after(1)
    assert wall.director.scene == "base"


def test_a_market_of_today_may_be_called_off_and_called_off_no_more() -> None:
    wall = Wall(begins_ns=utc_ns("2026-10-24 06:00"))
    assert wall.director.scene == "march"
    wall.hear(ProgrammeDropped("market/2026-10-24", "chef"))
    assert wall.director.scene == "base"
    wall.hear(UndoAsked("chef"))
    assert wall.director.scene == "march"


def test_of_a_market_and_a_march_the_higher_priority_is_up_and_the_market_after_it() -> None:
    wall = Wall(begins_ns=utc_ns("2026-10-24 06:00"))
    wall.march(lasts_s=120)
    assert wall.director.scene_cause.ref == "march"
    wall.after(120)
    assert wall.director.programmes_on(wall.now_ns)[0].programme == "market/2026-10-24"
    assert CameraId("cam-10") in {tile.camera for tile in wall.director.tiles.values()}
