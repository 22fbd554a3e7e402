"""How a live stream is opened, against a device that answers by the book of each test."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S
from csu.hal.tls import TlsTrust
from csu.ingest import CameraRefused
from csu.ingest.admission import Admission
from csu.ingest.errors import CameraBusy, IngestError, LoginRefused
from csu.ingest.line import StopSignal
from csu.ingest.session import Session, open_session
from csu.machine import SystemClock
from sim.endpoints.police.authority import PrivateAuthority

CAMERA = CameraId("cam-0001")
FRAMES_PER_S = 10
STREAM_HZ = 90_000
FIRST_AT = 4_500
"""Stream time of the first picture."""
NTP_TO_UNIX_S = 2_208_988_800
BEGUN_AT_S = 1_800_000_000
"""When it was captured, by the device's own clock."""

Answer = tuple[int, tuple[str, ...]]
Book = Callable[[int, str], Answer | None]
"""(number of the connection, method) -> (status, header fields); None: as a good camera answers."""


def pictures(count: int) -> list[list[bytes]]:
    """Small H.264 pictures, each as its NAL units."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 64, 64, "yuv420p", Fraction(1, FRAMES_PER_S)
    encoder.options = {"tune": "zerolatency", "preset": "ultrafast"}
    made = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), number * 7 % 255, np.uint8), format="yuv420p")
        frame.pts = number
        made += [bytes(packet) for packet in encoder.encode(frame)]
    return [[unit.strip(b"\0") for unit in data.split(b"\0\0\1") if unit.strip(b"\0")] for data in made]


PICTURES = pictures(8)
SETS = ",".join(base64.b64encode(unit).decode() for unit in PICTURES[0] if unit[0] & 0x1F in (7, 8))
SDP = (
    "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={SETS}\r\na=control:trackID=1\r\n"
)


def rtp(number: int) -> bytes:
    """The packets of a picture, interleaved."""
    told, units = b"", PICTURES[number]
    for place, unit in enumerate(units):
        last = 0x80 if place == len(units) - 1 else 0
        at = FIRST_AT + number * STREAM_HZ // FRAMES_PER_S
        packet = struct.pack(">BBHII", 0x80, 96 | last, number * 16 + place, at, 7) + unit
        told += struct.pack(">BBH", 0x24, 0, len(packet)) + packet
    return told


def sender_report() -> bytes:
    """The first picture was captured at BEGUN_AT_S."""
    report = struct.pack(">BBHIIIIII", 0x80, 200, 6, 7, BEGUN_AT_S + NTP_TO_UNIX_S, 0, FIRST_AT, 0, 0)
    return struct.pack(">BBH", 0x24, 1, len(report)) + report


class Device:
    """An RTSP camera, each connection in a thread. `heard`: what it was asked, by connection."""

    def __init__(self, book: Book, *, reports_after: int | None = None, shown: ssl.SSLContext | None = None) -> None:
        self._book, self._reports_after, self._shown = book, reports_after, shown
        self._server = socket.create_server(("127.0.0.1", 0))
        self.heard: list[list[str]] = []
        self.address = StreamAddress(f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/x", "csu", "street-0000")
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the test is over
            while True:
                line, _ = self._server.accept()
                self.heard.append([])
                threading.Thread(target=self._serve, args=(line, len(self.heard)), daemon=True).start()

    def _serve(self, line: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            self._talk(line if self._shown is None else self._shown.wrap_socket(line, server_side=True), number)

    def _talk(self, line: socket.socket, number: int) -> None:
        with line, line.makefile("rb") as asked:
            while head := asked.readline().decode():
                method, fields = head.split(" ")[0], [head]
                while field := asked.readline().decode().strip():
                    fields.append(field)
                self.heard[number - 1].append("\n".join(fields))
                sequence = next(field for field in fields if field.startswith("CSeq"))
                status, more = self._book(number, method) or (200, ())
                body = SDP if method == "DESCRIBE" and status == 200 else ""
                usual = ("Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1") if method == "SETUP" else ()
                told = [f"RTSP/1.0 {status} So", sequence, *usual, *more, f"Content-Length: {len(body)}"]
                line.sendall(("\r\n".join(told) + "\r\n\r\n" + body).encode())
                if method == "PLAY" and status == 200:
                    for place in range(len(PICTURES)):
                        line.sendall(rtp(place) + (sender_report() if place == self._reports_after else b""))


def as_good_ones(number: int, method: str) -> Answer | None:
    return None


def to(other: Device) -> Answer:
    return 302, (f"Location: {other.address.url}",)


def over_tls(book: Book, folder: Path) -> Device:
    """A device over TLS, believed by the certificate it shows."""
    papers = PrivateAuthority("cameras", SystemClock()).server("192.168.1.64")
    (folder / "camera.pem").write_bytes(papers.certificate_pem + papers.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "camera.pem")
    device = Device(book, shown=context)
    trust = TlsTrust(papers.certificate_pem.decode(), is_pinned=True)
    device.address = replace(device.address, url=device.address.url.replace("rtsp:", "rtsps:"), trust=trust)
    return device


@contextlib.contextmanager
def opened(address: StreamAddress) -> Iterator[Session]:
    session = open_session(CAMERA, address, Admission(CAMERA), SystemClock(), StopSignal(), lambda _: None)
    try:
        yield session
    finally:
        session.close()


@pytest.mark.parametrize("reports_after", [0, 1, 4])
def test_the_report_of_the_sender_dates_each_picture_as_itself(reports_after: int) -> None:
    """FFmpeg gives the picture before the first report the date of the one after it."""
    dated = []
    with Device(as_good_ones, reports_after=reports_after) as camera, opened(camera.address) as session:
        arrivals = session.arrivals()
        for _ in range(len(PICTURES) - 1):
            arrival = next(arrivals)
            if arrival.camera_at_ns is not None:
                dated.append(arrival.camera_at_ns - arrival.pts_ns)
    first_ns = BEGUN_AT_S * NS_PER_S
    assert len(dated) >= len(PICTURES) - reports_after - 3
    assert all(abs(date - first_ns) < 10**7 for date in dated), [date - first_ns for date in dated]


def test_a_device_that_is_busy_with_our_own_question_is_asked_once_more() -> None:
    def book(number: int, method: str) -> Answer | None:
        return (503, ()) if (number, method) == (2, "DESCRIBE") else None

    with Device(book) as camera, opened(camera.address) as session:
        assert next(session.arrivals()).packet.size > 0
    assert len(camera.heard) == 3


def refusal(address: StreamAddress) -> IngestError:
    """Why it is not opened."""
    with pytest.raises(IngestError) as refused, opened(address):
        pytest.fail("it was opened")
    return refused.value


def test_a_device_that_stays_busy_is_left_for_later() -> None:
    began_s = time.monotonic()
    with Device(lambda number, method: (503, ()) if number > 1 and method == "SETUP" else None) as camera:
        why = refusal(camera.address)
    assert isinstance(why, CameraBusy)
    assert "5XX" in str(why)
    assert len(camera.heard) == 3
    assert time.monotonic() - began_s > 0.3


def test_a_stream_that_comes_over_udp_only_is_refused_with_what_to_set() -> None:
    with Device(lambda number, method: (461, ()) if method == "SETUP" else None) as camera:
        why = refusal(camera.address)
    assert isinstance(why, CameraRefused)
    assert "does not give its stream over TCP" in str(why)
    assert "interleaved" in why.trouble.what_to_do.en
    assert [head.split()[0] for head in camera.heard[1]].count("SETUP") == 1


def test_a_login_refused_to_ffmpeg_alone_counts_as_a_refused_login() -> None:
    digest = (401, ('WWW-Authenticate: Digest realm="x", nonce="n"',))
    with Device(lambda number, method: digest if number > 1 and method == "SETUP" else None) as camera:
        assert isinstance(refusal(camera.address), LoginRefused)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP"])
def test_a_camera_over_tls_that_redirects_ffmpeg_is_refused_and_nobody_else_is_asked(method: str, tmp_path) -> None:
    """To our own DESCRIBE it answered as it should."""

    def book(number: int, asked: str) -> Answer | None:
        return to(other) if (number, asked) == (2, method) else None

    with Device(as_good_ones) as other, over_tls(book, tmp_path) as camera:
        why = refusal(camera.address)
    assert isinstance(why, CameraRefused)
    assert "redirects elsewhere, and nobody follows" in str(why)
    assert camera.heard[1][-1].startswith(method)
    assert other.heard == []


def test_over_tls_pictures_still_come(tmp_path) -> None:
    with over_tls(as_good_ones, tmp_path) as camera, opened(camera.address) as session:
        assert next(session.arrivals()).packet.size > 0


def test_a_redirection_of_our_own_describe_is_refused_in_clear_too() -> None:
    with Device(as_good_ones) as other, Device(lambda number, method: to(other)) as camera:
        why = refusal(camera.address)
    assert isinstance(why, CameraRefused)
    assert "redirects elsewhere, and nobody follows" in str(why)
    assert (len(camera.heard), other.heard) == (1, [])


def test_in_clear_ffmpeg_alone_follows_and_gives_the_password_away() -> None:
    """What is still open (decision 0058), so that nobody believes it closed. The day this fails, look at it again."""
    basic = 401, ('WWW-Authenticate: Basic realm="x"',)

    def book(number: int, method: str) -> Answer | None:
        return to(other) if (number, method) == (2, "DESCRIBE") else None

    with Device(lambda number, method: basic if method == "DESCRIBE" else None) as other, Device(book) as camera:
        assert isinstance(refusal(camera.address), CameraRefused)
    assert base64.b64encode(b"csu:street-0000").decode() in "".join(other.heard[0])
