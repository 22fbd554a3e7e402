"""Who comes in: by both factors; what fails is told alike, throttled, and journaled without what was typed."""

from __future__ import annotations

import json

import pytest

from csu.console.pages import pages_of
from csu.console.sign_in.desk import SESSION_NS_MAX
from csu.console.sign_in.doors import COOKIE, COOKIE_TLS
from csu.governance import Role
from csu.governance.journal_entry import Operation, Outcome
from csu.hal.clock import NS_PER_S

PASSWORD_OF_ANNE = "les quais du canal, l'hiver"
WITH_PASSWORD = {"account": "a.martin", "password": PASSWORD_OF_ANNE}
ASKED = ["/api/cameras", "/api/state", "/api/wall.png"]


def test_a_stranger_is_led_to_the_page_by_which_one_comes_in(office) -> None:
    browser = office.browser()
    answer = browser.ask("GET", "/?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?lang=en")
    page = browser.ask("GET", "/sign-in")
    assert page.status_code == 200
    assert "form-action 'none'" in page.headers["content-security-policy"]
    assert browser.ask("GET", "/api/cameras").status_code == 401


@pytest.mark.requirement("ACC-6")
def test_both_factors_open_a_session_and_the_journal_says_who_as_whom(office) -> None:
    browser = office.browser()
    told = browser.come_in()
    assert told.status_code == 200
    opened = told.json()
    assert opened.pop("pages") == pages_of(Role.OPERATOR)
    assert {"live_view", "ptz_move"} < set(opened.pop("may"))
    assert opened == {
        "account": "a.martin",
        "name": "Anne Martin",
        "role": {"role": "operator", "words": {"fr": "opérateur vidéo", "en": "video operator"}},
        "to_ns": office.clock.at_ns + SESSION_NS_MAX,
    }
    (entry,) = office.entries()
    assert (entry.operation, entry.author, entry.role, entry.outcome) == (
        Operation.LOGIN,
        "a.martin",
        "operator",
        Outcome.GRANTED,
    )
    assert [browser.ask("GET", path).status_code for path in ASKED] == [200, 200, 200]
    assert browser.ask("GET", "/api/me").json()["name"] == "Anne Martin"
    assert browser.ask("GET", "/").status_code == 200


@pytest.mark.requirement("ACC-6")
def test_one_factor_opens_nothing(office) -> None:
    browser = office.browser()
    begun = browser.password()
    assert begun.status_code == 200
    assert "set-cookie" not in begun.headers
    assert [browser.ask("GET", path).status_code for path in ASKED] == [401, 401, 401]
    wrong = f"{(int(office.code('a.martin')) + 1) % 1_000_000:06}"
    assert browser.code(begun.json()["ticket"], wrong).status_code == 401
    assert browser.code("no-ticket", office.code("a.martin")).status_code == 401
    assert [browser.ask("GET", path).status_code for path in ASKED] == [401, 401, 401]


def test_a_code_counts_once_and_a_ticket_three_times(office) -> None:
    one, other = office.browser(), office.browser()
    assert one.come_in().status_code == 200
    ticket = other.password().json()["ticket"]
    assert other.code(ticket, office.code("a.martin")).status_code == 401  # seen over a shoulder
    office.pass_s(30)
    assert other.code(ticket, office.code("a.martin")).status_code == 200
    ticket = other.password().json()["ticket"]
    assert [other.code(ticket, "000000").status_code for _ in range(3)] == [401] * 3
    office.pass_s(30)
    assert other.code(ticket, office.code("a.martin")).status_code == 401


def test_nobody_learns_which_accounts_exist(office) -> None:
    browser = office.browser()
    told = [browser.password("a.martin", "wrong" * 4), browser.password("nobody.at.all", PASSWORD_OF_ANNE)]
    assert {answer.status_code for answer in told} == {401}
    assert told[0].content == told[1].content


def test_what_was_typed_is_never_written_down(office) -> None:
    browser = office.browser()
    browser.password("my-password-in-the-wrong-field", "x" * 20)
    browser.password("a.martin", "not hers, but typed")
    entries = office.entries()
    assert [(entry.author, entry.refusal) for entry in entries] == [
        ("nobody", "acc-6.password"),
        ("a.martin", "acc-6.password"),
    ]
    assert "typed" not in repr(entries)
    assert "wrong-field" not in repr(entries)


def test_who_fails_waits_longer_and_longer_and_is_never_locked_out_for_good(office) -> None:
    browser = office.browser()
    assert [browser.password(password="wrong" * 4).status_code for _ in range(5)] == [401] * 5
    refused = browser.password()
    assert (refused.status_code, refused.json()["code"]) == (429, "sign_in_too_often")
    assert "10 s" in refused.json()["detail"]["fr"]
    office.pass_s(10)
    assert browser.password(password="wrong" * 4).status_code == 401
    office.pass_s(10)
    assert browser.password().status_code == 429
    office.pass_s(300)
    assert browser.come_in().status_code == 200
    assert office.entries()[-1].outcome is Outcome.GRANTED


