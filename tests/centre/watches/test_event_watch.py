"""What devices tell by themselves: told once, its return once, floods counted, and nothing that was heard (AUD-3)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.centre.events import Trouble
from csu.centre.footing import Footing, Ports
from csu.centre.watches import event_watch
from csu.centre.watches.event_watch import HAPPENED_AGAIN_NS, STATE_AGAIN_NS, EventBook, EventWatch
from csu.hal.camera import CameraError
from csu.hal.clock import NS_PER_S
from csu.hal.device_events import DeviceEvent, EventKind
from csu.hal.words import NO_WORDS, Words
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds

CAM = "cam-0001"
REPLAYED = Words("trame rejouée", "replayed frame")


def english(told) -> list[tuple[str, str]]:
    return [(where, what.en) for where, what in told]


def event(kind: EventKind, *, holds: bool = True, about: str = "", detail: Words = NO_WORDS) -> DeviceEvent:
    return DeviceEvent(kind, 0, holds, about, detail)


def test_tampering_is_told_once_and_its_end_once():
    book = EventBook()
    ((where, begun),) = english(book.hear(CAM, event(EventKind.TAMPER), 0))
    assert (where, begun) == (CAM, "it says that it is covered, turned or blurred: look")
    assert book.hear(CAM, event(EventKind.TAMPER), 1) == []
    (over,) = english(book.hear(CAM, event(EventKind.TAMPER, holds=False), STATE_AGAIN_NS))
    assert over == (CAM, "it no longer says that it is covered or blurred")
    assert book.tick(10**15) == []


def test_what_ends_and_was_never_told_is_not_told():
    assert EventBook().hear(CAM, event(EventKind.TAMPER, holds=False), 0) == []


def test_a_refused_dialler_is_named_with_its_reason_and_a_flood_of_it_is_counted():
    book = EventBook()
    refused = event(EventKind.FRAME_REFUSED, about="1234", detail=REPLAYED)
    assert english(book.hear("alarms", refused, 0)) == [("alarms/1234", "replayed frame")]
    assert [book.hear("alarms", refused, second * NS_PER_S) for second in range(1, 40)] == [[]] * 39
    other = event(EventKind.FRAME_REFUSED, about="1234", detail=Words("clé fausse", "wrong key"))
    assert english(book.hear("alarms", other, 1)) == [("alarms/1234", "wrong key")]
    assert english(book.tick(HAPPENED_AGAIN_NS)) == [("alarms/1234", "39 more: replayed frame")]
    assert book.tick(HAPPENED_AGAIN_NS) == []


def told_of(steps: list[tuple[int, bool]]) -> tuple[list[str], list[int]]:
    """What is told of a camera whose tampering begins and ends so, each after so many ns; ticked all along."""
    book, now_ns, told, at_ns = EventBook(), 0, [], []

    def note(what) -> None:
        told.extend(each[1] for each in english(what))
        at_ns.extend([now_ns] * len(what))

    for wait_ns, holds in steps:
        for _ in range(4):
            now_ns += wait_ns // 4
            note(book.tick(now_ns))
        note(book.hear(CAM, event(EventKind.TAMPER, holds=holds), now_ns))
    now_ns += 2 * STATE_AGAIN_NS
    note(book.tick(now_ns))
    return told, at_ns


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2 * STATE_AGAIN_NS), st.booleans()), min_size=1, max_size=30))
def test_whatever_a_camera_does_it_is_told_in_turns_not_too_often_and_at_last_as_it_is(steps):
    told, at_ns = told_of(steps)
    assert all(a != b for a, b in zip(told, told[1:], strict=False))
    assert all(b - a >= STATE_AGAIN_NS for a, b in zip(at_ns, at_ns[1:], strict=False))
    covered = bool(told) and told[-1].startswith("it says that it is covered")
    assert covered is steps[-1][1]


@pytest.mark.parametrize(
    "test",
    [
        "test_tampering_is_told_once_and_its_end_once",
        "test_a_refused_dialler_is_named_with_its_reason_and_a_flood_of_it_is_counted",
        "test_whatever_a_camera_does_it_is_told_in_turns_not_too_often_and_at_last_as_it_is",
    ],
)
def test_the_tests_find_a_book_that_forgets_what_it_told(test, monkeypatch, must_fail):
    class Careless(EventBook):
        def hear(self, place, told, now_ns):
            self._lines = {}
            return super().hear(place, told, now_ns)

    monkeypatch.setattr(event_watch, "EventBook", Careless)
    must_fail("test_event_watch", test)


def test_every_kind_has_words_and_none_is_of_a_sound():
    for kind in EventKind:
        book = EventBook()
        if kind in event_watch._NO_TROUBLE:
            continue
        (begun,) = book.hear(CAM, event(kind), 0)
        assert begun[1].fr
        if kind.is_state:
            (over,) = book.hear(CAM, event(kind, holds=False), STATE_AGAIN_NS)
            assert over[1] != begun[1]
    assert not [
        kind for kind in EventKind if any(word in kind for word in ("sound", "noise", "gun", "glass", "scream"))
    ]


class Device:
    """Tells what a test gives it, then nothing; the first time it cannot be listened to."""

    place, sounds_dropped = CAM, 3

    def __init__(self, *told: DeviceEvent) -> None:
        self.told, self.asked = told, 0

    async def events(self):
        self.asked += 1
        if self.asked == 1:
            raise CameraError(Words("muette", "mute"), where=CAM, what_to_do=NO_WORDS)
        for each in self.told:
            yield each
        await asyncio.Event().wait()


def test_a_device_that_cannot_be_listened_to_is_told_and_listened_to_again_and_its_ears_are_doubted(monkeypatch):
    async def story() -> None:
        footing = Footing(Ports(SystemClock(), SystemChance("events"), SystemIds(), NoChaos()))
        monkeypatch.setattr(footing, "retry_after_s", lambda name, failures: 0.01)
        told: list[Trouble] = []
        doubted: list[str] = []
        footing.listen(told.append, (Trouble,))
        device = Device(event(EventKind.AUDIO_CHANGED), event(EventKind.MASKS_CHANGED), event(EventKind.HARDWARE))
        watch = EventWatch(footing, [device], doubted.append)
        running = asyncio.create_task(watch.run())
        while len(told) < 2:
            await asyncio.sleep(0.01)
        running.cancel()
        assert [each.what.en.partition(" (")[0] for each in told] == ["mute", "it reports a failure"]
        assert (doubted, watch.sounds_dropped) == ([CAM], 3)

    asyncio.run(story())
