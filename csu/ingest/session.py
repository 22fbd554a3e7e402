"""A connection to one camera, or a clip played as if it were one. The shell around PyAV.

Facts behind it (notes on media, 3 and 8): FFmpeg's own probing costs 15 s for 50 streams, so it is off; PyAV's
`timeout` takes the GIL at each poll, so the socket option is used; an end of stream on a live camera is a fault; RTSP
goes over TCP, video track only.
"""

from __future__ import annotations

import errno
import secrets
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.ingest.admission import Admission
from csu.ingest.describe import TRY_AGAIN, Describing, Door, door_of
from csu.ingest.errors import CameraBusy, CameraLost, CameraRefused, LoginRefused, StreamUnsupported
from csu.ingest.line import ANSWER_TIMEOUT_S, StopSignal, Tunnel, dialled
from csu.ingest.offer import FRAMES_PER_S_MAX, FRAMES_PER_S_MIN, Offer

READ_TIMEOUT_NS = NS_PER_S
"""A blocked read returns after this, to look whether it should stop: FFmpeg's socket cannot be reached from outside."""
BUSY_WAIT_S = 0.3
"""Servers made of GStreamer take a moment to end what our DESCRIBE began, and answer 503 to whoever comes meanwhile."""
SILENCE_NS_MAX = 5 * NS_PER_S
"""A camera that sends nothing for so long is lost."""


def describe(door: Door, camera: CameraId, stop: StopSignal, timeout_s: float = ANSWER_TIMEOUT_S) -> Offer:
    """What the device offers at `door`; sets nothing up. Raises CameraLost, CameraRefused; `stop` cuts it short."""
    talk = Describing(door, camera, secrets.token_hex(8))
    with dialled(door, camera, stop, timeout_s) as connection, connection:
        connection.sendall(talk.request())
        while talk.offer is None:
            connection.sendall(talk.feed(connection.recv(4096)))
        return talk.offer


@dataclass(frozen=True, slots=True)
class Arrival:
    """One video packet; `arrived_at_ns` is when its first bytes came.

    `camera_at_ns`: when it was captured, by the camera's sender reports; None before the first of them.
    """

    packet: Packet[VideoStream]
    pts_ns: Nanoseconds
    arrived_at_ns: Nanoseconds
    camera_at_ns: Nanoseconds | None


class Session(Protocol):
    """An open stream whose codec has been admitted."""

    @property
    def note(self) -> Words:
        """What a person should know of this source; empty for a plain camera."""
        ...

    @property
    def frames_per_s(self) -> float | None:
        """The rate the source declares; None when it declares none."""
        ...

    @property
    def is_annex_b(self) -> bool:
        """True when parameter sets come inside the packets."""
        ...

    @property
    def decoder(self) -> VideoCodecContext: ...

    def arrivals(self) -> Iterator[Arrival | None]:
        """Packets as they come; None where the decoder must be emptied (a clip begins again).

        Ends when asked to stop. Raises CameraLost when the stream ends or goes silent.
        """
        ...

    def close(self) -> None: ...


class OpenStream(Protocol):
    """Opens a camera's stream: see `open_session`."""

    def __call__(
        self,
        camera: CameraId,
        address: StreamAddress,
        admission: Admission,
        clock: Clock,
        stop: StopSignal,
        audio_offered: Callable[[int], None],
        /,
    ) -> Session: ...


def open_session(
    camera: CameraId,
    address: StreamAddress,
    admission: Admission,
    clock: Clock,
    stop: StopSignal,
    audio_offered: Callable[[int], None],
) -> Session:
    """Open the stream at `address`: `rtsp://...`, `rtsps://...`, or a clip (`file://...`). Raises IngestError, without
    any secret.

    `audio_offered` is told how many audio tracks the source has, before anything is set up, even if the stream is then
    refused: none of them is ever set up or read (AUD-1).
    """
    if urlsplit(address.url).scheme == "file":
        clip = Path(unquote(urlsplit(address.url).path))
        return ClipSession(camera, clip, admission, clock, stop, audio_offered)
    return LiveSession(camera, door_of(address, camera), admission, clock, stop, audio_offered)


