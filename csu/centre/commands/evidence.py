"""`csu evidence verify|rehearse|cases`: is this package whole and true? One to practise with. The desk's cases, read.

`verify` needs no centre, no network and no account: it is for whoever received a package. Exporting goes through the
requisition desk of a running centre, never through a command line: there is no export without a case (EXP-1).
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.evidence_rehearsal import Rehearsal, rehearse
from csu.evidence import (
    Hold,
    HoldRequested,
    Link,
    LinkState,
    RequisitionDesk,
    Trust,
    Verdict,
    load_certificates,
    verify_package,
)
from csu.evidence.desk_store import read_events
from csu.evidence.spans import paris_text
from csu.governance.centre_key import PublicKey
from csu.governance.legal_calendar import one_month_after
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

EXIT_DOES_NOT_HOLD = 1

app = typer.Typer(help=say("Les preuves.", "Evidence."), no_args_is_help=True, rich_markup_mode=None)


@app.command("verify")
def verify_command(
    package: Annotated[Path, typer.Argument(help=say("dossier, .tar ou .tar.age", "directory, .tar or .tar.age"))],
    identity: Annotated[
        Path | None,
        typer.Option(help=say("clé privée age du destinataire (.age)", "the recipient's private age key (.age)")),
    ] = None,
    case: Annotated[str | None, typer.Option(help=say("affaire attendue", "the case it must be of"))] = None,
    trust: Annotated[
        Path | None,
        typer.Option(help=say("certificats de l'autorité de signature", "certificates of the signing authority")),
    ] = None,
    trust_time: Annotated[
        Path | None,
        typer.Option(help=say("certificats de l'autorité d'horodatage", "certificates of the time-stamp authority")),
    ] = None,
    trust_enclosed: Annotated[
        bool,
        typer.Option(
            "--trust-enclosed",
            help=say(
                "croire les certificats du paquet : comparez l'empreinte à celle du reçu",
                "believe the package's certificates: compare the fingerprint with the receipt's",
            ),
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Look at every link of a package and name the first broken one. Offline. What is unpacked is removed.

    Exit code: 0 every link holds, 1 one is broken or could not be looked at, 2 no such package, wrong key.
    """
    believed = Trust(
        load_certificates(trust) if trust else (), load_certificates(trust_time) if trust_time else (), trust_enclosed
    )
    now = datetime.fromtimestamp(SystemClock().now_ns() // NS_PER_S, UTC)
    identities = _text(identity) if identity else ""
    progress = Console(stderr=True).status(say("Vérification du paquet", "Checking the package"))
    with tempfile.TemporaryDirectory(prefix="csu-evidence-") as work, progress:
        verdict = verify_package(package, believed, now, Path(work), identities=identities, case=case)
    if as_json:
        print(json.dumps(_told(verdict), ensure_ascii=False))
    else:
        _show(verdict, by_hand=trust_enclosed)
    if not verdict.holds:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@app.command("rehearse")
def rehearse_command(
    target: Annotated[Path, typer.Argument(help=say("dossier à créer", "directory to make"))],
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Make a package to practise with, from a drawn picture and worthless keys, and say how to open and check it.

    Exit code: 0 made, 2 the directory is there already.
    """
    if target.exists():
        raise BadInput(
            Words("ce dossier existe déjà", "this directory exists already"),
            where=str(target),
            what_to_do=Words("Donnez un dossier nouveau", "Give a new directory"),
        )
    with Console(stderr=True).status(say("Fabrication du paquet d'exercice", "Making the practice package")):
        made = rehearse(target)
    if as_json:
        print(json.dumps({name: str(value) for name, value in asdict(made).items()}, ensure_ascii=False))
    else:
        _show_rehearsal(made)


@app.command("cases")
def cases_command(
    desk: Annotated[Path, typer.Option(help=say("registre des réquisitions", "register of requisitions"))],
    key: Annotated[Path, typer.Option(help=say("clé publique du centre", "the centre's public key"))],
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Every case and hold of a desk, running or not. Reads only; steps are taken at the console of a running centre.

    Exit code: 0 read, 1 the register is not what was written, 2 bad input.
    """
    from csu.console.case_answers import case_answer, hold_answer  # with the web: only this command needs it

    if not desk.is_file():
        raise BadInput(
            Words("ce registre n'existe pas", "there is no such register"),
            where=f"--desk {desk}",
            what_to_do=Words("Donnez evidence/desk.sqlite du centre", "Give the centre's evidence/desk.sqlite"),
        )
    found = RequisitionDesk(lambda camera, at_ns: one_month_after(at_ns))
    for stored in read_events(desk, PublicKey.load(key)):
        found.apply(stored.event)
    holds: list[Hold | HoldRequested] = [*found.hold_requests, *found.holds]
    told = {
        "cases": [case_answer(case, None).model_dump(mode="json") for case in found.cases],
        "holds": [hold_answer(hold).model_dump(mode="json") for hold in holds],
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show_cases(found)


# -- inside -----------------------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            Words("fichier de clé illisible", "the key file cannot be read"),
            where=f"--identity {path}",
            what_to_do=Words("Donnez le fichier fait par age-keygen", "Give the file that age-keygen made"),
        ) from error


def _told(verdict: Verdict) -> dict[str, Any]:
    broken = verdict.first_broken
    return {
        "holds": verdict.holds,
        "first_broken": None if broken is None else _link(broken),
        "case": verdict.case,
        "signer": verdict.signer,
        "signer_sha256": verdict.signer_fingerprint,
        "signed_before": verdict.signed_at,
        "package_sha256": verdict.package_sha256,
        "links": [_link(link) for link in verdict.links],
    }


def _link(link: Link) -> dict[str, str]:
    words = link.words.in_language(current_language())
    return {"link": link.kind.value, "state": link.state.value, "where": link.where, "words": words}


_MARKS = {LinkState.HOLDS: ("✓", "green"), LinkState.BROKEN: ("✗", "red"), LinkState.NOT_CHECKED: ("?", "yellow")}


def _show(verdict: Verdict, *, by_hand: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, show_header=False, pad_edge=False)
    for link in verdict.links:
        mark, colour = _MARKS[link.state]
        words = link.words.at(link.where) if link.where else link.words
        name = link.kind.words.in_language(current_language())
        table.add_row(f"[{colour}]{mark}[/]", name, words.in_language(current_language()).replace("[", r"\["))
    console.print(table)
    if verdict.signer_fingerprint:
        console.print(
            say("Signataire", "Signer"), verdict.signer, f"SHA-256 {verdict.signer_fingerprint}", markup=False
        )
    if by_hand:
        warning = say(
            "L'autorité est celle du paquet : comparez cette empreinte à celle du reçu.",
            "The authority is the package's own: compare this fingerprint with the receipt's.",
        )
        console.print(warning, style="yellow")
    broken = verdict.first_broken
    if broken is None:
        console.print(say("Le paquet est intact et vrai.", "The package is whole and true."), style="green")
    else:
        is_broken = broken.state is LinkState.BROKEN
        place = say("premier maillon rompu", "first broken link") if is_broken else say("non prouvé", "not proved")
        told = broken.kind.words.at(place).in_language(current_language())
        console.print(told, style="red" if is_broken else "yellow", markup=False)


def _show_cases(desk: RequisitionDesk) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for case in desk.cases:
        words = case.state.words.in_language(current_language())
        table.add_row(case.case, words, case.act.number, case.act.officer.words())
    for hold in desk.holds:
        table.add_row(hold.hold, say("gel", "hold"), hold.span.camera, paris_text(hold.dies_at_ns)[:16])
    Console(highlight=False, soft_wrap=True).print(table)


def _show_rehearsal(made: Rehearsal) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(say("Paquet scellé", "Sealed package"), str(made.sealed), markup=False)
    console.print(say("Ouvert, pour le lecteur", "Open, for the reader"), str(made.reader), markup=False)
    console.print(say("Vérifiez-le :", "Check it:"), markup=False)
    console.print(
        f"  csu evidence verify {made.sealed} --identity {made.identity} "
        f"--trust {made.authority} --trust-time {made.time_authority}",
        markup=False,
    )
