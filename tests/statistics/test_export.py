"""CSV and Parquet hold the same typed rows; what is withheld is withheld in both."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pyarrow.parquet as pq

from csu.hal.camera import CommuneId
from csu.statistics.export import COLUMNS, csv_bytes, parquet_bytes, rows_of
from tests.statistics.builders import a_bin, a_line, told_day

METZ = CommuneId("metz")


def some_rows():
    counters = [a_line(place="=Rue Serpenoise"), a_bin("ligne-2")]
    days = [told_day([None, None, 0, 7, 3] + [0] * 19), told_day([6] * 24, counter="ligne-2")]
    return rows_of(METZ, counters, days)


def test_a_spreadsheet_in_french_reads_the_csv():
    data = csv_bytes(some_rows())
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert tuple(lines[0]) == COLUMNS
    first = [(line["debut"], line["fin"], line["nombre"], line["valeur"]) for line in lines[:4]]
    assert first == [
        ("2026-11-02T00:00:00+01:00", "2026-11-02T02:00:00+01:00", "", "lacune"),
        ("2026-11-02T02:00:00+01:00", "2026-11-02T03:00:00+01:00", "0", "compte"),
        ("2026-11-02T03:00:00+01:00", "2026-11-02T04:00:00+01:00", "7", "compte"),
        ("2026-11-02T04:00:00+01:00", "2026-11-03T00:00:00+01:00", "", "moins_de_5"),
    ]
    assert (lines[0]["genre"], lines[0]["sens"], lines[0]["vers"]) == ("trafic", "aller", "vers la gare")
    assert lines[0]["lieu"] == "'=Rue Serpenoise", "a spreadsheet computes nothing of it"
    assert (lines[-1]["genre"], lines[-1]["sens"]) == ("borne", "")


def test_parquet_has_the_same_rows_with_types():
    rows = some_rows()
    table = pq.read_table(io.BytesIO(parquet_bytes(rows)))
    assert tuple(table.column_names) == COLUMNS
    types = [str(table.schema.field(name).type) for name in ("debut", "nombre", "commune")]
    assert types == ["timestamp[ms, tz=UTC]", "int32", "dictionary<values=string, indices=int32, ordered=0>"]
    assert table["nombre"].to_pylist() == [row.nombre for row in rows]
    assert table["valeur"].to_pylist()[:4] == ["lacune", "compte", "compte", "moins_de_5"]
    assert table["debut"].to_pylist()[0] == datetime(2026, 11, 1, 23, tzinfo=UTC)
    assert "moins_de_5" in table.schema.metadata[b"csu"].decode()


def test_nothing_counted_is_a_file_without_rows():
    assert pq.read_table(io.BytesIO(parquet_bytes([]))).num_rows == 0
    assert csv_bytes([]).decode("utf-8-sig").strip() == ";".join(COLUMNS)
