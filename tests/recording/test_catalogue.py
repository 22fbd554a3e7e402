"""The catalogue as a SQLite file a day, and its pages. What every backend must do: tests/contract/test_catalogue.py."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.media import FrameCounts, Gap, GapCause
from csu.recording import Catalogue, CatalogueError
from csu.recording.catalogue_sqlite import DAYS_OPEN_MAX
from csu.recording.day_pages import _find_statements
from csu.recording.pages import counts_of, gaps_of, pages_of, segments_of
from csu.recording.schema import SQLITE, SUMMED

S = 1_000_000_000
MINUTE = 60 * S
DAY = 86_400 * S
NOON = 1_800_000_000 * S + 4 * 3600 * S  # 2027-01-15T12:00:00Z
MIDNIGHT = NOON + 12 * 3600 * S
CAM_1, CAM_2 = CameraId("cam-1"), CameraId("cam-2")


@pytest.fixture
def catalogue(tmp_path):
    catalogue = Catalogue(tmp_path)
    yield catalogue
    catalogue.close()


def test_a_day_is_a_file_named_after_it(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=MIDNIGHT - MINUTE), manifest(1, minute_ns=MIDNIGHT)])
    catalogue.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2027-01-15.sqlite", "2027-01-16.sqlite"]


def test_the_list_of_cameras_is_kept_once(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=NOON)])
    catalogue.close()
    catalogue.record([manifest(1, minute_ns=NOON + MINUTE)])
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        assert file.execute("SELECT count(*) FROM roster").fetchone() == (1,)


def test_only_so_many_day_files_are_open_at_once(catalogue, manifest, tmp_path):
    days = DAYS_OPEN_MAX + 5
    for day in range(days):
        at = NOON + day * DAY
        catalogue.record([manifest(day, minute_ns=at, segments=[(0, at, 60_000, 1)])])
    assert catalogue.totals(0, 2**62).segments == days
    assert len(catalogue._days._open) == DAYS_OPEN_MAX
    logs = [path.name for path in tmp_path.glob("*-wal")]
    assert len(logs) <= DAYS_OPEN_MAX
    catalogue.record([manifest(0, minute_ns=NOON + DAY * 3, node="late")])
    assert sum(path.stat().st_size for path in tmp_path.glob("*-wal")) < 5 * 2**20


def test_a_dropped_day_leaves_no_file(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    for suffix in ("-wal", "-shm"):
        assert (tmp_path / f"2027-01-15.sqlite{suffix}").exists()
    assert catalogue.drop_day(date(2027, 1, 15))
    assert list(tmp_path.iterdir()) == []


def test_a_day_dropped_by_another_process_is_made_again(catalogue, manifest, tmp_path):
    """Not written into the file that has no name any more."""
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    other = Catalogue(tmp_path)
    other.drop_day(date(2027, 1, 15))
    other.close()
    catalogue.record([manifest(1, minute_ns=NOON, segments=[(1, NOON, 60_000, 1)])])
    catalogue.close()
    assert catalogue.at(CAM_1, NOON) is None
    assert catalogue.at(CAM_2, NOON) is not None


def test_a_drop_that_was_cut_short_is_ended_by_the_next(catalogue, manifest, tmp_path, monkeypatch):
    """The main file goes last: while it is there the day is listed, and no new one takes an old log for its own."""
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    unlink, left = Path.unlink, [1]

    def power_cut(path, *, missing_ok=False):
        if not left:
            raise OSError(5, "input/output error")
        left.pop()
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", power_cut)
    with pytest.raises(CatalogueError, match="could not be dropped: input/output error"):
        catalogue.drop_day(date(2027, 1, 15))
    monkeypatch.undo()
    assert catalogue.days() == [date(2027, 1, 15)]
    assert catalogue.drop_day(date(2027, 1, 15))
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_whose_segment_counts_outside_its_cameras_cannot_exist(manifest):
    for index in (2, -1):
        with pytest.raises(ValueError, match="node-1.*outside the manifest's 2 cameras"):
            manifest(1, minute_ns=NOON, segments=[(index, NOON, 60_000, 1)])


def test_a_write_that_fails_keeps_nothing_and_can_be_made_again(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=NOON)])
    one = manifest(1, minute_ns=NOON, cameras=["cam-7"], segments=[(0, NOON, 60_000, 1)])
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        file.execute("CREATE TRIGGER full BEFORE INSERT ON page BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(CatalogueError, match="disk full.*media disks are not harmed"):
        catalogue.record([one])
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        file.execute("DROP TRIGGER full")
    catalogue.record([one])
    assert catalogue.at(CameraId("cam-7"), NOON) is not None


def test_a_file_that_is_no_catalogue_is_told(tmp_path, manifest):
    (tmp_path / "2027-01-15.sqlite").write_bytes(b"not a database, and long enough to be read as one" * 30)
    catalogue = Catalogue(tmp_path)
    with pytest.raises(CatalogueError, match="2027-01-15.sqlite"):
        catalogue.record([manifest(0, minute_ns=NOON)])


def test_a_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogueError, match="cannot be made"):
        Catalogue(tmp_path / "file" / "catalogue")


def test_a_recorded_camera_minute_costs_less_than_half_a_kilobyte(tmp_path, manifest):
    catalogue = Catalogue(tmp_path, durable=False)
    cameras = [f"cam-{i:04}" for i in range(28)]
    for minute in range(120):
        at = NOON + minute * MINUTE
        catalogue.record(
            [manifest(minute, minute_ns=at, cameras=cameras, segments=[(i, at, 60_000, 1) for i in range(28)])]
        )
    catalogue.close()
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size / (120 * 28) < 150


rows = st.tuples(st.integers(0, 3), st.integers(0, 2**62), st.integers(0, 2**31 - 1), st.integers(0, 2**62))


@given(st.lists(rows, max_size=20), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_page_holds_what_the_manifest_held(manifest, given_rows, sha):
    gaps = [Gap(CameraId("cam-x"), NOON, NOON + 1, cause) for cause in GapCause]
    made = replace(
        manifest(0, cameras=["a", "b", "c", "d"], segments=given_rows, gaps=gaps, sha=sha),
        counts=FrameCounts(1, 2, 3, 4, 5, 6, 7),
    )
    page = pages_of([made])[0]
    back = segments_of(page.segments, page.segment_count, page.columns)
    for name in ("camera", "start_ns", "duration_ms", "size_bytes", "mask_epoch", "clock_offset_ms", "sha256"):
        np.testing.assert_array_equal(getattr(back, name), getattr(made.segments, name))
    assert [page.roster[position] for position, *_ in gaps_of(page.gaps)] == ["cam-x"] * len(gaps)
    assert [cause for *_, cause in gaps_of(page.gaps)] == list(GapCause)
    assert counts_of(page.counts) == made.counts


@given(st.lists(st.tuples(st.lists(rows, max_size=4), st.booleans(), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_pages_made_together_are_the_pages_each_manifest_makes_alone(manifest, given):
    gaps = [Gap(CameraId("cam-x"), NOON - MINUTE, NOON + 1, GapCause.DISK)]
    made = [
        manifest(number, cameras=["a", "b", "c", "d"], segments=of_one, gaps=gaps if gap else [], sha=sha)
        for number, (of_one, sha, gap) in enumerate(given)
    ]
    assert pages_of(made) == [pages_of([each])[0] for each in made]
    for each, page in zip(made, pages_of(made), strict=True):
        table = each.segments
        ends_ns = (table.start_ns + table.duration_ms.astype(np.int64) * 10**6).tolist()
        begins_ns, ends_ns = (table.start_ns.tolist(), ends_ns) if len(table) else ([each.minute_ns], [each.minute_ns])
        assert page.from_ns == min([*begins_ns, *(gap.start_ns for gap in each.gaps)])
        assert page.to_ns == max([*ends_ns, *(gap.end_ns for gap in each.gaps)])
        assert (page.recorded_ms, page.size_bytes) == (int(table.duration_ms.sum()), int(table.size_bytes.sum()))


@pytest.mark.parametrize("kept", [(), ("link",), ("content_sha256",), ("content_sha256", "link")])
def test_pages_with_and_without_each_hash_are_read_side_by_side(catalogue, manifest, kept):
    plain = manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1), (0, NOON + MINUTE, 60_000, 1)])
    more = {name: np.full((2, 32), number, np.uint8) for number, name in enumerate(kept, 1)}
    later = manifest(1, minute_ns=NOON, segments=[(0, NOON + i * MINUTE, 60_000, 1) for i in (2, 3)])
    catalogue.record([plain, replace(later, segments=replace(later.segments, **more))])
    rows = catalogue.segments(CAM_1, 0, 2**62)
    assert all(row.sha256 for row in rows)
    assert [(row.content_sha256, row.link) for row in rows[:2]] == [(None, None)] * 2
    expected = [bytes([kept.index(name) + 1] * 32) if name in kept else None for name in ("content_sha256", "link")]
    assert [[row.content_sha256, row.link] for row in rows[2:]] == [expected] * 2


def test_a_page_of_columns_this_version_does_not_know_is_refused(manifest):
    page = pages_of([manifest(0, segments=[(0, NOON, 60_000, 1)])])[0]
    with pytest.raises(ValueError, match="does not know"):
        segments_of(page.segments, 1, page.columns | 1 << 30)
    with pytest.raises(ValueError, match="cannot hold"):
        segments_of(page.segments[:-1], 1, page.columns)
    with pytest.raises(ValueError, match="cannot hold"):
        segments_of(page.segments[:-1], 1, 0)


def test_a_look_up_reads_a_few_pages_and_not_all_since_midnight(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    catalogue.close()
    query = "EXPLAIN QUERY PLAN " + str(_find_statements(SQLITE).segments)
    asked = {"camera": CAM_1, "from_ns": NOON, "to_ns": NOON + 1, "after_ns": NOON - MINUTE}
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        steps = [step for *_, step in file.execute(query, asked)]
    assert any("page_by_time (from_ns>? AND from_ns<?)" in step for step in steps)
    assert any("page_long (roster=? AND from_ns<?)" in step for step in steps)
    assert not any("SCAN" in step for step in steps)


def test_sums_are_read_from_the_index_and_not_from_the_pages(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    catalogue.close()
    sums = ", ".join(f"sum({name})" for name in SUMMED)
    query = f"EXPLAIN QUERY PLAN SELECT {sums} FROM page WHERE from_ns >= ? AND to_ns <= ?"
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        steps = [step for *_, step in file.execute(query, (0, 2**62))]
    assert steps == ["SEARCH page USING COVERING INDEX page_by_time (from_ns>?)"]
