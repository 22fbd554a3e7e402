"""The talk with a camera's metadata stream: RTSP that sets up its line of metadata, and no other (ONVIF Streaming).

Neither pictures nor sound are set up here: what comes on another channel, or of another payload, ends the talk. From
RTP packets documents are put together; one that lacks a packet is left out. Pure: bytes in, bytes and documents out.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from csu.hal.camera import StreamAddress
from csu.hal.rtsp import ANSWER_BYTES_MAX, NotRtsp, RtspAnswer, RtspLogin, authorisation, read_answer, request
from csu.hal.words import Words
from hardware.onvif.addresses import Enrolled
from hardware.onvif.errors import answer_refused, device_fault, login_refused, not_offered

DOCUMENT_BYTES_MAX = 64 * 1024
_KIND = re.compile(r"rtpmap:(\d{1,3}) vnd\.onvif\.metadata/\d{1,9}", re.ASCII | re.IGNORECASE)
"""Not those that are packed (`.gzip`, `.exi`): nobody unpacks what a stranger sends."""
_SESSION = re.compile(r"([!-:<-~]{1,128})(?:;timeout=(\d{1,5}))?(?:;.*)?", re.ASCII)
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})-(\d{1,3})(?:;|$)", re.ASCII)
_TIMEOUT_S = 60
_TIMEOUT_S_MIN = 10
_OURS = 0
_DOLLAR = 0x24


@dataclass(frozen=True, slots=True)
class MetadataLine:
    """The line of a description by which a camera tells documents."""

    control: str
    payload_type: int


def metadata_line(camera: str, sdp: str) -> MetadataLine:
    """The first of an application's documents in clear. Raises NotOffered."""
    for block in ("\n" + sdp.replace("\r", "")).split("\nm=")[1:]:
        lines = block.split("\n")
        attributes = [line[2:].strip() for line in lines[1:] if line.startswith("a=")]
        kind = next((found for each in attributes if (found := _KIND.fullmatch(each))), None)
        control = next((each.removeprefix("control:") for each in attributes if each.startswith("control:")), "")
        if lines[0].split()[:1] == ["application"] and kind is not None and control and int(kind[1]) < 128:
            return MetadataLine(control, int(kind[1]))
    raise not_offered(camera, "vnd.onvif.metadata")


class Documents:
    """RTP packets in, whole documents out: a document ends with the marker."""

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._pieces: list[bytes] | None = None
        """None: a packet was lost, or the document grew too long; wait for the next one."""
        self._next: int | None = None
        self.dropped = 0

    def packet(self, rtp: bytes) -> bytes | None:
        """A document, once it is whole. Raises ValueError for what is no packet of this line."""
        if len(rtp) < 12 or rtp[0] >> 6 != 2 or rtp[1] & 0x7F != self._payload_type:
            raise ValueError("not of this line")
        sequence = int.from_bytes(rtp[2:4], "big")
        if self._next is None:
            self._pieces = []
        elif sequence != self._next:
            self._pieces, self.dropped = None, self.dropped + 1
        self._next = (sequence + 1) & 0xFFFF
        if self._pieces is not None:
            self._pieces.append(_payload(rtp))
            if sum(map(len, self._pieces)) > DOCUMENT_BYTES_MAX:
                self._pieces, self.dropped = None, self.dropped + 1
        if not rtp[1] & 0x80:
            return None
        whole = b"".join(self._pieces) if self._pieces is not None else None
        self._pieces = []
        return whole


def _payload(rtp: bytes) -> bytes:
    """Raises ValueError."""
    at = 12 + 4 * (rtp[0] & 0x0F)
    if rtp[0] & 0x10:
        at += 4 + 4 * int.from_bytes(rtp[at + 2 : at + 4], "big")
    until = len(rtp) - (rtp[-1] if rtp[0] & 0x20 else 0)
    if at > until:
        raise ValueError("longer than it is")
    return rtp[at:until]


