"""Who asks: a signature, or nobody; and on a demonstration's own machine, its declared operator."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import HTTPConnection

from csu.console import Claims, LocalOperator, SignedTokens, TokenElse, make_token
from csu.console.identity import TOKEN_NS_MAX
from csu.governance import Role, Subject
from csu.governance.centre_key import CentreKey
from csu.governance.register_errors import CentreKeyUnusable

NOW = 1_800_000_000_000_000_000
CLAIMS = Claims(person="a.martin", role="dpo", strong_login=True, from_ns=NOW, to_ns=NOW + TOKEN_NS_MAX)
KEY = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
OTHER_KEY = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
OPERATOR = Subject("here", Role.OPERATOR, True)


class Register:
    def find(self, person: str, role: Role, at_ns: int) -> Subject | None:
        return Subject(person, role, strong_login=False) if (person, role) == ("a.martin", Role.DPO) else None


TOKENS = SignedTokens(KEY.public, Register())


def connection(client: str | None = "127.0.0.1", **headers: str) -> HTTPConnection:
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": told, "client": None if client is None else (client, 1)})


def bearer(claims: Claims = CLAIMS, key: CentreKey = KEY) -> HTTPConnection:
    return connection("192.0.2.7", authorization=f"Bearer {make_token(key, claims)}")


def test_a_signed_token_names_an_account_and_the_centre_knows_its_papers() -> None:
    assert TOKENS.subject(bearer(), NOW) == Subject("a.martin", Role.DPO, strong_login=True)
    weak = CLAIMS.model_copy(update={"strong_login": False})
    assert TOKENS.subject(bearer(weak), NOW) == Subject("a.martin", Role.DPO, strong_login=False)


@pytest.mark.parametrize("at_ns", [NOW - 1, NOW + TOKEN_NS_MAX])
def test_it_counts_from_its_first_instant_until_its_last(at_ns) -> None:
    assert TOKENS.subject(bearer(), at_ns) is None


@pytest.mark.parametrize(
    "change",
    [
        {"person": "b.martin"},
        {"role": "operator"},
        {"role": "root"},
        {"to_ns": NOW + TOKEN_NS_MAX + 1},
        {"from_ns": NOW - 10 * TOKEN_NS_MAX, "to_ns": NOW + 1},
    ],
)
def test_an_account_without_that_role_or_a_token_that_lives_too_long_is_nobody(change) -> None:
    assert TOKENS.subject(bearer(CLAIMS.model_copy(update=change)), NOW) is None


def test_a_token_of_another_key_or_one_that_was_changed_is_nobodys() -> None:
    token = make_token(KEY, CLAIMS)
    name, payload, signature = token.split(".")
    forged = [
        make_token(OTHER_KEY, CLAIMS),
        f"{name}.{payload}.",
        f"{name}.{payload}.{signature[:-2]}00",
        f"{name}.{payload[:-4]}AAAA.{signature}",
        f"none.{payload}.{signature}",
        f"{name}..{KEY.sign(name + '.')}",
        f"{name}.e30=.{KEY.sign(name + '.e30=')}",
        f"{name}.####.{KEY.sign(name + '.####')}",
        token + "." + "x" * 2000,
        "",
    ]
    for each in forged:
        assert TOKENS.subject(connection(authorization=f"Bearer {each}"), NOW) is None, each
    assert TOKENS.subject(connection(authorization=f"Basic {token}"), NOW) is None


def test_two_tokens_are_none() -> None:
    header = (b"authorization", f"Bearer {make_token(KEY, CLAIMS)}".encode())
    both = HTTPConnection({"type": "http", "headers": [header, header], "client": ("127.0.0.1", 1)})
    assert TOKENS.subject(both, NOW) is None


def test_there_is_no_default_key(tmp_path) -> None:
    with pytest.raises(CentreKeyUnusable):
        SignedTokens.of_file(tmp_path / "none.pem", Register())
    KEY.public.save(tmp_path / "key.pem")
    assert SignedTokens.of_file(tmp_path / "key.pem", Register()).subject(bearer(), NOW) is not None


LOCAL = LocalOperator(lambda: OPERATOR)


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_who_sits_at_the_machine_is_the_declared_operator(client) -> None:
    assert LOCAL.subject(connection(client), NOW) == OPERATOR


@pytest.mark.parametrize("client", ["192.0.2.7", "::ffff:192.0.2.7", "localhost", "", None])
def test_who_is_elsewhere_is_nobody(client) -> None:
    assert LOCAL.subject(connection(client), NOW) is None
    assert LOCAL.subject(connection(client, x_forwarded_for="127.0.0.1", x_user="here"), NOW) is None


@pytest.mark.parametrize("name", ["forwarded", "x_forwarded_for", "x_real_ip", "via", "x_forwarded_host"])
def test_what_came_through_a_proxy_is_nobodys(name) -> None:
    assert LOCAL.subject(connection("127.0.0.1", **{name: "127.0.0.1"}), NOW) is None


def test_a_bad_token_is_not_made_up_for_by_sitting_at_the_machine() -> None:
    both = TokenElse(TOKENS, [LOCAL])
    assert both.subject(connection("127.0.0.1"), NOW) == OPERATOR
    assert both.subject(connection("127.0.0.1", authorization="Bearer x"), NOW) is None
    assert both.subject(replace_client(bearer()), NOW).person == "a.martin"


def replace_client(asked: HTTPConnection) -> HTTPConnection:
    return HTTPConnection(dict(asked.scope) | {"client": ("127.0.0.1", 1)})


def test_the_demonstration_says_as_whom_one_reads_and_that_it_is_one(console) -> None:
    viewer = console.get("/api/state").json()["viewer"]
    assert (viewer["person"], viewer["role"]) == ("demonstration", "operator")
    assert viewer["role_words"] == {"fr": "opérateur vidéo", "en": "video operator"}
    assert viewer["notice"]["fr"].startswith("Démonstration")
    assert "journal is not kept" in viewer["notice"]["en"]
    assert replace(OPERATOR).person != viewer["person"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_sites_page_changes_nothing(console, method) -> None:
    for headers in (
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ):
        answer = console.request(method, "/api/cases/2027-1", **headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")
    own = console.request(method, "/api/cases/2027-1", origin="http://127.0.0.1:8600")
    assert own.json()["code"] in ("not_permitted", "method_refused")
