import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.ingest.capture_clock import CaptureClock, ClockStep

NOW_NS = 1_800_000_000 * NS_PER_S
INTERVAL_NS = 80 * NS_PER_MS


def feed(clock: CaptureClock, frames: range, *, camera_ahead_ns: int | None, delays_ms: tuple[int, ...] = (5, 9, 40)):
    """Frames captured every 80 ms, arriving late by `delays_ms` in turn; the steps that were reported."""
    steps = []
    for number in frames:
        pts_ns = number * INTERVAL_NS
        true_ns = NOW_NS + pts_ns
        camera_ns = None if camera_ahead_ns is None else true_ns + camera_ahead_ns
        arrived_ns = true_ns + delays_ms[number % len(delays_ms)] * NS_PER_MS
        step = clock.packet(pts_ns, arrived_ns, camera_ns)
        steps += [step] if step else []
    return steps


def test_before_the_first_sender_report_the_arrival_dates_a_picture_and_says_so() -> None:
    clock = CaptureClock()
    feed(clock, range(30), camera_ahead_ns=None)
    captured = clock.captured(29 * INTERVAL_NS)
    assert not captured.from_camera
    assert captured.at_ns - (NOW_NS + 29 * INTERVAL_NS) == 5 * NS_PER_MS  # the smallest delay seen
    assert clock.offset_ms == 0


def test_after_it_the_camera_dates_its_pictures() -> None:
    clock = CaptureClock()
    feed(clock, range(30), camera_ahead_ns=0)
    captured = clock.captured(29 * INTERVAL_NS)
    assert captured.from_camera
    assert captured.at_ns == NOW_NS + 29 * INTERVAL_NS


@pytest.mark.parametrize("ahead_ms", [-5_000, -300, 0, 700, 86_400_000])
def test_the_camera_clocks_offset_is_measured_but_for_the_smallest_delay(ahead_ms: int) -> None:
    clock = CaptureClock()
    feed(clock, range(60), camera_ahead_ns=ahead_ms * NS_PER_MS)
    assert clock.offset_ms == ahead_ms - 5


def test_a_camera_that_is_out_by_more_than_a_second_does_not_date_its_pictures() -> None:
    """A camera set to 1970 would put its footage out of reach of retention."""
    clock = CaptureClock()
    feed(clock, range(30), camera_ahead_ns=-50 * 365 * 86_400 * NS_PER_S)
    captured = clock.captured(29 * INTERVAL_NS)
    assert not captured.from_camera
    assert abs(captured.at_ns - (NOW_NS + 29 * INTERVAL_NS)) < 50 * NS_PER_MS


def test_a_jump_of_the_cameras_clock_is_reported_once() -> None:
    clock = CaptureClock()
    assert feed(clock, range(30), camera_ahead_ns=0) == []
    assert feed(clock, range(30, 60), camera_ahead_ns=300 * NS_PER_MS) == [ClockStep(300)]
    assert clock.offset_ms == 295


def test_the_jitter_of_reports_is_smoothed_and_is_no_step() -> None:
    clock = CaptureClock()
    assert feed(clock, range(30), camera_ahead_ns=0) == []
    assert feed(clock, range(30, 31), camera_ahead_ns=40 * NS_PER_MS) == []
    at_ns = clock.captured(30 * INTERVAL_NS).at_ns
    assert at_ns - (NOW_NS + 30 * INTERVAL_NS) == 5 * NS_PER_MS  # an eighth of it


@given(st.lists(st.tuples(st.integers(0, 200), st.one_of(st.none(), st.integers(-3_000, 3_000))), max_size=60))
def test_capture_times_never_go_back_whatever_the_camera_says(frames: list[tuple[int, int | None]]) -> None:
    clock, last_ns = CaptureClock(), 0
    for number, (delay_ms, ahead_ms) in enumerate(frames):
        pts_ns = number * INTERVAL_NS
        camera_ns = None if ahead_ms is None else NOW_NS + pts_ns + ahead_ms * NS_PER_MS
        clock.packet(pts_ns, NOW_NS + pts_ns + delay_ms * NS_PER_MS, camera_ns)
        at_ns = clock.captured(pts_ns).at_ns
        assert at_ns > last_ns
        last_ns = at_ns


def test_when_our_own_clock_is_set_arrivals_from_before_say_nothing_any_more() -> None:
    clock = CaptureClock()
    feed(clock, range(30), camera_ahead_ns=None)
    pts_ns = 30 * INTERVAL_NS
    arrived_ns = NOW_NS + pts_ns + NS_PER_S  # by the clock that was set a second forward
    clock.our_clock_stepped()
    clock.packet(pts_ns, arrived_ns, None)
    assert clock.captured(pts_ns).at_latest_ns == arrived_ns
