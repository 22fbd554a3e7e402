"""`csu statistics enter|show|export`: what is counted, by which decision; what is told of it; files of it.

Who one is, one declares. A running centre goes by what was entered within a second, and by the same rules as here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.centre_key import key_of_centre
from csu.centre.dpo.signs import FILE as SIGNS_FILE
from csu.centre.dpo.signs import SignsOfCentre
from csu.centre.events import Trouble
from csu.centre.papers import Papers
from csu.centre.registers.journal_beside import journal_beside
from csu.centre.rooms.statistics_room import StatisticsHome, StatisticsRoom
from csu.governance import CentreKey, JournalEntry, Operation
from csu.governance.journal_entry import account_of
from csu.hal.camera import CommuneId
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock
from csu.operations.communes_file import FILE_NAME, read_communes
from csu.statistics import Counter, CounterLedger, Counters, CountStore, counters_from, counters_text
from csu.statistics.count_store import FILE as COUNTS_FILE
from csu.statistics.counter_ledger import FILE as COUNTERS_FILE
from csu.statistics.flows import day_sums

EXIT_DOES_NOT_HOLD = 1

app = typer.Typer(
    help=say("Comptages : trafic, fréquentation, bornes.", "Counts: traffic, footfall, bins."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Centre = Annotated[Path, typer.Option("--centre", help=say("dossier du centre", "the centre's directory"))]
_Commune = Annotated[str, typer.Option("--commune", help=say("la commune", "the commune"))]
_First = Annotated[str, typer.Option("--first", help=say("premier jour, AAAA-MM-JJ", "first day, YYYY-MM-DD"))]
_Last = Annotated[str, typer.Option("--last", help=say("dernier jour, AAAA-MM-JJ", "last day, YYYY-MM-DD"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


class FileFormat(StrEnum):
    """How counts are written."""

    CSV = "csv"
    PARQUET = "parquet"


@app.command("enter", help=say("Saisir les compteurs ; ils remplacent les autres.", "Enter counters, for the others."))
def enter_command(
    file: Annotated[Path, typer.Argument(help=say("compteurs (JSON)", "counters (JSON)"))],
    centre: _Centre,
    by: Annotated[str, typer.Option("--by", help=say("qui saisit (déclaré)", "who enters them (declared)"))],
    reason: Annotated[str, typer.Option("--reason", help=say("pourquoi", "why"))],
    as_json: _Json = False,
) -> int:
    """They hold at once, whole. Exit code: 0 all may count now, 1 some may not (they say why), 2 bad input."""
    counters, key = _read(file), key_of_centre(centre)
    digest = hashlib.sha256(counters_text(counters).encode()).hexdigest()
    entry = JournalEntry(Operation.CONFIG, account_of(by), "declared", subject="counters/entered", sha256=digest)
    ledger = CounterLedger(centre / COUNTERS_FILE, key)
    try:
        with journal_beside(centre, SystemClock()) as note:
            note([entry])
            entered = ledger.enter(counters, by=by, reason=reason, at_ns=SystemClock().now_ns())
    finally:
        ledger.close()
    return asyncio.run(_show(centre, key, as_json, {"entered": entered}))


@app.command("show", help=say("Les compteurs, et lesquels comptent.", "The counters, and which of them count."))
def show_command(centre: _Centre, as_json: _Json = False) -> int:
    """Exit code: 0 all may count now, 1 some may not (they say why), 2 bad input."""
    return asyncio.run(_show(centre, key_of_centre(centre), as_json, {}))


@app.command("export", help=say("Écrire ce qui peut être lu, en CSV ou Parquet.", "Write what may be read."))
def export_command(
    centre: _Centre,
    commune: _Commune,
    first: _First,
    last: _Last,
    out: Annotated[Path, typer.Option("--out", help=say("fichier à écrire", "file to write"))],
    file_format: Annotated[FileFormat, typer.Option("--format", help="csv, parquet")] = FileFormat.CSV,
    as_json: _Json = False,
) -> int:
    """Exit code: 0 written, 1 nothing is told of these days (a file of titles is written), 2 bad input."""
    period = (_day(first, "--first"), _day(last, "--last"))
    return asyncio.run(_export(centre, CommuneId(commune), period, out, file_format, as_json))


async def _show(centre: Path, key: CentreKey, as_json: bool, more: dict[str, Any]) -> int:
    async with _room(centre, key) as room:
        lines = [
            await _line(room, commune, counter)
            for commune in room.communes()
            for counter in await room.counters(commune)
        ]
    if as_json:
        print(json.dumps({**more, "counters": lines}, ensure_ascii=False))
    else:
        _print(lines)
    return 0 if all(each["counts"] for each in lines) else EXIT_DOES_NOT_HOLD


async def _line(room: StatisticsRoom, commune: CommuneId, counter: Counter) -> dict[str, Any]:
    standing, today = await room.standing(counter), room.last_day()
    (*_, now) = day_sums(await room.told([counter], today, today)) or (None,)
    return {
        "counter": counter.counter,
        "commune": commune,
        "kind": counter.kind.value,
        "place": counter.place,
        "ends_on": counter.ends_on.isoformat(),
        "counts": standing.permitted,
        "why": standing.reason.in_language(current_language()),
        "today_at_least": None if now is None else now.count,
    }


async def _export(
    centre: Path, commune: CommuneId, period: tuple[date, date], out: Path, file_format: FileFormat, as_json: bool
) -> int:
    from csu.statistics.export import csv_bytes, parquet_bytes, rows_of  # Arrow takes a while to load

    async with _room(centre, key_of_centre(centre)) as room:
        if commune not in room.communes() or not room.first_day() <= period[0] <= period[1] <= room.last_day():
            raise BadInput(
                Words(
                    "commune inconnue, ou jours qui ne sont pas gardés", "no such commune, or days that are not kept"
                ),
                where=commune,
                what_to_do=Words(
                    f"De {room.first_day()} à {room.last_day()} ; csu statistics show nomme les communes",
                    f"From {room.first_day()} to {room.last_day()}; csu statistics show names the communes",
                ),
            )
        counters = await room.counters(commune)
        rows = rows_of(commune, counters, await room.told(counters, *period))
    data = csv_bytes(rows) if file_format is FileFormat.CSV else parquet_bytes(rows)
    try:
        out.write_bytes(data)
    except OSError as error:
        raise BadInput(
            Words(f"fichier impossible à écrire ({error})", f"the file cannot be written ({error})"),
            where=str(out),
            what_to_do=Words("Choisissez un autre fichier", "Choose another file"),
        ) from error
    if as_json:
        print(json.dumps({"file": str(out), "rows": len(rows)}, ensure_ascii=False))
    else:
        print(say(f"{len(rows)} lignes dans {out}", f"{len(rows)} rows in {out}"))
    return 0 if rows else EXIT_DOES_NOT_HOLD


@asynccontextmanager
async def _room(centre: Path, key: CentreKey) -> AsyncIterator[StatisticsRoom]:
    """The room over the files of a centre, to read: it takes in nothing."""
    clock = SystemClock()
    papers = Papers.open(centre / "orders.sqlite", key)
    signs, path = SignsOfCentre(centre / SIGNS_FILE, key, clock), centre / FILE_NAME
    said = read_communes(path) if path.is_file() else None

    def name(commune: CommuneId) -> str:
        spec = None if said is None else said.of(commune)
        return commune if spec is None else spec.name

    def tell(trouble: Trouble) -> None:
        typer.echo(f"{trouble.where}: {trouble.what.in_language(current_language())}", err=True)

    ledger = CounterLedger(centre / COUNTERS_FILE, key)
    store = CountStore(centre / COUNTS_FILE)
    try:
        yield StatisticsRoom(StatisticsHome(centre, clock, papers, key, signs.register, name, tell), ledger, store)
    finally:
        for each in (ledger, store, signs, papers):
            each.close()


def _read(path: Path) -> Counters:
    """Raises BadInput, CountersUnusable."""
    try:
        return counters_from(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            Words(f"compteurs illisibles ({error})", f"the counters cannot be read ({error})"),
            where=str(path),
            what_to_do=Words("Donnez le fichier JSON des compteurs", "Give the JSON file of the counters"),
        ) from error


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            Words(f"{text!r} n'est pas un jour", f"{text!r} is no day"),
            where=option,
            what_to_do=Words("Écrivez 2026-11-30", "Write 2026-11-30"),
        ) from error


def _print(lines: list[dict[str, Any]]) -> None:
    table = Table(box=None)
    titles = (("commune", "commune"), ("genre", "kind"), ("compteur", "counter"), ("lieu", "place"))
    for french, english in (*titles, ("compte", "counts"), ("aujourd'hui, au moins", "today, at least"), ("", "")):
        table.add_column(say(french, english))
    for each in lines:
        today = "-" if each["today_at_least"] is None else str(each["today_at_least"])
        counts = say("oui", "yes") if each["counts"] else say("non", "no")
        table.add_row(
            each["commune"],
            each["kind"],
            each["counter"],
            each["place"],
            counts,
            today,
            "" if each["counts"] else each["why"],
        )
    Console(highlight=False).print(table)
