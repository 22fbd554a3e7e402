"""Builders for tests of simulated cameras: a farm, and a client that is a real one (FFmpeg through PyAV)."""

from __future__ import annotations

import asyncio
import os
import resource
import struct
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import av
import cv2
import numpy as np
import pytest

from csu.hal.camera import OnboardMask, StreamAddress
from csu.hal.frame_mark import FrameMark, read_mark
from csu.hal.frames import YuvPlanes
from sim.endpoints import EndpointSpec, RtspFarm
from sim.street.i420 import planes_of


@dataclass
class Seen:
    """What a client saw of one stream."""

    kinds: list[str]
    codec: str
    marks: list[FrameMark | None] = field(default_factory=list)
    small_marks: list[FrameMark | None] = field(default_factory=list)
    sizes: list[tuple[int, int, str]] = field(default_factory=list)
    interlaced: list[bool] = field(default_factory=list)
    capture_ages_ms: list[float] = field(default_factory=list)
    """Arrival minus capture, by the camera's own clock (RTCP reports)."""
    audio_packets: int = 0
    first_is_key: bool = False
    pictures: list[YuvPlanes] = field(default_factory=list)
    error: Exception | None = None


Watch = Callable[..., Seen]


def open_stream(address: StreamAddress, *, media: str = "video", timeout_s: float = 2.0) -> av.container.InputContainer:
    login = f"{address.user}:{address.password}@" if address.user else ""
    options = {
        "rtsp_transport": "tcp",
        "timeout": str(int(timeout_s * 1e6)),
        "analyzeduration": "0",
        "probesize": "32",
        "allowed_media_types": media,
    }
    return av.open(address.url.replace("//", f"//{login}"), options=options)


@pytest.fixture
def watch() -> Watch:
    """Watch one address for `frames` video packets. What ends it early is in `Seen.error`; opening may raise."""

    def watch_stream(
        address: StreamAddress, frames: int = 15, *, media: str = "video", timeout_s: float = 2.0, keep: bool = False
    ) -> Seen:
        with open_stream(address, media=media, timeout_s=timeout_s) as container:
            seen = Seen([stream.type for stream in container.streams], container.streams.video[0].codec_context.name)
            try:
                _follow(container, seen, frames, keep)
            except (av.FFmpegError, OSError) as error:
                seen.error = error
            return seen

    return watch_stream


def _follow(container: av.container.InputContainer, seen: Seen, frames: int, keep: bool) -> None:
    count = 0
    for packet in container.demux():
        if packet.stream.type != "video":
            seen.audio_packets += 1
            continue
        if packet.size == 0:
            continue
        if count == 0:
            seen.first_is_key = packet.is_keyframe
        for data in packet.iter_sidedata():
            if data.data_type == "prft":
                captured_us = struct.unpack("<q", bytes(data)[:8])[0]
                seen.capture_ages_ms.append(time.time() * 1e3 - captured_us / 1e3)
        for frame in packet.decode():
            luma = frame.to_ndarray(format="gray")
            seen.marks.append(read_mark(luma))
            seen.small_marks.append(read_mark(np.asarray(cv2.resize(luma, (160, 90), interpolation=cv2.INTER_AREA))))
            seen.sizes.append((frame.width, frame.height, frame.format.name))
            seen.interlaced.append(frame.interlaced_frame)
            if keep:
                seen.pictures.append(planes_of(np.ascontiguousarray(frame.to_ndarray(format="yuv420p"))))
        count += 1
        if count >= frames:
            return


@pytest.fixture
def farm_of() -> Iterator[Callable[[Sequence[EndpointSpec]], RtspFarm]]:
    """A running farm of these endpoints, stopped after the test."""
    farms: list[RtspFarm] = []

    def start(specs: Sequence[EndpointSpec]) -> RtspFarm:
        farm = RtspFarm(specs)
        farms.append(farm)
        farm.start()
        return farm

    yield start
    for farm in farms:
        farm.stop()


@pytest.fixture
def fetch() -> Callable[[StreamAddress], YuvPlanes]:
    """A snapshot, fetched by a plain HTTP client with a DIGEST login."""
    return _fetch


def _fetch(address: StreamAddress) -> YuvPlanes:
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, address.url, address.user, address.password)
    opener = urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(passwords))
    with opener.open(address.url, timeout=5) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        image = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
    return planes_of(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))


