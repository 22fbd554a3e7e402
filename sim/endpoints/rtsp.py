"""RTSP/1.0 messages (RFC 2326): read a request, write a reply, describe a stream. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sim.endpoints.rtp import VIDEO_CLOCK_HZ
from sim.endpoints.spec import Codec, Speaker

POSITION_PAYLOAD_TYPE = 107
"""Dynamic; many cameras have this one for their metadata."""

HEAD_BYTES_MAX = 8192
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
VIDEO_TRACK, AUDIO_TRACK, POSITION_TRACK, SPEAKER_TRACK = "trackID=1", "trackID=2", "trackID=3", "trackID=4"
BACKCHANNEL = "www.onvif.org/ver20/backchannel"

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    503: "Service Unavailable",
    551: "Option not supported",
}


class BadRequest(Exception):
    """What came is not RTSP: answer 400 and close."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The URL's path without slashes at its ends."""
        return urlsplit(self.url).path.strip("/")

    @property
    def body_bytes(self) -> int:
        """Length of the body that follows. Raises BadRequest for nonsense."""
        text = self.headers.get("content-length", "0")
        if not text.isdigit() or int(text) > HEAD_BYTES_MAX:
            raise BadRequest(f"content-length {text!r}")
        return int(text)


def read_request(head: bytes) -> Request:
    """A request from its head (up to the empty line). Raises BadRequest."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("RTSP/1."):
        raise BadRequest("no RTSP request line")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return Request(parts[0], parts[1], headers)


def reply(status: int, request: Request | None, headers: Sequence[tuple[str, str]] = (), body: str = "") -> bytes:
    """The bytes of a reply to `request`."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}"]
    if request is not None and "cseq" in request.headers:
        lines.append(f"CSeq: {request.headers['cseq']}")
    lines.extend(f"{name}: {value}" for name, value in headers)
    payload = body.encode()
    if payload:
        lines.append(f"Content-Length: {len(payload)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + payload


def interleaved_channel(transport: str) -> int | None:
    """The RTP channel a client asks for in `Transport`; None when it wants anything but TCP interleaved."""
    for offer in transport.split(","):
        terms = [term.strip() for term in offer.split(";")]
        if terms[0].upper() != "RTP/AVP/TCP":
            continue
        for term in terms[1:]:
            if term.startswith("interleaved="):
                first = term.removeprefix("interleaved=").split("-")[0]
                return int(first) if first.isdigit() and int(first) < 255 else None
        return 0
    return None


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """What DESCRIBE tells. `parameter_sets`: NAL units (SPS, PPS; VPS first in H.265); empty: the camera hides them."""

    codec: Codec
    parameter_sets: tuple[bytes, ...]
    frames_per_s: int
    audio: bool
    positions: bool = False
    """Does it tell where it looks, in a track of its own?"""
    speaker: Speaker = Speaker.NONE
    """Of who requires the backchannel; others are not told of it."""


def sdp_of(name: str, stream: StreamDescription) -> str:
    """The SDP (RFC 4566) of one camera."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", f"s={name}", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*"]
    lines += [f"m=video 0 RTP/AVP {stream.codec.payload_type}", *_codec_lines(stream)]
    lines += [f"a=framerate:{stream.frames_per_s}", f"a=control:{VIDEO_TRACK}"]
    if stream.audio:
        lines += ["m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", f"a=control:{AUDIO_TRACK}"]
        lines += ["a=recvonly"] if stream.speaker is not Speaker.NONE else []
    if stream.speaker is not Speaker.NONE:
        way = "sendrecv" if stream.speaker is Speaker.DUPLEX else "sendonly"
        lines += ["m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", f"a={way}", f"a=control:{SPEAKER_TRACK}"]
    if stream.positions:
        kind = f"{POSITION_PAYLOAD_TYPE} vnd.onvif.metadata/{VIDEO_CLOCK_HZ}"
        lines += [f"m=application 0 RTP/AVP {POSITION_PAYLOAD_TYPE}", f"a=rtpmap:{kind}"]
        lines += ["a=recvonly", f"a=control:{POSITION_TRACK}"]
    return "\r\n".join(lines) + "\r\n"


def _codec_lines(stream: StreamDescription) -> list[str]:
    sets = [base64.b64encode(unit).decode() for unit in stream.parameter_sets]
    if stream.codec is Codec.MJPEG:
        return ["a=rtpmap:26 JPEG/90000"]
    if stream.codec is Codec.HEVC:
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        terms = ";".join(f"{name}={value}" for name, value in zip(names, sets, strict=False))
        return ["a=rtpmap:96 H265/90000", *([f"a=fmtp:96 {terms}"] if terms else [])]
    terms = "packetization-mode=1"
    if sets:
        profile = stream.parameter_sets[0][1:4].hex().upper()
        terms += f";profile-level-id={profile};sprop-parameter-sets={','.join(sets)}"
    return ["a=rtpmap:96 H264/90000", f"a=fmtp:96 {terms}"]
