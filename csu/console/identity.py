"""Who asks. Nobody logs in yet: there is one local operator for a demonstration, and signed tokens of a few minutes.

Nothing a request says of itself is believed but a signature. Who cannot be told is None, and the answer is 401.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import HTTPConnection

from csu.governance import Role, Subject
from csu.governance.centre_key import CentreKey, PublicKey
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, Nanoseconds
from csu.hal.tls import is_loopback

TOKEN_NS_MAX = 15 * NS_PER_MINUTE
"""A token that claims a longer life is not believed at all."""
TOKEN_CHARACTERS_MAX = 1024
_TOKEN = "csu-console-token-1"  # noqa: S105  (the name of the format, no secret)
NODE_TOKEN_NS_MAX = 400 * NS_PER_DAY
"""A machine that hangs behind a wall is not given a new token each quarter of an hour."""
_NODE_TOKEN = "csu-wall-node-1"  # noqa: S105
_RELAYED_BY = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class IdentitySource(Protocol):
    """From a request to a person with the papers that the centre holds of them."""

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        """Who asks, at that instant; None: nobody we know. Never raises."""
        ...


class People(Protocol):
    """The accounts and their papers."""

    def find(self, person: str, role: Role) -> Subject | None:
        """This account in this role, with its papers as they are now; None: it has no such role."""
        ...


class AnyOf:
    """The first who knows who it is. Forms of tokens differ: no token is judged by two."""

    def __init__(self, judges: Sequence[IdentitySource]) -> None:
        self._judges = tuple(judges)

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        found = (judge.subject(connection, at_ns) for judge in self._judges)
        return next((subject for subject in found if subject is not None), None)


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
        return self._subject() if is_loopback(connection.client.host) else None


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

    def __init__(self, public: PublicKey, people: People) -> None:
        self._public, self._people = public, people

    @staticmethod
    def of_file(key: Path, people: People) -> SignedTokens:
        """With the PEM file that the configuration names. Raises CentreKeyUnusable."""
        return SignedTokens(PublicKey.load(key), people)

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        claims = signed_claims(connection, _TOKEN, self._public, Claims)
        if claims is None or claims.role not in set(Role) - {Role.WALL_NODE}:
            return None
        lasts = claims.from_ns <= at_ns < claims.to_ns <= claims.from_ns + TOKEN_NS_MAX
        person = self._people.find(claims.person, Role(claims.role)) if lasts else None
        return None if person is None else replace(person, strong_login=claims.strong_login)


class NodeClaims(BaseModel):
    """What the token of a wall node says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    node: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds


class IssuedTokens(Protocol):
    """Which tokens of wall nodes were given out and not taken back."""

    def counts_from_ns(self, node: str) -> Nanoseconds | None:
        """Tokens of this node that begin earlier are not believed any more; None: it has none. Never raises."""
        ...


class WallNodeTokens:
    """`Authorization: Bearer csu-wall-node-1.<claims>.<Ed25519 signature>`: a machine, at its own door and no other.

    It is in no people's register and has one role. A token that was taken back, or replaced, is nobody's.
    """

    def __init__(self, public: PublicKey, issued: IssuedTokens) -> None:
        self._public, self._issued = public, issued

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        claims = signed_claims(connection, _NODE_TOKEN, self._public, NodeClaims)
        if claims is None or connection.path_params.get("node", claims.node) != claims.node:
            return None
        since_ns = self._issued.counts_from_ns(claims.node)
        lasts = claims.from_ns <= at_ns < claims.to_ns <= claims.from_ns + NODE_TOKEN_NS_MAX
        if since_ns is None or claims.from_ns < since_ns or not lasts:
            return None
        return Subject(f"wall-node.{claims.node}", Role.WALL_NODE, strong_login=True)


_Claims = TypeVar("_Claims", bound=BaseModel)


def signed_claims(connection: HTTPConnection, form: str, public: PublicKey, claims: type[_Claims]) -> _Claims | None:
    """What the one token of a request says, if it is of that form and signed with that key; else None. Never raises."""
    told = connection.headers.getlist("authorization")
    scheme, _, token = told[0].partition(" ") if len(told) == 1 else ("", "", "")
    name, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    if scheme.lower() != "bearer" or name != form or len(token) > TOKEN_CHARACTERS_MAX:
        return None
    if not public.signed(f"{form}.{payload}", signature):
        return None
    try:
        return claims.model_validate_json(base64.urlsafe_b64decode(payload))
    except (ValidationError, binascii.Error, ValueError):
        return None


def make_token(key: CentreKey, claims: Claims | NodeClaims) -> str:
    """The token that says so. For tests, for the login that is to come, and for who sets up a wall node: the console
    never calls it."""
    form = _NODE_TOKEN if isinstance(claims, NodeClaims) else _TOKEN
    payload = base64.urlsafe_b64encode(claims.model_dump_json().encode()).decode()
    return f"{form}.{payload}.{key.sign(f'{form}.{payload}')}"


class TokenElse:
    """Who shows a token is judged by it alone; a bad one is not made up for by where it came from."""

    def __init__(self, tokens: IdentitySource, others: Sequence[IdentitySource]) -> None:
        self._tokens, self._others = tokens, AnyOf(others)

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        if "authorization" in connection.headers:
            return self._tokens.subject(connection, at_ns)
        return self._others.subject(connection, at_ns)
