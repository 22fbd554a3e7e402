"""1,300 RTSP sources, 50 whole ONVIF cameras: `python -m benchmarks.simulated_site [SOURCES [LIVE [SECONDS]]]`.

The sources are canned (448x336 at 12/s, 0.38 Mbit/s each) and all watched; the ONVIF cameras draw and encode their own
pictures (a test card; half of them turn), all are asked each second and LIVE of them watched. The farm is one process
for all streams; the web servers of the 50 are the process that started it. Clients only count octets and ask: they are
in this process, on the same cores, and their share is told. One JSON object on stdout.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from statistics import quantiles

from benchmarks.crowd.floor import Crowd
from benchmarks.crowd.town import FRAMES_PER_S, HEIGHT_PX, WIDTH_PX, loop_of, specs
from benchmarks.crowd.usage import cpu_of, resident_mib
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.machine import SystemChance, SystemClock
from hardware.onvif import OnvifCamera, OnvifSettings, StreamFloors, open_onvif_camera
from hardware.vault import Login
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.onvif import OnvifSpec, open_onvif
from sim.endpoints.server import CANNED_LOOP_S, CANNED_LOOPS_MAX

SOURCES, DEVICES, LIVE, SECONDS = 1300, 50, 0, 20.0
CONNECTING_AT_ONCE = 50
COME_S_MAX = 60.0
ASKED_EVERY_S = 1.0
PASSWORD = "Guessed-By-Nobody-7"
RTSP_HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Site:
    """What was measured."""

    sources: int
    devices: int
    live: int
    """Devices whose stream is watched."""
    seconds: float
    first_packet_ms: list[float]
    """From the beginning of its connection to each client's first packet of video, sorted."""
    starved: int
    """Clients that got less than 98 % of what their camera sends."""
    left_out: int
    """Pictures the farm did not send, because it was late."""
    asked: int
    answer_ms_max: float
    mbit_s: float
    farm_cores: float
    web_cores: float
    clients_cores: float
    farm_mib: float
    web_mib: float
    load: float


class Viewer(asyncio.Protocol):
    """One client: asks for its camera's stream, then counts."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._said = b""
        self._step = 0
        self._begun_s = time.monotonic()
        self.first_s: float | None = None
        self.octets = 0
        self.came = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(f"SETUP {self._url}/trackID=1 RTSP/1.0\r\nCSeq: 1\r\nTransport: {_TCP}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        if self.first_s is not None:
            self.octets += len(data)
            return
        self._said += data
        while self._step < 2 and RTSP_HEAD_END in self._said:
            head, self._said = self._said.split(RTSP_HEAD_END, 1)
            self._step += 1
            if self._step == 1:
                session = head.split(b"Session: ")[1].split(b";")[0].decode()
                self._transport.write(f"PLAY {self._url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
        while self._step == 2 and len(self._said) >= 4:
            if self._said[1] == 0:
                self.first_s = time.monotonic() - self._begun_s
                self.came.set()
                return
            self._said = self._said[4 + int.from_bytes(self._said[2:4], "big") :]

    def leave(self) -> None:
        """Hang up."""
        self._transport.abort()


_TCP = "RTP/AVP/TCP;interleaved=0-1"


def onvif_specs(count: int) -> list[OnvifSpec]:
    """Cameras of a small test card with all that ONVIF tells of them; every other one turns."""
    return [
        OnvifSpec(
            EndpointSpec(
                f"dome-{number:02}",
                5000 + number,
                password=PASSWORD,
                width_px=WIDTH_PX,
                height_px=HEIGHT_PX,
                frames_per_s=FRAMES_PER_S,
                sub=True,
                audio=True,
            ),
            ptz=number % 2 == 0,
        )
        for number in range(1, count + 1)
    ]


def crowd(count: int) -> list[EndpointSpec]:
    """The sources; nobody is asked for a password: DIGEST is the engine's affair, not what is measured."""
    return [replace(spec, user="") for spec in specs(count)]


async def serve(sources: int, devices: int) -> None:
    """The site's process: says where all is, then how the farm fares at each line of stdin, until its end."""
    domes = onvif_specs(devices)
    endpoints = crowd(sources) + [spec.endpoint for spec in domes]
    farm = await asyncio.to_thread(RtspFarm(endpoints).__enter__)
    try:
        async with open_onvif(domes, farm=farm) as site:
            told = {
                "farm": farm.pid,
                "streams": [farm.url(spec.camera) for spec in endpoints[:sources]],
                "devices": [device.url for device in site.devices.values()],
            }
            print(json.dumps(told), flush=True)
            while await asyncio.to_thread(sys.stdin.readline):
                counts = await asyncio.to_thread(farm.counts)
                print(sum(count.pictures_late for count in counts.values()), flush=True)
    finally:
        await asyncio.to_thread(farm.stop)


async def measure(sources: int = SOURCES, live: int = LIVE, seconds: float = SECONDS, devices: int = DEVICES) -> Site:
    """Start the site, watch and ask all of it, and tell what it took. Raises AssertionError when one never came."""
    _allow_many_files()
    command = [sys.executable, "-m", "benchmarks.simulated_site", "serve", str(sources), str(devices)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=1 << 20)
    assert process.stdin is not None
    try:
        return await _measure(process, sources, live, seconds)
    finally:
        process.stdin.close()
        await process.wait()


