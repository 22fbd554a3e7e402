"""`csu detect orders|why`: prefects' orders for real-time analysis, attested models, the kill switch; what is allowed.

Who one is, one declares. A running centre goes by what was entered within a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.analysis_law import AnalysisLaw
from csu.centre.commands.centre_key import key_of_centre
from csu.centre.papers import Papers
from csu.centre.registers.journal_beside import journal_beside
from csu.governance import JournalEntry, Role, in_paris, instant_in_paris
from csu.governance.analysis_orders import AnalysisOrderRecorded, AnalysisOrderWithdrawn, StandingOrder, order_from
from csu.governance.analysis_switch import PUTS_BACK, require_role
from csu.governance.authorisations import FAR_NS
from csu.governance.journal_entry import Author, account_of
from csu.governance.journaled_actions import OPERATION_OF, OwnDeed, deed_entry
from csu.governance.model_register import ModelRegistered, ModelWithdrawn, RegisteredModel, model_from
from csu.governance.roles import Action
from csu.hal.analysis import EVENT_WORDS, EventType
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say
from csu.machine import SystemClock

EXIT_DOES_NOT_HOLD = 1

app = typer.Typer(
    help=say(
        "Arrêtés d'analyse en temps réel, modèles attestés, arrêt d'urgence.",
        "Orders for real-time analysis, attested models, the kill switch.",
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Centre = Annotated[Path, typer.Option("--centre", help=say("dossier du centre", "the centre's directory"))]
_By = Annotated[str, typer.Option("--by", help=say("qui (déclaré)", "who (declared)"))]
_Reason = Annotated[str, typer.Option("--reason", help=say("pourquoi", "why"))]
_As = Annotated[Role, typer.Option("--as", help=say("à quel titre (déclaré)", "as whom (declared)"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("list", help=say("Arrêtés, modèles et arrêt d'urgence.", "Orders, models and the kill switch."))
def list_command(centre: _Centre, as_json: _Json = False) -> int:
    """Exit code: 0 an order, the law and the switch allow something now, 1 nothing may be analysed, 2 bad input."""
    with _opened(centre) as law:
        return _tell(law, SystemClock().now_ns(), as_json, {})


@app.command("record", help=say("Inscrire un arrêté (JSON).", "Record an order (JSON)."))
def record_command(
    order: Annotated[Path, typer.Argument(help=say("l'arrêté (JSON)", "the order (JSON)"))],
    centre: _Centre,
    by: _By,
    as_json: _Json = False,
) -> int:
    """It holds from now on, within its dates. Exit code: as `list`; 2: nothing changed."""
    recorded, now_ns = order_from(_read(order)), SystemClock().now_ns()
    subject = f"analysis/orders/{recorded.number}"
    with _opened(centre) as law:
        event = AnalysisOrderRecorded(recorded, by, now_ns)
        law.basis.orders.with_event(event)  # what cannot be is refused before anything is written of it
        _decide(centre, Action.ANALYSIS_ORDER_RECORD, by, subject, _read(order), lambda: law.enter(event))
        return _tell(law, now_ns, as_json, {"recorded": recorded.number})


@app.command("withdraw", help=say("Retirer un arrêté, pour de bon.", "Withdraw an order, for good."))
def withdraw_command(number: str, centre: _Centre, by: _By, reason: _Reason, as_json: _Json = False) -> int:
    """Exit code: as `list`; 2: nothing changed."""
    now_ns = SystemClock().now_ns()
    with _opened(centre) as law:
        event = AnalysisOrderWithdrawn(number, reason, by, now_ns)
        law.basis.orders.with_event(event)
        subject = f"analysis/orders/{number}/withdrawn"
        _decide(centre, Action.ANALYSIS_ORDER_RECORD, by, subject, number, lambda: law.enter(event))
        return _tell(law, now_ns, as_json, {"withdrawn": number})


@app.command("model", help=say("Inscrire un modèle attesté (JSON).", "Register an attested model (JSON)."))
def model_command(
    model: Annotated[Path, typer.Argument(help=say("le modèle (JSON)", "the model (JSON)"))],
    centre: _Centre,
    by: _By,
    weights: Annotated[
        Path | None, typer.Option("--weights", help=say("ses poids : leur empreinte doit concorder", "its weights"))
    ] = None,
    as_json: _Json = False,
) -> int:
    """Exit code: as `list`; 2: nothing changed."""
    registered, now_ns = model_from(_read(model)), SystemClock().now_ns()
    _require_weights(registered, weights)
    with _opened(centre) as law:
        event = ModelRegistered(registered, by, now_ns)
        law.basis.models.with_event(event)
        subject = f"analysis/models/{registered.sha256[:16]}"
        _decide(centre, Action.MODEL_REGISTER, by, subject, _read(model), lambda: law.enter(event))
        return _tell(law, now_ns, as_json, {"registered": registered.sha256})


@app.command("withdraw-model", help=say("Retirer un modèle, pour de bon.", "Withdraw a model, for good."))
def withdraw_model_command(sha256: str, centre: _Centre, by: _By, reason: _Reason, as_json: _Json = False) -> int:
    """Exit code: as `list`; 2: nothing changed."""
    now_ns = SystemClock().now_ns()
    with _opened(centre) as law:
        event = ModelWithdrawn(sha256, reason, by, now_ns)
        law.basis.models.with_event(event)
        subject = f"analysis/models/{sha256[:16]}/withdrawn"
        _decide(centre, Action.MODEL_REGISTER, by, subject, sha256, lambda: law.enter(event))
        return _tell(law, now_ns, as_json, {"withdrawn": sha256})


@app.command("stop", help=say("Arrêter toute analyse, aussitôt.", "Stop all analysis, at once."))
def stop_command(centre: _Centre, by: _By, role: _As, reason: _Reason, as_json: _Json = False) -> int:
    """First it stops, then it is journaled. Exit code: 1 (nothing may be analysed), 2 bad input."""
    now_ns = SystemClock().now_ns()
    with _opened(centre) as law:
        law.throw(role, by=by, reason=reason, at_ns=now_ns)
        with journal_beside(centre, SystemClock()) as note:
            note([deed_entry(OwnDeed.ANALYSIS, "kill", by=Author(account_of(by), role.value))])
        return _tell(law, now_ns, as_json, {"stopped": True})


@app.command("resume", help=say("Remettre l'analyse en marche.", "Let analysis go on."))
def resume_command(centre: _Centre, by: _By, role: _As, reason: _Reason, as_json: _Json = False) -> int:
    """Exit code: as `list`; 2: it stays stopped."""
    now_ns = SystemClock().now_ns()
    require_role(role, PUTS_BACK)
    with _opened(centre) as law:
        with journal_beside(centre, SystemClock()) as note:
            note([deed_entry(OwnDeed.ANALYSIS, "resume", by=Author(account_of(by), role.value))])
            law.put_back(role, by=by, reason=reason, at_ns=now_ns)
        return _tell(law, now_ns, as_json, {"stopped": False})


def why_command(
    camera: str,
    event_type: EventType,
    centre: _Centre,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"],
            help=say("2027-06-19 20:00, heure de Paris ; maintenant sinon", "2027-06-19 20:00, in Paris; else now"),
        ),
    ] = None,
    as_json: _Json = False,
) -> int:
    """By what is entered today. Exit code: 0 it may be analysed then, 1 it may not, 2 bad input."""
    now_ns = SystemClock().now_ns() if at is None else instant_in_paris(at.date(), at.hour * 60 + at.minute)
    with _opened(centre) as law, _papers(centre) as papers:
        register, name = papers.register, CameraId(camera)
        commune = register.commune_of(name)
        if commune is None:
            raise BadInput(
                Words("aucune pièce ne connaît cette caméra", "no paper knows this camera"),
                where=camera,
                what_to_do=Words("Voyez csu orders show", "See csu orders show"),
            )
        known = next(each for each in register.facts.cameras if each.camera == name)
        place = known.placement(now_ns)
        place_m = (place.x_m, place.y_m) if place is not None else None
        said = law.basis.decide(name, commune, place_m, event_type, now_ns)
        until_ns = law.basis.until(name, now_ns)
    told = {
        "camera": camera,
        "type": event_type.value,
        "at": in_paris(now_ns),
        "may_be_analysed": said.permitted,
        "why": said.reason.in_language(current_language()),
        "source": said.source,
        "until": None if until_ns == FAR_NS else in_paris(until_ns),
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        verdict = say("oui", "yes") if said.permitted else say("non", "no")
        print(f"{verdict} : {told['why']} [{said.source}]")
        if told["until"]:
            print(say(f"rien ne change avant {told['until']}", f"nothing changes before {told['until']}"))
    return 0 if said.permitted else EXIT_DOES_NOT_HOLD


def _decide(centre: Path, action: Action, by: str, subject: str, text: str, deed: Callable[[], None]) -> None:
    """The entry first, then the deed."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    entry = JournalEntry(OPERATION_OF[action], account_of(by), "declared", subject=subject, sha256=digest)
    with journal_beside(centre, SystemClock()) as note:
        note([entry])
        deed()


