"""Who tests the tester: each way of letting a redirection through must fail the test that is there for it."""

from __future__ import annotations

import re

import pytest

from csu.ingest import gate

TWO_WAYS = "test_what_can_be_read_in_two_ways_ends_the_line"
OVER_TLS = "test_a_camera_over_tls_that_redirects_ffmpeg_is_refused_and_nobody_else_is_asked"


def everything_passes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate.Gate, "answered", lambda self, data: data)


def any_character_passes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate, "_LINE", re.compile(rb".*", re.DOTALL))


def any_first_line_passes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate, "_STATUS", re.compile(rb"[^0-9]*(.*)", re.DOTALL))


def lengths_are_read_generously(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate, "_LENGTH", re.compile(rb".*content-length *: *[+]?([0-9]+) *", re.IGNORECASE))


def it_opens_at_the_first_question(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate.Gate, "asked", lambda self, data: setattr(self, "_is_open", True))


def told(case: str) -> dict[str, object]:
    cases = {
        "a bare CR": b"RTSP/1.0 200 OK\r\nX: 1\r2\r\n\r\n",
        "not an answer": b"REDIRECT rtsp://10.0.0.9/x RTSP/1.0\r\n\r\n",
        "a length": b"RTSP/1.0 200 OK\r\nContent-Length : 9\r\n\r\n",
    }
    return {"told": cases[case]}


PLANTED = [
    (everything_passes, "test_opening", OVER_TLS, {"method": "DESCRIBE"}),
    (it_opens_at_the_first_question, "test_opening", OVER_TLS, {"method": "OPTIONS"}),
    (any_character_passes, "test_gate", TWO_WAYS, told("a bare CR")),
    (any_first_line_passes, "test_gate", TWO_WAYS, told("not an answer")),
    (lengths_are_read_generously, "test_gate", TWO_WAYS, told("a length")),
]


@pytest.mark.parametrize(("plant", "module", "test", "given"), PLANTED, ids=[each[0].__name__ for each in PLANTED])
def test_the_tests_find_a_planted_defect(plant, module, test, given, monkeypatch, must_fail) -> None:
    plant(monkeypatch)
    must_fail(module, test, **given)
