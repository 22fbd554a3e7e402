"""`csu ...`: every command has `--json` (one object on stdout, all else on stderr).

Exit codes: 0 holds, 1 does not hold, 2 bad input.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points
from typing import NoReturn

import typer
from rich.console import Console
from typer.exceptions import TyperException

from csu import __version__
from csu.centre.demo_command import demo_command
from csu.compliance import compliance_command
from csu.hal.errors import BadInput, CsuError
from csu.language import say, tell_error

HOLDS, DOES_NOT_HOLD, BAD_INPUT = 0, 1, 2
INTERRUPTED = 130


def build_app() -> typer.Typer:
    """The command line with the commands of every installed package (entry points `csu.commands`)."""
    app = typer.Typer(
        name="csu",
        help=say(
            "Le logiciel d'un centre de supervision urbain : un moteur, des rues réelles ou simulées.",
            "The software of an urban supervision centre: one engine, real or simulated streets.",
        ),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,  # they print local variables: pictures, addresses, passwords
    )
    app.command("demo", help=say("Voir un centre entier fonctionner.", "See a whole centre at work."))(demo_command)
    app.command("compliance", help=say("Chaque exigence, ses preuves.", "Each requirement, its proofs."))(
        compliance_command
    )
    app.command("version", help=say("La version de csu.", "The version of csu."))(_version)
    for entry in sorted(entry_points(group="csu.commands"), key=lambda entry: entry.name):
        app.add_typer(entry.load(), name=entry.name)
    return app


def main() -> NoReturn:
    """Run one command and leave with its exit code; errors are one line, or one object with `--json`."""
    as_json = "--json" in sys.argv
    try:
        code = build_app()(standalone_mode=False)
    except CsuError as error:
        _report(error, as_json)
        sys.exit(BAD_INPUT if isinstance(error, BadInput) else DOES_NOT_HOLD)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except TyperException as error:
        _report(_usage(error.format_message()), as_json)
        sys.exit(BAD_INPUT)
    sys.exit(code if isinstance(code, int) else HOLDS)


def _usage(words: str) -> BadInput:
    return BadInput(
        words.rstrip("."),
        where="csu",
        what_to_do="See csu --help",
        french=(words.rstrip("."), "Voyez csu --help"),
    )


def _report(error: CsuError, as_json: bool) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(tell_error(error), style="red", markup=False)
    if as_json:
        trouble = error.trouble
        found = {"what": trouble.what, "where": trouble.where, "what_to_do": trouble.what_to_do}
        print(json.dumps({"error": found}, ensure_ascii=False))


def _version(as_json: bool = typer.Option(False, "--json")) -> None:
    print(json.dumps({"version": __version__}) if as_json else __version__)
