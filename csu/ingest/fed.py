"""A connection whose packets are handed in one by one, by whoever drives it: no socket, no thread, no waiting.

The offer, the admission, the refusal of sound, the silence and the end are those of a camera over RTSP
(`csu.ingest.session`). Virtual time is played with it, at the level where pixels are real.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, cast

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from csu.ingest.admission import Admission
from csu.ingest.line import StopSignal
from csu.ingest.offer import parse_sdp
from csu.ingest.session import SILENCE, Arrival, CameraSession, OpenStream, Session, lost

STREAM_HZ = 90_000
"""RTP's clock for video."""


class StreamEnded(Exception):
    """The device ends the connection, or makes none. `why`: for a person, without any secret."""

    def __init__(self, why: Words) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass(frozen=True, slots=True)
class FedPacket:
    """One H.264 picture as it comes out of RTP: Annex B, parameter sets before each key frame."""

    data: bytes
    is_key: bool
    pts: int
    """In steps of 1 / STREAM_HZ s, from any origin; it never jumps within a connection."""
    arrived_at_ns: Nanoseconds
    camera_at_ns: Nanoseconds | None
    """When it was captured, by the camera's own clock; None before its first report."""


class FedStream(Protocol):
    """A device that answers at once. Asked when something is due, and not before."""

    def describe(self) -> str:
        """Its SDP, at the beginning of a connection. Raises StreamEnded when it makes none."""
        ...

    def packet(self) -> FedPacket | None:
        """What comes now; None: nothing came for `session.SILENCE_NS_MAX`. Raises StreamEnded."""
        ...


def fed_by(stream: FedStream) -> OpenStream:
    """Opens this stream, whatever the address says."""

    def open_fed(
        camera: CameraId,
        address: StreamAddress,
        admission: Admission,
        clock: Clock,
        stop: StopSignal,
        audio_offered: Callable[[int], None],
    ) -> Session:
        return FedSession(camera, stream, admission, stop, audio_offered)

    return open_fed


class FedSession(CameraSession):
    """A `csu.ingest.session.Session`."""

    def __init__(
        self,
        camera: CameraId,
        stream: FedStream,
        admission: Admission,
        stop: StopSignal,
        audio_offered: Callable[[int], None],
    ) -> None:
        """Raises CameraLost, StreamUnsupported."""
        self._stream = stream
        try:
            offer = parse_sdp(stream.describe())
        except StreamEnded as error:
            raise lost(camera, error.why) from None
        super().__init__(camera, offer, admission, stop, audio_offered)
        self.decoder: VideoCodecContext = VideoCodecContext.create("h264", "r")

    def arrivals(self) -> Iterator[Arrival | None]:
        """See Session.arrivals."""
        while not self._stop.is_set():
            try:
                came = self._stream.packet()
            except StreamEnded as error:
                raise self._lost(error.why) from None
            if came is None:
                raise self._lost(SILENCE)
            if self._stop.is_set():
                return
            packet = cast("Packet[VideoStream]", Packet(came.data))
            packet.time_base = Fraction(1, STREAM_HZ)
            packet.pts = packet.dts = came.pts
            packet.is_keyframe = came.is_key
            yield Arrival(packet, came.pts * NS_PER_S // STREAM_HZ, came.arrived_at_ns, came.camera_at_ns)

    def close(self) -> None:
        """Nothing is open."""
