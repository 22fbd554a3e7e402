"""`csu public page`: what each commune tells everybody of its cameras, as pages for any web server (R253-3, DPO-1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from csu.centre.commands.centre_key import key_of_centre
from csu.centre.commands.report_page import write_page
from csu.centre.dpo.signs import FILE as SIGNS_FILE
from csu.centre.public_page import STYLE_NAME, file_names, page_style, public_index, public_page
from csu.governance import CentreKey, OrderLedger
from csu.governance.signs import SignLedger, SignRegister
from csu.hal.words import Language
from csu.language import say
from csu.machine import SystemClock
from csu.operations.commune_papers import communes_of
from csu.operations.communes_file import FILE_NAME, read_communes
from csu.operations.transparency import PublicCommune, public_commune

EXIT_DOES_NOT_HOLD = 1

app = typer.Typer(
    help=say("Ce que les communes disent à tous de leurs caméras.", "What communes tell everybody of their cameras."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Centre = Annotated[Path, typer.Option("--centre", help=say("dossier du centre", "the centre's directory"))]
_Out = Annotated[Path, typer.Option("--out", help=say("dossier des pages", "directory of the pages"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.callback()
def public() -> None:
    """Keeps `page` a word of its own while it is the only one."""


@app.command("page", help=say("Écrire les pages, en français et en anglais.", "Write the pages, French and English."))
def page_command(centre: _Centre, out: _Out, as_json: _Json = False) -> int:
    """Exit code: 0 every page lacks nothing, 1 some do (they say what), 2 bad input."""
    key = key_of_centre(centre)
    ledger, now_ns = OrderLedger(centre / "orders.sqlite", key), SystemClock().now_ns()
    ledger.close()
    register, signs = ledger.register, _signs(centre, key)
    path = centre / FILE_NAME
    said = read_communes(path) if path.is_file() else None
    told = [
        public_commune(register, commune, now_ns, communes=said, signs=signs.signs_of(commune))
        for commune in communes_of(register, ())
    ]
    written = write_pages(told, out)
    lacking = [each.commune for each in told if not each.is_complete]
    if as_json:
        print(json.dumps({"pages": [str(each) for each in written], "incomplete": lacking}, ensure_ascii=False))
    else:
        print(say(f"{len(told)} communes, {len(written)} fichiers dans {out}", f"{len(told)} communes, in {out}"))
        for commune in lacking:
            print(say(f"{commune} : page incomplète", f"{commune}: incomplete page"))
    return EXIT_DOES_NOT_HOLD if lacking else 0


def _signs(centre: Path, key: CentreKey) -> SignRegister:
    """Those that hang; none where nobody keeps them yet. Raises SignsBroken, SignsNotKept."""
    path = centre / SIGNS_FILE
    if not path.is_file():
        return SignRegister()
    ledger = SignLedger(path, key)
    ledger.close()
    return ledger.value


def write_pages(told: Sequence[PublicCommune], out: Path) -> list[Path]:
    """An index and a page a commune, in both languages, with their style sheet. Raises BadInput where they cannot be
    written."""
    names = file_names([each.commune for each in told])
    written = [write_page(out / STYLE_NAME, page_style())]
    for language in Language:
        written.append(write_page(out / f"index.{language.value}.html", public_index(told, names, language)))
        for each in told:
            name = f"{names[each.commune]}.{language.value}.html"
            written.append(write_page(out / name, public_page(each, language)))
    return written
