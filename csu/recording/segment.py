"""Writing one segment: masked packets to fragmented MP4 on a `Disk`, hashed and checked on the way.

What is there after the death of this process: the file under its partial name, whole up to the last fragment, which is
half a second long at most; after a power cut up to the last sync (`SYNC_EVERY_NS`). `recovery` makes a segment of
either. After `close`: the whole file under its final name, or nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import av
from av.container.output import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.disk import Disk, DiskFile
from csu.hal.errors import CsuError
from csu.hal.frames import EncodedFormat, MaskedPacket
from csu.hal.words import Words
from csu.recording.boxes import BoxError, BoxWalk
from csu.recording.chain import NO_LINK
from csu.recording.check import verdict
from csu.recording.errors import RecordingError
from csu.recording.frame_times import FrameTime, times_box
from csu.recording.names import segment_name
from csu.recording.sealed_disk import SealedFile

SYNC_EVERY_NS = 5 * NS_PER_S
"""What a power cut may cost at most, with the fragment being made. One sync per camera and second would be 65 syncs/s
on a node of 65 cameras, which a disk of rotating platters does not have; one per 5 s it has (decision 0011)."""

WRITE_BYTES = 256 << 10
"""How much the muxer hands over at a time. Half a second of 4 Mbit/s is 250 kB: one call back into Python instead of
eight, each of which wants the interpreter from 64 other cameras."""

FRAGMENT_NS_MAX = NS_PER_S // 2
"""A fragment ends at each key frame, and after this. It is what a killed process loses: fragments of a whole second
would lose a second and the picture that ends it, which is more than may be lost, and more still of a camera that masks
by itself and sends a key frame each two seconds (decision 0030)."""

HELD_BYTES_MAX = 8 << 20
"""A fragment is handed to the disk whole; a larger one than any camera makes goes in pieces."""

Turn: TypeAlias = AbstractContextManager[object]
"""Held while a fragment is muxed: a lock where many threads record, so that one of them muxes at a time. The muxer lets
go of the interpreter at each packet, and threads that all want it then spend more on taking turns than on the work."""
NO_TURN: Turn = nullcontext()

_MOVFLAGS = "frag_keyframe+empty_moov+default_base_moof+skip_trailer"
"""No index at the end (mfra): it would hold positions in the file, and our boxes of frame times move them."""


@dataclass(frozen=True, slots=True)
class ClosedSegment:
    """One file that is safe on disk: what a manifest says of it."""

    camera: CameraId
    name: str
    start_ns: Nanoseconds
    """Capture time of the first picture, UTC. Picture i was captured at `start_ns` + its pts."""
    duration_ms: int
    size_bytes: int
    sha256: bytes
    """Of the file as it lies on the disk, sealed."""
    mask_epoch: int
    clock_offset_ms: int
    """The camera's clock minus ours: the worst seen while the segment was open."""
    frames: int
    content_sha256: bytes = NO_LINK
    """Of what a reader with the key reads. Zeros: not known."""
    link: bytes = NO_LINK
    """Of the camera's chain (`csu.recording.chain`). Zeros: it is in none."""


