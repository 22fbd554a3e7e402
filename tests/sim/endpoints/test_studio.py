"""The threads that draw live cameras: none waits behind one that turns, and nobody is shown what was long ago."""

from __future__ import annotations

import threading
from collections import defaultdict

import pytest

from csu.hal.clock import NS_PER_MS, NS_PER_S
from sim.endpoints.live import Studio
from sim.endpoints.live_camera import LiveCamera
from sim.endpoints.spec import PROFILE, EndpointSpec

RATE = 12
STEP_NS = NS_PER_S // RATE
WITHIN_S = 20.0


class _Clock:
    """Goes on by a little at each look, and by as much as a picture costs."""

    def __init__(self) -> None:
        self._now_ns = 1_780_000_000 * NS_PER_S
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        return self.spend(5 * NS_PER_MS)

    def monotonic_ns(self) -> int:
        return self.now_ns()

    def spend(self, ns: int) -> int:
        with self._lock:
            self._now_ns += ns
            return self._now_ns


class _Camera(LiveCamera):
    """Draws nothing; notes what instant it was asked for, and how old that was."""

    def __init__(self, number: int, draw) -> None:
        super().__init__(EndpointSpec(f"cam-{number}", number, frames_per_s=RATE), 0)
        self._draw, self.busy = draw, threading.Lock()

    def capture(self, at_ns, profiles, keys=()):
        assert self.busy.acquire(blocking=False), "one picture of a camera at a time"
        try:
            self._draw(self, at_ns)
        finally:
            self.busy.release()
        return []


def _run(clock, cameras, threads: int, is_enough: threading.Event) -> Studio:
    studio = Studio(clock, lambda *_: None, threads)
    for camera in cameras:
        studio.watch(camera, PROFILE)
    studio.start()
    try:
        assert is_enough.wait(WITHIN_S), studio.trouble
    finally:
        studio.stop()
    assert studio.trouble is None
    return studio


@pytest.mark.parametrize("cameras", [1, 4])
def test_a_picture_is_never_older_than_a_step_when_it_is_drawn_however_long_the_others_took(cameras):
    clock, enough = _Clock(), threading.Event()
    ages_ns, shown = [], defaultdict(list)

    def draw(camera, at_ns):
        ages_ns.append(clock.now_ns() - at_ns)
        shown[camera.spec.number].append(at_ns)
        clock.spend(200 * NS_PER_MS)
        if len(ages_ns) >= 40:
            enough.set()

    drawn = [_Camera(number, draw) for number in range(1, cameras + 1)]
    _run(clock, drawn, 1, enough)
    assert max(ages_ns) <= STEP_NS + 20 * NS_PER_MS
    assert all(times == sorted(set(times)) for times in shown.values()), "each instant once, in their order"
    assert sum(map(len, shown.values())) >= 40
    for camera in drawn:
        times = shown[camera.spec.number]
        left_out = round((times[-1] - times[0]) / STEP_NS) - (len(times) - 1)
        assert 0 < left_out <= camera.pictures_late, "what was left out is counted"


def test_who_is_free_draws_the_next_camera_while_another_takes_long():
    clock, enough, three_drawn = _Clock(), threading.Event(), threading.Event()
    shown = defaultdict(int)

    def draw(camera, at_ns):
        shown[camera.spec.number] += 1
        if camera.spec.number == 1:
            assert three_drawn.wait(WITHIN_S), "the others waited for the slow one"
            enough.set()
        elif all(shown[number] >= 3 for number in (2, 3, 4)):
            three_drawn.set()

    _run(clock, [_Camera(number, draw) for number in range(1, 5)], 2, enough)
    assert all(shown[number] >= 3 for number in (2, 3, 4))
