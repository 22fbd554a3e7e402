"""The oracles on their own: what each finds, what it lets pass, and what is no case."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from csu.centre import ShortWatchAlert
from csu.hal.camera import CameraError, CameraId, CameraRecord, CommuneId, PtzVelocity, ViewType
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.dispatch import DispatchCall
from csu.hal.wall import NodeScene, WallError
from sim.city import City
from sim.intervals import fewer_than
from sim.oracles.bounds import HELD_SLACK, PER_ALARM, Bounds, Held, Load
from sim.oracles.calls import judge_calls_once_in_order
from sim.oracles.held import held_by
from sim.oracles.rooms import WatchOfTwo
from sim.oracles.stage import Stage
from sim.oracles.turning import judge_ptz_blanks_first
from sim.panels import Asked
from sim.turning import TurningCamera
from sim.wall import SimWall

END_S = 3_600


@dataclass
class Hands:
    at_ns: int = 0

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


def stage(*downtimes: tuple[int, int]) -> Stage:
    down = [(from_s * NS_PER_S, to_s * NS_PER_S) for from_s, to_s in downtimes]
    return Stage(City((), ()), {}, None, 0, END_S * NS_PER_S, down)


def spans(*seconds: tuple[float, float]) -> tuple[tuple[int, int], ...]:
    return tuple((int(from_s * NS_PER_S), int(to_s * NS_PER_S)) for from_s, to_s in seconds)


def test_fewer_than_two_is_when_fewer_than_two_are_there() -> None:
    one, two, three = spans((0, 10), (20, 30)), spans((5, 25)), spans((28, 50))
    assert fewer_than(2, [one, two, three], spans((0, 40))[0]) == spans((0, 5), (10, 20), (25, 28), (30, 40))
    assert fewer_than(2, [], spans((3, 9))[0]) == spans((3, 9))
    assert fewer_than(1, [spans((0, 99))], spans((3, 9))[0]) == ()


# -- 11 ---------------------------------------------------------------------------------------------------------------


def watched(present, *alerts_s: float, down: tuple[tuple[int, int], ...] = ()):
    clock = Hands()
    oracle = WatchOfTwo(clock)
    for at_s in alerts_s:
        clock.at_ns = int(at_s * NS_PER_S)
        oracle.hear(ShortWatchAlert((), 0, 1, 0))
    return oracle.judge(stage(*down), present)


ALL_THE_TIME = spans((0, END_S))


def test_a_room_with_two_needs_no_alert_and_one_is_false() -> None:
    assert (watched([ALL_THE_TIME, ALL_THE_TIME]).violations, watched([ALL_THE_TIME, ALL_THE_TIME]).cases) == (0, 0)
    assert watched([ALL_THE_TIME, ALL_THE_TIME], 1_000).violations == 1
    assert watched([ALL_THE_TIME, ALL_THE_TIME], 5).violations == 0, "nobody is believed before he shows"


@pytest.mark.parametrize(("alerts", "violations"), [((), 1), ((1_045,), 0), ((1_061,), 1), ((900,), 2)])
def test_one_who_is_alone_for_two_minutes_is_alerted_in_the_first(alerts, violations) -> None:
    found = watched([ALL_THE_TIME, spans((0, 1_000), (1_120, END_S))], *alerts)
    assert (found.cases, found.violations) == (1, violations)


def test_who_is_back_within_the_minute_is_no_case() -> None:
    assert watched([ALL_THE_TIME, spans((0, 1_000), (1_059, END_S))]).cases == 0


def test_the_chief_is_called_again_while_it_lasts_and_a_dead_centre_calls_nobody() -> None:
    alone = [ALL_THE_TIME, spans((0, 1_000), (2_000, END_S))]
    assert watched(alone, 1_045).violations == 1, "once in a quarter of an hour"
    assert watched(alone, 1_045, 1_345, 1_645, 1_945).violations == 0
    assert watched(alone, 1_345, 1_645, 1_945, down=((990, 1_340),)).violations == 0


# -- 2 ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def turning():
    clock = Hands(10 * NS_PER_S)
    record = CameraRecord(CameraId("cam-0001"), 1, "x", CommuneId("x"), ViewType.WIDE)
    return TurningCamera(record, clock), clock


async def _said(camera: TurningCamera, clock: Hands, at_ms: int, **other):
    """Its node is told at that instant what it does then, or what `other` says instead."""
    clock.at_ns = at_ms * NS_PER_MS
    reading = camera.motion(clock.at_ns).reading_at(clock.at_ns)
    camera.hear(replace(reading, **other))


def test_honest_readings_of_a_movement_are_cases_and_hold(turning) -> None:
    camera, clock = turning

    async def act() -> None:
        await camera.move(PtzVelocity(0.5, 0.0, 0.0))
        for at_ms in (10_200, 10_300, 10_400):
            await _said(camera, clock, at_ms)
        camera.hear(None)

    asyncio.run(act())
    found = judge_ptz_blanks_first([camera])
    assert (found.cases, found.violations) == (4, 0)


def test_a_camera_that_turns_and_is_said_to_rest_or_to_look_elsewhere_is_found(turning) -> None:
    camera, clock = turning

    async def act() -> None:
        before = camera.motion(clock.at_ns).pose_at(clock.at_ns)
        await camera.move(PtzVelocity(0.5, 0.0, 0.0))
        await _said(camera, clock, 10_300, moving=False)
        await _said(camera, clock, 10_400, pose=before)
        await _said(camera, clock, 10_500, at_ns=10_600 * NS_PER_MS)

    asyncio.run(act())
    found = judge_ptz_blanks_first([camera])
    assert found.violations == 3
    assert [words.en.rpartition(": ")[2] for words in found.details] == [
        "it turns, and its node is told that it rests",
        "said to look 12 degrees elsewhere",
        "a pose dated before its time",
    ]


def test_a_turning_camera_says_only_what_it_may(turning) -> None:
    camera, _ = turning
    for order in (camera.stream("main"), camera.push_masks([]), camera.move(PtzVelocity(2.0, 0.0, 0.0))):
        with pytest.raises(CameraError):
            asyncio.run(order)
    assert asyncio.run(camera.capabilities()).dynamics is not None


# -- 20 ---------------------------------------------------------------------------------------------------------------


@dataclass
class Receiver:
    """What SimDispatch keeps, written by hand."""

    tries: list[Asked] = field(default_factory=list)
    heard_ns: dict[str, int] = field(default_factory=dict)
    receipts_ns: dict[str, int] = field(default_factory=dict)

    def ask(self, key: str, at_s: float, contact: str = "one", *, heard=True, receipt=True, words="feu") -> Receiver:
        at_ns = int(at_s * NS_PER_S)
        call = DispatchCall(key, CommuneId("x"), "police", "Gymnase", words, "agent-7", 0)
        self.tries.append(Asked(at_ns, call, contact))
        if heard:
            self.heard_ns.setdefault(key, at_ns + NS_PER_S)
        if receipt:
            self.receipts_ns.setdefault(key, at_ns + NS_PER_S)
        return self


def called(receiver: Receiver, injected_s: int = 0, telephoned: dict[str, int] | None = None, **confirmed_s: float):
    confirmed = {key: int(at_s * NS_PER_S) for key, at_s in confirmed_s.items()}
    by_telephone = {key: at_s * NS_PER_S for key, at_s in (telephoned or {}).items()}
    found = judge_calls_once_in_order(stage(), receiver, confirmed, by_telephone, injected_s * NS_PER_S)
    return [words.en.partition(": ")[2] for words in found.details]


def test_calls_in_their_order_each_until_its_receipt_hold() -> None:
    receiver = Receiver().ask("a", 10).ask("b", 20, heard=False, receipt=False).ask("b", 30, receipt=False)
    receiver.ask("b", 40).ask("c", 50)
    assert called(receiver, a=9, b=12, c=13) == []


@pytest.mark.parametrize(
    ("receiver", "told"),
    [
        (Receiver().ask("a", 10).ask("z", 20), "nobody made this call"),
        (Receiver().ask("a", 10, receipt=False).ask("a", 20, words="vol"), "the same key says something else"),
        (Receiver(), "confirmed, and neither heard nor telephoned"),
        (Receiver().ask("a", 10).ask("a", 60), "sent again after its receipt"),
        (Receiver().ask("a", 10, receipt=False).ask("a", 40), "nothing for 30 s"),
    ],
    ids=["nobody's", "otherwise", "not made", "after its receipt", "not retried"],
)
def test_what_is_wrong_with_one_call_is_told(receiver: Receiver, told: str) -> None:
    assert told in called(receiver, a=9)


def test_a_call_that_overtakes_is_told_and_one_that_passes_a_silent_lane_is_not() -> None:
    assert called(Receiver().ask("b", 10).ask("a", 20), a=8, b=9) == ["called before the one ahead of it"]
    silent = Receiver()
    for at_s, contact in ((10, "one"), (20, "one"), (30, "one"), (40, "two"), (50, "two"), (60, "two")):
        silent.ask("a", at_s, contact, heard=False, receipt=False)
    silent.ask("b", 70)
    assert called(silent, telephoned={"a": 190}, a=9, b=12) == []


def test_declared_trouble_of_the_engine_is_allowed_for() -> None:
    late = Receiver().ask("a", 10, receipt=False).ask("a", 60).ask("a", 100)
    assert called(late, a=9) != []
    assert called(late, injected_s=60, a=9) == []


# -- 22 ---------------------------------------------------------------------------------------------------------------


def test_what_the_engine_holds_is_counted_and_what_is_not_its_own_is_not() -> None:
    alarm = ShortWatchAlert(("a", "b"), 0, 1, 0)  # four fields, and two names
    assert held_by([alarm]) == 1 + 4 + 2
    assert held_by([alarm, alarm]) == 2 + 4 + 2, "once, however often it is reached"
    assert held_by([Hands(5)]) == 1
    ring: list[object] = []
    ring.append(ring)
    assert held_by(ring) == 1


def test_memory_may_grow_by_what_is_remembered_of_alarms_and_by_no_more() -> None:
    def grown(elements: int, alarms: int) -> int:
        bounds = Bounds(lambda: Load(1, 0, 0), Load(9, 9, 9), lambda: Held(0, 0), 3_600)
        bounds._held = [
            Held(1_000, 0),
            Held(990, 5),
            Held(1_000 + elements, 5 + alarms),
            Held(1_000 + elements, 5 + alarms),
        ]
        return bounds.judge().violations

    allowed = HELD_SLACK + PER_ALARM * 105
    assert grown(allowed, 100) == 0
    assert grown(allowed + 1, 100) == 1


# -- the wall ---------------------------------------------------------------------------------------------------------


def test_a_wall_that_died_says_so_once_and_shows_nothing_until_it_is_started() -> None:
    scene, wall, told = NodeScene(1, 1, ()), SimWall(Hands()), []
    wall.tell = lambda signal: told.append(signal.kind)

    async def act() -> None:
        await wall.show(scene)
        wall.die()
        with pytest.raises(WallError):
            await wall.show(scene)
        await wall.show(scene)  # kept for later, as the process of a real wall does
        assert wall.shown is None
        with pytest.raises(WallError):
            await wall.start()
        wall.mend()
        await wall.start()
        await wall.start()
        assert wall.shown is scene

    asyncio.run(act())
    assert told == ["wall.shows", "wall.died", "wall.shows"]
