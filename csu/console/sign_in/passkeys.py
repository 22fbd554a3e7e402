"""Passkeys (WebAuthn): made by somebody who is signed in, and then all he needs. The library judges; here is what is
asked of it: the person is verified (PIN, finger), the page is the console's own, a challenge counts once.

`site`: the console's name as the browser knows it, never an address in figures, which cannot have passkeys.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from csu.console.sign_in.store import Passkey, SignInStore
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds

CHALLENGE_NS_MAX = 3 * NS_PER_MINUTE
CHALLENGES_MAX = 1_000
PASSKEYS_MAX = 10
"""Of one person."""
NAME = "csu"


@dataclass(frozen=True, slots=True)
class Site:
    """The console as a browser names it."""

    name: str
    """Without port."""
    origin: str
    """`https://csu.example` or, on the machine itself, `http://localhost:8600`."""


@dataclass(frozen=True, slots=True)
class _Challenge:
    challenge: bytes
    account: str
    """Whose new passkey; empty: to come in."""
    site: Site
    until_ns: Nanoseconds


class Passkeys:
    """Challenges that are out, over the passkeys of a store."""

    def __init__(self, store: SignInStore) -> None:
        self._store = store
        self._out: dict[str, _Challenge] = {}

    def ask(self, site: Site, now_ns: Nanoseconds) -> tuple[str, str]:
        """For somebody who wants to come in: the challenge's name, and what the browser's API takes (JSON)."""
        options = webauthn.generate_authentication_options(
            rp_id=site.name, user_verification=UserVerificationRequirement.REQUIRED
        )
        return self._keep(options.challenge, "", site, now_ns), webauthn.options_to_json(options)

    def offer(self, account: str, shown_name: str, site: Site, now_ns: Nanoseconds) -> tuple[str, str]:
        """For somebody who wants another passkey: the challenge's name, and what the browser's API takes (JSON)."""
        known = [
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.credential))
            for each in self._store.passkeys(account)
        ]
        options = webauthn.generate_registration_options(
            rp_id=site.name,
            rp_name=NAME,
            user_name=account,
            user_id=account.encode(),
            user_display_name=shown_name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=known,
        )
        return self._keep(options.challenge, account, site, now_ns), webauthn.options_to_json(options)

    def answer(self, name: str, credential: dict[str, Any], now_ns: Nanoseconds) -> str | None:
        """Whose passkey answered that challenge; None: nobody's, or not as it must."""
        out = self._take(name, now_ns)
        known = self._store.passkey(str(credential.get("id", "")))
        if out is None or out.account or known is None:
            return None
        try:
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=out.challenge,
                expected_rp_id=out.site.name,
                expected_origin=out.site.origin,
                credential_public_key=known.public_key,
                credential_current_sign_count=known.uses,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError):
            return None
        self._store.use_passkey(known.credential, verified.new_sign_count)
        return known.account

    def add(self, name: str, account: str, label: str, credential: dict[str, Any], now_ns: Nanoseconds) -> bool:
        """Keep the passkey that was made for that challenge; False: it is none, or not this person's."""
        out = self._take(name, now_ns)
        if out is None or out.account != account or len(self._store.passkeys(account)) >= PASSKEYS_MAX:
            return False
        try:
            made = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=out.challenge,
                expected_rp_id=out.site.name,
                expected_origin=out.site.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError):
            return False
        kept = bytes_to_base64url(made.credential_id)
        self._store.add_passkey(Passkey(kept, account, made.credential_public_key, made.sign_count, label[:64], now_ns))
        return True

    def _keep(self, challenge: bytes, account: str, site: Site, now_ns: Nanoseconds) -> str:
        self._out = {name: each for name, each in self._out.items() if now_ns < each.until_ns}
        while len(self._out) >= CHALLENGES_MAX:
            del self._out[next(iter(self._out))]
        name = secrets.token_urlsafe(16)
        self._out[name] = _Challenge(challenge, account, site, now_ns + CHALLENGE_NS_MAX)
        return name

    def _take(self, name: str, now_ns: Nanoseconds) -> _Challenge | None:
        out = self._out.pop(name, None)
        return out if out is not None and now_ns < out.until_ns else None
