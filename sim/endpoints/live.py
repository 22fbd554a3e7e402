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
    """One thread that serves many live cameras, each on its own grid of capture instants."""

    def __init__(self, clock: Clock, on_picture: OnPicture) -> None:
        self._clock = clock
        self._on_picture = on_picture
        self._changed = threading.Condition()
        self._due: list[tuple[Nanoseconds, int, LiveCamera]] = []
        self._order = itertools.count()
        self._stopped = False
        self.trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="studio", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the picture in work. Idempotent."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(timeout=5)

    def watch(self, camera: LiveCamera, profile: str) -> None:
        """Draw this stream of a camera from its next instant on, beginning with a key frame."""
        with self._changed:
            camera.watched |= {profile}
            camera.wants_key |= {profile}
            if not camera.scheduled:
                camera.scheduled = True
                heapq.heappush(self._due, (self._next_instant(camera), next(self._order), camera))
                self._changed.notify()

    def unwatch(self, camera: LiveCamera, profile: str) -> None:
        """Nobody watches this stream now."""
        with self._changed:
            camera.watched -= {profile}

    def _next_instant(self, camera: LiveCamera) -> Nanoseconds:
        """The next point of the camera's grid after now; the phase keeps cameras from being due all at once."""
        rate = camera.spec.frames_per_s
        phase_ns = _phase_ns(camera.spec)
        index = (self._clock.now_ns() - phase_ns) * rate // NS_PER_S + 1
        return index * NS_PER_S // rate + phase_ns

    def _run(self) -> None:
        try:
            while True:
                work = self._wait_for_work()
                if work is None:
                    return
                due_ns, camera, profiles, keys = work
                for profile, picture in camera.capture(due_ns, profiles, keys):
                    self._on_picture(camera, profile, picture)
        except BaseException as error:  # the thread's end must be told to those who serve, whatever ended it
            self.trouble = error
            raise

    def _wait_for_work(self) -> tuple[Nanoseconds, LiveCamera, frozenset[str], frozenset[str]] | None:
        with self._changed:
            while not self._stopped:
                if not self._due:
                    self._changed.wait()
                    continue
                due_ns, _, camera = self._due[0]
                wait_ns = due_ns - self._clock.now_ns()
                if wait_ns > 0:
                    self._changed.wait(min(wait_ns, NS_PER_S) / NS_PER_S)
                    if wait_ns > 2 * NS_PER_S:  # the host's clock was set back: find the grid again
                        self._reschedule(camera)
                    continue
                heapq.heappop(self._due)
                if not camera.watched:
                    camera.scheduled = False
                    camera.forget_stream()
                    continue
                following_ns = self._next_instant(camera)
                step_ns = NS_PER_S // camera.spec.frames_per_s
                camera.pictures_late += max(0, round((following_ns - due_ns) / step_ns) - 1)
                heapq.heappush(self._due, (following_ns, next(self._order), camera))
                keys, camera.wants_key = camera.wants_key, frozenset()
                return due_ns, camera, camera.watched, keys
        return None

    def _reschedule(self, camera: LiveCamera) -> None:
        heapq.heapreplace(self._due, (self._next_instant(camera), next(self._order), camera))


def _phase_ns(spec: EndpointSpec) -> Nanoseconds:
    # Sixteen phases within one frame: neighbours (numbers in a row) are spread best. Below half a frame, so that
    # rounding to the grid still finds the right frame number.
    step_ns = NS_PER_S // spec.frames_per_s
    return (spec.number * 5 % 16) * step_ns // 33
