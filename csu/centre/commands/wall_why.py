"""`csu wall why`: why a tile of the wall showed what it did, read from the decisions of its director.

Exit codes: 0 it is told, 1 the tile was never up (or not yet), 2 the file or the instant cannot be used.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from csu.governance.legal_calendar import PARIS
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.wall import SlotId
from csu.wall.directing.account import Told, account_of, at, decision_of

NEVER_UP = 1
FILE_MAX_BYTES = 200_000_000


def why_command(
    tile: Annotated[str, typer.Argument(help=say("l'emplacement", "the tile"))],
    decisions: Annotated[
        Path,
        typer.Option("--decisions", help=say("décisions (csu sim run --wall)", "decisions (csu sim run --wall)")),
    ],
    instant: Annotated[str | None, typer.Option("--at", help="2026-11-28T14:08:05 (Europe/Paris)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> int:
    """Each change of the tile with its cause; with `--at`, what held then."""
    account = account_of(SlotId(tile), [decision_of(line, n) for n, line in enumerate(_lines(decisions), 1)])
    if instant is not None:
        then = at(account, _ns(instant))
        account = [then] if then is not None else []
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
    else:
        for each in account:
            print(f"{_time(each)}  {each.words.in_language(language)}")
        if not account:
            print(say(f"{tile} : jamais affiché", f"{tile}: never up"))
    return 0 if account else NEVER_UP


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


def _unusable(where: str, what: Words) -> BadInput:
    return BadInput(what, where=where, what_to_do=Words("Donnez-en un autre", "Give another"))
