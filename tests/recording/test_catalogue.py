"""The catalogue: what was recorded, what was not, and where."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.media import FrameCounts, Gap, GapCause
from csu.recording import Catalogue, CatalogueError, CatalogueTotals, segment_name
from csu.recording.pages import counts_of, gaps_of, page_of, segments_of

S = 1_000_000_000
MINUTE = 60 * S
DAY = 86_400 * S
NOON = 1_800_000_000 * S + 4 * 3600 * S  # 2027-01-15T12:00:00Z
MIDNIGHT = NOON + 12 * 3600 * S
CAM_1, CAM_2 = CameraId("cam-1"), CameraId("cam-2")


@pytest.fixture
def catalogue(tmp_path):
    catalogue = Catalogue(tmp_path, durable=False)
    yield catalogue
    catalogue.close()


def test_what_was_recorded_is_found_again(catalogue, manifest):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON - 5 * S, 60_000, 700), (1, NOON, 59_900, 800)])])
    (row,) = catalogue.segments(CAM_2, NOON, NOON + 1)
    assert (row.camera, row.node, row.start_ns, row.duration_ms, row.size_bytes) == (CAM_2, "node-1", NOON, 59_900, 800)
    assert (row.mask_epoch, row.clock_offset_ms) == (4, -120)
    assert row.sha256 == bytes(i % 256 for i in range(33, 65))
    assert row.name == segment_name(CAM_2, NOON)


def test_a_segment_holds_its_first_instant_and_not_its_last(catalogue, manifest):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    assert catalogue.at(CAM_1, NOON - 1) is None
    assert catalogue.at(CAM_1, NOON) is not None
    assert catalogue.at(CAM_1, NOON + MINUTE - 1) is not None
    assert catalogue.at(CAM_1, NOON + MINUTE) is None
    assert catalogue.at(CAM_2, NOON) is None
    assert catalogue.at(CameraId("cam-unknown"), NOON) is None


def test_segments_come_by_start_across_nodes_and_manifests(catalogue, manifest):
    catalogue.record([manifest(1, minute_ns=NOON + MINUTE, segments=[(0, NOON + MINUTE, 60_000, 1)])])
    moved = manifest(
        0,
        node="node-2",
        minute_ns=NOON + 2 * MINUTE,
        cameras=["cam-9", "cam-1"],
        segments=[(1, NOON + 2 * MINUTE, 9, 1)],
    )
    catalogue.record([moved, manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    rows = catalogue.segments(CAM_1, NOON, NOON + 10 * MINUTE)
    assert [(row.start_ns - NOON) // MINUTE for row in rows] == [0, 1, 2]
    assert [row.node for row in rows] == ["node-1", "node-1", "node-2"]


def test_a_gap_is_kept_as_a_gap_with_its_cause(catalogue, manifest):
    gap = Gap(CAM_1, NOON + S, NOON + 9 * S, GapCause.CAMERA_LOST)
    other = Gap(CAM_2, NOON, NOON + 60 * S, GapCause.DISK)
    catalogue.record([manifest(0, minute_ns=NOON, gaps=[gap, other])])
    assert catalogue.gaps(CAM_1, NOON, NOON + MINUTE) == [gap]
    assert catalogue.gaps(CAM_2, NOON + 59 * S, NOON + MINUTE) == [other]
    assert catalogue.gaps(CAM_1, NOON + 9 * S, NOON + MINUTE) == []
    assert catalogue.segments(CAM_1, 0, 2**62) == []


def test_a_gap_of_a_camera_the_node_no_longer_lists_is_kept(catalogue, manifest):
    gap = Gap(CameraId("cam-gone"), NOON, NOON + S, GapCause.STOPPED)
    catalogue.record([manifest(0, minute_ns=NOON, gaps=[gap], segments=[(1, NOON, 60_000, 1)])])
    assert catalogue.gaps(CameraId("cam-gone"), 0, 2**62) == [gap]
    assert catalogue.at(CAM_2, NOON) is not None


def test_the_same_manifest_twice_counts_once(catalogue, manifest):
    one = manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 5)])
    catalogue.record([one, one])
    catalogue.record([one])
    assert catalogue.totals(0, 2**62) == CatalogueTotals(1, 60_000, 5, 0)
    catalogue.record([replace(one, node_epoch=2)])
    assert catalogue.totals(0, 2**62).segments == 2


def test_each_manifest_goes_into_the_file_of_its_minute_and_queries_span_files(catalogue, manifest, tmp_path):
    last = manifest(0, minute_ns=MIDNIGHT - MINUTE, segments=[(0, MIDNIGHT - 2 * MINUTE, 60_000, 1)])
    over_midnight = manifest(1, minute_ns=MIDNIGHT, segments=[(0, MIDNIGHT - MINUTE + S, 60_000, 1)])
    catalogue.record([last, over_midnight])
    catalogue.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2027-01-15.sqlite", "2027-01-16.sqlite"]
    assert len(catalogue.segments(CAM_1, MIDNIGHT - 10 * MINUTE, MIDNIGHT)) == 2
    assert catalogue.at(CAM_1, MIDNIGHT - 10 * S) is not None, "in the next day's file"
    assert catalogue.totals(MIDNIGHT - DAY, MIDNIGHT).segments == 2


def test_totals_count_what_begins_in_the_stretch(catalogue, manifest):
    gap = Gap(CAM_2, NOON + 30 * S, NOON + 40 * S, GapCause.DISK)
    rows = [(0, NOON, 60_000, 10), (0, NOON + MINUTE, 30_000, 5), (1, NOON + 50 * S, 60_000, 7)]
    catalogue.record([manifest(0, minute_ns=NOON, segments=rows, gaps=[gap])])
    assert catalogue.totals(0, 2**62) == CatalogueTotals(3, 150_000, 22, 1)
    assert catalogue.totals(NOON, NOON + MINUTE) == CatalogueTotals(2, 120_000, 17, 1)
    assert catalogue.totals(NOON + 31 * S, NOON + 2 * MINUTE) == CatalogueTotals(2, 90_000, 12, 0)
    assert catalogue.totals(NOON + 5 * MINUTE, 2**62) == CatalogueTotals()


def test_what_was_recorded_is_there_after_a_restart(catalogue, manifest, tmp_path):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    catalogue.close()
    again = Catalogue(tmp_path)
    again.record([manifest(1, minute_ns=NOON + MINUTE, segments=[(0, NOON + MINUTE, 60_000, 1)])])
    assert len(again.segments(CAM_1, 0, 2**62)) == 2
    again.close()
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        assert file.execute("SELECT count(*) FROM roster").fetchone() == (1,), "the list of cameras is kept once"


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


def test_only_a_few_day_files_are_open_at_once(catalogue, manifest):
    for day in range(40):
        at = NOON + day * DAY
        catalogue.record([manifest(day, minute_ns=at, segments=[(0, at, 60_000, 1)])])
    assert catalogue.totals(0, 2**62).segments == 40
    assert len(catalogue._open_days) <= 4


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
@settings(max_examples=50)
def test_a_page_holds_what_the_manifest_held(manifest, given_rows, sha):
    gaps = [Gap(CameraId("cam-x"), NOON, NOON + 1, cause) for cause in GapCause]
    made = replace(
        manifest(0, cameras=["a", "b", "c", "d"], segments=given_rows, gaps=gaps, sha=sha),
        counts=FrameCounts(1, 2, 3, 4, 5, 6, 7),
    )
    page = page_of(made)
    back = segments_of(page.segments, page.segment_count)
    for name in ("camera", "start_ns", "duration_ms", "size_bytes", "mask_epoch", "clock_offset_ms", "sha256"):
        np.testing.assert_array_equal(getattr(back, name), getattr(made.segments, name))
    assert [page.roster[position] for position, *_ in gaps_of(page.gaps)] == ["cam-x"] * len(gaps)
    assert [cause for *_, cause in gaps_of(page.gaps)] == list(GapCause)
    assert counts_of(page.counts) == made.counts
