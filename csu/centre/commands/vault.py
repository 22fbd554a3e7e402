"""`csu vault`: the secrets of a site beside its cameras' logins."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from csu.centre.commands import enrol
from csu.centre.commands.enrol_options import Json, Site
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import say

SECRET_BYTES_MAX = 16_384

vault_app = typer.Typer(
    help=say("Les secrets du site, scellés.", "The site's secrets, sealed."),
    no_args_is_help=True,
    rich_markup_mode=None,
)


@vault_app.command("put", help=say("Mettre un secret au coffre (lu sur stdin).", "Keep a secret (read from stdin)."))
def put_command(
    name: Annotated[str, typer.Argument(help=say("son nom : dc09/1234", "its name: dc09/1234"))],
    site: Site,
    as_hex: Annotated[bool, typer.Option("--hex", help=say("donné en hexadécimal", "given in hexadecimal"))] = False,
) -> None:
    """Never as an argument: those are seen by every program of the machine, and stay in the shell's history."""
    given = sys.stdin.buffer.read(SECRET_BYTES_MAX + 1)
    try:
        secret = bytes.fromhex(given.decode("ascii")) if as_hex else given.rstrip(b"\r\n")
    except ValueError:
        raise BadInput(
            Words("ce n'est pas de l'hexadécimal", "that is no hexadecimal"),
            where="--hex",
            what_to_do=Words("Donnez des chiffres hexadécimaux, ou ôtez --hex", "Give hex digits, or drop --hex"),
        ) from None
    enrol.fieldwork().open(site).keep_secret(name, secret)
    Console(stderr=True, soft_wrap=True, highlight=False).print(
        say(f"Au coffre : {name}", f"In the vault: {name}"), markup=False
    )


@vault_app.command("list", help=say("Les noms des secrets, jamais les secrets.", "The names of secrets, never more."))
def list_command(site: Site, as_json: Json = False) -> None:
    """Cameras' logins are not in this list: they have the cameras' names."""
    names = list(enrol.fieldwork().open(site).secrets())
    print(json.dumps({"secrets": names}) if as_json else "\n".join(names))