class LiveSession:
    """A camera over RTSP."""

    is_annex_b = True

    def __init__(
        self,
        camera: CameraId,
        door: Door,
        admission: Admission,
        clock: Clock,
        stop: StopSignal,
        audio_offered: Callable[[int], None],
    ) -> None:
        self._camera = camera
        self._door = door
        self._clock = clock
        self._stop = stop
        offer = describe(door, camera, stop)
        audio_offered(len(offer.audio))
        self.note = NO_WORDS
        self.frames_per_s = offer.video.frames_per_s if offer.video else None
        admission.offer(offer)
        try:
            self._container = self._open()
        except CameraBusy:
            if stop.wait(BUSY_WAIT_S):
                raise
            self._container = self._open()
        if not self._container.streams.video:
            self.close()
            raise self._lost(Words("aucune piste vidéo n'a pu être ouverte", "no video track could be set up"))
        self._stream = self._container.streams.video[0]
        try:
            admission.codec(self._stream.codec_context.name)
        except StreamUnsupported:
            self.close()
            raise

    @property
    def decoder(self) -> VideoCodecContext:
        return self._stream.codec_context

    def arrivals(self) -> Iterator[Arrival | None]:
        heard_at_ns = self._clock.monotonic_ns()
        arrived_at_ns = self._clock.now_ns()
        seconds = self._stream.time_base
        is_dated = False
        while not self._stop.is_set():
            try:
                for packet in self._container.demux(self._stream):
                    if self._stop.is_set():
                        return
                    if packet.size == 0:
                        raise self._lost(_STREAM_ENDED)
                    # FFmpeg knows that a picture is whole when the next one begins to arrive, and hands it out then. So
                    # this picture began to arrive when the one before it was handed out.
                    heard_at_ns, previous_at_ns = self._clock.monotonic_ns(), arrived_at_ns
                    arrived_at_ns = self._clock.now_ns()
                    if packet.pts is not None and seconds is not None:
                        pts_ns = packet.pts * seconds.numerator * NS_PER_S // seconds.denominator
                        # When the first report comes between two pictures, FFmpeg dates the one before as the one
                        # after: a picture's first date is never believed.
                        camera_at_ns, was_dated = _camera_time(packet), is_dated
                        is_dated = camera_at_ns is not None
                        yield Arrival(packet, pts_ns, previous_at_ns, camera_at_ns if was_dated else None)
                raise self._lost(_STREAM_ENDED)
            except av.error.TimeoutError:
                if self._clock.monotonic_ns() - heard_at_ns >= SILENCE_NS_MAX:
                    raise self._lost(SILENCE) from None
            except av.FFmpegError as error:
                said = _reason(error)
                raise self._lost(Words(f"lecture impossible ({said})", f"reading failed ({said})")) from None

    def close(self) -> None:
        self._container.close()
        self._close_tunnel()

    def _close_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.close()

    def _open(self) -> InputContainer:
        self._tunnel = None if self._door.trust is None else Tunnel(self._door, self._camera, self._stop)
        try:
            return self._opened_by_ffmpeg()
        except BaseException:
            self._close_tunnel()
            if self._tunnel is not None and self._tunnel.trouble is not None:
                raise self._tunnel.trouble from None
            raise

    def _opened_by_ffmpeg(self) -> InputContainer:
        options = {
            "rtsp_transport": "tcp",
            "allowed_media_types": "video",
            "timeout": str(READ_TIMEOUT_NS // 1000),
            "analyzeduration": "0",
            "probesize": "32",
        }
        url = self._door.url_with_secrets(self._tunnel.port if self._tunnel else None)
        try:
            return av.open(url, "r", options=options)
        except av.error.HTTPClientError as error:
            said = _reason(error)
            refused = LoginRefused if isinstance(error, av.error.HTTPUnauthorizedError) else CameraRefused
            raise refused(
                Words(
                    f"elle a décrit son flux mais refuse de l'ouvrir ({said})",
                    f"it described its stream but did not let it be set up ({said})",
                ),
                where=self._camera,
                what_to_do=Words(
                    "Vérifiez les droits de ce compte et le nombre de lecteurs que la caméra admet",
                    "Check the rights of this login and the number of viewers the camera allows",
                ),
            ) from None
        except (av.FFmpegError, OSError) as error:
            if error.errno == errno.EPROTONOSUPPORT:
                raise CameraRefused(_NOT_OVER_TCP, where=self._camera, what_to_do=_ALLOW_TCP) from None
            url, said = self._door.url, _reason(error)
            told = Words(
                f"le flux {url} n'a pas pu être ouvert ({said})", f"the stream at {url} could not be set up ({said})"
            )
            lost = CameraBusy if isinstance(error, av.error.HTTPServerError) else CameraLost
            raise lost(told, where=self._camera, what_to_do=TRY_AGAIN) from None

    def _lost(self, what: Words) -> CameraLost:
        return CameraLost(what, where=self._camera, what_to_do=TRY_AGAIN)


_NOT_OVER_TCP = Words("elle ne donne pas son flux sur TCP", "it does not give its stream over TCP")
_ALLOW_TCP = Words(
    "Permettez sur la caméra RTP dans RTSP (TCP entrelacé) : sur UDP, des images se perdraient sans bruit",
    "Allow RTP over RTSP (interleaved TCP) on the camera: over UDP pictures would be lost in silence",
)
_STREAM_ENDED = Words("la caméra a mis fin au flux", "the camera ended the stream")
SILENCE = Words(
    f"rien n'est venu en {SILENCE_NS_MAX // NS_PER_S} s", f"nothing came for {SILENCE_NS_MAX // NS_PER_S} s"
)


class ClipSession:
    """A file, at the pace it was filmed, again and again. Its pictures are dated with the time they are shown."""

    is_annex_b = False

    def __init__(
        self,
        camera: CameraId,
        path: Path,
        admission: Admission,
        clock: Clock,
        stop: StopSignal,
        audio_offered: Callable[[int], None],
    ) -> None:
        self._camera = camera
        self._path = path
        self._clock = clock
        self._stop = stop
        self.note = Words(f"clip {path.name}, lu en boucle", f"clip {path.name}, played in a loop")
        try:
            self._container = av.open(str(path), "r")
        except (av.FFmpegError, OSError) as error:
            said = _reason(error)
            raise CameraRefused(
                Words(
                    f"le clip {path.name} ne peut pas être ouvert ({said})",
                    f"the clip {path.name} cannot be opened ({said})",
                ),
                where=camera,
                what_to_do=Words("Donnez un fichier vidéo existant", "Give a video file that exists"),
            ) from None
        audio_offered(len(self._container.streams.audio))
        if not self._container.streams.video:
            self.close()
            raise StreamUnsupported(
                Words(f"le clip {path.name} n'a pas de vidéo", f"the clip {path.name} has no video"),
                where=camera,
                what_to_do=Words("Donnez un fichier vidéo", "Give a video file"),
            )
        self._stream = self._container.streams.video[0]
        rate = self._stream.average_rate
        self.frames_per_s = float(rate) if rate and FRAMES_PER_S_MIN <= rate <= FRAMES_PER_S_MAX else None
        try:
            admission.codec(self._stream.codec_context.name)
        except StreamUnsupported:
            self.close()
            raise

    @property
    def decoder(self) -> VideoCodecContext:
        return self._stream.codec_context

    def arrivals(self) -> Iterator[Arrival | None]:
        begun_at_ns = self._clock.monotonic_ns()
        seconds = self._stream.time_base
        if seconds is None:
            raise self._unreadable(Words("il n'a pas de base de temps", "it has no time base"))
        shift, last_end = 0, 0
        while not self._stop.is_set():
            first: int | None = None
            for packet in self._packets():
                if packet.pts is None or packet.dts is None:
                    continue
                if first is None:
                    first = packet.dts
                    shift = last_end - first
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                last_end = max(last_end, packet.dts + (packet.duration or 1))
                due_ns = packet.dts * seconds.numerator * NS_PER_S // seconds.denominator
                if self._stop.wait(max(0, begun_at_ns + due_ns - self._clock.monotonic_ns()) / NS_PER_S):
                    return
                pts_ns = packet.pts * seconds.numerator * NS_PER_S // seconds.denominator
                yield Arrival(packet, pts_ns, self._clock.now_ns(), None)
            if first is None:
                raise self._unreadable(Words("il ne contient aucune image", "it holds no picture"))
            yield None
            self._container.seek(0)

    def close(self) -> None:
        self._container.close()

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        try:
            yield from (packet for packet in self._container.demux(self._stream) if packet.size)
        except av.FFmpegError as error:
            raise self._unreadable(Words.same(_reason(error))) from None

    def _unreadable(self, why: Words) -> StreamUnsupported:
        name = self._path.name
        return StreamUnsupported(
            Words(f"le clip {name} est illisible : {why.fr}", f"the clip {name} cannot be played: {why.en}"),
            where=self._camera,
            what_to_do=Words(
                "Donnez un fichier vidéo H.264 que d'autres lecteurs lisent",
                "Give an H.264 video file that other players can play",
            ),
        )


def _camera_time(packet: Packet[VideoStream]) -> Nanoseconds | None:
    if not packet.has_sidedata("prft"):
        return None
    wall_us: int = struct.unpack_from("<q", bytes(packet.get_sidedata("prft")))[0]
    return wall_us * 1000


def _reason(error: Exception) -> str:
    """Why, without the file name that FFmpeg adds: it holds the password."""
    return getattr(error, "strerror", None) or type(error).__name__