class SegmentWriter:
    """One open segment. Its first packet must be a key frame. Any error means: call `abandon`, begin another."""

    def __init__(
        self,
        disk: Disk,
        encoded: EncodedFormat,
        first: MaskedPacket,
        record: CameraRecord | None = None,
        turn: Turn = NO_TURN,
    ) -> None:
        """Creates the file; `first` is not yet added. `record`: its place and commune are written into the file.

        Raises DiskError (KeyStoreError: there is no key), RecordingError.
        """
        self._record = record
        self._turn = turn
        self.clock_offset_ms = 0
        """The camera's clock minus ours, of the packets added next."""
        self.camera = first.camera
        self.mask_epoch = first.mask_epoch
        self.start_ns = first.captured.at_ns
        self.name = segment_name(first.camera, first.captured.at_ns)
        self._hz = encoded.time_base_hz
        self._tick = Fraction(1, encoded.time_base_hz)
        self._frame_ticks = max(1, round(encoded.time_base_hz / encoded.frames_per_s))
        self._first_pts = first.pts
        self._synced_pts = first.pts
        self._fragment_dts = first.dts
        self._waiting: list[MaskedPacket] = []
        """Packets the muxer has not been given yet: of the fragment that is being made."""
        self._waiting_bytes = 0
        self._frames = 0
        self._times: deque[FrameTime] = deque()
        """Of the pictures whose fragment is not written yet."""
        self._samples_written = 0
        self._sink = _Sink(disk.create(self.name))
        try:
            self._container = self._open(first)
            self._stream = self._add_track(encoded)
            self._container.start_encoding()
            self._sink.raise_trouble()
            self._sink.pass_on()
        except CsuError:
            self._sink.abandon()
            raise
        except (av.FFmpegError, ValueError) as error:
            self._sink.abandon()
            raise self._refused(error) from error

    def expected_at_ns(self, packet: MaskedPacket) -> Nanoseconds:
        """The capture time a reader of this file will compute for `packet`: `start_ns` + its pts."""
        return self.start_ns + (packet.pts - self._first_pts) * NS_PER_S // self._hz

    def add(self, packet: MaskedPacket) -> None:
        """Append one packet. The muxer gets those of a fragment together, once the next one's first is there: what it
        refuses is told then. Raises DiskError, RecordingError."""
        self._waiting.append(packet)
        self._waiting_bytes += len(packet.data)
        self._times.append(FrameTime(packet.captured.at_ns, self.clock_offset_ms, packet.captured.from_camera))
        if self._begins_fragment(packet) or self._waiting_bytes >= HELD_BYTES_MAX:
            self._fragment_dts = packet.dts
            self._mux_waiting()
            if self._sink.is_empty and (packet.pts - self._synced_pts) * NS_PER_S >= SYNC_EVERY_NS * self._hz:
                self._sink.file.sync()
                self._synced_pts = packet.pts

    def _begins_fragment(self, packet: MaskedPacket) -> bool:
        """The muxer's own rule: where it will end the fragment before this packet."""
        return packet.is_key or (packet.dts - self._fragment_dts) * NS_PER_S >= FRAGMENT_NS_MAX * self._hz

    def _mux_waiting(self) -> None:
        """Hand the muxer what waits, in one go and in our turn."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        try:
            with self._turn:
                for packet in waiting:
                    self._container.mux(self._sample(packet))
            self._sink.raise_trouble()
        except (av.FFmpegError, ValueError) as error:
            raise self._refused(error) from error
        self._frames += len(waiting)
        self._end_fragment()  # that of the pictures before the last one, if that one begins another

    def _sample(self, packet: MaskedPacket) -> av.Packet[Stream]:
        sample = av.Packet(packet.data)
        sample.stream = self._stream
        sample.time_base = self._tick
        sample.pts, sample.dts = packet.pts - self._first_pts, packet.dts - self._first_pts
        sample.duration = self._frame_ticks  # used for the last picture only: the others end where the next begins
        sample.is_keyframe = packet.is_key
        return sample

    def close(self, clock_offset_ms: int) -> ClosedSegment:
        """End the file, prove it, give it its name durably. Raises DiskError, RecordingError: then nothing was kept."""
        self._mux_waiting()
        try:
            self._container.close()
            self._sink.raise_trouble()
        except (av.FFmpegError, ValueError) as error:
            raise self._refused(error) from error
        self._end_fragment()
        found = verdict(self._sink.walk)
        if not found.playable or found.frames != self._frames or self._times:
            raise self._refused(found.problem or f"{found.frames} pictures on disk of {self._frames} given")
        self._sink.file.commit()
        file, content = self._sink.file, self._sink.content
        sealed = file if isinstance(file, SealedFile) else None
        return ClosedSegment(
            self.camera,
            self.name,
            self.start_ns,
            found.duration_ms,
            sealed.stored_bytes if sealed else content.size_bytes,
            sealed.stored_sha256 if sealed else content.digest.digest(),
            self.mask_epoch,
            clock_offset_ms,
            self._frames,
            content.digest.digest(),
        )

    def _end_fragment(self) -> None:
        """A fragment that the muxer has just made goes to the disk whole, with the times of its pictures."""
        count = self._sink.walk.samples - self._samples_written
        if not count or not self._sink.walk.is_between_boxes:
            return
        self._samples_written += count
        times = [self._times.popleft() for _ in range(min(count, len(self._times)))]
        self._sink.write(times_box(times))
        self._sink.raise_trouble()
        self._sink.pass_on()

    def abandon(self) -> None:
        """Give up: nothing stays on disk. Never raises."""
        self._sink.abandon()
        try:
            self._container.close()  # frees the muxer; its last bytes go nowhere
        except av.FFmpegError:
            return  # the muxer was already broken, which is why it is being abandoned

    def _open(self, first: MaskedPacket) -> OutputContainer:
        options = {
            "movflags": _MOVFLAGS,
            "frag_duration": str(FRAGMENT_NS_MAX // 1000),
            "video_track_timescale": str(self._hz),
        }
        container = av.open(self._sink, "w", format="mp4", options=options, buffer_size=WRITE_BYTES)
        about: dict[str, object] = {
            "camera": first.camera,
            "start_ns": first.captured.at_ns,
            "clock": "camera" if first.captured.from_camera else "arrival",
            "mask_epoch": first.mask_epoch,
        }
        if self._record is not None:
            about |= {"place": self._record.name, "commune": self._record.commune}
        container.metadata["comment"] = json.dumps(about, separators=(",", ":"))
        return container

    def _add_track(self, encoded: EncodedFormat) -> VideoStream:
        if not encoded.extradata:
            raise ValueError("the stream has no parameter sets")
        # PyAV makes a track for ready-made packets only after another stream: a bare SPS + PPS is one (0.3 ms).
        with av.open(io.BytesIO(encoded.extradata), format="h264") as template:
            stream = self._container.add_stream_from_template(template.streams.video[0], opaque=True)
        stream.codec_context.width, stream.codec_context.height = encoded.width_px, encoded.height_px
        stream.codec_context.pix_fmt = "yuv420p"
        stream.time_base = self._tick
        return stream

    def _refused(self, error: object) -> RecordingError:
        return RecordingError(
            Words(f"segment non gardé ({error})", f"the segment was not kept ({error})"),
            where=self.name,
            what_to_do=Words(
                "L'enregistrement reprend à la prochaine image clé ; si cela se répète, voyez le flux de la caméra",
                "Recording goes on at the next key frame; if this repeats, look at the camera's stream",
            ),
        )


class _Content:
    """The hash and the length of what was written, before any seal."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size_bytes = 0

    def add(self, data: bytes) -> None:
        self.digest.update(data)
        self.size_bytes += len(data)


class _Sink:
    """What the muxer writes into: every byte is checked at once, and goes to the hash and the file fragment by
    fragment, so that one write of the disk, which may be one seal, is one fragment.

    An error must not travel through the muxer's C code: it is kept, and raised once the muxer has returned.
    """

    def __init__(self, file: DiskFile) -> None:
        self.file = file
        self.content = _Content()
        self.walk = BoxWalk()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._trouble: CsuError | BoxError | None = None
        self._abandoned = False

    @property
    def is_empty(self) -> bool:
        """Whether all that was written is with the disk."""
        return not self._held

    def write(self, data: bytes) -> int:
        data = bytes(data)
        if self._trouble is None and not self._abandoned:
            try:
                self.walk.feed(data)
                self._held.append(data)
                self._held_bytes += len(data)
                if self._held_bytes >= HELD_BYTES_MAX:
                    self.pass_on()
            except (CsuError, BoxError) as error:
                self._trouble = error
        return len(data)

    def pass_on(self) -> None:
        """Give the disk what is held. Raises DiskError."""
        data = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        if data:
            self.file.write(data)
            self.content.add(data)

    def raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def abandon(self) -> None:
        self._abandoned = True
        self._held.clear()
        self.file.abandon()
