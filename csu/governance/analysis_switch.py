"""The kill switch of real-time analysis: whoever watches throws it, who answers for it puts it back (VSA-8).

What is thrown stays so over any restart. A file that is not believed is a switch that is thrown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.decision import Decision, granted, refused
from csu.governance.errors import AnalysisSwitchBroken, AnalysisSwitchNotKept, AnalysisSwitchRefused
from csu.governance.journal_entry import Author
from csu.governance.roles import Role, role_words
from csu.governance.state_ledger import StateKind, StateLedger
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

THROWS = frozenset({Role.OPERATOR, Role.ROOM_CHIEF, Role.CSU_MANAGER, Role.DPO})
"""Who may stop it: whoever sees it, or answers for it."""
PUTS_BACK = frozenset({Role.CSU_MANAGER, Role.DPO})
"""Who may let it go on: never who watches, so that nobody in the room is asked to."""


@dataclass(frozen=True, slots=True)
class SwitchNow:
    """How it was set last, and by whom. `role` None: nobody ever touched it."""

    is_thrown: bool = False
    role: Role | None = None

    def allows(self) -> Decision:
        """Whether analysis may run, as far as the switch is asked."""
        if not self.is_thrown:
            return granted("l'arrêt d'urgence n'est pas actionné", "the kill switch is not thrown", "VSA-8")
        who = role_words(self.role) if self.role is not None else Words("?", "?")
        return refused(
            f"l'analyse a été arrêtée ({who.fr})", f"analysis was stopped ({who.en})", "loi 2023-380, art. 10 ; VSA-8"
        )


THROWN = SwitchNow(is_thrown=True)
"""What is believed while nothing else is."""
FORM = ChainForm("switch_entry", first_link=sha256_hex("csu analysis switch, 1"), texts="switch_text", sealed=True)
_STATES = TypeAdapter(SwitchNow)


class AnalysisSwitchLedger(StateLedger[SwitchNow]):
    """The switch of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises AnalysisSwitchBroken, AnalysisSwitchNotKept."""
        super().__init__(path, key, _KIND)

    def throw(self, role: Role, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Stop all analysis; False: this role had stopped it already.

        Raises AnalysisSwitchRefused, AnalysisSwitchBroken, AnalysisSwitchNotKept.
        """
        return self._set(SwitchNow(True, require_role(role, THROWS)), by, reason, at_ns)

    def put_back(self, role: Role, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Let analysis go on where its orders allow it. Raises as `throw`."""
        require_role(role, PUTS_BACK)
        self.catch_up()
        return self.state.is_thrown and self._set(SwitchNow(False, role), by, reason, at_ns)

    def _set(self, state: SwitchNow, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        return self.enter_text(_STATES.dump_json(state).decode(), by=by, reason=reason, at_ns=at_ns)


def role_of(by: Author) -> Role:
    """As whom somebody acts. Raises AnalysisSwitchRefused."""
    try:
        return Role(by.role)
    except ValueError as error:
        raise _refused("role", Words(f"rôle inconnu : {by.role}", f"unknown role: {by.role}")) from error


def require_reason(reason: str) -> None:
    """Raises AnalysisSwitchRefused without one."""
    if not reason.strip():
        raise _nobody()


def require_role(role: Role, allowed: frozenset[Role]) -> Role:
    """The role, if it is one of these. Raises AnalysisSwitchRefused."""
    if role not in allowed:
        said = role_words(role)
        raise _refused("role", Words(f"{said.fr} : n'en décide pas", f"{said.en}: does not decide that"))
    return role


def _state_of(text: str) -> SwitchNow:
    try:
        return _STATES.validate_json(text)
    except ValidationError as error:
        raise _refused("text", Words("ce n'est pas un état de l'arrêt", "this is no state of the switch")) from error


def _refused(where: str, what: Words) -> AnalysisSwitchRefused:
    return AnalysisSwitchRefused(
        what,
        where=f"analysis_switch/{where}",
        what_to_do=Words(
            "Dites qui et pourquoi ; seuls le responsable et le délégué remettent en marche",
            "Say who and why; only the manager and the data protection officer let it go on",
        ),
    )


def _nobody() -> AnalysisSwitchRefused:
    return _refused("reason", Words("qui le décide, et pourquoi ?", "who decides it, and why?"))


def _broken(where: str) -> AnalysisSwitchBroken:
    return AnalysisSwitchBroken(
        Words("l'arrêt d'urgence a été modifié hors de csu", "the kill switch was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là toute analyse est éteinte",
            "Restore the file from a backup and find out who changed it; until then all analysis is off",
        ),
    )


def _not_kept(where: str, error: Exception) -> AnalysisSwitchNotKept:
    why = type(error).__name__
    return AnalysisSwitchNotKept(
        Words(f"l'arrêt d'urgence ne peut être lu ou écrit ({why})", f"the kill switch cannot be kept ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume ; l'analyse est arrêtée", "Check its volume; analysis is stopped"),
    )


_KIND = StateKind(FORM, "SwitchSet", _state_of, SwitchNow(), ChainTroubles(_broken, _not_kept), _nobody)
