"""`csu people enter|show|suspend|restore|password|provider|sign-out`: accounts of a centre, roles, papers and proofs.

A list is entered whole, by two persons. A suspension takes one, and ends the sessions of the account. A running centre
goes by all of it within seconds.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from csu.centre.commands.people_office import Office, opened_office
from csu.console.sign_in import code_address, hash_password, new_code_secret
from csu.governance import (
    Interruption,
    InterruptionKind,
    People,
    PeopleUnusable,
    Person,
    in_paris,
    people_from,
    people_text,
    role_words,
)
from csu.governance.people_ledger import require_one, require_two
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.language import current_language, say

DOES_NOT_HOLD = 1

app = typer.Typer(
    help=say("Comptes : qui entre, en tant que qui, avec quelles pièces.", "Accounts: who comes in, as whom."),
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Centre = Annotated[Path, typer.Option("--centre", help=say("dossier du centre", "the centre's directory"))]
_List = Annotated[Path, typer.Argument(help=say("liste des personnes (JSON)", "list of people (JSON)"))]
_Account = Annotated[str, typer.Argument(help=say("le compte", "the account"))]
_By = Annotated[str, typer.Option("--by", help=say("qui le fait (déclaré)", "who does it (declared)"))]
_Second = Annotated[str, typer.Option("--second", help=say("le DPO, qui a signé (déclaré)", "the DPO, who signed"))]
_Reason = Annotated[str, typer.Option("--reason", help=say("pourquoi", "why"))]
_Json = Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))]


@app.command("enter", help=say("Saisir la liste ; elle remplace l'autre.", "Enter the list, instead of the other."))
def enter_command(
    people: _List, centre: _Centre, by: _By, second: _Second, reason: _Reason, as_json: _Json = False
) -> int:
    """It holds at once, whole; who is no longer in it is out. Exit code: 0, or 2 bad input (nothing changed)."""
    require_two(by, second, reason)
    entered = people_from(_read(people))
    with opened_office(centre) as office:
        is_new = office.enter(entered, by=by, second=second, reason=reason)
        return _tell(office, as_json, {"entered": is_new})


@app.command("show", help=say("Qui peut entrer maintenant.", "Who may come in now."))
def show_command(centre: _Centre, as_json: _Json = False) -> int:
    """Exit code: 0 everybody can prove who he is, 1 somebody cannot yet, 2 bad input."""
    with opened_office(centre) as office:
        told = [_person(office, person) for person in office.ledger.people]
        _tell(office, as_json, {})
        return 0 if all(each["can_sign_in"] for each in told) else DOES_NOT_HOLD


@app.command("suspend", help=say("Suspendre un compte, tout de suite.", "Suspend an account, at once."))
def suspend_command(account: _Account, centre: _Centre, by: _By, reason: _Reason, as_json: _Json = False) -> int:
    """One person is enough to close an account (ACC-2). Its sessions end. Exit code: 0, or 2 bad input."""
    with opened_office(centre) as office:
        require_one(by, reason)
        person = _of(office, account)
        stop = Interruption(InterruptionKind.SUSPENDED, office.now_ns, reason)
        office.note(f"people/{account}/suspended", by=by)
        state = people_text(_changed(office, replace(person, interruptions=(*person.interruptions, stop))))
        office.ledger.enter_text(state, by=by, reason=reason, at_ns=office.now_ns)
        ended = office.store.end_sessions(account)
        return _tell(office, as_json, {"sessions_ended": ended})


@app.command("restore", help=say("Lever une suspension.", "End a suspension."))
def restore_command(
    account: _Account, centre: _Centre, by: _By, second: _Second, reason: _Reason, as_json: _Json = False
) -> int:
    """Two persons open an account again. Exit code: 0, or 2 bad input."""
    with opened_office(centre) as office:
        require_two(by, second, reason)
        person = _of(office, account)
        now_ns = office.now_ns
        ended = tuple(
            replace(each, to_ns=now_ns) if each.span.holds(now_ns) and each.kind is InterruptionKind.SUSPENDED else each
            for each in person.interruptions
        )
        office.note(f"people/{account}/restored", by=by)
        people = _changed(office, replace(person, interruptions=ended))
        office.ledger.enter(people, by=by, second=second, reason=reason, at_ns=now_ns)
        return _tell(office, as_json, {})


@app.command("password", help=say("Donner mot de passe et générateur de codes.", "Give a password and a generator."))
def password_command(account: _Account, centre: _Centre, by: _By, as_json: _Json = False) -> int:
    """The password comes from the keyboard, or as a line of stdin; never as an argument. Both factors are new, and the
    sessions of the account end. Exit code: 0, or 2 bad input."""
    with opened_office(centre) as office:
        person = _of(office, account)
        hashed, secret = hash_password(account, _password()), new_code_secret()
        office.note(f"people/{account}/password", by=by)
        office.store.set_password(account, hashed, office.now_ns)
        office.store.set_code_secret(account, secret)
        address = code_address(account, secret)
        if as_json:
            print(json.dumps({"account": account, "code_generator": address}, ensure_ascii=False))
        else:
            Console(highlight=False, soft_wrap=True).print(
                say(
                    f"{person.name} : à saisir dans son générateur de codes, une seule fois :\n{address}",
                    f"{person.name}: to be put into the code generator, once:\n{address}",
                ),
                markup=False,
            )
        return 0


@app.command("provider", help=say("Relier à un fournisseur d'identité.", "Bind to an identity provider."))
def provider_command(
    account: _Account,
    centre: _Centre,
    issuer: Annotated[str, typer.Option("--issuer", help=say("son adresse", "its address"))],
    subject: Annotated[str, typer.Option("--subject", help=say("comment il nomme la personne", "its name for him"))],
    by: _By,
    second: _Second,
    reason: _Reason,
    as_json: _Json = False,
) -> int:
    """Who that provider calls `--subject` (its `sub`, which never changes) comes in as this account. Two persons say
    so: it opens a door. Exit code: 0, or 2 bad input."""
    with opened_office(centre) as office:
        require_two(by, second, reason)
        _of(office, account)
        office.note(f"people/{account}/provider", by=by)
        office.store.bind_provider(issuer.rstrip("/"), subject, account)
        return _tell(office, as_json, {})


@app.command("sign-out", help=say("Fermer les sessions d'un compte.", "End the sessions of an account."))
def sign_out_command(account: _Account, centre: _Centre, by: _By, as_json: _Json = False) -> int:
    """Within 5 s they see nothing any more. Exit code: 0, or 2 bad input."""
    with opened_office(centre) as office:
        _of(office, account)
        office.note(f"people/{account}/sign-out", by=by)
        return _tell(office, as_json, {"sessions_ended": office.store.end_sessions(account)})


def _of(office: Office, account: str) -> Person:
    """Raises BadInput."""
    found = office.ledger.people.person(account)
    if found is None:
        known = ", ".join(person.account for person in office.ledger.people) or "-"
        raise BadInput(
            Words(f"aucun compte {account!r}", f"no account {account!r}"),
            where="people",
            what_to_do=Words(f"Choisissez parmi : {known}", f"Choose one of: {known}"),
        )
    return found


def _changed(office: Office, person: Person) -> People:
    """The list with this one instead of the account's former."""
    return People(tuple(person if each.account == person.account else each for each in office.ledger.people))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PeopleUnusable(
            Words(f"liste illisible ({error})", f"the list cannot be read ({error})"),
            where=str(path),
            what_to_do=Words("Donnez le fichier JSON des personnes", "Give the JSON file of the people"),
        ) from error


