"""The watch over the wall: covers what is frozen and nothing else, for as long as it is."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.cluster.wall_watch import Pulse, watch_until
from csu.hal.clock import NS_PER_S


def watched(frozen: Sequence[bool]) -> list[bool]:
    """Whether the wall is covered at each look."""
    seen: list[bool] = []
    state = SimpleNamespace(covered=False)
    looks = iter([*frozen, None])
    now = SimpleNamespace(frozen=next(looks))

    def wait() -> None:
        seen.append(state.covered)
        now.frozen = next(looks)

    watch_until(
        lambda: now.frozen is None,
        lambda: bool(now.frozen),
        lambda: setattr(state, "covered", True),
        lambda: setattr(state, "covered", False),
        wait,
    )
    return seen


@given(st.lists(st.booleans(), max_size=30))
def test_it_is_covered_when_it_is_frozen_and_only_then(frozen: list[bool]) -> None:
    assert watched(frozen) == frozen


def test_a_wall_that_has_not_drawn_yet_is_not_frozen_and_one_that_stopped_is() -> None:
    cell = SimpleNamespace(value=0)
    pulse = Pulse(cell, SimpleNamespace(value=0), SimpleNamespace(value=0))
    assert pulse.age_s(10**18) == 0
    pulse.beat(5 * NS_PER_S)
    assert pulse.age_s(8 * NS_PER_S) == pytest.approx(3)
    pulse.forget()
    assert pulse.age_s(8 * NS_PER_S) == 0
