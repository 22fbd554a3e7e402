"""Catalogues of older versions open; what migrations make is what this version makes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import csu.recording.migrations
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from csu.hal.media import Gap, GapCause
from csu.recording import Catalogue, CatalogueError, DestructionReason
from csu.recording.pages import pages_of
from csu.recording.schema import HEAD, SQLITE, migrate, version_of

NOON = 1_800_014_400_000_000_000  # 2027-01-15T12:00:00Z
CAM_1 = CameraId("cam-1")

FIRST_VERSION = """
CREATE TABLE roster (roster INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (roster), UNIQUE (digest));
CREATE TABLE roster_camera (camera VARCHAR NOT NULL, roster INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (camera, roster)) WITHOUT ROWID;
CREATE TABLE page (page INTEGER NOT NULL, minute_ns BIGINT NOT NULL, node VARCHAR NOT NULL, node_epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL, roster INTEGER NOT NULL, from_ns BIGINT NOT NULL, to_ns BIGINT NOT NULL,
    segment_count INTEGER NOT NULL, recorded_ms BIGINT NOT NULL, size_bytes BIGINT NOT NULL, gap_count INTEGER NOT NULL,
    counts VARCHAR NOT NULL, gaps VARCHAR NOT NULL, segments BLOB NOT NULL, PRIMARY KEY (page),
    UNIQUE (node, node_epoch, sequence));
CREATE INDEX page_by_roster ON page (roster, from_ns);
INSERT INTO roster VALUES (1, x'00'); INSERT INTO roster_camera VALUES ('cam-1', 1, 0), ('cam-2', 1, 1);
"""
"""As csu wrote it before there were stamps."""


def write_first_version(path: Path, manifests) -> None:
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA journal_mode=WAL")
        file.executescript(FIRST_VERSION)
        for m in manifests:
            (p,) = pages_of([m])
            sums = (p.from_ns, p.to_ns, p.segment_count, p.recorded_ms, p.size_bytes, p.gap_count)
            key = (m.minute_ns, m.node, m.node_epoch, m.sequence, 1)
            file.execute(
                "INSERT INTO page VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (*key, *sums, p.counts, p.gaps, p.segments),
            )
    file.close()


@pytest.mark.parametrize("sha", [True, False])
def test_a_file_of_the_first_version_opens_and_goes_on(tmp_path, manifest, sha):
    gap = Gap(CAM_1, NOON + NS_PER_MINUTE, NOON + 2 * NS_PER_MINUTE, GapCause.DISK)
    old = [manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 7), (1, NOON, 60_000, 8)], gaps=[gap], sha=sha)]
    write_first_version(tmp_path / "2027-01-15.sqlite", old)
    catalogue = Catalogue(tmp_path)
    row = catalogue.at(CAM_1, NOON)
    assert row is not None
    assert (row.size_bytes, row.sha256) == (7, bytes(range(1, 33)) if sha else None)
    assert catalogue.gaps(CAM_1, NOON, NOON + NS_PER_DAY) == [gap]
    catalogue.record([old[0], manifest(1, minute_ns=NOON, segments=[(0, NOON + NS_PER_MINUTE, 60_000, 9)])])
    assert [r.size_bytes for r in catalogue.segments(CAM_1, 0, 2**62)] == [7, 9], "old and new pages side by side"
    taken = catalogue.destroy([CAM_1], 0, 2**62, reason=DestructionReason.EXPIRED, at_ns=NOON + NS_PER_DAY)
    assert (taken.segments, catalogue.living(0, 2**62).segments) == (2, 1)
    catalogue.close()


def test_a_first_version_file_is_migrated_wholly_or_not_at_all(tmp_path, manifest):
    path = tmp_path / "2027-01-15.sqlite"
    write_first_version(path, [manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 7)])])
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE destroyed (unexpected INTEGER)")
    with pytest.raises(CatalogueError, match="already exists"):
        Catalogue(tmp_path).at(CAM_1, NOON)
    with sqlite3.connect(path) as file:
        names = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
        assert not names & {"alembic_version", "page_long"}
        file.execute("DROP TABLE destroyed")
    assert Catalogue(tmp_path).at(CAM_1, NOON) is not None


def test_a_file_of_a_newer_version_is_left_alone(tmp_path, manifest):
    catalogue = Catalogue(tmp_path)
    catalogue.record([manifest(0, minute_ns=NOON)])
    catalogue.close()
    with sqlite3.connect(tmp_path / "2027-01-15.sqlite") as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CatalogueError, match=r"2027-01-15.*another version of csu"):
        catalogue.at(CAM_1, NOON)


def test_migrations_make_what_a_new_file_is(tmp_path):
    engines = [sa.create_engine(f"sqlite:///{tmp_path / name}") for name in ("new", "migrated")]
    with engines[0].begin() as connection:
        SQLITE.metadata.create_all(connection)
    with engines[1].begin() as connection:
        migrate(connection)
        assert version_of(connection) == HEAD
        assert compare_metadata(MigrationContext.configure(connection), SQLITE.metadata) == []
    shapes = []
    for engine in engines:
        with engine.begin() as connection:
            query = sa.text("SELECT name, type FROM sqlite_master WHERE name NOT LIKE '%alembic%' ORDER BY name")
            shapes.append([tuple(row) for row in connection.execute(query)])
            for table in [name for name, kind in shapes[-1] if kind == "table"]:
                columns = connection.execute(sa.text(f"PRAGMA table_info({table})"))
                shapes.append(sorted(tuple(row)[1:] for row in columns))
    half = len(shapes) // 2
    assert shapes[:half] == shapes[half:]


def test_the_head_we_stamp_is_the_newest_migration():
    folder = Path(csu.recording.migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD
