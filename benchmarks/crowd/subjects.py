"""What fifty of these cameras cost those who do less, or the same: peers in the same run, one after the other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.cpu import LIMIT_S
from benchmarks.crowd.usage import cpu_of
from csu.cluster.child import CHILD_ENVIRONMENT
from sim.endpoints import EndpointSpec, RtspFarm

SETTLE_S = 6.0
_FFMPEG_READS = ("-rtsp_transport", "tcp", "-allowed_media_types", "video", "-analyzeduration", "0", "-probesize", "32")
_END_S_MAX = 15.0


@dataclass(frozen=True, slots=True)
class Subject:
    """One way to serve a number of cameras."""

    name: str
    ms: float
    """CPU, ms for each second of each stream."""


def measure_ffmpeg(
    ffmpeg: str,
    name: str,
    farm: RtspFarm,
    crowd: Sequence[EndpointSpec],
    seconds: float,
    scratch: Path,
    *,
    decodes: bool,
) -> Subject:
    """CPU of ffmpegs in steady state, a process a camera: one for all opens them one after the other, a second each,
    and loses what the first ones send meanwhile. Raises AssertionError when one ended or kept nothing."""
    directory = Path(mkdtemp(prefix="peer-", dir=scratch))
    processes = []
    try:
        for spec in crowd:
            (directory / spec.camera).mkdir()
            command = _ffmpeg(ffmpeg, farm, spec, directory / spec.camera, decodes=decodes)
            processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
        _wait_for_files(directory, len(crowd))
        return Subject(name, _steady_ms(processes, len(crowd), seconds))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(LIMIT_S)
        shutil.rmtree(directory)


def _ffmpeg(ffmpeg: str, farm: RtspFarm, spec: EndpointSpec, folder: Path, *, decodes: bool) -> list[str]:
    """Reads, and keeps what comes, a file a minute; seals nothing. `decodes`: and every picture decoded and forgotten,
    which is what the edge route does, but for its look."""
    url = farm.url(spec.camera).replace("://", f"://{spec.user}:{spec.password}@")
    command = [ffmpeg, "-v", "fatal", "-nostdin", *_FFMPEG_READS, "-threads", "1", "-i", url]
    command += ["-map", "0:v", "-c", "copy", "-f", "segment", "-segment_time", "60"]
    command += ["-segment_format_options", "movflags=frag_keyframe+empty_moov+default_base_moof"]
    command += [str(folder / "%03d.mp4")]
    return [*command, "-map", "0:v", "-f", "null", "-"] if decodes else command


def _wait_for_files(directory: Path, count: int) -> None:
    end_s = time.monotonic() + LIMIT_S
    while sum(file.stat().st_size > 10_000 for file in directory.rglob("*.mp4")) < count:
        assert time.monotonic() < end_s, f"only {len(list(directory.rglob('*.mp4')))} of {count} ffmpegs keep anything"
        time.sleep(0.2)


def measure_floor(
    work: str, name: str, farm: RtspFarm, crowd: Sequence[EndpointSpec], seconds: float, scratch: Path
) -> Subject:
    """CPU of `benchmarks.crowd.floor` in steady state. Raises AssertionError when it ended."""
    directory = Path(mkdtemp(prefix="floor-", dir=scratch))
    cameras = [[spec.camera, farm.url(spec.camera), spec.user, spec.password] for spec in crowd]
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crowd.floor", work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=CHILD_ENVIRONMENT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps({"cameras": cameras, "directory": str(directory)}).encode() + b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == b"ready\n", f"{name} did not begin"
            return Subject(name, _steady_ms([process], len(crowd), seconds))
        finally:
            process.stdin.close()
            try:
                process.wait(_END_S_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(directory)


def _steady_ms(processes: Sequence[subprocess.Popen[bytes]], crowd: int, seconds: float) -> float:
    time.sleep(SETTLE_S)
    began_s, before_s = time.monotonic(), sum(cpu_of(process.pid) for process in processes)
    time.sleep(seconds)
    spent_s, passed_s = sum(cpu_of(process.pid) for process in processes) - before_s, time.monotonic() - began_s
    assert all(process.poll() is None for process in processes), f"one of {processes[0].args!r} ended"
    return spent_s * 1000 / passed_s / crowd
