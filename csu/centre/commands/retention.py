"""`csu retention plan|show|loss`: what is to be destroyed now and next, how long each day that is kept has to live, and
what giving up footage for space would take.

It looks and destroys nothing: the centre destroys, each minute (`csu.centre.purge.purge`), because it alone knows which
holds and locks count. Where it does not run, nothing is destroyed, and nothing may be served either.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.orders import read_papers
from csu.governance import AuthorisationRegister, LocalDoctrine, Span, rules_over
from csu.governance.legal_calendar import PARIS, in_paris
from csu.governance.retention import expiry_of, minimum_end_of
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import say
from csu.machine import SystemClock
from csu.recording import Catalogue, open_catalogue
from csu.recording.agenda import Agenda
from csu.recording.destruction import (
    HOUR_NS,
    DestructionPlan,
    Footage,
    Protection,
    Rules,
    earlier,
    last_expiry_ns,
    span_of_utc_day,
    stretches,
)
from csu.recording.hour_footage import HourFootage
from csu.recording.known_rules import KnownRules
from csu.recording.space import GIB
from csu.recording.space_left import loss_to_declare

EXIT_LATE = EXIT_IMPOSSIBLE = 1

app = typer.Typer(
    help=say("Ce qui expire, et quand.", "What expires, and when."), no_args_is_help=True, rich_markup_mode=None
)

_Catalogue = Annotated[Path, typer.Option("--catalogue", help=say("dossier du catalogue", "the catalogue's directory"))]
_Orders = Annotated[Path, typer.Option("--orders", help=say("arrêtés et pièces (JSON)", "orders and papers (JSON)"))]
_At = Annotated[
    str | None, typer.Option("--at", help=say("à cet instant de Paris (AAAA-MM-JJ hh:mm)", "at this instant of Paris"))
]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("plan")
def plan_command(catalogue: _Catalogue, orders: _Orders, at: _At = None, as_json: _Json = False) -> int:
    """What is due now by orders, doctrine and month; holds and locks left out. Exit code: 0 nothing is late, 1 late."""
    now_ns, register = _instant(at), AuthorisationRegister(read_papers(orders))
    found = _plan(_opened(catalogue), register, now_ns)
    due: Counter[tuple[str, str]] = Counter()
    for each in found.destroy:
        due[each.commune, each.key.day.isoformat()] += 1
    told = {
        "at": in_paris(now_ns),
        "due_segments": len(found.destroy),
        "due_bytes": sum(each.size_bytes for each in found.destroy),
        "due": [{"commune": commune, "day": day, "segments": count} for (commune, day), count in sorted(due.items())],
        "late_s": round(found.late_ns / NS_PER_S, 3),
        "next": None if found.next_ns is None else in_paris(found.next_ns),
        "unlawful_segments": found.unlawful,
        "holds_and_locks": "not counted",
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show_plan(told)
    return EXIT_LATE if found.late_ns > 0 else 0


@app.command("show")
def show_command(catalogue: _Catalogue, orders: _Orders, at: _At = None, as_json: _Json = False) -> None:
    """Each UTC day that is kept, and when its first and last footage expires. Exit code: 0 shown, 2 bad input."""
    now_ns, register, opened = _instant(at), AuthorisationRegister(read_papers(orders)), _opened(catalogue)
    rules, cameras = _rules(register), [each.camera for each in register.facts.cameras]
    days = [_day(opened, rules, cameras, day) for day in opened.days()]
    told = {"at": in_paris(now_ns), "days": days}
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    table = Table(box=None)
    for title in (
        say("jour UTC", "UTC day"),
        say("segments", "segments"),
        say("Mo", "MB"),
        say("expire du", "expires from"),
        say("au", "to"),
    ):
        table.add_column(title)
    for row in days:
        table.add_row(*(str(row[name]) for name in ("day", "segments", "megabytes", "first", "last")))
    Console().print(table)


@app.command("loss")
def loss_command(
    catalogue: _Catalogue,
    orders: _Orders,
    gib: Annotated[float, typer.Option(min=0.0, help=say("place voulue, en Gio", "space wanted, in GiB"))],
    at: _At = None,
    as_json: _Json = False,
) -> int:
    """The oldest past their lawful minimum, enough to gain that space. Exit code: 0 these, 1 not even all would do."""
    now_ns, register, opened = _instant(at), AuthorisationRegister(read_papers(orders)), _opened(catalogue)
    rules = _rules(register)
    footage = [each for day in opened.days() for each in _oldest_first(opened, register, day)]
    pieces = {each.name: rules(each.camera, each.span) for each in footage}
    due = {name: last_expiry_ns(of) for name, of in pieces.items()}
    minima = {name: minimum_end_of(of) for name, of in pieces.items()}
    found = loss_to_declare(footage, due, minima, round(gib * GIB), now_ns)
    stretch = stretches(found.footage, ()) if found is not None else {}
    told = {
        "at": in_paris(now_ns),
        "possible": found is not None,
        "segments": len(found.footage) if found is not None else 0,
        "bytes": found.bytes if found is not None else 0,
        "days_early_max": round(found.days_early_max, 1) if found is not None else 0.0,
        "from_to": {camera: [[in_paris(s.from_ns), in_paris(s.to_ns)] for s in of] for camera, of in stretch.items()},
        "holds_and_locks": "not counted",
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for name, value in told.items():
            Console(highlight=False).print(f"{name}: {value}", markup=False)
    return 0 if found is not None else EXIT_IMPOSSIBLE


def _oldest_first(catalogue: Catalogue, register: AuthorisationRegister, day: date) -> list[Footage]:
    span = span_of_utc_day(day)
    return sorted(_footage(catalogue, register, span), key=lambda each: each.span.from_ns)


def _footage(catalogue: Catalogue, register: AuthorisationRegister, within: Span) -> Iterator[Footage]:
    communes = {each.camera: each.commune for each in register.facts.cameras}
    for row in catalogue.listing(within.from_ns, within.to_ns):
        span = Span(row.start_ns, row.start_ns + max(1, row.duration_ms) * NS_PER_MS)
        yield Footage(row.camera, communes.get(row.camera, CommuneId("-")), span, row.size_bytes)


def _day(catalogue: Catalogue, rules: Rules, cameras: list[CameraId], day: date) -> dict[str, Any]:
    living, span = catalogue.living_of_day(day), span_of_utc_day(day)
    governed = {tuple(rules(camera, span)) for camera in cameras}  # the cameras of one order have one answer
    first = min(map(expiry_of, governed), default=None)
    last = max(map(last_expiry_ns, governed), default=None)
    return {
        "day": day.isoformat(),
        "segments": living.segments,
        "megabytes": round(living.bytes / 1e6, 1),
        "first": None if first is None else in_paris(first),
        "last": None if last is None else in_paris(last),
    }


def _plan(catalogue: Catalogue, register: AuthorisationRegister, now_ns: Nanoseconds) -> DestructionPlan:
    communes = {each.camera: each.commune for each in register.facts.cameras}
    rules = KnownRules(_rules(register))
    days, whole = catalogue.days(), DestructionPlan()
    if not days:
        return whole
    oldest_ns = span_of_utc_day(days[0]).from_ns - HOUR_NS  # a segment over midnight is of the next day's file
    for hour in Agenda().due(oldest_ns, register.shortest_days(LocalDoctrine()), now_ns):
        living = catalogue.living_segments(hour.from_ns, hour.to_ns)
        found = HourFootage(hour, living, rules, communes).plan(now_ns, Protection())
        whole = replace(
            whole,
            destroy=(*whole.destroy, *found.destroy),
            next_ns=earlier(whole.next_ns, found.next_ns),
            unlawful=whole.unlawful + found.unlawful,
            late_ns=max(whole.late_ns, found.late_ns),
        )
    return whole


def _rules(register: AuthorisationRegister) -> Rules:
    doctrine = LocalDoctrine()
    return lambda camera, span: rules_over(register, doctrine, camera, span)


def _show_plan(told: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(
        say(
            f"{told['at']} : {told['due_segments']} segments à détruire ({told['due_bytes'] / 1e6:.1f} Mo), "
            f"retard {told['late_s']} s ; prochain examen {told['next']}",
            f"{told['at']}: {told['due_segments']} segments to destroy ({told['due_bytes'] / 1e6:.1f} MB), "
            f"late by {told['late_s']} s; next look {told['next']}",
        )
    )
    for row in told["due"]:
        console.print(f"  {row['commune']} {row['day']}: {row['segments']}")
    if told["unlawful_segments"]:
        text = say("segments qu'aucun arrêté ne couvrait", "segments that no order covered")
        console.print(f"{told['unlawful_segments']} {text}", style="red")
    console.print(say("Gels et verrous : non comptés ici.", "Holds and locks: not counted here."), style="dim")


def _instant(text: str | None) -> Nanoseconds:
    if text is None:
        return SystemClock().now_ns()
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            Words("ce n'est pas un instant", "this is no instant"),
            where=f"--at {text}",
            what_to_do=Words("Écrivez 2027-03-01 00:00", "Write 2027-03-01 00:00"),
        ) from None
    aware = wall if wall.tzinfo else wall.replace(tzinfo=PARIS)
    return int(aware.timestamp()) * NS_PER_S


def _opened(path: Path) -> Catalogue:
    if not path.is_dir():
        raise BadInput(
            Words("ce dossier n'existe pas", "there is no such directory"),
            where=f"--catalogue {path}",
            what_to_do=Words("Donnez le dossier du catalogue", "Give the catalogue's directory"),
        )
    return open_catalogue(path, os.environ.get("CSU_DATABASE_URL"))
