"""The licence to use the cohort: it accounts for exactly what a node would that takes every GOP."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from csu.hal.media import Gap, GapCause, SegmentTable
from csu.recording import Rollover
from sim.cohort import GOP_NS, ClockError, Cohort, CohortCamera, Outage, disjoint
from sim.served import Served

EPOCH_NS = 1_795_392_000 * NS_PER_S
MINUTES = 6
CAUSES = [GapCause.CAMERA_LOST, GapCause.PACKETS_LOST, GapCause.DISK]

Interval = tuple[int, int]


@dataclass
class Account:
    """What was accounted for one camera: segments as (start, end), gaps joined where one cause goes on."""

    segments: list[Interval] = field(default_factory=list)
    gaps: list[tuple[int, int, GapCause]] = field(default_factory=list)

    def gap(self, start_ns: int, end_ns: int, cause: GapCause) -> None:
        if start_ns == end_ns:
            return
        if self.gaps and self.gaps[-1][1] == start_ns and self.gaps[-1][2] is cause:
            start_ns = self.gaps.pop()[0]
        self.gaps.append((start_ns, end_ns, cause))


WEIGHT = {GapCause.CAMERA_LOST: 2, GapCause.DISK: 1, GapCause.PACKETS_LOST: 0}


def gop_by_gop(camera: CohortCamera, outages: list[Outage], begun_ns: int, stopped_ns: int) -> Account:
    """The reference: one GOP after the other, with the engine's own roll-over rule, and raw, overlapping outages."""
    account, rollover = Account(), Rollover(camera.assignment.record.number)
    edges = sorted({edge for o in outages for edge in (o.start_ns, o.end_ns)})
    open_since: int | None = None
    missing_since = begun_ns
    gop_ns = begun_ns + (camera.gop_phase_ns - begun_ns) % GOP_NS

    def cause(at_ns: int) -> GapCause:
        """Of the causes at that instant the heaviest; after the last of them it is still what is waited for."""
        last = max((edge for edge in edges if edge <= at_ns), default=begun_ns)
        while True:
            now = [o for o in outages if o.start_ns <= last < o.end_ns]
            if now:
                return max(now, key=lambda o: (WEIGHT[o.cause], o.start_ns)).cause
            if last <= begun_ns:
                return GapCause.STARTING
            last = max((edge for edge in edges if edge < last), default=begun_ns)
            if last < begun_ns and not any(o.start_ns <= begun_ns < o.end_ns for o in outages):
                return GapCause.STARTING

    def miss_until(at_ns: int) -> None:
        """Account for [missing_since, at_ns), each stretch with its cause."""
        nonlocal missing_since
        for edge in [*(e for e in edges if missing_since < e < at_ns), at_ns]:
            account.gap(missing_since, edge, cause(missing_since))
            missing_since = edge

    while gop_ns < stopped_ns:
        end_ns = min(gop_ns + GOP_NS, stopped_ns)
        if not any(o.start_ns <= gop_ns < o.end_ns for o in outages):
            miss_until(gop_ns)
            if open_since is not None and rollover.should_cut(open_since, gop_ns, is_key=True):
                account.segments.append((open_since, gop_ns))
                open_since = None
            open_since = gop_ns if open_since is None else open_since
            cut_ns = min([o.start_ns for o in outages if gop_ns < o.start_ns < end_ns], default=end_ns)
            missing_since = cut_ns
            if cut_ns < end_ns:
                account.segments.append((open_since, cut_ns))
                open_since = None
        elif open_since is not None:
            account.segments.append((open_since, gop_ns))
            open_since = None
        gop_ns += GOP_NS
    if open_since is not None:
        account.segments.append((open_since, stopped_ns))
    miss_until(stopped_ns)
    return account


