"""Masked packets of one camera to live fMP4 fragments, made only while somebody watches."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from fractions import Fraction

import av
from av.container.output import OutputContainer
from av.video.stream import VideoStream

from csu.hal.camera import CameraId
from csu.hal.frames import EncodedFormat, MaskedPacket, require_masked_packet
from csu.hal.media import LiveFragment

_log = logging.getLogger(__name__)

_MOVFLAGS = "frag_every_frame+empty_moov+default_base_moof+skip_trailer"


class LiveOutlet:
    """A `csu.ingest.PacketSink` for browsers: one moof+mdat a picture, one muxer whatever the number of watchers.

    FFmpeg ends a fragment when the next picture comes, so live fragments are one picture late. `watch` may be called
    from any thread; packets come from the camera's.
    """

    def __init__(self, camera: CameraId, send: Callable[[CameraId, LiveFragment], None]) -> None:
        self._camera = camera
        self._send = send
        self._watched = threading.Event()
        self._begins_anew = threading.Event()
        self._format: EncodedFormat | None = None
        self._muxer: _Muxer | None = None

    def watch(self, on: bool) -> None:
        """Begin at the next key frame, or stop. Who begins gets an init, however soon after the last one stopped."""
        if on:
            self._begins_anew.set()
            self._watched.set()
        else:
            self._watched.clear()

    def begin(self, encoded: EncodedFormat) -> None:
        self._muxer = None
        self._format = encoded

    def write(self, packet: MaskedPacket, clock_offset_ms: int) -> None:
        packet = require_masked_packet(packet, where=f"{self._camera}/live")
        if not self._watched.is_set():
            self._muxer = None
            return
        if self._begins_anew.is_set():  # also when it was stopped and begun between two pictures
            self._begins_anew.clear()
            self._muxer = None
        try:
            self._mux(packet)
        except av.FFmpegError as error:  # a trouble of the relay is never one of the recording
            _log.warning("camera %s: the live relay begins again at the next key frame: %s", self._camera, error)
            self._muxer = None

    def end(self) -> None:
        self._muxer = None
        self._format = None

    def _mux(self, packet: MaskedPacket) -> None:
        if self._muxer is None:
            if self._format is None or not packet.is_key:
                return
            self._muxer = _Muxer(self._format)
            self._send(self._camera, self._muxer.init_fragment(packet))
        fragment = self._muxer.add(packet)
        if fragment is not None:
            self._send(self._camera, fragment)


class _Muxer:
    """One init segment and the fragments after it."""

    def __init__(self, encoded: EncodedFormat) -> None:
        self._format = encoded
        self._tick = Fraction(1, encoded.time_base_hz)
        self._frame_ticks = max(1, round(encoded.time_base_hz / encoded.frames_per_s))
        self._written = _Written()
        options = {"movflags": _MOVFLAGS, "video_track_timescale": str(encoded.time_base_hz)}
        self._container: OutputContainer = av.open(self._written, "w", format="mp4", options=options)
        self._stream = self._track()
        self._container.start_encoding()
        self._first_pts: int | None = None
        self._last: MaskedPacket | None = None

    def init_fragment(self, first: MaskedPacket) -> LiveFragment:
        """What a player needs before anything else."""
        return LiveFragment(self._written.take(), True, False, first.captured.at_ns, self._format.codec)

    def add(self, packet: MaskedPacket) -> LiveFragment | None:
        """The fragment of the packet before this one; None for the first."""
        if self._first_pts is None:
            self._first_pts = packet.pts
        sample = av.Packet(packet.data)
        sample.stream, sample.time_base = self._stream, self._tick
        sample.pts, sample.dts = packet.pts - self._first_pts, packet.dts - self._first_pts
        sample.duration, sample.is_keyframe = self._frame_ticks, packet.is_key
        self._container.mux(sample)
        last, self._last = self._last, packet
        data = self._written.take()
        if last is None or not data:
            return None
        return LiveFragment(
            data, False, last.is_key, last.captured.at_ns, self._format.codec, last.mask_epoch, last.wholly_masked
        )

    def _track(self) -> VideoStream:
        # PyAV makes a track for ready-made packets only after another stream: a bare SPS + PPS is one.
        with av.open(io.BytesIO(self._format.extradata), format="h264") as template:
            stream = self._container.add_stream_from_template(template.streams.video[0], opaque=True)
        stream.codec_context.width, stream.codec_context.height = self._format.width_px, self._format.height_px
        stream.codec_context.pix_fmt = "yuv420p"
        stream.time_base = self._tick
        return stream


class _Written:
    """What the muxer wrote since it was last asked."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
