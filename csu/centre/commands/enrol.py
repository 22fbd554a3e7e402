"""`csu camera discover|enrol|rotate`: an engineer's way from an unboxed camera to one that is signed off.

Devices are known by packages of their own (entry points `csu.fieldwork`, `csu.conformance`); here their steps follow
each other, and each that was done is written before the next begins.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.conform import EXIT_DOES_NOT_HOLD, REPORTS, examiner_of, tell_check, tell_findings
from csu.centre.commands.enrol_many import AT_ONCE, Board, enter_many, tell_many, write_summary
from csu.centre.commands.enrol_one import Examining, reports_of, summary_of, tell_entered, tell_next
from csu.centre.commands.enrol_options import (
    PASSWORD_VARIABLE,
    At,
    AtOnce,
    CameraName,
    Commune,
    Examine,
    FoundOnes,
    Interface,
    Json,
    Key,
    ListFile,
    Moves,
    NatHosts,
    Number,
    PlaceName,
    Restart,
    Seconds,
    Site,
    Target,
    User,
    View,
)
from csu.governance.centre_key import CentreKey
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY
from csu.hal.conformance import Examination
from csu.hal.errors import BadInput, CsuError
from csu.hal.fieldwork import Candidate, Fieldwork, Newcomer, OpenFieldwork, PasswordOf
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

ANY = "0.0.0.0"  # noqa: S104 - the host chooses the interface; nothing is served

_T = TypeVar("_T")


def fieldwork() -> OpenFieldwork:
    """What knows real cameras, from the entry points. Raises BadInput when nothing installed does."""
    for entry in entry_points(group="csu.fieldwork"):
        found: OpenFieldwork = entry.load()
        return found
    raise BadInput(
        Words("rien d'installé ne connaît de vraies caméras", "nothing installed knows real cameras"),
        where="csu.fieldwork",
        what_to_do=Words("Installez csu de nouveau : make setup", "Install csu again: make setup"),
    )


def discover_command(
    interface: Annotated[
        str,
        typer.Option(help=say("adresse de cette machine sur leur réseau", "this machine's address on their network")),
    ] = ANY,
    at: At = "",
    seconds: Annotated[float, typer.Option(min=0.3, max=60, help=say("durée d'écoute", "how long to listen"))] = 3.0,
    site: Annotated[
        Path | None, typer.Option("--site", help=say("site dont on connaît les caméras", "whose cameras are known"))
    ] = None,
    as_json: Json = False,
) -> None:
    """Who answers. Exit code: 0 somebody did, 1 nobody, 2 bad input."""
    found, refused = _run(fieldwork().discover(interface, at, seconds, site))
    if as_json:
        rows = [
            {
                "address": each.address,
                "endpoint": each.endpoint,
                "name": each.name,
                "hardware": each.hardware,
                "contested": each.contested,
                "camera": each.camera,
            }
            for each in found
        ]
        print(json.dumps({"cameras": rows, "refused": refused}, ensure_ascii=False))
    else:
        table = Table(box=None, header_style="dim")
        for heading in (say("adresse", "address"), say("nom", "name"), say("modèle", "model"), say("site", "site")):
            table.add_column(heading, overflow="fold")
        for each in found:
            contested = say("disputée", "contested") if each.contested else ""
            table.add_row(each.address, each.name, each.hardware, each.camera or contested or say("nouvelle", "new"))
        console = _console()
        console.print(table, markup=False)
        told = say(
            f"{len(found)} caméra(s), {refused} réponse(s) refusée(s)", f"{len(found)} camera(s), {refused} refused"
        )
        console.print(told)
    if not found:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def enrol_command(
    site: Site,
    target: Target = None,
    camera: CameraName = None,
    user: User = "admin",
    number: Number = None,
    name: PlaceName = None,
    commune: Commune = None,
    view: View = ViewType.WIDE,
    nat_host: NatHosts = None,
    list_file: ListFile = None,
    found: FoundOnes = False,
    interface: Interface = None,
    at: At = "",
    at_once: AtOnce = AT_ONCE,
    examination: Examine = True,
    seconds: Seconds = 10.0,
    moves: Moves = True,
    restart: Restart = True,
    key: Key = REPORTS / "key.pem",
    as_json: Json = False,
) -> None:
    """Enter a camera, or go on where it stopped; or many (--all, --found). Exit code: 0 entered, 1 one was not, or its
    examination does not hold, 2 bad input."""
    _require_one_way(camera is not None, list_file is not None, found)
    work, examining = fieldwork().open(site), None
    if examination:
        how = Examination(seconds=seconds, may_move=moves, may_restart=restart)
        examining = Examining(examiner_of("camera"), how, site, CentreKey.load_or_make(key))
    if camera is not None:
        newcomer = None
        if target is not None:
            record = CameraRecord(CameraId(camera), *_told(number, name, commune), view)
            newcomer = Newcomer(record, _with_login(target, user), tuple(nat_host or ()))
        _enrol_one(work, CameraId(camera), newcomer, examining, site, as_json)
        return
    heard = _run(fieldwork().discover(interface or ANY, at, 3.0, site))[0] if found or interface or at else ()
    if list_file is not None:
        candidates = work.listed(list_file, _passwords(), heard)
    else:
        candidates = work.unlisted(heard, CommuneId(_commune(commune)), view, user, _passwords())
    _enrol_many(work, candidates, examining, at_once, site, as_json)


def rotate_command(
    site: Site,
    cameras: Annotated[list[str] | None, typer.Argument(help=say("caméras ; aucune : --all", "cameras"))] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help=say("toutes", "all of them"))] = False,
    older_than: Annotated[
        int | None,
        typer.Option(min=0, help=say("celles dont le compte a plus de N jours", "whose account is older than N days")),
    ] = None,
    at_once: AtOnce = AT_ONCE,
    as_json: Json = False,
) -> None:
    """Give cameras another account and prove the former one dead; what was cut short goes on. --older-than leaves those
    alone that have a new one. Exit code: 0 all done, 1 some not, 2 bad input."""
    work, console = fieldwork().open(site), _console()
    if bool(cameras) == all_of_them:
        raise BadInput(
            Words("ni caméra, ni --all (ou les deux)", "neither cameras nor --all, or both"),
            where="--all",
            what_to_do=Words("Nommez des caméras, ou --all", "Name cameras, or --all"),
        )
    named = list(work.cameras()) if all_of_them else [CameraId(camera) for camera in cameras or []]
    wanted = named if older_than is None else _due(work, named, older_than)
    failed = _run(_rotate(work, wanted, at_once, console))
    if older_than is not None:
        console.print(say(f"{len(named) - len(wanted)} non dues", f"{len(named) - len(wanted)} not due"), markup=False)
    if as_json:
        rotated = [camera for camera in wanted if camera not in failed]
        left = [camera for camera in named if camera not in wanted]
        print(json.dumps({"rotated": rotated, "failed": failed, "not_due": left}, ensure_ascii=False))
    if failed:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


# -- inside -----------------------------------------------------------------------------------------------------------


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


def _told(number: int | None, name: str | None, commune: str | None) -> tuple[int, str, CommuneId]:
    for option, value in (("--number", number), ("--name", name), ("--commune", commune)):
        if value is None:
            raise BadInput(
                Words(
                    "une nouvelle caméra a un numéro, un nom et une commune",
                    "a new camera has a number, a name and a commune",
                ),
                where=option,
                what_to_do=Words(f"Donnez {option}", f"Give {option}"),
            )
    return int(number or 0), str(name), CommuneId(str(commune))


def _with_login(target: str, user: str) -> str:
    """The address with the login: as it came, else the user given and the password of the environment or typed in."""
    parts = urlsplit(target)
    if parts.username:
        return target
    password = _password(user)
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))


def _password(user: str) -> str:
    """Of the environment, or typed in."""
    return os.environ.get(PASSWORD_VARIABLE) or str(
        typer.prompt(say(f"Secret du compte {user}", f"Password of {user}"), hide_input=True, err=True)
    )


def _passwords() -> PasswordOf:
    """The same, asked for once for each name."""
    return cache(_password)


def _commune(told: str | None) -> str:
    if told is None:
        raise BadInput(
            Words("une nouvelle caméra a une commune", "a new camera has a commune"),
            where="--commune",
            what_to_do=Words("Donnez --commune", "Give --commune"),
        )
    return told


def _require_one_way(*ways: bool) -> None:
    if sum(ways) != 1:
        raise BadInput(
            Words("une caméra, une liste ou celles trouvées : l'un des trois", "a camera, a list or those found: one"),
            where="--camera, --all, --found",
            what_to_do=Words("Donnez l'un des trois", "Give one of the three"),
        )


def _enrol_one(
    work: Fieldwork, camera: CameraId, newcomer: Newcomer | None, examining: Examining | None, site: Path, as_json: bool
) -> None:
    console, examined = _console(), None
    entered = _run(work.resume(camera) if newcomer is None else work.enter(newcomer))
    tell_entered(entered, console)
    if examining is not None:
        with console.status(say("Examen…", "Examining…")):
            examined = _run(examining.of(work, entered, lambda check: tell_check(check, console)))
        tell_findings(examined.found, examined.page, console)
    tell_next(entered, examined, site, console)
    if as_json:
        print(json.dumps(summary_of(entered, examined), ensure_ascii=False))
    if examined is not None and not examined.found.holds:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def _enrol_many(
    work: Fieldwork,
    candidates: Sequence[Candidate],
    examining: Examining | None,
    at_once: int,
    site: Path,
    as_json: bool,
) -> None:
    console, clock = _console(), SystemClock()
    began_ns = clock.now_ns()
    with Board(len(candidates), console) as board:
        rows = _run(enter_many(work, candidates, examining, at_once, board))
    page = write_summary(rows, began_ns, clock.now_ns(), reports_of(site))
    tell_many(rows, page, console)
    if as_json:
        told = {"cameras": [row.to_json() for row in rows], "page": str(page)}
        print(json.dumps(told, ensure_ascii=False))
    if not rows or not all(row.outcome.is_well for row in rows):
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def _due(work: Fieldwork, cameras: Sequence[CameraId], days: int) -> list[CameraId]:
    """Those whose account is older, or of an age that nobody knows."""
    newest_ns = SystemClock().now_ns() - days * NS_PER_DAY
    since = {camera: work.account_since_ns(camera) for camera in cameras}
    return [camera for camera, at_ns in since.items() if at_ns is None or at_ns <= newest_ns]


async def _rotate(work: Fieldwork, cameras: Sequence[CameraId], at_once: int, console: Console) -> dict[str, str]:
    """So many at a time; each is done whatever became of another."""
    failed: dict[str, str] = {}
    gate = asyncio.Semaphore(at_once)

    async def one(camera: CameraId) -> None:
        async with gate:
            try:
                await work.rotate(camera)
            except CsuError as error:
                failed[camera] = error.trouble.words.in_language(current_language())
                console.print(failed[camera], style="red", markup=False)
            else:
                console.print(say(f"{camera} : compte changé", f"{camera}: account changed"), markup=False)

    await asyncio.gather(*(one(camera) for camera in cameras))
    return failed


def _console() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False)
