"""Passkeys, with an authenticator made of a key pair: what it signs is what a real one signs (WebAuthn level 2)."""

from __future__ import annotations

import hashlib
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from csu.governance.journal_entry import Outcome

HOST, ORIGIN = "localhost:8600", "http://localhost:8600"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One key for one site."""

    def __init__(self) -> None:
        self.key, self.id, self.uses = ec.generate_private_key(ec.SECP256R1()), b"credential-of-anne", 0

    def make(self, options: dict[str, Any], origin: str = ORIGIN) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], PRESENT | VERIFIED | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"attestationObject": b64(attestation), "clientDataJSON": b64(client("create", options, origin))}
        return self._credential(response)

    def answer(self, options: dict[str, Any], origin: str = ORIGIN, flags: int = PRESENT | VERIFIED) -> dict[str, Any]:
        self.uses += 1
        told, data = client("get", options, origin), self._data(options["rpId"], flags)
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            {"authenticatorData": b64(data), "clientDataJSON": b64(told), "signature": b64(signature)}
        )

    def _data(self, site: str, flags: int) -> bytes:
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + struct.pack(">I", self.uses)

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}


def client(kind: str, options: dict[str, Any], origin: str) -> bytes:
    return json.dumps({"type": f"webauthn.{kind}", "challenge": options["challenge"], "origin": origin}).encode()


def with_passkey(office, account: str = "a.martin", role: str = "operator") -> Authenticator:
    """She is signed in, makes a passkey, and leaves."""
    browser, authenticator = office.browser(HOST), Authenticator()
    assert browser.come_in(account, role).status_code == 200
    offered = browser.ask("POST", "/api/me/passkeys/challenge").json()
    assert urlsafe_b64decode(offered["options"]["user"]["id"] + "==") == account.encode()
    credential = authenticator.make(offered["options"])
    made = {"challenge": offered["challenge"], "name": "clé bleue", "credential": credential}
    assert browser.ask("POST", "/api/me/passkeys", made).status_code == 204
    assert browser.ask("POST", "/api/sign-out").status_code == 204
    office.entries()
    return authenticator


def come_in(browser, authenticator, **how: Any):
    asked = browser.ask("POST", "/api/sign-in/passkey/challenge").json()
    body = {"challenge": asked["challenge"], "credential": authenticator.answer(asked["options"], **how)}
    return browser.ask("POST", "/api/sign-in/passkey", body), body


@pytest.mark.requirement("ACC-6")
def test_a_passkey_is_all_one_needs(office) -> None:
    authenticator, browser = with_passkey(office), office.browser(HOST)
    answer, _ = come_in(browser, authenticator)
    assert (answer.status_code, answer.json()["account"]) == (200, "a.martin")
    assert browser.ask("GET", "/api/wall.png").status_code == 200
    assert [(entry.author, entry.outcome) for entry in office.entries()][0] == ("a.martin", Outcome.GRANTED)


def test_a_challenge_counts_once_and_not_for_long(office) -> None:
    authenticator, browser = with_passkey(office), office.browser(HOST)
    answer, body = come_in(browser, authenticator)
    assert answer.status_code == 200
    again = office.browser(HOST)
    assert again.ask("POST", "/api/sign-in/passkey", body).status_code == 401
    asked = again.ask("POST", "/api/sign-in/passkey/challenge").json()
    office.pass_s(181)
    late = {"challenge": asked["challenge"], "credential": authenticator.answer(asked["options"])}
    assert again.ask("POST", "/api/sign-in/passkey", late).status_code == 401


@pytest.mark.parametrize(
    "how",
    [{"origin": "http://evil.example"}, {"flags": PRESENT}, {"flags": VERIFIED}],
    ids=["another page", "nobody verified", "nobody there"],
)
def test_what_another_page_or_an_unattended_key_signs_is_nothing(office, how) -> None:
    authenticator, browser = with_passkey(office), office.browser(HOST)
    answer, _ = come_in(browser, authenticator, **how)
    assert answer.status_code == 401
    assert browser.ask("GET", "/api/cameras").status_code == 401


def test_a_copied_authenticator_is_told_by_its_counter(office) -> None:
    authenticator = with_passkey(office)
    assert come_in(office.browser(HOST), authenticator)[0].status_code == 200
    authenticator.uses = 0
    assert come_in(office.browser(HOST), authenticator)[0].status_code == 401


def test_another_key_under_a_known_name_is_nobodys(office) -> None:
    with_passkey(office)
    assert come_in(office.browser(HOST), Authenticator())[0].status_code == 401


def test_who_has_two_roles_says_which(office) -> None:
    authenticator, browser = with_passkey(office, "l.weber", "dpo"), office.browser(HOST)
    begun = come_in(browser, authenticator)[0].json()
    assert [each["role"] for each in begun["roles"]] == ["dpo", "inspector"]
    assert browser.ask("GET", "/api/me").status_code == 401
    said = {"ticket": begun["ticket"], "role": "operator"}
    assert browser.ask("POST", "/api/sign-in/role", said).status_code == 401
    begun = come_in(browser, authenticator)[0].json()
    office.pass_s(30)  # a code counts once
    for path, more in (("/api/sign-in/code", {"code": office.code("l.weber")}), ("/api/sign-in/role", {})):
        said = {"ticket": browser.password("l.weber").json()["ticket"], "role": "inspector", **more}
        answer = browser.ask("POST", path, said)
        assert answer.status_code == (200 if more else 401), "a password alone is not enough"
    said = {"ticket": begun["ticket"], "role": "inspector"}
    assert browser.ask("POST", "/api/sign-in/role", said).json()["role"]["role"] == "inspector"


@pytest.mark.requirement("ACC-2")
def test_a_suspended_persons_passkey_opens_nothing(office) -> None:
    authenticator = with_passkey(office)
    office.suspend("a.martin")
    assert come_in(office.browser(HOST), authenticator)[0].status_code == 401


def test_a_passkey_is_made_by_who_is_signed_in_for_himself(office) -> None:
    anne, luc, authenticator = office.browser(HOST), office.browser(HOST), Authenticator()
    anne.come_in()
    luc.come_in("l.weber", "dpo")
    assert office.browser(HOST).ask("POST", "/api/me/passkeys/challenge").status_code == 401
    offered = anne.ask("POST", "/api/me/passkeys/challenge").json()
    made = {"challenge": offered["challenge"], "name": "x", "credential": authenticator.make(offered["options"])}
    assert luc.ask("POST", "/api/me/passkeys", made).status_code == 409


def test_an_address_in_figures_has_no_passkeys(office) -> None:
    answer = office.browser("127.0.0.1:8600").ask("POST", "/api/sign-in/passkey/challenge")
    assert (answer.status_code, answer.json()["code"]) == (409, "passkey_refused")
