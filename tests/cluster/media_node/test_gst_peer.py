"""A node takes cameras whose RTSP server is not ours: GStreamer's (tests/peers/gst_rtsp.py).

The node runs once for all these tests; the server is killed and comes back in the middle. What clients asked is read
off the wire, not out of anybody's counters.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.media import Assignment, CameraEventKind, GapCause
from csu.hal.tls import TlsTrust
from csu.ingest.admission import Admission
from csu.ingest.capture_clock import CaptureClock
from csu.ingest.line import StopSignal
from csu.ingest.session import open_session
from csu.machine import SystemClock
from sim.endpoints.police.authority import PrivateAuthority

ROOT = Path(__file__).resolve().parents[3]
SERVER = ROOT / "tests" / "peers" / "gst_rtsp.py"
PYTHON = "/usr/bin/python3"
INSTALL = "no GStreamer RTSP server: .ci/setup test, or apt-get install python3-gi gir1.2-gst-rtsp-server-1.0"
USER, SECRET = "csu", "Neutral-7"
STATED_MS = 40
"""Pictures are dated within so much of the clock burned into them. A frame lasts 83 ms; measured: 1 ms."""
TAKEN = ("open", "login", "tls", "aac", "pcma", "sound-first")
WITH_SOUND = ("aac", "pcma", "sound-first")
REFUSALS = {
    "hevc": (CameraEventKind.UNSUPPORTED, "the stream is HEVC (H.265), not H.264"),
    "mjpeg": (CameraEventKind.UNSUPPORTED, "the stream is MJPEG, not H.264"),
    "wrong-password": (CameraEventKind.REFUSED, "wrong user or password (401"),
    "no-account": (CameraEventKind.REFUSED, "wrong user or password (401"),
    "no-login": (CameraEventKind.REFUSED, "a user and a password are needed (401"),
    "wrong-path": (CameraEventKind.REFUSED, "unknown path (404"),
    "udp-only": (CameraEventKind.REFUSED, "it does not give its stream over TCP"),
}


class GstServer:
    """The server as a process of Debian's own interpreter."""

    def __init__(self, pem: Path, ports: list[int] | None = None) -> None:
        asked = json.dumps({"pem": str(pem), "ports": ports or [0, 0, 0]})
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        assert Path(PYTHON).exists(), INSTALL
        self._process = subprocess.Popen([PYTHON, str(SERVER), asked], **pipes)  # type: ignore[call-overload]
        assert self._process.stdout is not None
        select.select([self._process.stdout], [], [], 30)
        said = self._process.stdout.readline() if self._process.poll() is None else b""
        if not said:
            self._process.kill()
            trouble = self._process.communicate()[1].decode()
            pytest.fail(f"{INSTALL}\n{trouble}")
        self.ports: list[int] = json.loads(said)["ports"]

    def kill(self) -> None:
        """As a power cut does it."""
        self._process.kill()
        self._process.communicate()


class Wire:
    """A relay in front of a port that notes what each client asks. Runs in a thread of its own until closed."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._relay, "127.0.0.1", 0), self._loop
        ).result(5)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.asked: list[tuple[float, str]] = []
        """(monotonic s, head) of each request."""

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            await asyncio.gather(self._carry(reader, up_writer, True), self._carry(up_reader, writer, False))
        except OSError:
            pass  # the server was killed: the client learns it as an end
        finally:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_asking: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                if is_asking:
                    heads = re.findall(rb"([A-Z_]+ rtsp://.+?\r\n\r\n)", piece, re.DOTALL)
                    self.asked += [(time.monotonic(), head.decode()) for head in heads]
                writer.write(piece)
                await writer.drain()
        writer.close()

    def of(self, method: str, path: str, holding: str = "") -> list[float]:
        """When `method` was asked for `path`, with `holding` in its head."""
        start = re.compile(rf"{method} rtsp://[^/]+{path}[ /]")
        return [at_s for at_s, head in self.asked if start.match(head) and holding in head]


@dataclass
class Dated:
    """One picture as the session hands it out."""

    burned_in_ns: int
    captured_at_ns: int
    by_camera: bool


@dataclass
class Run:
    heard: object
    wire: Wire
    directory: Path
    dated: list[Dated] = field(default_factory=list)
    killed_at_ns: int = 0
    back_at_ns: int = 0


def watch_clock(address: StreamAddress, until: Callable[[list[Dated]], bool], timeout_s: float) -> list[Dated]:
    """Read pictures as a connection does, and what is burned into them."""
    camera, clock, capture, seen = CameraId("watched"), SystemClock(), CaptureClock(), []
    session = open_session(camera, address, Admission(camera), clock, StopSignal(), lambda _: None)
    end_s = time.monotonic() + timeout_s
    try:
        for arrival in session.arrivals():
            assert arrival is not None
            capture.packet(arrival.pts_ns, arrival.arrived_at_ns, arrival.camera_at_ns)
            for picture in session.decoder.decode(arrival.packet):
                luma = picture.to_ndarray(format="gray")
                squares = luma.reshape(8, luma.shape[0] // 8, 8, luma.shape[1] // 8).mean(axis=(1, 3)) > 128
                burned_in_ns = int("".join("01"[int(bit)] for bit in squares.ravel()), 2) * 1000
                captured = capture.captured(arrival.pts_ns)
                seen.append(Dated(burned_in_ns, captured.at_ns, captured.from_camera))
            if until(seen) or time.monotonic() > end_s:
                return seen
    finally:
        session.close()
    return seen


def by_reports(seen: list[Dated]) -> list[Dated]:
    """The pictures that the camera's sender reports have dated."""
    return [each for each in seen if each.by_camera]


