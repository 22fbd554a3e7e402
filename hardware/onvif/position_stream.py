"""The talk with a camera's metadata stream: RTSP that sets up its line of metadata, and no other (ONVIF Streaming).

Neither pictures nor sound are set up here: what comes on another channel, or of another payload, ends the talk. From
RTP packets documents are put together; one that lacks a packet is left out. Pure: bytes in, bytes and documents out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from csu.hal.camera import CameraError, StreamAddress
from csu.hal.words import Words
from hardware.onvif.addresses import Enrolled
from hardware.onvif.errors import answer_refused, not_offered
from hardware.onvif.rtsp_talk import RtspTalk

DOCUMENT_BYTES_MAX = 64 * 1024
_KIND = re.compile(r"rtpmap:(\d{1,3}) vnd\.onvif\.metadata/\d{1,9}", re.ASCII | re.IGNORECASE)
"""Not those that are packed (`.gzip`, `.exi`): nobody unpacks what a stranger sends."""


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


class PositionTalk(RtspTalk):
    """One talk: once it `is_open`, `take` the documents that came."""

    what = "metadata"

    def __init__(self, camera: str, address: StreamAddress, enrolled: Enrolled, client_nonce: str) -> None:
        super().__init__(camera, address, client_nonce, enrolled)
        self._assembling: Documents | None = None
        self._whole: list[bytes] = []

    def take(self) -> list[bytes]:
        """The documents that came, oldest first."""
        whole, self._whole = self._whole, []
        return whole

    def _control(self, sdp: str) -> str:
        line = metadata_line(self._camera, sdp)
        self._assembling = Documents(line.payload_type)
        return line.control

    def _take(self, frame: bytes, *, is_report: bool) -> None:
        if is_report:
            return
        if self._assembling is None:
            raise self._unasked()
        try:
            document = self._assembling.packet(frame)
        except ValueError:
            raise self._unasked() from None
        if document:
            self._whole.append(document)

    def _unasked(self) -> CameraError:
        return answer_refused(
            self._camera, Words("elle envoie ce que personne n'a demandé", "it sends what nobody asked for")
        )