def _password() -> str:
    if sys.stdin.isatty():
        prompt = say("Mot de passe", "Password")
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _person(office: Office, person: Person) -> dict[str, Any]:
    has_password = office.store.password_hash(person.account) is not None
    has_code = office.store.code_secret(person.account) is not None
    passkeys = len(office.store.passkeys(person.account))
    providers = office.store.provider_subjects(person.account)
    faults = [] if person.approval is None else [person.approval.fault(office.now_ns)]
    return {
        "account": person.account,
        "name": person.name,
        "roles": sorted(person.roles),
        "is_open": person.is_open(office.now_ns),
        "approval": None if person.approval is None else person.approval.number,
        "approval_fault": next((fault.value for fault in faults if fault is not None), None),
        "can_sign_in": (has_password and has_code) or passkeys > 0 or bool(providers),
        "providers": [issuer for issuer, _ in providers],
        "passkeys": passkeys,
        "sessions": len(office.store.sessions(person.account, office.now_ns)),
    }


def _tell(office: Office, as_json: bool, more: dict[str, Any]) -> int:
    told = [_person(office, person) for person in office.ledger.people]
    if as_json:
        history = [
            {"by": each.by, "reason": each.reason, "at": in_paris(each.at_ns), "sha256": each.digest}
            for each in office.ledger.entries
        ]
        print(json.dumps({**more, "people": told, "history": history}, ensure_ascii=False))
        return 0
    table = Table(box=None)
    titles = (("compte", "account"), ("nom", "name"), ("fonctions", "roles"), ("état", "state"))
    for french, english in (*titles, ("agrément", "approval"), ("clés", "passkeys"), ("sessions", "sessions")):
        table.add_column(say(french, english))
    language = current_language()
    for each, person in zip(told, office.ledger.people, strict=True):
        state = say("ouvert", "open") if each["is_open"] else say("suspendu", "suspended")
        if each["is_open"] and not each["can_sign_in"]:
            state = say("sans mot de passe", "no password yet")
        roles = ", ".join(role_words(role).in_language(language) for role in sorted(person.roles))
        approval = each["approval_fault"] or each["approval"] or "-"
        row = (each["account"], each["name"], roles, state, approval, str(each["passkeys"]), str(each["sessions"]))
        table.add_row(*row)
    Console(highlight=False).print(table)
    return 0
