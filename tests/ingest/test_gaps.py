from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import Gap, GapCause
from csu.ingest.gaps import GAPS_MAX, GapLedger

CAMERA = CameraId("cam-0001")


def gap(start_s: int, end_s: int, cause: GapCause) -> Gap:
    return Gap(CAMERA, start_s * NS_PER_S, end_s * NS_PER_S, cause)


def test_a_camera_begins_in_a_gap_that_its_first_recorded_picture_ends() -> None:
    ledger = GapLedger(CAMERA, 0)
    ledger.recording(3 * NS_PER_S)
    ledger.recording(4 * NS_PER_S)
    assert ledger.take(NS_PER_MINUTE) == (gap(0, 3, GapCause.STARTING),)
    assert ledger.open_cause is None


def test_an_open_gap_is_cut_at_the_minute_and_goes_on_in_the_next() -> None:
    ledger = GapLedger(CAMERA, 0)
    ledger.recording(0)
    ledger.interrupted(50 * NS_PER_S, GapCause.CAMERA_LOST)
    assert ledger.take(60 * NS_PER_S) == (gap(50, 60, GapCause.CAMERA_LOST),)
    ledger.recording(70 * NS_PER_S)
    assert ledger.take(120 * NS_PER_S) == (gap(60, 70, GapCause.CAMERA_LOST),)
    assert ledger.take(180 * NS_PER_S) == ()


def test_a_later_cause_takes_over_and_the_same_cause_goes_on() -> None:
    ledger = GapLedger(CAMERA, 0)
    ledger.interrupted(2 * NS_PER_S, GapCause.CAMERA_LOST)
    ledger.interrupted(5 * NS_PER_S, GapCause.CAMERA_LOST)
    ledger.interrupted(7 * NS_PER_S, GapCause.CAMERA_REFUSED)
    assert ledger.take(9 * NS_PER_S) == (
        gap(0, 2, GapCause.STARTING),
        gap(2, 7, GapCause.CAMERA_LOST),
        gap(7, 9, GapCause.CAMERA_REFUSED),
    )


def test_too_many_gaps_are_joined_and_never_forgotten() -> None:
    ledger = GapLedger(CAMERA, 0)
    ledger.recording(0)
    count = GAPS_MAX + 100
    for number in range(count):
        ledger.hole(2 * number, 2 * number + 1, GapCause.PACKETS_LOST)
    gaps = ledger.take(NS_PER_MINUTE)
    assert len(gaps) == GAPS_MAX
    assert gaps[-1].end_ns == 2 * count - 1


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.sampled_from(list(GapCause))), max_size=40))
def test_gaps_and_recording_together_cover_all_time_without_overlap(moves: list[tuple[bool, int, GapCause]]) -> None:
    ledger, now, recorded, is_recording, gaps = GapLedger(CAMERA, 0), 0, 0, False, []
    for records, seconds, cause in moves:
        if records:
            ledger.recording(now * NS_PER_S)
        else:
            ledger.interrupted(now * NS_PER_S, cause)
        is_recording = records
        now += seconds
        recorded += seconds if is_recording else 0
        gaps += ledger.take(now * NS_PER_S)
    assert sum(found.end_ns - found.start_ns for found in gaps) == (now - recorded) * NS_PER_S
    assert all(a.end_ns <= b.start_ns for a, b in zip(gaps, gaps[1:], strict=False))
