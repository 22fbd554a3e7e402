"""Where a centre keeps its orders and papers, so that a register of any past day can say which order was believed."""

from __future__ import annotations

from pathlib import Path

from csu.governance.authorisation_register import AuthorisationRegister, facts_from, facts_text
from csu.governance.authorisations import AuthorisationFacts
from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.errors import AuthorisationUnusable, OrdersBroken, OrdersNotKept
from csu.governance.state_ledger import StateKind, StateLedger
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

FORM = ChainForm("order_entry", first_link=sha256_hex("csu orders and papers, 1"), texts="order_text", sealed=True)


class OrderLedger(StateLedger[AuthorisationRegister]):
    """The papers of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises OrdersBroken, OrdersNotKept."""
        super().__init__(path, key, _KIND)

    @property
    def register(self) -> AuthorisationRegister:
        """Over the newest papers; with no entry: no camera may anything."""
        return self.state

    def enter(self, facts: AuthorisationFacts, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Go by these papers from now on; False when they are those in force.

        Raises AuthorisationUnusable when they contradict each other or nobody answers for them; OrdersBroken;
        OrdersNotKept (then the former ones stand).
        """
        return self.enter_text(facts_text(facts), by=by, reason=reason, at_ns=at_ns)


def _register(text: str) -> AuthorisationRegister:
    return AuthorisationRegister(facts_from(text))


def _nobody() -> AuthorisationUnusable:
    return AuthorisationUnusable(
        Words("qui les saisit, et pourquoi ?", "who enters them, and why?"),
        where="orders",
        what_to_do=Words("Donnez un nom et un motif", "Give a name and a reason"),
    )


def _broken(where: str) -> OrdersBroken:
    return OrdersBroken(
        Words("les arrêtés ont été modifiés hors de csu", "the orders were changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là rien n'enregistre",
            "Restore the file from a backup and find out who changed it; until then nothing records",
        ),
    )


def _not_kept(where: str, error: Exception) -> OrdersNotKept:
    why = type(error).__name__
    return OrdersNotKept(
        Words(f"les arrêtés ne peuvent être lus ou écrits ({why})", f"the orders cannot be read or written ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND = StateKind(
    FORM,
    "OrdersEntered",
    _register,
    AuthorisationRegister(AuthorisationFacts()),
    ChainTroubles(_broken, _not_kept),
    _nobody,
)
