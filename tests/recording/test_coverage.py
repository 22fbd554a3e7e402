"""The coverage ledger: recorded + seams + gaps + unaccounted = expected, whatever the nodes said."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.media import Gap, GapCause
from csu.recording.coverage import ACCOUNT_LAG_NS, SEAM_NS, Account, cover, coverage_of, paris_day

CAM = CameraId("cam-1")
S, HOUR = 1_000_000_000, 3600 * 1_000_000_000
BEGIN = 1_800_000_000 * S


def account(recorded=(), gaps=()):
    """Seconds after BEGIN: (start, end) each, (start, end, cause) each."""
    pieces = np.array([(BEGIN + round(a * S), BEGIN + round(b * S)) for a, b in recorded], np.int64).reshape(-1, 2)
    return Account(pieces, tuple(Gap(CAM, BEGIN + round(a * S), BEGIN + round(b * S), why) for a, b, why in gaps))


def covered(recorded=(), gaps=(), expected=((0, 100),), length_s=100):
    wanted = [(BEGIN + a * S, BEGIN + b * S) for a, b in expected]
    return cover(CAM, BEGIN, BEGIN + length_s * S, wanted, account(recorded, gaps))


def test_a_day_without_loss_is_all_recorded():
    line = covered([(0, 60), (60, 100)])
    assert (line.expected_ns, line.recorded_ns, line.gap_ns, line.unaccounted_ns) == (100 * S, 100 * S, 0, 0)
    assert line.recorded_share == line.received_share == 1


def test_a_gap_that_was_told_is_explained_and_one_that_was_not_is_unaccounted():
    line = covered([(0, 40), (50, 80)], [(40, 50, GapCause.DISK)])
    assert line.gaps == (Gap(CAM, BEGIN + 40 * S, BEGIN + 50 * S, GapCause.DISK),)
    assert line.unaccounted == ((BEGIN + 80 * S, BEGIN + 100 * S),)
    assert line.gap_ns_by_cause() == {GapCause.DISK: 10 * S}
    assert line.as_json()["unaccounted_s"] == 20


def test_nothing_known_at_all_is_wholly_unaccounted():
    assert covered().unaccounted_ns == 100 * S


def test_two_who_explain_the_same_second_are_counted_once_and_the_first_is_believed():
    line = covered([(0, 20)], [(20, 60, GapCause.CAMERA_LOST), (50, 100, GapCause.NODE_LOST)])
    assert line.gap_ns_by_cause() == {GapCause.CAMERA_LOST: 40 * S, GapCause.NODE_LOST: 40 * S}
    assert line.unaccounted_ns == 0


def test_what_was_declared_missing_and_recorded_all_the_same_is_recorded_and_told():
    line = covered([(0, 100)], [(10, 30, GapCause.OVERLOAD)])
    assert (line.recorded_ns, line.gap_ns, line.contradicted_ns) == (100 * S, 0, 20 * S)


def test_a_second_recorded_twice_counts_once_and_is_told():
    line = covered([(0, 60), (50, 100)])
    assert (line.recorded_ns, line.doubled_ns) == (100 * S, 10 * S)


def test_what_was_recorded_and_not_to_be_is_told():
    line = covered([(0, 100)], expected=[(20, 60)])
    assert (line.expected_ns, line.recorded_ns, line.unexpected_ns) == (40 * S, 40 * S, 60 * S)


def test_a_seam_is_no_loss_but_it_is_counted():
    seam_s = SEAM_NS / S
    line = covered([(0, 50), (50 + seam_s, 100)])
    assert (line.seams_ns, line.unaccounted_ns, line.recorded_share) == (SEAM_NS, 0, 1)
    wider = covered([(0, 50), (50 + seam_s + 0.001, 100)])
    assert (wider.seams_ns, wider.unaccounted_ns) == (0, SEAM_NS + S // 1000)


def test_pictures_that_came_and_were_not_kept_were_received():
    lost = [(50, 60, GapCause.DISK), (60, 80, GapCause.CAMERA_LOST)]
    line = covered([(0, 50), (80, 90)], lost)
    assert line.recorded_share == 0.6
    assert line.received_share == 0.7, "nobody said whether pictures came in the last ten seconds"


def test_a_camera_that_was_not_to_record_has_no_share():
    line = covered(expected=())
    assert (line.expected_ns, line.recorded_share, line.received_share) == (0, None, None)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2027, 3, 28), 23), (date(2027, 10, 31), 25), (date(2027, 2, 28), 24), (date(2028, 2, 29), 24)],
)
def test_a_day_of_paris_has_as_many_hours_as_it_has(day, hours):
    from_ns, to_ns = paris_day(day)
    assert to_ns - from_ns == hours * HOUR
    whole = Account(np.array([[from_ns, to_ns]], np.int64))
    assert cover(CAM, from_ns, to_ns, [(0, 2**62)], whole).recorded_ns == hours * HOUR


def test_days_of_paris_follow_each_other_without_hole():
    days = [date.fromordinal(date(2027, 1, 1).toordinal() + i) for i in range(800)]
    assert all(paris_day(one)[1] == paris_day(next_one)[0] for one, next_one in zip(days, days[1:], strict=False))
    assert paris_day(date(2027, 1, 1))[0] == 1_798_758_000 * S - 0, "2026-12-31T23:00:00Z"


class Known:
    def __init__(self, of_camera):
        self.of_camera = of_camera

    def accounts(self, cameras, from_ns, to_ns):
        return {camera: self.of_camera.get(camera, Account(np.empty((0, 2), np.int64))) for camera in cameras}


def test_what_nobody_can_have_told_yet_is_not_expected():
    now_ns = BEGIN + 60 * S + ACCOUNT_LAG_NS
    (line,) = coverage_of(Known({CAM: account([(0, 50)])}), {CAM: [(0, 2**62)]}, BEGIN, BEGIN + HOUR, now_ns=now_ns)
    assert (line.expected_ns, line.unaccounted_ns) == (60 * S, 10 * S)
    (early,) = coverage_of(Known({}), {CAM: [(0, 2**62)]}, BEGIN, BEGIN + HOUR, now_ns=BEGIN)
    assert early.expected_ns == 0


seconds = st.integers(-20, 120)
pieces = st.lists(st.tuples(seconds, st.integers(0, 50)).map(lambda p: (p[0], p[0] + p[1])), max_size=6)
causes = st.sampled_from(GapCause)


@given(pieces, st.lists(st.tuples(seconds, st.integers(0, 50), causes), max_size=6), pieces)
def test_every_second_is_one_thing_and_only_one(recorded, told, expected):
    """Against a list of seconds."""
    gaps = [(start, start + length, cause) for start, length, cause in told]
    line = covered(recorded, gaps, expected)
    wanted = {s for a, b in expected for s in range(a, b)} & set(range(100))
    kept = {s for a, b in recorded for s in range(a, b)}
    explained = {s for a, b, _ in gaps for s in range(a, b)}
    assert line.expected_ns == len(wanted) * S
    assert line.recorded_ns == len(wanted & kept) * S
    assert line.gap_ns == len((wanted & explained) - kept) * S
    assert line.unaccounted_ns == len(wanted - explained - kept) * S
    assert line.recorded_ns + line.seams_ns + line.gap_ns + line.unaccounted_ns == line.expected_ns
    assert line.unexpected_ns == len((kept & set(range(100))) - wanted) * S
    assert line.contradicted_ns == len(kept & explained & set(range(100))) * S
    in_order = sorted([*((g.start_ns, g.end_ns) for g in line.gaps), *line.unaccounted])
    assert all(one[1] <= other[0] for one, other in zip(in_order, in_order[1:], strict=False))
