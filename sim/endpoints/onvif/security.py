"""Who asks: WS-Security UsernameToken (Core 5.9.3) with a window of time and nonces that serve once. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from xml.etree.ElementTree import Element

from csu.hal.clock import NS_PER_S, Nanoseconds
from sim.endpoints.onvif.soap import NOT_AUTHORIZED, Fault, found
from sim.endpoints.onvif.times import instant_of
from sim.endpoints.onvif.users import Account

_NONCES_MAX = 16_384
_PASSWORD_TYPE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#Password"  # noqa: S105


class TokenGate:
    """Looks at UsernameTokens. `find` gives the account of a name. Not thread-safe."""

    def __init__(self, find: Callable[[str], Account | None], tolerance_s: float) -> None:
        self._find = find
        self._tolerance_ns = round(tolerance_s * NS_PER_S)
        self._seen: OrderedDict[bytes, Nanoseconds] = OrderedDict()
        """Nonces in the order they came, and until when each must be known."""

    def who(self, header: Element | None, now_ns: Nanoseconds, *, text: bool) -> Account | None:
        """Who a header says is asking; None without a token. Raises Fault for one that proves nothing.

        `now_ns`: by the device's clock. `text`: takes the password in clear text, and nothing else.
        """
        token = found(header, "Security/UsernameToken") if header is not None else None
        if token is None:
            return None
        account = self._find(_text(token, "Username"))
        password = found(token, "Password")
        kind = password.get("Type", "") if password is not None else ""
        given = (password.text or "") if password is not None else ""
        if account is None:
            raise _refused("who is this")
        if text:
            right = kind != f"{_PASSWORD_TYPE}Digest" and hmac.compare_digest(given.encode(), account.password.encode())
        else:
            right = kind == f"{_PASSWORD_TYPE}Digest" and self._is_digest(token, given.strip(), account, now_ns)
        if not right:
            raise _refused("the token proves nothing")
        return account

    def _is_digest(self, token: Element, given: str, account: Account, now_ns: Nanoseconds) -> bool:
        created = _text(token, "Created")
        created_ns = _instant_ns(created)
        if created_ns is None or abs(created_ns - now_ns) > self._tolerance_ns:
            raise _refused("Created is too far from the device's clock")
        try:
            nonce = base64.b64decode(_text(token, "Nonce"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refused("the nonce is no base64") from error
        wanted = hashlib.sha1(nonce + created.encode() + account.password.encode(), usedforsecurity=False).digest()
        if not nonce or not hmac.compare_digest(given.encode(), base64.b64encode(wanted)):
            return False
        self._take(nonce, now_ns)
        return True

    def _take(self, nonce: bytes, now_ns: Nanoseconds) -> None:
        """Remember a nonce for as long as its token could come again, at the latest."""
        while self._seen and next(iter(self._seen.values())) < now_ns:
            self._seen.popitem(last=False)
        if nonce in self._seen:
            raise _refused("this nonce was used")
        if len(self._seen) >= _NONCES_MAX:
            raise _refused("too many nonces in a short time")  # to forget one would let it be replayed
        self._seen[nonce] = now_ns + 2 * self._tolerance_ns


def _refused(why: str) -> Fault:
    return Fault(*NOT_AUTHORIZED, reason=f"Sender not authorized: {why}")


def _text(token: Element, name: str) -> str:
    at = found(token, name)
    return (at.text or "").strip() if at is not None else ""


def _instant_ns(text: str) -> Nanoseconds | None:
    """An xs:dateTime in UTC, with or without fractions; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or len(text) > 40:
        return None
    return instant_of(moment)