async def _measure(process: asyncio.subprocess.Process, sources: int, live: int, seconds: float) -> Site:
    assert process.stdout is not None
    told = json.loads(await process.stdout.readline())
    async with AsyncExitStack() as stack:
        cameras = [
            await stack.enter_async_context(
                open_onvif_camera(_settings(number, url), _LOGIN, SystemClock(), SystemChance(str(number)))
            )
            for number, url in enumerate(told["devices"], 1)
        ]
        watched = [await camera.stream((await camera.capabilities()).profiles[0].profile) for camera in cameras]
        drawn = Crowd([[each.url, each.url, each.user, each.password] for each in watched[:live]], None)
        await asyncio.to_thread(drawn.start)
        viewers = await _connect(told["streams"])
        pids = {"farm": told["farm"], "web": process.pid, "clients": os.getpid()}
        late, octets = await _late(process), [viewer.octets for viewer in viewers]
        cpu, began_s = {name: cpu_of(pid) for name, pid in pids.items()}, time.monotonic()
        answers_ms = await _ask(cameras, seconds)
        passed_s = time.monotonic() - began_s
        cores = {name: (cpu_of(pid) - cpu[name]) / passed_s for name, pid in pids.items()}
        got = [viewer.octets - before for viewer, before in zip(viewers, octets, strict=True)]
        least = 0.98 * _loop_octets() * (passed_s - 1) / CANNED_LOOP_S  # a second less: both ends lie within a picture
        found = Site(
            sources, len(cameras), live, passed_s,
            [1000 * viewer.first_s for viewer in viewers if viewer.first_s is not None],
            sum(each < least for each in got), await _late(process) - late,
            len(answers_ms), max(answers_ms), sum(got) * 8e-6 / passed_s,
            cores["farm"], cores["web"], cores["clients"], resident_mib(told["farm"]), resident_mib(process.pid),
            os.getloadavg()[0],
        )  # fmt: skip
        for viewer in viewers:
            viewer.leave()
        await asyncio.to_thread(drawn.stop)
        return found


async def _connect(urls: Sequence[str]) -> list[Viewer]:
    """All of them, some at a time; returns when each has its first picture, or `COME_S_MAX` is over."""
    turn = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def one(url: str) -> Viewer:
        host, port = url.split("/")[2].split(":")
        async with turn:
            _, viewer = await asyncio.get_running_loop().create_connection(lambda: Viewer(url), host, int(port))
            await asyncio.wait_for(viewer.came.wait(), COME_S_MAX)
        return viewer

    return list(await asyncio.gather(*map(one, urls)))


async def _ask(cameras: Sequence[OnvifCamera], seconds: float) -> list[float]:
    """Each camera is asked where it looks, or what time it is, every second. Answers' times, ms."""
    end_s = time.monotonic() + seconds
    found: list[float] = []

    async def one(number: int, camera: OnvifCamera) -> None:
        await asyncio.sleep(number / len(cameras) * ASKED_EVERY_S)
        while time.monotonic() < end_s:
            began_s = time.monotonic()
            await (camera.pose() if number % 2 else camera.clock_reading())
            found.append((time.monotonic() - began_s) * 1000)
            await asyncio.sleep(max(0.0, began_s + ASKED_EVERY_S - time.monotonic()))

    await asyncio.gather(*(one(number, camera) for number, camera in enumerate(cameras)))
    return found


async def _late(process: asyncio.subprocess.Process) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"late\n")
    return int(await process.stdout.readline())


def _loop_octets() -> float:
    """What one round of a loop weighs: pictures only, without RTP's headers."""
    loops = [sum(map(len, loop_of(spec))) for spec in specs(CANNED_LOOPS_MAX)]
    return min(loops)


def _settings(number: int, url: str) -> OnvifSettings:
    name = f"dome-{number:02}"
    record = CameraRecord(CameraId(name), 5000 + number, name, CommuneId("57463"), ViewType.WIDE)
    return OnvifSettings(record, url, StreamFloors(WIDTH_PX, HEIGHT_PX, 6.0), answer_s_max=30.0)


def _allow_many_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


_LOGIN = Login("csu", PASSWORD)


def main(words: list[str]) -> None:
    """See above."""
    if words[:1] == ["serve"]:
        asyncio.run(serve(int(words[1]), int(words[2])))
        return
    sources, live = (int(word) for word in (*words[:2], *[str(SOURCES), str(LIVE)][len(words[:2]) :]))
    seconds = float(words[2]) if words[2:] else SECONDS
    print(json.dumps(summary(asyncio.run(measure(sources, live, seconds)))))


def summary(site: Site) -> dict[str, float]:
    """Without each client's first packet."""
    told = asdict(site)
    first_ms = told.pop("first_packet_ms")
    cuts = quantiles(first_ms, n=100)
    return {name: round(value, 2) for name, value in told.items()} | {
        "first_packet_p50_ms": round(cuts[49], 1),
        "first_packet_p99_ms": round(cuts[98], 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