def pinned_papers(directory: Path) -> tuple[Path, TlsTrust]:
    """What the server shows over TLS, and who believes it."""
    papers = PrivateAuthority("cameras", SystemClock()).server("192.168.1.64")
    (directory / "camera.pem").write_bytes(papers.certificate_pem + papers.key_pem)
    return directory / "camera.pem", TlsTrust(papers.certificate_pem.decode(), is_pinned=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory, node_run, assignment_of: Callable[..., Assignment]) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("gst")
    pem, pin = pinned_papers(directory)
    servers = [GstServer(pem)]
    in_clear, with_login, over_tls = servers[0].ports
    wire = Wire(with_login)

    def at(path: str, user: str = USER, password: str = SECRET) -> StreamAddress:
        return StreamAddress(f"rtsp://127.0.0.1:{wire.port}{path}", user, password)

    addresses = {
        "open": StreamAddress(f"rtsp://127.0.0.1:{in_clear}/h264"),
        "login": at("/h264"),
        "wrong-password": at("/locked", password=SECRET + "x"),
        "no-account": at("/h264", user="nobody"),
        "no-login": at("/h264", "", ""),
        "wrong-path": at("/nowhere"),
        "tls": StreamAddress(f"rtsps://127.0.0.1:{over_tls}/h264", USER, SECRET, pin),
        **{name: at(f"/{name}") for name in ("hevc", "mjpeg", "aac", "pcma", "sound-first", "udp-only")},
    }
    assignments = [assignment_of(name, number, address) for number, (name, address) in enumerate(addresses.items(), 1)]
    found = Run(None, wire, directory / "media")

    async def scene(_node, heard) -> None:
        await heard.until(lambda h: all(CameraEventKind.LIVE in h.kinds(camera) for camera in TAKEN), timeout_s=40)
        found.dated = await asyncio.to_thread(
            watch_clock, addresses["open"], lambda seen: len(by_reports(seen)) >= 12, 15
        )
        found.killed_at_ns = time.time_ns()
        servers.pop().kill()
        await heard.until(lambda h: all(CameraEventKind.LOST in h.kinds(camera) for camera in TAKEN), timeout_s=40)
        servers.append(GstServer(pem, [in_clear, with_login, over_tls]))
        found.back_at_ns = time.time_ns()
        await heard.until(
            lambda h: all(h.kinds(camera).count(CameraEventKind.LIVE) >= 2 for camera in TAKEN), timeout_s=40
        )
        await asyncio.sleep(1)

    try:
        found.heard = node_run(found.directory, assignments, scene)
        yield found
    finally:
        wire.close()
        for server in servers:
            server.kill()


@pytest.mark.parametrize("camera", TAKEN)
def test_what_is_admitted_is_recorded_and_goes_on_when_the_server_comes_back(run: Run, camera: str) -> None:
    beside = {CameraEventKind.AUDIO_OFFERED, CameraEventKind.PACKETS_LOST}  # a busy machine skips a picture
    kinds = [kind for kind in run.heard.kinds(camera) if kind not in beside]
    changes = [kind for kind, _ in itertools.groupby(itertools.dropwhile(CameraEventKind.LOST.__eq__, kinds))]
    assert changes == [CameraEventKind.LIVE, CameraEventKind.LOST, CameraEventKind.LIVE]
    assert "the camera ended the stream" in "".join(event.detail.en for event in run.heard.of(camera))
    segments = run.heard.segments(camera)
    assert sum(ms for start_ns, ms in segments if start_ns < run.killed_at_ns) > 1_000
    assert sum(ms for start_ns, ms in segments if start_ns > run.back_at_ns) > 500
    lost = [gap for gap in run.heard.gaps(camera) if gap.cause is GapCause.CAMERA_LOST]
    assert abs(lost[0].start_ns - run.killed_at_ns) < 10**9
    assert lost[-1].end_ns >= run.back_at_ns
    assert all(after.start_ns == before.end_ns for before, after in itertools.pairwise(lost))


