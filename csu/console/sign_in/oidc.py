"""Coming in by a provider of identities (OpenID Connect, code and PKCE): it proves who somebody is, and nothing else.

What he may do here is in the list of people. A provider's word counts for the account to which two persons bound its
subject, and only when it says that two factors were used (ACC-6).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from csu.console.sign_in.passkeys import Site
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import BadInput, CsuError
from csu.hal.tls import is_loopback
from csu.hal.words import Words

ISSUER_NAME, CLIENT_NAME, SECRET_NAME = "CSU_OIDC_ISSUER", "CSU_OIDC_CLIENT", "CSU_OIDC_SECRET_FILE"
BACK = "/sign-in/oidc/back"
"""Where the provider sends the browser: to be registered there, after the console's own address."""
ASKED_NS_MAX = 5 * NS_PER_MINUTE
"""From here to the provider and back."""
ASKED_MAX = 1_000
TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 256 << 10
KEYS_NS_MAX = 10 * NS_PER_MINUTE
LEEWAY_S = 30
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
"""Never `none`, nor one by which a public key could pass for a shared secret."""
_KINDS = (
    frozenset({"pwd", "pin", "kba"}),
    frozenset({"otp", "hwk", "swk", "sc", "pop"}),
    frozenset({"fpt", "face", "iris", "retina", "vbm"}),
)
"""Methods of RFC 8176 by what they prove: something known, held, or of one's body. A code by telephone is none."""


class OidcUnavailable(CsuError):
    """The provider does not answer, or not as one should: by it nobody comes in now."""


