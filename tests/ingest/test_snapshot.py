"""Still pictures of a camera: bounded in every way, and read as the streams are."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import cv2
import numpy as np
import pytest

from csu.hal.camera import CameraId, StreamAddress
from csu.ingest import CameraLost, CameraRefused
from csu.ingest.snapshot import BYTES_MAX, fetch_snapshot, planes_of_jpeg
from csu.machine import SystemClock

CAMERA = CameraId("cam-0001")


def jpeg(width: int = 160, height: int = 90, bgr: tuple[int, int, int] = (64, 64, 64)) -> bytes:
    picture = np.full((height, width, 3), bgr, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


class Device(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self._answer(302, b"", Location="/good")
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(2 * BYTES_MAX // 65536):
                    self.wfile.write(bytes(65536))
            except OSError:
                return  # the engine has hung up, as it should
        elif self.path == "/basic" and "Authorization" not in self.headers:
            self._answer(401, b"", **{"WWW-Authenticate": 'Basic realm="x"'})
        elif self.path == "/text":
            self._answer(200, b"<html>")
        else:
            self._answer(200, jpeg())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def device() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Device)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(2)


def fetch(url: str):
    return fetch_snapshot(CAMERA, StreamAddress(url, "csu", "s3cret"), SystemClock())


def test_a_still_picture_is_read_as_limited_range(device) -> None:
    planes = fetch(f"{device}/good")
    assert (planes.width_px, planes.height_px) == (160, 90)
    assert abs(int(planes.y.mean()) - (16 + 64 * 219 // 255)) <= 1
    assert int(planes.u.mean()) == int(planes.v.mean()) == 128
    assert fetch(f"{device}/basic").width_px == 160


@pytest.mark.parametrize(
    ("path", "error"),
    [("/moved", CameraRefused), ("/endless", CameraLost), ("/text", CameraLost)],
)
def test_what_is_no_bounded_jpeg_is_refused_without_any_secret(device, path: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        fetch(device + path)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///etc/hostname", "http://[", "rtsp://127.0.0.1/x"])
def test_an_address_that_leads_nowhere_is_a_lost_camera(url: str) -> None:
    with pytest.raises(CameraLost):
        fetch(url)


def test_a_header_that_asks_for_too_many_pixels_is_refused_before_decoding() -> None:
    data = jpeg()
    at = data.index(b"\xff\xc0") + 5
    assert planes_of_jpeg(data) is not None
    assert planes_of_jpeg(data[:at] + struct.pack(">HH", 65000, 65000) + data[at + 4 :]) is None
    assert planes_of_jpeg(data[:200]) is None
    assert planes_of_jpeg(b"") is None


def test_an_odd_picture_loses_its_last_row_and_column() -> None:
    planes = planes_of_jpeg(jpeg(161, 91))
    assert planes is not None
    assert (planes.width_px, planes.height_px) == (160, 90)
