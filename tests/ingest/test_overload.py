from csu.hal.clock import NS_PER_MS
from csu.ingest.overload import WorkDebt

FRAME_NS = 40 * NS_PER_MS


def test_a_thread_that_keeps_up_takes_every_packet() -> None:
    debt = WorkDebt()
    for number in range(1_000):
        assert debt.takes(is_key=number % 25 == 0)
        debt.worked(39 * NS_PER_MS, FRAME_NS)


def test_a_thread_that_falls_behind_gives_up_until_a_key_frame_with_its_debt_paid() -> None:
    debt = WorkDebt()
    taken = 0
    while debt.takes(is_key=False):
        debt.worked(100 * NS_PER_MS, FRAME_NS)
        taken += 1
    assert taken == 26  # 60 ms behind each time, up to 1.5 s
    assert not debt.takes(is_key=True)  # still in debt
    for _ in range(40):
        assert not debt.takes(is_key=False)
        debt.worked(0, FRAME_NS)
    assert not debt.takes(is_key=False)  # paid, but in the middle of a group
    assert debt.takes(is_key=True)
    assert debt.takes(is_key=False)


def test_a_slow_network_is_no_overload() -> None:
    """A burst after a pause is worked off faster than it plays: nothing is owed."""
    debt = WorkDebt()
    for _ in range(500):
        debt.worked(10 * NS_PER_MS, FRAME_NS)
        assert debt.takes(is_key=False)


def test_one_long_stall_of_a_disk_is_an_overload() -> None:
    debt = WorkDebt()
    debt.worked(3_000 * NS_PER_MS, FRAME_NS)
    assert not debt.takes(is_key=True)