class _CodeRefused(OidcUnavailable):
    """It answers, and takes not the code that a browser brought."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """`issuer`: its address, as it signs it. `secret`: what the console proves itself with there; empty: PKCE alone."""

    issuer: str
    client: str
    secret: str = ""

    @staticmethod
    def of(environment: Mapping[str, str]) -> OidcSettings | None:
        """None: none is named. Raises BadInput."""
        issuer, client = environment.get(ISSUER_NAME, "").rstrip("/"), environment.get(CLIENT_NAME, "")
        if not issuer and not client:
            return None
        if not issuer or not client:
            raise _bad(ISSUER_NAME, f"{ISSUER_NAME} et {CLIENT_NAME} vont ensemble", "the two go together")
        address = urlsplit(issuer)
        if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname or "")):
            raise _bad(ISSUER_NAME, "hors de cette machine, TLS seulement", "beyond this machine, TLS only")
        return OidcSettings(issuer, client, _secret(environment.get(SECRET_NAME, "")))


@dataclass(frozen=True, slots=True)
class Proved:
    """What a provider said: who, by its own stable name for him, and whether two factors were used."""

    issuer: str
    subject: str
    is_strong: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    site: Site
    nonce: str
    verifier: str
    until_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class _Found:
    """What it published of itself, and its keys."""

    authorization: str
    token: str
    keys: KeySet
    until_ns: Nanoseconds


class OidcProvider:
    """One provider. Its keys are asked for again every ten minutes, and when it signs with one that is not known."""

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._asked: dict[str, _Asked] = {}
        self._found: _Found | None = None

    async def ask(self, site: Site) -> tuple[str, str]:
        """(where to send the browser, the state that it must bring back). Raises OidcUnavailable."""
        found = await self._find()
        now_ns, state = self._clock.monotonic_ns(), secrets.token_urlsafe(32)
        asked = _Asked(site, secrets.token_urlsafe(32), secrets.token_urlsafe(48), now_ns + ASKED_NS_MAX)
        self._asked = {name: each for name, each in self._asked.items() if now_ns < each.until_ns}
        while len(self._asked) >= ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        self._asked[state] = asked
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._settings.client,
            "redirect_uri": site.origin + BACK,
            "scope": "openid",
            "state": state,
            "nonce": asked.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(found.authorization).query else "?"
        return f"{found.authorization}{joint}{urlencode(query)}", state

    async def answer(self, state: str, code: str) -> Proved | None:
        """Whom it vouches for; None: nobody. A state is good once. Raises OidcUnavailable."""
        asked = self._asked.pop(state, None)
        if asked is None or self._clock.monotonic_ns() >= asked.until_ns:
            return None
        found = await self._find()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.site.origin + BACK,
            "code_verifier": asked.verifier,
        }
        client, secret = self._settings.client, self._settings.secret
        auth = (quote(client, safe=""), quote(secret, safe="")) if secret else None  # RFC 6749, 2.3.1
        form |= {} if secret else {"client_id": client}
        try:
            told = await self._told("POST", found.token, form, auth)
        except _CodeRefused:
            return None
        claims = await self._claims(str(told.get("id_token", "")), asked.nonce)
        if claims is None:
            return None
        return Proved(self._settings.issuer, str(claims["sub"]), _is_strong(claims))

    async def _claims(self, token: str, nonce: str) -> dict[str, Any] | None:
        """What an identity token says, if this provider signed it, for us, now, for that question."""
        for is_fresh in (False, True):
            found = await self._find(is_fresh=is_fresh)
            try:
                claims = jwt.decode(token, found.keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError):
                continue  # it may sign with a key that is newer than those we have
            return claims if self._holds(claims, nonce) else None
        return None

    def _holds(self, claims: dict[str, Any], nonce: str) -> bool:
        rules = jwt.JWTClaimsRegistry(
            now=self._clock.now_ns() // NS_PER_S,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            rules.validate(claims)
        except JoseError:
            return False
        return bool(claims.get("azp", self._settings.client) == self._settings.client)

    async def _find(self, *, is_fresh: bool = False) -> _Found:
        now_ns = self._clock.monotonic_ns()
        if self._found is not None and now_ns < self._found.until_ns and not is_fresh:
            return self._found
        told = await self._told("GET", f"{self._settings.issuer}/.well-known/openid-configuration")
        if str(told.get("issuer", "")).rstrip("/") != self._settings.issuer:
            raise _unavailable("issuer")
        addresses = {name: str(told.get(name, "")) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        for name, address in addresses.items():
            if urlsplit(address).scheme != urlsplit(self._settings.issuer).scheme:
                raise _unavailable(name)
        try:
            keys = KeySet.import_key_set(await self._told("GET", addresses["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _unavailable("jwks_uri") from error
        self._found = _Found(
            addresses["authorization_endpoint"], addresses["token_endpoint"], keys, now_ns + KEYS_NS_MAX
        )
        return self._found

    async def _told(
        self, method: str, address: str, form: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with (
                httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
                client.stream(method, address, data=form, auth=auth) as answer,
            ):
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > ANSWER_BYTES_MAX:
                        raise _unavailable(f"> {ANSWER_BYTES_MAX} B")
                if answer.status_code in (400, 401, 403) and form is not None:
                    raise _unavailable(f"HTTP {answer.status_code}", _CodeRefused)
                answer.raise_for_status()
                told = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise _unavailable(type(error).__name__) from error
        if not isinstance(told, dict):
            raise _unavailable("JSON")
        return told


def _is_strong(claims: Mapping[str, Any]) -> bool:
    methods = claims.get("amr")
    if not isinstance(methods, list):
        return False
    return "mfa" in methods or sum(not kind.isdisjoint(map(str, methods)) for kind in _KINDS) >= 2


def _secret(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(SECRET_NAME, f"illisible ({error})", f"it cannot be read ({error})") from error


def _bad(where: str, french: str, english: str) -> BadInput:
    return BadInput(
        Words(french, english),
        where=where,
        what_to_do=Words("Voyez docs/decisions/0089", "See docs/decisions/0089"),
    )


def _unavailable(why: str, kind: type[OidcUnavailable] = OidcUnavailable) -> OidcUnavailable:
    return kind(
        Words(f"le fournisseur d'identité ne répond pas ({why})", f"the identity provider does not answer ({why})"),
        where="sign-in/oidc",
        what_to_do=Words("Entrez par mot de passe ou clé d'accès", "Sign in by password or passkey"),
    )
