"""`csu ...`: every command has `--json` (one object on stdout, all else on stderr).

Exit codes: 0 holds, 1 does not hold, 2 bad input.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NoReturn

import typer
from rich.console import Console
from typer.exceptions import TyperException

from csu import __version__
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words
from csu.language import current_language, say, tell_error

HOLDS, DOES_NOT_HOLD, BAD_INPUT = 0, 1, 2
INTERRUPTED = 130


_GROUPS = {
    "camera": "camera:app",
    "detect": "detect:app",
    "evidence": "evidence:app",
    "masks": "masks:app",
    "orders": "orders:app",
    "people": "people:app",
    "public": "public:app",
    "recording": "recording:app",
    "journal": "journal:app",
    "register": "register:app",
    "retention": "retention:app",
    "statistics": "statistics:app",
    "vault": "vault:vault_app",
    "wall": "wall:app",
}
"""By the word that calls them: where in `csu.centre.commands` they lie."""
_SINGLE = {
    "demo": ("csu.centre.commands.demo:demo_command", "Voir un centre entier fonctionner.", "See a centre at work."),
    "compliance": ("csu.compliance:compliance_command", "Chaque exigence, ses preuves.", "Each rule, its proofs."),
    "conform": (
        "csu.centre.commands.conform:conform_command",
        "Examiner un appareil avant de le mettre en service.",
        "Examine a device.",
    ),
    "version": ("csu.cli:version_command", "La version de csu.", "The version of csu."),
}


def build_app(word: str | None = None) -> typer.Typer:
    """The command line with the commands of every installed package (entry points `csu.commands`).

    `word`: the command that is called. Only what it takes is loaded then: all of csu takes seconds. None, or a word
    that is none: all of it.
    """
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
    app.callback()(_nothing)  # so that one command alone is still called by its word
    packages = {entry.name: entry for entry in entry_points(group="csu.commands")}
    known = {*_SINGLE, *_GROUPS, *packages}
    wanted = {word} if word in known else known
    for name, (place, fr, en) in _SINGLE.items():
        if name in wanted:
            app.command(name, help=say(fr, en))(_loaded(place))
    for name, place in _GROUPS.items():
        if name in wanted:
            app.add_typer(_loaded(f"csu.centre.commands.{place}"), name=name)
    for name in sorted(packages.keys() & wanted):
        app.add_typer(packages[name].load(), name=name)
    return app


def _nothing() -> None:
    """What is done before every command."""


def _loaded(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)


def main() -> NoReturn:
    """Run one command and leave with its exit code; errors are one line, or one object with `--json`."""
    as_json = "--json" in sys.argv
    try:
        code = build_app(sys.argv[1] if len(sys.argv) > 1 else None)(standalone_mode=False)
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


def version_command(as_json: bool = typer.Option(False, "--json")) -> None:
    """The version."""
    print(json.dumps({"version": __version__}) if as_json else __version__)
