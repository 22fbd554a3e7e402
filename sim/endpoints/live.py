"""Live cameras: threads that draw and encode each picture when it is due, for those that somebody watches."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import replace

import cv2

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.frame_mark import draw_mark
from sim.endpoints.encoder import EncodedPicture, Encoder
from sim.endpoints.pictures import PictureSource, open_source
from sim.endpoints.spec import EndpointSpec, Fault, FaultKind
from sim.street.i420 import I420, new_i420, planes_of

OnPicture = Callable[["LiveCamera", EncodedPicture], None]


def frame_number(at_ns: Nanoseconds, frames_per_s: int) -> int:
    """The capture counter at an instant on the camera's grid: counts since 1970, whether drawn or not."""
    return (at_ns * frames_per_s + NS_PER_S // 2) // NS_PER_S


class LiveCamera:
    """One camera: its source, its encoder, its place in time. `capture` is called by one worker thread only."""

    def __init__(self, spec: EndpointSpec) -> None:
        self.spec = spec
        self.fault: Fault | None = spec.fault
        self.watched = False
        self.wants_key = False
        self.pictures = 0
        self.pictures_late = 0
        self.scheduled = False
        self.source: PictureSource = open_source(spec)
        self._encoder: Encoder | None = None
        self._encoded = 0

    def capture(self, at_ns: Nanoseconds) -> EncodedPicture:
        """Draw and encode the picture of `at_ns`."""
        picture = self.source.draw(at_ns)
        if self._size_changed():
            picture = _halved(picture)
        planes = planes_of(picture)
        draw_mark(planes, self.spec.number, frame_number(at_ns, self.spec.frames_per_s))
        size = (planes.width_px, planes.height_px)
        if self._encoder is None or self._encoder.size_px != size:
            self._encoder = Encoder(self.spec.codec, *size, self.spec.frames_per_s)
        force_key, self.wants_key = self.wants_key, False
        encoded = self._encoder.encode(picture, at_ns, force_key=force_key)
        self._encoded += 1
        self.pictures += 1
        if self.fault is not None and self.fault.kind is FaultKind.NO_PARAMETER_SETS:
            return replace(encoded, payloads=encoded.payloads[encoded.parameter_payloads :], parameter_payloads=0)
        return encoded

    def forget_stream(self) -> None:
        """Nobody watches any more: the next watcher begins a new stream."""
        self._encoder = None
        self._encoded = 0

    def _size_changed(self) -> bool:
        fault = self.fault
        return fault is not None and fault.kind is FaultKind.SIZE_CHANGE and self._encoded >= fault.after_frames


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

    def watch(self, camera: LiveCamera) -> None:
        """Draw this camera from its next instant on, beginning with a key frame."""
        with self._changed:
            camera.watched = True
            camera.wants_key = True
            if not camera.scheduled:
                camera.scheduled = True
                heapq.heappush(self._due, (self._next_instant(camera), next(self._order), camera))
                self._changed.notify()

    def unwatch(self, camera: LiveCamera) -> None:
        """Nobody watches it now."""
        with self._changed:
            camera.watched = False

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
                due_ns, camera = work
                self._on_picture(camera, camera.capture(due_ns))
        except BaseException as error:  # the thread's end must be told to those who serve, whatever ended it
            self.trouble = error
            raise

    def _wait_for_work(self) -> tuple[Nanoseconds, LiveCamera] | None:
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
                return due_ns, camera
        return None

    def _reschedule(self, camera: LiveCamera) -> None:
        heapq.heapreplace(self._due, (self._next_instant(camera), next(self._order), camera))


def _phase_ns(spec: EndpointSpec) -> Nanoseconds:
    # Sixteen phases within one frame: neighbours (numbers in a row) are spread best. Below half a frame, so that
    # rounding to the grid still finds the right frame number.
    step_ns = NS_PER_S // spec.frames_per_s
    return (spec.number * 5 % 16) * step_ns // 33


def _halved(picture: I420) -> I420:
    planes = planes_of(picture)
    width, height = planes.width_px // 2 // 16 * 16, planes.height_px // 2 // 8 * 8
    smaller = new_i420(width, height)
    to = planes_of(smaller)
    cv2.resize(planes.y, (width, height), dst=to.y, interpolation=cv2.INTER_AREA)
    cv2.resize(planes.u, (width // 2, height // 2), dst=to.u, interpolation=cv2.INTER_AREA)
    cv2.resize(planes.v, (width // 2, height // 2), dst=to.v, interpolation=cv2.INTER_AREA)
    return smaller


def encode_loop(spec: EndpointSpec, seconds: int) -> tuple[EncodedPicture, ...]:
    """`seconds` of this endpoint, encoded once (canned mode), from the street's second `spec.number` on."""
    camera = LiveCamera(replace(spec, fault=None))
    rate = spec.frames_per_s
    first = spec.number * rate
    return tuple(camera.capture((first + index) * NS_PER_S // rate) for index in range(seconds * rate))
