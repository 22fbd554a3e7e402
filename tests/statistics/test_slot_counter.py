"""STA-2: crossings become counters at once; a slot that nobody looked at is no zero."""

from __future__ import annotations

import gc
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.analysis import BinPlace, CountLine, ObjectClass, SlotCount
from csu.hal.clock import NS_PER_S
from csu.statistics import BinVisits, CountersUnusable, SlotCounter
from tests.statistics.builders import CAMERA, HOUR_NS

START_NS = 1_700_000_000 * NS_PER_S // HOUR_NS * HOUR_NS
CAR, BUS = ObjectClass.CAR, ObjectClass.BUS
LINE = CountLine("ligne-1", (0.1, 0.5), (0.9, 0.5), frozenset({CAR, BUS}), slot_s=300)
BIN = BinPlace("pave-1", ((0.2, 0.2), (0.4, 0.2), (0.4, 0.6)), slot_s=900)


def at(second: float) -> int:
    return START_NS + round(second * NS_PER_S)


def watched(counter: SlotCounter, until_s: int, *, share: float = 1.0, step_s: int = 10) -> list[SlotCount]:
    return [told for second in range(0, until_s + 1, step_s) for told in counter.looked(at(second), share)]


def values_of(root: object) -> list[object]:
    """All that can be reached from an object, but for code and types."""
    seen: dict[int, object] = {}
    todo = [root]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType)) or callable(one):
            continue
        seen[id(one)] = one
        todo += gc.get_referents(one)
    return list(seen.values())


@pytest.mark.requirement("STA-2")
def test_after_a_crossing_nothing_but_counters_remains():
    counter = SlotCounter(CAMERA, [LINE], [BIN])
    counter.looked(at(0), 1.0)
    size, crossings = len(values_of(counter)), range(1, 200)
    for second in crossings:
        counter.crossed("ligne-1", CAR, second % 3 == 0, at(second) + 12_345)
        counter.deposit("pave-1", at(second) + 54_321)
    found = values_of(counter)
    assert len(found) <= size + 4, "what is kept does not grow with who passes: four counts, which were all nought"
    instants = {at(second) + late for second in crossings for late in (12_345, 54_321)}
    assert not instants & {each for each in found if isinstance(each, int)}, "and no instant of a crossing is kept"
    told = watched(counter, 900)
    counts = {(one.counter, one.counted, one.forward, one.backward) for one in told if one.slot_ns == START_NS}
    assert counts == {("ligne-1", "bus", 0, 0), ("ligne-1", "car", 66, 133), ("pave-1", "deposit", 199, 0)}


def test_a_slot_tells_each_class_and_way_and_how_much_of_it_was_looked_at():
    counter = SlotCounter(CAMERA, [LINE])
    told = counter.looked(at(60), 1.0)
    counter.crossed("ligne-1", BUS, True, at(61))
    for second in range(70, 310, 10):
        told += counter.looked(at(second), 0.5)
    assert told == [
        SlotCount(CAMERA, "ligne-1", "bus", at(0), 300, 1, 0, pytest.approx(0.4)),
        SlotCount(CAMERA, "ligne-1", "car", at(0), 300, 0, 0, pytest.approx(0.4)),
    ]


def test_who_crosses_as_a_slot_ends_is_counted_in_the_next():
    counter = SlotCounter(CAMERA, [LINE])
    watched(counter, 290)
    counter.crossed("ligne-1", CAR, True, at(299.9))
    counter.crossed("ligne-1", CAR, True, at(300))
    first = {each.counted: each.forward for each in counter.looked(at(301), 1.0)}
    told = [told for second in range(310, 610, 10) for told in counter.looked(at(second), 1.0)]
    assert (first["car"], {each.counted: each.forward for each in told}["car"]) == (1, 1)


def test_after_a_silence_there_is_a_gap_and_no_zero():
    counter = SlotCounter(CAMERA, [LINE])
    watched(counter, 100)
    told = counter.looked(at(2000), 1.0)
    assert [(each.slot_ns, each.seen_share) for each in told] == [(at(0), pytest.approx(1 / 3))] * 2
    after = [told for second in range(2010, 2410, 10) for told in counter.looked(at(second), 1.0)]
    assert {each.slot_ns for each in after} == {at(1800), at(2100)}, "the slots in between are not told at all"
    assert [each.seen_share for each in after if each.slot_ns == at(1800)] == [pytest.approx(100 / 300)] * 2


def test_nothing_counts_before_the_first_picture_nor_after_the_clock_stepped_back():
    counter = SlotCounter(CAMERA, [LINE])
    counter.crossed("ligne-1", CAR, True, at(1))
    watched(counter, 100)
    counter.crossed("ligne-1", CAR, True, at(101))
    counter.looked(at(50), 1.0)
    told = [told for second in range(60, 310, 10) for told in counter.looked(at(second), 1.0)]
    assert {each.forward for each in told} == {0}


def test_a_slot_lasts_five_minutes_at_least():
    with pytest.raises(CountersUnusable):
        SlotCounter(CAMERA, [CountLine("ligne-1", (0, 0), (1, 1), frozenset({CAR}), slot_s=60)])


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.floats(0.1, 40.0), st.booleans(), st.floats(0, 1)), min_size=1, max_size=80),
)
def test_every_crossing_is_in_one_slot_and_none_is_seen_more_than_whole(steps):
    counter = SlotCounter(CAMERA, [LINE])
    second, crossed, told = 0.0, 0, counter.looked(at(0), 1.0)
    for step_s, crosses, share in steps:
        second += step_s
        if crosses:
            crossed += 1
            counter.crossed("ligne-1", CAR, True, at(second))
        told += counter.looked(at(second), share)
    told += [slot for more in range(1, 40) for slot in counter.looked(at(second + 10 * more), 1.0)]
    assert sum(each.forward for each in told) == crossed
    assert all(0 < each.seen_share <= 1 for each in told)
    assert len({(each.counted, each.slot_ns) for each in told}) == len(told)


def visits(*stays: tuple[float, float], until_s: float = 400, step_s: float = 0.2) -> int:
    bin_visits, count = BinVisits(), 0
    for step in range(round(until_s / step_s)):
        second = step * step_s
        count += bin_visits.step(at(second), any(since <= second < to for since, to in stays))
    return count


@pytest.mark.parametrize(
    ("stays", "deposits"),
    [
        (((10, 15),), 1),
        (((10, 12),), 0),
        (((10, 11.8), (12.6, 15)), 1),
        (((10, 15), (30, 36)), 2),
        (((10, 300),), 0),
        (((10, 14), (15, 19)), 1),
    ],
    ids=["stays and leaves", "passes by", "was missed for a moment", "two come", "waits there", "two at once"],
)
def test_a_deposit_is_a_short_stay_and_a_departure(stays, deposits):
    assert visits(*stays) == deposits


def test_what_nobody_looked_at_is_no_visit():
    bin_visits = BinVisits()
    bin_visits.step(at(0), True)
    bin_visits.step(at(4), True)
    assert not bin_visits.step(at(60), False)
    assert not bin_visits.step(at(63), False)
