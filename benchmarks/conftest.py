"""Benchmarks: csu and its peers on the same work in one run, in CPU time. `make bench`; results in RESULTS.md.

They assert that the work was done right (same pictures, playable files), never how fast: a slow machine fails nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.cpu import cpu_s
from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import MaskedStream, make_camera_clip, make_masked_stream, make_pictures
from csu.hal.frames import YuvPlanes

T = TypeVar("T")
Measure = Callable[..., float]

RECORDED_S, CAMERA_CLIP_S = 60, 10
_scoreboard = Scoreboard()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.benchmark(timer=cpu_s))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _scoreboard.figures:
        return
    target = config.rootpath / "var" / "benchmarks.json"
    _scoreboard.write(target)
    terminalreporter.section("csu beside its peers: best of the rounds, CPU time")
    for line in _scoreboard.lines():
        terminalreporter.line(line)
    terminalreporter.line(f"written to {target.relative_to(config.rootpath)}")


@pytest.fixture(scope="session")
def scoreboard() -> Scoreboard:
    return _scoreboard


@pytest.fixture
def measure(benchmark: BenchmarkFixture, tmp_path: Path) -> Iterator[Measure]:
    """`measure(work, check, rounds)`: the least CPU seconds of the rounds.

    `work(directory)` is what is measured, in a new empty directory each round; `check(answer, directory)` is not, and
    asserts that the work was done.
    """

    def run(work: Callable[[Path], T], check: Callable[[T, Path], None], rounds: int) -> float:
        answers: list[T] = []
        directories: list[Path] = []

        def begin() -> tuple[tuple[Path], dict[str, object]]:
            directories.append(tmp_path / f"round-{len(directories)}")
            directories[-1].mkdir()
            return (directories[-1],), {}

        def timed(directory: Path) -> None:
            answers.append(work(directory))

        def end(directory: Path) -> None:
            check(answers.pop(), directory)
            shutil.rmtree(directory)

        begin_s = cpu_s()
        benchmark.pedantic(timed, setup=begin, teardown=end, rounds=rounds)  # type: ignore[no-untyped-call]
        if benchmark.stats is None:  # --benchmark-disable: one round, not timed
            return max(cpu_s() - begin_s, 1e-6)
        return float(benchmark.stats.stats.min)

    yield run
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The distribution's ffmpeg, the peer of everything that carries media."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.fail("the peer, ffmpeg, is not installed: run `make setup`")
    return found


@pytest.fixture(scope="session")
def pictures() -> tuple[YuvPlanes, ...]:
    return make_pictures()


@pytest.fixture(scope="session")
def masked_stream(pictures: tuple[YuvPlanes, ...], tmp_path_factory: pytest.TempPathFactory) -> MaskedStream:
    """A minute of one camera."""
    return make_masked_stream(pictures, RECORDED_S, tmp_path_factory.mktemp("masked"))


@pytest.fixture(scope="session")
def camera_clip(pictures: tuple[YuvPlanes, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds as a camera sends them."""
    return make_camera_clip(pictures, CAMERA_CLIP_S, tmp_path_factory.mktemp("camera") / "camera.mp4")
