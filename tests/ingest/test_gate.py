"""The gate before FFmpeg, byte for byte: what passes, what redirects, what two readers could read in two ways."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.ingest.describe import ANSWER_BYTES_MAX
from csu.ingest.errors import CameraLost, CameraRefused, IngestError
from csu.ingest.gate import Gate

SDP = b"v=0\r\n\r\nm=video 0 RTP/AVP 96\r\n"
OPTIONS = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP\r\n\r\n"
UNKNOWN = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm="\xc3\xa9", nonce="n"\r\n\r\n'
DESCRIBED = b"RTSP/1.0 200\r\ncontent-length:  %d \r\nCSeq: 3\r\n\r\n" % len(SDP) + SDP
MOVED = b"RTSP/1.0 302 Moved\r\nCSeq: 4\r\nLocation: rtsp://10.0.0.66/x\r\n\r\n"
GOOD = OPTIONS + UNKNOWN + DESCRIBED


def gate() -> Gate:
    return Gate("10.0.0.9:322", CameraId("cam-0003"))


@given(st.lists(st.integers(0, len(GOOD)), max_size=12))
def test_good_answers_pass_whole_and_unchanged_in_whatever_pieces_they_come(cuts: list[int]) -> None:
    guarding, passed = gate(), b""
    for start, end in itertools.pairwise([0, *sorted(cuts), len(GOOD)]):
        told = guarding.answered(GOOD[start:end])
        passed += told
        assert passed in (b"", OPTIONS, OPTIONS + UNKNOWN, GOOD)
    assert passed == GOOD


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 351, 399])
@given(st.integers(0, len(MOVED)))
def test_a_redirection_is_refused_and_nothing_of_it_passes(status: int, cut: int) -> None:
    moved = MOVED.replace(b"302", str(status).encode())
    guarding, passed = gate(), []
    pieces = (OPTIONS, moved[:cut], moved[cut:])
    with pytest.raises(CameraRefused, match=r"10\.0\.0\.9:322 redirects elsewhere"):
        passed.extend(map(guarding.answered, pieces))
    assert b"".join(passed) == OPTIONS


def with_body(field: bytes, body: bytes = MOVED) -> bytes:
    return b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n" + field + b"\r\n\r\n" + body


TWO_WAYS = {
    "a bare LF ends the head for FFmpeg": b"RTSP/1.0 200 OK\r\nX: 1\n\n" + MOVED,
    "a bare CR": b"RTSP/1.0 200 OK\r\nX: 1\r2\r\n\r\n",
    "a NUL ends a line for FFmpeg": b"RTSP/1.0 200 OK\r\nX: \x00\r\n\r\n",
    "two lengths": with_body(b"Content-Length: 9\r\nContent-Length: %d" % len(MOVED)),
    "a length that FFmpeg does not see": with_body(b"Content-Length : %d" % len(MOVED)),
    "a length that it reads otherwise": with_body(b"Content-Length: +%d" % len(MOVED)),
    "a length in the middle of a line": with_body(b"X-Content-Length: %d" % len(MOVED)),
    "an enormous length": with_body(b"Content-Length: 999999"),
    "two blanks before the status": b"RTSP/1.0  302 Moved\r\n\r\n",
    "another version": b"RTSP/2.0 200 OK\r\n\r\n",
    "a request of the camera's own": b"REDIRECT rtsp://10.0.0.9/x RTSP/1.0\r\nLocation: rtsp://10.0.0.66/x\r\n\r\n",
    "interleaved data before it plays": b"$\x00\x00\x04abcd" + MOVED,
    "an answer with no end": b"RTSP/1.0 200 OK\r\nX: " + b"x" * ANSWER_BYTES_MAX,
}


@pytest.mark.parametrize("told", TWO_WAYS.values(), ids=TWO_WAYS)
def test_what_can_be_read_in_two_ways_ends_the_line(told: bytes) -> None:
    guarding = gate()
    with pytest.raises(IngestError) as ended:
        guarding.answered(told)
    assert isinstance(ended.value, CameraLost)


def test_once_ffmpeg_asked_to_play_everything_passes_at_once() -> None:
    """FFmpeg follows nothing from there on (tests/ingest/test_opening.py)."""
    guarding = gate()
    guarding.asked(b"SETUP rtsp://127.0.0.1:5/PLAY RTSP/1.0\r\n\r\n")
    assert guarding.answered(OPTIONS[:9]) == b""
    guarding.asked(b"PLAY rtsp://127.0.0.1:5/x RTSP/1.0\r\n\r\n")
    assert guarding.answered(OPTIONS[9:]) == OPTIONS
    assert guarding.answered(b"$\x00\x00\x04abcd") == b"$\x00\x00\x04abcd"
