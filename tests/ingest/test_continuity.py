import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.ingest.continuity import Continuity, FramesMissing, TimestampsJumped

INTERVAL_NS = 40 * NS_PER_MS


def watch(times_ns: list[int]) -> list[FramesMissing | TimestampsJumped]:
    continuity = Continuity()
    return [found for at_ns in times_ns if (found := continuity.packet(at_ns)) is not None]


def test_every_seventh_frame_lost_is_counted() -> None:
    kept = [number for number in range(1, 701) if number % 7]
    found = watch([number * INTERVAL_NS for number in kept])
    assert sum(missing.count for missing in found) == 99
    assert found[0] == FramesMissing(1, 6 * INTERVAL_NS, 8 * INTERVAL_NS)


@given(st.lists(st.integers(-12, 12), min_size=10, max_size=200))
@example([0, 5, -12, 5, -12, 5, -12, 9, 0, 0])
def test_a_camera_that_jitters_by_a_third_of_an_interval_loses_nothing(jitter_ms: list[int]) -> None:
    assert watch([n * INTERVAL_NS + jitter * NS_PER_MS // 2 for n, jitter in enumerate(jitter_ms)]) == []


@given(st.integers(1, 100), st.integers(1, 50))
def test_a_hole_of_any_length_up_to_the_jump_is_counted_in_frames(before: int, missing: int) -> None:
    frames = [*range(before + 6), *range(before + 6 + missing, before + missing + 12)]
    assert [found.count for found in watch([n * INTERVAL_NS for n in frames])] == [missing]


def test_a_new_frame_rate_is_learnt_after_three_intervals_and_loses_nothing_more() -> None:
    day = [n * INTERVAL_NS for n in range(50)]
    night = [day[-1] + n * 2 * INTERVAL_NS for n in range(1, 50)]
    assert len(watch(day + night)) == 3
    continuity = Continuity()
    for at_ns in day + night:
        continuity.packet(at_ns)
    assert continuity.frames_per_s == pytest.approx(12.5)


@pytest.mark.parametrize("jump_ns", [-NS_PER_S, 11 * NS_PER_S])
def test_a_new_time_line_is_told_apart_from_loss(jump_ns: int) -> None:
    times = [n * INTERVAL_NS for n in range(20)]
    assert watch([*times, times[-1] + jump_ns]) == [TimestampsJumped(jump_ns)]


def test_the_rate_is_unknown_until_some_frames_came() -> None:
    continuity = Continuity()
    for number in range(5):
        continuity.packet(number * INTERVAL_NS)
    assert continuity.frames_per_s is None
    continuity.packet(5 * INTERVAL_NS)
    assert continuity.frames_per_s == 25.0


def test_a_long_silence_is_a_hole_before_the_rate_is_learnt_if_the_device_declares_one() -> None:
    """Found at level L1: else the recorder ended its segment there, and nobody told the gap."""
    first, again = NS_PER_S, 4 * NS_PER_S
    declared = Continuity(1.0)
    assert [declared.packet(at_ns) for at_ns in (0, first, again)] == [None, None, FramesMissing(2, first, again)]
    assert [Continuity().packet(at_ns) for at_ns in (0, again)] == [None, None]
    slow = Continuity(25.0)  # it says 25 and sends one each two seconds: that is its rate, and no loss
    assert [slow.packet(n * 2 * NS_PER_S) for n in range(9)] == [None] * 9
