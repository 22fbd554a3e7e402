"""Where a centre keeps its people, so that anybody can say who had which role on any past day, and who gave it.

Two persons answer for each state (`by`, `second`): the manager who grants and the DPO who signed before.
"""

from __future__ import annotations

from pathlib import Path

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.errors import PeopleBroken, PeopleNotKept, PeopleUnusable
from csu.governance.mask_register import same_person
from csu.governance.people import People, people_from, people_text
from csu.governance.state_ledger import StateKind, StateLedger
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

FORM = ChainForm("people_entry", first_link=sha256_hex("csu people, 1"), texts="people_text", sealed=True)


class PeopleLedger(StateLedger[People]):
    """The people of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises PeopleBroken, PeopleNotKept."""
        super().__init__(path, key, _KIND)

    @property
    def people(self) -> People:
        """Those of now; with no entry: nobody."""
        return self.state

    def enter(self, people: People, *, by: str, second: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Go by these from now on; False when they are those in force.

        Raises PeopleUnusable when nobody, or one person alone, answers for them; PeopleBroken; PeopleNotKept.
        """
        require_two(by, second, reason)
        return self.enter_text(people_text(people), by=f"{by}, {second}", reason=reason, at_ns=at_ns)


def require_two(by: str, second: str, reason: str) -> None:
    """Ask it before anything is written of it. Raises PeopleUnusable when nobody, or one alone, answers for a list."""
    require_one(by, reason)
    if not second.strip() or same_person(by, second):
        raise _nobody()


def require_one(by: str, reason: str) -> None:
    """The same of what takes one person: to close an account. Raises PeopleUnusable."""
    if not by.strip() or not reason.strip():
        raise _nobody()


def _nobody() -> PeopleUnusable:
    return PeopleUnusable(
        Words("deux personnes en répondent, et disent pourquoi", "two persons answer for it, and say why"),
        where="people",
        what_to_do=Words("Donnez deux noms et un motif", "Give two names and a reason"),
    )


def _broken(where: str) -> PeopleBroken:
    return PeopleBroken(
        Words("la liste des personnes a été modifiée hors de csu", "the list of people was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là personne n'entre",
            "Restore the file from a backup and find out who changed it; until then nobody comes in",
        ),
    )


def _not_kept(where: str, error: Exception) -> PeopleNotKept:
    why = type(error).__name__
    return PeopleNotKept(
        Words(f"la liste ne peut être lue ou écrite ({why})", f"the list cannot be read or written ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND = StateKind(FORM, "PeopleEntered", people_from, People(), ChainTroubles(_broken, _not_kept), _nobody)
