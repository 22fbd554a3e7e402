"""Simulated cameras over real sockets, seen by a real client."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time

import av
import pytest

from csu.hal.camera import StreamAddress
from csu.hal.place import Pose
from sim.endpoints import Codec, EndpointSpec, FarmError, Fault, FaultKind, RtspFarm, StreetView
from sim.street import canary_share

POSE = Pose(-39.0, 5.4, 6.5, 107.0, -14.0, 0.0, 520.0)

FAULTY = [EndpointSpec(kind.value, index + 20, fault=Fault(kind)) for index, kind in enumerate(FaultKind)]
TOWN = [
    EndpointSpec("cam-07", number=7, picture=StreetView(POSE)),
    EndpointSpec("late", number=1, clock_offset_ms=-7_000),
    EndpointSpec("cam-03", number=3, audio=True),
    EndpointSpec("shut", 1),
    EndpointSpec("open", 2, user=""),
    EndpointSpec("well", 40),
    EndpointSpec("hevc", 5, codec=Codec.HEVC),
    EndpointSpec("ten", 5, codec=Codec.H264_10_BIT),
    EndpointSpec("jpeg", 5, codec=Codec.MJPEG),
    EndpointSpec("to-heal", 1),
    EndpointSpec("lossy", 1, user="", fault=Fault(FaultKind.LOSE_PACKETS, every=3)),
    EndpointSpec("big", 1, user="", width_px=1280, height_px=720, frames_per_s=30, codec=Codec.MJPEG),
    EndpointSpec("seen", 1),
    EndpointSpec("alone", 2),
    EndpointSpec("heard", 3),
    *FAULTY,
]


@pytest.fixture(scope="module")
def town():
    """One process serves all these tests, as it serves a whole site."""
    with RtspFarm(TOWN) as farm:
        yield farm


def test_a_camera_is_watched_from_a_key_frame_with_capture_times_from_its_own_clock(town, watch):
    seen = watch(town.address("cam-07"), 18, keep=True)
    assert seen.error is None
    assert (seen.kinds, seen.codec) == (["video"], "h264")
    assert seen.first_is_key
    assert set(seen.sizes) == {(640, 360, "yuv420p")}
    for marks in (seen.marks, seen.small_marks):
        assert all(mark is not None and mark.camera_number == 7 for mark in marks)
        steps = {(b.frame_number - a.frame_number) % 1024 for a, b in zip(marks, marks[1:], strict=False)}
        assert steps <= {1, 2, 3}, "captures are counted, late ones left out on a busy machine"
    assert len(seen.capture_ages_ms) == 18, (
        "every packet has a capture time: the first report precedes the first picture"
    )
    assert 0 < min(seen.capture_ages_ms) < 1000
    assert canary_share(seen.pictures[-1]) > 0.01


def test_a_camera_whose_clock_is_wrong_says_so_in_its_reports(town, watch):
    assert 7_000 < min(watch(town.address("late"), 4).capture_ages_ms) < 8_500


@pytest.mark.requirement("AUD-1")
def test_audio_is_offered_but_never_flows_to_a_client_that_takes_video_only(town, watch):
    assert watch(town.address("cam-03"), 5).kinds == ["video"]
    assert town.counts()["cam-03"].audio_setups == 0
    seen = watch(town.address("cam-03"), 8, media="video+audio")
    assert seen.kinds == ["video", "audio"], "the control: the offer is real"
    assert seen.audio_packets > 3
    assert town.counts()["cam-03"].audio_setups == 1


def test_sound_that_is_switched_on_is_offered_to_the_next_who_asks(town, watch):
    town.offer_audio("heard", offered=True, at_once=True)
    assert watch(town.address("heard"), 3, media="video+audio").kinds == ["video", "audio"]
    town.offer_audio("heard", offered=False, at_once=True)
    assert watch(town.address("heard"), 3, media="video+audio").kinds == ["video"]


def test_wrong_password_wrong_path_and_an_open_camera(town, watch):
    shut = town.address("shut")
    with pytest.raises(av.HTTPUnauthorizedError):
        watch(StreamAddress(shut.url, "csu", "wrong"))
    with pytest.raises(av.HTTPUnauthorizedError):
        watch(StreamAddress(shut.url))
    with pytest.raises(av.HTTPNotFoundError):
        watch(StreamAddress(shut.url.replace("shut", "nobody"), "csu", shut.password))
    assert watch(town.address("open"), 3).error is None
    assert town.counts()["shut"].logins_refused == 1
    assert town.counts()["shut"].plays == 0


def test_each_fault_does_what_it_says_and_the_others_stay_well(town, watch):
    kinds = [spec.camera for spec in FAULTY]
    results: dict[str, object] = {}

    def look(name: str) -> None:
        try:
            results[name] = watch(town.address(name), 25, timeout_s=1.0)
        except (av.FFmpegError, OSError) as error:
            results[name] = error

    lookers = [threading.Thread(target=look, args=(name,)) for name in [*kinds, "well"]]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join(30)
    frozen, closed, smaller = results["freeze"], results["close"], results["size_change"]
    assert isinstance(frozen.error, TimeoutError)
    assert len(frozen.marks) in (14, 15)  # the last picture is still in the reader when it times out
    assert closed.error is None, "a closed connection reads as a plain end"
    assert len(closed.marks) <= 15
    assert list(dict.fromkeys(smaller.sizes)) == [(640, 360, "yuv420p"), (320, 176, "yuv420p")]
    assert isinstance(results["no_parameter_sets"].error, av.InvalidDataError)
    assert results["no_parameter_sets"].marks == []
    assert results["lose_packets"].error is None
    assert isinstance(results["refuse_login"], av.HTTPUnauthorizedError)
    assert isinstance(results["mute"], (av.InvalidDataError, TimeoutError))
    assert results["well"].error is None
    assert all(mark is not None for mark in results["well"].marks)


@pytest.mark.parametrize(
    ("camera", "codec", "pixels"),
    [("hevc", "hevc", "yuv420p"), ("ten", "h264", "yuv420p10le"), ("jpeg", "mjpeg", "yuvj420p")],
)
def test_wrong_codecs_are_truly_those_codecs(town, watch, camera, codec, pixels):
    seen = watch(town.address(camera), 4)
    assert seen.codec == codec
    assert set(seen.sizes) == {(640, 360, pixels)}
    assert all(mark is not None and mark.camera_number == 5 for mark in seen.marks)


def test_a_fault_can_begin_and_end_while_somebody_watches(town, watch):
    assert watch(town.address("to-heal"), 4).error is None
    town.misbehave("to-heal", Fault(FaultKind.FREEZE, after_frames=2))
    assert isinstance(watch(town.address("to-heal"), 10, timeout_s=0.5).error, TimeoutError)
    town.misbehave("to-heal", None)
    assert watch(town.address("to-heal"), 4).error is None
    with pytest.raises(FarmError, match="nobody"):
        town.misbehave("nobody", None)


def test_lost_packets_leave_a_hole_in_the_sequence_numbers(town):
    """Read from the socket: FFmpeg hides it."""
    numbers = [int.from_bytes(packet[2:4], "big") for packet in _rtp_of(town.port, "lossy", 12)]
    assert not any(number % 3 == 0 for number in numbers)
    assert any((b - a) % 65536 == 2 for a, b in zip(numbers, numbers[1:], strict=False))


def _ask(connection: socket.socket, method: str, url: str, *headers: str) -> str:
    connection.sendall("\r\n".join([f"{method} {url} RTSP/1.0", "CSeq: 9", *headers, "", ""]).encode())
    return connection.recv(4096).decode("latin-1")


def _rtp_of(port: int, camera: str, count: int) -> list[bytes]:
    url = f"rtsp://127.0.0.1:{port}/{camera}/main"
    packets: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        answer = _ask(connection, "SETUP", url + "/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        session = answer.split("Session: ")[1].split(";")[0]
        reader = connection.makefile("rb")
        connection.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
        while reader.readline().strip():
            pass
        while len(packets) < count:
            head = reader.read(4)
            data = reader.read(int.from_bytes(head[2:4], "big"))
            if head[1] == 0:
                packets.append(data)
    return packets


def test_odd_requests_get_the_status_the_standard_asks_for(town):
    url = town.url("open")
    with socket.create_connection(("127.0.0.1", town.port), timeout=5) as connection:
        assert "DESCRIBE, SETUP, PLAY" in _ask(connection, "OPTIONS", url)
        assert (
            _ask(connection, "SETUP", url + "/trackID=1", "Transport: RTP/AVP;unicast;client_port=5000-5001")[9:12]
            == "461"
        )
        assert _ask(connection, "PLAY", url, "Session: 123")[9:12] == "454"
        assert _ask(connection, "RECORD", url)[9:12] == "405"
        assert _ask(connection, "SETUP", url + "/trackID=2", "Transport: RTP/AVP/TCP;interleaved=0-1")[9:12] == "404"
        assert _ask(connection, "GET_PARAMETER", url)[9:12] == "200"
        assert "CSeq: 9" in _ask(connection, "TEARDOWN", url)
    with socket.create_connection(("127.0.0.1", town.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"RTSP/1.0 400")
        assert connection.recv(100) == b""


def test_a_client_that_does_not_read_is_dropped_and_counted(town, watch):
    url = town.url("big")
    with socket.create_connection(("127.0.0.1", town.port), timeout=5) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        answer = _ask(lazy, "SETUP", url + "/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        session = answer.split("Session: ")[1].split(";")[0]
        lazy.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
        deadline = time.monotonic() + 15
        while town.counts()["big"].slow_clients_dropped == 0 and time.monotonic() < deadline:
            time.sleep(0.2)
    assert town.counts()["big"].slow_clients_dropped == 1
    assert town.counts()["big"].clients == 0


def test_nothing_is_drawn_for_a_camera_that_nobody_watches(town, watch):
    watch(town.address("seen"), 5)
    time.sleep(0.3)
    before = town.counts()["seen"].pictures
    time.sleep(0.5)
    counts = town.counts()
    assert counts["seen"].pictures == before > 0
    assert counts["alone"].pictures == 0


def test_sixty_four_clients_of_canned_streams_all_advance(follow_canned):
    crowd = follow_canned(64, 2.0)
    assert crowd.playing == 64
    assert crowd.packets_min > 0


@pytest.mark.nightly
def test_thirteen_hundred_clients_of_canned_streams_all_advance(follow_canned):
    crowd = follow_canned(1300, 10.0)
    print(f"1,300 clients at 2 frames/s: {crowd.cpu_share:.2f} of a core, {crowd.mbit_s:.0f} Mbit/s")
    assert crowd.playing == 1300
    assert crowd.packets_min > 0
    assert crowd.cpu_share < 0.5


def test_specs_travel_between_processes_and_passwords_do_not_show():
    spec = EndpointSpec("cam", 1, picture=StreetView(POSE), fault=Fault(FaultKind.CLOSE), password="hidden-word")
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert "hidden-word" not in repr(spec)


@pytest.mark.parametrize(
    "wrong",
    [{"number": 20_000}, {"width_px": 641}, {"frames_per_s": 0}, {"camera": "a/b"}, {"camera": ""}, {"height_px": 8}],
)
def test_a_camera_that_cannot_exist_is_refused_when_it_is_written(wrong):
    with pytest.raises(ValueError, match="camera"):
        EndpointSpec(**{"camera": "cam", "number": 1, **wrong})


def test_two_endpoints_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        RtspFarm([EndpointSpec("cam", 1), EndpointSpec("cam", 2)])


def test_a_farm_whose_process_dies_says_so(farm_of):
    farm = farm_of([EndpointSpec("cam", 1)])
    os.kill(farm.pid, signal.SIGKILL)
    with pytest.raises(FarmError, match="does not answer"):
        farm.counts()
    farm.stop()
    assert not farm.is_alive()


def test_the_serving_process_does_not_outlive_a_parent_that_is_killed():
    code = (
        "import time; from sim.endpoints import *;"
        "farm = RtspFarm([EndpointSpec('cam', 1)]); farm.start(); print(farm.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.1)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False
