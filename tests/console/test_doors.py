"""Who may speak to the console, and what every answer carries."""

from __future__ import annotations

import inspect

import pytest
from starlette.datastructures import Headers

from csu.console.doors import check_origin
from csu.console.refusals import Refusal, Refused

HOST = "127.0.0.1:8600"


@pytest.mark.parametrize("path", ["/", "/health", "/api/cameras", "/api/replay", "/api/nowhere", "/metrics"])
def test_every_answer_carries_the_security_headers(console, path) -> None:
    headers = console.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["media-src"] == "blob:"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == f"'self' ws://{HOST} wss://{HOST}"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1:8600; script-src *", "localhost@evil.example"]
)
def test_a_host_that_is_not_the_consoles_is_refused(console, host) -> None:
    answer = console.get("/api/cameras", host=host)
    assert answer.status_code == 421
    assert answer.json()["code"] == "host_refused"
    assert 'refused_total{code="host_refused"} 1.0' in console.get("/metrics").text


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:9", "LOCALHOST"])
def test_the_console_answers_to_its_own_names(console, host) -> None:
    assert console.get("/api/cameras", host=host).status_code == 200


def test_a_foreign_page_may_not_fetch_but_a_person_may_follow_a_link(console) -> None:
    fetched = console.get("/api/wall.png", sec_fetch_site="cross-site", sec_fetch_mode="no-cors")
    assert (fetched.status_code, fetched.json()["code"]) == (403, "origin_refused")
    assert console.get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status_code == 200


@pytest.mark.parametrize("origin", [f"http://{HOST}", f"https://{HOST}"])
def test_a_socket_from_the_consoles_own_page_passes(origin) -> None:
    check_origin(Headers({"origin": origin}), HOST)


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example", "http://127.0.0.1:9", f"file://{HOST}"])
def test_a_socket_from_any_other_origin_is_refused(origin) -> None:
    with pytest.raises(Refused) as refused:
        check_origin(Headers({"origin": origin}), HOST)
    assert refused.value.refusal is Refusal.ORIGIN_REFUSED


def test_every_refusal_is_worded_in_both_languages_with_a_code_of_its_own() -> None:
    assert len({refusal.value for refusal in Refusal}) == len(Refusal)
    for refusal in Refusal:
        assert refusal.value.fr
        assert refusal.value.en
        assert refusal.value.fr != refusal.value.en
        assert 400 <= refusal.value.status < 600


def test_every_endpoint_is_async(console) -> None:
    """A `def` endpoint runs in a thread, which virtual time cannot drive (architecture rule 3)."""
    for route in console.app.routes:
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None:
            assert inspect.iscoroutinefunction(endpoint) or inspect.isasyncgenfunction(endpoint), route.path
