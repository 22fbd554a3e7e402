"""The wall director: who is shown where and why; never a camera without a right, never a flicker, always back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance.spans import Span
from csu.hal.alarms import AlarmPriority
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.wall import (
    AlarmEnded,
    AlarmOpened,
    AlarmsWaiting,
    CameraRequested,
    Cause,
    CauseKind,
    PlanUnusable,
    Programme,
    ProgrammeDropped,
    ProgrammeSet,
    RequestEnded,
    SceneCalled,
    SceneChanged,
    SceneSlots,
    SignalHeard,
    Slot,
    SlotId,
    SlotRule,
    TileChanged,
    WallDecision,
    WallDirector,
    WallPlan,
    WallRequestRefused,
    WatchHeard,
    replay,
)
from csu.wall.directing.programme import DWELL_NS_MIN
from tests.wall.director_builders import Wall as AnyWall
from tests.wall.director_builders import cams, slot

_R = SlotRule


PLAN = WallPlan(
    (
        SceneSlots(
            "base",
            (
                slot("fixed", _R.FIXED, 1),
                slot("first", _R.PRIORITY, 1, 2, 3),
                slot("tour", _R.TOUR, 4, 5, 6),
                slot("spot", _R.ALARM_SPOT),
                slot("spot 2", _R.ALARM_SPOT, 7),
            ),
        ),
        SceneSlots("market", (slot("fixed", _R.FIXED, 8), slot("spot", _R.ALARM_SPOT))),
        SceneSlots("agreed", (slot("fixed", _R.FIXED, 2), slot("spot", _R.ALARM_SPOT))),
    ),
    base="base",
    degraded="agreed",
)


class Wall(AnyWall):
    """A director over this plan."""

    def __init__(self, plan: WallPlan = PLAN) -> None:
        super().__init__(plan)


def test_each_slot_follows_its_rule_and_says_so() -> None:
    wall = Wall()
    assert (wall.up("fixed"), wall.up("first"), wall.up("spot"), wall.up("spot 2")) == ("cam-1", "cam-2", None, "cam-7")
    assert wall.director.why(SlotId("first")).en == "rule: the first available"
    assert wall.director.why(SlotId("spot")).fr == "vide : aucune caméra disponible"


def test_a_tile_shows_what_only_a_fixed_one_shows_rather_than_nothing() -> None:
    """A wall of small fixed tiles, every camera, and large ones that choose among the same."""
    every = [slot(f"small {number}", _R.FIXED, number) for number in (1, 2, 3)]
    large = [slot("large", _R.PRIORITY, 1, 2), slot("other", _R.PRIORITY, 1, 2), slot("round", _R.TOUR, 1, 2, 3)]
    plan = WallPlan((SceneSlots("all", (*every, *large, slot("spot", _R.ALARM_SPOT))),), "all", "all")
    wall = Wall(plan)
    assert [wall.up(name) for name in ("large", "other", "round")] == ["cam-1", "cam-2", "cam-3"], "none of them twice"
    wall.hear(SignalHeard(CameraId("cam-1"), False))
    wall.after(60)
    assert (wall.up("large"), wall.up("other"), wall.up("small 1")) == (None, "cam-2", "cam-1")


def test_a_tour_shows_each_camera_for_its_dwell() -> None:
    wall = Wall()
    seen = []
    for _ in range(60):
        wall.after(1)
        seen.append(wall.up("tour"))
    assert Counter(seen) == {"cam-4": 20, "cam-5": 20, "cam-6": 20}


def test_an_alarm_takes_a_spot_at_once_with_its_nearest_camera_and_the_wall_is_restored_after_it() -> None:
    wall = Wall()
    before = {name: tile.camera for name, tile in wall.director.tiles.items() if name != "tour"}
    (changed,) = wall.alarm("p/1", 2, 20, 21)
    assert changed == TileChanged(
        "base", SlotId("spot"), CameraId("cam-20"), None, Cause(CauseKind.ALARM, "p/1"), wall.now_ns
    )
    assert wall.director.why(SlotId("spot")).fr == "alarme p/1"
    wall.hear(AlarmEnded("p/1"))
    wall.after(DWELL_NS_MIN / NS_PER_S)
    assert {name: tile.camera for name, tile in wall.director.tiles.items() if name != "tour"} == before


def test_a_storm_fills_the_spots_the_rest_is_queued_and_counted_and_each_gets_its_turn() -> None:
    wall = Wall()
    told = [each for number in range(6) for each in wall.alarm(f"p/{number}", 2, 20 + number)]
    assert [each.queued for each in told if isinstance(each, AlarmsWaiting)] == [1, 2, 3, 4]
    shown = set()
    for _ in range(6):
        wall.after(11)
        shown |= {wall.cause("spot").ref, wall.cause("spot 2").ref}
        wall.hear(AlarmEnded(wall.cause("spot").ref))
        wall.hear(AlarmEnded(wall.cause("spot 2").ref))
    assert {f"p/{number}" for number in range(6)} <= shown
    assert wall.director.alarms_waiting == 0


def test_an_alarm_that_waited_takes_the_spot_as_soon_as_the_one_before_it_ends() -> None:
    wall = Wall()
    for number in (1, 2, 3):
        wall.alarm(f"p/{number}", 2, 20 + number)
    wall.after(1)
    wall.alarm("p/4", 1, 24)
    wall.after(1)
    (changed,) = [each for each in wall.hear(AlarmEnded("p/4")) if isinstance(each, TileChanged)]
    assert (changed.was, changed.camera, changed.cause.ref) == ("cam-24", "cam-22", "p/2"), "1 s after the last change"


def test_an_alarm_is_counted_as_waiting_until_its_tile_really_shows_it() -> None:
    wall = Wall()
    wall.forbidden = set(cams(20))
    for number in (1, 2, 3):
        wall.alarm(f"p/{number}", 2, 19 + number)
    wall.forbidden = set(cams(20, 22))
    wall.after(1)  # p/3 loses its spot, which shows something else for ten seconds
    wall.forbidden = set()
    (waiting,) = wall.after(1)
    assert (waiting.queued, waiting.without_camera, wall.director.alarms_waiting) == (2, 0, 2)
    assert wall.director.alarms_shown == {"p/2"}
    wall.after(9)
    assert (wall.cause("spot 2").ref, wall.director.alarms_waiting) == ("p/1", 1)


def test_a_more_urgent_alarm_takes_the_spot_of_the_least_urgent_and_an_equal_one_waits() -> None:
    wall = Wall()
    wall.alarm("p/1", 2, 20)
    wall.alarm("p/2", 3, 21)
    assert not [each for each in wall.alarm("p/3", 3, 22) if isinstance(each, TileChanged)]
    wall.alarm("p/4", 1, 23)
    assert {wall.cause("spot").ref, wall.cause("spot 2").ref} == {"p/1", "p/4"}
    assert wall.director.alarms_waiting == 2


def test_an_alarm_without_a_camera_that_may_be_shown_is_counted_and_shown_once_there_is_one() -> None:
    wall = Wall()
    wall.forbidden = set(cams(20, 21))
    (waiting,) = wall.alarm("p/1", 1, 20, 21)
    assert (waiting.queued, waiting.without_camera) == (0, 1)
    wall.forbidden = set(cams(20))
    wall.after(1)
    assert wall.up("spot") == "cam-21"


def test_two_alarms_of_one_site_show_two_cameras() -> None:
    wall = Wall()
    wall.alarm("p/1", 2, 20, 21)
    wall.alarm("p/2", 2, 20, 21)
    assert {wall.up("spot"), wall.up("spot 2")} == {"cam-20", "cam-21"}


@pytest.mark.parametrize("name", ["fixed", "first", "tour", "spot", "asked"])
def test_a_camera_whose_right_or_mask_ends_is_off_the_wall_at_the_next_tick(name) -> None:
    wall = Wall()
    wall.alarm("p/1", 1, 20)
    if name == "asked":
        wall.hear(CameraRequested(SlotId("fixed"), CameraId("cam-30"), "anne"))
    where = "fixed" if name == "asked" else name
    gone = wall.up(where)
    wall.forbidden = {gone}
    wall.after(1)
    assert gone not in {tile.camera for tile in wall.director.tiles.values()}
    assert wall.up(where) is not None or wall.cause(where).kind in (CauseKind.NOT_PERMITTED, CauseKind.NO_SIGNAL)


def test_a_person_gets_the_slot_he_asks_for_until_he_ends_it_or_a_quarter_of_an_hour_is_over() -> None:
    wall = Wall()
    asked = CameraRequested(SlotId("fixed"), CameraId("cam-30"), "anne")
    wall.hear(asked)
    assert (wall.up("fixed"), wall.director.why(SlotId("fixed")).en) == ("cam-30", "asked for by anne")
    wall.hear(RequestEnded(SlotId("fixed")))
    assert wall.up("fixed") == "cam-1"
    wall.hear(asked)
    wall.after(15 * 60)
    assert wall.up("fixed") == "cam-1"


def test_what_cannot_be_asked_for_is_refused_and_changes_nothing() -> None:
    wall = Wall()
    wall.forbidden = set(cams(30))
    wall.hear(CameraRequested(SlotId("first"), CameraId("cam-31"), "chef", is_chief=True))
    before = wall.director.tiles
    for name, camera in (("fixed", 30), ("spot", 31), ("elsewhere", 31), ("first", 32)):
        with pytest.raises(WallRequestRefused):
            wall.hear(CameraRequested(SlotId(name), CameraId(f"cam-{camera}"), "anne"))
    assert wall.director.tiles == before


def test_programmes_follow_their_days_the_higher_priority_first_and_the_base_comes_back() -> None:
    wall = Wall()
    begins_ns = wall.now_ns + 60 * NS_PER_S
    for name, priority, scene in (("market", 1, "market"), ("watch", 0, "agreed")):
        span = Span(begins_ns, begins_ns + 600 * NS_PER_S)
        wall.hear(ProgrammeSet(Programme(name, scene, span, priority)))
    assert wall.director.scene == "base"
    changes = [each for each in wall.after(60) if isinstance(each, SceneChanged)]
    assert changes == [SceneChanged("market", "base", Cause(CauseKind.PROGRAMME, "market"), begins_ns)]
    wall.hear(ProgrammeDropped("market"))
    assert wall.director.scene == "agreed"
    wall.after(600)
    assert wall.director.scene == "base"


def test_an_alarm_keeps_a_spot_over_a_change_of_scene() -> None:
    wall = Wall()
    wall.alarm("p/1", 1, 20)
    wall.hear(SceneCalled("market", "chef"))
    assert (wall.director.scene, wall.up("spot")) == ("market", "cam-20")


def test_a_called_scene_ends_when_the_chief_says_so_or_after_a_quarter_of_an_hour() -> None:
    wall = Wall()
    wall.hear(SceneCalled("market", "chef"))
    wall.hear(SceneCalled("", "chef"))
    assert wall.director.scene == "base"
    wall.hear(SceneCalled("market", "chef"))
    wall.after(15 * 60)
    assert wall.director.scene == "base"


def test_fewer_than_two_on_watch_bring_the_agreed_scene_at_once_and_it_does_not_flicker() -> None:
    wall = Wall()
    wall.hear(SceneCalled("market", "chef"))
    (changed, *_) = wall.hear(WatchHeard(True))
    assert (changed.scene, changed.cause.kind) == ("agreed", CauseKind.SHORT_WATCH)
    changes = []
    for _ in range(10):  # a person at the door
        changes += wall.hear(WatchHeard(False)) + wall.after(1) + wall.hear(WatchHeard(True)) + wall.after(1)
    assert changes == []
    wall.hear(WatchHeard(False))
    wall.after(30)
    assert wall.director.scene == "market"


def test_nobody_is_believed_to_watch_before_it_is_said() -> None:
    director = WallDirector(PLAN, lambda camera, now_ns: True)
    director.tick(0)
    assert director.scene == "agreed"


def test_a_camera_that_comes_and_goes_does_not_make_the_wall_flicker() -> None:
    wall = Wall()
    changes = []
    for second in range(300):
        changes += wall.hear(SignalHeard(CameraId("cam-2"), second % 3 == 0)) + wall.after(1)
    assert len([each for each in changes if isinstance(each, TileChanged) and each.slot == "first"]) == 1
    wall.hear(SignalHeard(CameraId("cam-2"), True))
    wall.after(20)
    assert wall.up("first") == "cam-2"


def test_a_fixed_camera_without_a_signal_stays_and_its_tile_tells() -> None:
    wall = Wall()
    wall.hear(SignalHeard(CameraId("cam-1"), False))
    wall.after(60)
    assert wall.up("fixed") == "cam-1"


BAD: list[Callable[[], object]] = [
    lambda: slot("x", _R.TOUR),
    lambda: Slot(SlotId("x"), _R.TOUR, cams(1), dwell_ns=NS_PER_S),
    lambda: slot("x", _R.TOUR, 1, 1),
    lambda: SceneSlots("x", (slot("a", _R.FIXED, 1),)),
    lambda: SceneSlots("x", (slot("a", _R.ALARM_SPOT), slot("a", _R.ALARM_SPOT))),
    lambda: WallPlan(PLAN.scenes, "base", "nowhere"),
    lambda: WallPlan(PLAN.scenes * 2, "base", "agreed"),
    lambda: Wall().hear(SceneCalled("nowhere", "chef")),
    lambda: Wall().hear(ProgrammeSet(Programme("p", "nowhere", Span(0, 1)))),
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_plan_that_no_wall_can_show_is_refused(bad) -> None:
    with pytest.raises(PlanUnusable):
        bad()


cameras = st.integers(1, 9).map(lambda number: CameraId(f"cam-{number}"))
alarms = st.integers(0, 7).map(lambda number: f"p/{number}")
slots = st.sampled_from([SlotId(name) for name in ("fixed", "first", "tour", "spot")])
heard = st.one_of(
    st.builds(
        AlarmOpened,
        alarms,
        st.sampled_from(list(AlarmPriority)),
        st.lists(cameras, max_size=3, unique=True).map(tuple),
        st.just(0),
    ),
    st.builds(AlarmEnded, alarms),
    st.builds(CameraRequested, slots, cameras, st.sampled_from(["anne", "chef"]), st.booleans()),
    st.builds(RequestEnded, slots),
    st.builds(SceneCalled, st.sampled_from(["", "market"]), st.just("chef")),
    st.builds(
        lambda scene, start, lasts: ProgrammeSet(
            Programme("event", scene, Span(start * NS_PER_MINUTE, (start + lasts) * NS_PER_MINUTE))
        ),
        st.sampled_from(["market", "base"]),
        st.integers(0, 5),
        st.integers(1, 5),
    ),
    st.builds(SignalHeard, cameras, st.booleans()),
    st.builds(WatchHeard, st.booleans()),
)
days = st.lists(
    st.tuples(
        st.one_of(st.none(), heard), st.sampled_from([0, 1, 1, 3, 11, 40]), st.one_of(st.none(), st.sets(cameras))
    ),
    max_size=50,
)


def changes_allowed(spent_s: float, inputs: int, withdrawals: int) -> float:
    """Of one slot: one for each dwell, and for what happens once: an input, a right withdrawn or given back."""
    return 2 + spent_s * NS_PER_S / DWELL_NS_MIN + 2 * inputs + 2 * withdrawals


@settings(deadline=None)
@given(days)
def test_whatever_happens_the_wall_shows_nothing_forbidden_loses_no_alarm_and_finds_back(day) -> None:
    wall, open_alarms = Wall(), set()
    seen = {name: tile.camera for name, tile in wall.director.tiles.items()}
    scene, changes, inputs, withdrawals, began_ns = "base", Counter(), 0, 0, wall.now_ns

    def look(told: list[WallDecision]) -> None:
        nonlocal scene, seen
        for each in told:
            if isinstance(each, SceneChanged):
                assert each.was == scene
                scene, seen = each.scene, seen if each.scene == scene else {}
            elif isinstance(each, TileChanged):
                assert each.scene == scene
                assert seen.get(each.slot) == each.was
                seen[each.slot] = each.camera
                changes[each.slot] += each.camera != each.was
                by_pool = each.cause.kind is CauseKind.RULE and each.cause.ref != "fixed" and each.camera != each.was
                if by_pool:  # no rule takes a camera that another tile chose
                    assert [seen[name] for name in seen if name != "fixed"].count(each.camera) == 1
        director = wall.director
        assert {name: tile.camera for name, tile in director.tiles.items()} == {
            name: seen.get(name) for name in director.tiles
        }
        assert not {tile.camera for tile in director.tiles.values()} & wall.forbidden
        assert len(director.alarms_shown) + director.alarms_waiting == len(open_alarms)
        assert director.alarms_shown <= open_alarms

    for told, waited_s, forbidden in day:
        if forbidden is not None:
            wall.forbidden = set(forbidden)
            withdrawals += 1
            look(wall.director.tick(wall.now_ns))
        if told is not None:
            inputs += 1
            try:
                decided = wall.hear(told)
            except WallRequestRefused:
                decided = []
            else:
                open_alarms |= {told.alarm} if isinstance(told, AlarmOpened) else set()
                open_alarms -= {told.alarm} if isinstance(told, AlarmEnded) else set()
            look(decided)
        look(wall.after(waited_s))
    spent_s = (wall.now_ns - began_ns) / NS_PER_S
    for name, changed in changes.items():
        assert changed <= changes_allowed(spent_s, inputs, withdrawals), name

    wall.forbidden = set()  # everything is over: the wall is what it was
    for name in sorted(open_alarms):
        wall.hear(AlarmEnded(name))
    for number in range(1, 10):
        wall.hear(SignalHeard(CameraId(f"cam-{number}"), True))
    wall.hear(WatchHeard(False))
    for _ in range(4):  # requests, called scenes and programmes end by themselves
        wall.now_ns += 15 * NS_PER_MINUTE
        wall.director.tick(wall.now_ns)
    wall.after(30)
    fresh = Wall().director.tiles
    assert wall.director.scene == "base"
    assert {n: t.camera for n, t in wall.director.tiles.items() if n != "tour"} == {
        n: t.camera for n, t in fresh.items() if n != "tour"
    }
    assert wall.director.alarms_waiting == 0


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(cameras, st.booleans()), max_size=4), max_size=60))
def test_however_signals_come_and_go_no_slot_changes_oftener_than_its_dwell(seconds) -> None:
    wall, changes = Wall(), Counter()
    for signals in seconds:
        told = [each for camera, has in signals for each in wall.hear(SignalHeard(camera, has))] + wall.after(1)
        changes.update(each.slot for each in told if isinstance(each, TileChanged))
    assert all(changed <= 1 + len(seconds) // 10 for changed in changes.values())


@given(st.lists(st.tuples(st.one_of(st.none(), heard), st.integers(0, 30)), max_size=40))
def test_the_same_inputs_give_the_same_decisions_again(day) -> None:
    now_ns, inputs = 0, []
    director = WallDirector(PLAN, lambda camera, now_ns: camera != "cam-3")
    decided: list[WallDecision] = []
    for told, waited_s in day:
        now_ns += waited_s * NS_PER_S
        try:
            decided += director.tick(now_ns) if told is None else director.hear(told, now_ns)
        except WallRequestRefused:
            continue
        inputs.append((told, now_ns))
    assert replay(PLAN, lambda camera, now_ns: camera != "cam-3", inputs) == decided


def test_rights_are_asked_once_for_each_camera_of_a_decision() -> None:
    asked: Counter[CameraId] = Counter()
    director = WallDirector(PLAN, lambda camera, now_ns: bool(asked.update([camera])) or True)
    director.hear(WatchHeard(False), 0)
    asked.clear()
    director.tick(10**12)
    assert max(asked.values()) == 1
