"""`csu orders check|enter|show`: prefects' orders and agreements as the manager of a centre enters and reads them.

Who one is, one declares: csu has no login yet. A running centre goes by what was entered within a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.centre_key import key_of_centre
from csu.centre.registers.journal_beside import journal_beside
from csu.governance import (
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    JournalEntry,
    Operation,
    OrderLedger,
    facts_from,
    facts_text,
    in_paris,
)
from csu.governance.journal_entry import account_of
from csu.hal.clock import Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

EXIT_DOES_NOT_HOLD = 1

app = typer.Typer(
    help=say("Arrêtés, conventions : qui peut être filmé, et jusqu'à quand.", "Orders and agreements, and their end."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Centre = Annotated[Path, typer.Option("--centre", help=say("dossier du centre", "the centre's directory"))]
_Papers = Annotated[Path, typer.Argument(help=say("arrêtés et pièces (JSON)", "orders and papers (JSON)"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("check", help=say("Ces pièces sont-elles utilisables ?", "Can these papers be used?"))
def check_command(papers: _Papers, as_json: _Json = False) -> int:
    """What they would permit now. Exit code: 0 all cameras may record, 1 some may not, 2 bad input."""
    return _tell(AuthorisationRegister(read_papers(papers)), SystemClock().now_ns(), as_json, {"file": str(papers)})


@app.command(
    "enter", help=say("Saisir des pièces ; elles remplacent les autres.", "Enter papers, instead of the others.")
)
def enter_command(
    papers: _Papers,
    centre: _Centre,
    by: Annotated[str, typer.Option("--by", help=say("qui saisit (déclaré)", "who enters them (declared)"))],
    reason: Annotated[str, typer.Option("--reason", help=say("pourquoi", "why"))],
    as_json: _Json = False,
) -> int:
    """They hold at once, whole. Exit code: 0 all cameras may record, 1 some may not, 2 bad input (nothing changed)."""
    facts, now_ns = read_papers(papers), SystemClock().now_ns()
    AuthorisationRegister(facts)  # what contradicts itself is refused before anything is written of it
    entry = JournalEntry(
        Operation.CONFIG,
        account_of(by),
        "declared",
        subject="orders/entered",
        sha256=hashlib.sha256(facts_text(facts).encode()).hexdigest(),
    )
    with _opened(centre) as ledger, journal_beside(centre, SystemClock()) as note:
        note([entry])
        entered = ledger.enter(facts, by=by, reason=reason, at_ns=now_ns)
        return _tell(ledger.register, now_ns, as_json, {"entered": entered, "entries": len(ledger.entries)})


@app.command("show", help=say("Ce qui vaut maintenant, caméra par caméra.", "What holds now, camera by camera."))
def show_command(
    centre: _Centre,
    papers: Annotated[bool, typer.Option("--papers", help=say("les pièces elles-mêmes", "the papers as such"))] = False,
    as_json: _Json = False,
) -> int:
    """Exit code: 0 all cameras may record, 1 some may not, 2 bad input."""
    with _opened(centre) as ledger:
        if papers:
            print(facts_text(ledger.register.facts))
            return 0
        history = [
            {"by": each.by, "reason": each.reason, "at": in_paris(each.at_ns), "sha256": each.digest}
            for each in ledger.entries
        ]
        return _tell(ledger.register, SystemClock().now_ns(), as_json, {"history": history})


def read_papers(path: Path) -> AuthorisationFacts:
    """Papers from a file. Raises BadInput, AuthorisationUnusable."""
    try:
        return facts_from(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            Words(f"arrêtés illisibles ({error})", f"the orders cannot be read ({error})"),
            where=str(path),
            what_to_do=Words("Donnez le fichier JSON des arrêtés", "Give the JSON file of the orders"),
        ) from error


@contextmanager
def _opened(centre: Path) -> Iterator[OrderLedger]:
    """The ledger of a centre, which must exist."""
    key = key_of_centre(centre)
    ledger = OrderLedger(centre / "orders.sqlite", key)
    try:
        yield ledger
    finally:
        ledger.close()


def _tell(register: AuthorisationRegister, now_ns: Nanoseconds, as_json: bool, more: dict[str, Any]) -> int:
    told = {
        "at": in_paris(now_ns),
        **more,
        "orders": [_order(each, now_ns) for each in register.facts.authorisations],
        "cameras": [_camera(register, each.camera, now_ns) for each in register.facts.cameras],
        "ends_soon": [
            {"number": each.number, "end_day": each.end_day.isoformat(), "days_left": each.days_left}
            for each in register.warnings(now_ns)
        ],
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)
    return 0 if all(each["may_record"] for each in told["cameras"]) else EXIT_DOES_NOT_HOLD


def _order(order: Authorisation, now_ns: Nanoseconds) -> dict[str, Any]:
    stop = order.interruption(now_ns)
    return {
        "number": order.number,
        "from_day": order.valid_from.isoformat(),
        "end_day": order.end_day.isoformat(),
        "in_force": order.span.holds(now_ns) and stop is None,
        "interruption": stop.reference if stop else None,
        "retention_days": order.retention_days,
        "minimum_days": order.minimum_days,
    }


def _camera(register: AuthorisationRegister, camera: Any, now_ns: Nanoseconds) -> dict[str, Any]:
    said = register.may_record(camera, now_ns)
    until_ns = register.recorded_until_ns(camera, now_ns) if said.permitted else None
    return {
        "camera": camera,
        "commune": register.commune_of(camera),
        "may_record": said.permitted,
        "may_watch": register.may_view_live(camera, now_ns).permitted,
        "why": said.reason.in_language(current_language()),
        "source": said.source,
        "until": in_paris(until_ns) if until_ns is not None else None,
    }


def _show(told: dict[str, Any]) -> None:
    console, table = Console(highlight=False), Table(box=None)
    titles = (("caméra", "camera"), ("commune", "commune"), ("enregistrée", "recorded"), ("vue", "watched"))
    for french, english in (*titles, ("jusqu'au", "until"), ("pourquoi", "why")):
        table.add_column(say(french, english))
    yes, no = say("oui", "yes"), say("non", "no")
    for each in told["cameras"]:
        marks = [yes if each[name] else no for name in ("may_record", "may_watch")]
        table.add_row(each["camera"], each["commune"], *marks, each["until"] or "-", each["why"])
    console.print(table)
    for each in told["ends_soon"]:
        text = say(
            f"{each['number']} prend fin le {each['end_day']} : {each['days_left']} j",
            f"{each['number']} ends on {each['end_day']}: {each['days_left']} d",
        )
        console.print(text, style="bold yellow", markup=False)
    closed = sum(not each["may_record"] for each in told["cameras"])
    if closed:
        console.print(say(f"{closed} caméras fermées", f"{closed} cameras closed"), style="bold red")
