"""What is PostgreSQL's own: partitions, detaching, its address. The rest: tests/contract/test_catalogue.py."""

from __future__ import annotations

import os
from datetime import date

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY
from csu.hal.errors import BadInput
from csu.recording import Catalogue, CatalogueError, open_catalogue
from csu.recording.catalogue_postgres import DAYS_AHEAD, PostgresDays
from csu.recording.schema import POSTGRESQL
from sim.endpoints.postgres import postgres_server

NOON = 1_800_014_400_000_000_000  # 2027-01-15T12:00:00Z
TODAY = date(2027, 1, 15)
CAM_1 = CameraId("cam-1")


@pytest.fixture(scope="module")
def url():
    with postgres_server() as url:
        yield url


@pytest.fixture
def catalogue(url, tmp_path):
    catalogue = open_catalogue(tmp_path, url)
    for day in catalogue.days():
        catalogue.drop_day(day)
    yield catalogue
    catalogue.close()


@pytest.fixture
def sql(url):
    """Run one statement, as another client would; returns its rows."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")

    def run(text):
        with engine.connect() as connection:
            result = connection.execute(sa.text(text))
            return [tuple(row) for row in result] if result.returns_rows else []

    yield run
    engine.dispose()


def test_the_server_does_not_run_as_root_and_listens_to_no_network(sql):
    assert sql("SHOW listen_addresses") == [("",)]
    ((pid,),) = sql("SELECT pg_backend_pid()")
    assert os.stat(f"/proc/{pid}").st_uid != 0


def test_migrations_make_what_the_code_reads(catalogue, url):
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, POSTGRESQL.metadata) == []
    engine.dispose()


def test_partitions_are_made_ahead(catalogue, sql):
    catalogue.prepare(NOON)
    assert catalogue.days() == [date(2027, 1, 15 + i) for i in range(DAYS_AHEAD + 1)]
    assert sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'page'::regclass") == [(DAYS_AHEAD + 1,)]


def test_a_new_day_waits_for_no_reader(catalogue, sql, url, manifest):
    """A report that reads for hours must not keep the recorder's accounts out."""
    catalogue.record([manifest(0, minute_ns=NOON)])
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as reader:
        reader.execute(sa.text("SELECT count(*) FROM page")).all()
        sql("ALTER ROLE csu SET lock_timeout = '2s'")
        try:
            other = open_catalogue(__file__, url)
            other.record([manifest(1, minute_ns=NOON + NS_PER_DAY, segments=[(0, NOON + NS_PER_DAY, 60_000, 1)])])
            assert other.at(CAM_1, NOON + NS_PER_DAY) is not None
            other.close()
        finally:
            sql("ALTER ROLE csu RESET lock_timeout")
    engine.dispose()


@pytest.mark.parametrize("done", [1, 2, 3])
def test_a_drop_that_was_cut_short_is_ended_by_the_next(catalogue, sql, manifest, done):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    sql("ALTER TABLE page DETACH PARTITION page_20270115 CONCURRENTLY")
    if done > 1:
        sql("DROP TABLE page_20270115")
    if done > 2:
        sql("ALTER TABLE roster DETACH PARTITION roster_20270115 CONCURRENTLY")
    assert catalogue.days() == [TODAY], "as long as anything is left"
    assert catalogue.drop_day(TODAY)
    assert catalogue.days() == []


def test_what_was_to_go_does_not_come_back_with_a_late_manifest(url, tmp_path, catalogue, sql, manifest):
    catalogue.record([manifest(0, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])])
    sql("ALTER TABLE page DETACH PARTITION page_20270115 CONCURRENTLY")  # and then the power went
    again = open_catalogue(tmp_path, url)
    again.record([manifest(1, minute_ns=NOON, segments=[(1, NOON, 60_000, 1)])])
    assert again.totals(0, 2**62).segments == 1
    assert again.at(CAM_1, NOON) is None
    again.close()


def test_a_day_dropped_by_another_process_is_made_again_by_the_next_try(url, tmp_path, catalogue, manifest):
    catalogue.record([manifest(0, minute_ns=NOON)])
    other = open_catalogue(tmp_path, url)
    other.drop_day(TODAY)
    other.close()
    late = manifest(1, minute_ns=NOON, segments=[(0, NOON, 60_000, 1)])
    with pytest.raises(CatalogueError, match="no partition"):
        catalogue.record([late])
    catalogue.record([late])
    assert catalogue.at(CAM_1, NOON) is not None


def test_two_centres_may_open_a_new_database_at_once(url, tmp_path, sql):
    sql("CREATE DATABASE fresh")
    fresh = url.replace("/postgres?", "/fresh?")
    one, two = open_catalogue(tmp_path, fresh), open_catalogue(tmp_path, fresh)
    one.prepare(NOON)
    two.prepare(NOON)
    assert one.days() == two.days()
    one.close()
    two.close()


def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path):
    with pytest.raises(CatalogueError, match=r"media disks are not harmed") as told:
        open_catalogue(tmp_path, f"postgresql://csu:s3cret@/postgres?host={tmp_path}")
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("url", ["mysql://host/base", "nonsense", "sqlite:///x"])
def test_another_kind_of_database_is_bad_input(tmp_path, url):
    with pytest.raises(BadInput, match="CSU_DATABASE_URL"):
        open_catalogue(tmp_path, url)


def test_without_an_address_it_is_a_file_a_day(tmp_path, manifest):
    for url in (None, ""):
        catalogue = open_catalogue(tmp_path / "catalogue", url)
        catalogue.record([manifest(0, minute_ns=NOON)])
        catalogue.close()
    assert [path.name for path in (tmp_path / "catalogue").iterdir()] == ["2027-01-15.sqlite"]


def test_a_url_of_heroku_and_of_sqlalchemy_are_both_understood(url):
    for scheme in ("postgres:", "postgresql+psycopg:"):
        days = PostgresDays(url.replace("postgresql:", scheme))
        Catalogue(days).close()
