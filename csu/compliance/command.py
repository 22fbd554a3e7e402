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
from csu.hal.errors import BadInput
from csu.hal.words import Language, Words
from csu.language import current_language, say

_STYLES = {Status.PASSED: "green", Status.FAILED: "bold red", Status.NOT_COVERED: "yellow"}


def compliance_command(
    as_json: Annotated[
        bool, typer.Option("--json", help=say("un objet sur stdout", "one JSON object on stdout"))
    ] = False,
    last: Annotated[
        bool,
        typer.Option(
            "--last", help=say("sur le dernier passage gardé ; rien n'est lancé", "of the last run kept; run nothing")
        ),
    ] = False,
    tests: Annotated[
        Path | None, typer.Option("--tests", metavar="DIR", help=say("où sont les tests", "where the tests are"))
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help=say("écrire aussi une page HTML", "also write an HTML page")),
    ] = None,
) -> None:
    """Run the tests that prove a rule, and show every rule with its tests and result.

    Exit code: 0 no rule failed, 1 one did or the run broke, 2 bad input. Rules without a test are shown as not covered.
    """
    directory = tests if tests is not None else find_tests()
    report = last_compliance(directory) if last else run_compliance(directory)
    if page is not None:
        _write_page(report, page)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
    else:
        _show(report, Console())
    raise typer.Exit(0 if report.holds else 1)


def page_of(report: ComplianceReport) -> str:
    """The report as one HTML page, French with English beside it, that needs nothing else."""
    names = load_requirements().families
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("csu.compliance", "."), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        families={names[family][0]: results for family, results in _by_family(report).items()},
        words={status: _word(status, Language.FRENCH) for status in Status},
        Status=Status,
    )


def _write_page(report: ComplianceReport, page: Path) -> None:
    try:
        page.write_text(page_of(report), encoding="utf-8")
    except OSError as error:
        raise BadInput(
            Words(f"la page ne peut être écrite : {error.strerror}", f"the page cannot be written: {error.strerror}"),
            where=str(page),
            what_to_do=Words("Donnez un autre fichier à --report", "Give another --report FILE"),
        ) from error


def _word(status: Status, language: Language) -> str:
    """A sign and a word beside each colour: nothing is said by colour alone."""
    words = {
        Status.PASSED: Words("✔ tests réussis", "✔ tests passed"),
        Status.FAILED: Words("✘ en échec", "✘ failed"),
        Status.NOT_COVERED: Words("○ non couverte", "○ not covered"),
    }[status]
    return words.in_language(language)


def _by_family(report: ComplianceReport) -> dict[str, list[RequirementResult]]:
    families: dict[str, list[RequirementResult]] = {}
    for result in report.results:
        families.setdefault(result.requirement.family, []).append(result)
    return families


def _show(report: ComplianceReport, console: Console) -> None:
    language = current_language()
    table = Table(title=say("Conformité, règle par règle", "Compliance, rule by rule"), title_justify="left")
    table.add_column(say("Règle", "Rule"), no_wrap=True)
    table.add_column(say("Énoncé", "What it says"))
    table.add_column("Tests", justify="right")
    table.add_column(say("Résultat", "Result"), no_wrap=True)
    for results in _by_family(report).values():
        for result in results:
            rule = result.requirement
            ran = sum(test.outcome != "not_run" for test in result.tests)
            tests = str(ran) if ran == len(result.tests) else f"{ran}/{len(result.tests)}"
            word = f"[{_STYLES[result.status]}]{_word(result.status, language)}[/]"
            table.add_row(rule.id, say(rule.title_fr, rule.title_en), tests, word)
        table.add_section()
    console.print(table)
    for broken in report.broken:
        line = say("Fichier de tests illisible : ", "Broken test file: ") + broken
        console.print(line, style="bold red", markup=False)
    tally = ", ".join(f"{report.count(status)} {_word(status, language)}" for status in Status)
    revision = report.commit or say("inconnue", "unknown")
    line = say(
        f"{len(report.results)} règles : {tally}. Révision {revision}, tests achevés le",
        f"{len(report.results)} rules: {tally}. Revision {revision}, tests ended on",
    )
    console.print(f"{line} {report.ended_at:%Y-%m-%d %H:%M} UTC.", highlight=False)
