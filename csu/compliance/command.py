"""`csu compliance`: the report as JSON, as a table, as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import jinja2
import typer
from rich.console import Console
from rich.table import Table

from csu.compliance.catalogue import load_requirements
from csu.compliance.report import ComplianceReport, RequirementResult, Status
from csu.compliance.runner import find_tests, last_compliance, run_compliance
from csu.hal.errors import BadInput, CsuError

_WORDS = {
    Status.PASSED: ("✔ tenue", "green"),
    Status.FAILED: ("✘ non tenue", "bold red"),
    Status.NOT_COVERED: ("○ non couverte", "yellow"),
}
"""A sign and a word beside each colour: nothing is said by colour alone."""


def compliance_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    last: Annotated[bool, typer.Option("--last", help="Report on the last run that was kept; run nothing.")] = False,
    tests: Annotated[Path | None, typer.Option("--tests", metavar="DIR", help="Where the tests are.")] = None,
    page: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Also write an HTML page.")] = None,
) -> None:
    """Run the tests that prove a rule, and show every rule with its tests and result.

    Exit code: 0 no rule failed, 1 one did or the run broke, 2 bad input. Rules without a test are shown as not covered.
    """
    try:
        report = _report(tests, last)
        if page is not None:
            _write_page(report, page)
    except CsuError as error:
        typer.echo(f"csu compliance: {error}", err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from error
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        _show(report, Console())
    raise typer.Exit(0 if report.holds else 1)


def page_of(report: ComplianceReport) -> str:
    """The report as one HTML page that needs nothing else."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.compliance", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    names = load_requirements().families
    return environment.get_template("report.html.j2").render(
        report=report,
        families={names[family][0]: results for family, results in _by_family(report).items()},
        words={status: word for status, (word, _) in _WORDS.items()},
        Status=Status,
    )


def _report(tests: Path | None, last: bool) -> ComplianceReport:
    directory = tests if tests is not None else find_tests()
    return last_compliance(directory) if last else run_compliance(directory)


def _write_page(report: ComplianceReport, page: Path) -> None:
    try:
        page.write_text(page_of(report), encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"the page cannot be written: {error.strerror}", where=str(page), what_to_do="Give another --report FILE"
        ) from error


def _by_family(report: ComplianceReport) -> dict[str, list[RequirementResult]]:
    families: dict[str, list[RequirementResult]] = {}
    for result in report.results:
        families.setdefault(result.requirement.family, []).append(result)
    return families


def _show(report: ComplianceReport, console: Console) -> None:
    table = Table(title="Conformité, règle par règle", title_justify="left")
    table.add_column("Règle", no_wrap=True)
    table.add_column("Énoncé")
    table.add_column("Tests", justify="right")
    table.add_column("Résultat", no_wrap=True)
    for results in _by_family(report).values():
        for result in results:
            word, style = _WORDS[result.status]
            ran = sum(test.outcome != "not_run" for test in result.tests)
            tests = str(ran) if ran == len(result.tests) else f"{ran}/{len(result.tests)}"
            table.add_row(result.requirement.id, result.requirement.title_fr, tests, f"[{style}]{word}[/]")
        table.add_section()
    console.print(table)
    for broken in report.broken:
        console.print(f"[bold red]fichier de tests illisible[/] {broken}", highlight=False)
    tally = ", ".join(f"{report.count(status)} {_WORDS[status][0]}" for status in Status)
    console.print(f"{len(report.results)} règles : {tally}. Révision {report.commit or 'inconnue'}.", highlight=False)
