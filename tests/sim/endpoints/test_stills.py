"""Snapshots over HTTP."""

from __future__ import annotations

import socket
import urllib.error

import pytest

from csu.hal.camera import StreamAddress
from csu.hal.frame_mark import read_mark
from sim.endpoints import EndpointSpec, FarmError, Fault, FaultKind, RtspFarm


@pytest.fixture(scope="module")
def farm():
    specs = [
        EndpointSpec("shut", 9, width_px=320, height_px=176),
        EndpointSpec("open", 2, user="", width_px=320, height_px=176),
        EndpointSpec("mute", 3, fault=Fault(FaultKind.MUTE)),
        EndpointSpec("canned", 4, canned=True, width_px=128, height_px=96),
    ]
    with RtspFarm(specs) as farm:
        yield farm


def test_a_snapshot_takes_the_right_password_and_is_counted(farm, fetch):
    address = farm.snapshot_address("shut")
    assert address.password not in repr(address)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch(StreamAddress(address.url, "csu", "wrong"))
    assert farm.counts()["shut"].snapshots == 0
    assert farm.counts()["shut"].logins_refused >= 1
    planes = fetch(address)
    assert planes.y.shape == (176, 320)
    mark = read_mark(planes.y)
    assert mark is not None
    assert mark.camera_number == 9
    assert farm.counts()["shut"].snapshots == 1


def test_what_is_not_there_is_404_and_a_mute_camera_hangs_up(farm, fetch):
    address = farm.snapshot_address("shut")
    for url in (address.url.replace("shut", "nobody"), address.url + "x", farm.snapshot_address("canned").url):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(StreamAddress(url))
    with pytest.raises(OSError, match="closed connection|reset"):
        fetch(farm.snapshot_address("mute"))


def test_one_connection_takes_several_requests_and_nonsense_ends_it(farm):
    with socket.create_connection(("127.0.0.1", farm.stills_port), timeout=5) as connection:
        reader = connection.makefile("rb")
        assert _ask(connection, reader, b"GET /open/snapshot.jpg HTTP/1.1") == (b"200", b"\xff\xd8")
        assert _ask(connection, reader, b"GET /open/snapshot.jpg?n=2 HTTP/1.1") == (b"200", b"\xff\xd8")
        assert _ask(connection, reader, b"PUT /open/snapshot.jpg HTTP/1.1") == (b"405", b"")
        assert _ask(connection, reader, b"OPTIONS * RTSP/1.0") == (b"400", b"")
        assert reader.read() == b""


def _ask(connection, reader, line: bytes) -> tuple[bytes, bytes]:
    """The status, and the first two bytes of the body."""
    connection.sendall(line + b"\r\nHost: here\r\n\r\n")
    status, length = reader.readline().split()[1], 0
    while header := reader.readline().strip().lower():
        if header.startswith(b"content-length:"):
            length = int(header.split()[1])
    return status, reader.read(length)[:2]


def test_a_canned_camera_has_no_masks_of_its_own(farm):
    with pytest.raises(FarmError, match="no such camera"):
        farm.set_masks("canned", [])
