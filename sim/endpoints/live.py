"""Live cameras: threads that draw and encode each picture when it is due, for those that somebody watches."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from sim.endpoints.encoder import EncodedPicture
from sim.endpoints.live_camera import LiveCamera
from sim.endpoints.spec import EndpointSpec

OnPicture = Callable[[LiveCamera, str, EncodedPicture], None]
"""A camera, the profile, the picture."""


class Studio:
    """Threads that serve many live cameras, each on its own grid of capture instants; whoever is free takes the next.

    A camera that turns costs four times one that stands still, so no thread has cameras of its own. One that had to
    wait leaves pictures out: what is drawn is never older than a step of its grid.
    """

    def __init__(self, clock: Clock, on_picture: OnPicture, threads: int) -> None:
        self._clock = clock
        self._on_picture = on_picture
        self._changed = threading.Condition()
        self._due: list[tuple[Nanoseconds, int, int, LiveCamera]] = []
        """When, the order among equals, the instant's number on the camera's grid. Without the cameras in work."""
        self._order = itertools.count()
        self._stopped = False
        self.trouble: BaseException | None = None
        self._threads = [threading.Thread(target=self._run, name="studio", daemon=True) for _ in range(threads)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, after the pictures in work. Idempotent."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def watch(self, camera: LiveCamera, profile: str) -> None:
        """Draw this stream of a camera from its next instant on, beginning with a key frame."""
        with self._changed:
            camera.watched |= {profile}
            camera.wants_key |= {profile}
            if not camera.scheduled:
                camera.scheduled = True
                self._schedule(camera, newest(camera.spec, self._clock.now_ns()) + 1)
                self._changed.notify_all()

    def unwatch(self, camera: LiveCamera, profile: str) -> None:
        """Nobody watches this stream now."""
        with self._changed:
            camera.watched -= {profile}

    def _schedule(self, camera: LiveCamera, index: int) -> None:
        heapq.heappush(self._due, (instant_ns(camera.spec, index), next(self._order), index, camera))

    def _run(self) -> None:
        try:
            while True:
                work = self._wait_for_work()
                if work is None:
                    return
                index, camera, profiles, keys = work
                for profile, picture in camera.capture(instant_ns(camera.spec, index), profiles, keys):
                    self._on_picture(camera, profile, picture)
                with self._changed:
                    self._schedule(camera, index + 1)
        except BaseException as error:  # the thread's end must be told to those who serve, whatever ended it
            self.trouble = error
            raise

    def _wait_for_work(self) -> tuple[int, LiveCamera, frozenset[str], frozenset[str]] | None:
        with self._changed:
            while not self._stopped:
                if not self._due:
                    self._changed.wait()
                    continue
                due_ns, _, due_index, camera = self._due[0]
                now_ns = self._clock.now_ns()
                wait_ns = due_ns - now_ns
                if wait_ns > 0:
                    self._changed.wait(min(wait_ns, NS_PER_S) / NS_PER_S)
                    if wait_ns > 2 * NS_PER_S:  # the host's clock was set back: find the grid again
                        self._find_grid_again()
                    continue
                heapq.heappop(self._due)
                if not camera.watched:
                    camera.scheduled = False
                    camera.forget_stream()
                    continue
                index = max(due_index, newest(camera.spec, now_ns))
                camera.pictures_late += index - due_index
                keys, camera.wants_key = camera.wants_key, frozenset()
                return index, camera, camera.watched, keys
        return None

    def _find_grid_again(self) -> None:
        if self._due:  # else another thread took the last one meanwhile
            camera = heapq.heappop(self._due)[3]
            self._schedule(camera, newest(camera.spec, self._clock.now_ns()) + 1)


def instant_ns(spec: EndpointSpec, index: int) -> Nanoseconds:
    """When a point of the camera's grid of captures is."""
    return index * NS_PER_S // spec.frames_per_s + _phase_ns(spec)


def newest(spec: EndpointSpec, now_ns: Nanoseconds) -> int:
    """The last point of the camera's grid that is not after now."""
    return (now_ns - _phase_ns(spec)) * spec.frames_per_s // NS_PER_S


def _phase_ns(spec: EndpointSpec) -> Nanoseconds:
    # Sixteen phases within one frame: neighbours (numbers in a row) are spread best. Below half a frame, so that
    # rounding to the grid still finds the right frame number.
    step_ns = NS_PER_S // spec.frames_per_s
    return (spec.number * 5 % 16) * step_ns // 33
