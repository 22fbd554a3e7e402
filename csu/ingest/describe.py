"""Ask a device what it offers before anything is set up: an RTSP DESCRIBE, on a connection of its own. A pure core.

FFmpeg, told to take video only, does not say that there was sound; and its errors hold the URL with the password. This
asks first, so that offered audio is counted without ever being set up (AUD-1), a refusal is told in the device's own
terms, and an unsuitable codec is known before the stream is opened. Digest as in RFC 7616 with MD5 (what RTSP cameras
speak), or Basic. Bytes in, bytes out: the socket is `csu.ingest.session`'s.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit
from urllib.request import parse_http_list, parse_keqv_list

from csu.hal.camera import CameraId, StreamAddress
from csu.ingest.errors import CameraLost, CameraRefused, IngestError
from csu.ingest.offer import Offer, parse_sdp

RTSP_PORT = 554
ANSWER_BYTES_MAX = 64 * 1024
_USER_AGENT = "csu"
TRY_AGAIN = "The connection is made again by itself; check the camera, its power and its network"


@dataclass(frozen=True, slots=True)
class Door:
    """Where to knock: a URL without secrets, and the secrets apart."""

    url: str
    host: str
    port: int
    user: str
    password: str

    def __repr__(self) -> str:
        return f"<Door {self.url}>"

    @property
    def url_with_secrets(self) -> str:
        """For FFmpeg alone. Never log it, never let it into an error."""
        if not self.user:
            return self.url
        parts = urlsplit(self.url)
        secret = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@{parts.netloc}"
        return urlunsplit(parts._replace(netloc=secret))


def door_of(address: StreamAddress, camera: CameraId) -> Door:
    """Take a stream address apart. Raises CameraRefused when it is not an RTSP URL."""
    try:
        parts = urlsplit(address.url)
        port = parts.port or RTSP_PORT
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), RTSP_PORT
    if parts.scheme != "rtsp" or not parts.hostname:
        raise CameraRefused(
            "the stream address is not an rtsp:// URL with a host",
            where=f"camera {camera}",
            what_to_do="Give rtsp://host:port/path; rtsps is not supported yet",
        )
    bare_netloc = parts.netloc.rpartition("@")[2]
    user = address.user or unquote(parts.username or "")
    password = address.password if address.user else unquote(parts.password or "")
    return Door(urlunsplit(parts._replace(netloc=bare_netloc)), parts.hostname, port, user, password)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    reason: str
    challenges: tuple[str, ...]
    body: str


class Describing:
    """The conversation: send `request`, then `feed` what comes; send what it returns, until `offer` is there.

    Raises CameraLost, CameraRefused. One or two requests: the second with the login the device asked for.
    """

    def __init__(self, door: Door, camera: CameraId, client_nonce: str) -> None:
        self.offer: Offer | None = None
        """What the device offers; None until it has answered."""
        self._door = door
        self._camera = camera
        self._client_nonce = client_nonce
        self._sequence = 0
        self._received = b""
        self._logged_in = False

    def request(self) -> bytes:
        """The first bytes to send."""
        return self._request("")

    def feed(self, data: bytes) -> bytes:
        """Take what came (empty: the device closed); returns what to send now, empty for nothing."""
        if not data:
            raise self._lost(f"{self._place} closed the connection without an answer")
        self._received += data
        if len(self._received) > ANSWER_BYTES_MAX:
            raise self._lost(f"{self._place} sent more than {ANSWER_BYTES_MAX} bytes")
        answer = self._answer()
        if answer is None:
            return b""
        if answer.status == 401 and self._door.user and not self._logged_in:
            self._logged_in = True
            return self._request(self._authorisation(answer.challenges))
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            self.offer = parse_sdp(answer.body)
        except ValueError as error:
            raise self._lost(f"{self._door.url} answered without a stream description: {error}") from None
        return b""

    @property
    def _place(self) -> str:
        return f"{self._door.host}:{self._door.port}"

    def _request(self, authorisation: str) -> bytes:
        self._sequence += 1
        lines = [
            f"DESCRIBE {self._door.url} RTSP/1.0",
            f"CSeq: {self._sequence}",
            f"User-Agent: {_USER_AGENT}",
            "Accept: application/sdp",
            *([f"Authorization: {authorisation}"] if authorisation else []),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _answer(self) -> _Answer | None:
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = head.decode("utf-8", "replace").split("\r\n")
        parts = (line.partition(":") for line in lines[1:])
        fields = [(name.strip().lower(), value.strip()) for name, _, value in parts]
        words = lines[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("RTSP/") or not (words[1].isascii() and words[1].isdigit()):
            raise self._lost(f"{self._place} does not speak RTSP")
        length = next((value for name, value in fields if name == "content-length"), "0")
        size = int(length) if length.isascii() and length.isdigit() else 0
        if len(body) < size:
            return None
        self._received = body[size:]
        challenges = tuple(value for name, value in fields if name == "www-authenticate")
        reason = words[2] if len(words) > 2 else ""
        return _Answer(int(words[1]), reason[:80], challenges, body[:size].decode("utf-8", "replace"))

    def _authorisation(self, challenges: tuple[str, ...]) -> str:
        for challenge in challenges:
            scheme, _, rest = challenge.partition(" ")
            if scheme.lower() == "digest":
                asked = parse_keqv_list([item for item in parse_http_list(rest) if "=" in item])
                if asked.get("algorithm", "MD5").upper() == "MD5":
                    return self._digest(asked)
        if any(challenge.lower().startswith("basic") for challenge in challenges):
            secret = f"{self._door.user}:{self._door.password}".encode()
            return f"Basic {base64.b64encode(secret).decode()}"
        raise CameraRefused(
            f"{self._door.url} asks for a login this engine does not know",
            where=f"camera {self._camera}",
            what_to_do="Set the camera's RTSP login to digest (MD5)",
        )

    def _digest(self, asked: dict[str, str]) -> str:
        door, realm, nonce = self._door, asked.get("realm", ""), asked.get("nonce", "")
        secret = _md5(f"{door.user}:{realm}:{door.password}")
        request = _md5(f"DESCRIBE:{door.url}")
        fields = {"username": door.user, "realm": realm, "nonce": nonce, "uri": door.url}
        if "opaque" in asked:
            fields["opaque"] = asked["opaque"]
        tail = ""
        if "auth" in [word.strip() for word in asked.get("qop", "").split(",")]:
            mine = self._client_nonce
            fields |= {"cnonce": mine, "response": _md5(f"{secret}:{nonce}:00000001:{mine}:auth:{request}")}
            tail = ", qop=auth, nc=00000001"
        else:
            fields["response"] = _md5(f"{secret}:{nonce}:{request}")
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items()) + tail

    def _refusal(self, answer: _Answer) -> IngestError:
        door, where = self._door, f"camera {self._camera}"
        if answer.status == 401:
            what = "wrong user or password" if door.user else "a user and a password are needed"
            return CameraRefused(
                f"{what} (401 from {door.url})", where=where, what_to_do="Correct the login of this camera"
            )
        if answer.status in (404, 454):
            return CameraRefused(
                f"unknown path ({answer.status} from {door.url})", where=where, what_to_do="Correct the stream's URL"
            )
        if answer.status >= 500:
            return self._lost(f"{door.url} answered {answer.status} {answer.reason}")
        return CameraRefused(
            f"refused ({answer.status} {answer.reason} from {door.url})",
            where=where,
            what_to_do="Correct the stream's URL or the camera's settings",
        )

    def _lost(self, what: str) -> CameraLost:
        return CameraLost(what, where=f"camera {self._camera}", what_to_do=TRY_AGAIN)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # the protocol's own digest, no choice of ours
