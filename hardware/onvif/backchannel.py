"""The talk with a camera's loudspeaker: RTSP with `Require: www.onvif.org/ver20/backchannel` (ONVIF Streaming 5.3).

Of all that the camera offers, the one line of audio that it only takes is set up, over the RTSP connection itself. Its
microphone has a line of its own, which is never named here. Whatever sounds like an answer ends the talk (AUD-4). Pure:
bytes in, bytes out; the socket is `hardware.onvif.speaking`'s.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from csu.hal.camera import CameraError, StreamAddress
from csu.hal.loudspeaker import no_loudspeaker, return_channel
from csu.hal.rtsp import RtspAnswer
from csu.hal.words import Words
from hardware.onvif.rtsp_talk import RtspTalk

BACKCHANNEL = "www.onvif.org/ver20/backchannel"
TAKES_AND_GIVES = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
"""Directions of a line, as the centre would use it. `sendonly`: sound to the camera; `recvonly`: its microphone."""
_SENDER_REPORT = 200
_PAYLOAD_TYPE = re.compile(r"\d{1,2}|1[01]\d|12[0-7]", re.ASCII)


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


class Backchannel(RtspTalk):
    """One talk: once it `is_open`, `packet` by packet; then `end`."""

    what = "backchannel"
    require = (("Require", BACKCHANNEL),)
    heard = (1,)

    def __init__(self, camera: str, address: StreamAddress, *, client_nonce: str, first: tuple[int, int, int]) -> None:
        """`first`: SSRC, sequence number and media time to begin with, drawn at random (RFC 3550 5.1)."""
        super().__init__(camera, address, client_nonce)
        self._ssrc, self._sequence, self._media_time = first
        self._payload_type, self._is_first = 0, True

    def packet(self, pcmu: bytes) -> bytes:
        """A piece of the sound, as it goes on the connection."""
        kind = self._payload_type | (0x80 if self._is_first else 0)  # the marker: a talkspurt begins (RFC 3551 4.1)
        rtp = struct.pack(">BBHII", 0x80, kind, self._sequence, self._media_time, self._ssrc) + pcmu
        self._is_first = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._media_time = (self._media_time + len(pcmu)) & 0xFFFFFFFF
        return struct.pack(">BBH", 0x24, self._channel, len(rtp)) + rtp

    def _control(self, sdp: str) -> str:
        line = speaker_line(self._camera, sdp)
        self._payload_type = line.payload_type
        return line.control

    def _take(self, frame: bytes, *, is_report: bool) -> None:
        if not (is_report and _only_reports(frame)):
            raise return_channel(self._camera, Words("elle dit envoyer du son", "it says that it sends sound"))

    def _unasked(self) -> CameraError:
        return return_channel(self._camera, Words("elle envoie du son", "it sends sound"))

    def _refused(self, answer: RtspAnswer) -> CameraError:
        return no_loudspeaker(self._camera) if answer.status == 551 else super()._refused(answer)


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
