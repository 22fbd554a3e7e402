"""Who stops a camera that turns: played against mounts that obey late, once, or never."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MS, NS_PER_S
from hardware.onvif.dead_man import RUNAWAY_AFTER_NS, SEEK_NS_MAX, Act, DeadMan, Look, Phase

MOVE_NS = 2 * NS_PER_S


class Device:
    """A mount that takes the n-th Stop only, coasts a little, and says of itself what it likes."""

    def __init__(
        self, takes_stop: int = 1, coasts_ns: int = 200 * NS_PER_MS, says: bool | None = None, *, tells: bool = True
    ) -> None:
        self.takes_stop, self.coasts_ns, self.says, self.tells_position = takes_stop, coasts_ns, says, tells
        self.stops: list[int] = []
        self.told_runaway: list[int] = []
        self.renewals = 0

    def is_turning(self, now_ns: int) -> bool:
        return len(self.stops) < self.takes_stop or now_ns < self.stops[self.takes_stop - 1] + self.coasts_ns

    def look(self, now_ns: int) -> Look:
        turning = self.is_turning(now_ns)
        ends_ns = now_ns if turning else self.stops[self.takes_stop - 1] + self.coasts_ns
        place = (ends_ns / NS_PER_S * 5.0, 0.0, 0.0) if self.tells_position else None
        return Look(now_ns, turning if self.says is None else self.says, place)


def play(man: DeadMan, device: Device, from_ns: int, until_ns: int) -> int | None:
    """Run the shell's loop; when it came to rest, or None."""
    now_ns = from_ns
    while now_ns <= until_ns:
        due_at_ns = man.due_at_ns()
        if due_at_ns is None:
            return now_ns
        now_ns = max(now_ns + 1, due_at_ns)
        for act in man.due(now_ns):
            if act is Act.STOP:
                device.stops.append(now_ns)
            elif act is Act.LOOK:
                man.saw(device.look(now_ns))
            elif act is Act.RENEW:
                device.renewals += 1
            else:
                device.told_runaway.append(now_ns)
    return None


def test_a_move_that_nobody_ends_is_stopped_at_its_time():
    man, device = DeadMan(MOVE_NS), Device()
    man.driven(0)
    rested_ns = play(man, device, 0, 60 * NS_PER_S)
    assert device.stops[:1] == [MOVE_NS]
    assert MOVE_NS + device.coasts_ns <= rested_ns < MOVE_NS + NS_PER_S
    assert not device.told_runaway


@given(st.integers(1, 12), st.integers(0, 800), st.sampled_from([None, False]))
def test_a_stop_that_is_not_taken_is_sent_again_until_the_camera_is_seen_at_rest(takes_stop, coasts_ms, says):
    """Also when it says "idle" all along: it is believed where it is, not what it says."""
    man, device = DeadMan(MOVE_NS), Device(takes_stop, coasts_ms * NS_PER_MS, says)
    man.driven(0)
    rested_ns = play(man, device, 0, 120 * NS_PER_S)
    assert rested_ns is not None
    assert not device.is_turning(rested_ns), "rest was told of a camera that turns"
    assert len(device.stops) >= takes_stop
    late = rested_ns > MOVE_NS + RUNAWAY_AFTER_NS
    assert len(device.told_runaway) <= 1
    assert bool(device.told_runaway) <= late


def test_a_runaway_is_told_once_and_told_to_stop_for_ever():
    man, device = DeadMan(MOVE_NS), Device(takes_stop=10**9)
    man.driven(0)
    assert play(man, device, 0, 120 * NS_PER_S) is None
    assert man.is_moving
    assert device.told_runaway == [MOVE_NS + RUNAWAY_AFTER_NS]
    assert len(device.stops) > 40


def test_a_camera_that_cannot_be_looked_at_counts_as_moving_and_is_told():
    man, device = DeadMan(MOVE_NS), Device(tells=False)
    device.look = lambda now_ns: Look(now_ns, None, None)  # type: ignore[method-assign]
    man.driven(0)
    assert play(man, device, 0, 30 * NS_PER_S) is None
    assert device.told_runaway


def test_a_camera_without_positions_is_believed_when_it_says_idle_for_a_while():
    man, device = DeadMan(MOVE_NS), Device(tells=False)
    man.driven(0)
    assert play(man, device, 0, 30 * NS_PER_S) is not None


def test_it_counts_as_moving_from_the_order_on():
    man = DeadMan(MOVE_NS)
    assert not man.is_moving
    man.sent_to(0)
    assert man.is_moving
    for at_ms in range(0, 240, 10):  # a mount that has not begun yet
        man.saw(Look(at_ms * NS_PER_MS, False, (0.0, 0.0, 0.0)))
        assert man.is_moving


def test_a_place_that_is_never_reached_ends_in_a_stop():
    man, device = DeadMan(MOVE_NS), Device()
    man.sent_to(0)
    assert play(man, device, 0, 2 * SEEK_NS_MAX) is not None
    assert device.stops[0] == SEEK_NS_MAX


def test_a_place_that_is_reached_needs_no_stop():
    man, device = DeadMan(MOVE_NS), Device(takes_stop=0)
    device.is_turning = lambda now_ns: now_ns < NS_PER_S  # type: ignore[method-assign]
    device.look = lambda now_ns: Look(now_ns, now_ns < NS_PER_S, (min(now_ns, NS_PER_S) / NS_PER_S, 0.0, 0.0))  # type: ignore[method-assign]
    man.sent_to(0)
    rested_ns = play(man, device, 0, 10 * NS_PER_S)
    assert NS_PER_S <= rested_ns < 2 * NS_PER_S
    assert device.stops == []


def test_an_honest_device_is_asked_to_go_on_while_the_move_lasts():
    man, device = DeadMan(10 * NS_PER_S), Device()
    man.driven(0)
    play(man, device, 0, 60 * NS_PER_S)
    assert device.renewals == 9


def test_a_new_move_begins_a_new_time():
    man = DeadMan(MOVE_NS)
    man.driven(0)
    man.stop(NS_PER_S)
    man.driven(NS_PER_S + 1)
    assert man.phase is Phase.DRIVEN
    assert man.due(MOVE_NS + 1) == [Act.RENEW]
    assert Act.STOP in man.due(NS_PER_S + 1 + MOVE_NS)


def test_a_look_from_before_the_stop_proves_nothing():
    man = DeadMan(MOVE_NS)
    man.driven(0)
    man.stop(NS_PER_S)
    for at_ms in (700, 800, 999):
        man.saw(Look(at_ms * NS_PER_MS, False, (0.0, 0.0, 0.0)))
    assert man.is_moving
