"""`csu ...`: every command has `--json` (one object on stdout, all else on stderr).

Exit codes: 0 holds, 1 does not hold, 2 bad input.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import entry_points
from typing import NoReturn

import typer
from rich.console import Console
from typer.exceptions import TyperException

from csu import __version__
from csu.centre.commands.camera import app as camera_app
from csu.centre.commands.conform import conform_command
from csu.centre.commands.demo import demo_command
from csu.centre.commands.detect import app as detect_app
from csu.centre.commands.evidence import app as evidence_app
from csu.centre.commands.journal import app as journal_app
from csu.centre.commands.masks import app as masks_app
from csu.centre.commands.orders import app as orders_app
from csu.centre.commands.people import app as people_app
from csu.centre.commands.public import app as public_app
from csu.centre.commands.recording import app as recording_app
from csu.centre.commands.register import app as register_app
from csu.centre.commands.retention import app as retention_app
from csu.centre.commands.statistics import app as statistics_app
from csu.centre.commands.vault import vault_app
from csu.centre.commands.wall import app as wall_app
from csu.compliance import compliance_command
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words
from csu.language import current_language, say, tell_error

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
    app.command("conform", help=say("Examiner un appareil avant de le mettre en service.", "Examine a device."))(
        conform_command
    )
    app.add_typer(camera_app, name="camera")
    app.add_typer(detect_app, name="detect")
    app.add_typer(evidence_app, name="evidence")
    app.add_typer(masks_app, name="masks")
    app.add_typer(orders_app, name="orders")
    app.add_typer(people_app, name="people")
    app.add_typer(public_app, name="public")
    app.add_typer(recording_app, name="recording")
    app.add_typer(journal_app, name="journal")
    app.add_typer(register_app, name="register")
    app.add_typer(retention_app, name="retention")
    app.add_typer(statistics_app, name="statistics")
    app.add_typer(vault_app, name="vault")
    app.add_typer(wall_app, name="wall")
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


_USAGE_IN_FRENCH = {
    r"No such option: (.+)": r"option inconnue : \1",
    r"No such command (.+)": r"commande inconnue : \1",
    r"Option (\S+) requires an argument": r"\1 attend une valeur",
    r"Missing \w+ (.+)": r"il manque \1",
    r"Invalid value for (.+?): .+": r"valeur refusée pour \1",
    r"Got unexpected extra argument\(s\) \((.+)\)": r"de trop : \1",
}
"""What typer says most often."""


def _usage(said: str) -> BadInput:
    said = said.rstrip(".")
    known = (re.fullmatch(english, said) for english in _USAGE_IN_FRENCH)
    french = next((match.expand(_USAGE_IN_FRENCH[match.re.pattern]) for match in known if match), said)
    return BadInput(Words(french, said), where="csu", what_to_do=Words("Voyez csu --help", "See csu --help"))


def _report(error: CsuError, as_json: bool) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(tell_error(error), style="red", markup=False)
    if as_json:
        trouble = error.trouble
        language = current_language()
        found = {
            "what": trouble.what.in_language(language),
            "where": trouble.where,
            "what_to_do": trouble.what_to_do.in_language(language),
        }
        print(json.dumps({"error": found}, ensure_ascii=False))


def _version(as_json: bool = typer.Option(False, "--json")) -> None:
    print(json.dumps({"version": __version__}) if as_json else __version__)
