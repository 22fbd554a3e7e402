"""What is told of counters as files: CSV for a spreadsheet in French, Parquet for programs. The same rows in both.

CSV: UTF-8 with a byte-order mark (spreadsheets ask for it), semicolons, comma as the decimal sign (no figure has one:
counts are whole), times as ISO 8601 of Paris with their offset, a line of titles. Parquet: typed columns, times in UTC.
A figure that is withheld has no count, and `valeur` says why: `moins_de_5`, `lacune`; a count says `compte`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from csu.governance import in_paris
from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds
from csu.statistics.counters import Counter, CounterKind
from csu.statistics.flows import ToldDay
from csu.statistics.publication import Told

VALUES = {Told.COUNT: "compte", Told.SMALL: "moins_de_5", Told.GAP: "lacune"}
COLUMNS = ("commune", "genre", "compteur", "lieu", "compte_quoi", "sens", "vers", "debut", "fin", "nombre", "valeur")
_TEXT = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("commune", _TEXT),
        ("genre", _TEXT),
        ("compteur", _TEXT),
        ("lieu", _TEXT),
        ("compte_quoi", _TEXT),
        ("sens", _TEXT),
        ("vers", _TEXT),
        ("debut", pa.timestamp("ms", tz="UTC")),
        ("fin", pa.timestamp("ms", tz="UTC")),
        ("nombre", pa.int32()),
        ("valeur", _TEXT),
    ],
    metadata={
        "csu": "agrégats anonymes ; publiés après un délai ; de 1 à 4 : non dit (moins_de_5) ; non observé : lacune",
    },
)
_FORMULA = ("=", "+", "-", "@", "\t")
"""What a spreadsheet would compute: such a text is quoted by an apostrophe."""
GENRES = {CounterKind.TRAFFIC: "trafic", CounterKind.FOOTFALL: "frequentation", CounterKind.BIN: "borne"}
WAYS = {True: "aller", False: "retour"}


@dataclass(frozen=True, slots=True)
class Row:
    """One told figure."""

    commune: str
    genre: str
    compteur: str
    lieu: str
    compte_quoi: str
    sens: str
    vers: str
    debut_ns: Nanoseconds
    fin_ns: Nanoseconds
    nombre: int | None
    valeur: str


def rows_of(commune: CommuneId, counters: Iterable[Counter], days: Iterable[ToldDay]) -> list[Row]:
    """Every figure of the days, by counter, class, way and time; gaps that touch each other are one row."""
    known: Mapping[str, Counter] = {each.counter: each for each in counters}
    rows: list[Row] = []
    for told in sorted(days, key=_order):
        series, counter = told.series, known[told.series.counter]
        way = WAYS[series.is_forward] if counter.kind is not CounterKind.BIN else ""
        towards = counter.forward if series.is_forward else counter.backward
        for each in told.figures:
            row = Row(
                commune,
                GENRES[counter.kind],
                counter.counter,
                counter.place,
                series.counted,
                way,
                towards,
                each.from_ns,
                each.to_ns,
                each.count,
                VALUES[each.told],
            )
            if rows and each.told is Told.GAP and _goes_on(rows[-1], row):
                row = Row(*_texts(row), rows.pop().debut_ns, row.fin_ns, None, row.valeur)
            rows.append(row)
    return rows


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """The file."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        texts = [f"'{each}" if each.startswith(_FORMULA) else each for each in _texts(row)]
        count = "" if row.nombre is None else row.nombre
        writer.writerow([*texts, _iso(row.debut_ns), _iso(row.fin_ns), count, row.valeur])
    return text.getvalue().encode("utf-8-sig")


def parquet_bytes(rows: Sequence[Row]) -> bytes:
    """The file."""
    columns = list(zip(*(_texts(row) for row in rows), strict=True)) or [()] * len(_texts_names())
    arrays = [pa.array(list(column), type=pa.string()).dictionary_encode() for column in columns]
    arrays += [_times(row.debut_ns for row in rows), _times(row.fin_ns for row in rows)]
    arrays.append(pa.array([row.nombre for row in rows], type=pa.int32()))
    arrays.append(pa.array([row.valeur for row in rows], type=pa.string()).dictionary_encode())
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA), out, compression="zstd")
    return out.getvalue()


def _order(told: ToldDay) -> tuple[str, str, bool, date]:
    series = told.series
    return series.counter, series.counted, not series.is_forward, told.day


def _texts(row: Row) -> tuple[str, str, str, str, str, str, str]:
    return row.commune, row.genre, row.compteur, row.lieu, row.compte_quoi, row.sens, row.vers


def _texts_names() -> tuple[str, ...]:
    return COLUMNS[:7]


def _times(instants: Iterable[Nanoseconds]) -> pa.Array:
    return pa.array([at_ns // 1_000_000 for at_ns in instants], type=pa.timestamp("ms", tz="UTC"))


def _goes_on(before: Row, row: Row) -> bool:
    return before.valeur == row.valeur and before.fin_ns == row.debut_ns and _texts(before) == _texts(row)


def _iso(at_ns: Nanoseconds) -> str:
    """`2026-11-30T08:15:00+01:00`."""
    day, time, offset = in_paris(at_ns).split()
    return f"{day}T{time}{offset}"
