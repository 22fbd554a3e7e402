"""`csu masks show|propose|sign`: the register of masks as people use it.

Who one is, one declares: csu has no login yet (decision 0024). What two persons must do, the register holds them to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.drawn_zones import read_zones
from csu.centre.registers.journal_beside import journal_beside
from csu.governance import (
    DataSpan,
    JournalEntry,
    MaskEvent,
    MaskLedger,
    MaskProposalRefused,
    MaskRegister,
    MaskSet,
    MaskVersion,
    Operation,
    Outcome,
    Standing,
    lifecycle_words,
)
from csu.governance.journal_entry import account_of
from csu.governance.mask_entries import hides_more_at_once, mask_entry
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput, CsuError
from csu.hal.site import SignRole
from csu.hal.words import Words
from csu.language import current_language, say, tell_error
from csu.machine import SystemClock

_Register = Annotated[
    Path, typer.Option("--register", help=say("registre des masques du centre", "the centre's register of masks"))
]
_Camera = Annotated[str, typer.Option("--camera", help=say("caméra, par exemple cam-0001", "camera, such as cam-0001"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


def show_command(
    register: _Register,
    camera: Annotated[
        str | None, typer.Option(help=say("une seule caméra, toutes ses versions", "one camera, all its versions"))
    ] = None,
    as_json: _Json = False,
) -> None:
    """Where each camera stands, who signed what, what a waiting version would show. Exit code: 0 shown, 2 bad input."""
    now_ns = SystemClock().now_ns()
    with _opened(register) as ledger:
        held = ledger.register
        known = held.cameras()
        if camera is not None and camera not in known:
            raise _unknown(camera)
        wanted = known if camera is None else [CameraId(camera)]
        told = {
            "register": str(register),
            "head": ledger.head,
            "cameras": [_camera(each, held.standing(each, now_ns), held.versions(each)) for each in wanted],
        }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told, versions_too=camera is not None)


def propose_command(
    register: _Register,
    camera: _Camera,
    by: Annotated[str, typer.Option("--by", help=say("qui propose (déclaré)", "who proposes (declared)"))],
    reason: Annotated[str, typer.Option("--reason", help=say("pourquoi", "why"))],
    zones: Annotated[
        Path | None,
        typer.Argument(
            help=say(
                "zones dessinées (JSON, YAML) ; sans fichier : les mêmes masques, à revérifier",
                "drawn zones (JSON, YAML); without a file: the same masks, to be verified again",
            )
        ),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help=say("ajouter aux zones en place", "add to the zones there are"))
    ] = False,
    as_json: _Json = False,
) -> None:
    """Propose a version of a camera's masks. What hides more is in force at once; all else waits for two signatures.

    Exit code: 0 proposed, 1 refused, 2 bad input.
    """
    now_ns = SystemClock().now_ns()
    name = CameraId(camera)
    with _opened(register) as ledger:
        base = _base(ledger, name, now_ns)
        wanted = base if zones is None else _with_zones(base, zones, add)
        refused = _refused(name, by, "proposer", "masks/proposed")
        _decide(
            ledger, register, now_ns, refused, lambda held: [held.propose(wanted, by=by, at_ns=now_ns, reason=reason)]
        )
        _tell(ledger, name, now_ns, as_json)


def sign_command(
    register: _Register,
    camera: _Camera,
    version: Annotated[int, typer.Option("--version", help=say("version signée", "the version signed"))],
    person: Annotated[
        str,
        typer.Option(
            "--person", help=say("qui signe (déclaré : pas encore de session)", "who signs (declared: no login yet)")
        ),
    ],
    role: Annotated[SignRole, typer.Option("--role", help=say("à quel titre", "in which role"))],
    as_json: _Json = False,
) -> None:
    """Sign a version. Two persons, one technical and the DPO: a first version, a loosening, a camera that moved.

    Who one is, one declares: csu has no login yet. Exit code: 0 signed, 1 the signature does not count, 2 bad input.
    """
    now_ns = SystemClock().now_ns()
    name = CameraId(camera)
    with _opened(register) as ledger:
        refused = _refused(name, person, role.value, f"masks/{version}/signed")
        _decide(
            ledger,
            register,
            now_ns,
            refused,
            lambda held: [held.sign(name, version, person=person, role=role, at_ns=now_ns)],
        )
        _tell(ledger, name, now_ns, as_json)


# -- inside -----------------------------------------------------------------------------------------------------------


def _decide(
    ledger: MaskLedger,
    path: Path,
    now_ns: Nanoseconds,
    refused: JournalEntry,
    decision: Callable[[MaskRegister], list[MaskEvent]],
) -> None:
    """Journal what is decided in the journal beside the register, then keep it. Without a journal nothing is kept, but
    what only hides more, at once: that is told, and the centre journals it when it brings it into force (0032).

    `refused`: what is journaled of an attempt that the register refuses. Raises what the decision and the journal do.
    """
    with journal_beside(path.parent, SystemClock()) as note:

        def journaled(held: MaskRegister) -> list[MaskEvent]:
            try:
                events = decision(held)
            except CsuError:
                note([refused])
                raise
            entries = [mask_entry(event) for event in events]
            try:
                note(entries)
            except CsuError as error:
                if not hides_more_at_once(held, events, now_ns):
                    raise
                Console(stderr=True, highlight=False).print(tell_error(error), style="yellow", markup=False)
            return events

        ledger.decide(journaled)


def _refused(camera: CameraId, person: str, role: str, subject: str) -> JournalEntry:
    data = (DataSpan(camera),)
    return JournalEntry(
        Operation.MASK_EDIT, account_of(person), role, Outcome.REFUSED, refusal="prv-6", data=data, subject=subject
    )


@contextmanager
def _opened(path: Path) -> Iterator[MaskLedger]:
    """The register, which must exist: the centre begins it when it opens."""
    if not path.is_file():
        raise BadInput(
            Words("ce registre n'existe pas", "there is no such register"),
            where=f"--register {path}",
            what_to_do=Words(
                "Ouvrez d'abord le centre : il le crée (masks.sqlite)",
                "Open the centre first: it makes it (masks.sqlite)",
            ),
        )
    ledger = MaskLedger(path)
    try:
        yield ledger
    finally:
        ledger.close()


def _base(ledger: MaskLedger, camera: CameraId, now_ns: Nanoseconds) -> MaskSet:
    """What a change is made to: the set in force, or the newest one when nothing is."""
    versions = ledger.register.versions(camera)
    if not versions:
        raise _unknown(camera)
    return (ledger.register.effective(camera, now_ns) or versions[-1]).mask_set


def _with_zones(base: MaskSet, path: Path, add: bool) -> MaskSet:
    drawn = read_zones(path, base)
    return replace(base, zones=tuple(dict.fromkeys((*base.zones, *drawn))) if add else drawn)


def _unknown(camera: str) -> MaskProposalRefused:
    return MaskProposalRefused(
        Words("le registre ne connaît pas cette caméra", "the register does not know this camera"),
        where=f"--camera {camera}",
        what_to_do=Words("Voyez csu masks show", "See csu masks show"),
    )


def _tell(ledger: MaskLedger, camera: CameraId, now_ns: Nanoseconds, as_json: bool) -> None:
    told = _camera(camera, ledger.register.standing(camera, now_ns), ledger.register.versions(camera)[-1:])
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show({"cameras": [told]}, versions_too=True)


def _camera(camera: CameraId, standing: Standing, versions: tuple[MaskVersion, ...]) -> dict[str, Any]:
    return {
        "camera": camera,
        "lifecycle": standing.lifecycle.value,
        "lifecycle_words": lifecycle_words(standing.lifecycle).in_language(current_language()),
        "in_force": standing.in_force.number if standing.in_force else None,
        "why": standing.why.in_language(current_language()),
        "waiting": standing.waiting.number if standing.waiting else None,
        "verify_before": _day(standing.verify_before_ns),
        "verification_due": standing.verification_due,
        "versions": [_version(version) for version in versions],
    }


def _version(version: MaskVersion) -> dict[str, Any]:
    made = version.mask_set
    return {
        "version": version.number,
        "digest": version.digest,
        "by": version.by,
        "at": _instant(version.at_ns),
        "reason": version.reason,
        "zones": [zone.zone for zone in made.zones],
        "buildings": len(made.buildings),
        "mask_above_m": made.mask_above_m,
        "loosens": [words.in_language(current_language()) for words in version.loosens],
        "signatures_needed": version.signatures_needed,
        "signatures": [
            {"person": given.person, "role": given.role.value, "at": _instant(given.at_ns)}
            for given in version.signatures
        ],
    }


def _instant(at_ns: Nanoseconds) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).isoformat()


def _day(at_ns: Nanoseconds | None) -> str | None:
    return None if at_ns is None else _instant(at_ns)[:10]


def _show(told: dict[str, Any], *, versions_too: bool) -> None:
    console = Console(highlight=False)
    table = Table(box=None)
    for title in (
        say("caméra", "camera"),
        say("état", "state"),
        say("version", "version"),
        say("attend", "waiting"),
        "",
    ):
        table.add_column(title)
    for each in told["cameras"]:
        due = say(f"revérifier avant le {each['verify_before']}", f"verify before {each['verify_before']}")
        last = due if each["verification_due"] else each["why"]
        table.add_row(
            each["camera"], each["lifecycle_words"], _number(each["in_force"]), _number(each["waiting"]), last
        )
    console.print(table)
    if versions_too:
        for each in told["cameras"]:
            for version in each["versions"]:
                _show_version(console, version)


def _number(version: int | None) -> str:
    return "-" if version is None else str(version)


def _show_version(console: Console, version: dict[str, Any]) -> None:
    given = ", ".join(f"{each['person']} ({each['role']})" for each in version["signatures"]) or "-"
    needed = version["signatures_needed"]
    console.print(
        say(
            f"version {version['version']} par {version['by']}, {version['at']} : {version['reason']}",
            f"version {version['version']} by {version['by']}, {version['at']}: {version['reason']}",
        ),
        markup=False,
    )
    console.print(say(f"  signatures ({needed}) : {given}", f"  signatures ({needed}): {given}"), markup=False)
    for loosened in version["loosens"]:
        console.print(say(f"  montrerait plus : {loosened}", f"  would show more: {loosened}"), markup=False)
