"""Signals in a centre: to the wall and to people, and nowhere else; each ends once, and its outcome is written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.centre.events import AnalysisChanged, SignalOver, SignalRaised, SignalShown, Trouble
from csu.centre.rooms.signal_room import SIGNALS, SignalRoom
from csu.detection.signals import (
    DEFAULT_BOUNDS,
    Dismissal,
    Qualification,
    SignalId,
    SignalNotKept,
    SignalOutcome,
    SignalStore,
    SignalUnknown,
    Unjudged,
)
from csu.hal.analysis import EventType, PictureBox
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.words import NO_WORDS, Words
from sim.ports import CountingIds
from tests.detection.signals.said import NOW_NS, said

CAMERAS, ZONES = ("cam-1", "cam-2"), ("quai", "pont", "place")
MARK = b"\xabHEAT\xcd"
HEAT, BOX = MARK * 24, PictureBox(0.1875, 0.2578125, 0.4375, 0.6171875)


class Wall:
    def __init__(self) -> None:
        self.up: dict[str, CameraId] = {}

    def signal(self, signal: str, camera: CameraId) -> None:
        assert signal not in self.up
        self.up[signal] = camera

    def end_signal(self, signal: str) -> None:
        self.up.pop(signal, None)


class Rows:
    """A store in memory that can fail."""

    def __init__(self) -> None:
        self.is_full = False
        self.kept: dict[SignalId, SignalOutcome] = {}

    def save(self, outcomes, now_ns) -> None:
        if self.is_full:
            raise SignalNotKept(Words("disque plein", "disk full"), where=SIGNALS, what_to_do=NO_WORDS)
        assert all(type(each) is SignalOutcome for each in outcomes)
        self.kept |= {each.signal: each for each in outcomes}

    def outcomes(self, from_ns, to_ns) -> list[SignalOutcome]:
        return list(self.kept.values())


@dataclass
class Hall:
    store: object = field(default_factory=Rows)
    now: int = NOW_NS

    def __post_init__(self) -> None:
        self.wall, self.told = Wall(), []
        self.room = SignalRoom(
            self.store, self.wall, is_day=lambda *_: True, clock=self, ids=CountingIds(), tell=self.told.append
        )

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now

    def say(self, camera="cam-1", zone="quai", type_=EventType.RESTRICTED_ZONE, **more) -> None:
        at_s = (self.now - NOW_NS) / NS_PER_S
        signal = said(camera, type_, zone, at_s, heat=HEAT, boxes=(BOX,), **more)
        self.room.hear(SignalRaised(signal, self.now))

    def end(self, camera="cam-1", is_analysed=False) -> None:
        self.room.hear(AnalysisChanged(CameraId(camera), is_analysed, self.now, NO_WORDS))

    def names(self) -> list[SignalId]:
        return [each.signal for each in self.room.waiting()]

    async def look(self) -> None:
        """One turn of `run`."""
        running = asyncio.create_task(self.room.run())
        for _ in range(200):
            await asyncio.sleep(0)
        await self.room._files(lambda: None)  # what it began to write is written
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(CAMERAS), st.sampled_from(ZONES)),
        st.tuples(st.just("say"), st.sampled_from(CAMERAS), st.sampled_from(ZONES)),
        st.tuples(st.just("judge"), st.integers(0, 5), st.sampled_from([*Qualification, *Dismissal])),
        st.tuples(st.sampled_from(["end", "begin"]), st.sampled_from(CAMERAS)),
        st.sampled_from([("full",), ("room",), ("write",)]),
        st.tuples(st.just("wait"), st.integers(1, 700)),
    ),
    min_size=6,
    max_size=24,
)


async def played(hall: Hall, given_steps) -> None:
    for step in given_steps:
        before = hall.names()
        match step:
            case ("say", camera, zone):
                hall.say(camera, zone)
            case ("judge", number, word):
                name = before[number % len(before)] if before else SignalId("signal-none")
                try:
                    judged = await hall.room.judge(name, word, "b.weber")
                    assert judged.outcome is word
                    assert hall.store.kept[name].outcome is word
                    assert name not in hall.names()
                except SignalUnknown:
                    assert not before
                except SignalNotKept:
                    assert hall.store.is_full
                    assert sorted(hall.names()) == sorted(before)
            case ("end" | "begin" as what, camera):
                hall.end(camera, what == "begin")
                assert what == "begin" or not any(each.told.camera == camera for each in hall.room.waiting())
            case ("full",):
                hall.store.is_full = True
            case ("room",):
                hall.store.is_full = False
            case ("wait", seconds):
                hall.now += seconds * NS_PER_S
            case ("write",):
                hall.room._came(hall.room._desk.tick(hall.now))
                await hall.room._write()
        assert set(hall.wall.up) == set(hall.names()), "what waits is on the wall, and nothing else"


@settings(max_examples=25, deadline=None)
@given(steps)
def test_a_signal_goes_to_the_wall_and_to_people_ends_once_and_is_written(given_steps) -> None:
    hall = Hall()

    async def run() -> None:
        await played(hall, given_steps)
        hall.store.is_full = False
        await hall.room.finish()

    asyncio.run(run())
    assert {type(each) for each in hall.told} <= {SignalShown, SignalOver, Trouble}
    shown = [each.signal for each in hall.told if isinstance(each, SignalShown)]
    over = [each.signal for each in hall.told if isinstance(each, SignalOver)]
    assert len(set(over)) == len(over)
    assert set(shown) <= set(over)
    assert not hall.wall.up
    assert set(hall.store.kept) == set(over)
    assert Unjudged.WAITING not in {each.outcome for each in hall.store.kept.values()}
    for each in hall.store.kept.values():
        assert bool(each.judged_by) == (not isinstance(each.outcome, Unjudged))


def test_what_nobody_judges_goes_after_its_time_and_is_told() -> None:
    hall = Hall()

    async def run() -> None:
        hall.say()
        (name,) = hall.names()
        hall.now = hall.room.due_at_ns(hall.room.waiting()[0]) - 1
        await hall.look()
        assert hall.names() == [name]
        assert hall.store.kept[name].outcome is Unjudged.WAITING
        hall.now += 1
        await hall.look()
        assert hall.names() == []
        assert hall.store.kept[name].outcome is Unjudged.EXPIRED

    asyncio.run(run())
    assert not hall.wall.up
    assert hall.now - NOW_NS == round(DEFAULT_BOUNDS.waits_s * NS_PER_S)


@pytest.mark.parametrize("is_full", [False, True])
def test_while_a_judgement_is_written_the_signal_neither_waits_again_nor_loses_its_outcome(is_full) -> None:
    """`run` writes that it waits, and its analysis ends, between the word of a person and the disk."""
    hall = Hall()

    async def run() -> None:
        hall.say()
        (name,) = hall.names()
        hall.store.is_full = is_full
        judging = asyncio.create_task(hall.room.judge(name, Qualification.CONFIRMED, "b.weber"))
        await asyncio.sleep(0)
        writing = asyncio.create_task(hall.room._write())
        hall.end()
        (refused,) = await asyncio.gather(judging, return_exceptions=True)
        await writing
        assert isinstance(refused, SignalNotKept) == is_full
        assert hall.names() == []
        hall.store.is_full = False
        await hall.room.finish()
        assert hall.store.kept[name].outcome is (Unjudged.WITHDRAWN if is_full else Qualification.CONFIRMED)

    asyncio.run(run())
    assert not hall.wall.up


def test_a_full_disk_is_told_once_and_nothing_is_lost(tmp_path) -> None:
    hall = Hall()

    async def run() -> None:
        hall.store.is_full = True
        for zone in ZONES:
            hall.say(zone=zone)
            await hall.room._write()
        hall.store.is_full = False
        await hall.room._write()

    asyncio.run(run())
    assert [each.where for each in hall.told if isinstance(each, Trouble)] == [SIGNALS]
    assert len(hall.store.kept) == 3


def test_what_is_no_signal_is_told_and_shown_to_nobody() -> None:
    hall = Hall()
    hall.say(type_="loitering")
    hall.say(order="")
    assert [type(each) for each in hall.told] == [Trouble, Trouble]
    assert (hall.names(), hall.wall.up) == ([], {})


def test_neither_box_nor_heat_nor_score_reaches_the_disk(tmp_path) -> None:
    store = SignalStore(tmp_path / "signals.sqlite")
    hall = Hall(store)

    async def run() -> None:
        for zone in ZONES:
            hall.say(zone=zone, score=0.8203125)
        first, second, _ = hall.names()
        await hall.room.judge(first, Qualification.DOUBT, "b.weber")
        await hall.room.judge(second, Dismissal.LIGHT, "b.weber")
        await hall.room.finish()

    asyncio.run(run())
    store.close()
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"quai" in files
    for number in (BOX.left, BOX.top, BOX.right, BOX.bottom, 0.8203125):
        assert str(number).encode() not in files
    assert MARK not in files
