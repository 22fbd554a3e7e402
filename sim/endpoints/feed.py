"""A feed: one stream of packets and the clients that follow it. Lives on the event loop.

All clients of a feed get the same RTP packets (one SSRC, one numbering): a picture is packetised and framed once,
however many watch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from sim.endpoints.digest import Login
from sim.endpoints.encoder import EncodedPicture
from sim.endpoints.rtp import VIDEO_CLOCK_HZ, RtpTrack, interleave
from sim.endpoints.spec import EndpointSpec, Fault, FaultKind, Speaker, StreamSpec

BACKLOG_BYTES_MAX = 512 * 1024
"""What may wait here for a slow client (some 5 s of a common stream) before it is dropped."""

HEARD_BYTES_MAX = 1 << 20
"""Two minutes of a loudspeaker."""

SOCKET_BYTES_MAX = 256 * 1024
"""What may wait for it in the kernel, which would otherwise take several MiB: pictures nobody wants any more."""


class Endpoint:
    """One stream of a camera as the server knows it: its spec, its present state, its feed, its counters."""

    def __init__(self, spec: EndpointSpec, stream: StreamSpec, feed: Feed) -> None:
        self.spec = spec
        self.stream = stream
        self.fault: Fault | None = spec.fault
        self.logins: tuple[Login, ...] = (Login(spec.user, spec.password),)
        """Who may watch."""
        self.audio = spec.audio
        """Does it offer its microphone now?"""
        self.position: Callable[[Nanoseconds], bytes] | None = None
        """What its track of positions tells of an instant; None: it has no such track."""
        self.feed = feed
        self.is_down = False
        """It restarts: whoever asks for something is cut off."""
        self.clients = 0
        self.plays = 0
        self.logins_refused = 0
        self.audio_setups = 0
        self.slow_clients_dropped = 0
        self.speaker: Speaker = spec.speaker
        self.heard = bytearray()
        """The sound that its loudspeaker was sent, as it came: the newest `HEARD_BYTES_MAX` of it."""
        self.speaker_setups = 0
        self.speaker_ends = 0

    def hear(self, rtp: bytes) -> None:
        """A packet for its loudspeaker."""
        self.heard += rtp[12:]
        del self.heard[:-HEARD_BYTES_MAX]

    def has(self, kind: FaultKind) -> bool:
        """Does it misbehave so now?"""
        return self.fault is not None and self.fault.kind is kind


class Viewer:
    """One client in PLAY: where its video goes and how far it is."""

    def __init__(self, endpoint: Endpoint, transport: asyncio.WriteTransport, channel: int) -> None:
        self.endpoint = endpoint
        self.transport = transport
        self.channel = channel
        self.joined = False
        self.pictures = 0

    def is_overrun(self) -> bool:
        """Does it read too slowly?"""
        return self.transport.get_write_buffer_size() > BACKLOG_BYTES_MAX


class Feed:
    """`on_watch(True)` is called when the first viewer comes, and for each later one; `on_watch(False)` at the last."""

    def __init__(
        self, spec: EndpointSpec, stream: StreamSpec, clock: Clock, ssrc: int, on_watch: Callable[[bool], None]
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._track = RtpTrack(ssrc, stream.codec.payload_type, VIDEO_CLOCK_HZ, first_sequence=ssrc)
        self._viewers: dict[Viewer, None] = {}
        self._on_watch = on_watch
        self._reported_at_ns: Nanoseconds = 0
        self.pictures = 0
        self.pictures_late: Callable[[], int] = lambda: 0

    @property
    def watched(self) -> bool:
        """Is anybody there?"""
        return bool(self._viewers)

    def join(self, viewer: Viewer) -> None:
        """A client begins: it hears the camera's clock at once, and sees from the next key frame on."""
        self._viewers[viewer] = None
        viewer.endpoint.clients += 1
        viewer.endpoint.plays += 1
        viewer.transport.write(interleave(viewer.channel + 1, [self._report()]))
        self._on_watch(True)

    def leave(self, viewer: Viewer) -> None:
        """A client ends. Idempotent."""
        if viewer not in self._viewers:
            return
        del self._viewers[viewer]
        viewer.endpoint.clients -= 1
        if not self._viewers:
            self._on_watch(False)

    def cut_off(self) -> None:
        """Every client loses its connection at once, as when a camera loses its power."""
        for viewer in list(self._viewers):
            viewer.transport.abort()
            self.leave(viewer)

    def publish(self, picture: EncodedPicture, at_ns: Nanoseconds) -> None:
        """Send one picture, taken at `at_ns`, to all who can follow it."""
        self.pictures += 1
        packets = self._track.packets_of(picture.payloads, at_ns)
        report: list[bytes] = []
        if abs(at_ns - self._reported_at_ns) >= NS_PER_S:
            report = [self._report()]
            self._reported_at_ns = at_ns
        framed: dict[int, bytes] = {}
        for viewer in list(self._viewers):
            viewer.joined = viewer.joined or picture.is_key
            if not viewer.joined or self._stopped_by_fault(viewer):
                continue
            if viewer.is_overrun():
                viewer.endpoint.slow_clients_dropped += 1
                viewer.transport.abort()
                self.leave(viewer)
                continue
            fault = viewer.endpoint.fault
            if fault is not None and fault.kind is FaultKind.LOSE_PACKETS:
                data = self._framed(viewer.channel, report, _holed(packets, fault.every))
            else:
                data = framed.get(viewer.channel) or self._framed(viewer.channel, report, packets)
                framed[viewer.channel] = data
            viewer.transport.write(data)
            viewer.pictures += 1

    def _framed(self, channel: int, report: list[bytes], packets: list[bytes]) -> bytes:
        return interleave(channel + 1, report) + interleave(channel, packets)

    def _stopped_by_fault(self, viewer: Viewer) -> bool:
        fault = viewer.endpoint.fault
        if fault is None or viewer.pictures < fault.after_frames:
            return False
        if fault.kind is FaultKind.CLOSE:
            viewer.transport.close()
            self.leave(viewer)
        return fault.kind in (FaultKind.FREEZE, FaultKind.CLOSE)

    def _report(self) -> bytes:
        now_ns = self._clock.now_ns()
        camera_clock_ns = now_ns + self._spec.clock_offset_ms * NS_PER_MS
        return self._track.sender_report(now_ns, camera_clock_ns, self._spec.camera)


def _holed(packets: list[bytes], every: int) -> list[bytes]:
    """Without each packet whose sequence number is a multiple of `every`."""
    return [packet for packet in packets if int.from_bytes(packet[2:4], "big") % every]
