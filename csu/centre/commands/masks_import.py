"""`csu masks import`: the buildings of a commune from a public map, as a person or a machine asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from csu.centre.commands.report_page import write_page
from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock
from csu.masking.dwellings import (
    Dwellings,
    GroundRange,
    Imported,
    LocalFrame,
    import_buildings,
    import_page,
    load_buildings,
    save_buildings,
)
from csu.masking.dwellings import Progress as ImportProgress

MASKS = Path("var/masks")
"""Where the masks' data of a centre lies unless told otherwise, below the current directory."""

USES_SHOWN = 12
"""In a terminal; the page shows all."""

_COMMUNE = re.compile(r"[\w][\w .'-]{0,79}")


def import_command(
    file: Annotated[Path, typer.Argument(help=say("GeoPackage, GeoJSON ou CityJSON", "GeoPackage, GeoJSON, CityJSON"))],
    commune: Annotated[str, typer.Option(help=say("commune dont ce sont les bâtiments", "commune they stand in"))],
    layer: Annotated[
        str | None, typer.Option(help=say("couche du fichier ; sinon « batiment »", "layer of the file; else batiment"))
    ] = None,
    origin: Annotated[
        tuple[float, float] | None,
        typer.Option(help=say("origine des mètres locaux : lon lat", "origin of the local metres: lon lat")),
    ] = None,
    ground: Annotated[
        tuple[float, float] | None,
        typer.Option(
            help=say(
                "sol le plus bas et le plus haut de la commune (m), pour les bâtiments sans altitude",
                "lowest and highest ground of the commune (m), for buildings without altitude",
            )
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=say("fichier écrit (var/masks/...)", "file written (var/masks/...)"))
    ] = None,
    report: Annotated[Path | None, typer.Option(help=say("page HTML", "HTML page"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> None:
    """Import all buildings of a file or none. Exit code: 0 imported, 2 refused (by name)."""
    _require_commune(commune)
    written = out or MASKS / f"{_slug(commune)}.buildings.json"
    clock = SystemClock()
    began_ns = clock.monotonic_ns()
    frame = _frame(origin, written)
    with _progress() as progress:
        imported = import_buildings(file, layer=layer, origin=frame, ground=_ground(ground), progress=progress)
        progress(Words("écriture", "writing"), 0, 1)
        at = datetime.fromtimestamp(clock.now_ns() / NS_PER_S, UTC).isoformat(timespec="seconds")
        dwellings = Dwellings(commune, imported.source, imported.sha256, at, imported.frame, imported.buildings)
        save_buildings(dwellings, written)
        progress(Words("écriture", "writing"), 1, 1)
    seconds = (clock.monotonic_ns() - began_ns) / NS_PER_S
    page = report or written.with_suffix(".html")
    write_page(page, import_page(dwellings, imported.tally, seconds, current_language()))
    if as_json:
        print(json.dumps(_told(dwellings, imported, seconds, written, page), ensure_ascii=False))
    else:
        _show(imported, seconds, written, page)


def _require_commune(commune: str) -> None:
    if not _COMMUNE.fullmatch(commune):
        raise BadInput(
            Words(f"{commune!r} n'est pas un nom de commune", f"{commune!r} is no name of a commune"),
            where="--commune",
            what_to_do=Words("Écrivez par exemple --commune metz", "Write for example --commune metz"),
        )


def _slug(commune: str) -> str:
    return re.sub(r"[^\w-]+", "-", commune.casefold()).strip("-")


def _ground(told: tuple[float, float] | None) -> GroundRange | None:
    if told is None:
        return None
    low_m, high_m = told
    if not -50 <= low_m <= high_m <= 5_000:
        raise BadInput(
            Words(f"sol de {low_m:g} à {high_m:g} m", f"ground from {low_m:g} to {high_m:g} m"),
            where="--ground",
            what_to_do=Words(
                "Donnez le plus bas, puis le plus haut, en mètres", "Give the lowest, then the highest, in m"
            ),
        )
    return GroundRange(low_m, high_m)


def _frame(origin: tuple[float, float] | None, written: Path) -> LocalFrame | None:
    """The origin asked for; else the one of the import before, because cameras are calibrated in its metres."""
    asked = None if origin is None else LocalFrame(*origin)
    if not written.exists():
        return asked
    before = load_buildings(written).frame
    if asked is not None and asked != before:
        raise BadInput(
            Words(
                f"l'import précédent a pour origine {before.lon_deg} {before.lat_deg}, et des caméras y sont calées",
                f"the import before has its origin at {before.lon_deg} {before.lat_deg}, and cameras stand by it",
            ),
            where=str(written),
            what_to_do=Words(
                "Gardez cette origine, ou donnez un autre --out", "Keep that origin, or give another --out"
            ),
        )
    return before


@contextmanager
def _progress() -> Iterator[ImportProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def tell(what: Words, done: int, total: int) -> None:
            bar.update(task, description=what.in_language(current_language()), completed=done, total=total)

        yield tell


def _told(dwellings: Dwellings, imported: Imported, seconds: float, written: Path, page: Path) -> dict[str, object]:
    return {
        "verdict": "holds",
        "commune": dwellings.commune,
        "source": dwellings.source,
        "source_sha256": dwellings.source_sha256,
        "imported_at": dwellings.imported_at,
        "seconds": round(seconds, 2),
        "frame": {"lon_deg": dwellings.frame.lon_deg, "lat_deg": dwellings.frame.lat_deg},
        **imported.tally.as_json(current_language()),
        "written": str(written),
        "report": str(page),
    }


def _show(imported: Imported, seconds: float, written: Path, page: Path) -> None:
    console, tally, language = Console(highlight=False), imported.tally, current_language()
    figures = Table(show_header=False, box=None)
    figures.add_column()
    figures.add_column(justify="right")
    for words, number in tally.lines():
        figures.add_row(words.in_language(language), f"{number}")
    console.print(figures)
    uses = Table(title=say("Usages", "Uses"), title_justify="left")
    uses.add_column(say("dans la source", "in the source"))
    uses.add_column(say("bâtiments", "buildings"), justify="right")
    uses.add_column(say("masqué", "masked"))
    uses.add_column(say("pourquoi", "why"))
    for use in tally.uses[:USES_SHOWN]:
        masked = say("non", "no") if use.dwelling is False else say("oui", "yes")
        uses.add_row(use.told, f"{use.buildings}", masked, use.why.in_language(language))
    if more := tally.uses[USES_SHOWN:]:
        others = say("… voir le rapport", "… see the report")
        uses.add_row(others, f"{sum(use.buildings for use in more)}", "", "")
    console.print(uses, markup=False)
    frame = imported.frame
    console.print(f"{tally.layout}, {tally.crs} · lon {frame.lon_deg}° lat {frame.lat_deg}° · {seconds:.1f} s")
    console.print(say(f"Écrit : {written} · rapport : {page}", f"Written: {written} · report: {page}"), markup=False)
