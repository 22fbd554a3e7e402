"""`csu journal show|verify|anchor`: the audit journal as the DPO and an inspector use it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.registers.settings import ANCHOR_FILE, anchor_directories, register_settings
from csu.centre.registers.stamp_client import HttpAuthority
from csu.governance import AnchorPlaces
from csu.governance.anchor import Anchor, AnchorFile, make_anchor, stamped
from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.journal import CHAIN, AuditJournal
from csu.governance.journal_closings import CLOSINGS
from csu.governance.journal_entry import Ended, JournalRow, Operation
from csu.governance.journal_reading import days_of, read_journal
from csu.governance.journal_verify import JournalVerdict, verify_journal
from csu.governance.legal_calendar import PARIS, in_paris
from csu.governance.time_stamps import StampTrust
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

EXIT_DOES_NOT_HOLD = 1
SHOWN_DEFAULT = 200

app = typer.Typer(
    help=say("Le journal d'audit : qui a fait quoi.", "The audit journal: who did what."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Journal = Annotated[
    Path, typer.Option("--journal", help=say("dossier du journal du centre", "the directory of the centre's journal"))
]
Anchors = Annotated[
    list[Path] | None,
    typer.Option(
        "--anchors",
        help=say(
            "fichier ou dossier d'ancres, ailleurs ; plusieurs fois ; sinon CSU_ANCHORS",
            "file or directory of anchors, elsewhere; several times; else CSU_ANCHORS",
        ),
    ),
]
_TsaRoot = Annotated[
    Path | None,
    typer.Option("--tsa-root", help=say("racine de l'autorité d'horodatage (PEM)", "root of the time authority (PEM)")),
]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("show", help=say("Lire le journal.", "Read the journal."))
def show_command(
    journal: _Journal,
    since: Annotated[
        str | None, typer.Option("--from", help=say("depuis, AAAA-MM-JJ[THH:MM] à Paris", "from, in Paris time"))
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help=say("jusqu'à, exclu", "to, excluded"))] = None,
    operation: Annotated[Operation | None, typer.Option(help=say("une seule opération", "one operation only"))] = None,
    camera: Annotated[str | None, typer.Option(help=say("une seule caméra", "one camera only"))] = None,
    limit: Annotated[int, typer.Option(min=1, help=say("lignes au plus", "rows at most"))] = SHOWN_DEFAULT,
    as_json: _Json = False,
) -> None:
    """Entries in order. `more` tells that there are others behind the last one. Exit code: 0 shown, 2 bad input."""
    require_journal(journal)
    found = read_journal(
        journal,
        instant_of(since, "from") if since else 0,
        instant_of(until, "to") if until else None,
        operation=operation,
        camera=CameraId(camera) if camera else None,
    )
    rows = list(islice(found, limit + 1))
    told = {
        "journal": str(journal),
        "entries": [_entry(row) for row in rows[:limit]],
        "more": len(rows) > limit,
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)


@app.command("verify", help=say("Le journal est-il ce qui fut écrit ?", "Is the journal what was written?"))
def verify_command(
    journal: _Journal,
    key: Annotated[
        Path, typer.Option("--key", help=say("clé publique du centre, venue d'ailleurs", "the centre's public key"))
    ],
    anchors: Anchors = None,
    tsa_root: _TsaRoot = None,
    as_json: _Json = False,
) -> int:
    """Exit code: 0 holds, 1 does not hold (each finding names its row), 2 bad input."""
    require_journal(journal)
    public = PublicKey.load(key)
    kept = kept_anchors(anchors)
    root = tsa_root or register_settings(os.environ).tsa_root
    trust = StampTrust.load(root) if root else None
    console = Console(stderr=True)
    with console.status("") as status:
        found = verify_journal(journal, public, kept or (), trust, status.update)
    told = _verdict(found, anchored=kept is not None)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show_verdict(told)
    return 0 if found.holds else EXIT_DOES_NOT_HOLD


@app.command("anchor", help=say("Noter la tête du journal ailleurs.", "Note the journal's head elsewhere."))
def anchor_command(
    journal: _Journal,
    key: Annotated[Path, typer.Option("--key", help=say("clé du centre (PEM)", "the centre's key (PEM)"))],
    anchors: Annotated[
        Path, typer.Option("--anchors", help=say("fichier d'ancres, sur un autre volume", "file of anchors, elsewhere"))
    ],
    tsa: Annotated[
        str | None,
        typer.Option("--tsa", help=say("adresse d'une autorité RFC 3161", "address of an RFC 3161 authority")),
    ] = None,
    tsa_root: _TsaRoot = None,
    as_json: _Json = False,
) -> None:
    """Exit code: 0 noted, 1 not noted, 2 bad input."""
    require_journal(journal)
    if (tsa is None) is not (tsa_root is None):
        raise BadInput(
            Words("--tsa et --tsa-root vont ensemble", "--tsa and --tsa-root go together"),
            where="--tsa",
            what_to_do=Words("Donnez les deux, ou aucun", "Give both, or neither"),
        )
    if anchors.resolve().is_relative_to(journal.resolve()):
        raise BadInput(
            Words("l'ancre serait dans le journal même", "the anchor would be inside the journal itself"),
            where=f"--anchors {anchors}",
            what_to_do=Words("Choisissez un autre volume", "Choose another volume"),
        )
    held = CentreKey.load(key)
    opened = AuditJournal(journal, held)
    try:
        made = make_anchor(CHAIN, *opened.head, SystemClock().now_ns(), held)
    finally:
        opened.close()
    if tsa is not None and tsa_root is not None:
        made = stamped(made, HttpAuthority(tsa), StampTrust.load(tsa_root))
    AnchorFile(anchors).keep(made)
    told = {
        "chain": made.chain,
        "at": _instant(made.at_ns),
        "sequence": made.sequence,
        "head": made.head,
        "stamped": bool(made.token),
        "anchors": str(anchors),
    }
    if as_json:
        print(json.dumps(told))
    else:
        line = say(f"ligne {made.sequence}, tête {made.head[:16]}...", f"row {made.sequence}, head {made.head[:16]}...")
        Console(highlight=False).print(f"{line} -> {anchors}", markup=False)


def instant_of(text: str, option: str) -> Nanoseconds:
    """A date or an instant as a person types it; without offset it is Paris time. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            Words("ce n'est pas une date", "this is no date"),
            where=f"--{option} {text}",
            what_to_do=Words("Écrivez 2026-11-23 ou 2026-11-23T10:20", "Write 2026-11-23 or 2026-11-23T10:20"),
        ) from error
    aware = at if at.tzinfo else at.replace(tzinfo=PARIS)
    return int(aware.astimezone(UTC).timestamp()) * NS_PER_S


