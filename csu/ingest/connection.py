"""One connection of one camera, from its first packet to its last: decode, mask, encode, hand on.

The clear picture lives here, between `Decoder` and `MaskStage.mask`, in one thread, and nowhere else (PRV-3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.frames import ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket
from csu.hal.media import Assignment, CameraEventKind, GapCause
from csu.hal.place import PoseReading
from csu.hal.words import NO_WORDS, Words
from csu.ingest.admission import Admission
from csu.ingest.capture_clock import CaptureClock
from csu.ingest.continuity import Continuity, FramesMissing, TimestampsJumped
from csu.ingest.decoder import Decoder, Picture
from csu.ingest.edge_connection import EdgeConnection, EdgeRoute
from csu.ingest.edge_trust import EdgeTrust
from csu.ingest.errors import CameraLost
from csu.ingest.overload import WorkDebt
from csu.ingest.ports import MaskRoute, MaskStage, PacketSink, PictureShape, PictureSink, RecordingSink
from csu.ingest.recording_run import RecordingRun
from csu.ingest.session import Arrival, Session
from csu.ingest.tally import Tally

LOSS_TOLD_EVERY_NS = 60 * NS_PER_S
"""Losses are counted each time and told to a person at most this often."""
PICTURES_WAITING_MAX = 12
"""Pictures held back, at most: at the start until their rate is known, of a PTZ until its pose is."""
POSE_AWAITED_NS = 150 * NS_PER_MS
"""How long after it came a PTZ's picture waits for a reading of the pose that is as young as itself: readings come each
100 ms or so. After that it is masked for all that may have happened since the last one."""
CLOCK_STEP_NS = 100 * NS_PER_MS
"""The host's clock was set, if it and the monotonic one part by more from one packet to the next."""
READINGS_KEPT = 32
"""Three seconds of readings: ten times what a mask looks at."""
FRAMES_PER_S_UNKNOWN = 12.5


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where masked pictures go."""

    route: MaskRoute
    recorder: RecordingSink
    live: PacketSink
    pictures: PictureSink | None
    edge: EdgeRoute | None = None
    """For cameras that mask by themselves; None: the engine masks all."""


class Directions:
    """What the node tells a camera's thread while it works. Each field is replaced whole: no lock is needed."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.readings: tuple[PoseReading, ...] = ()
        """The newest ones, oldest first."""

    def look(self, reading: PoseReading | None) -> None:
        """Where the camera looks now; None, or a time that goes back: what was told before says nothing any more."""
        known = self.readings
        if reading is None or (known and reading.at_ns <= known[-1].at_ns):
            known = ()
        self.readings = known if reading is None else (*known, reading)[-READINGS_KEPT:]


Tell = Callable[[CameraEventKind, Words], None]
_Masked = tuple[MaskedFrame, Callable[[], Iterable[MaskedPacket]]]
"""A masked picture, and what makes its packets: the wall has it before the encoder begins."""


