"""How many pictures of a camera are drawn: as many as were asked for, each when it comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.wall.drawing.pace import Pace

EVERY_NS = 100 * NS_PER_MS
LOOK_NS = 5 * NS_PER_MS


def _shown(came_ns: list[int], every_ns: int = EVERY_NS) -> list[tuple[int, int]]:
    """(picture, when it is drawn) of a wall that looks each 5 ms."""
    pace, shown, last = Pace(every_ns), [], -1
    for now_ns in range(0, came_ns[-1] + NS_PER_S, LOOK_NS):
        newest = sum(each <= now_ns for each in came_ns) - 1
        if newest > pace.after(last, now_ns) and pace.takes(newest, now_ns):
            last = newest
            shown.append((last, now_ns))
    return shown


def test_of_twelve_pictures_a_second_ten_are_drawn_and_each_when_it_comes() -> None:
    came_ns = [index * NS_PER_S // 12 for index in range(120)]
    shown = _shown(came_ns)
    assert 100 <= len(shown) <= 104
    assert max(at_ns - came_ns[index] for index, at_ns in shown[:-1]) < LOOK_NS


def test_all_are_drawn_when_none_is_too_many_or_nobody_counts() -> None:
    for every_ns, rate in ((EVERY_NS, 10), (EVERY_NS, 6), (0, 50)):
        came_ns = [index * NS_PER_S // rate for index in range(60)]
        assert [index for index, _ in _shown(came_ns, every_ns)] == list(range(60))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60))
def test_never_more_than_the_pace_and_the_last_picture_is_always_seen_in_time(gaps_ms: list[int]) -> None:
    came_ns = [sum(gaps_ms[: index + 1]) * NS_PER_MS for index in range(len(gaps_ms))]
    shown = _shown(came_ns)
    instants = [at_ns for _, at_ns in shown]
    for first in range(len(instants)):
        for last in range(first + 1, len(instants)):
            assert last - first <= (instants[last] - instants[first]) // EVERY_NS + 1
    assert shown[-1][0] == len(came_ns) - 1
    assert shown[-1][1] - came_ns[-1] <= EVERY_NS + LOOK_NS
