"""The catalogue: what it must do, on a SQLite file a day and on PostgreSQL. A backend joins by one line in BACKENDS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.media import Gap, GapCause, Manifest, NodeId, SegmentTable
from csu.recording import (
    Catalogue,
    CatalogueTotals,
    DestructionReason,
    coverage_of,
    open_catalogue,
    segment_name,
)
from sim.endpoints.postgres import postgres_server

S = 1_000_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
NOON = 1_800_000_000 * S + 4 * HOUR  # 2027-01-15T12:00:00Z
MIDNIGHT = NOON + 12 * HOUR
EVER = 2**62
CAM_1, CAM_2 = CameraId("cam-1"), CameraId("cam-2")
EXPIRED = DestructionReason.EXPIRED
TODAY, TOMORROW = date(2027, 1, 15), date(2027, 1, 16)

Opener = Callable[[], Catalogue]


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A real server. Missing programs are a failure that says what to install, never a skip."""
    with postgres_server() as url:
        yield url


def _sqlite(_: pytest.FixtureRequest, directory: Path) -> Opener:
    return lambda: Catalogue(directory, durable=False)


def _postgresql(request: pytest.FixtureRequest, directory: Path) -> Opener:
    url = request.getfixturevalue("postgres_url")
    return lambda: open_catalogue(directory, url)


BACKENDS = {"sqlite": _sqlite, "postgresql": _postgresql}


@pytest.fixture(params=sorted(BACKENDS))
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    return BACKENDS[request.param](request, tmp_path)


@pytest.fixture
def catalogue(opener: Opener) -> Iterator[Catalogue]:
    """An empty one."""
    catalogue = opener()
    empty(catalogue)
    yield catalogue
    empty(catalogue)
    catalogue.close()


def empty(catalogue: Catalogue) -> None:
    for day in catalogue.days():
        catalogue.drop_day(day)


def manifest(
    sequence: int,
    minute_ns: int,
    segments: Sequence[tuple[int, int, int, int]] = (),
    *,
    node: str = "node-1",
    cameras: Sequence[str] = ("cam-1", "cam-2"),
    gaps: Sequence[Gap] = (),
) -> Manifest:
    """`segments`: (camera index, start_ns, duration_ms, size_bytes) each."""
    n = len(segments)
    column = [np.array([row[i] for row in segments], kind) for i, kind in enumerate(("i4", "i8", "i4", "i8"))]
    hashes = np.arange(1, n * 32 + 1).astype(np.uint8).reshape(n, 32)
    table = SegmentTable(*column, np.arange(n, dtype="i4") + 3, np.full(n, -120, "i4"), hashes)
    ids = tuple(CameraId(camera) for camera in cameras)
    return Manifest(NodeId(node), 1, sequence, minute_ns, ids, table, tuple(gaps))


def minutes(count: int, first_ns: int = NOON, cameras: Sequence[str] = ("cam-1", "cam-2")) -> list[Manifest]:
    """Every camera records every minute, 10 bytes each."""
    return [
        manifest(
            first_ns // MINUTE + i,
            first_ns + i * MINUTE,
            [(camera, first_ns + i * MINUTE, 60_000, 10) for camera in range(len(cameras))],
            cameras=cameras,
        )
        for i in range(count)
    ]


# -- what was recorded ------------------------------------------------------------------------------------------------


def test_what_was_recorded_is_found_again(catalogue):
    catalogue.record([manifest(0, NOON, [(0, NOON - 5 * S, 60_000, 700), (1, NOON, 59_900, 800)])])
    (row,) = catalogue.segments(CAM_2, NOON, NOON + 1)
    assert (row.camera, row.node, row.start_ns, row.duration_ms, row.size_bytes) == (CAM_2, "node-1", NOON, 59_900, 800)
    assert (row.mask_epoch, row.clock_offset_ms, row.destroyed_at_ns) == (4, -120, None)
    assert row.sha256 == bytes(i % 256 for i in range(33, 65))
    assert row.name == segment_name(CAM_2, NOON)