class Connection:
    """Feed it a session's arrivals with `steps`; it ends with the session, or raises what ended it."""

    def __init__(
        self,
        directions: Directions,
        outlets: Outlets,
        clock: Clock,
        tally: Tally,
        tell: Tell,
        first_sequence: int,
        edge_trust: EdgeTrust | None = None,
    ) -> None:
        """`edge_trust`: what is known of the camera's own masks; None: nothing is ever left to it."""
        self._directions = directions
        self._outlets = outlets
        self._clock = clock
        self._tally = tally
        self._tell = tell
        self._camera = directions.assignment.record.camera
        self._capture = CaptureClock()
        self._continuity = Continuity()
        self._debt = WorkDebt()
        self._waiting: deque[tuple[Picture, bool]] = deque()
        """With each, whether it was predicted from what came."""
        self._is_whole = True
        """Since the last key picture none is missing: what is decoded is what the camera saw."""
        self._stage: MaskStage | None = None
        self._stage_of: tuple[Assignment, PictureShape] | None = None
        self._edge_trust = edge_trust
        self._edge: EdgeConnection | None = None
        self._recording: RecordingRun | None = None
        self._declared_frames_per_s: float | None = None
        self._note = NO_WORDS
        self._given_up = 0
        self._loss_told_at_ns: Nanoseconds | None = None
        self._frames_lost = 0
        self._clock_ahead_ns: Nanoseconds | None = None
        self._is_live = False
        self.sequence = first_sequence
        """The next picture's number: goes on over connections, so that the frame mark does."""

    @property
    def recorded_until_ns(self) -> Nanoseconds | None:
        """Where this connection's recording ends; None when it recorded nothing."""
        return self._recording.end_ns if self._recording else None

    def steps(self, session: Session, admission: Admission) -> Iterator[None]:
        """Until the session ends or fails, a step for each arrival. What was recorded is closed properly in every
        case, also when whoever steps leaves off and closes the iterator."""
        decoder = Decoder(self._camera, session.decoder, admission, is_annex_b=session.is_annex_b)
        self._declared_frames_per_s, self._note = session.frames_per_s, session.note
        self._continuity = Continuity(session.frames_per_s)
        if self._outlets.edge is not None and self._edge_trust is not None:
            sets_beside = bytes(session.decoder.extradata or b"")
            self._edge = EdgeConnection(self._outlets.edge, self._edge_trust, self._tell, sets_beside)
        last_ns: Nanoseconds | None = None
        try:
            for arrival in session.arrivals():
                began_ns = self._clock.monotonic_ns()
                self._take(arrival, decoder)
                stream_ns = arrival.pts_ns - last_ns if arrival is not None and last_ns is not None else 0
                last_ns = arrival.pts_ns if arrival is not None else last_ns
                self._debt.worked(self._clock.monotonic_ns() - began_ns, stream_ns)
                yield
        finally:
            self._close()

    def _close(self) -> None:
        try:
            if self._stage is not None:
                self._mask_waiting(all_of_them=True)
            self._end_stage()
        finally:
            if self._edge is not None:
                self._edge.close()
            if self._recording is not None:
                self._recording.end()
            self._outlets.live.end()

    def _take(self, arrival: Arrival | None, decoder: Decoder) -> None:
        if arrival is None:
            self._show(decoder.drain())
            return
        self._notice_clock_step()
        step = self._capture.packet(arrival.pts_ns, arrival.arrived_at_ns, arrival.camera_at_ns)
        if step is not None:
            jump = f"{step.step_ms} ms"
            self._tell(
                CameraEventKind.LIVE,
                Words(f"l'horloge de la caméra a sauté de {jump}", f"the camera's clock jumped by {jump}"),
            )
        if not self._debt.takes(arrival.packet.is_keyframe):
            self._give_up()
            return
        if self._given_up:
            self._given_up = 0
            decoder.forget()
            self._continuity = Continuity(self._declared_frames_per_s)
            if self._edge is not None:
                self._edge.interrupt()
        if self._edge is not None and self._directions.assignment.edge is not None:
            self._edge.packet(arrival.pts_ns, bytes(arrival.packet))
        self._show(decoder.decode(arrival.packet))

    def _notice_clock_step(self) -> None:
        """Readings and arrivals are set side by side: after a step of our clock those of before would lie."""
        before_ns, ahead_ns = self._clock_ahead_ns, self._clock.now_ns() - self._clock.monotonic_ns()
        self._clock_ahead_ns = ahead_ns
        if before_ns is not None and abs(ahead_ns - before_ns) > CLOCK_STEP_NS:
            self._capture.our_clock_stepped()
            self._directions.look(None)

    def _give_up(self) -> None:
        if not self._given_up:
            self._mask_waiting(all_of_them=True)
        if not self._given_up and self.recorded_until_ns is not None:
            self._tally.interrupted(self.recorded_until_ns, GapCause.OVERLOAD)
        self._given_up += 1
        self._tally.count("dropped")

    def _show(self, pictures: Iterable[Picture]) -> None:
        for picture in pictures:
            self._tally.count("decoded")
            found = self._continuity.packet(picture.pts_ns)
            self._is_whole = picture.is_key or (self._is_whole and found is None)
            self._notice_loss(found)
            self._waiting.append((picture, self._is_whole))
        self._mask_waiting()

    def _mask_waiting(self, *, all_of_them: bool = False) -> None:
        """Hand on the pictures that need not wait any longer. Only pictures wait, never this thread: where a stream has
        fallen behind, all its pictures are late enough and none waits."""
        while self._waiting and (all_of_them or not self._must_wait(*self._waiting[0])):
            picture, is_whole = self._waiting.popleft()
            try:
                self._mask_and_hand_on(picture, is_whole=is_whole)
            except BaseException:
                self._waiting.clear()  # what could not be masked or handed on once is not tried with the others
                raise

    def _must_wait(self, picture: Picture, is_whole: bool) -> bool:
        if len(self._waiting) >= PICTURES_WAITING_MAX or (self._edge is not None and self._edge.is_kept):
            return False
        if not is_whole and self._stage is not None:
            return False  # no reading says where it was taken
        if self._stage is None and self._rate() is None:
            return True
        captured = self._capture.about(picture.pts_ns)
        came_ns = captured.at_ns if captured.at_latest_ns is None else captured.at_latest_ns
        if self._clock.now_ns() - came_ns >= POSE_AWAITED_NS:
            return False
        return not self._stage_for(picture).is_ready(captured, self._directions.readings)

    def _rate(self) -> float | None:
        return self._declared_frames_per_s or self._continuity.frames_per_s

    def _mask_and_hand_on(self, picture: Picture, *, is_whole: bool) -> None:
        clear = ClearFrame(self._camera, self.sequence, self._capture.captured(picture.pts_ns), picture.planes)
        self.sequence += 1
        masked, packets = self._take_as_masked(clear, picture) or self._mask(clear, picture, is_whole=is_whole)
        self._tally.count("masked")
        if masked.covered_share >= 1.0:
            self._tally.count("wholly_masked")
        if self._outlets.pictures is not None:
            self._outlets.pictures.accept(masked)
        self._hand_on(packets())

    def _mask(self, clear: ClearFrame, picture: Picture, *, is_whole: bool) -> _Masked:
        """Of a PTZ, a picture that was predicted from another than its encoder had shows another view than that of its
        time, moved on: no reading says which, and without one it is wholly masked (PRV-5)."""
        stage = self._stage_for(picture)
        is_dated = clear.captured.from_camera or not self._debt.is_behind
        readings = self._directions.readings if is_dated and is_whole else ()
        masked = stage.mask(clear, readings, self._clock.now_ns())
        return masked, lambda: stage.encode(masked)

    def _take_as_masked(self, clear: ClearFrame, picture: Picture) -> _Masked | None:
        """A picture that the camera itself has masked, once it was looked at; None: the engine must do it."""
        if self._edge is None:
            return None
        shape = self._shape_of(picture)
        kept = self._edge.take(clear, picture.pts_ns, self._directions.assignment, shape, self._clock.now_ns())
        if kept is None:
            return None
        if kept.begins is not None:
            self._end_stage()
            self._begin_run(kept.begins, shape)
        return kept.frame, lambda: (kept.packet,)

    def _hand_on(self, packets: Iterable[MaskedPacket]) -> None:
        for packet in packets:
            if self._recording is not None:
                self._recording.write(packet, self._capture.offset_ms)
            self._outlets.live.write(packet, self._capture.offset_ms)

    def _stage_for(self, picture: Picture) -> MaskStage:
        planes, assignment = picture.planes, self._directions.assignment
        size = (planes.width_px, planes.height_px)
        if self._stage_of is not None:
            known_assignment, known = self._stage_of
            if self._stage is not None and known_assignment is assignment and known.fits(planes):
                return self._stage
            self._end_stage()
            if (known.width_px, known.height_px) != size:
                before, after = f"{known.width_px}x{known.height_px}", f"{size[0]}x{size[1]}"
                self._tell(
                    CameraEventKind.SIZE_CHANGED,
                    Words(
                        f"les images passent de {before} à {after}", f"the pictures changed from {before} to {after}"
                    ),
                )
        shape = self._shape_of(picture)
        stage = self._outlets.route(assignment, shape)
        self._stage, self._stage_of = stage, (assignment, shape)
        self._begin_run(stage.format, shape)
        return stage

    def _shape_of(self, picture: Picture) -> PictureShape:
        planes, rate = picture.planes, self._rate() or FRAMES_PER_S_UNKNOWN
        size = (planes.width_px, planes.height_px)
        return PictureShape(*size, planes.full_range, rate, planes.depth_bits, planes.chroma)

    def _begin_run(self, encoded: EncodedFormat, shape: PictureShape) -> None:
        """Packets of this format follow, from either route: a new segment, and a new start for whoever watches."""
        if self._recording is None:
            interval_ns = round(NS_PER_S / shape.frames_per_s)
            self._recording = RecordingRun(self._outlets.recorder, self._tally, self._tell, interval_ns)
        self._recording.begin(encoded)
        self._outlets.live.begin(encoded)
        if not self._is_live:
            self._is_live = True
            self._tell(CameraEventKind.LIVE, _shape_words(shape, self._note))

    def _end_stage(self) -> None:
        stage, self._stage = self._stage, None
        if stage is not None:
            self._hand_on(stage.flush())

    def _notice_loss(self, found: FramesMissing | TimestampsJumped | None) -> None:
        if isinstance(found, TimestampsJumped):
            raise CameraLost(
                Words(
                    f"les horodatages du flux ont sauté de {found.jump_ns / NS_PER_S:.1f} s",
                    f"the stream's timestamps jumped by {found.jump_ns / NS_PER_S:.1f} s",
                ),
                where=self._camera,
                what_to_do=Words(
                    "La connexion se refait d'elle-même ; vérifiez la caméra si cela continue",
                    "The connection is made again by itself; check the camera if it goes on",
                ),
            )
        if found is None:
            return
        if self._edge is not None:
            self._edge.interrupt()
        self._tally.count("packets_lost", found.count)
        self._frames_lost += found.count
        step_ns = (found.before_ns - found.after_ns) // (found.count + 1)
        # The picture after the hole has not been dated yet: shift the hole to where the next date will be.
        end_ns = self._capture.peek(found.before_ns)
        start_ns = end_ns - (found.before_ns - found.after_ns) + step_ns
        self._tally.hole(start_ns, end_ns, GapCause.PACKETS_LOST)
        now_ns = self._clock.monotonic_ns()
        if self._loss_told_at_ns is None or now_ns - self._loss_told_at_ns >= LOSS_TOLD_EVERY_NS:
            self._loss_told_at_ns = now_ns
            lost = self._frames_lost
            self._tell(
                CameraEventKind.PACKETS_LOST,
                Words(
                    f"images perdues en chemin depuis le dernier message : {lost}",
                    f"pictures lost on the way since the last word: {lost}",
                ),
            )
            self._frames_lost = 0


def _shape_words(shape: PictureShape, note: Words) -> Words:
    size, rate = f"{shape.width_px}x{shape.height_px}", f"{shape.frames_per_s:.3g}"
    told = Words(f"{size} à {rate} images/s", f"{size} at {rate} frames/s")
    return Words(f"{told.fr}, {note.fr}", f"{told.en}, {note.en}") if note else told
