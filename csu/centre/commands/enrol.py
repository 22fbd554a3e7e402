"""`csu camera discover|enrol|rotate`, `csu vault`: an engineer's way from an unboxed camera to one that is signed off.

Devices are known by packages of their own (entry points `csu.fieldwork`, `csu.conformance`); here their steps follow
each other, and each that was done is written before the next begins.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
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
from csu.centre.commands.enrol_many import AT_ONCE, AT_ONCE_MAX, Board, enter_many, tell_many, write_summary
from csu.centre.commands.enrol_one import Examining, reports_of, summary_of, tell_entered, tell_next
from csu.governance.centre_key import CentreKey
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.conformance import Examination
from csu.hal.errors import BadInput, CsuError
from csu.hal.fieldwork import Candidate, Fieldwork, Newcomer, OpenFieldwork, PasswordOf
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

PASSWORD_VARIABLE = "CSU_CAMERA_PASSWORD"  # noqa: S105 - the name under which it is given
SECRET_BYTES_MAX = 16_384
ANY = "0.0.0.0"  # noqa: S104 - the host chooses the interface; nothing is served

Site = Annotated[Path, typer.Option("--site", help=say("fichier du site", "the site file"))]
Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]

Target = Annotated[
    str | None,
    typer.Argument(
        help=say(
            "son adresse : https://hôte/onvif/device_service[#sha256=...] ; sans elle : reprendre",
            "its address: https://host/onvif/device_service[#sha256=...]; without it: go on",
        )
    ),
]
CameraName = Annotated[
    str | None, typer.Option("--camera", help=say("son nom au centre : cam-0042", "its name: cam-0042"))
]
User = Annotated[
    str, typer.Option(help=say(f"compte (secret : {PASSWORD_VARIABLE})", f"login (secret: {PASSWORD_VARIABLE})"))
]
Number = Annotated[int | None, typer.Option(min=1, max=16_383, help=say("numéro sur les images", "number on pictures"))]
PlaceName = Annotated[str | None, typer.Option(help=say("où elle est", "where it is"))]
Commune = Annotated[str | None, typer.Option(help=say("sa commune", "its commune"))]
View = Annotated[ViewType, typer.Option(help=say("son plan", "its view"))]
NatHosts = Annotated[
    list[str] | None,
    typer.Option("--nat-host", help=say("hôte qu'elle croit être, derrière un NAT", "host it takes itself for")),
]
ListFile = Annotated[
    Path | None, typer.Option("--all", help=say("toutes celles d'une liste (YAML, CSV)", "all of a list (YAML, CSV)"))
]
FoundOnes = Annotated[
    bool, typer.Option("--found", help=say("toutes celles qui répondent en TLS", "all that answer over TLS"))
]
Interface = Annotated[
    str | None,
    typer.Option(help=say("adresse de cette machine sur leur réseau", "this machine's address on their network")),
]
At = Annotated[str, typer.Option(help=say("une seule adresse : hôte[:port]", "one address only: host[:port]"))]
AtOnce = Annotated[int, typer.Option(min=1, max=AT_ONCE_MAX, help=say("combien à la fois", "how many at a time"))]
Examine = Annotated[
    bool,
    typer.Option(
        "--examination/--no-examination",
        help=say("l'examiner ; sans examen elle reste masquée", "examine it; without, it stays masked"),
    ),
]
Seconds = Annotated[
    float, typer.Option(min=2, max=600, help=say("durée d'observation d'un flux", "how long a stream is watched"))
]
Moves = Annotated[bool, typer.Option("--moves/--no-moves", help=say("la faire tourner", "turn it"))]
Restart = Annotated[bool, typer.Option("--restart/--no-restart", help=say("la redémarrer", "restart the device"))]
Key = Annotated[Path, typer.Option(help=say("clé qui signe le rapport", "key that signs the report"))]

vault_app = typer.Typer(
    help=say("Les secrets du site, scellés.", "The site's secrets, sealed."),
    no_args_is_help=True,
    rich_markup_mode=None,
)
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
    as_json: Json = False,
) -> None:
    """Give cameras another account and prove the former one dead. Exit code: 0 all done, 1 some not, 2 bad input."""
    work, console = fieldwork().open(site), _console()
    if bool(cameras) == all_of_them:
        raise BadInput(
            Words("ni caméra, ni --all (ou les deux)", "neither cameras nor --all, or both"),
            where="--all",
            what_to_do=Words("Nommez des caméras, ou --all", "Name cameras, or --all"),
        )
    wanted = list(work.cameras()) if all_of_them else [CameraId(camera) for camera in cameras or []]
    failed = _run(_rotate(work, wanted, console))
    if as_json:
        rotated = [camera for camera in wanted if camera not in failed]
        print(json.dumps({"rotated": rotated, "failed": failed}, ensure_ascii=False))
    if failed:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@vault_app.command("put", help=say("Mettre un secret au coffre (lu sur stdin).", "Keep a secret (read from stdin)."))
def put_command(
    name: Annotated[str, typer.Argument(help=say("son nom : dc09/1234", "its name: dc09/1234"))],
    site: Site,
    as_hex: Annotated[bool, typer.Option("--hex", help=say("donné en hexadécimal", "given in hexadecimal"))] = False,
) -> None:
    """Never as an argument: those are seen by every program of the machine, and stay in the shell's history."""
    given = sys.stdin.buffer.read(SECRET_BYTES_MAX + 1)
    try:
        secret = bytes.fromhex(given.decode("ascii")) if as_hex else given.rstrip(b"\r\n")
    except ValueError:
        raise BadInput(
            Words("ce n'est pas de l'hexadécimal", "that is no hexadecimal"),
            where="--hex",
            what_to_do=Words("Donnez des chiffres hexadécimaux, ou ôtez --hex", "Give hex digits, or drop --hex"),
        ) from None
    fieldwork().open(site).keep_secret(name, secret)
    _console().print(say(f"Au coffre : {name}", f"In the vault: {name}"), markup=False)


@vault_app.command("list", help=say("Les noms des secrets, jamais les secrets.", "The names of secrets, never more."))
def list_command(site: Site, as_json: Json = False) -> None:
    """Cameras' logins are not in this list: they have the cameras' names."""
    names = list(fieldwork().open(site).secrets())
    print(json.dumps({"secrets": names}) if as_json else "\n".join(names))


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


async def _rotate(work: Fieldwork, cameras: list[CameraId], console: Console) -> dict[str, str]:
    """The next camera is done whatever became of the one before."""
    failed: dict[str, str] = {}
    for camera in cameras:
        try:
            await work.rotate(camera)
        except CsuError as error:
            failed[camera] = error.trouble.words.in_language(current_language())
            console.print(failed[camera], style="red", markup=False)
        else:
            console.print(say(f"{camera} : compte changé", f"{camera}: account changed"), markup=False)
    return failed


def _console() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False)
