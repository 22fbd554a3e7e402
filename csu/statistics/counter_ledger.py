"""Where a centre keeps its counters: whole states, each entered by somebody, for a reason, signed by the centre."""

from __future__ import annotations

from pathlib import Path

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.state_ledger import StateKind, StateLedger
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.statistics.counters import Counters, CountersUnusable, counters_from, counters_text, unusable

FILE = "counters.sqlite"
FORM = ChainForm("counter_entry", first_link=sha256_hex("csu counters, 1"), texts="counter_text", sealed=True)


class CountersBroken(CsuError):
    """Their register was changed by something other than csu: nothing is counted."""


class CountersNotKept(CsuError):
    """Their register could not be read or written; nothing changed."""


class CounterLedger(StateLedger[Counters]):
    """The counters of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises CountersBroken, CountersNotKept."""
        super().__init__(path, key, _KIND)

    def enter(self, counters: Counters, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Count by these from now on; False when they are those in force. Raises CountersUnusable, CountersBroken,
        CountersNotKept (then the former ones stand)."""
        return self.enter_text(counters_text(counters), by=by, reason=reason, at_ns=at_ns)


def _nobody() -> CountersUnusable:
    return unusable("counters", Words("qui les saisit, et pourquoi ?", "who enters them, and why?"))


def _broken(where: str) -> CountersBroken:
    return CountersBroken(
        Words(
            "le registre des compteurs a été modifié hors de csu", "the register of counters was changed outside csu"
        ),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde ; d'ici là rien n'est compté",
            "Restore the file from a backup; until then nothing is counted",
        ),
    )


def _not_kept(where: str, error: Exception) -> CountersNotKept:
    why = type(error).__name__
    return CountersNotKept(
        Words(
            f"le registre des compteurs ne peut être lu ou écrit ({why})",
            f"the register of counters cannot be read or written ({why})",
        ),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND = StateKind(FORM, "CountersEntered", counters_from, Counters(), ChainTroubles(_broken, _not_kept), _nobody)