def kept_anchors(given: Sequence[Path] | None) -> list[Anchor] | None:
    """What was noted in any of these files and directories, else in those of `CSU_ANCHORS`; None: nobody names one.

    Raises BadInput for one that is not there.
    """
    places = [*(given or anchor_directories(os.environ))]
    files = [each / ANCHOR_FILE if each.is_dir() else each for each in places]
    for file in files:
        if not file.is_file():
            raise BadInput(
                Words("il n'y a pas d'ancres ici", "there are no anchors here"),
                where=f"--anchors {file}",
                what_to_do=Words("Vérifiez le volume où elles sont notées", "Check the volume they are noted on"),
            )
    return AnchorPlaces([AnchorFile(file) for file in files]).anchors() if files else None


def require_journal(journal: Path) -> None:
    """It must exist: the centre begins it when it opens, a question never does. Raises BadInput."""
    if not (journal / CLOSINGS).is_file() and not days_of(journal):
        raise BadInput(
            Words("il n'y a pas de journal ici", "there is no journal here"),
            where=f"--journal {journal}",
            what_to_do=Words("Ouvrez d'abord le centre : il le crée", "Open the centre first: it makes it"),
        )


# -- inside -----------------------------------------------------------------------------------------------------------


def _instant(at_ns: Nanoseconds) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).isoformat()


def _entry(row: JournalRow) -> dict[str, Any]:
    entry = row.entry
    held: dict[str, Any] = {"number": row.number, "at": _instant(row.at_ns), "at_paris": in_paris(row.at_ns)}
    if isinstance(entry, Ended):
        more = {"ends": entry.of, "operation": entry.operation.value, "outcome": entry.outcome.value}
        return held | more | ({"sha256": entry.sha256} if entry.sha256 else {})
    data = [
        {"camera": each.camera}
        | ({"from": _instant(each.span.from_ns), "to": _instant(each.span.to_ns)} if each.span else {})
        for each in entry.data
    ]
    return held | {
        "operation": entry.operation.value,
        "author": entry.author,
        "role": entry.role,
        "outcome": entry.outcome.value,
        "refusal": entry.refusal,
        "ground": entry.ground.value if entry.ground else None,
        "reference": entry.reference,
        "case": entry.case,
        "data": data,
        "recipient": entry.recipient,
        "subject": entry.subject,
        "sha256": entry.sha256,
    }


def _verdict(found: JournalVerdict, anchored: bool) -> dict[str, Any]:
    language = current_language()
    return {
        "holds": found.holds,
        "rows": found.rows,
        "days": found.days,
        "days_purged": found.purged,
        "last": found.last,
        "head": found.head,
        "anchors": found.anchors if anchored else None,
        "stamps_verified": found.stamps,
        "stamps_unchecked": found.stamps_unchecked,
        "rows_not_anchored": found.unanchored,
        "findings": [
            {"kind": each.kind.value, "where": each.where, "what": each.what.in_language(language)}
            for each in found.findings
        ],
    }


def _show(told: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table(box=None)
    for title in ("n", say("à Paris", "in Paris"), say("qui", "who"), say("quoi", "what"), say("issue", "outcome"),
                  say("motif", "reason"), say("données", "data")):  # fmt: skip
        table.add_column(title)
    for each in told["entries"]:
        data = ", ".join(piece["camera"] for piece in each.get("data", ())[:3])
        reason = " ".join(filter(None, (each.get("ground"), each.get("reference"), each.get("case"))))
        who = f"{each['author']} ({each['role']})" if "author" in each else f"-> {each['ends']}"
        what = " ".join(filter(None, (each["operation"], each.get("subject"))))
        why = each["outcome"] + (f" ({each['refusal']})" if each.get("refusal") else "")
        table.add_row(str(each["number"]), each["at_paris"], who, what, why, reason, data)
    console.print(table)
    if told["more"]:
        console.print(say("... et d'autres : --limit, --from", "... and others: --limit, --from"), markup=False)


def _show_verdict(told: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    rows, days, purged = told["rows"], told["days"], told["days_purged"]
    console.print(
        say(
            f"{rows} lignes vérifiées, {days} jours, {purged} jours purgés",
            f"{rows} rows checked, {days} days, {purged} days purged",
        ),
        markup=False,
    )
    for each in told["findings"]:
        console.print(f"{each['where']}: {each['what']}", style="red", markup=False)
    if told["anchors"] is None:
        console.print(
            say("sans ancres : une fin coupée ne se voit pas", "without anchors a cut end does not show"), markup=False
        )
    elif left := told["rows_not_anchored"]:
        console.print(say(f"{left} lignes pas encore ancrées", f"{left} rows not anchored yet"), markup=False)
    console.print(say("le journal tient", "the journal holds") if told["holds"] else say("NE TIENT PAS", "BROKEN"))