def test_one_acts_in_one_of_ones_roles_at_a_time(office) -> None:
    browser = office.browser()
    begun = browser.password("l.weber").json()
    assert [each["role"] for each in begun["roles"]] == ["dpo", "inspector"]
    assert browser.code(begun["ticket"], office.code("l.weber"), "operator").status_code == 401
    office.pass_s(30)
    assert browser.code(begun["ticket"], office.code("l.weber"), "inspector").status_code == 200
    assert browser.ask("GET", "/api/me").json()["role"]["role"] == "inspector"
    assert browser.ask("GET", "/api/wall.png").status_code == 403


@pytest.mark.requirement("ACC-2")
def test_a_suspension_ends_what_is_open_and_lets_nobody_in(office) -> None:
    """Within the gate's period and the 5 s of the store: here both are passed."""
    browser = office.browser()
    browser.come_in()
    office.suspend("a.martin")
    assert [browser.ask("GET", path).status_code for path in ASKED] == [401, 401, 401]
    office.pass_s(60)
    assert browser.password().status_code == 401
    assert office.entries()[-1].author == "nobody"


def test_a_session_ended_by_another_process_is_over_within_seconds(office) -> None:
    browser = office.browser()
    browser.come_in()
    office.store.end_sessions("a.martin")
    office.pass_s(5)
    assert browser.ask("GET", "/api/cameras").status_code == 401


def test_a_session_ends_with_the_shift_and_when_one_leaves(office) -> None:
    browser = office.browser()
    browser.come_in()
    office.pass_s(SESSION_NS_MAX / NS_PER_S - 1)
    assert browser.ask("GET", "/api/cameras").status_code == 200
    office.pass_s(1)
    assert browser.ask("GET", "/api/cameras").status_code == 401
    browser.come_in()
    stolen = browser.client.cookies[COOKIE]
    assert browser.ask("POST", "/api/sign-out").status_code == 204
    assert office.entries()[-1].operation is Operation.LOGOUT
    assert browser.ask("GET", "/api/cameras", cookie=f"{COOKIE}={stolen}").status_code == 401


def test_the_cookie_is_for_the_browser_alone_and_by_tls_for_this_host_alone(office) -> None:
    plain = office.browser().come_in().headers["set-cookie"]
    office.pass_s(30)
    by_tls = office.browser(scheme="https").come_in().headers["set-cookie"]
    assert plain.startswith(f"{COOKIE}=")
    assert by_tls.startswith(f"{COOKIE_TLS}=")
    assert "Secure" in by_tls
    for cookie in (plain, by_tls):
        assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_a_session_of_before_signing_in_is_not_taken_over(office) -> None:
    """Session fixation: what a page planted before is worth nothing after."""
    browser, victim = office.browser(), office.browser()
    planted = {"cookie": f"{COOKIE}=planted"}
    ticket = victim.ask("POST", "/api/sign-in", WITH_PASSWORD, **planted).json()["ticket"]
    body = {"ticket": ticket, "code": office.code("a.martin"), "role": "operator"}
    assert victim.ask("POST", "/api/sign-in/code", body, **planted).status_code == 200
    assert victim.client.cookies[COOKIE] != "planted"
    assert browser.ask("GET", "/api/cameras", **planted).status_code == 401


def test_the_file_lets_nobody_in(office, tmp_path) -> None:
    """Neither a token, nor a code's secret, nor a password is in it."""
    browser = office.browser()
    browser.come_in()
    office.store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("sign-in.sqlite*"))
    for secret in (browser.client.cookies[COOKIE], office.secrets["a.martin"], PASSWORD_OF_ANNE):
        assert secret.encode() not in kept
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("sign-in.*")} == {0}


def test_another_sites_page_signs_nobody_in(office) -> None:
    answer = office.browser().ask("POST", "/api/sign-in", WITH_PASSWORD, origin="http://evil.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")


@pytest.mark.parametrize(
    "body", [{}, {"account": "a" * 65, "password": "x"}, {"account": "a", "password": "x", "role": "operator"}]
)
def test_a_malformed_question_is_refused_and_told_nothing(office, body) -> None:
    answer = office.browser().ask("POST", "/api/sign-in", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
    assert "a" * 65 not in json.dumps(answer.json())


def test_a_session_that_was_planted_in_a_browser_is_never_the_one_that_opens(office) -> None:
    """Session fixation: coming in, and coming in again in another role, makes a token that nobody knew before."""
    browser, planted = office.browser(), "x" * 43
    browser.client.cookies.set(COOKIE, planted, domain="127.0.0.1")
    browser.come_in()
    first = browser.client.cookies[COOKIE]
    assert first != planted
    other = office.browser()
    other.client.cookies.set(COOKIE, planted, domain="127.0.0.1")
    assert other.ask("GET", "/api/me").status_code == 401


def test_who_comes_in_again_leaves_the_session_of_before(office) -> None:
    """Nobody keeps another's: whoever copied the token of before has nothing."""
    browser, thief = office.browser(), office.browser()
    browser.come_in("l.weber", "dpo")
    former = browser.client.cookies[COOKIE]
    thief.client.cookies.set(COOKIE, former, domain="127.0.0.1")
    assert thief.ask("GET", "/api/me").json()["role"]["role"] == "dpo"
    office.pass_s(30)
    browser.come_in("l.weber", "inspector")
    assert browser.client.cookies[COOKIE] != former
    assert browser.ask("GET", "/api/me").json()["role"]["role"] == "inspector"
    assert thief.ask("GET", "/api/me").status_code == 401