def _require_weights(model: RegisteredModel, weights: Path | None) -> None:
    if weights is None:
        return
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(weights, error) from error
    if found != model.sha256:
        raise BadInput(
            Words(f"ces poids ont l'empreinte {found}", f"these weights have the digest {found}"),
            where=str(weights),
            what_to_do=Words("Donnez les poids qui ont été attestés", "Give the weights that were attested"),
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BadInput:
    return BadInput(
        Words(f"illisible ({error})", f"cannot be read ({error})"),
        where=str(path),
        what_to_do=Words("Donnez un fichier lisible", "Give a file that can be read"),
    )


@contextmanager
def _papers(centre: Path) -> Iterator[Papers]:
    papers = Papers.open(centre / "orders.sqlite", key_of_centre(centre))
    try:
        yield papers
    finally:
        papers.close()


@contextmanager
def _opened(centre: Path) -> Iterator[AnalysisLaw]:
    """The law of a centre, which must exist, as entered now. What is not believed permits nothing, and is told."""
    key = key_of_centre(centre)
    with _papers(centre) as papers:
        law = AnalysisLaw.open(centre, key, papers)
        law.catch_up()
        try:
            yield law
        finally:
            law.close()


def _tell(law: AnalysisLaw, now_ns: Nanoseconds, as_json: bool, more: dict[str, Any]) -> int:
    law.catch_up()
    basis = law.basis
    regime, switch = basis.regime.allows(now_ns), basis.switch.allows()
    language = current_language()
    orders = [_order(each, now_ns) for _, each in sorted(basis.orders.standing.items())]
    told = {
        "at": in_paris(now_ns),
        **more,
        "regime": {"allows": regime.permitted, "why": regime.reason.in_language(language)},
        "switch": {"allows": switch.permitted, "why": switch.reason.in_language(language)},
        "distrusted": law.distrust.in_language(language),
        "orders": orders,
        "models": [_model(each) for _, each in sorted(basis.models.known.items())],
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)
    is_on = regime.permitted and switch.permitted and not law.distrust and any(each["in_force"] for each in orders)
    return 0 if is_on else EXIT_DOES_NOT_HOLD


def _order(standing: StandingOrder, now_ns: Nanoseconds) -> dict[str, Any]:
    order = standing.order
    return {
        "number": order.number,
        "event": order.event,
        "kind": order.event_kind.value,
        "place": order.place,
        "communes": list(order.communes),
        "from": in_paris(order.from_ns),
        "to": in_paris(order.to_ns),
        "minutes": (order.to_ns - order.from_ns) // NS_PER_MINUTE,
        "cameras": list(order.cameras),
        "types": [EVENT_WORDS[each].in_language(current_language()) for each in order.types],
        "model": order.tool.sha256,
        "attestation": order.tool.attestation,
        "in_force": standing.holds(now_ns),
        "withdrawn": standing.why_withdrawn or None,
        "recorded_by": standing.recorded_by,
        "recorded": in_paris(standing.recorded_ns),
    }


def _model(model: RegisteredModel) -> dict[str, Any]:
    return {
        "sha256": model.sha256,
        "name": model.name,
        "version": model.version,
        "attestation": model.attestation,
        "attested_by": model.attested_by,
        "parameters": dict(model.parameters),
        "results": {
            each.type.value: {
                "events": each.events,
                "precision": each.precision,
                "recall": each.recall,
                "false_per_camera_hour": each.false_per_camera_hour,
                "delay_s": each.delay_s,
                "dataset": each.dataset,
            }
            for each in model.results
        },
    }


def _show(told: dict[str, Any]) -> None:
    console, table = Console(highlight=False), Table(box=None)
    for name in ("regime", "switch"):
        console.print(told[name]["why"], markup=False)
    if told["distrusted"]:
        console.print(told["distrusted"], style="bold red", markup=False)
    for french, english in (("arrêté", "order"), ("événement", "event"), ("du", "from"), ("au", "to")):
        table.add_column(say(french, english))
    table.add_column(say("caméras", "cameras"))
    table.add_column(say("vaut", "holds"))
    yes, no = say("oui", "yes"), say("non", "no")
    for each in told["orders"]:
        holds = say("retiré", "withdrawn") if each["withdrawn"] else yes if each["in_force"] else no
        table.add_row(each["number"], each["event"], each["from"], each["to"], str(len(each["cameras"])), holds)
    console.print(table)
    for each in told["models"]:
        console.print(f"{each['name']} {each['version']} {each['sha256'][:16]} {each['attestation']}", markup=False)
