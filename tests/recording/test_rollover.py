"""When segments end."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from csu.recording import SEGMENT_NS, SEGMENT_NS_MAX, Rollover

S = 1_000_000_000
numbers = st.integers(1, 16_383)
instants = st.integers(0, 4 * 10**18)


@given(numbers, instants)
def test_a_boundary_comes_within_a_minute_and_then_each_minute(number, start_ns):
    rollover = Rollover(number)
    boundary = rollover.next_boundary_ns(start_ns)
    assert 0 < boundary - start_ns <= SEGMENT_NS
    assert rollover.next_boundary_ns(boundary) == boundary + SEGMENT_NS


@given(numbers, instants, st.integers(0, 200 * S))
def test_a_key_frame_cuts_at_the_boundary_and_not_before(number, start_ns, after_ns):
    rollover = Rollover(number)
    at_ns = start_ns + after_ns
    assert rollover.should_cut(start_ns, at_ns, is_key=True) is (at_ns >= rollover.next_boundary_ns(start_ns))


@given(numbers, instants, st.integers(0, 200 * S))
def test_without_a_key_frame_a_segment_still_ends_at_the_hard_limit(number, start_ns, after_ns):
    cut = Rollover(number).should_cut(start_ns, start_ns + after_ns, is_key=False)
    assert cut is (after_ns >= SEGMENT_NS_MAX)


def test_1300_cameras_do_not_roll_over_in_the_same_second():
    seconds = Counter(Rollover(number).phase_ns // S for number in range(1, 1301))
    assert len(seconds) == 60
    assert max(seconds.values()) <= 1300 / 60 * 1.2


def test_a_handful_of_cameras_is_spread_over_the_whole_minute():
    phases = sorted(Rollover(number).phase_ns for number in range(1, 9))
    assert max(b - a for a, b in zip(phases, phases[1:], strict=False)) < 15 * S
