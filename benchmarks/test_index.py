"""The index: csu's catalogue, one row for each manifest, beside a table with one row for each segment.

The same segments, the same transactions (one a minute, synced), both SQLite in WAL mode.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import START_NS
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from csu.hal.media import FrameCounts, Manifest, NodeId, SegmentTable
from csu.recording import Catalogue

NODES, CAMERAS_OF_A_NODE, MINUTES = 20, 65, 360
"""1,300 cameras, six hours."""
LOOK_UPS = 2000
SIZE, SPEED, LOOK_UP = "index: size", "index: writing", "index: finding any second, 99th percentile"

Measure = Callable[..., float]
Minute = list[Manifest]


@pytest.fixture(scope="module")
def minutes() -> list[Minute]:
    """What 20 nodes tell in six hours: a segment a camera and minute, each with a hash."""
    chance = np.random.default_rng(7)
    phases_ns = chance.permutation(NODES * CAMERAS_OF_A_NODE).reshape(NODES, -1) * (40 * NS_PER_MS)
    rosters = [
        tuple(CameraId(f"cam-{node * CAMERAS_OF_A_NODE + index + 1:04}") for index in range(CAMERAS_OF_A_NODE))
        for node in range(NODES)
    ]
    return [
        [
            Manifest(
                NodeId(f"node-{node + 1:02}"), 1, minute, START_NS + minute * NS_PER_MINUTE, rosters[node],
                _segments(minute, phases_ns[node], chance), (), FrameCounts(decoded=75_000, masked=75_000),
            )
            for node in range(NODES)
        ]
        for minute in range(MINUTES)
    ]  # fmt: skip


def test_csu_catalogue(minutes: list[Minute], measure: Measure, scoreboard: Scoreboard) -> None:
    def work(directory: Path) -> None:
        catalogue = Catalogue(directory)
        for manifests in minutes:
            catalogue.record(manifests)
        catalogue.close()

    def check(_: None, directory: Path) -> None:
        catalogue = Catalogue(directory)
        end_ns = START_NS + (MINUTES + 1) * NS_PER_MINUTE
        assert catalogue.totals(START_NS, end_ns).segments == _segment_count()
        scoreboard.add(LOOK_UP, "csu", _p99_ms(catalogue), "ms of wall time")
        catalogue.close()
        scoreboard.add(SIZE, "csu", _size_bytes(directory) / _segment_count(), "bytes a camera-minute")

    best_s = measure(work, check, 1)
    scoreboard.add(SPEED, "csu", _segment_count() / best_s, "segments a CPU second", "more")


def test_a_row_for_each_segment(minutes: list[Minute], measure: Measure, scoreboard: Scoreboard) -> None:
    """The usual design at its smallest: cameras as numbers, the table ordered by camera and time, no second index."""
    subject = "SQLite, a row for each segment"

    def work(directory: Path) -> None:
        connection = _open(directory)
        numbers = {camera: number for number, camera in enumerate(c for each in minutes[0] for c in each.cameras)}
        for manifests in minutes:
            with connection:
                for manifest in manifests:
                    connection.executemany("INSERT INTO segment VALUES (?,?,?,?,?,?,?)", _rows(manifest, numbers))
        connection.close()

    def check(_: None, directory: Path) -> None:
        connection = _open(directory)
        assert connection.execute("SELECT count(*) FROM segment").fetchone() == (_segment_count(),)
        connection.close()
        scoreboard.add(SIZE, subject, _size_bytes(directory) / _segment_count(), "bytes a camera-minute")

    best_s = measure(work, check, 1)
    scoreboard.add(SPEED, subject, _segment_count() / best_s, "segments a CPU second", "more")


def _segments(minute: int, phase_ns: NDArray[np.int64], chance: np.random.Generator) -> SegmentTable:
    count = CAMERAS_OF_A_NODE
    return SegmentTable(
        np.arange(count, dtype=np.int32),
        START_NS + minute * NS_PER_MINUTE + phase_ns,
        np.full(count, 60_000, np.int32),
        chance.integers(20_000_000, 30_000_000, count),
        np.full(count, 3, np.int32),
        chance.integers(-80, 80, count).astype(np.int32),
        chance.integers(0, 256, (count, 32)).astype(np.uint8),
    )


def _rows(manifest: Manifest, numbers: dict[CameraId, int]) -> list[tuple[object, ...]]:
    table = manifest.segments
    cameras = [numbers[manifest.cameras[index]] for index in table.camera.tolist()]
    columns = (table.start_ns, table.duration_ms, table.size_bytes, table.mask_epoch, table.clock_offset_ms)
    hashes = [each.tobytes() for each in table.sha256]
    return list(zip(cameras, *(column.tolist() for column in columns), hashes, strict=True))


def _open(directory: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(directory / "segments.sqlite")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS segment (camera INTEGER, start_ns INTEGER, duration_ms INTEGER, size_bytes INTEGER,"
        " mask_epoch INTEGER, clock_offset_ms INTEGER, sha256 BLOB, PRIMARY KEY (camera, start_ns)) WITHOUT ROWID"
    )
    return connection


def _p99_ms(catalogue: Catalogue) -> float:
    """Any second of any camera, in no order."""
    chance = np.random.default_rng(11)
    spent_ms = []
    for _ in range(LOOK_UPS):
        camera = CameraId(f"cam-{chance.integers(1, NODES * CAMERAS_OF_A_NODE + 1):04}")
        instant_ns = START_NS + int(chance.integers(2 * 60, MINUTES * 60 - 60)) * NS_PER_S
        begin_s = time.perf_counter()
        found = catalogue.at(camera, instant_ns)
        spent_ms.append((time.perf_counter() - begin_s) * 1000)
        assert found is not None
        assert found.camera == camera
        assert found.start_ns <= instant_ns < found.end_ns
    return float(np.percentile(spent_ms, 99))


def _size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def _segment_count() -> int:
    return NODES * CAMERAS_OF_A_NODE * MINUTES
