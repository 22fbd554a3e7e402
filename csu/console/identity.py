"""Who asks: who holds an open session (`csu.console.sign_in`), or a signed token of a few minutes; in a demonstration,
whoever sits at the machine.

Nothing a request says of itself is believed but a signature. Who cannot be told is None, and the answer is 401.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import HTTPConnection

from csu.governance import Role, Subject
from csu.governance.centre_key import CentreKey, PublicKey
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds

TOKEN_NS_MAX = 15 * NS_PER_MINUTE
"""A token that claims a longer life is not believed at all."""
TOKEN_CHARACTERS_MAX = 1024
_TOKEN = "csu-console-token-1"  # noqa: S105  (the name of the format, no secret)
_RELAYED_BY = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class IdentitySource(Protocol):
    """From a request to a person with the papers that the centre holds of them."""

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        """Who asks, at that instant; None: nobody we know. Never raises."""
        ...


class Accounts(Protocol):
    """The accounts and their papers."""

    def find(self, account: str, role: Role, at_ns: Nanoseconds) -> Subject | None:
        """This account in this role, with its papers as they are now; None: it has no such role, or is suspended."""
        ...


class LocalOperator:
    """Whoever sits at this very machine is that person. For demonstrations: so is any process on the machine.

    A request that went through a proxy comes from elsewhere, whatever its last hop is: it is nobody's.
    """

    def __init__(self, subject: Callable[[], Subject]) -> None:
        """`subject`: who that is, with the papers of now."""
        self._subject = subject

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        if connection.client is None or any(name in connection.headers for name in _RELAYED_BY):
            return None
        return self._subject() if _is_loopback(connection.client.host) else None


class Claims(BaseModel):
    """What a token says; papers are not among it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    person: str
    role: str
    strong_login: bool
    from_ns: Nanoseconds
    to_ns: Nanoseconds


class SignedTokens:
    """`Authorization: Bearer csu-console-token-1.<claims>.<Ed25519 signature>`, believed while it lasts.

    The console holds the public key only: it cannot make a token. There is no default key.
    """

    def __init__(self, public: PublicKey, people: Accounts) -> None:
        self._public, self._people = public, people

    @staticmethod
    def of_file(key: Path, people: Accounts) -> SignedTokens:
        """With the PEM file that the configuration names. Raises CentreKeyUnusable."""
        return SignedTokens(PublicKey.load(key), people)

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        told = connection.headers.getlist("authorization")
        claims = self._claims(told[0]) if len(told) == 1 else None
        if claims is None or claims.role not in set(Role):
            return None
        lasts = claims.from_ns <= at_ns < claims.to_ns <= claims.from_ns + TOKEN_NS_MAX
        person = self._people.find(claims.person, Role(claims.role), at_ns) if lasts else None
        return None if person is None else replace(person, strong_login=claims.strong_login)

    def _claims(self, header: str) -> Claims | None:
        scheme, _, token = header.partition(" ")
        name, _, rest = token.partition(".")
        payload, _, signature = rest.partition(".")
        if scheme.lower() != "bearer" or name != _TOKEN or len(token) > TOKEN_CHARACTERS_MAX:
            return None
        if not self._public.signed(f"{_TOKEN}.{payload}", signature):
            return None
        try:
            return Claims.model_validate_json(base64.urlsafe_b64decode(payload))
        except (ValidationError, binascii.Error, ValueError):
            return None


def make_token(key: CentreKey, claims: Claims) -> str:
    """The token that says so. For tests and machines: the console never calls it."""
    payload = base64.urlsafe_b64encode(claims.model_dump_json().encode()).decode()
    return f"{_TOKEN}.{payload}.{key.sign(f'{_TOKEN}.{payload}')}"


class TokenElse:
    """Who shows a token is judged by it alone; a bad one is not made up for by where it came from."""

    def __init__(self, tokens: IdentitySource, others: Sequence[IdentitySource]) -> None:
        self._tokens, self._others = tokens, tuple(others)

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        if "authorization" in connection.headers:
            return self._tokens.subject(connection, at_ns)
        found = (other.subject(connection, at_ns) for other in self._others)
        return next((subject for subject in found if subject is not None), None)


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
