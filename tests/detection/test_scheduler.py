"""Detector time is shared by need, nobody is passed over for ever, and who was is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.detection.camera_analysis import DetectorNeed
from csu.detection.scheduler import DetectorShares
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S

ORDER, COUNT = DetectorNeed(True, True), DetectorNeed(False, True)
ORDER_STILL, COUNT_STILL = DetectorNeed(True, False), DetectorNeed(False, False)
PICTURE_NS = NS_PER_S // 5
DUE_NS = 2 * PICTURE_NS


def cameras(count):
    return [CameraId(f"cam-{number:04}") for number in range(count)]


def play(shares, needs, seconds, *, look_ms=20.0, costs=None):
    """Every camera has a picture five times a second and is due 0.4 s after its last look. -> looks of each, the
    longest wait for one (s), milliseconds spent."""
    served, last, longest = dict.fromkeys(needs, 0), dict.fromkeys(needs, -DUE_NS), dict.fromkeys(needs, 0.0)
    spent_ms, step = 0.0, PICTURE_NS // max(1, len(needs))
    for tick in range(int(seconds * 5)):
        for index, (camera, need) in enumerate(needs.items()):
            now_ns = tick * PICTURE_NS + index * step
            if now_ns - last[camera] < DUE_NS - PICTURE_NS // 4:
                continue
            longest[camera] = max(longest[camera], (now_ns - last[camera]) / NS_PER_S)
            if shares.ask(camera, need, now_ns):
                cost_ms = look_ms if costs is None else costs[camera]
                shares.spent(camera, cost_ms)
                spent_ms += cost_ms
                served[camera] += 1
                last[camera] = now_ns
    return served, longest, spent_ms


def test_with_enough_for_all_everyone_is_served_when_due():
    shares = DetectorShares(1000.0)
    served, longest, _ = play(shares, dict.fromkeys(cameras(10), ORDER), 20)
    assert min(served.values()) >= 45
    assert max(longest.values()) <= 0.8
    assert shares.take_unserved_s(20 * NS_PER_S) == {}


def test_the_budget_is_kept():
    _, _, spent_ms = play(DetectorShares(200.0), dict.fromkeys(cameras(40), ORDER), 30)
    assert 0.9 * 30 * 200 <= spent_ms <= 30 * 200 + 200


def test_in_a_shortage_an_order_comes_before_counting_and_movement_before_stillness():
    names = cameras(40)
    needs = {name: (ORDER, ORDER_STILL, COUNT, COUNT_STILL)[number % 4] for number, name in enumerate(names)}
    served, _, _ = play(DetectorShares(300.0), needs, 60)
    of = [sum(served[name] for name in names[kind::4]) for kind in range(4)]
    assert of[0] > 2.5 * of[1] > 2.5 * 2.5 * of[3] > 0
    assert of[1] == pytest.approx(of[2], rel=0.2)


def test_alike_cameras_are_served_alike():
    served, _, _ = play(DetectorShares(200.0), dict.fromkeys(cameras(30), COUNT), 60)
    assert max(served.values()) <= min(served.values()) + 2


@given(
    needs=st.lists(st.sampled_from([ORDER, COUNT, ORDER_STILL, COUNT_STILL]), min_size=1, max_size=25),
    budget=st.floats(60.0, 400.0),
    seed=st.integers(0, 9),
)
@settings(max_examples=25, deadline=None)
def test_nobody_starves(needs, budget, seed):
    """By weights of 16 to 1, the least entitled waits at most 16 times as long as if all were alike, and some."""
    names = cameras(len(needs))
    costs = {name: 10.0 + (seed * 7 + number * 13) % 30 for number, name in enumerate(names)}
    round_s = sum(costs.values()) / budget
    seconds = 20 * round_s + 5
    served, longest, _ = play(DetectorShares(budget), dict(zip(names, needs, strict=True)), seconds, costs=costs)
    assert min(served.values()) >= 1
    assert max(longest.values()) <= 17 * round_s + 2.0


def test_who_could_not_be_served_is_named_with_how_long():
    shares = DetectorShares(20.0)
    names = cameras(10)
    play(shares, dict.fromkeys(names, ORDER), 60)
    unserved = shares.take_unserved_s(60 * NS_PER_S)
    assert set(unserved) == set(names)
    assert all(40 < seconds <= 60 for seconds in unserved.values())
    assert shares.take_unserved_s(60 * NS_PER_S) == {}, "told once"


def test_who_does_not_ask_any_more_holds_nobody_up():
    shares = DetectorShares(50.0)
    first, second = cameras(2)
    assert not shares.ask(first, ORDER, 0)
    now_ns = 3 * NS_PER_S
    assert shares.ask(second, COUNT, now_ns)
    assert not shares._waiting


def test_who_is_forgotten_is_forgotten():
    shares = DetectorShares(1.0)
    (only,) = cameras(1)
    for second in range(5):
        shares.ask(only, ORDER, second * NS_PER_S // 2)
    shares.forget(only)
    assert shares.take_unserved_s(9 * NS_PER_S) == {}


def test_what_looks_cost_is_learned():
    shares = DetectorShares(100.0, look_ms=10.0)
    _, _, spent_ms = play(shares, dict.fromkeys(cameras(20), ORDER), 60, look_ms=50.0)
    assert spent_ms <= 60 * 100 + 100


@pytest.mark.parametrize(("budget", "look"), [(0.0, 20.0), (100.0, 0.0), (float("nan"), 1.0)])
def test_nothing_to_share_is_refused(budget, look):
    with pytest.raises(ValueError, match="no detector time"):
        DetectorShares(budget, look)
