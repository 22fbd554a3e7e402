"""The talk with a camera's loudspeaker: RTSP with `Require: www.onvif.org/ver20/backchannel` (ONVIF Streaming 5.3).

Of all that the camera offers, the one line of audio that it only takes is set up, over the RTSP connection itself. Its
microphone has a line of its own, which is never named here. Whatever sounds like an answer ends the talk (AUD-4). Pure:
bytes in, bytes out; the socket is `hardware.onvif.speaking`'s.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from csu.hal.camera import StreamAddress
from csu.hal.loudspeaker import no_loudspeaker, return_channel
from csu.hal.rtsp import ANSWER_BYTES_MAX, NotRtsp, RtspAnswer, RtspLogin, authorisation, read_answer, request
from csu.hal.words import Words
from hardware.onvif.errors import answer_refused, device_fault, login_refused, other_host

BACKCHANNEL = "www.onvif.org/ver20/backchannel"
TAKES_AND_GIVES = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
"""Directions of a line, as the centre would use it. `sendonly`: sound to the camera; `recvonly`: its microphone."""
_OURS = 0
"""The channel that sound goes out on; reports about it come back on the next one."""
_SENDER_REPORT = 200
_SETUP_URL_SIGNS_MAX = 1024
_PAYLOAD_TYPE = re.compile(r"\d{1,2}|1[01]\d|12[0-7]", re.ASCII)
_SESSION = re.compile(r"[!-:<-~]{1,128}", re.ASCII)
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?(?:;|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class SpeakerLine:
    """The line of a description by which a camera takes sound and gives none."""

    control: str
    payload_type: int


def speaker_line(camera: str, sdp: str) -> SpeakerLine:
    """The first one that takes PCMU. Raises NoLoudspeaker; ReturnChannel where a line of audio would go both ways and
    none goes one way."""
    both_ways = False
    for block in ("\n" + sdp.replace("\r", "")).split("\nm=")[1:]:
        lines = block.split("\n")
        words = lines[0].split()
        attributes = [line[2:].strip() for line in lines[1:] if line.startswith("a=")]
        ways = TAKES_AND_GIVES & set(attributes)
        if not words or words[0].lower() != "audio":
            continue
        both_ways = both_ways or "sendrecv" in ways or len(ways) > 1
        control = next((each.removeprefix("control:") for each in attributes if each.startswith("control:")), "")
        kind = _pcmu(words[3:], attributes)
        if ways == {"sendonly"} and control and kind is not None:
            return SpeakerLine(control, kind)
    if both_ways:
        raise return_channel(camera, Words("elle ne parle que si elle écoute", "it speaks only where it listens"))
    raise no_loudspeaker(camera)


class Backchannel:
    """One talk: send `begin`, `feed` what comes and send what that returns, until `is_open`; then `packet` by packet;
    then `end`, and `feed` until `is_over`. Raises CameraError from `feed`: hang up then."""

    def __init__(self, camera: str, address: StreamAddress, *, client_nonce: str, first: tuple[int, int, int]) -> None:
        """`first`: SSRC, sequence number and media time to begin with, drawn at random (RFC 3550 5.1)."""
        self.is_open, self.is_over = False, False
        self._camera, self._url, self._base = camera, address.url, address.url
        self._login = RtspLogin(address.user, address.password, client_nonce)
        self._is_tls = urlsplit(address.url).scheme == "rtsps"
        self._ssrc, self._sequence, self._media_time = first
        self._received = b""
        self._asked: tuple[str, str, tuple[tuple[str, str], ...]] = ("", "", ())
        self._challenges: tuple[str, ...] = ()
        self._count, self._logins, self._asked_times = 0, 0, 0
        self._session, self._channel, self._payload_type = "", _OURS, 0
        self._is_first = True

    @property
    def has_session(self) -> bool:
        """The camera holds something for us until TEARDOWN."""
        return bool(self._session) and not self.is_over

    def begin(self) -> bytes:
        """What to send first."""
        return self._ask("DESCRIBE", self._url, ("Accept", "application/sdp"), _REQUIRED)

    def feed(self, data: bytes) -> bytes:
        """Take what came; what is to be sent now, empty for nothing. Raises CameraError."""
        self._received += data
        if len(self._received) > ANSWER_BYTES_MAX:
            raise answer_refused(self._camera, Words("elle est trop longue", "it is too large"))
        told = b""
        while self._received:
            if self._received.startswith(b"$"):
                if not self._take_frame():
                    break
                continue
            answer = self._answer()
            if answer is None:
                break
            told += self._hear(answer)
        return told

    def packet(self, pcmu: bytes) -> bytes:
        """A piece of the sound, as it goes on the connection."""
        kind = self._payload_type | (0x80 if self._is_first else 0)  # the marker: a talkspurt begins (RFC 3551 4.1)
        rtp = struct.pack(">BBHII", 0x80, kind, self._sequence, self._media_time, self._ssrc) + pcmu
        self._is_first = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._media_time = (self._media_time + len(pcmu)) & 0xFFFFFFFF
        return struct.pack(">BBH", 0x24, self._channel, len(rtp)) + rtp

    def end(self) -> bytes:
        """Ask the camera to forget the talk."""
        self.is_open = False
        return self._ask("TEARDOWN", self._base, ("Session", self._session))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, url: str, *fields: tuple[str, str], again: bool = False) -> bytes:
        self._asked = method, url, fields
        self._asked_times += 1
        self._logins = self._logins + 1 if again else 0
        if self._challenges:
            self._count += 1
            told = authorisation(self._challenges, self._login, method, url, self._count)
            if told is None:
                raise login_refused(self._camera)
            fields = (*fields, ("Authorization", told))
        return request(method, url, self._asked_times, fields)

    def _answer(self) -> RtspAnswer | None:
        try:
            read = read_answer(self._received)
        except NotRtsp:
            raise answer_refused(self._camera, Words("ce n'est pas du RTSP", "it is no RTSP")) from None
        if read is None:
            return None
        answer, self._received = read
        if answer.first("cseq") != str(self._asked_times):
            raise answer_refused(self._camera, Words("à une autre demande", "to another request"))
        return answer

    def _hear(self, answer: RtspAnswer) -> bytes:
        method, url, fields = self._asked
        if method == "TEARDOWN":
            self.is_over = True
            return b""
        if answer.status == 401 and self._login.user and not self._logins:
            self._challenges, self._count = self._believable(answer.all("www-authenticate")), 0
            return self._ask(method, url, *fields, again=True)
        if answer.status == 401:
            raise login_refused(self._camera)
        if answer.status == 551:
            raise no_loudspeaker(self._camera)
        if answer.status != 200:
            raise device_fault(self._camera, (f"RTSP {answer.status}",))
        if method == "DESCRIBE":
            return self._set_up(answer)
        if method == "SETUP":
            self._be_set_up(answer)
            return self._ask("PLAY", self._base, ("Session", self._session), _REQUIRED)
        self.is_open = True
        return b""

    def _believable(self, challenges: tuple[str, ...]) -> tuple[str, ...]:
        """Basic is a password in clear: answered over TLS only."""
        return tuple(each for each in challenges if self._is_tls or each.lower().startswith("digest"))

    def _set_up(self, answer: RtspAnswer) -> bytes:
        line = speaker_line(self._camera, answer.body)
        self._payload_type = line.payload_type
        base = answer.first("content-base") or answer.first("content-location")
        self._base = self._here(base) if base else self._url
        control = line.control
        if not control.lower().startswith(("rtsp://", "rtsps://")):
            control = f"{self._base.rstrip('/')}/{control.lstrip('/')}"
        transport = ("Transport", f"RTP/AVP/TCP;unicast;interleaved={_OURS}-{_OURS + 1}")
        return self._ask("SETUP", self._here(control), transport, _REQUIRED)

    def _here(self, told: str) -> str:
        """A URL that the camera tells, if it is its own."""
        if (
            len(told) > _SETUP_URL_SIGNS_MAX
            or not told.isascii()
            or any(sign <= " " or sign == "\x7f" for sign in told)
        ):
            raise answer_refused(self._camera, _NO_ADDRESS)
        try:
            host = (urlsplit(told).hostname or "").lower()
        except ValueError:
            raise answer_refused(self._camera, _NO_ADDRESS) from None
        if host != (urlsplit(self._url).hostname or "").lower():
            raise other_host(self._camera, "backchannel", host[:64])
        return told

    def _be_set_up(self, answer: RtspAnswer) -> None:
        session = answer.first("session").partition(";")[0].strip()
        transport = answer.first("transport")
        channels = _INTERLEAVED.search(transport)
        if not _SESSION.fullmatch(session) or not transport.upper().startswith("RTP/AVP/TCP") or channels is None:
            raise answer_refused(self._camera, Words("transport refusé", "transport refused"))
        first, second = int(channels[1]), int(channels[2] or int(channels[1]) + 1)
        if not (first < 255 and second == first + 1):
            raise answer_refused(self._camera, Words("transport refusé", "transport refused"))
        self._session, self._channel = session, first

    def _take_frame(self) -> bool:
        """False: it is not whole yet. Raises ReturnChannel for all but a report about what we sent."""
        if len(self._received) < 4:
            return False
        _, channel, size = struct.unpack_from(">BBH", self._received)
        if not self._session or channel != self._channel + 1:
            raise return_channel(self._camera, Words("elle envoie du son", "it sends sound"))
        if len(self._received) < 4 + size:
            return False
        frame, self._received = self._received[4 : 4 + size], self._received[4 + size :]
        if not _only_reports(frame):
            raise return_channel(self._camera, Words("elle dit envoyer du son", "it says that it sends sound"))
        return True


def _pcmu(formats: list[str], attributes: list[str]) -> int | None:
    """The payload type of mu-law at 8 kHz among those of a line."""
    for each in formats:
        told = next((a.split(" ", 1)[1].strip() for a in attributes if a.startswith(f"rtpmap:{each} ")), "")
        is_pcmu = told.upper() in ("PCMU/8000", "PCMU/8000/1") or (each == "0" and not told)
        if is_pcmu and _PAYLOAD_TYPE.fullmatch(each):
            return int(each)
    return None


def _only_reports(rtcp: bytes) -> bool:
    """A compound of RTCP packets of which none is a sender's."""
    while rtcp:
        if len(rtcp) < 4 or rtcp[0] >> 6 != 2 or not _SENDER_REPORT < rtcp[1] <= 207:
            return False
        rtcp = rtcp[4 + 4 * int.from_bytes(rtcp[2:4], "big") :]
    return True


_NO_ADDRESS = Words("ce n'est pas une adresse", "that is no address")
_REQUIRED = ("Require", BACKCHANNEL)
