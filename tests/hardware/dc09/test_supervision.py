"""Silence is told once and in time, and so is its end; buckets let through what they should."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_S
from hardware.dc09.limits import RateLimits
from hardware.dc09.supervision import SupervisedPath, Supervision

PATHS = [SupervisedPath(1, "main", 60), SupervisedPath(1, "back-up", 300), SupervisedPath(2, "main", 60)]
STEPS = st.lists(
    st.tuples(st.integers(0, 120), st.one_of(st.none(), st.sampled_from([(1, "main"), (1, "back-up"), (2, "main")]))),
    max_size=60,
)


@given(STEPS)
def test_a_path_is_silent_exactly_when_nothing_was_heard_for_its_patience(steps):
    now_ns, heard = 0, {(path.account, path.path): 0 for path in PATHS}
    supervision, silent = Supervision(PATHS, 0), set()
    for later_s, name in steps:
        now_ns += later_s * NS_PER_S
        fallen = {(path.account, path.path) for path in supervision.due(now_ns)}
        late = {
            (path.account, path.path) for path in PATHS if now_ns - heard[path.account, path.path] >= path.patience_ns
        }
        assert fallen == late - silent, "each once, as soon as it is asked"
        silent = late
        due_ns = supervision.due_at_ns()
        assert due_ns is None or due_ns > now_ns
        if name is not None:
            back = supervision.heard(*name, now_ns)
            assert (back is not None) == (name in silent)
            silent.discard(name)
            heard[name] = now_ns
        for number in (1, 2):
            assert supervision.silent(number) == {path for account, path in silent if account == number}


def test_a_path_that_is_not_supervised_is_never_silent():
    supervision = Supervision([], 0)
    assert supervision.heard(1, "main", 5) is None
    assert (supervision.due(10**18), supervision.due_at_ns()) == ([], None)


@given(st.lists(st.integers(0, 3 * NS_PER_S), max_size=80), st.floats(0.5, 20), st.integers(1, 20))
def test_no_more_passes_than_the_burst_and_the_rate(gaps_ns, per_s, burst):
    limits = RateLimits(per_s, burst, 10)
    now_ns = allowed = 0
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        allowed += limits.allows("a", now_ns)
        assert allowed <= burst + per_s * now_ns / NS_PER_S + 1e-6


@given(st.lists(st.integers(0, 500), max_size=300))
def test_buckets_are_bounded_and_independent(names):
    limits = RateLimits(1.0, 2.0, 16)
    for number, name in enumerate(names):
        limits.allows(name, number)
        assert len(limits) <= 16
    assert limits.allows("somebody else", len(names))
    assert limits.allows("somebody else", len(names))
    assert not limits.allows("somebody else", 0), "a clock that goes back gives nothing"
