"""The DESCRIBE conversation, byte for byte, without a socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId, StreamAddress
from csu.ingest.describe import Describing, door_of
from csu.ingest.errors import CameraLost, CameraRefused, IngestError, LoginRefused

CAMERA = CameraId("cam-0003")
SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
SECRET = "p@ss:w/rd"


def talk(url: str = "rtsp://10.0.0.9/live", user: str = "op", password: str = SECRET) -> Describing:
    return Describing(door_of(StreamAddress(url, user, password), CAMERA), CAMERA, "0123456789abcdef")


def answer(status: int, body: bytes = b"", *fields: str) -> bytes:
    lines = [f"RTSP/1.0 {status} Reason", "CSeq: 1", *fields, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_an_open_camera_answers_at_once() -> None:
    conversation = talk()
    assert conversation.request().startswith(b"DESCRIBE rtsp://10.0.0.9/live RTSP/1.0\r\n")
    assert b"Authorization" not in conversation.request()
    assert conversation.feed(answer(200, SDP)) == b""
    assert conversation.offer is not None
    assert conversation.offer.video is not None


def test_an_answer_may_come_in_any_pieces() -> None:
    conversation = talk()
    for byte in answer(200, SDP):
        assert conversation.feed(bytes([byte])) == b""
    assert conversation.offer is not None


def test_a_digest_challenge_is_answered_as_rfc_2617_computes_it() -> None:
    conversation = talk("rtsp://10.0.0.9/live", "Mufasa", "Circle Of Life")
    sent = conversation.feed(answer(401, b"", 'WWW-Authenticate: Digest realm="cam, west", nonce="dcd98b71"')).decode()
    # md5(md5("Mufasa:cam, west:Circle Of Life") : dcd98b71 : md5("DESCRIBE:rtsp://10.0.0.9/live")), worked out apart
    assert 'username="Mufasa", realm="cam, west", nonce="dcd98b71", uri="rtsp://10.0.0.9/live"' in sent
    assert 'response="a86b2f73a3ab3c5f2ae572ecd85322be"' in sent
    assert "Circle" not in sent


def test_quality_of_protection_is_used_when_it_is_offered() -> None:
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth-int,auth", opaque="xyz", algorithm=MD5'
    sent = talk().feed(answer(401, b"", challenge)).decode()
    assert 'cnonce="0123456789abcdef"' in sent
    assert 'opaque="xyz"' in sent
    assert "qop=auth, nc=00000001" in sent


@pytest.mark.parametrize(
    ("reply", "error", "reason"),
    [
        (answer(404), CameraRefused, "unknown path"),
        (answer(403), CameraRefused, "refused .403"),
        (answer(302, b"", "Location: rtsp://10.0.0.66/x"), CameraRefused, "10.0.0.9:554 redirects elsewhere"),
        (answer(503), CameraLost, "503"),
        (answer(200, b"v=0\r\n"), CameraLost, "without a stream description"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", CameraLost, "does not speak RTSP"),
        (b"", CameraLost, "closed the connection"),
        (b"x" * 70_000, CameraLost, "sent more than"),
        (answer(401, b"", 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256'), CameraRefused, "login"),
        (answer(401, b"", "WWW-Authenticate: Digest rubbish"), None, ""),
    ],
)
def test_every_other_answer_is_one_clear_line(reply: bytes, error: type[IngestError] | None, reason: str) -> None:
    if error is None:
        assert b"Digest" in talk().feed(reply)
        return
    with pytest.raises(error, match=f"cam-0003: .*{reason}") as caught:
        talk().feed(reply)
    assert "\n" not in str(caught.value)


def test_a_second_401_means_a_wrong_password_and_is_not_tried_again() -> None:
    challenge = answer(401, b"", 'WWW-Authenticate: Digest realm="r", nonce="n"')
    conversation = talk()
    assert b"Authorization: Digest" in conversation.feed(challenge)
    with pytest.raises(LoginRefused, match="wrong user or password") as caught:
        conversation.feed(challenge)
    assert SECRET not in str(caught.value)


def test_without_a_user_a_401_asks_for_one() -> None:
    with pytest.raises(CameraRefused, match="a user and a password are needed"):
        talk(user="", password="").feed(answer(401, b"", 'WWW-Authenticate: Basic realm="r"'))


def test_secrets_in_a_url_are_taken_out_of_it_and_never_shown() -> None:
    door = door_of(StreamAddress("rtsp://op:p%40ss%3Aw%2Frd@10.0.0.9:8554/live?x=1"), CAMERA)
    assert (door.url, door.user, door.password) == ("rtsp://10.0.0.9:8554/live?x=1", "op", SECRET)
    assert SECRET not in repr(door)
    assert door.url_with_secrets() == "rtsp://op:p%40ss%3Aw%2Frd@10.0.0.9:8554/live?x=1"


@pytest.mark.parametrize("url", ["http://h/x", "rtsp://", "rtsps://h/x", "", "rtsp://[::1", "rtsp://h:99999/x"])
def test_what_is_no_rtsp_url_is_refused(url: str) -> None:
    with pytest.raises(CameraRefused, match="cam-0003"):
        door_of(StreamAddress(url), CAMERA)


@given(st.binary(max_size=400))
def test_no_answer_breaks_the_conversation(data: bytes) -> None:
    for reply in (data, b"RTSP/1.0 200 OK\r\n" + data + b"\r\n\r\n", answer(401, b"", "WWW-Authenticate: Digest x=1")):
        try:
            talk().feed(reply)
        except IngestError as error:
            assert SECRET not in str(error)
