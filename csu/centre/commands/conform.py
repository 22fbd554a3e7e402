"""`csu conform KIND TARGET`: examine one device before it is put into service; leave a signed report.

The examiners come with the packages that know devices (entry points `csu.conformance`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.conform_eyes import IngestEyes
from csu.centre.commands.conform_report import Conformance, verify_report, write_report
from csu.governance.centre_key import CentreKey, PublicKey
from csu.hal.clock import Clock
from csu.hal.conformance import Check, CheckStatus, Examination, Examiner
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

EXIT_DOES_NOT_HOLD = 1
REPORTS = Path("var/conform")
MARKS = {CheckStatus.PASSED: "[green]✓[/]", CheckStatus.FAILED: "[red]✗[/]", CheckStatus.NOT_SUPPORTED: "[dim]–[/]"}


def conform_command(
    kind: Annotated[str, typer.Argument(help=say("camera, alarm, panel, dispatch ; ou verify", "the kind; or verify"))],
    target: Annotated[
        str, typer.Argument(help=say("adresse de l'appareil (URL), ou rapport .json", "the device's URL, or a report"))
    ],
    seconds: Annotated[
        float, typer.Option(min=2, max=600, help=say("durée d'observation d'un flux", "how long a stream is watched"))
    ] = 10.0,
    moves: Annotated[bool, typer.Option("--moves/--no-moves", help=say("la faire tourner", "turn it"))] = True,
    restart: Annotated[
        bool, typer.Option("--restart/--no-restart", help=say("la redémarrer", "restart the device"))
    ] = True,
    report: Annotated[Path | None, typer.Option(help=say("rapport HTML", "HTML report"))] = None,
    key: Annotated[
        Path, typer.Option(help=say("clé qui signe (ou vérifie) le rapport", "key that signs, or verifies"))
    ] = REPORTS / "key.pem",
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Examine one device. Ends with 0 when nothing that was asked failed."""
    if kind == "verify":
        told = verify_report(Path(target), PublicKey.load(key))
        print(json.dumps(told, ensure_ascii=False)) if as_json else _console().print(
            say("La signature est bonne : ", "The signature is good: ") + f"{told['target']}, {told['verdict']}"
        )
        return
    examiner = examiner_of(kind)
    console = _console()
    how = Examination(seconds=seconds, may_move=moves, may_restart=restart)
    with console.status(say("Examen…", "Examining…")):
        found = asyncio.run(
            examine(kind, target, examiner, how, SystemClock(), lambda check: tell_check(check, console))
        )
    page = report or REPORTS / f"{kind}-{found.began_ns // 1_000_000_000}.html"
    signed = write_report(found, CentreKey.load_or_make(key), page)
    if as_json:
        print(json.dumps(found.to_json() | {"report": str(page), "signed": str(signed)}, ensure_ascii=False))
    else:
        tell_findings(found, page, console)
    if not found.holds:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def examiner_of(kind: str) -> Examiner:
    """Raises BadInput for a kind nobody here can examine."""
    known = {entry.name: entry for entry in entry_points(group="csu.conformance")}
    if kind not in known:
        raise BadInput(
            Words(f"aucun examen pour {kind!r}", f"no examination for {kind!r}"),
            where="conform",
            what_to_do=Words(
                f"Donnez {', '.join(sorted(known)) or '(rien)'}, ou verify",
                f"Give {', '.join(sorted(known)) or '(nothing)'}, or verify",
            ),
        )
    return cast(Examiner, known[kind].load())


async def examine(
    kind: str, target: str, examiner: Examiner, how: Examination, clock: Clock, tell: Callable[[Check], None]
) -> Conformance:
    """Ask it everything; each check is told as it is done. Raises BadInput, CsuError."""
    began_ns, checks = clock.now_ns(), list[Check]()
    async for check in examiner(target, IngestEyes(clock), how):
        checks.append(check)
        tell(check)
    return Conformance(kind, without_secrets(target), began_ns, clock.now_ns(), tuple(checks))


def without_secrets(target: str) -> str:
    """A URL without user, password, query and fragment: keys may stand in all of them."""
    try:
        parts: SplitResult = urlsplit(target)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return say("(adresse illisible)", "(unreadable address)")


def _console() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False)


def tell_check(check: Check, console: Console) -> None:
    """One line, as soon as it is done."""
    console.print(MARKS[check.status], check.asked.in_language(current_language()), highlight=False)


def tell_findings(found: Conformance, page: Path, console: Console) -> None:
    """What did not pass, and where all of it is."""
    table = Table(box=None, header_style="dim")
    for name in ("", say("identifiant", "id"), say("trouvé", "found"), say("exigence", "requirement")):
        table.add_column(name)
    language = current_language()
    for check in found.checks:
        if check.status is not CheckStatus.PASSED:
            table.add_row(MARKS[check.status], check.check, check.found.in_language(language), check.requirement)
    if table.row_count:
        console.print(table)
    counts = found.counts
    console.print(
        say(
            f"{counts['passed']} tenus, {counts['failed']} non tenus, {counts['not_supported']} sans objet. ",
            f"{counts['passed']} passed, {counts['failed']} failed, {counts['not_supported']} not supported. ",
        )
        + say(f"Rapport : {page}", f"Report: {page}")
    )