class PositionTalk:
    """Send `begin`, then `feed` what comes and send what that returns; `take` the documents; `keep_alive` in time.

    Raises CameraError from `feed`: hang up then.
    """

    def __init__(self, camera: str, address: StreamAddress, enrolled: Enrolled, client_nonce: str) -> None:
        self.is_playing = False
        self.keep_alive_s = _TIMEOUT_S / 2
        self._camera, self._enrolled = camera, enrolled
        self._url = self._base = address.url
        self._is_tls = urlsplit(address.url).scheme == "rtsps"
        self._login = RtspLogin(address.user, address.password, client_nonce)
        self._received = b""
        self._asked: tuple[str, str, tuple[tuple[str, str], ...]] = ("", "", ())
        self._challenges: tuple[str, ...] = ()
        self._quoted = self._sequence = self._logins = 0
        self._session, self._channel = "", _OURS
        self._line: MetadataLine | None = None
        self._assembling: Documents | None = None
        self._whole: list[bytes] = []

    def begin(self) -> bytes:
        """What to send first."""
        return self._ask("DESCRIBE", self._url, ("Accept", "application/sdp"))

    def keep_alive(self) -> bytes:
        """What to send each `keep_alive_s`, so that the camera does not end the session."""
        return self._ask("OPTIONS", self._base, ("Session", self._session))

    def end(self) -> bytes:
        """What to send last; empty where the camera holds nothing for us."""
        return self._ask("TEARDOWN", self._base, ("Session", self._session)) if self._session else b""

    def take(self) -> list[bytes]:
        """The documents that came, oldest first."""
        whole, self._whole = self._whole, []
        return whole

    def feed(self, data: bytes) -> bytes:
        """Take what came; what is to be sent now, empty for nothing. Raises CameraError."""
        self._received += data
        if len(self._received) > ANSWER_BYTES_MAX + len(data):
            raise answer_refused(self._camera, Words("elle est trop longue", "it is too large"))
        told = b""
        while self._received:
            if self._received[0] == _DOLLAR:
                if not self._take_frame():
                    break
                continue
            answer = self._answer()
            if answer is None:
                break
            told += self._hear(answer)
        return told

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, url: str, *fields: tuple[str, str]) -> bytes:
        self._asked = method, url, fields
        self._sequence += 1
        if self._challenges:
            self._quoted += 1
            told = authorisation(self._challenges, self._login, method, url, self._quoted)
            if told is None:
                raise login_refused(self._camera)
            fields = (*fields, ("Authorization", told))
        return request(method, url, self._sequence, fields)

    def _answer(self) -> RtspAnswer | None:
        try:
            read = read_answer(self._received)
        except NotRtsp:
            raise answer_refused(self._camera, Words("ce n'est pas du RTSP", "it is no RTSP")) from None
        if read is None:
            return None
        answer, self._received = read
        return answer

    def _hear(self, answer: RtspAnswer) -> bytes:
        method, url, fields = self._asked
        if answer.status == 401 and self._login.user and not self._logins:
            # Basic is a password in clear: over TLS only.
            told = answer.all("www-authenticate")
            self._challenges = tuple(each for each in told if self._is_tls or each.lower().startswith("digest"))
            self._quoted, self._logins = 0, 1
            if not self._challenges:
                raise login_refused(self._camera)
            return self._ask(method, url, *fields)
        if answer.status == 401:
            raise login_refused(self._camera)
        if method == "OPTIONS":
            return b""
        if answer.status != 200:
            raise device_fault(self._camera, (f"RTSP {answer.status}",))
        self._logins = 0
        if method == "DESCRIBE":
            return self._set_up(answer)
        if method == "SETUP":
            self._be_set_up(answer)
            return self._ask("PLAY", self._base, ("Session", self._session))
        self.is_playing = True
        return b""

    def _set_up(self, answer: RtspAnswer) -> bytes:
        self._line = metadata_line(self._camera, answer.body)
        self._assembling = Documents(self._line.payload_type)
        base = answer.first("content-base") or answer.first("content-location")
        self._base = self._here(base) if base else self._url
        control = self._line.control
        if not control.lower().startswith(("rtsp://", "rtsps://")):
            control = f"{self._base.rstrip('/')}/{control.lstrip('/')}"
        return self._ask(
            "SETUP", self._here(control), ("Transport", f"RTP/AVP/TCP;unicast;interleaved={_OURS}-{_OURS + 1}")
        )

    def _here(self, told: str) -> str:
        """A URL that the camera tells, if it is its own. Raises OtherHost, AnswerRefused."""
        return self._enrolled.stream(told, "metadata", secure=self._is_tls)

    def _be_set_up(self, answer: RtspAnswer) -> None:
        session = _SESSION.fullmatch(answer.first("session").replace(" ;", ";").replace("; ", ";").strip())
        transport = answer.first("transport")
        channels = _INTERLEAVED.search(transport)
        if session is None or channels is None or not transport.upper().startswith("RTP/AVP/TCP"):
            raise answer_refused(self._camera, _TRANSPORT)
        first, second = int(channels[1]), int(channels[2])
        if not (first < 255 and second == first + 1):
            raise answer_refused(self._camera, _TRANSPORT)
        self._session, self._channel = session[1], first
        self.keep_alive_s = max(_TIMEOUT_S_MIN, int(session[2] or _TIMEOUT_S)) / 2

    def _take_frame(self) -> bool:
        """False: it is not whole yet. Raises AnswerRefused for what nobody asked for."""
        if len(self._received) < 4:
            return False
        _, channel, size = struct.unpack_from(">BBH", self._received)
        if self._assembling is None or not self._session or channel not in (self._channel, self._channel + 1):
            raise answer_refused(self._camera, _UNASKED)
        if len(self._received) < 4 + size:
            return False
        frame, self._received = self._received[4 : 4 + size], self._received[4 + size :]
        if channel == self._channel:
            try:
                document = self._assembling.packet(frame)
            except ValueError:
                raise answer_refused(self._camera, _UNASKED) from None
            if document:
                self._whole.append(document)
        return True


_TRANSPORT = Words("transport refusé", "transport refused")
_UNASKED = Words("elle envoie ce que personne n'a demandé", "it sends what nobody asked for")
