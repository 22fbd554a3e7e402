"""PTZ leases: one holder a camera, by rank; a movement dies with whoever made it; nobody moves under an old lease."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.operations import (
    LeaseEnd,
    LeaseEnded,
    LeaseGranted,
    LeaseLost,
    LeaseRefused,
    PtzLeases,
    PtzRank,
    StopCamera,
)
from csu.operations.ptz_leases import DEAD_MAN_NS, IDLE_NS, STOP_AGAIN_NS

CAM = CameraId("cam-1")
OTHER = CameraId("cam-2")
RANKS = list(PtzRank)


def at_rest() -> PtzLeases:
    leases = PtzLeases([CAM, OTHER])
    for camera in (CAM, OTHER):
        leases.stopped(camera)
    return leases


def claim(leases: PtzLeases, holder: str, rank: PtzRank, now_ns: int = 0) -> list:
    return leases.claim(CAM, holder, rank, now_ns, alarm="panel-1/7" if rank is PtzRank.ALARM else "")


@pytest.mark.parametrize("higher", RANKS)
@pytest.mark.parametrize("lower", RANKS)
def test_an_alarm_goes_before_the_chief_before_an_operator_before_a_tour(lower, higher) -> None:
    leases = at_rest()
    claim(leases, "anne", lower)
    if higher > lower:
        ended, granted = claim(leases, "bruno", higher, 5)
        assert (ended.why, ended.lease.holder, ended.by) == (LeaseEnd.PREEMPTED, "anne", "bruno")
        assert (granted.lease.holder, granted.lease.rank) == ("bruno", higher)
    else:
        with pytest.raises(LeaseRefused, match="anne"):
            claim(leases, "bruno", higher)
        assert leases.lease(CAM).holder == "anne"


def test_who_is_pre_empted_while_he_moves_is_stopped_before_the_other_begins() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    leases.use(CAM, granted.lease.number, 1, moving=True)
    assert [type(told) for told in claim(leases, "chef", PtzRank.CHIEF, 2)] == [StopCamera, LeaseEnded, LeaseGranted]


def test_a_late_order_of_the_one_who_lost_the_camera_moves_and_stops_nothing() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    claim(leases, "chef", PtzRank.CHIEF, 2)
    with pytest.raises(LeaseLost, match="chef"):
        leases.use(CAM, granted.lease.number, 3, moving=True)
    with pytest.raises(LeaseLost):
        leases.stop(CAM, granted.lease.number, 3)
    assert leases.give_back(CAM, granted.lease.number, 3) == []
    assert leases.lease(CAM).holder == "chef"


def test_a_movement_that_is_not_repeated_is_stopped_and_the_stop_is_sent_until_it_is_confirmed() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    leases.use(CAM, granted.lease.number, 0, moving=True)
    leases.use(CAM, granted.lease.number, DEAD_MAN_NS - 1, moving=True)
    assert leases.tick(DEAD_MAN_NS) == []
    stop_ns = 2 * DEAD_MAN_NS - 1
    assert leases.tick(stop_ns) == [StopCamera(CAM, stop_ns)]
    assert leases.tick(stop_ns + 1) == []
    assert leases.tick(stop_ns + STOP_AGAIN_NS) == [StopCamera(CAM, stop_ns + STOP_AGAIN_NS)]
    leases.stopped(CAM)
    assert leases.tick(stop_ns + 5 * STOP_AGAIN_NS) == []
    assert leases.lease(CAM).holder == "anne"


def test_a_hand_that_lets_go_stops_the_camera_until_it_has_stopped() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    leases.use(CAM, granted.lease.number, 0, moving=True)
    assert leases.stop(CAM, granted.lease.number, 1) == StopCamera(CAM, 1)
    assert leases.tick(1 + STOP_AGAIN_NS) == [StopCamera(CAM, 1 + STOP_AGAIN_NS)]


def test_an_idle_lease_is_given_back() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    leases.use(CAM, granted.lease.number, 10, moving=False)
    assert leases.tick(IDLE_NS + 9) == []
    (ended,) = leases.tick(IDLE_NS + 10)
    assert ended.why is LeaseEnd.IDLE
    assert leases.lease(CAM) is None


def test_the_same_person_keeps_his_lease_when_an_alarm_raises_it_and_gets_it_back_when_it_is_over() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    (raised,) = claim(leases, "anne", PtzRank.ALARM, 1)
    assert (raised.lease.number, raised.lease.rank) == (granted.lease.number, PtzRank.ALARM)
    assert claim(leases, "anne", PtzRank.OPERATOR, 2) == []
    (ended,) = leases.end_alarm("panel-1/7", 3)
    assert ended.why is LeaseEnd.ALARM_OVER


def test_with_fewer_than_two_on_watch_only_alarms_and_the_chief_turn_cameras() -> None:
    leases = at_rest()
    (granted,) = claim(leases, "anne", PtzRank.OPERATOR)
    leases.use(CAM, granted.lease.number, 0, moving=True)
    stop, ended = leases.restrict(True, 1)
    assert (stop, ended.why) == (StopCamera(CAM, 1), LeaseEnd.RESTRICTED)
    for rank in (PtzRank.TOUR, PtzRank.OPERATOR):
        with pytest.raises(LeaseRefused):
            claim(leases, "anne", rank)
    claim(leases, "anne", PtzRank.ALARM)
    assert leases.restrict(True, 2) == []
    assert leases.restrict(False, 3) == []


def test_whose_right_is_withdrawn_loses_every_camera_at_once() -> None:
    leases = at_rest()
    for camera in (CAM, OTHER):
        leases.claim(camera, "anne", PtzRank.OPERATOR, 0)
    assert {ended.why for ended in leases.revoke("anne", 1)} == {LeaseEnd.REVOKED}
    assert leases.lease(CAM) is leases.lease(OTHER) is None


def test_after_a_restart_every_camera_is_stopped_until_it_says_so() -> None:
    leases = PtzLeases([CAM, OTHER])
    assert leases.tick(5) == [StopCamera(CAM, 5), StopCamera(OTHER, 5)]
    leases.stopped(CAM)
    assert leases.tick(5 + STOP_AGAIN_NS) == [StopCamera(OTHER, 5 + STOP_AGAIN_NS)]


def test_a_fixed_camera_and_an_alarm_without_a_name_are_refused() -> None:
    leases = at_rest()
    with pytest.raises(LeaseRefused):
        leases.claim(CameraId("fixed"), "anne", PtzRank.OPERATOR, 0)
    with pytest.raises(LeaseRefused):
        leases.claim(CAM, "anne", PtzRank.ALARM, 0)


class Arbiter(RuleBasedStateMachine):
    """Beside the arbiter, a camera that believes only what it is told: it moves or it rests, and for whom."""

    def __init__(self) -> None:
        super().__init__()
        self.leases = at_rest()
        self.now_ns = 0
        self.moves_for: str | None = None
        self.ordered_at_ns = 0
        self.numbers: dict[str, int] = {}
        self.restricted = False

    def follow(self, told: list) -> None:
        for each in told:
            if isinstance(each, StopCamera):
                self.moves_for = None
                self.leases.stopped(each.camera)
            elif isinstance(each, LeaseGranted):
                assert self.moves_for in (None, each.lease.holder)
                self.numbers[each.lease.holder] = each.lease.number

    @initialize()
    def begin(self) -> None:
        self.follow(self.leases.tick(0))

    @rule(holder=st.sampled_from("abc"), rank=st.sampled_from(RANKS))
    def claims(self, holder: str, rank: PtzRank) -> None:
        before = self.leases.lease(CAM)
        try:
            told = claim(self.leases, holder, rank, self.now_ns)
        except LeaseRefused:
            assert self.leases.lease(CAM) == before
            assert self.restricted or (before.holder != holder and before.rank >= rank)
            return
        assert before is None or before.holder == holder or before.rank < rank
        self.follow(told)

    @rule(holder=st.sampled_from("abc"))
    def moves(self, holder: str) -> None:
        lease = self.leases.lease(CAM)
        try:
            self.leases.use(CAM, self.numbers.get(holder, 0), self.now_ns, moving=True)
        except LeaseLost:
            assert lease is None or lease.holder != holder
            return
        assert lease.holder == holder
        self.moves_for, self.ordered_at_ns = holder, self.now_ns

    @rule(holder=st.sampled_from("abc"))
    def gives_back(self, holder: str) -> None:
        self.follow(self.leases.give_back(CAM, self.numbers.get(holder, 0), self.now_ns))

    @rule(holder=st.sampled_from("abc"))
    def is_revoked(self, holder: str) -> None:
        self.follow(self.leases.revoke(holder, self.now_ns))
        lease = self.leases.lease(CAM)
        assert lease is None or lease.holder != holder

    @rule(restricted=st.booleans())
    def is_restricted(self, restricted: bool) -> None:
        self.restricted = restricted
        self.follow(self.leases.restrict(restricted, self.now_ns))

    @rule(waited_s=st.sampled_from([0.1, 0.3, 1.0, 30.0, 61.0]))
    def waits(self, waited_s: float) -> None:
        self.now_ns += int(waited_s * NS_PER_S)
        self.follow(self.leases.tick(self.now_ns))

    @invariant()
    def what_moves_moves_for_its_holder_who_repeated_it_lately(self) -> None:
        lease = self.leases.lease(CAM)
        if self.moves_for is not None:
            assert lease is not None
            assert lease.holder == self.moves_for
            assert self.now_ns - self.ordered_at_ns < DEAD_MAN_NS
        if self.restricted and lease is not None:
            assert lease.rank >= PtzRank.CHIEF


Arbiter.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestArbiter = Arbiter.TestCase
