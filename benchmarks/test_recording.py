"""Recording by copy: csu's recorders, threads of one process as in a media node, beside ffmpeg's segmenter.

The same 1080p25 stream of 4 Mbit/s as fragmented MP4, two files a camera and minute; no file is probed. csu proves the
boxes of what it writes, keeps the time of each picture and syncs every 5 s of stream; ffmpeg does none of these. What
csu's hashes, seal and catalogue cost is reported apart, each on top of the one before. ffmpeg reads a file; csu's
recorder is given packets (by a mask's encoder or a camera), so "reading the file" is one more subject.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cpu import LIMIT_S, Memory, cpu_s, memory_of_peers, run_peers
from benchmarks.recording_work import NO_PROBING, Segments, Work, record
from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import FRAMES_PER_S, START_NS, MaskedStream, count_pictures
from csu.cluster.child import CHILD_ENVIRONMENT
from csu.hal.clock import NS_PER_MINUTE
from csu.machine import LocalDisk
from csu.recording import Catalogue, check_segment
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody

ROUNDS = {1: 5, 16: 3, 64: 2}
PACED_STREAMS, PACED_S = 16, 15
PACED = f"record by copy, {PACED_STREAMS} streams at the pace of cameras: CPU"
CPU, MEMORY = "record by copy, {} streams: CPU", "record by copy, {} streams: memory"
READ = "csu, all of it and reading the file"
SUBJECTS: dict[str, dict[str, Any]] = {
    "csu, copy": {"work": Work.COPY},
    "csu, and hashed, in a chain": {"work": Work.HASH},
    "csu, and sealed": {"work": Work.SEAL},
    "csu, and in the catalogue: all of it": {"work": Work.CATALOGUE},
    READ: {"work": Work.CATALOGUE, "reads": True},
}
"""What csu does, and how `record` is asked for it."""
EACH, TOGETHER = "ffmpeg -f segment, a process for each stream", "ffmpeg -f segment, one process for all"
PER_SECOND, PER_STREAM = "ms CPU a stream-second", "MiB a stream"

Measure = Callable[..., float]


@pytest.mark.parametrize("streams", ROUNDS)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_csu_records_by_copy(
    subject: str, streams: int, measure: Measure, masked_stream: MaskedStream, scoreboard: Scoreboard
) -> None:
    best_s = measure(
        lambda directory: record(masked_stream, streams, directory, **SUBJECTS[subject]),
        lambda answer, directory: _check_ours(answer, directory, masked_stream, streams, SUBJECTS[subject]["work"]),
        ROUNDS[streams],
    )
    scoreboard.add(CPU.format(streams), subject, _ms_per_s(best_s, streams, masked_stream.seconds), PER_SECOND)


@pytest.mark.parametrize("streams", ROUNDS)
@pytest.mark.parametrize("subject", [EACH, TOGETHER])
def test_ffmpeg_records_by_copy(
    subject: str,
    streams: int,
    measure: Measure,
    masked_stream: MaskedStream,
    ffmpeg: str,
    scoreboard: Scoreboard,
    tmp_path: Path,
) -> None:
    def run(directory: Path, *limit: str) -> None:
        run_peers(_segmenters(subject, ffmpeg, masked_stream, directory, streams, *limit))

    best_s = measure(run, lambda _, directory: _check_theirs(directory, masked_stream, streams), ROUNDS[streams])
    start_s = min(_start_up_s(run, tmp_path / f"start-{number}") for number in range(ROUNDS[streams]))
    _add_theirs(scoreboard, CPU.format(streams), subject, streams, masked_stream.seconds, best_s, start_s)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Memory]]:
    """By number of streams: the memory of an idle recording process, and what streams and recorders add to it."""
    directory = tmp_path_factory.mktemp("memory")
    command = [sys.executable, "-m", "benchmarks.recorder_memory", str(directory), *map(str, ROUNDS)]
    root = Path(__file__).resolve().parents[1]
    limits: dict[str, Any] = {"timeout": LIMIT_S, "check": True, "env": CHILD_ENVIRONMENT}
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, **limits)
    shutil.rmtree(directory)
    answers = json.loads(done.stdout)
    return {int(n): {name: Memory(**value) for name, value in each.items()} for n, each in answers.items()}


@pytest.mark.parametrize("streams", ROUNDS)
def test_memory_of_recording_by_copy(
    streams: int,
    masked_stream: MaskedStream,
    ffmpeg: str,
    scoreboard: Scoreboard,
    tmp_path: Path,
    grown: dict[int, dict[str, Memory]],
) -> None:
    """csu: all recorders open, one picture before the end of a fragment: when they hold most."""
    what, ours = MEMORY.format(streams), grown[streams]
    scoreboard.add(what, "csu, sealed", (ours["idle"] + ours["alone"]).resident_mib / streams, PER_STREAM)
    for name, subject in (("alone", "sealed"), ("copy", "copy"), ("reading", "sealed and reading the file")):
        scoreboard.add(what, f"csu, what a stream adds, {subject}", ours[name].resident_mib / streams, PER_STREAM)
    for subject in (EACH, TOGETHER):
        theirs = memory_of_peers(_segmenters(subject, ffmpeg, masked_stream, tmp_path / subject, streams))
        _check_theirs(tmp_path / subject, masked_stream, streams)
        shutil.rmtree(tmp_path / subject)
        scoreboard.add(what, subject, theirs.resident_mib / streams, PER_STREAM)
        scoreboard.add(what, "  of which own pages", theirs.own_mib / streams, PER_STREAM)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_csu_records_at_the_pace_of_cameras(
    subject: str, measure: Measure, masked_stream: MaskedStream, scoreboard: Scoreboard
) -> None:
    """A picture every 40 ms: threads wake for each and find the caches cold, which the runs above hide."""
    frames = PACED_S * FRAMES_PER_S
    stream = MaskedStream(masked_stream.packets[:frames], masked_stream.encoded, masked_stream.clip)
    begin_s = time.monotonic()

    def pace(number: int) -> None:
        time.sleep(max(0.0, begin_s + number / FRAMES_PER_S - time.monotonic()))

    def work(directory: Path) -> Segments:
        nonlocal begin_s
        begin_s = time.monotonic()
        return record(stream, PACED_STREAMS, directory, **SUBJECTS[subject], pause=pace)

    def check(answer: Segments, directory: Path) -> None:
        _check_ours(answer, directory, stream, PACED_STREAMS, SUBJECTS[subject]["work"])

    best_s = measure(work, check, 1)
    scoreboard.add(PACED, subject, _ms_per_s(best_s, PACED_STREAMS, stream.seconds), PER_SECOND)


@pytest.mark.parametrize("subject", [EACH, TOGETHER])
def test_ffmpeg_records_at_the_pace_of_cameras(
    subject: str, measure: Measure, masked_stream: MaskedStream, ffmpeg: str, scoreboard: Scoreboard, tmp_path: Path
) -> None:
    def run(directory: Path, *limit: str) -> None:
        asked = limit or ("-t", str(PACED_S))
        run_peers(_segmenters(subject, ffmpeg, masked_stream, directory, PACED_STREAMS, *asked, pace=("-re",)))

    best_s = measure(run, lambda _, directory: _check_files(directory, PACED_STREAMS), 1)
    _add_theirs(scoreboard, PACED, subject, PACED_STREAMS, PACED_S, best_s, _start_up_s(run, tmp_path / "start"))


def _add_theirs(
    scoreboard: Scoreboard, what: str, subject: str, streams: int, seconds: float, spent_s: float, start_s: float
) -> None:
    scoreboard.add(what, subject, _ms_per_s(spent_s, streams, seconds), PER_SECOND)
    steady = "  without start-up" if subject == EACH else "  without start-up, in one process"
    scoreboard.add(what, steady, _ms_per_s(spent_s - start_s, streams, seconds), PER_SECOND)


def _segmenters(
    subject: str,
    ffmpeg: str,
    stream: MaskedStream,
    directory: Path,
    streams: int,
    *limit: str,
    pace: Sequence[str] = (),
) -> list[list[str]]:
    """The commands: one for each stream, or one for all. Half a minute a file: two files, as csu makes in a minute."""
    groups = [range(streams)] if subject == TOGETHER else [range(index, index + 1) for index in range(streams)]
    probing = [word for name, value in NO_PROBING.items() for word in (f"-{name}", value)]
    commands = []
    for group in groups:
        command = [ffmpeg, "-v", "error", "-nostdin"]
        for _ in group:
            command += [*probing, *pace, "-i", str(stream.clip)]
        for place, index in enumerate(group):
            (directory / str(index)).mkdir(parents=True)
            command += ["-map", f"{place}:v", "-c", "copy", *limit]
            command += ["-f", "segment", "-segment_format", "mp4", "-segment_time", "30", "-reset_timestamps", "1"]
            command += ["-segment_format_options", "movflags=frag_keyframe+empty_moov+default_base_moof"]
            command.append(str(directory / str(index) / "%03d.mp4"))
        commands.append(command)
    return commands


def _start_up_s(run: Callable[..., None], directory: Path) -> float:
    """CPU seconds of the same command for one picture: what a long recording does not pay again."""
    begin_s = cpu_s()
    run(directory, "-t", "0.04")
    return cpu_s() - begin_s


def _check_ours(closed: Segments, directory: Path, stream: MaskedStream, streams: int, work: Work) -> None:
    assert len(closed) == streams
    keys = LocalKeyStore(directory / "keys")
    for index, segments in enumerate(closed):
        stored = LocalDisk(directory / str(index))
        disk = SealedDisk(stored, keys, nobody) if work >= Work.SEAL else stored
        assert disk.names() == sorted(segment.name for segment in segments)
        assert sum(segment.frames for segment in segments) == len(stream.packets)
        assert abs(sum(segment.duration_ms for segment in segments) - stream.seconds * 1000) <= 1
        assert all(any(segment.link) == (work >= Work.HASH) == any(segment.sha256) for segment in segments)
        with disk.open(segments[0].name) as file:
            assert check_segment(file, decode=index == 0).playable
    if work >= Work.CATALOGUE:
        catalogue = Catalogue(directory / "catalogue")
        expected = sum(len(segments) for segments in closed)
        assert catalogue.totals(START_NS, START_NS + NS_PER_MINUTE).segments == expected
        catalogue.close()


def _check_theirs(directory: Path, stream: MaskedStream, streams: int) -> None:
    files = _check_files(directory, streams)
    assert len(files) == 2 * streams
    assert sum(count_pictures(file) for file in files) == streams * len(stream.packets)


def _check_files(directory: Path, streams: int) -> list[Path]:
    files = sorted(directory.glob("*/*.mp4"))
    assert len({file.parent for file in files}) == streams
    assert count_pictures(files[0], decode=True) > 0
    return files


def _ms_per_s(spent_s: float, streams: int, seconds: float) -> float:
    return spent_s * 1000 / streams / seconds
