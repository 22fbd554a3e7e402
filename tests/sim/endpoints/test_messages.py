"""RTP, RTCP, DIGEST, RTSP and A-law: pure parts, by their standards."""

from __future__ import annotations

import struct

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.endpoints import alaw
from sim.endpoints.digest import REALM, Login, challenge, is_right, response_of
from sim.endpoints.rtp import (
    NTP_UNIX_S,
    RtpTrack,
    interleave,
    packetise_h264,
    packetise_h265,
    packetise_jpeg,
    split_annex_b,
)
from sim.endpoints.rtsp import BadRequest, interleaved_channel, read_request


def depacketise(payloads: list[bytes], header_bytes: int, kind_of, fragment_kind: int, restore) -> bytes:
    """The receiver's side, written from the RFCs."""
    if len(payloads) == 1:
        return payloads[0]
    assert all(kind_of(payload) == fragment_kind for payload in payloads)
    marks = [payload[header_bytes] for payload in payloads]
    assert [bool(mark & 0x80) for mark in marks] == [True] + [False] * (len(marks) - 1), "start bit on the first only"
    assert [bool(mark & 0x40) for mark in marks] == [False] * (len(marks) - 1) + [True], "end bit on the last only"
    return restore(payloads[0]) + b"".join(payload[header_bytes + 1 :] for payload in payloads)


@given(
    first=st.integers(0, 127).filter(lambda byte: 1 <= byte & 31 <= 23),
    body=st.binary(max_size=9000),
    room=st.integers(20, 1500),
)
def test_an_h264_nal_unit_comes_back_whole_from_its_packets(first, body, room):
    nal = bytes([first]) + body
    payloads = packetise_h264(nal, room)
    assert max(len(payload) for payload in payloads) <= room
    back = depacketise(payloads, 1, lambda p: p[0] & 31, 28, lambda p: bytes([(p[0] & 0xE0) | (p[1] & 0x1F)]))
    assert back == nal


@given(kind=st.integers(0, 40), layer=st.integers(0, 255), body=st.binary(max_size=9000), room=st.integers(20, 1500))
def test_an_h265_nal_unit_comes_back_whole_from_its_packets(kind, layer, body, room):
    nal = bytes([kind << 1, layer]) + body
    payloads = packetise_h265(nal, room)
    assert max(len(payload) for payload in payloads) <= room

    def restore(payload: bytes) -> bytes:
        return bytes([(payload[0] & 0x81) | ((payload[2] & 0x3F) << 1), payload[1]])

    assert depacketise(payloads, 2, lambda p: (p[0] >> 1) & 63, 49, restore) == nal


@given(
    st.lists(st.binary(min_size=1, max_size=40).map(lambda data: b"\x65" + data.replace(b"\x00", b"\x01")), max_size=6)
)
def test_nal_units_are_found_between_start_codes_of_both_lengths(units):
    joined = b"".join(
        (b"\x00\x00\x00\x01" if index % 2 else b"\x00\x00\x01") + unit for index, unit in enumerate(units)
    )
    assert split_annex_b(joined) == units


@given(
    st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=12), st.integers(0, 2**62), st.integers(0, 65535)
)
def test_packets_are_numbered_without_a_gap_and_the_last_of_a_picture_is_marked(payloads, at_ns, first):
    track = RtpTrack(7, 96, 90_000, first)
    packets = track.packets_of(payloads, at_ns) + track.packets_of(payloads, at_ns + 40_000_000)
    heads = [struct.unpack(">BBHII", packet[:12]) for packet in packets]
    assert [head[2] for head in heads] == [(first + index) % 65536 for index in range(len(packets))]
    assert [bool(head[1] & 0x80) for head in heads] == ([False] * (len(payloads) - 1) + [True]) * 2
    assert (heads[-1][3] - heads[0][3]) % 2**32 in (3599, 3600)
    assert track.packets == len(packets)
    assert track.octets == 2 * sum(map(len, payloads))


def test_a_sender_report_ties_media_time_to_the_cameras_clock():
    track = RtpTrack(0xABCD, 96, 90_000)
    report = track.sender_report(2_000_000_000, 1_700_000_000_500_000_000, "cam-01")
    head, kind, length, ssrc, seconds, part, stamp = struct.unpack(">BBHIIII", report[:20])
    assert (head, kind, ssrc, stamp) == (0x80, 200, 0xABCD, 180_000)
    assert seconds - NTP_UNIX_S == 1_700_000_000
    assert part == 2**31
    rest = report[4 * (length + 1) :]
    assert rest[1] == 202, "a compound packet has a source description"
    assert len(rest) == 4 * (struct.unpack(">H", rest[2:4])[0] + 1)


