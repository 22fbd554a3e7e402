"""DIGEST authentication (RFC 7616, algorithm MD5, with or without qop) as RTSP clients speak it. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

REALM = "simulated camera"

_PAIR = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Login:
    """Who may watch. An empty user means that nobody is asked."""

    user: str
    password: str = field(repr=False)


def challenge(nonce: str, *, stale: bool = False) -> str:
    """The value of `WWW-Authenticate`."""
    tail = ", stale=TRUE" if stale else ""
    return f'Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"{tail}'


def response_of(login: Login, method: str, fields: dict[str, str]) -> str:
    """What `response` must be for these fields (RFC 7616 3.4.1; without qop, RFC 2069)."""
    secret = _md5(f"{login.user}:{REALM}:{login.password}")
    asked = _md5(f"{method}:{fields.get('uri', '')}")
    if "qop" in fields:
        middle = ":".join(fields.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    else:
        middle = fields.get("nonce", "")
    return _md5(f"{secret}:{middle}:{asked}")


def is_right(login: Login, header: str | None, *, method: str, url: str, nonce: str) -> bool:
    """Does this `Authorization` header prove that the caller knows the password, for this request and nonce?"""
    if not login.user:
        return True
    if header is None or not header.lower().startswith("digest "):
        return False
    fields = {key.lower(): quoted or bare for key, quoted, bare in _PAIR.findall(header[7:])}
    same = fields.get("username") == login.user and fields.get("nonce") == nonce and fields.get("uri") == url
    return same and hmac.compare_digest(fields.get("response", ""), response_of(login, method, fields))


def is_one_of(logins: Sequence[Login], header: str | None, *, method: str, url: str, nonce: str) -> bool:
    """The same, for any of `logins`."""
    return any(is_right(login, header, method=method, url=url, nonce=nonce) for login in logins)


def _md5(text: str) -> str:
    # MD5 is what RTSP clients and cameras speak; it guards a simulated street, nothing else.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
