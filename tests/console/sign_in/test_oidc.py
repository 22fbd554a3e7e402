"""Coming in by an identity provider: a real one on loopback, and tokens of every kind that must not be believed."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from oidc_provider_mock import User, run_server_in_thread

from csu.console.sign_in import OidcProvider, OidcSettings
from csu.console.sign_in.oidc import Proved
from csu.console.sign_in.passkeys import Site
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.machine import SystemClock

CLIENT = "csu-metz"
pytestmark = pytest.mark.filterwarnings("ignore:.*authlib.*")
BOTH, ONE = ["pwd", "otp"], ["pwd"]
PEOPLE = (
    User(sub="f3a1", claims={"amr": BOTH}),
    User(sub="77c0", claims={"amr": ONE}),
    User(sub="b9d2", claims={"amr": ["mfa"]}),
    User(sub="stranger", claims={"amr": BOTH}),
)


@pytest.fixture(scope="module")
def provider():
    with run_server_in_thread(user_claims=PEOPLE) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def bound(office, provider):
    """The office with that provider, at the hour that it is there."""
    office.clock.at_ns = time.time_ns()
    office.desk.provider = OidcProvider(OidcSettings(provider, CLIENT, "a secret"), office.clock)
    for subject, account in (("f3a1", "a.martin"), ("b9d2", "l.weber")):
        office.store.bind_provider(provider, subject, account)
    return office


def sent(browser) -> str:
    answer = browser.ask("GET", "/sign-in/oidc")
    assert answer.status_code == 303
    return answer.headers["location"]


def by_provider(browser, subject: str) -> str:
    """As a person does it: to the provider, say who one is, and back; the fragment that the page gets."""
    with httpx.Client() as person:
        answered = person.post(sent(browser), data={"sub": subject})
    back = urlsplit(answered.headers["location"])
    told = browser.ask("GET", f"{back.path}?{back.query}")
    assert told.status_code == 303
    return told.headers["location"].removeprefix("/sign-in#")


@pytest.mark.requirement("ACC-6")
def test_who_is_bound_and_proved_by_two_factors_comes_in_as_himself(bound) -> None:
    browser = bound.browser()
    assert browser.ask("GET", "/api/sign-in/ways").json() == {"provider": True}
    name, _, ticket = by_provider(browser, "f3a1").partition("=")
    assert name == "ticket"
    begun = browser.ask("POST", "/api/sign-in/proved", {"ticket": ticket}).json()
    assert [each["role"] for each in begun["roles"]] == ["operator"]
    assert browser.ask("POST", "/api/sign-in/role", {"ticket": ticket, "role": "dpo"}).status_code == 401
    assert browser.ask("GET", "/api/me").status_code == 401


@pytest.mark.requirement("ACC-6")
def test_he_says_as_whom_and_the_ticket_is_good_once(bound) -> None:
    browser = bound.browser()
    ticket = by_provider(browser, "b9d2").removeprefix("ticket=")
    assert browser.ask("POST", "/api/sign-in/role", {"ticket": ticket, "role": "dpo"}).status_code == 200
    assert browser.ask("GET", "/api/me").json()["account"] == "l.weber"
    assert bound.browser().ask("POST", "/api/sign-in/role", {"ticket": ticket, "role": "dpo"}).status_code == 401


@pytest.mark.requirement("ACC-6")
@pytest.mark.parametrize(
    ("subject", "rule"), [("77c0", "acc-6.provider-one-factor"), ("stranger", "acc-6.provider-unknown")]
)
def test_one_factor_or_nobody_of_ours_is_refused_and_journaled(bound, provider, subject, rule) -> None:
    bound.store.bind_provider(provider, "77c0", "a.martin")
    assert by_provider(bound.browser(), subject) == "provider=refused"
    assert [entry.refusal for entry in bound.entries()] == [rule]


def test_what_comes_back_is_taken_of_the_browser_that_asked_only_and_once(bound) -> None:
    browser = bound.browser()
    with httpx.Client() as person:
        back = urlsplit(person.post(sent(browser), data={"sub": "f3a1"}).headers["location"])
    path = f"{back.path}?{back.query}"
    assert bound.browser().ask("GET", path).headers["location"] == "/sign-in#provider=refused"  # another's link
    assert browser.ask("GET", path).headers["location"].startswith("/sign-in#ticket=")
    state = parse_qs(back.query)["state"][0]
    browser.client.cookies.set("csu-oidc", state)
    assert browser.ask("GET", path).headers["location"] == "/sign-in#provider=refused"


def test_a_suspended_person_is_not_let_in_by_any_provider(bound) -> None:
    bound.suspend("a.martin")
    assert by_provider(bound.browser(), "f3a1") == "provider=refused"


def test_a_provider_that_is_silent_is_said_to_be(office) -> None:
    office.desk.provider = OidcProvider(OidcSettings("http://127.0.0.1:9", CLIENT), office.clock)
    assert office.browser().ask("GET", "/sign-in/oidc").headers["location"] == "/sign-in#provider=silent"


def test_a_console_without_a_provider_says_so(office) -> None:
    assert office.browser().ask("GET", "/api/sign-in/ways").json() == {"provider": False}
    assert office.browser().ask("GET", "/sign-in/oidc").status_code == 404


# -- tokens -----------------------------------------------------------------------------------------------------------

ISSUER = "https://identity.example"
OURS, THEIRS = RSAKey.generate_key(2048, {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})


class Scripted(OidcProvider):
    """A provider that answers what a test says; the token is made once the nonce is known."""

    def __init__(self, make) -> None:
        super().__init__(OidcSettings(ISSUER, CLIENT), SystemClock())
        self.make = make

    async def _told(self, method, address, form=None, auth=None):
        if address.endswith("openid-configuration"):
            ends = {"authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token"}
            return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", **ends}
        if address.endswith("/keys"):
            return KeySet([OURS]).as_dict(private=False)
        (asked,) = self.asked
        return {
            "id_token": self.make(
                {
                    "iss": ISSUER,
                    "aud": CLIENT,
                    "sub": "f3a1",
                    "nonce": asked.nonce,
                    "iat": int(time.time()),
                    "exp": int(time.time()) + 60,
                    "amr": BOTH,
                }
            )
        }

    async def whole(self) -> Proved | None:
        _, state = await self.ask(Site("csu.example", "https://csu.example"))
        self.asked = list(self._asked.values())
        return await self.answer(state, "code")


def signed(claims, key=OURS, alg="RS256") -> str:
    return jwt.encode({"alg": alg, "kid": "1"}, claims, key, algorithms=[alg])


def by_public_key(claims) -> str:
    """The old attack: what anybody may know taken for a shared secret. No library signs so: by hand."""
    parts = (json.dumps(each).encode() for each in ({"alg": "HS256", "kid": "1"}, claims))
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    told = hmac.digest(OURS.as_pem(private=False), text, "sha256")
    return (text + b"." + base64.urlsafe_b64encode(told).rstrip(b"=")).decode()


def changed(**what):
    return lambda claims: signed({name: value for name, value in (claims | what).items() if value is not None})


def test_a_token_as_it_should_be_is_believed() -> None:
    assert asyncio.run(Scripted(signed).whole()) == Proved(ISSUER, "f3a1", is_strong=True)


@pytest.mark.requirement("ACC-6")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda claims: signed(claims, THEIRS), id="another key"),
        pytest.param(lambda claims: by_public_key(claims), id="HS256"),
        pytest.param(lambda claims: signed(claims).rsplit(".", 1)[0] + ".", id="no signature"),
        pytest.param(lambda claims: "x.y.z", id="no token"),
        pytest.param(lambda claims: "", id="nothing"),
        pytest.param(changed(iss="https://other.example"), id="issuer"),
        pytest.param(changed(aud="another"), id="audience"),
        pytest.param(changed(aud=[CLIENT, "another"], azp="another"), id="for another"),
        pytest.param(changed(nonce="another"), id="nonce"),
        pytest.param(changed(nonce=None), id="no nonce"),
        pytest.param(changed(exp=int(time.time()) - 60), id="over"),
        pytest.param(changed(exp=None), id="for ever"),
        pytest.param(changed(iat=int(time.time()) + 600), id="of tomorrow"),
        pytest.param(changed(sub=None), id="nobody"),
    ],
)
def test_a_token_that_is_not_ours_now_is_nobodys(make) -> None:
    assert asyncio.run(Scripted(make).whole()) is None


@pytest.mark.requirement("ACC-6")
@pytest.mark.parametrize(
    ("methods", "is_strong"),
    [
        (BOTH, True),
        (["mfa"], True),
        (["hwk", "fpt"], True),
        (["pwd", "pin"], False),
        (["pwd", "sms"], False),
        (["otp"], False),
        ([], False),
        (None, False),
        ("mfa", False),
    ],
)
def test_two_factors_are_two_kinds(methods, is_strong) -> None:
    proved = asyncio.run(Scripted(changed(amr=methods)).whole())
    assert proved == Proved(ISSUER, "f3a1", is_strong=is_strong)


def test_a_question_is_answered_within_five_minutes_or_not_at_all(office) -> None:
    provider = Scripted(signed)
    provider._clock = office.clock

    async def late() -> Proved | None:
        _, state = await provider.ask(Site("csu.example", "https://csu.example"))
        provider.asked = list(provider._asked.values())
        office.clock.at_ns += 301 * NS_PER_S
        return await provider.answer(state, "code")

    assert asyncio.run(late()) is None


@pytest.mark.parametrize(
    "environment",
    [
        {"CSU_OIDC_ISSUER": "https://a.example"},
        {"CSU_OIDC_CLIENT": "csu"},
        {"CSU_OIDC_ISSUER": "http://a.example", "CSU_OIDC_CLIENT": "csu"},
        {"CSU_OIDC_ISSUER": "https://a.example", "CSU_OIDC_CLIENT": "csu", "CSU_OIDC_SECRET_FILE": "/nowhere"},
    ],
)
def test_half_a_provider_or_one_in_the_open_is_bad_input(environment) -> None:
    with pytest.raises(BadInput):
        OidcSettings.of(environment)


def test_no_provider_is_none_and_a_secret_comes_from_its_file(tmp_path) -> None:
    assert OidcSettings.of({}) is None
    (tmp_path / "secret").write_text("s3\n", encoding="utf-8")
    told = {"CSU_OIDC_ISSUER": "https://a.example/", "CSU_OIDC_CLIENT": "csu"}
    settings = OidcSettings.of({**told, "CSU_OIDC_SECRET_FILE": str(tmp_path / "secret")})
    assert settings == OidcSettings("https://a.example", "csu", "s3")
