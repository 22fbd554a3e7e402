"""`csu camera discover|enrol|rotate`, `csu vault`: an engineer's way from an unboxed camera to one that is signed off.

Devices are known by packages of their own (entry points `csu.fieldwork`, `csu.conformance`); here their steps follow
each other, and each that was done is written before the next begins.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.conform import EXIT_DOES_NOT_HOLD, REPORTS, examine, examiner_of, tell_findings
from csu.centre.commands.conform_report import Conformance, write_report
from csu.centre.masks.masking_route import route_of
from csu.governance.centre_key import CentreKey
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.conformance import CheckStatus, Examination
from csu.hal.errors import BadInput, CsuError
from csu.hal.fieldwork import Entered, Fieldwork, Findings, Newcomer, OpenFieldwork, Route
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

PASSWORD_VARIABLE = "CSU_CAMERA_PASSWORD"  # noqa: S105 - the name under which it is given
SECRET_BYTES_MAX = 16_384
TLS_CHECK = "tls.streams"

Site = Annotated[Path, typer.Option("--site", help=say("fichier du site", "the site file"))]
Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]

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
    ] = "0.0.0.0",  # noqa: S104 - the host chooses the interface; nothing is served
    at: Annotated[str, typer.Option(help=say("une seule adresse : hôte[:port]", "one address only: host[:port]"))] = "",
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
    camera: Annotated[str, typer.Option("--camera", help=say("son nom au centre : cam-0042", "its name: cam-0042"))],
    target: Annotated[
        str | None,
        typer.Argument(
            help=say(
                "son adresse : https://hôte/onvif/device_service[#sha256=...] ; sans elle : reprendre",
                "its address: https://host/onvif/device_service[#sha256=...]; without it: go on",
            )
        ),
    ] = None,
    user: Annotated[
        str, typer.Option(help=say(f"compte (secret : {PASSWORD_VARIABLE})", f"login (secret: {PASSWORD_VARIABLE})"))
    ] = "admin",
    number: Annotated[
        int | None, typer.Option(min=1, max=16_383, help=say("numéro sur les images", "number on pictures"))
    ] = None,
    name: Annotated[str | None, typer.Option(help=say("où elle est", "where it is"))] = None,
    commune: Annotated[str | None, typer.Option(help=say("sa commune", "its commune"))] = None,
    view: Annotated[ViewType, typer.Option(help=say("son plan", "its view"))] = ViewType.WIDE,
    nat_host: Annotated[
        list[str] | None,
        typer.Option("--nat-host", help=say("hôte qu'elle croit être, derrière un NAT", "host it takes itself for")),
    ] = None,
    examination: Annotated[
        bool,
        typer.Option(
            "--examination/--no-examination",
            help=say("l'examiner ; sans examen elle reste masquée", "examine it; without, it stays masked"),
        ),
    ] = True,
    seconds: Annotated[
        float, typer.Option(min=2, max=600, help=say("durée d'observation d'un flux", "how long a stream is watched"))
    ] = 10.0,
    moves: Annotated[bool, typer.Option("--moves/--no-moves", help=say("la faire tourner", "turn it"))] = True,
    restart: Annotated[
        bool, typer.Option("--restart/--no-restart", help=say("la redémarrer", "restart the device"))
    ] = True,
    key: Annotated[Path, typer.Option(help=say("clé qui signe le rapport", "key that signs the report"))] = REPORTS
    / "key.pem",
    as_json: Json = False,
) -> None:
    """Enter a camera, or go on where it stopped. Exit code: 0 entered, 1 its examination does not hold, 2 bad input."""
    work, console = fieldwork().open(site), _console()
    known = CameraId(camera)
    if target is None:
        entered = _run(work.resume(known))
    else:
        record = CameraRecord(known, *_told(number, name, commune), view)
        login = _with_login(target, user)
        entered = _run(work.enter(Newcomer(record, login, tuple(nat_host or ()))))
    _tell_entered(entered, console)
    found = None
    if examination:
        how = Examination(seconds=seconds, may_move=moves, may_restart=restart)
        found = _examined(work, entered, how, site, key, console)
    _tell_next(entered, found, site, console)
    if as_json:
        print(json.dumps(_summary(entered, found), ensure_ascii=False))
    if found is not None and not found[0].holds:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


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
    password = os.environ.get(PASSWORD_VARIABLE) or typer.prompt(
        say(f"Secret du compte {user}", f"Password of {user}"), hide_input=True, err=True
    )
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))


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


def _examined(
    work: Fieldwork, entered: Entered, how: Examination, site: Path, key: Path, console: Console
) -> tuple[Conformance, Route, str]:
    """Examine it, sign the report, write down what follows."""
    clock, camera = SystemClock(), entered.record.camera
    found = _run(examine("camera", work.target(camera), examiner_of("camera"), how, clock, console))
    at = datetime.fromtimestamp(found.began_ns / NS_PER_S, UTC)
    page = site.resolve().parent / "reports" / f"{camera}-{at:%Y%m%dT%H%M%SZ}.html"
    write_report(found, CentreKey.load_or_make(key), page)
    tell_findings(found, page, console)
    route, why = route_of(found.checks, turns=entered.turns)
    failed = tuple(check.check for check in found.checks if check.status is CheckStatus.FAILED)
    over_tls = any(check.check == TLS_CHECK and check.status is CheckStatus.PASSED for check in found.checks)
    when = at.isoformat(timespec="seconds")
    work.keep_findings(camera, Findings(when, found.holds, page.name, failed, route, over_tls))
    return found, route, why.in_language(current_language())


def _tell_entered(entered: Entered, console: Console) -> None:
    camera = entered.record.camera
    console.print(say(f"{camera} inscrite : {entered.address}", f"{camera} entered: {entered.address}"), markup=False)
    if entered.fingerprint:
        console.print(say(f"  certificat {entered.fingerprint}", f"  certificate {entered.fingerprint}"), markup=False)
    else:
        told = say("  sans TLS : elle ne sera pas suivie ailleurs", "  without TLS: it is followed nowhere else")
        console.print(told, style="yellow", markup=False)
    console.print(
        say(
            "  compte du centre au coffre, l'ancien ne vaut plus",
            "  the centre's account in the vault, the old one dead",
        ),
        markup=False,
    )


def _tell_next(entered: Entered, found: tuple[Conformance, Route, str] | None, site: Path, console: Console) -> None:
    camera = entered.record.camera
    if found is None:
        console.print(
            say(
                f"NON EXAMINÉE : masquée en entier jusqu'à « csu camera enrol --site {site} --camera {camera} »",
                f'NOT EXAMINED: wholly masked until "csu camera enrol --site {site} --camera {camera}"',
            ),
            style="bold yellow",
            markup=False,
        )
        return
    holds, route, why = found[0].holds, found[1], found[2]
    words = {
        Route.EDGE: say("la caméra masque", "the camera masks"),
        Route.ENGINE: say("le moteur masque", "the engine masks"),
    }
    console.print(say(f"Route : {words[route]} ({why})", f"Route: {words[route]} ({why})"), markup=False)
    if not holds:
        told = say("NE TIENT PAS : elle reste masquée en entier", "DOES NOT HOLD: it stays wholly masked")
        console.print(told, style="bold red", markup=False)
        return
    console.print(say("Ensuite :", "Next:"))
    console.print(f"  csu camera calibrate {camera}.points.yaml --site {site}", markup=False)
    console.print("  csu masks show --register CENTRE/masks.sqlite", markup=False)
    console.print(f"  csu masks sign --register CENTRE/masks.sqlite --camera {camera} ...", markup=False)


def _summary(entered: Entered, found: tuple[Conformance, Route, str] | None) -> dict[str, Any]:
    return {
        "camera": entered.record.camera,
        "address": entered.address,
        "fingerprint": entered.fingerprint,
        "endpoint": entered.endpoint,
        "turns": entered.turns,
        "examined": found is not None,
        "verdict": "not examined" if found is None else "holds" if found[0].holds else "does not hold",
        "counts": {} if found is None else found[0].counts,
        "failed": [] if found is None else [c.check for c in found[0].checks if c.status is CheckStatus.FAILED],
        "route": Route.ENGINE.value if found is None else found[1].value,
    }


def _console() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False)
