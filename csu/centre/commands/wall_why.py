"""`csu wall why`: why a tile of the wall showed what it did: from a centre's journal, or from the decisions of a run.

Whoever may read the journal reads this (`csu journal show`): it is in the same files, and names cameras.

Exit codes: 0 it is told, 1 the tile was not up (or not yet), 2 a file, a directory or an instant cannot be used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from csu.centre.commands.journal import require_journal
from csu.centre.rooms.wall_journal import decisions_of, letters_of
from csu.governance.journal_entry import Operation
from csu.governance.journal_reading import read_journal
from csu.governance.legal_calendar import PARIS
from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock
from csu.wall import SlotId
from csu.wall.directing.account import Told, account_of, at, decision_of

NEVER_UP = 1
FILE_MAX_BYTES = 200_000_000


def why_command(
    tile: Annotated[str, typer.Argument(help=say("l'emplacement", "the tile"))],
    decisions: Annotated[
        Path | None,
        typer.Option("--decisions", help=say("décisions (csu sim run --wall)", "decisions (csu sim run --wall)")),
    ] = None,
    instant: Annotated[str | None, typer.Option("--at", help="2026-11-28T14:08:05 (Europe/Paris)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", help=say("dossier d'un centre : son journal", "a centre's directory: its journal")),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", help=say("avec --data : depuis, sinon un jour", "with --data: from, else a day")),
    ] = None,
) -> int:
    """Each change of the tile with its cause; with `--at`, what held then."""
    if (decisions is None) is (data is None):
        what = Words("--data ou --decisions", "--data or --decisions")
        raise _unusable("--data", Words(f"il faut {what.fr}", f"give {what.en}"))
    at_ns = None if instant is None else _in_second_ns(instant)
    if data is not None:
        account = _of_journal(data / "journal", tile, since, at_ns)
    else:
        assert decisions is not None  # noqa: S101 - one of the two is given
        account = account_of(SlotId(tile), [decision_of(line, n) for n, line in enumerate(_lines(decisions), 1)])
    if at_ns is not None:
        then = at(account, at_ns)
        account = [then] if then is not None else []
    _tell(tile, account, as_json)
    return 0 if account else NEVER_UP


def _of_journal(journal: Path, tile: str, since: str | None, at_ns: Nanoseconds | None) -> list[Told]:
    """What the journal tells of the tile, from `since` (a day before the end, when nobody says)."""
    require_journal(journal)
    to_ns = None if at_ns is None else at_ns + 1
    from_ns = (to_ns or SystemClock().now_ns()) - NS_PER_DAY if since is None else _ns(since)
    rows = read_journal(journal, max(from_ns, 0), to_ns, operation=Operation.WALL_LAYOUT)
    decided = decisions_of(rows)
    named = (account_of(SlotId(name), decided) for name in (tile, letters_of(tile)))
    return next((account for account in named if account), [])


def _tell(tile: str, account: Sequence[Told], as_json: bool) -> None:
    language = current_language()
    if as_json:
        told = [
            {
                "at": _time(each),
                "scene": each.scene,
                "camera": each.camera,
                "was": each.was,
                "cause": each.cause.kind.value,
                "ref": each.cause.ref,
                "words": each.words.in_language(language),
            }
            for each in account
        ]
        print(json.dumps({"tile": tile, "told": told}, ensure_ascii=False))
        return
    for each in account:
        print(f"{_time(each)}  {each.words.in_language(language)}")
    if not account:
        print(say(f"{tile} : pas affiché", f"{tile}: not up"))


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise _unusable(str(path), Words("fichier trop grand", "the file is too large"))
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(str(path), Words("fichier illisible", "the file cannot be read")) from error


def _ns(instant: str) -> Nanoseconds:
    try:
        given = datetime.fromisoformat(instant)
    except ValueError as error:
        raise _unusable("--at", Words(f"{instant!r} n'est pas un instant", f"{instant!r} is no instant")) from error
    aware = given if given.tzinfo is not None else given.replace(tzinfo=PARIS)
    return int(aware.timestamp() * 1000) * (NS_PER_S // 1000)


def _time(told: Told) -> str:
    return datetime.fromtimestamp(told.at_ns // NS_PER_S, PARIS).isoformat()


def _in_second_ns(instant: str) -> Nanoseconds:
    """Its last instant, when it is written by the second, as the account is: whoever copies a line gets that line."""
    at_ns = _ns(instant)
    return at_ns + NS_PER_S - 1 if at_ns % NS_PER_S == 0 else at_ns


def _unusable(where: str, what: Words) -> BadInput:
    return BadInput(what, where=where, what_to_do=Words("Donnez-en un autre", "Give another"))
