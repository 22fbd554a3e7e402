"""RTSP/1.0 as a client of a camera writes and reads it (RFC 2326), and its logins. Pure: bytes in, bytes out.

Digest as in RFC 7616 with MD5 (what RTSP cameras speak), or Basic.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.request import parse_http_list, parse_keqv_list

PORTS = {"rtsp": 554, "rtsps": 322}
ANSWER_BYTES_MAX = 64 * 1024
"""The longest answer that anybody should take; it is for the reader to stop there."""
_USER_AGENT = "csu"
_REASON_SIGNS_MAX = 80
_DIGITS_MAX = 9


class NotRtsp(ValueError):
    """What came does not begin like an answer."""


@dataclass(frozen=True, slots=True)
class RtspAnswer:
    """One answer. Names of fields are lower case."""

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: str

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, in order."""
        return tuple(value for known, value in self.fields if known == name)

    def first(self, name: str) -> str:
        """Its first value; empty for none."""
        return next(iter(self.all(name)), "")


@dataclass(frozen=True, slots=True)
class RtspLogin:
    """Who asks; nothing of it shows."""

    user: str
    password: str
    client_nonce: str

    def __repr__(self) -> str:
        return "<RtspLogin>"


def request(method: str, url: str, sequence: int, fields: Sequence[tuple[str, str]] = ()) -> bytes:
    """The bytes of a request without a body."""
    told = (("CSeq", str(sequence)), ("User-Agent", _USER_AGENT), *fields)
    lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in told)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_answer(received: bytes) -> tuple[RtspAnswer, bytes] | None:
    """An answer and what came after it; None: it is not whole yet. Raises NotRtsp."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    lines = head.decode("utf-8", "replace").split("\r\n")
    parts = (line.partition(":") for line in lines[1:])
    fields = tuple((name.strip().lower(), value.strip()) for name, _, value in parts)
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("RTSP/") or not _number(words[1]):
        raise NotRtsp
    reason = words[2][:_REASON_SIGNS_MAX] if len(words) > 2 else ""
    length = next((value for name, value in fields if name == "content-length"), "0")
    size = int(length) if _number(length) else 0
    if len(body) < size:
        return None
    return RtspAnswer(int(words[1]), reason, fields, body[:size].decode("utf-8", "replace")), body[size:]


def authorisation(challenges: Sequence[str], login: RtspLogin, method: str, url: str, count: int = 1) -> str | None:
    """The value of `Authorization` for one request; None: it asks for a login that we do not know.

    `count`: of the requests that quote the challenge's nonce, this one too.
    """
    for challenge in challenges:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "digest":
            asked = parse_keqv_list([item for item in parse_http_list(rest) if item.partition("=")[2]])
            if asked.get("algorithm", "MD5").upper() == "MD5":
                return _digest(asked, login, method, url, count)
    if any(challenge.lower().startswith("basic") for challenge in challenges):
        return f"Basic {base64.b64encode(f'{login.user}:{login.password}'.encode()).decode()}"
    return None


def _number(text: str) -> bool:
    """Is it one that an honest device sends?"""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX


def _digest(asked: dict[str, str], login: RtspLogin, method: str, url: str, count: int) -> str:
    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    secret = _md5(f"{login.user}:{realm}:{login.password}")
    asked_for = _md5(f"{method}:{url}")
    fields = {"username": login.user, "realm": realm, "nonce": nonce, "uri": url}
    if "opaque" in asked:
        fields["opaque"] = asked["opaque"]
    tail = ""
    if "auth" in [word.strip() for word in asked.get("qop", "").split(",")]:
        mine, times = login.client_nonce, f"{count:08x}"
        fields |= {"cnonce": mine, "response": _md5(f"{secret}:{nonce}:{times}:{mine}:auth:{asked_for}")}
        tail = f", qop=auth, nc={times}"
    else:
        fields["response"] = _md5(f"{secret}:{nonce}:{asked_for}")
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items()) + tail


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # the protocol's own digest, no choice of ours
