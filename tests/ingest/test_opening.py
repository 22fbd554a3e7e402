"""How a live stream is opened, against a device that answers by the book of each test."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
import pytest

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S
from csu.ingest import CameraRefused
from csu.ingest.admission import Admission
from csu.ingest.errors import CameraBusy, LoginRefused
from csu.ingest.line import StopSignal
from csu.ingest.session import Session, open_session
from csu.machine import SystemClock

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

    def __init__(self, book: Book, reports_after: int | None = None) -> None:
        self._book, self._reports_after = book, reports_after
        self._server = socket.create_server(("127.0.0.1", 0))
        self.heard: list[list[str]] = []
        self.address = StreamAddress(f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/x", "csu", "street-0000")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
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
        with contextlib.suppress(OSError), line, line.makefile("rb") as asked:
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


@pytest.fixture
def device() -> Iterator[Callable[..., Device]]:
    made: list[Device] = []

    def make(book: Book = lambda number, method: None, **how: int) -> Device:
        made.append(Device(book, **how))
        return made[-1]

    yield make
    for each in made:
        each.close()


@contextlib.contextmanager
def opened(address: StreamAddress) -> Iterator[Session]:
    session = open_session(CAMERA, address, Admission(CAMERA), SystemClock(), StopSignal(), lambda _: None)
    try:
        yield session
    finally:
        session.close()


@pytest.mark.parametrize("reports_after", [0, 1, 4])
def test_the_report_of_the_sender_dates_each_picture_as_itself(device, reports_after: int) -> None:
    """FFmpeg gives the picture before the first report the date of the one after it."""
    camera = device(reports_after=reports_after)
    dated = []
    with opened(camera.address) as session:
        arrivals = session.arrivals()
        for _ in range(len(PICTURES) - 1):
            arrival = next(arrivals)
            if arrival.camera_at_ns is not None:
                dated.append(arrival.camera_at_ns - arrival.pts_ns)
    first_ns = BEGUN_AT_S * NS_PER_S
    assert len(dated) >= len(PICTURES) - reports_after - 3
    assert {abs(date - first_ns) < 10**7 for date in dated} == {True}, [date - first_ns for date in dated]


def test_a_device_that_is_busy_with_our_own_question_is_asked_once_more(device) -> None:
    camera = device(lambda number, method: (503, ()) if (number, method) == (2, "DESCRIBE") else None)
    with opened(camera.address) as session:
        assert next(session.arrivals()).packet.size > 0
    assert len(camera.heard) == 3


def test_a_device_that_stays_busy_is_left_for_later(device) -> None:
    camera = device(lambda number, method: (503, ()) if (number > 1, method) == (True, "SETUP") else None)
    began_s = time.monotonic()
    with pytest.raises(CameraBusy, match="5XX"), opened(camera.address):
        pytest.fail("a busy device was opened")
    assert len(camera.heard) == 3
    assert time.monotonic() - began_s > 0.3


def test_a_stream_that_comes_over_udp_only_is_refused_with_what_to_set(device) -> None:
    camera = device(lambda number, method: (461, ()) if method == "SETUP" else None)
    with pytest.raises(CameraRefused, match="not give its stream over TCP") as refused, opened(camera.address):
        pytest.fail("a stream over UDP was opened")
    assert "interleaved" in refused.value.trouble.what_to_do.en
    assert [head.split()[0] for head in camera.heard[1]].count("SETUP") == 1


def test_a_login_refused_to_ffmpeg_alone_counts_as_a_refused_login(device) -> None:
    digest = (401, ('WWW-Authenticate: Digest realm="x", nonce="n"',))
    camera = device(lambda number, method: digest if number > 1 and method == "SETUP" else None)
    with pytest.raises(LoginRefused), opened(camera.address):
        pytest.fail("it was opened")