def test_a_segment_holds_its_first_instant_and_not_its_last(catalogue):
    catalogue.record([manifest(0, NOON, [(0, NOON, 60_000, 1)])])
    assert catalogue.at(CAM_1, NOON - 1) is None
    assert catalogue.at(CAM_1, NOON) is not None
    assert catalogue.at(CAM_1, NOON + MINUTE - 1) is not None
    assert catalogue.at(CAM_1, NOON + MINUTE) is None
    assert catalogue.at(CAM_2, NOON) is None
    assert catalogue.at(CameraId("cam-unknown"), NOON) is None


def test_segments_come_by_start_across_nodes_and_manifests(catalogue):
    catalogue.record([manifest(1, NOON + MINUTE, [(0, NOON + MINUTE, 60_000, 1)])])
    later = NOON + 2 * MINUTE
    moved = manifest(0, later, [(1, later, 9, 1)], node="node-2", cameras=["cam-9", "cam-1"])
    catalogue.record([moved, manifest(0, NOON, [(0, NOON, 60_000, 1)])])
    rows = catalogue.segments(CAM_1, NOON, NOON + 10 * MINUTE)
    assert [(row.start_ns - NOON) // MINUTE for row in rows] == [0, 1, 2]
    assert [row.node for row in rows] == ["node-1", "node-1", "node-2"]


def test_a_gap_is_kept_as_a_gap_with_its_cause(catalogue):
    gap = Gap(CAM_1, NOON + S, NOON + 9 * S, GapCause.CAMERA_LOST)
    other = Gap(CAM_2, NOON, NOON + 60 * S, GapCause.DISK)
    gone = Gap(CameraId("cam-gone"), NOON, NOON + S, GapCause.STOPPED)
    catalogue.record([manifest(0, NOON, gaps=[gap, other, gone])])
    assert catalogue.gaps(CAM_1, NOON, NOON + MINUTE) == [gap]
    assert catalogue.gaps(CAM_2, NOON + 59 * S, NOON + MINUTE) == [other]
    assert catalogue.gaps(CAM_1, NOON + 9 * S, NOON + MINUTE) == []
    assert catalogue.gaps(CameraId("cam-gone"), 0, EVER) == [gone], "a camera that the node no longer lists"
    assert catalogue.segments(CAM_1, 0, EVER) == []


def test_what_lasts_for_hours_is_found_by_each_of_its_instants(catalogue):
    """Pages that span long have an index of their own."""
    gap = Gap(CAM_1, NOON - 9 * HOUR, NOON, GapCause.CAMERA_LOST)
    wrong_clock = manifest(1, NOON, [(0, NOON, 60_000, 1), (1, NOON - 7 * HOUR, 60_000, 1)])
    catalogue.record([manifest(0, NOON, gaps=[gap]), wrong_clock, *minutes(30, NOON - 8 * HOUR)])
    for hours in (9, 5, 1):
        assert catalogue.gaps(CAM_1, NOON - hours * HOUR, NOON - hours * HOUR + 1) == [gap]
    assert catalogue.at(CAM_2, NOON - 7 * HOUR) is not None
    assert catalogue.at(CAM_1, NOON) is not None
    assert len(catalogue.segments(CAM_1, 0, EVER)) == 31, "each once"


def test_the_same_manifest_twice_counts_once(catalogue):
    one = manifest(0, NOON, [(0, NOON, 60_000, 5)])
    catalogue.record([one, one])
    catalogue.record([one])
    assert catalogue.totals(0, EVER) == CatalogueTotals(1, 60_000, 5, 0)
    catalogue.record([replace(one, node_epoch=2)])
    assert catalogue.totals(0, EVER).segments == 2


def test_each_manifest_goes_into_the_day_of_its_minute_and_queries_span_days(catalogue):
    last = manifest(0, MIDNIGHT - MINUTE, [(0, MIDNIGHT - 2 * MINUTE, 60_000, 1)])
    over_midnight = manifest(1, MIDNIGHT, [(0, MIDNIGHT - MINUTE + S, 60_000, 1)])
    catalogue.record([last, over_midnight])
    assert catalogue.days() == [TODAY, TOMORROW]
    assert len(catalogue.segments(CAM_1, MIDNIGHT - 10 * MINUTE, MIDNIGHT)) == 2
    assert catalogue.at(CAM_1, MIDNIGHT - 10 * S) is not None, "kept with the next day"
    assert catalogue.totals(MIDNIGHT - DAY, MIDNIGHT).segments == 2


def test_totals_count_what_begins_in_the_stretch(catalogue):
    gap = Gap(CAM_2, NOON + 30 * S, NOON + 40 * S, GapCause.DISK)
    rows = [(0, NOON, 60_000, 10), (0, NOON + MINUTE, 30_000, 5), (1, NOON + 50 * S, 60_000, 7)]
    catalogue.record([manifest(0, NOON, rows, gaps=[gap])])
    assert catalogue.totals(0, EVER) == CatalogueTotals(3, 150_000, 22, 1)
    assert catalogue.totals(NOON, NOON + MINUTE) == CatalogueTotals(2, 120_000, 17, 1)
    assert catalogue.totals(NOON + 31 * S, NOON + 2 * MINUTE) == CatalogueTotals(2, 90_000, 12, 0)
    assert catalogue.totals(NOON + 5 * MINUTE, EVER) == CatalogueTotals()


def test_what_was_recorded_is_there_after_a_restart(catalogue, opener):
    catalogue.record([manifest(0, NOON, [(0, NOON, 60_000, 1)])])
    catalogue.destroy([CAM_2], NOON, NOON + DAY, reason=EXPIRED, at_ns=NOON + DAY)
    catalogue.close()
    again = opener()
    again.record([manifest(1, NOON + MINUTE, [(0, NOON + MINUTE, 60_000, 1)])])
    assert len(again.segments(CAM_1, 0, EVER)) == 2
    again.close()


spans = st.tuples(st.integers(0, 2), st.integers(-40 * 3600, 40 * 3600), st.integers(1, 3600))


@given(
    given_manifests=st.lists(st.tuples(st.integers(-1, 1), st.lists(spans, max_size=4)), min_size=1, max_size=5),
    asked=st.tuples(st.integers(-41 * 3600, 41 * 3600), st.integers(1, 7200)),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_touches_a_stretch_is_found_and_nothing_else(catalogue, given_manifests, asked):
    """Against all segments and gaps in a list. A camera clock within a day of the node's."""
    empty(catalogue)
    cameras = [CameraId(f"cam-{i}") for i in range(3)]
    pieces = []
    for sequence, (day, rows) in enumerate(given_manifests):
        at = MIDNIGHT + day * DAY
        near = [(i, at + s * S // 2, length) for i, s, length in rows]  # within 20 h of its manifest
        gaps = [Gap(cameras[i], s, s + length * S, GapCause.DISK) for i, s, length in near]
        segments = [(i, s, length * 1000, 1) for i, s, length in near]
        catalogue.record([manifest(sequence, at, segments, cameras=cameras, gaps=gaps)])
        pieces += [(i, s, s + length * S) for i, s, length in near]
    from_ns, to_ns = MIDNIGHT + asked[0] * S, MIDNIGHT + (asked[0] + asked[1]) * S
    for index, camera in enumerate(cameras):
        expected = sorted((s, e) for i, s, e in pieces if i == index and s < to_ns and e > from_ns)
        assert [(r.start_ns, r.end_ns) for r in catalogue.segments(camera, from_ns, to_ns)] == expected
        assert sorted((g.start_ns, g.end_ns) for g in catalogue.gaps(camera, from_ns, to_ns)) == expected
    begun = sorted((cameras[i], s) for i, s, _ in pieces if from_ns <= s < to_ns)
    assert sorted((row.camera, row.start_ns) for row in catalogue.listing(from_ns, to_ns)) == begun
    assert catalogue.totals(from_ns, to_ns).segments == len(begun) == catalogue.living(from_ns, to_ns).segments
    assert catalogue.totals(from_ns, to_ns).gaps == len(begun)


# -- what was destroyed -----------------------------------------------------------------------------------------------


def test_a_destroyed_segment_is_no_longer_found_but_not_forgotten(catalogue):
    catalogue.record(minutes(3))
    taken = catalogue.destroy(
        [CAM_1], NOON + MINUTE, NOON + MINUTE + 1, reason=DestructionReason.RECUT, at_ns=NOON + DAY, reference="case-7"
    )
    assert taken == CatalogueTotals(1, 60_000, 10)
    assert [row.start_ns for row in catalogue.segments(CAM_1, 0, EVER)] == [NOON, NOON + 2 * MINUTE]
    assert catalogue.at(CAM_1, NOON + MINUTE + 30 * S) is None
    assert catalogue.at(CAM_2, NOON + MINUTE + 30 * S) is not None
    told = catalogue.segments(CAM_1, 0, EVER, with_destroyed=True)
    assert [row.destroyed_at_ns for row in told] == [None, NOON + DAY, None]
    assert sum(1 for _ in catalogue.listing(0, EVER)) == 5 == catalogue.living(0, EVER).segments
    assert catalogue.totals(0, EVER).segments == 6, "it was recorded"
    (mark,) = catalogue.destructions(CAM_1, 0, EVER)
    assert (mark.reason, mark.reference, mark.at_ns) == (DestructionReason.RECUT, "case-7", NOON + DAY)
    assert catalogue.destructions(CAM_2, 0, EVER) == []


def test_destroying_again_takes_nothing_more(catalogue):
    catalogue.record(minutes(2))
    first = catalogue.destroy([CAM_1, CAM_2], NOON, NOON + HOUR, reason=EXPIRED, at_ns=NOON + DAY)
    again = catalogue.destroy([CAM_1, CAM_2], NOON, NOON + HOUR, reason=EXPIRED, at_ns=NOON + 2 * DAY)
    assert (first.segments, again.segments) == (4, 0)
    told = catalogue.segments(CAM_1, 0, EVER, with_destroyed=True)
    assert {row.destroyed_at_ns for row in told} == {NOON + DAY}
    assert len(catalogue.destructions(CAM_1, 0, EVER)) == 1


def test_files_told_of_after_a_destruction_live_until_they_are_destroyed_too(catalogue):
    """A node that was cut off tells late: its files are still on its disk."""
    early, late = minutes(2)
    catalogue.record([early])
    catalogue.destroy([CAM_1], NOON, NOON + HOUR, reason=EXPIRED, at_ns=NOON + DAY)
    catalogue.record([late])
    assert [row.start_ns for row in catalogue.listing(NOON, NOON + HOUR, [CAM_1])] == [NOON + MINUTE]
    assert catalogue.destroy([CAM_1], NOON, NOON + HOUR, reason=EXPIRED, at_ns=NOON + 2 * DAY).segments == 1
    assert catalogue.living(0, EVER, [CAM_1]).segments == 0
    told = catalogue.segments(CAM_1, 0, EVER, with_destroyed=True)
    assert [row.destroyed_at_ns for row in told] == [NOON + DAY, NOON + 2 * DAY], "the first word stands"


def test_each_communes_cameras_are_destroyed_apart_and_across_midnight(catalogue):
    catalogue.record(minutes(4, MIDNIGHT - 2 * MINUTE, cameras=["metz-1", "woippy-1", "metz-2"]))
    metz = [CameraId("metz-1"), CameraId("metz-2")]
    assert {row.camera for row in catalogue.listing(0, EVER, metz)} == set(metz)
    taken = catalogue.destroy(metz, MIDNIGHT - MINUTE, MIDNIGHT + MINUTE, reason=EXPIRED, at_ns=MIDNIGHT + DAY)
    assert taken == CatalogueTotals(4, 240_000, 40)
    assert catalogue.living(0, EVER, metz).segments == 4
    assert catalogue.living(0, EVER).segments == 8
    assert len(catalogue.destructions(metz[0], 0, EVER)) == 1, "told once although kept with two days"


def test_a_listing_goes_on_while_what_it_tells_of_is_destroyed(catalogue):
    catalogue.record(minutes(600, MIDNIGHT - 300 * MINUTE))
    seen = 0
    for row in catalogue.listing(0, EVER, [CAM_1]):
        seen += 1
        if seen % 50 == 0:
            catalogue.destroy([CAM_1], row.start_ns, row.start_ns + 1, reason=EXPIRED, at_ns=MIDNIGHT + DAY)
    assert seen == 600
    assert catalogue.living(0, EVER, [CAM_1]).segments == 588


# -- whole days -------------------------------------------------------------------------------------------------------


def test_a_dropped_day_leaves_nothing_and_its_neighbours_everything(catalogue):
    catalogue.record(minutes(2) + minutes(2, NOON + DAY) + minutes(2, NOON + 2 * DAY))
    catalogue.destroy([CAM_1], NOON + DAY, NOON + 2 * DAY, reason=EXPIRED, at_ns=NOON + 31 * DAY)
    assert catalogue.living_of_day(TOMORROW).segments == 2
    assert catalogue.drop_day(TOMORROW) is True
    assert catalogue.days() == [TODAY, date(2027, 1, 17)]
    assert catalogue.totals(0, EVER).segments == 8
    assert catalogue.destructions(CAM_1, 0, EVER) == []
    assert catalogue.drop_day(TOMORROW) is False
    assert catalogue.living_of_day(TOMORROW) == CatalogueTotals()


def test_a_dropped_day_can_begin_again(catalogue):
    catalogue.record(minutes(2))
    catalogue.drop_day(TODAY)
    catalogue.record(minutes(3))
    assert catalogue.totals(0, EVER).segments == 6
    assert catalogue.at(CAM_2, NOON + S) is not None


def test_preparing_for_the_next_days_loses_nothing(catalogue):
    catalogue.record(minutes(1))
    catalogue.prepare(NOON)
    catalogue.prepare(NOON)
    catalogue.record(minutes(1, NOON + DAY))
    assert catalogue.totals(0, EVER).segments == 4


# -- coverage ---------------------------------------------------------------------------------------------------------


def test_what_no_node_ever_told_is_unaccounted_even_after_a_restart(catalogue, opener):
    """Node and centre went down together: nobody declared a gap, and nothing in memory knows of it."""
    gap = Gap(CAM_1, NOON + 2 * MINUTE, NOON + 3 * MINUTE, GapCause.NODE_LOST)
    told_gap = manifest(99, NOON + 3 * MINUTE, gaps=[gap])
    catalogue.record([*minutes(2), told_gap, *minutes(2, NOON + 5 * MINUTE)])
    catalogue.close()
    expected = {
        CAM_1: [(NOON, NOON + 7 * MINUTE)],
        CAM_2: [(NOON, NOON + 2 * MINUTE)],
        CameraId("cam-new"): [(0, EVER)],
    }
    again = opener()
    one, two, new = coverage_of(again, expected, NOON, NOON + 7 * MINUTE, now_ns=NOON + HOUR)
    again.close()
    assert (one.expected_ns, one.recorded_ns, one.gap_ns) == (7 * MINUTE, 4 * MINUTE, MINUTE)
    assert one.unaccounted == ((NOON + 3 * MINUTE, NOON + 5 * MINUTE),)
    assert (two.recorded_ns, two.unaccounted_ns, two.unexpected_ns) == (2 * MINUTE, 0, 2 * MINUTE)
    assert (new.camera, new.unaccounted_ns, new.recorded_share) == ("cam-new", 7 * MINUTE, 0)


def test_what_was_destroyed_was_recorded_all_the_same(catalogue):
    catalogue.record(minutes(5))
    catalogue.destroy([CAM_1], NOON, NOON + HOUR, reason=EXPIRED, at_ns=NOON + DAY)
    (line,) = coverage_of(catalogue, {CAM_1: [(NOON, NOON + 5 * MINUTE)]}, NOON, NOON + HOUR, now_ns=NOON + DAY)
    assert (line.recorded_ns, line.unaccounted_ns) == (5 * MINUTE, 0)


def test_the_ledger_of_a_dropped_day_is_what_it_was(catalogue, opener):
    gap = Gap(CAM_1, NOON + 2 * MINUTE, NOON + 3 * MINUTE, GapCause.CAMERA_LOST)
    short = Gap(CAM_2, NOON + MINUTE - S // 10, NOON + MINUTE, GapCause.OVERLOAD)
    recorded = [(i % 2, NOON + i // 2 * MINUTE, 60_000 - 100 * (i % 2), 10) for i in range(12) if i != 4]
    catalogue.record([manifest(0, NOON, recorded, gaps=[gap, short]), *minutes(2, NOON + DAY)])
    expected = {CAM_1: [(NOON - HOUR, NOON + 6 * MINUTE)], CAM_2: [(NOON, NOON + 2 * DAY)]}
    asked = {"from_ns": NOON - DAY, "to_ns": NOON + 2 * DAY, "now_ns": NOON + 3 * DAY}
    before = [line.as_json() for line in coverage_of(catalogue, expected, **asked)]
    for _ in range(2):  # a crash may come between the two
        catalogue.keep_coverage(TODAY)
    assert catalogue.drop_day(TODAY)
    catalogue.close()
    again = opener()
    after = [line.as_json() for line in coverage_of(again, expected, **asked)]
    for line in (*before, *after):  # a seam counts as recorded; it is not told apart any more
        line["recorded_s"] = round(line["recorded_s"] + line.pop("seams_s"), 6)
    assert after == before
    assert any(each[2] == "overload" for line in after for each in line["gaps"])
    again.record([manifest(1, NOON, [(0, NOON + 20 * MINUTE, 60_000, 1)])])  # told after the day was dropped
    again.keep_coverage(TODAY)
    again.drop_day(TODAY)
    (one, _) = coverage_of(again, expected | {CAM_1: [(NOON, NOON + HOUR)]}, **asked)
    assert (one.recorded_ns, one.gap_ns) == (6 * MINUTE, MINUTE)
    again.close()


def test_columns_and_sums_say_what_the_listing_says(catalogue):
    catalogue.record(minutes(4, MIDNIGHT - 2 * MINUTE, cameras=["cam-1", "cam-2", "cam-3"]))
    catalogue.destroy([CAM_1], MIDNIGHT - MINUTE, MIDNIGHT + MINUTE, reason=EXPIRED, at_ns=MIDNIGHT + DAY)
    stretch = (MIDNIGHT - 2 * MINUTE, MIDNIGHT + MINUTE)
    found = catalogue.living_segments(*stretch)
    rows = {(found.cameras[index], start) for index, start in zip(found.camera, found.start_ns, strict=True)}
    assert rows == {(row.camera, row.start_ns) for row in catalogue.listing(*stretch)}
    assert (len(rows), set((found.end_ns - found.start_ns).tolist())) == (len(found.camera), {MINUTE})
    sums = catalogue.sums_by_camera(*stretch)
    assert {camera: (each.recorded, each.living) for camera, each in sums.items()} == {
        CAM_1: (CatalogueTotals(3, 180_000, 30), 1),
        CAM_2: (CatalogueTotals(3, 180_000, 30), 3),
        CameraId("cam-3"): (CatalogueTotals(3, 180_000, 30), 3),
    }
    assert len(catalogue.living_segments(0, 1).camera) == 0 == len(catalogue.sums_by_camera(0, 1))


def test_the_version_is_another_after_each_change_and_the_same_after_none(catalogue):
    catalogue.record(minutes(2))
    seen = [catalogue.version(NOON, NOON + HOUR)]
    assert catalogue.version(NOON, NOON + HOUR) == seen[0]
    catalogue.record([manifest(1, NOON + 5 * MINUTE, [(0, NOON + 5 * MINUTE, 9, 1)], node="node-2")])
    seen.append(catalogue.version(NOON, NOON + HOUR))
    catalogue.destroy([CAM_1], NOON, NOON + MINUTE, reason=EXPIRED, at_ns=NOON + DAY)
    seen.append(catalogue.version(NOON, NOON + HOUR))
    assert len(set(seen)) == 3