@pytest.fixture
def look(watch: Watch) -> Callable[[RtspFarm, str], dict[str, YuvPlanes]]:
    """What a camera with a sub stream shows now, on each of its outputs: main, sub, snapshot."""

    def look_at(farm: RtspFarm, camera: str) -> dict[str, YuvPlanes]:
        with ThreadPoolExecutor(2) as pool:
            streams = {
                profile: pool.submit(watch, farm.address(camera, profile), 3, keep=True) for profile in ("main", "sub")
            }
            seen = {profile: stream.result().pictures[-1] for profile, stream in streams.items()}
        return {**seen, "snapshot": _fetch(farm.snapshot_address(camera))}

    return look_at


@pytest.fixture
def hidden_share() -> Callable[[YuvPlanes, OnboardMask], float]:
    """Share of the pixels within a mask, but for its edge, that have its colour."""

    def share(planes: YuvPlanes, mask: OnboardMask) -> float:
        height, width = planes.u.shape
        inside = np.zeros((height, width), np.uint8)
        corners = np.rint(np.array(mask.corners) * (width, height) - 0.5).astype(np.int32)
        cv2.fillPoly(inside, [corners], 1)
        inside = cv2.erode(inside, np.ones((5, 5), np.uint8))
        parts = (cv2.resize(planes.y, (width, height), interpolation=cv2.INTER_AREA), planes.u, planes.v)
        near = [np.abs(part.astype(int) - level) <= 8 for part, level in zip(parts, mask.colour_yuv, strict=True)]
        return float((near[0] & near[1] & near[2])[inside > 0].mean())

    return share


@dataclass(frozen=True)
class Crowd:
    """What many clients saw, and what serving them cost."""

    playing: int
    packets_min: int
    mbit_s: float
    cpu_share: float
    """Of one core, while all played."""


@pytest.fixture
def follow_canned(farm_of: Callable[[Sequence[EndpointSpec]], RtspFarm]) -> Callable[[int, float], Crowd]:
    """`count` cameras of 2 frames/s from canned loops, one plain RTSP client each, watched for `seconds`."""

    def follow(count: int, seconds: float) -> Crowd:
        _allow_many_files()
        specs = [
            EndpointSpec(f"cam-{n:04d}", n, user="", width_px=320, height_px=176, frames_per_s=2, canned=True)
            for n in range(1, count + 1)
        ]
        farm = farm_of(specs)
        return asyncio.run(_follow_all(farm, [spec.camera for spec in specs], seconds))

    return follow


async def _follow_all(farm: RtspFarm, cameras: list[str], seconds: float) -> Crowd:
    counts = dict.fromkeys(cameras, 0)
    octets = dict.fromkeys(cameras, 0)
    turn = asyncio.Semaphore(100)
    clients = [asyncio.create_task(_follow_one(farm, camera, turn, counts, octets)) for camera in cameras]
    try:
        deadline = time.monotonic() + 60
        while sum(count > 0 for count in counts.values()) < len(cameras) and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        before, octets_before = dict(counts), sum(octets.values())
        cpu, began = _cpu_s(farm.pid), time.monotonic()
        await asyncio.sleep(seconds)
        spent, passed = _cpu_s(farm.pid) - cpu, time.monotonic() - began
        playing = sum(count.clients for count in farm.counts().values())
        fewest = min(counts[camera] - before[camera] for camera in cameras)
        return Crowd(playing, fewest, (sum(octets.values()) - octets_before) * 8e-6 / passed, spent / passed)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def _follow_one(
    farm: RtspFarm, camera: str, turn: asyncio.Semaphore, counts: dict[str, int], octets: dict[str, int]
) -> None:
    url = farm.url(camera)
    async with turn:
        reader, writer = await asyncio.open_connection("127.0.0.1", farm.port)
        writer.write(
            f"SETUP {url}/trackID=1 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n".encode()
        )
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        session = answer.split("Session: ")[1].split(";")[0]
        writer.write(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
    try:
        while True:
            head = await reader.readexactly(4)
            size = int.from_bytes(head[2:], "big")
            await reader.readexactly(size)
            octets[camera] += size + 4
            counts[camera] += head[1] == 0
    finally:
        writer.close()


def _cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
