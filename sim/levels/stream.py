"""A camera of level L1 as a device: small pictures of the street, encoded for real, with the faults of the scenario.

It answers at once and waits for nobody: `due_ns` says when there is something to come for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from csu.centre.media.inline_media import SILENCE_NS_MAX, STREAM_HZ, FedPacket, StreamEnded
from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.media import GapCause
from csu.hal.words import Words
from sim.cohort import CohortCamera
from sim.endpoints.encoder import Encoder, parameter_sets
from sim.endpoints.rtsp import StreamDescription, sdp_of
from sim.endpoints.spec import Codec, ViewFault, ViewFaultKind
from sim.endpoints.view import spoil, true_pose
from sim.fault_words import FaultKind
from sim.faults import Fault
from sim.intervals import Interval
from sim.levels.posts import HEIGHT_PX, PICTURE_EVERY_NS, STREET_SEED, WIDTH_PX, Mount
from sim.levels.witness import PixelWitness
from sim.street import I420, StreetPainter, canary_share, planes_of

FRAMES_PER_S = NS_PER_S // PICTURE_EVERY_NS
GOP_PICTURES = 4
LATENCY_NS = 40 * NS_PER_MS
_F = FaultKind
_CUTS = (_F.CAMERA_RESET, _F.FIRMWARE_RESET, _F.AUDIO_SWITCHED_ON)
"""What ends a connection at once: the device starts again, or its stream is set up anew."""
_RESET = Words("connexion coupée par l'appareil", "connection reset by the device")
_NO_ANSWER = Words("l'appareil ne répond pas", "the device does not answer")
_KNOCKED, _COVERED = ViewFault(ViewFaultKind.KNOCKED), ViewFault(ViewFaultKind.COVERED)

Due: TypeAlias = tuple[Nanoseconds, Nanoseconds | None]
"""When there is something, and the picture that it is: the instant at which it is taken."""


@dataclass(frozen=True, slots=True)
class Course:
    """What happens to one camera, by kind of fault."""

    dark: tuple[Interval, ...]
    """It sends nothing and answers nothing."""
    unsent: tuple[Interval, ...]
    """Its packets are lost."""
    full: tuple[Interval, ...]
    """The disk refuses what comes of it."""
    cuts_ns: tuple[Nanoseconds, ...]
    frozen: tuple[Interval, ...]
    covered: tuple[Interval, ...]
    knocked: tuple[Interval, ...]
    sound: tuple[Interval, ...]


def course_of(camera: CohortCamera, faults: Sequence[Fault]) -> Course:
    """Of the faults of this camera."""

    def times(*causes: GapCause) -> tuple[Interval, ...]:
        return tuple((outage.start_ns, outage.end_ns) for outage in camera.outages if outage.cause in causes)

    def of(kind: FaultKind) -> tuple[Interval, ...]:
        return tuple((fault.start_ns, fault.end_ns) for fault in faults if fault.kind is kind)

    return Course(
        times(GapCause.CAMERA_LOST),
        times(GapCause.PACKETS_LOST),
        times(GapCause.DISK),
        tuple(sorted(fault.start_ns for fault in faults if fault.kind in _CUTS)),
        of(_F.CAMERA_FROZEN),
        of(_F.CAMERA_COVERED),
        of(_F.CAMERA_KNOCKED),
        of(_F.AUDIO_SWITCHED_ON),
    )


class PixelStream:
    """A `csu.centre.media.inline_media.FedStream`."""

    def __init__(
        self,
        camera: CohortCamera,
        course: Course,
        mount: Mount,
        clock: Clock,
        begins_ns: Nanoseconds,
        witness: PixelWitness,
        *,
        has_microphone: bool,
    ) -> None:
        self._camera = camera
        self._course = course
        self._mount = mount
        self._clock = clock
        self._begins_ns = begins_ns
        self._witness = witness
        self._has_microphone = has_microphone
        self._painter = StreetPainter(STREET_SEED, WIDTH_PX, HEIGHT_PX)
        self._encoder = Encoder(Codec.H264, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S, GOP_PICTURES)
        self._heard_ns: Nanoseconds = 0
        self._next_ns: Nanoseconds = 0
        self._needs_key = True
        self._due: Due | None = None

    def due_ns(self) -> Nanoseconds:
        """When the open connection has something: a picture, its end, or a silence that has lasted too long."""
        if self._due is None:
            self._due = self._look_ahead()
        return self._due[0]

    def describe(self) -> str:
        """See FedStream.describe."""
        now_ns = self._clock.now_ns()
        if _within(self._course.dark, now_ns):
            raise StreamEnded(_NO_ANSWER)
        self._heard_ns, self._due, self._needs_key = now_ns, None, True
        self._next_ns = self._camera.next_gop_ns(now_ns)
        self._witness.forget(self._camera.camera)
        has_sound = self._has_microphone or _within(self._course.sound, now_ns)
        sets = parameter_sets(Codec.H264, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S)
        return sdp_of(self._camera.camera, StreamDescription(Codec.H264, sets, FRAMES_PER_S, has_sound))

    def packet(self) -> FedPacket | None:
        """See FedStream.packet."""
        now_ns, due = self._clock.now_ns(), self._due or self._look_ahead()
        self._due = None
        if due[1] is None:
            if any(self._heard_ns < cut_ns <= now_ns for cut_ns in self._course.cuts_ns):
                raise StreamEnded(_RESET)
            return None
        taken_ns, self._heard_ns, self._next_ns = due[1], now_ns, due[1] + PICTURE_EVERY_NS
        data, is_key = self._encoder.annex_b(self._draw(taken_ns), force_key=self._needs_key)
        self._needs_key = False
        wrong = (e.ahead_ms for e in self._camera.clock_errors if e.start_ns <= taken_ns < e.end_ns)
        camera_at_ns = taken_ns + (self._camera.clock_offset_ms + sum(wrong)) * NS_PER_MS
        pts = (taken_ns - self._begins_ns) // NS_PER_MS * (STREAM_HZ // 1000)
        return FedPacket(data, is_key, pts, now_ns, camera_at_ns)

    def _look_ahead(self) -> Due:
        silent_ns = self._heard_ns + SILENCE_NS_MAX
        ends_ns = min((cut_ns for cut_ns in self._course.cuts_ns if cut_ns > self._heard_ns), default=silent_ns)
        at_ns = self._next_ns
        while at_ns + LATENCY_NS < min(ends_ns, silent_ns):
            if not _within(self._course.dark, at_ns) and not _within(self._course.unsent, at_ns):
                return at_ns + LATENCY_NS, at_ns
            at_ns += PICTURE_EVERY_NS
        return min(ends_ns, silent_ns), None

    def _draw(self, taken_ns: Nanoseconds) -> I420:
        """What it sees; the witness hears what of it must not be seen."""
        shown_ns = next((start for start, end in self._course.frozen if start <= taken_ns < end), taken_ns)
        pose = self._mount.pose_at(shown_ns)
        if _within(self._course.knocked, shown_ns):
            pose = true_pose(pose, _KNOCKED, shown_ns)
        picture = self._painter.draw(pose, shown_ns)
        if _within(self._course.covered, shown_ns):
            spoil(picture, _COVERED)
        turned = any(self._mount.moving_at(at_ns) for at_ns in (taken_ns - PICTURE_EVERY_NS, taken_ns))
        self._witness.drawn(self._camera.camera, taken_ns, canary_share(planes_of(picture)), turned=turned)
        return picture


def _within(intervals: Iterable[Interval], at_ns: Nanoseconds) -> bool:
    return any(start_ns <= at_ns < end_ns for start_ns, end_ns in intervals)
