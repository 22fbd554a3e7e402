"""`csu recording torture` and `csu recording check`."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from csu.centre.media.volume_loss import declare_loss
from csu.centre.registers.journal_beside import journal_beside
from csu.cluster.recording_check import Checked, RecordingCheck
from csu.cluster.torture import run_torture
from csu.cluster.torture_process import TortureSettings
from csu.cluster.volume_note import note_of
from csu.cluster.volumes import VolumesDisk
from csu.governance import Author
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock
from csu.recording import open_catalogue
from csu.recording.key_store import LocalKeyStore, key_secret
from csu.recording.reconcile import HARMLESS, Finding
from csu.recording.space import MARKS
from csu.recording.torture import LOST_TAIL_S_MAX, TortureResult

EXIT_DOES_NOT_HOLD = 1
KILLS_MAX = 2000

app = typer.Typer(help=say("L'enregistrement.", "Recording."), no_args_is_help=True, rich_markup_mode=None)


_Data = Annotated[Path, typer.Argument(help=say("dossier des données du centre", "the centre's data directory"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("torture", help=say("Tuer l'enregistreur, encore et encore.", "Kill the recorder, again and again."))
def torture_command(
    kills: Annotated[int, typer.Option(min=1, max=KILLS_MAX, help=say("combien de fois", "how many times"))] = 20,
    seed: Annotated[str, typer.Option(help=say("graine des instants", "seed of the moments"))] = "1",
    directory: Annotated[
        Path | None,
        typer.Option(help=say("garder ce qui est écrit ici (dossier vide)", "keep what is written here (empty)")),
    ] = None,
    as_json: _Json = False,
) -> None:
    """16 cameras record; their process is killed at random moments and started again; then all of it is read."""
    if directory is not None and directory.exists() and any(directory.iterdir()):
        raise BadInput(
            Words("ce dossier n'est pas vide", "this directory is not empty"),
            where=f"--directory {directory}",
            what_to_do=Words("Donnez-en un vide", "Give an empty one"),
        )
    console = Console(stderr=True)
    holder = tempfile.TemporaryDirectory(prefix="csu-torture-") if directory is None else nullcontext(str(directory))
    with holder as root, Progress(console=console, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task(say("enregistreurs tués", "recorders killed"), total=kills)
        settings = TortureSettings(str(root), kills, seed)
        result = run_torture(settings, lambda count: bar.update(task, completed=count))
    if as_json:
        verdict = "holds" if result.holds else "does not hold"
        summary = {"verdict": verdict, "level": "L1", "seed": seed, "lost_tail_s_limit": LOST_TAIL_S_MAX}
        print(json.dumps(summary | asdict(result), ensure_ascii=False))
    else:
        _show_torture(result, seed)
    if not result.holds:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@app.command(
    "check", help=say("Catalogue, disques et clés disent-ils la même chose ?", "Do catalogue, disks, keys agree?")
)
def check_command(
    data: _Data,
    repair: Annotated[
        bool, typer.Option("--repair", help=say("réparer ce qui est sans danger", "repair what is safe"))
    ] = False,
    hashes: Annotated[
        bool, typer.Option("--hashes", help=say("relire chaque fichier", "read every file again"))
    ] = False,
    as_json: _Json = False,
) -> None:
    """Name every difference. `--repair` recovers and tells; it never deletes footage."""
    media, catalogue_directory, keys_directory = (data / name for name in ("media", "catalogue", "keys"))
    for path in (media if not note_of(data).exists() else data, keys_directory):
        if not path.is_dir():
            raise BadInput(
                Words("ce n'est pas le dossier des données d'un centre", "this is not a centre's data directory"),
                where=str(path),
                what_to_do=Words("Donnez le dossier qui contient media et keys", "Give the one that holds media, keys"),
            )
    keys = LocalKeyStore(keys_directory, away_from=(media, catalogue_directory), secret=key_secret(os.environ))
    catalogue = open_catalogue(catalogue_directory, os.environ.get("CSU_DATABASE_URL"))
    console = Console(stderr=True)
    try:
        checker, now_ns = RecordingCheck(VolumesDisk.of_centre(data), catalogue, keys), SystemClock().now_ns()
        with Progress(console=console, disable=as_json or not console.is_terminal) as bar:
            task = bar.add_task(say("fichiers", "files"), total=None)
            checked = checker.check(
                now_ns, hashes=hashes, progress=lambda done, of: bar.update(task, completed=done, total=of)
            )
        if repair:
            by = Author(f"uid-{os.getuid()}", "host-account")
            with journal_beside(data, SystemClock()) as note:
                note([deed_entry(OwnDeed.RECORDING_REPAIR, by=by)])
            checked = checker.repair(checked, now_ns)
    finally:
        catalogue.close()
    holds = all(finding.kind in HARMLESS for finding in checked.remaining)
    if as_json:
        print(json.dumps(_summary(checked, holds=holds), ensure_ascii=False))
    else:
        _show_check(checked, holds=holds)
    if not holds:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@app.command("volumes", help=say("Les volumes d'un centre.", "The volumes of a centre."))
def volumes_command(data: _Data, as_json: _Json = False) -> None:
    """How each stands now. Exit code: 0 all take segments, 1 one does not."""
    language, states = current_language(), VolumesDisk.of_centre(data).states()
    told = [
        {
            "volume": state.name,
            "size_bytes": state.size_bytes,
            "free_bytes": state.free_bytes,
            "trouble": state.why_not(MARKS).in_language(language),
        }
        for state in states
    ]
    if as_json:
        print(json.dumps({"volumes": told}, ensure_ascii=False))
    else:
        for row, state in zip(told, states, strict=True):
            well = row["trouble"] or say("en ordre", "well")
            Console(highlight=False).print(f"{state.name}  {state.used_share:.0%}  {well}", markup=False)
    if not all(state.is_writable(MARKS) for state in states):
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


@app.command("lost", help=say("Déclarer un volume perdu.", "Declare a volume lost."))
def lost_command(
    data: _Data,
    directory: Annotated[Path, typer.Argument(help=say("dossier du volume perdu", "directory of the lost volume"))],
    author: Annotated[str, typer.Option(help=say("qui le déclare", "who declares it"))],
    role: Annotated[str, typer.Option(help=say("en quelle qualité", "as what"))],
    reference: Annotated[str, typer.Option(help=say("numéro de la décision", "number of the decision"))],
    as_json: _Json = False,
) -> None:
    """Journaled, and registered as lost; the centre, stopped meanwhile, no longer waits for it."""
    if not note_of(data).exists():
        raise BadInput(
            Words("ce n'est pas le dossier des données d'un centre", "this is not a centre's data directory"),
            where=str(data),
            what_to_do=Words("Donnez le dossier qui contient volumes.json", "Give the one that holds volumes.json"),
        )
    found = declare_loss(data, directory, author=author, role=role, reference=reference, clock=SystemClock())
    if as_json:
        told = {"volume": str(found.directory), "segments": found.segments, "bytes": found.size_bytes}
        print(json.dumps(told | {"certificates": found.certificates}, ensure_ascii=False))
        return
    count = found.segments
    Console(highlight=False).print(
        say(f"{count} segments déclarés perdus", f"{count} segments declared lost"), markup=False
    )


def _summary(checked: Checked, *, holds: bool) -> dict[str, Any]:
    return {
        "verdict": "holds" if holds else "does not hold",
        "files": checked.files,
        "rows": checked.rows,
        "found": [_told(finding) for finding in checked.found],
        "repaired": [_told(finding) for finding in checked.repaired],
        "not_repaired": [_told(finding) | {"why": str(error)} for finding, error in checked.not_repaired],
    }


def _told(finding: Finding) -> dict[str, str]:
    return {
        "kind": finding.kind.value,
        "name": finding.name,
        "detail": finding.detail.in_language(current_language()),
    }


def _show_check(checked: Checked, *, holds: bool) -> None:
    console = Console()
    console.print(
        say(f"{checked.files} fichiers, {checked.rows} lignes", f"{checked.files} files, {checked.rows} rows")
    )
    table = Table(box=None, show_header=False)
    for finding in checked.found:
        mended = say("réparé", "repaired") if finding in checked.repaired else ""
        table.add_row(finding.kind.value, finding.name, finding.detail.in_language(current_language()), mended)
    if checked.found:
        console.print(table, markup=False)
    _verdict(console, holds=holds)


def _show_torture(result: TortureResult, seed: str) -> None:
    console, table = Console(), Table(box=None, show_header=False)
    rows = [
        (say("enregistreurs tués (graine)", "recorders killed (seed)"), f"{result.kills} ({seed})"),
        (say("caméras", "cameras"), f"{result.cameras}"),
        (
            say("images prises / lisibles", "pictures taken / readable"),
            f"{result.frames_taken} / {result.frames_readable}",
        ),
        (say("segments, dont récupérés", "segments, recovered"), f"{result.segments}, {result.recovered}"),
        (
            say("fin perdue, au plus / moyenne", "lost tail, at most / mean"),
            f"{result.lost_tail_s_max} / {result.lost_tail_s_mean} s",
        ),
        (say("incohérences", "inconsistent"), f"{result.inconsistent}"),
    ]
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for problem in result.problems:
        console.print(problem, style="red", markup=False)
    _verdict(console, holds=result.holds)


def _verdict(console: Console, *, holds: bool) -> None:
    if holds:
        console.print(say("Tout tient.", "All of it holds."), style="bold green")
    else:
        console.print(say("NE TIENT PAS", "DOES NOT HOLD"), style="bold red")
