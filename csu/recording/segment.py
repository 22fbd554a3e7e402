"""Writing one segment: masked packets to fragmented MP4 on a `Disk`, hashed and checked on the way.

What is on disk after a power cut: the file under its partial name, whole up to the fragment before the last sync
(`SYNC_EVERY_NS`). After `close`: the whole file under its final name, or nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container.output import OutputContainer
from av.video.stream import VideoStream

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.disk import Disk, DiskFile
from csu.hal.errors import CsuError
from csu.hal.frames import EncodedFormat, MaskedPacket
from csu.hal.words import Words
from csu.recording.boxes import BoxError, BoxWalk
from csu.recording.check import verdict
from csu.recording.errors import RecordingError
from csu.recording.names import segment_name

SYNC_EVERY_NS = 5 * NS_PER_S
"""What a power cut may cost at most, with the fragment being made. One sync per camera and second would be 65 syncs/s
on a node of 65 cameras, which a disk of rotating platters does not have; one per 5 s it has (decision 0011)."""

WRITE_BYTES = 256 << 10
"""How much the muxer hands over at a time. A one-second fragment of 4 Mbit/s is 500 kB: two calls back into Python
instead of sixteen, each of which wants the interpreter from 64 other cameras."""

_MOVFLAGS = "frag_keyframe+empty_moov+default_base_moof"


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
    mask_epoch: int
    clock_offset_ms: int
    """The camera's clock minus ours: the worst seen while the segment was open."""
    frames: int


class SegmentWriter:
    """One open segment. Its first packet must be a key frame. Any error means: call `abandon`, begin another."""

    def __init__(self, disk: Disk, encoded: EncodedFormat, first: MaskedPacket) -> None:
        """Creates the file; `first` is not yet added. Raises DiskError, RecordingError."""
        self.camera = first.camera
        self.mask_epoch = first.mask_epoch
        self.start_ns = first.captured.at_ns
        self.name = segment_name(first.camera, first.captured.at_ns)
        self._hz = encoded.time_base_hz
        self._tick = Fraction(1, encoded.time_base_hz)
        self._frame_ticks = max(1, round(encoded.time_base_hz / encoded.frames_per_s))
        self._first_pts = first.pts
        self._last_pts: int | None = None
        self._synced_pts = first.pts
        self._frames = 0
        self._sink = _HashedSink(disk.create(self.name))
        try:
            self._container = self._open(first)
            self._stream = self._add_track(encoded)
            self._container.start_encoding()
            self._sink.raise_trouble()
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
        """Append one packet. Raises DiskError, RecordingError."""
        sample = av.Packet(packet.data)
        sample.stream = self._stream
        sample.time_base = self._tick
        sample.pts, sample.dts = packet.pts - self._first_pts, packet.dts - self._first_pts
        sample.duration = self._frame_ticks  # used for the last picture only: the others end where the next begins
        sample.is_keyframe = packet.is_key
        try:
            self._container.mux(sample)
            self._sink.raise_trouble()
        except (av.FFmpegError, ValueError) as error:
            raise self._refused(error) from error
        self._frames += 1
        self._last_pts = packet.pts
        if packet.is_key and (packet.pts - self._synced_pts) * NS_PER_S >= SYNC_EVERY_NS * self._hz:
            self._sink.file.sync()  # the fragment before this key frame has just been written
            self._synced_pts = packet.pts

    def close(self, clock_offset_ms: int) -> ClosedSegment:
        """End the file, prove it, give it its name durably. Raises DiskError, RecordingError: then nothing was kept."""
        try:
            self._container.close()
            self._sink.raise_trouble()
        except (av.FFmpegError, ValueError) as error:
            raise self._refused(error) from error
        found = verdict(self._sink.walk)
        if not found.playable or found.frames != self._frames:
            raise self._refused(found.problem or f"{found.frames} pictures on disk of {self._frames} given")
        self._sink.file.commit()
        return ClosedSegment(
            self.camera,
            self.name,
            self.start_ns,
            found.duration_ms,
            self._sink.size_bytes,
            self._sink.digest.digest(),
            self.mask_epoch,
            clock_offset_ms,
            self._frames,
        )

    def abandon(self) -> None:
        """Give up: nothing stays on disk. Never raises."""
        self._sink.abandon()
        try:
            self._container.close()  # frees the muxer; its last bytes go nowhere
        except av.FFmpegError:
            return  # the muxer was already broken, which is why it is being abandoned

    def _open(self, first: MaskedPacket) -> OutputContainer:
        options = {"movflags": _MOVFLAGS, "video_track_timescale": str(self._hz)}
        container = av.open(self._sink, "w", format="mp4", options=options, buffer_size=WRITE_BYTES)
        about = {
            "camera": first.camera,
            "start_ns": first.captured.at_ns,
            "clock": "camera" if first.captured.from_camera else "arrival",
            "mask_epoch": first.mask_epoch,
        }
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


class _HashedSink:
    """What the muxer writes into: every byte goes to the file, the hash and the check, in one order.

    An error must not travel through the muxer's C code: it is kept, and raised once the muxer has returned.
    """

    def __init__(self, file: DiskFile) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.walk = BoxWalk()
        self.size_bytes = 0
        self._trouble: CsuError | BoxError | None = None
        self._abandoned = False

    def write(self, data: bytes) -> int:
        data = bytes(data)
        if self._trouble is None and not self._abandoned:
            try:
                self.file.write(data)
                self.walk.feed(data)
            except (CsuError, BoxError) as error:
                self._trouble = error
            self.digest.update(data)
            self.size_bytes += len(data)
        return len(data)

    def raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble

    def abandon(self) -> None:
        self._abandoned = True
        self.file.abandon()