@pytest.mark.parametrize("camera", REFUSALS)
def test_what_is_refused_is_told_with_its_reason_and_never_recorded(run: Run, camera: str) -> None:
    kind, reason = REFUSALS[camera]
    assert reason in run.heard.told(camera, kind)
    assert CameraEventKind.LIVE not in run.heard.kinds(camera)
    assert run.heard.segments(camera) == []
    assert not any(SECRET in event.detail.en + event.detail.fr for event in run.heard.of(camera))


def test_sound_is_told_and_not_asked_for_and_none_is_on_disk(run: Run, all_playable) -> None:
    for camera in WITH_SOUND:
        assert run.heard.told(camera, CameraEventKind.AUDIO_OFFERED).startswith("audio tracks offered: 1")
        (video,) = {"/stream=0", "/stream=1"} - {"/stream=0" if camera == "sound-first" else "/stream=1"}
        (sound,) = {"/stream=0", "/stream=1"} - {video}
        assert run.wire.of("SETUP", f"/{camera}{video}")
        assert not run.wire.of("SETUP", f"/{camera}{sound}")
    assert not any(run.heard.told(c, CameraEventKind.AUDIO_OFFERED) for c in {*TAKEN, *REFUSALS} - {*WITH_SOUND})
    assert all_playable(run.directory) >= 2 * len(TAKEN)
    for camera in WITH_SOUND:
        file = next(path for path in run.directory.rglob("*") if path.is_file() and f"/{camera}/" in str(path))
        command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", str(file)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "video\n"


def test_streams_are_asked_for_over_tcp_and_never_over_udp(run: Run) -> None:
    asked = [head for _, head in run.wire.asked if head.startswith("SETUP")]
    assert len(asked) >= 2 * len(TAKEN[3:])
    assert {re.search("^Transport: (.+?)\r", head, re.MULTILINE)[1] for head in asked} == {  # type: ignore[index]
        "RTP/AVP/TCP;unicast;interleaved=0-1"
    }


def test_a_wrong_password_is_given_once_and_not_again_at_once(run: Run) -> None:
    """A password never crosses the wire; a digest does, once for each try (RFC 2617), and tries lie seconds apart."""
    tries_s = run.wire.of("DESCRIBE", "/locked", "Authorization: Digest")
    assert 1 <= len(tries_s) <= 4
    assert all(later - before > 4 for before, later in itertools.pairwise(tries_s))
    assert not run.wire.of("OPTIONS", "/locked")  # FFmpeg was never let near it
    assert not run.wire.of("DESCRIBE", "/h264", "Authorization: Basic")
    assert not any(SECRET in head for _, head in run.wire.asked)


def test_pictures_are_dated_by_the_sender_reports_of_a_server_that_is_not_ours(run: Run) -> None:
    """The first report comes after seconds, between two pictures; the clock burned into each says what is true."""
    off_ms = [abs(each.captured_at_ns - each.burned_in_ns) / 1e6 for each in run.dated]
    reported = sorted(off for off, each in zip(off_ms, run.dated, strict=True) if each.by_camera)
    assert len(reported) >= 12
    assert reported[len(reported) * 3 // 4] < STATED_MS, reported  # a busy machine burns a clock in and then waits


@pytest.mark.parametrize("camera", TAKEN)
def test_the_clock_offset_of_a_good_clock_is_stored_as_none(run: Run, camera: str) -> None:
    offsets = [
        int(m.segments.clock_offset_ms[row])
        for m in run.heard.manifests
        for row in range(len(m.segments))
        if m.cameras[m.segments.camera[row]] == camera
    ]
    assert offsets
    assert max(offsets) < STATED_MS, offsets  # below 0 is delay: a busy machine hands packets out late


@pytest.mark.nightly
def test_a_session_is_kept_alive_beyond_the_minute_the_server_gives_it(tmp_path, node_run, assignment_of) -> None:
    """With a login, in clear and through the tunnel: what FFmpeg says to stay reaches the server."""
    pem, pin = pinned_papers(tmp_path)
    server = GstServer(pem)
    _, with_login, over_tls = server.ports
    addresses = {
        "login": StreamAddress(f"rtsp://127.0.0.1:{with_login}/h264", USER, SECRET),
        "tls": StreamAddress(f"rtsps://127.0.0.1:{over_tls}/aac", USER, SECRET, pin),
    }
    assignments = [assignment_of(name, number, each) for number, (name, each) in enumerate(addresses.items(), 1)]

    async def scene(_node, heard) -> None:
        await heard.until(lambda h: all(CameraEventKind.LIVE in h.kinds(camera) for camera in addresses), timeout_s=40)
        await asyncio.sleep(90)

    try:
        heard = node_run(tmp_path / "media", assignments, scene)
    finally:
        server.kill()
    for camera in addresses:
        assert CameraEventKind.LOST not in heard.kinds(camera)
        assert sum(ms for _, ms in heard.segments(camera)) > 85_000
