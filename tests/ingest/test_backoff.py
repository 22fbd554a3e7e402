import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_S
from csu.hal.media import GapCause
from csu.ingest.backoff import DELAY_S_MAX, DELAY_S_MIN, LOGIN_DELAY_S_MAX, BackOff
from csu.machine import SystemChance


def delays(cause: GapCause, count: int, seed: str = "1", lived_ns: int = 0) -> list[float]:
    back_off = BackOff(SystemChance(seed))
    return [back_off.after(cause, lived_ns) for _ in range(count)]


@given(st.lists(st.tuples(st.sampled_from(list(GapCause)), st.integers(0, 100 * NS_PER_S)), max_size=50), st.text())
def test_a_delay_is_never_shorter_or_longer_than_its_bounds(failures: list[tuple[GapCause, int]], seed: str) -> None:
    back_off = BackOff(SystemChance(seed))
    for cause, lived_ns in failures:
        assert DELAY_S_MIN <= back_off.after(cause, lived_ns) <= DELAY_S_MAX


def test_delays_double_up_to_half_a_minute() -> None:
    found = delays(GapCause.CAMERA_LOST, 8)
    assert found[0] <= 1.0
    assert all(later > earlier for earlier, later in itertools.pairwise(found[:4:2]))
    assert found[-1] >= 15.0


@pytest.mark.parametrize("cause", [GapCause.CAMERA_REFUSED, GapCause.STREAM_UNSUPPORTED])
def test_a_refusal_is_retried_much_more_slowly_than_a_loss(cause: GapCause) -> None:
    assert min(delays(cause, 20)) >= 4.0
    assert delays(cause, 1)[0] > 3 * delays(GapCause.CAMERA_LOST, 1)[0]


@given(st.text(), st.lists(st.booleans(), max_size=40))
def test_a_refused_login_is_not_tried_so_often_that_a_camera_locks_the_account(seed: str, before: list[bool]) -> None:
    """Whatever else goes wrong in between: at most four tries in any five minutes, and it is not given up."""
    back_off, now_s, tried_at_s = BackOff(SystemChance(seed)), 0.0, [0.0]
    for is_login in [*before, *[True] * 12]:
        cause = GapCause.CAMERA_REFUSED if is_login else GapCause.CAMERA_LOST
        now_s += back_off.after(cause, 0, is_login=is_login)
        if is_login:
            tried_at_s.append(now_s)
    assert all(later - first > 300 for first, later in zip(tried_at_s, tried_at_s[4:], strict=False))
    assert all(later - first <= LOGIN_DELAY_S_MAX + 40 * DELAY_S_MAX for first, later in itertools.pairwise(tried_at_s))


def test_the_first_refused_login_is_tried_again_soon_however_long_the_camera_was_away() -> None:
    back_off = BackOff(SystemChance("1"))
    for _ in range(10):
        back_off.after(GapCause.CAMERA_LOST, 0)
    assert back_off.after(GapCause.CAMERA_REFUSED, 0, is_login=True) <= 8.0
    assert back_off.after(GapCause.CAMERA_LOST, 0) <= DELAY_S_MAX


def test_a_connection_that_lived_long_starts_the_count_afresh() -> None:
    back_off = BackOff(SystemChance("1"))
    for _ in range(10):
        back_off.after(GapCause.CAMERA_LOST, 0)
    assert back_off.after(GapCause.CAMERA_LOST, 10 * NS_PER_S) <= 1.0


def test_cameras_lost_together_do_not_return_together() -> None:
    assert len({round(delays(GapCause.CAMERA_LOST, 1, seed=f"camera {n}")[0], 3) for n in range(50)}) > 40
