"""Age makes the state: live, then stale, then no signal, never back without a younger picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_S
from csu.hal.wall import TileState
from csu.wall.drawing.freshness import STATE_CODES, Freshness, believed_stamp


@pytest.mark.parametrize(
    ("age_s", "state"),
    [
        (-5, TileState.LIVE),
        (0, TileState.LIVE),
        (1.999, TileState.LIVE),
        (2, TileState.STALE),
        (9.999, TileState.STALE),
        (10, TileState.NO_SIGNAL),
        (1e6, TileState.NO_SIGNAL),
    ],
)
def test_a_picture_of_2_seconds_is_stale_and_of_10_no_signal(age_s: float, state: TileState) -> None:
    assert Freshness().state(int(age_s * NS_PER_S)) is state


@given(st.integers(0, 20 * NS_PER_S), st.integers(0, 20 * NS_PER_S))
def test_a_picture_never_gets_younger_by_ageing(age_ns: int, more_ns: int) -> None:
    freshness = Freshness()
    assert STATE_CODES[freshness.state(age_ns + more_ns)] >= STATE_CODES[freshness.state(age_ns)]


@given(st.integers(), st.integers())
def test_a_camera_clock_that_runs_ahead_does_not_keep_a_picture_young(captured: int, seen: int) -> None:
    assert believed_stamp(captured, seen) <= seen
    assert believed_stamp(captured, seen) <= captured


@pytest.mark.parametrize(("stale", "no_signal"), [(0, 1), (2, 2), (3, 2), (-1, 4)])
def test_limits_that_make_no_sense_are_refused(stale: int, no_signal: int) -> None:
    with pytest.raises(ValueError, match="live for a while"):
        Freshness(stale, no_signal)
