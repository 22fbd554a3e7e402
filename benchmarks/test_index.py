"""The index: csu's catalogue, one row for each manifest, beside a table with one row for each segment.

The same segments, the same transactions (one a minute, synced), both SQLite in WAL mode. Then whole days, on SQLite and
on PostgreSQL: any second found, a day dropped; at night the whole lawful month of 1,300 cameras, 56 million segments.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import START_NS
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from csu.hal.media import FrameCounts, Manifest, NodeId, SegmentTable
from csu.recording import Catalogue, coverage_of, open_catalogue
from sim.endpoints.postgres import postgres_server

NODES, CAMERAS_OF_A_NODE, MINUTES = 20, 65, 360
"""1,300 cameras, six hours."""
LOOK_UPS = 2000
DAY_MINUTES = 1440
SIZE, SPEED, LOOK_UP = "index: size", "index: writing", "index: finding any second"

Measure = Callable[..., float]
Minute = list[Manifest]


@pytest.fixture(scope="module")
def minutes() -> list[Minute]:
    """What 20 nodes tell in six hours: a segment a camera and minute, each with its hashes."""
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


@pytest.mark.parametrize("backend", ["SQLite", "PostgreSQL"])
@pytest.mark.parametrize("days", [2, pytest.param(30, marks=pytest.mark.nightly)])
def test_whole_days(days: int, backend: str, tmp_path: Path, scoreboard: Scoreboard) -> None:
    """No peer: budgets are p99 < 5 ms for any second, 512 bytes a camera-minute, and less than 1 s to drop a day."""
    subject = f"csu on {backend}, {days} days"
    with postgres_server(durable=True) if backend == "PostgreSQL" else nullcontext(None) as url:
        catalogue = open_catalogue(tmp_path, url)
        begin_s = time.perf_counter()
        for manifests in _whole_days(days):
            catalogue.record(manifests)
        written_s = time.perf_counter() - begin_s
        catalogue.close()
        segments = NODES * CAMERAS_OF_A_NODE * DAY_MINUTES * days
        scoreboard.add("index: writing whole days", subject, segments / written_s, "segments a second", "more")
        size = _database_bytes(url) if url else _size_bytes(tmp_path)
        scoreboard.add("index: size of whole days", subject, size / segments, "bytes a camera-minute")
        _look_up(catalogue, DAY_MINUTES * days)  # opens every day once
        _add_look_ups(scoreboard, "index: any second of whole days", subject, _look_up(catalogue, DAY_MINUTES * days))
        _cover_a_day(catalogue, subject, scoreboard)
        first, begin_s = catalogue.days()[0], time.perf_counter()
        assert catalogue.drop_day(first)
        scoreboard.add("index: dropping a day", subject, time.perf_counter() - begin_s, "s of wall time")
        assert first not in catalogue.days()
        catalogue.close()


def _cover_a_day(catalogue: Catalogue, subject: str, scoreboard: Scoreboard) -> None:
    cameras = [CameraId(f"cam-{number:04}") for number in range(1, NODES * CAMERAS_OF_A_NODE + 1)]
    from_ns, to_ns = START_NS + NS_PER_MINUTE, START_NS + DAY_MINUTES * NS_PER_MINUTE
    begin_s = time.perf_counter()
    lines = coverage_of(catalogue, dict.fromkeys(cameras, [(0, to_ns)]), from_ns, to_ns, now_ns=2**62)
    scoreboard.add("index: coverage of a day", subject, time.perf_counter() - begin_s, "s of wall time")
    assert len(lines) == len(cameras)
    assert all(line.recorded_ns == line.expected_ns == to_ns - from_ns for line in lines)


def _whole_days(days: int) -> Iterator[Minute]:
    """The hashes of a minute are those of another: drawing them would cost more than writing them."""
    chance = np.random.default_rng(7)
    phases_ns = chance.permutation(NODES * CAMERAS_OF_A_NODE).reshape(NODES, -1) * (40 * NS_PER_MS)
    tables = [[_segments(0, phases_ns[node], chance) for _ in range(16)] for node in range(NODES)]
    numbers = range(1, NODES * CAMERAS_OF_A_NODE + 1)
    cameras = np.array([CameraId(f"cam-{number:04}") for number in numbers]).reshape(NODES, -1)
    rosters = [tuple(map(CameraId, row.tolist())) for row in cameras]
    for minute in range(days * DAY_MINUTES):
        at_ns = minute * NS_PER_MINUTE
        yield [
            Manifest(
                NodeId(f"node-{node + 1:02}"), 1, minute, START_NS + at_ns, rosters[node],
                replace(tables[node][minute % 16], start_ns=tables[node][minute % 16].start_ns + at_ns),
                (), FrameCounts(decoded=75_000, masked=75_000),
            )
            for node in range(NODES)
        ]  # fmt: skip


def _database_bytes(url: str) -> int:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        size = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return int(size)


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
        _add_look_ups(scoreboard, LOOK_UP, "csu", _look_up(catalogue, MINUTES))
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
                    connection.executemany("INSERT INTO segment VALUES (?,?,?,?,?,?,?,?,?)", _rows(manifest, numbers))
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
        *(chance.integers(0, 256, (count, 32)).astype(np.uint8) for _ in range(3)),
    )


def _rows(manifest: Manifest, numbers: dict[CameraId, int]) -> list[tuple[object, ...]]:
    table = manifest.segments
    cameras = [numbers[manifest.cameras[index]] for index in table.camera.tolist()]
    columns = (table.start_ns, table.duration_ms, table.size_bytes, table.mask_epoch, table.clock_offset_ms)
    kept = (table.sha256, table.content_sha256, table.link)
    hashes = [[each.tobytes() for each in column] for column in kept]
    return list(zip(cameras, *(column.tolist() for column in columns), *hashes, strict=True))


def _open(directory: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(directory / "segments.sqlite")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS segment (camera INTEGER, start_ns INTEGER, duration_ms INTEGER, size_bytes INTEGER,"
        " mask_epoch INTEGER, clock_offset_ms INTEGER, sha256 BLOB, content_sha256 BLOB, link BLOB,"
        " PRIMARY KEY (camera, start_ns)) WITHOUT ROWID"
    )
    return connection


def _look_up(catalogue: Catalogue, minutes: int) -> NDArray[np.float64]:
    """Any second of any camera, in no order. (n, 2): ms of this process's CPU, and of wall time, of each."""
    chance = np.random.default_rng(11)
    spent_s = np.empty((LOOK_UPS, 2))
    for number in range(LOOK_UPS):
        camera = CameraId(f"cam-{chance.integers(1, NODES * CAMERAS_OF_A_NODE + 1):04}")
        instant_ns = START_NS + int(chance.integers(2 * 60, minutes * 60 - 60)) * NS_PER_S
        begin_s = time.process_time(), time.perf_counter()
        found = catalogue.at(camera, instant_ns)
        spent_s[number] = time.process_time() - begin_s[0], time.perf_counter() - begin_s[1]
        assert found is not None
        assert found.camera == camera
        assert found.start_ns <= instant_ns < found.end_ns
    return spent_s * 1000


def _add_look_ups(scoreboard: Scoreboard, what: str, subject: str, spent_ms: NDArray[np.float64]) -> None:
    """Wall time is the budget's, and holds whatever else the machine does: the load stands beside it."""
    for column, clock in enumerate(("CPU of the client", "wall time")):
        for percentile in (50, 99):
            value = float(np.percentile(spent_ms[:, column], percentile))
            scoreboard.add(f"{what}, percentile {percentile}", subject, value, f"ms of {clock}")
    scoreboard.add(f"{what}, load of the machine meanwhile", subject, os.getloadavg()[0], "processes that want to run")


def _size_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def _segment_count() -> int:
    return NODES * CAMERAS_OF_A_NODE * MINUTES
