"""`csu register show|verify|certificate`: the legal register as the controller, the DPO and an inspector use it."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from csu.centre.commands.journal import Anchors, kept_anchors
from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.legal_calendar import in_paris
from csu.governance.legal_register import DayAnswer, LegalRegister, RegisterReading, verify_register
from csu.governance.register_lines import Destroyed, Recorded, Transmitted
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say

EXIT_DOES_NOT_HOLD = 1

app = typer.Typer(
    help=say(
        "Le registre légal : enregistré, détruit, transmis.", "The legal register: recorded, destroyed, transmitted."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Register = Annotated[
    Path, typer.Option("--register", help=say("fichier du registre légal", "file of the legal register"))
]
_Day = Annotated[str, typer.Option("--day", help=say("jour filmé, AAAA-MM-JJ à Paris", "day filmed, in Paris"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("show", help=say("Ce qu'il est advenu d'un jour.", "What became of a day."))
def show_command(
    register: _Register,
    day: _Day,
    camera: Annotated[str | None, typer.Option(help=say("une seule caméra", "one camera only"))] = None,
    as_json: _Json = False,
) -> None:
    """Recorded, destroyed, transmitted. Exit code: 0 shown, 1 the register is broken, 2 bad input."""
    _require(register)
    asked = _day(day)
    opened = RegisterReading(register)
    try:
        answer = opened.answer(asked, CameraId(camera) if camera else None)
    finally:
        opened.close()
    told = _answer(answer)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)


@app.command("verify", help=say("Le registre est-il ce qui fut écrit ?", "Is the register what was written?"))
def verify_command(
    register: _Register,
    key: Annotated[Path, typer.Option("--key", help=say("clé publique du centre", "the centre's public key"))],
    anchors: Anchors = None,
    as_json: _Json = False,
) -> int:
    """Exit code: 0 holds, 1 does not hold (each finding names its line), 2 bad input."""
    _require(register)
    found = verify_register(register, PublicKey.load(key), kept_anchors(anchors) or ())
    language = current_language()
    told: dict[str, Any] = {
        "holds": not found,
        "findings": [
            {"kind": each.kind.value, "where": each.where, "what": each.what.in_language(language)} for each in found
        ],
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in told["findings"]:
            console.print(f"{each['where']}: {each['what']}", style="red", markup=False)
        console.print(say("NE TIENT PAS", "BROKEN") if found else say("le registre tient", "the register holds"))
    return EXIT_DOES_NOT_HOLD if found else 0


@app.command("certificate", help=say("Certificats de destruction d'un jour.", "A day's certificates of destruction."))
def certificate_command(
    register: _Register,
    key: Annotated[Path, typer.Option("--key", help=say("clé du centre (PEM)", "the centre's key (PEM)"))],
    day: _Day,
    out: Annotated[Path, typer.Option("--out", help=say("dossier", "directory"))],
    as_json: _Json = False,
) -> int:
    """Each as JSON and as a page. Exit code: 0 written, 1 nothing of that day was destroyed, 2 bad input."""
    _require(register)
    asked, held = _day(day), CentreKey.load(key)
    opened = LegalRegister(register, held)
    try:
        made = opened.certificates(asked)
    finally:
        opened.close()
    written = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for each in made:
            stem = re.sub(r"[^A-Za-z0-9._-]", "_", each.number)
            for suffix, text in ((".json", each.to_json()), (".html", each.to_html())):
                path = out / (stem + suffix)
                path.write_text(text, encoding="utf-8")
                written.append(os.fspath(path))
    except OSError as error:
        raise BadInput(
            Words(f"ce dossier ne peut être écrit ({error.strerror})", f"cannot be written to ({error.strerror})"),
            where=f"--out {out}",
            what_to_do=Words("Choisissez-en un autre", "Choose another one"),
        ) from error
    if as_json:
        print(json.dumps({"day": day, "certificates": [each.number for each in made], "files": written}))
    else:
        nothing = say("rien de ce jour n'a été détruit", "nothing of that day was destroyed")
        Console(highlight=False).print("\n".join(written) or nothing, markup=False)
    return 0 if made else EXIT_DOES_NOT_HOLD


# -- inside -----------------------------------------------------------------------------------------------------------


def _require(register: Path) -> None:
    if not register.is_file():
        raise BadInput(
            Words("ce registre n'existe pas", "there is no such register"),
            where=f"--register {register}",
            what_to_do=Words("Ouvrez d'abord le centre : il le crée", "Open the centre first: it makes it"),
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            Words("ce n'est pas un jour", "this is no day"),
            where=f"--day {text}",
            what_to_do=Words("Écrivez par exemple 2026-11-23", "Write for example 2026-11-23"),
        ) from error


def _answer(answer: DayAnswer) -> dict[str, Any]:
    return {
        "day": answer.day.isoformat(),
        "recorded": [_recorded(line) for line in answer.recorded],
        "destroyed": [_destroyed(line) for line in answer.destroyed],
        "transmitted": [_transmitted(line) for line in answer.transmitted],
    }


def _recorded(line: Recorded) -> dict[str, Any]:
    return {"camera": line.camera, "commune": line.commune, **_span(line.span), "recorded_s": line.recorded_s}


def _destroyed(line: Destroyed) -> dict[str, Any]:
    shredded = line.key_shredded_at_ns
    return {
        "certificate": line.certificate,
        "commune": line.commune,
        "cameras": list(line.cameras),
        "at": in_paris(line.destroyed_at_ns),
        "key_shredded_at": in_paris(shredded) if shredded is not None else None,
        "rule": line.rule.value,
        "tiers": list(line.tiers),
        "kept": [{"camera": each.camera, **_span(each.span)} for each in line.kept],
    }


def _transmitted(line: Transmitted) -> dict[str, Any]:
    until = line.copy_until_ns
    return {
        "case": line.case,
        "basis": line.basis.value,
        "office": line.office,
        "recipient": line.recipient,
        "at": in_paris(line.transmitted_at_ns),
        "copy_until": in_paris(until) if until is not None else None,
        "support": line.support,
        "copies": line.copies,
        "sha256": line.package_sha256,
        "footage": [{"camera": each.camera, **_span(each.span)} for each in line.footage],
    }


def _span(span: Span) -> dict[str, str]:
    return {"from": in_paris(span.from_ns), "to": in_paris(span.to_ns)}


def _show(told: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    titles = {
        "recorded": say("Enregistré", "Recorded"),
        "destroyed": say("Détruit", "Destroyed"),
        "transmitted": say("Transmis", "Transmitted"),
    }
    for name, title in titles.items():
        console.print(f"{title}: {len(told[name])}" if told[name] else f"{title}: -", style="bold", markup=False)
        for each in told[name]:
            console.print("  " + _one_line(name, each), markup=False)


def _one_line(name: str, each: dict[str, Any]) -> str:
    if name == "recorded":
        return f"{each['camera']} ({each['commune']}) {each['from']} - {each['to']}, {each['recorded_s']} s"
    if name == "destroyed":
        kept = say(f", sous verrou : {len(each['kept'])}", f", under lock: {len(each['kept'])}") if each["kept"] else ""
        return f"{each['at']} {each['rule']} {each['certificate']}: {', '.join(each['cameras'])}{kept}"
    cameras = ", ".join(sorted({piece["camera"] for piece in each["footage"]}))
    return f"{each['at']} {each['case']} ({each['basis']}) -> {each['office']}, {each['recipient']}: {cameras}"
