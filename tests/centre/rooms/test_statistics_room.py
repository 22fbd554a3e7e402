"""STA-1 to STA-3, AUT-4: what a running centre counts, keeps, refuses, and tells late."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from csu.centre.rooms.statistics_room import keep_statistics
from csu.governance import Purpose, start_of_day
from csu.governance.signs import SignRegister
from csu.hal.clock import NS_PER_S
from csu.hal.words import Words
from csu.statistics import (
    CounterLedger,
    Counters,
    CountersBroken,
    CountersUnusable,
    CountsNotKept,
    Told,
    counters_from,
    counters_text,
)
from csu.statistics.count_store import KEPT_DAYS
from csu.statistics.flows import day_sums
from tests.centre.rooms.counted_city import ALL, CountedCity
from tests.centre.rooms.test_commune_room import Clock
from tests.statistics.builders import HOUR_NS, a_line, a_slot


@pytest.fixture
def city(tmp_path):
    made = CountedCity(tmp_path, Clock())
    made.enter()
    yield made
    made.close()


def last_slot_ns(city, counter) -> int:
    """The slot that ended last."""
    length_ns = counter.slot_s * NS_PER_S
    return city.clock.now_ns() // length_ns * length_ns - length_ns


def told(city, counter, first=None, last=None):
    today = city.city.today
    return asyncio.run(city.room.told([counter], first or today, last or today))


def count_at(days, slot_ns):
    """What is told of a slot: of the first class, forward."""
    found = [each for each in days[0].figures if each.from_ns <= slot_ns < each.to_ns]
    return found[0] if found else None


@pytest.mark.requirement("STA-1")
@pytest.mark.parametrize("slot_s", [300, 900, 3600])
def test_a_slot_is_told_a_slot_and_an_hour_after_it_ended_and_not_before(tmp_path, slot_s):
    city = CountedCity(tmp_path, Clock())
    line = replace(city.line, slot_s=slot_s)
    city.enter(line)
    slot_ns = last_slot_ns(city, line)
    city.take(a_slot(line, slot_ns, 12))
    ended_ns = slot_ns + slot_s * NS_PER_S
    for later_s in (0, slot_s - 1, 3599):
        city.clock.at_ns = ended_ns + later_s * NS_PER_S
        assert count_at(told(city, line), slot_ns) is None, "neither the count, nor that there is one"
    city.clock.at_ns = ended_ns + 3600 * NS_PER_S
    assert count_at(told(city, line), slot_ns).count == 12
    assert city.told == []
    city.close()


@pytest.mark.parametrize(
    ("lacking", "counter", "named"),
    [
        (Purpose.TRAFFIC_FLOW, "line", "régulation des flux de transport (3°)"),
        (Purpose.TRAFFIC_FLOW, "walk", "régulation des flux de transport (3°)"),
        (Purpose.WASTE_DUMPING, "bin", "(11°)"),
    ],
)
def test_a_camera_without_the_purpose_counts_nothing_and_its_slots_are_refused(tmp_path, lacking, counter, named):
    city = CountedCity(tmp_path, Clock(), purposes=set(ALL) - {lacking})
    city.enter()
    counter = getattr(city, counter)
    now = asyncio.run(city.room.counted_now())
    assert counter.camera not in now
    assert len(now) == len(city.ledger.state.counters) - (3 if lacking is Purpose.TRAFFIC_FLOW else 1)
    city.take(a_slot(counter, last_slot_ns(city, counter), 30))
    assert city.store.slots(counter.counter, 0, 2**62) == []
    (trouble,) = city.told
    assert named in trouble.what.fr
    assert not asyncio.run(city.room.standing(counter)).permitted
    city.close()


@pytest.mark.requirement("STA-1")
def test_without_a_sign_that_tells_the_public_nothing_is_counted(city):
    line = city.line
    assert asyncio.run(city.room.counted_now())[line.camera].lines == (line.line(),)
    city.signs = SignRegister()
    assert asyncio.run(city.room.counted_now()) == {}
    city.take(a_slot(line, last_slot_ns(city, line), 30))
    assert city.store.slots(line.counter, 0, 2**62) == []
    assert "panneau P-12" in city.told[0].what.fr


def test_an_assignment_ends_when_the_counter_or_its_order_does(city):
    soon = city.city.today + timedelta(days=3)
    city.enter(replace(city.line, ends_on=soon), replace(city.bin, camera=city.line.camera))
    (counts,) = asyncio.run(city.room.counted_now()).values()
    assert counts.until_ns == start_of_day(soon)
    assert (len(counts.lines), len(counts.bins)) == (1, 1)
    city.clock.at_ns = start_of_day(soon)
    assert [each.lines for each in asyncio.run(city.room.counted_now()).values()] == [()]


def test_a_slot_of_which_nobody_decided_or_that_cannot_be_is_refused(city):
    line, slot_ns = city.line, last_slot_ns(city, city.line)
    good = a_slot(line, slot_ns, 7)
    wrong = [
        replace(good, counter="ligne-9"),
        replace(good, camera=city.far.camera),
        replace(good, counted="person"),
        replace(good, slot_s=300),
        replace(good, slot_ns=slot_ns + NS_PER_S),
        replace(good, forward=-1),
        replace(good, seen_share=1.1),
        replace(good, slot_ns=slot_ns + 2 * line.slot_s * NS_PER_S),
    ]
    city.take(*wrong, good)
    assert city.store.slots(line.counter, 0, 2**62) == [good]
    assert {each.where for each in city.told} == {"statistics/serpenoise", "statistics/ligne-9"}


def test_what_comes_when_it_could_be_read_already_stays_a_gap(city):
    """Else a figure that was told would change, and the difference would tell more."""
    line, slot_ns = city.line, last_slot_ns(city, city.line)
    city.clock.at_ns = slot_ns + (line.slot_s + 3600) * NS_PER_S
    before = told(city, line)
    city.take(a_slot(line, slot_ns, 7))
    assert told(city, line) == before
    assert count_at(before, slot_ns).told is Told.GAP
    assert "trop tard" in city.told[0].what.fr


def test_the_same_slot_twice_is_once_and_another_count_of_it_changes_nothing(city):
    slot = a_slot(city.line, last_slot_ns(city, city.line), 7)
    city.take(slot, slot)
    city.take(slot)
    assert city.told == []
    city.take(replace(slot, forward=9))
    assert city.store.slots(city.line.counter, 0, 2**62) == [slot]
    assert "le premier reste" in city.told[0].what.fr


@pytest.mark.requirement("STA-2")
def test_the_file_holds_counts_of_slots_and_no_row_of_an_object(city):
    city.take(*(a_slot(each, last_slot_ns(city, each), 250) for each in (city.line, city.walk, city.bin)))
    with sqlite3.connect(city.store._path) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert tables == ["slot_count"]
        columns = [row[1] for row in file.execute("PRAGMA table_info(slot_count)")]
        assert columns == [
            "counter", "slot_ns", "counted", "camera", "slot_s", "forward", "backward", "seen_share",
        ]  # fmt: skip
        assert file.execute("SELECT count(*), min(slot_s) FROM slot_count").fetchone() == (3, 900)
    assert city.room._waiting == []
    assert not [each for each in gc.get_referents(city.room._told) if not isinstance(each, (str, int))]


def test_a_gap_is_told_as_a_gap(city):
    line, slot_ns = city.line, last_slot_ns(city, city.line)
    city.take(a_slot(line, slot_ns, 0, seen_share=0.5))
    city.clock.at_ns += 2 * HOUR_NS
    days = told(city, line)
    assert {each.told for day in days for each in day.figures} == {Told.GAP}
    assert sum(each.count for each in day_sums(days)) == 0


def test_counts_survive_a_stop_and_a_crash_and_go_after_thirteen_months(tmp_path):
    city = CountedCity(tmp_path, Clock())
    city.enter()
    slot = a_slot(city.line, last_slot_ns(city, city.line), 7)

    async def run() -> None:
        async with keep_statistics(city.room.home) as room:
            room.take(slot)  # written on the way out at the latest

    asyncio.run(run())
    assert city.store.slots(city.line.counter, 0, 2**62) == [slot]

    async def later() -> None:
        city.clock.at_ns += (KEPT_DAYS + 1) * 24 * HOUR_NS
        assert await city.room.try_to_write()

    asyncio.run(later())
    assert city.store.slots(city.line.counter, 0, 2**62) == []
    city.close()


def test_a_volume_that_fails_is_told_and_what_came_waits(city, monkeypatch):
    slot = a_slot(city.line, last_slot_ns(city, city.line), 7)

    def fails(store, slots):
        raise CountsNotKept(Words.same("full"), where="counts.sqlite", what_to_do=Words.same("wait"))

    with monkeypatch.context() as patch:
        patch.setattr(type(city.store), "append", fails)
        city.room.take(slot)
        assert not asyncio.run(city.room.try_to_write())
    assert len(city.told) == 1
    asyncio.run(city.room.write())
    assert city.store.slots(city.line.counter, 0, 2**62) == [slot]


def test_counters_changed_by_hand_are_believed_by_nobody(city):
    with sqlite3.connect(city.ledger._path) as file:
        for (name,) in list(file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
            file.execute(f'DROP TRIGGER "{name}"')
        file.execute("UPDATE counter_text SET body = replace(body, 'P-12', 'P-13')")
    with pytest.raises(CountersBroken):
        CounterLedger(city.ledger._path, city.room.home.key)


def test_another_name_another_place_and_no_name_twice():
    both = Counters((a_line("a"), a_line("b")))
    assert counters_from(counters_text(both)) == both
    with pytest.raises(CountersUnusable):
        Counters((a_line("a"), a_line("a")))
    for wrong in (
        {"slot_s": 60},
        {"decision": " "},
        {"sign": ""},
        {"classes": frozenset()},
        {"classes": frozenset({"person"})},
        {"points": ((0.1, 0.5),)},
        {"points": ((0.1, 0.5), (1.2, 0.5))},
        {"ends_on": a_line().from_day},
        {"ends_on": a_line().from_day + timedelta(days=367)},
        {"capacity_deposits": 7},
        {"counter": "ab-123-cd"},
        {"place": "AB-123-CD"},
    ):
        with pytest.raises(CountersUnusable):
            a_line(**wrong)
