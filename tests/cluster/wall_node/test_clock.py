"""The centre's clock on a node: an age is never shown too young, a right never too long, whatever the network does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.cluster.wall_node_clock import ERROR_NS_MAX, OFFSET_NS_MAX, CentreClock, ClockRefused
from csu.hal.clock import NS_PER_MS, NS_PER_S

HERE_NS = 1_800_000_000 * NS_PER_S
"""This machine's clock when its monotonic one says 0."""
WAYS = st.integers(0, 400 * NS_PER_MS)


@given(
    st.integers(-OFFSET_NS_MAX, OFFSET_NS_MAX),
    st.lists(st.tuples(WAYS, WAYS, st.integers(0, 2 * NS_PER_S)), min_size=1, max_size=40),
    st.integers(-60 * NS_PER_S, 60 * NS_PER_S),
)
def test_an_instant_is_never_turned_later_and_at_most_twice_the_error_earlier(ahead_ns, asked, age_ns) -> None:
    """`asked`: each time, the way there, the way back, and the wait before."""
    clock, monotonic_ns = CentreClock("mur-b"), 0
    for there_ns, back_ns, wait_ns in asked:
        monotonic_ns += wait_ns
        clock.hear(monotonic_ns, HERE_NS + monotonic_ns + there_ns + ahead_ns, monotonic_ns + there_ns + back_ns)
        monotonic_ns += there_ns + back_ns
    now_ns = HERE_NS + monotonic_ns
    truth_ns = now_ns - age_ns
    error_ns = clock.error_ns(monotonic_ns)
    turned_ns = clock.to_here(truth_ns + ahead_ns, now_ns, monotonic_ns)
    assert truth_ns - 2 * error_ns <= turned_ns <= truth_ns
    assert abs(clock.offset_ns(now_ns, monotonic_ns) - ahead_ns) <= error_ns
    assert error_ns <= (asked[-1][0] + asked[-1][1] + 1) // 2


def told(clock: CentreClock, ahead_ns: int, at_ns: int, there_and_back_ns: int = 2 * NS_PER_MS) -> None:
    clock.hear(at_ns - there_and_back_ns, HERE_NS + at_ns - there_and_back_ns // 2 + ahead_ns, at_ns)


@pytest.mark.parametrize(("ahead_s", "words"), [(1.2, "-1.2 s"), (-7200.0, r"\+7200.0 s")])
def test_a_machine_whose_clock_is_too_far_off_is_told_so(ahead_s, words) -> None:
    clock = CentreClock("mur-b")
    told(clock, round(ahead_s * NS_PER_S), NS_PER_S)
    with pytest.raises(ClockRefused, match=rf"mur-b.*{words} from the centre's, more than 1"):
        clock.check(HERE_NS + NS_PER_S, NS_PER_S)
    told(clock, NS_PER_S // 2, 2 * NS_PER_S)
    clock.check(HERE_NS + 2 * NS_PER_S, 2 * NS_PER_S)


def test_a_clock_that_is_set_here_is_noticed_without_asking() -> None:
    ns = NS_PER_S
    clock = CentreClock("mur-b")
    told(clock, 0, ns)
    clock.check(HERE_NS + ns, ns)
    with pytest.raises(ClockRefused, match=r"-10.0 s"):
        clock.check(HERE_NS + ns - 10 * ns, ns)
    assert clock.to_here(HERE_NS + ns, HERE_NS + ns - 10 * ns, ns) <= HERE_NS + ns - 10 * ns


def test_a_way_that_is_too_long_is_refused_and_a_short_answer_mends_it() -> None:
    clock = CentreClock("mur-b")
    told(clock, 0, NS_PER_S, 2 * ERROR_NS_MAX + 2 * NS_PER_MS)
    with pytest.raises(ClockRefused, match="502 ms, more than 500"):
        clock.check(HERE_NS + NS_PER_S, NS_PER_S)
    told(clock, 0, 2 * NS_PER_S)
    clock.check(HERE_NS + 2 * NS_PER_S, 2 * NS_PER_S)


def test_what_was_said_before_the_centres_clock_was_set_is_believed_no_more() -> None:
    clock = CentreClock("mur-b")
    for second in range(1, 6):
        told(clock, 0, second * NS_PER_S)
    told(clock, 300 * NS_PER_MS, 6 * NS_PER_S, 100 * NS_PER_MS)
    ahead_ns = clock.offset_ns(HERE_NS + 6 * NS_PER_S, 6 * NS_PER_S)
    assert abs(ahead_ns - 300 * NS_PER_MS) <= clock.error_ns(6 * NS_PER_S)


def test_nothing_is_turned_before_the_first_answer_and_an_answer_has_a_question() -> None:
    clock = CentreClock("mur-b")
    assert not clock.is_known
    with pytest.raises(ClockRefused, match="not known yet"):
        clock.to_here(HERE_NS, HERE_NS, 0)
    with pytest.raises(ValueError, match="before its question"):
        clock.hear(2, HERE_NS, 1)
