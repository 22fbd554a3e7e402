"""The talk with a loudspeaker, without a network: what is set up, what is never, what ends it; whatever comes."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraError, StreamAddress
from csu.hal.loudspeaker import NoLoudspeaker, ReturnChannel
from hardware.onvif.backchannel import Backchannel, SpeakerLine, speaker_line
from hardware.onvif.errors import AnswerRefused, LoginRefused, OtherHost

URL = "rtsp://10.0.0.9/live"
VIDEO = "m=video 0 RTP/AVP 96\r\na=control:v\r\na=recvonly\r\n"
MICROPHONE = "m=audio 0 RTP/AVP 0\r\na=control:ear\r\na=recvonly\r\n"
MOUTH = "m=audio 0 RTP/AVP 8 0\r\na=control:mouth\r\na=sendonly\r\n"
BOTH = "m=audio 0 RTP/AVP 0\r\na=control:both\r\na=sendrecv\r\n"


def sdp(*blocks: str) -> str:
    return "v=0\r\ns=x\r\n" + "".join(blocks)


def answer(status: int, cseq: int, *fields: str, body: str = "") -> bytes:
    lines = [f"RTSP/1.0 {status} X", f"CSeq: {cseq}", *fields, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def talk(url: str = URL, user: str = "csu") -> Backchannel:
    return Backchannel("cam-1", StreamAddress(url, user, "hidden-word"), client_nonce="c0ffee", first=(7, 65_535, 9))


def opened(*, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1") -> tuple[Backchannel, list[str]]:
    """A talk that was played, and what it asked for."""
    made = talk()
    asked = [made.begin()]
    asked.append(made.feed(answer(200, 1, body=sdp(VIDEO, MICROPHONE, MOUTH))))
    asked.append(made.feed(answer(200, 2, "Session: 12ab;timeout=60", f"Transport: {transport}")))
    made.feed(answer(200, 3))
    return made, [each.decode() for each in asked]


def frame(channel: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(payload)) + payload


def report(kind: int) -> bytes:
    return struct.pack(">BBHI", 0x80, kind, 1, 5)


def test_the_line_that_only_takes_is_set_up_and_no_other_is_ever_named():
    made, asked = opened()
    assert [each.split(" ")[:2] for each in asked] == [["DESCRIBE", URL], ["SETUP", f"{URL}/mouth"], ["PLAY", URL]]
    assert all("Require: www.onvif.org/ver20/backchannel\r\n" in each for each in asked)
    assert "ear" not in "".join(asked)
    assert made.is_open
    assert made.end().startswith(b"TEARDOWN")
    made.feed(answer(200, 4))
    assert made.is_over
    assert not made.has_session


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ((MOUTH,), SpeakerLine("mouth", 0)),
        ((BOTH, MOUTH), SpeakerLine("mouth", 0)),
        ((MOUTH.replace("8 0", "97") + "a=rtpmap:97 pcmu/8000\r\n",), SpeakerLine("mouth", 97)),
        ((VIDEO, MICROPHONE, BOTH), ReturnChannel),
        ((MOUTH + "a=recvonly\r\n",), ReturnChannel),
        ((VIDEO, MICROPHONE), NoLoudspeaker),
        ((VIDEO,), NoLoudspeaker),
        ((MOUTH.replace("a=sendonly\r\n", ""),), NoLoudspeaker),
        ((MOUTH.replace("8 0", "8"),), NoLoudspeaker),
        ((MOUTH.replace("8 0", "0") + "a=rtpmap:0 PCMU/16000\r\n",), NoLoudspeaker),
        ((MOUTH.replace("a=control:mouth\r\n", ""),), NoLoudspeaker),
        ((MOUTH.replace("audio", "video"),), NoLoudspeaker),
    ],
)
def test_a_line_counts_only_when_it_says_that_it_takes_and_gives_nothing(blocks, found):
    if isinstance(found, SpeakerLine):
        assert speaker_line("cam-1", sdp(*blocks)) == found
    else:
        with pytest.raises(found):
            speaker_line("cam-1", sdp(*blocks))


def test_sound_goes_out_numbered_and_timed_by_its_samples():
    made, _ = opened(transport="RTP/AVP/TCP;unicast;interleaved=4-5")
    first, second = made.packet(b"a" * 160), made.packet(b"b" * 80)
    assert first == frame(4, struct.pack(">BBHII", 0x80, 0x80, 65_535, 9, 7) + b"a" * 160)
    assert second == frame(4, struct.pack(">BBHII", 0x80, 0x00, 0, 169, 7) + b"b" * 80)


@pytest.mark.parametrize(
    ("came", "borne"),
    [
        (frame(1, report(201)), True),
        (frame(1, report(201) + report(202)), True),
        (frame(1, report(200)), False),
        (frame(1, report(201) + report(200)), False),
        (frame(1, b"\x80\x00" + b"s" * 20), False),
        (frame(1, b""), True),
        (frame(0, b"\x80\x00" + b"s" * 20), False),
        (frame(2, report(201)), False),
        (frame(0, b"")[:4], False),
    ],
)
def test_reports_about_our_sound_are_borne_and_anything_that_sounds_is_not(came, borne):
    made, _ = opened()
    if borne:
        assert made.feed(came) == b""
        return
    with pytest.raises(ReturnChannel):
        made.feed(came)
    assert made.has_session, "it is still to be told to forget the talk"


def test_sound_before_anything_was_played_ends_it_too():
    made = talk()
    made.begin()
    with pytest.raises(ReturnChannel):
        made.feed(frame(1, report(201)))


def test_each_request_of_one_nonce_counts_and_basic_is_answered_over_tls_only():
    made = talk()
    made.begin()
    asked = made.feed(answer(401, 1, 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"')).decode()
    assert "nc=00000001" in asked
    asked = made.feed(answer(200, 2, body=sdp(MOUTH))).decode()
    assert "nc=00000002" in asked
    assert f'uri="{URL}/mouth"' in asked
    asked = made.feed(answer(401, 3, 'WWW-Authenticate: Digest realm="r", nonce="m", qop="auth"')).decode()
    assert 'nonce="m"' in asked, "a nonce that ran out is asked for anew"
    assert "nc=00000001" in asked
    with pytest.raises(LoginRefused):
        made.feed(answer(401, 4, 'WWW-Authenticate: Digest realm="r", nonce="m", qop="auth"'))
    basic = 'WWW-Authenticate: Basic realm="r"'
    clear, over_tls = talk(), talk("rtsps://10.0.0.9/live")
    for each in (clear, over_tls):
        each.begin()
    with pytest.raises(LoginRefused):
        clear.feed(answer(401, 1, basic))
    assert b"Authorization: Basic " in over_tls.feed(answer(401, 1, basic))


@pytest.mark.parametrize(
    ("came", "error"),
    [
        (answer(551, 1), NoLoudspeaker),
        (answer(200, 7, body=sdp(MOUTH)), AnswerRefused),
        (answer(302, 1, "Location: rtsp://192.0.2.66/x"), CameraError),
        (answer(200, 1, "Content-Base: rtsp://192.0.2.66/x/", body=sdp(MOUTH)), OtherHost),
        (answer(200, 1, body=sdp(MOUTH.replace("mouth", "rtsp://192.0.2.66/x"))), OtherHost),
        (answer(200, 1, body=sdp(MOUTH.replace("mouth", "mou th"))), AnswerRefused),
        (b"HTTP/1.1 200 OK\r\n\r\n", AnswerRefused),
        (b"R" * 70_000, AnswerRefused),
    ],
)
def test_what_is_no_honest_answer_ends_the_talk_and_tells_no_secret(came, error):
    made = talk()
    made.begin()
    with pytest.raises(error) as told:
        made.feed(came)
    assert not re.search("hidden-word", str(told.value) + repr(made))


@pytest.mark.parametrize("told", ["", "RTP/AVP;unicast;client_port=5000-5001", "RTP/AVP/TCP;interleaved=3-9"])
def test_a_transport_that_was_not_asked_for_is_refused(told):
    with pytest.raises(AnswerRefused):
        opened(transport=told)


PIECES = (
    answer(200, 1, body=sdp(VIDEO, MICROPHONE, MOUTH)),
    answer(200, 2, "Session: 1", "Transport: RTP/AVP/TCP;interleaved=0-1"),
    answer(200, 3),
    answer(401, 1, "WWW-Authenticate: Digest"),
    frame(1, report(201)),
    frame(0, b"x" * 12),
)


WORDS = [
    "m=audio 0 RTP/AVP ",
    "0",
    "\u00b2",
    "99999999999",
    "a=sendonly",
    "a=control:",
    "rtsp://[",
    "a=rtpmap:0 PCMU/8000",
    "\r\n",
    "=",
    " ",
]


@settings(max_examples=60)
@given(
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=24).map("".join),
    st.lists(st.sampled_from(["Digest ", "nonce=", 'realm="', '"', ",", "qop=auth", "algorithm=", "Basic", "="])).map(
        "".join
    ),
    st.sampled_from(["", "9" * 5000, "-1", "\u00b2"]),
)
def test_whatever_a_camera_describes_or_challenges_with_only_typed_errors_leave(described, challenge, length):
    made = talk()
    made.begin()
    described, head = described.encode("utf-8", "ignore"), f"RTSP/1.0 401 X\r\nCSeq: 1\r\nWWW-Authenticate: {challenge}"
    try:
        asked = made.feed(f"{head}\r\nContent-Length: {length}\r\n\r\n".encode())
        assert asked.startswith(b"DESCRIBE")
        fields = f"Content-Base: {URL}/\r\nContent-Length: {len(described)}"
        made.feed(f"RTSP/1.0 200 X\r\nCSeq: 2\r\n{fields}\r\n\r\n".encode() + described)
    except CameraError:
        return


@settings(max_examples=60)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(PIECES)), max_size=6))
def test_whatever_comes_the_ear_is_never_asked_for_and_only_typed_errors_leave(pieces):
    made = talk()
    asked = made.begin()
    try:
        for piece in pieces:
            asked += made.feed(piece)
    except CameraError:
        pass  # that is what it is for; anything else fails the test
    assert b"/ear" not in asked
    assert asked.count(b"SETUP ") <= 2