def closed_form(cameras: list[CohortCamera], begun_ns: int, stopped_ns: int) -> list[Account]:
    """The cohort's account of the same stretch, minute by minute, in the order of its manifests."""
    cohort, accounts = Cohort(cameras, begun_ns), [Account() for _ in cameras]
    index = {camera.camera: i for i, camera in enumerate(cameras)}
    at_ns = begun_ns
    while at_ns < stopped_ns:
        at_ns = min(at_ns // NS_PER_MINUTE * NS_PER_MINUTE + NS_PER_MINUTE, stopped_ns)
        table, gaps = cohort.account(at_ns, last=at_ns == stopped_ns)
        for i, start, duration in zip(
            table.camera.tolist(), table.start_ns.tolist(), table.duration_ms.tolist(), strict=True
        ):
            accounts[i].segments.append((start, start + duration * NS_PER_MS))
        for gap in gaps:
            accounts[index[gap.camera]].gap(gap.start_ns, gap.end_ns, gap.cause)
    return accounts


at_ms = st.integers(-5_000, MINUTES * 60_000)
length_ms = st.one_of(st.integers(1, 3_000), st.integers(1, 200_000))
outage = st.builds(
    lambda start, length, cause: Outage(EPOCH_NS + start * NS_PER_MS, EPOCH_NS + (start + length) * NS_PER_MS, cause),
    at_ms,
    length_ms,
    st.sampled_from(CAUSES),
)
camera_plan = st.tuples(st.integers(1, 16_383), st.integers(0, 999), st.lists(outage, max_size=6))


@pytest.mark.parametrize("partial", [False, True])
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_the_cohort_accounts_for_exactly_what_a_node_fed_gop_by_gop_does(partial: bool, data: st.DataObject) -> None:
    plans = data.draw(st.lists(camera_plan, min_size=1, max_size=3, unique_by=lambda plan: plan[0]))
    begun_ns = EPOCH_NS + (data.draw(st.integers(0, 90_000)) * NS_PER_MS if partial else 0)
    stopped_ns = EPOCH_NS + MINUTES * NS_PER_MINUTE - (data.draw(st.integers(0, 90_000)) * NS_PER_MS if partial else 0)
    cameras = [make_camera(number, phase, outages) for number, phase, outages in plans]
    expected = [gop_by_gop(camera, plan[2], begun_ns, stopped_ns) for camera, plan in zip(cameras, plans, strict=True)]
    assert closed_form(cameras, begun_ns, stopped_ns) == expected


def make_camera(number: int, gop_phase_ms: int, outages: list[Outage]) -> CohortCamera:
    from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
    from csu.hal.media import Assignment

    record = CameraRecord(CameraId(f"cam-{number}"), number, "x", CommuneId("x"), ViewType.WIDE)
    assignment = Assignment(record, StreamAddress("sim://x"), None, False, (), 2.5, 1)
    return CohortCamera(assignment, gop_phase_ms * NS_PER_MS, 2_500_000, outages=disjoint(outages))


closing = st.tuples(st.integers(0, 120_000), st.integers(1, 120_000))
"""(open for, closed for) in ms."""


def windows(begun_ns: int, stopped_ns: int, closings: list[tuple[int, int]]) -> list[Interval]:
    """When a camera is served."""
    found, at_ns = [], begun_ns
    for open_ms, closed_ms in closings:
        found.append((at_ns, min(at_ns + open_ms * NS_PER_MS, stopped_ns)))
        at_ns += (open_ms + closed_ms) * NS_PER_MS
    return [(start, end) for start, end in [*found, (at_ns, stopped_ns)] if start < end]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_cameras_closed_and_opened_within_an_epoch_are_accounted_for_as_gop_by_gop(data: st.DataObject) -> None:
    """Half of the closings are told to the node, half it makes by itself at `until_ns`, as when it is cut off."""
    plans = data.draw(st.lists(camera_plan, min_size=1, max_size=3, unique_by=lambda plan: plan[0]))
    begun_ns = EPOCH_NS + data.draw(st.integers(0, 90_000)) * NS_PER_MS
    stopped_ns = EPOCH_NS + MINUTES * NS_PER_MINUTE + data.draw(st.integers(0, 59_999)) * NS_PER_MS
    cameras = [make_camera(number, phase, outages) for number, phase, outages in plans]
    served = [windows(begun_ns, stopped_ns, data.draw(st.lists(closing, max_size=3))) for _ in cameras]
    by_itself = data.draw(st.booleans())

    def given_at(at_ns: int) -> list[CohortCamera]:
        found = []
        for camera, spans in zip(cameras, served, strict=True):
            for start, end in spans:
                if start <= at_ns < end:
                    until_ns = end if by_itself and end < stopped_ns else None
                    found.append(replace(camera, assignment=replace(camera.assignment, until_ns=until_ns)))
        return found

    edges = {start for spans in served for start, _ in spans}
    if not by_itself:
        edges |= {end for spans in served for _, end in spans}
    node = Served(given_at(begun_ns), begun_ns, {})
    for at_ns in sorted(edges - {begun_ns, stopped_ns}):
        node.give(given_at(at_ns), at_ns)
    found = {camera.camera: Account() for camera in cameras}
    at_ns = begun_ns
    while at_ns < stopped_ns:
        at_ns = min(at_ns // NS_PER_MINUTE * NS_PER_MINUTE + NS_PER_MINUTE, stopped_ns)
        roster, table, gaps = node.account(at_ns, last=at_ns == stopped_ns)
        for i, start, duration in zip(
            table.camera.tolist(), table.start_ns.tolist(), table.duration_ms.tolist(), strict=True
        ):
            found[roster[i]].segments.append((start, start + duration * NS_PER_MS))
        for gap in gaps:
            found[gap.camera].gap(gap.start_ns, gap.end_ns, gap.cause)
    for camera, plan, spans in zip(cameras, plans, served, strict=True):
        expected = Account()
        for start, end in spans:
            once = gop_by_gop(camera, plan[2], start, end)
            expected.segments += once.segments
            for piece in once.gaps:
                expected.gap(*piece)
        assert found[camera.camera] == expected


def test_packets_lost_within_a_power_cut_leave_it_a_power_cut() -> None:
    cut = Outage(EPOCH_NS, EPOCH_NS + 60 * NS_PER_S, GapCause.CAMERA_LOST)
    lost = Outage(EPOCH_NS + 10 * NS_PER_S, EPOCH_NS + 12 * NS_PER_S, GapCause.PACKETS_LOST)
    assert disjoint([lost, cut]) == (cut,)


def test_of_two_causes_at_once_the_lighter_one_counts_where_it_is_alone() -> None:
    cut = Outage(EPOCH_NS, EPOCH_NS + 60 * NS_PER_S, GapCause.CAMERA_LOST)
    disk = Outage(EPOCH_NS + 10 * NS_PER_S, EPOCH_NS + 90 * NS_PER_S, GapCause.DISK)
    assert disjoint([disk, cut]) == (cut, Outage(cut.end_ns, disk.end_ns, GapCause.DISK))


def test_a_node_that_serves_no_camera_accounts_for_nothing() -> None:
    node = Served([], EPOCH_NS, {})
    for minute in (1, 2, 3):
        roster, table, gaps = node.account(EPOCH_NS + minute * NS_PER_MINUTE)
        assert (roster, len(table), gaps) == ((), 0, ())


def test_segments_and_gaps_together_cover_every_millisecond_once(build_camera, epoch_ns) -> None:
    lost = Outage(epoch_ns + 90_500 * NS_PER_MS, epoch_ns + 200_250 * NS_PER_MS, GapCause.CAMERA_LOST)
    (account,) = closed_form([build_camera(7, 400, [lost])], epoch_ns, epoch_ns + MINUTES * NS_PER_MINUTE)
    pieces = sorted(account.segments + [(start, end) for start, end, _ in account.gaps])
    assert pieces[0][0] == epoch_ns
    assert pieces[-1][1] == epoch_ns + MINUTES * NS_PER_MINUTE
    assert all(before[1] == after[0] for before, after in zip(pieces, pieces[1:], strict=False))


def test_recording_goes_on_at_the_first_gop_after_the_outage(build_camera, epoch_ns) -> None:
    lost = Outage(epoch_ns + 90_500 * NS_PER_MS, epoch_ns + 100_401 * NS_PER_MS, GapCause.CAMERA_LOST)
    (account,) = closed_form([build_camera(7, 400, [lost])], epoch_ns, epoch_ns + MINUTES * NS_PER_MINUTE)
    assert account.gaps[1] == (lost.start_ns, epoch_ns + 101_400 * NS_PER_MS, GapCause.CAMERA_LOST)


def test_a_new_epoch_owns_up_to_what_the_crash_lost(build_camera, epoch_ns) -> None:
    camera = build_camera(7)
    before = Cohort([camera], epoch_ns)
    before.account(epoch_ns + NS_PER_MINUTE)
    lost_since = before.accounted_until_ns()
    restarted_ns = epoch_ns + 150 * NS_PER_S
    _, gaps = Cohort([camera], restarted_ns, lost_since).account(epoch_ns + 3 * NS_PER_MINUTE)
    assert gaps[0] == Gap(camera.camera, lost_since[camera.camera], restarted_ns, GapCause.NODE_LOST)
    assert lost_since[camera.camera] <= epoch_ns + NS_PER_MINUTE


def test_a_size_depends_on_the_camera_and_the_segments_start_and_on_nothing_else(build_camera, epoch_ns) -> None:
    alone, among_others = build_camera(7), [build_camera(3), build_camera(7)]
    table, _ = Cohort([alone], epoch_ns).account(epoch_ns + NS_PER_MINUTE)
    both, _ = Cohort(among_others, epoch_ns).account(epoch_ns + NS_PER_MINUTE)
    assert both.size_bytes[both.camera == 1].tolist() == table.size_bytes.tolist()


def test_sizes_worked_out_ahead_are_those_worked_out_one_by_one(build_camera, epoch_ns) -> None:
    lost = Outage(epoch_ns + 100 * NS_PER_MINUTE, epoch_ns + 101 * NS_PER_MINUTE, GapCause.CAMERA_LOST)
    cameras = [build_camera(1, 10), build_camera(2, 990, [lost])]
    ahead, one_by_one = Cohort(cameras, epoch_ns), Cohort(cameras, epoch_ns)
    for minute in range(1, 200):
        one_by_one._alike = None
        tables = [cohort.account(epoch_ns + minute * NS_PER_MINUTE)[0] for cohort in (ahead, one_by_one)]
        assert tables[0].size_bytes.tolist() == tables[1].size_bytes.tolist()
        assert tables[0].duration_ms.tolist() == tables[1].duration_ms.tolist()


def test_minutes_without_a_camera_are_those_worked_out_one_by_one_in_the_columns_of_the_minute_before(
    build_camera, epoch_ns, monkeypatch
) -> None:
    def lost(first: int, last: int) -> Outage:
        return Outage(epoch_ns + first * NS_PER_MINUTE, epoch_ns + last * NS_PER_MINUTE, GapCause.CAMERA_LOST)

    outages = [[lost(5, 30), lost(31, 90)], [], [lost(12, 20), lost(60, 61), lost(85, 99)]]
    cameras = [build_camera(number, 300 * number, of_camera) for number, of_camera in enumerate(outages, start=1)]
    clock = ClockError(epoch_ns + 7 * NS_PER_MINUTE, epoch_ns + 70 * NS_PER_MINUTE, 1500)
    cameras[1] = replace(cameras[1], clock_errors=(clock,))
    usual, one_by_one = Cohort(cameras, epoch_ns), Cohort(cameras, epoch_ns)
    names = [column.name for column in fields(SegmentTable)]
    tables = []
    for minute in range(1, 110):
        tables.append(usual.account(epoch_ns + minute * NS_PER_MINUTE))
        with monkeypatch.context() as patch:
            patch.setattr(Cohort, "_whole_minutes", lambda *args: None)
            other = one_by_one.account(epoch_ns + minute * NS_PER_MINUTE)
        assert tables[-1][1] == other[1]
        for name in names:
            assert getattr(tables[-1][0], name).tolist() == getattr(other[0], name).tolist(), (minute, name)
    same = sum(after.camera is before.camera for (before, _), (after, _) in pairwise(tables))
    assert same > 70, "as a rule nothing is worked out anew"


def test_an_outage_lasts_in_whole_milliseconds() -> None:
    with pytest.raises(ValueError, match="must last"):
        Outage(EPOCH_NS, EPOCH_NS, GapCause.DISK)
    with pytest.raises(ValueError, match="milliseconds"):
        Outage(EPOCH_NS, EPOCH_NS + 1, GapCause.DISK)