def test_interleaved_frames_carry_channel_and_length():
    assert interleave(3, [b"abc", b"d"]) == b"$\x03\x00\x03abc$\x03\x00\x01d"


def test_a_jpeg_travels_with_its_tables_and_comes_back():
    picture = np.kron(np.arange(16, dtype=np.uint8).reshape(4, 4) * 16, np.ones((16, 16), np.uint8))
    data = cv2.imencode(".jpg", cv2.merge([picture] * 3))[1].tobytes()
    payloads = packetise_jpeg(data, 300)
    offsets = [int.from_bytes(payload[:4], "big") & 0xFFFFFF for payload in payloads]
    scan = payloads[0][8 + 4 + 128 :] + b"".join(payload[8:] for payload in payloads[1:])
    assert payloads[0][4:8] == bytes([1, 255, 8, 8])
    assert data.endswith(scan + b"\xff\xd9")
    assert offsets == sorted(set(offsets))


def fields_of(login: Login, method: str, url: str, nonce: str) -> str:
    fields = {
        "username": login.user,
        "realm": REALM,
        "nonce": nonce,
        "uri": url,
        "qop": "auth",
        "nc": "01",
        "cnonce": "x",
    }
    fields["response"] = response_of(login, method, fields)
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())


def test_the_digest_of_rfc_2617s_example_is_what_the_rfc_says():
    import hashlib

    fields = {"nonce": "n", "uri": "/u", "qop": "auth", "nc": "00000001", "cnonce": "0a4f113b"}
    secret = hashlib.md5(f"Mufasa:{REALM}:Circle Of Life".encode()).hexdigest()
    asked = hashlib.md5(b"GET:/u").hexdigest()
    expected = hashlib.md5(f"{secret}:n:00000001:0a4f113b:auth:{asked}".encode()).hexdigest()
    assert response_of(Login("Mufasa", "Circle Of Life"), "GET", fields) == expected


def test_only_the_right_user_password_method_url_and_nonce_pass():
    login, url = Login("csu", "secret"), "rtsp://h/cam/main"
    header = fields_of(login, "PLAY", url, "n1")
    assert is_right(login, header, method="PLAY", url=url, nonce="n1")
    assert not is_right(login, header, method="SETUP", url=url, nonce="n1")
    assert not is_right(login, header, method="PLAY", url=url + "/x", nonce="n1")
    assert not is_right(login, header, method="PLAY", url=url, nonce="n2")
    assert not is_right(login, fields_of(Login("csu", "other"), "PLAY", url, "n1"), method="PLAY", url=url, nonce="n1")
    assert not is_right(login, None, method="PLAY", url=url, nonce="n1")
    assert not is_right(login, "Basic Y3N1OnNlY3JldA==", method="PLAY", url=url, nonce="n1")
    assert 'qop="auth"' in challenge("n1")
    assert "secret" not in repr(login)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_request_reader_fail_otherwise_than_by_bad_request(data):
    try:
        request = read_request(data)
        assert request.body_bytes >= 0
    except BadRequest:
        return
    except ValueError as error:
        pytest.fail(f"{error!r} for {data!r}")


def test_only_tcp_interleaved_transport_is_taken():
    assert interleaved_channel("RTP/AVP/TCP;unicast;interleaved=2-3") == 2
    assert interleaved_channel("RTP/AVP/TCP;unicast") == 0
    assert interleaved_channel("RTP/AVP/UDP;unicast;client_port=5000-5001") is None
    assert interleaved_channel("RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=0-1") == 0
    assert interleaved_channel("RTP/AVP/TCP;interleaved=nonsense") is None


def test_the_tone_is_a_tone_for_an_independent_a_law_decoder():
    decoder = av.CodecContext.create("pcm_alaw", "r")
    decoder.sample_rate, decoder.layout = alaw.SAMPLE_HZ, "mono"
    heard = decoder.decode(av.Packet(alaw.tone_packet()))[0].to_ndarray()[0]
    asked = 8000 * np.sin(2 * np.pi * alaw.TONE_HZ * np.arange(len(heard)) / alaw.SAMPLE_HZ)
    assert np.abs(heard - asked).max() <= 128  # half a step of the loudest segment used
