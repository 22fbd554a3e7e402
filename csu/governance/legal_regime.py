"""Is real-time analysis of pictures lawful today? Off, unless a law in force says otherwise, to its last day (VSA-3).

Nothing in here knows the state of the law: a person enters it with the reference of the Journal officiel that published
it and the day it ends. A text that was voted and not published has no such reference, and counts for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from csu.governance.centre_key import CentreKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainTroubles, sha256_hex
from csu.governance.decision import Decision, granted, refused
from csu.governance.errors import RegimeBroken, RegimeNotKept, RegimeUnusable
from csu.governance.legal_calendar import day_in_paris, years_after
from csu.governance.state_ledger import StateKind, StateLedger
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

FILE = "regime.sqlite"
"""Where a centre keeps its regimes."""
TERM_YEARS_MAX = 3
"""[D]: no experiment was ever voted for longer; a year mistyped must not leave analysis on for a century."""
LAW_SIGNS_MAX = 200
_FORBIDDEN = "CSI L251-2 ; CE 30 janv. 2026, n° 506370"
_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre")  # fmt: skip
_JOURNAL = re.compile(
    rf"JORF n° ?(?P<issue>\d{{1,4}}) du (?P<day>\d{{1,2}})(?:er)? (?P<month>{'|'.join(_MONTHS)}) (?P<year>\d{{4}})"
    r"(?:, texte n° ?\d{1,4})?"
)


def published_on(official_journal: str) -> date | None:
    """The day of `JORF n° 0116 du 20 mai 2023, texte n° 1`; None: this is no such reference."""
    found = _JOURNAL.fullmatch(official_journal.strip())
    if found is None:
        return None
    try:
        return date(int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class LegalRegime:
    """One law that allows real-time analysis, from one day to another (Paris), both included.

    Raises RegimeUnusable without its end, its name, or the Journal that published it by the day it begins to be used.
    """

    law: str
    """As it is cited: `loi n° 2023-380 du 19 mai 2023, art. 10`."""
    official_journal: str
    """`JORF n° 0116 du 20 mai 2023, texte n° 1`."""
    valid_from: date
    valid_until: date

    def __post_init__(self) -> None:
        if not 3 <= len(self.law.strip()) <= LAW_SIGNS_MAX or not self.law.isprintable():
            raise _unusable("law", Words("la loi n'est pas citée", "the law is not cited"))
        if published_on(self.official_journal) is None:
            raise _unusable(
                "official_journal",
                Words("la référence au Journal officiel manque", "the reference of the Journal officiel is missing"),
            )
        if self.valid_until < self.valid_from:
            raise _unusable("valid_until", Words("il finit avant de commencer", "it ends before it begins"))
        if self.valid_until > years_after(self.valid_from, TERM_YEARS_MAX):
            raise _unusable("valid_until", Words(f"plus de {TERM_YEARS_MAX} ans", f"more than {TERM_YEARS_MAX} years"))


@dataclass(frozen=True, slots=True)
class RegimeNow:
    """What was entered last. `regime` None: nothing, or it was taken back."""

    regime: LegalRegime | None = None

    def allows(self, at_ns: Nanoseconds) -> Decision:
        """Whether any real-time analysis may run at that instant; the order of an event is asked for by itself."""
        regime, day = self.regime, day_in_paris(at_ns)
        if regime is None:
            return refused("aucun régime légal n'est en vigueur", "no legal regime is in force", _FORBIDDEN)
        cited = f"{regime.law} ({regime.official_journal})"
        if day < regime.valid_from:
            first = regime.valid_from.isoformat()
            return refused(f"le régime ne commence que le {first}", f"the regime begins on {first} only", cited)
        if day > regime.valid_until:
            last = regime.valid_until.isoformat()
            return refused(f"le régime a pris fin le {last}", f"the regime ended on {last}", cited)
        last = regime.valid_until.isoformat()
        return granted(f"permis jusqu'au {last} inclus", f"allowed until {last} included", cited)


FORM = ChainForm("regime_entry", first_link=sha256_hex("csu legal regimes, 1"), texts="regime_text", sealed=True)
_STATES = TypeAdapter(RegimeNow)


class RegimeLedger(StateLedger[RegimeNow]):
    """The regimes of one centre, durable. Several processes may share the file. Calls block."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin the file and read it whole. Raises RegimeBroken, RegimeNotKept."""
        super().__init__(path, key, _KIND)

    def enter(self, regime: LegalRegime | None, *, by: str, reason: str, at_ns: Nanoseconds) -> bool:
        """Go by this regime from now on, or by none; False when it is the one in force.

        Raises RegimeUnusable when nobody answers for it, or its Journal has not appeared yet; RegimeBroken;
        RegimeNotKept (then the former one stands).
        """
        appeared = None if regime is None else published_on(regime.official_journal)
        if appeared is not None and appeared > day_in_paris(at_ns):
            raise _unusable(
                "official_journal",
                Words("ce Journal officiel n'a pas encore paru", "this Journal officiel has not appeared yet"),
            )
        text = _STATES.dump_json(RegimeNow(regime)).decode()
        return self.enter_text(text, by=by, reason=reason, at_ns=at_ns)


def _state_of(text: str) -> RegimeNow:
    try:
        return _STATES.validate_json(text)
    except ValidationError as error:
        raise _unusable("text", Words("ce n'est pas un régime légal", "this is no legal regime")) from error


def _unusable(where: str, what: Words) -> RegimeUnusable:
    return RegimeUnusable(
        what,
        where=f"legal_regime/{where}",
        what_to_do=Words(
            "Citez la loi, son Journal officiel (JORF n° 0116 du 20 mai 2023) et son dernier jour",
            "Cite the law, its Journal officiel (JORF n° 0116 du 20 mai 2023) and its last day",
        ),
    )


def _nobody() -> RegimeUnusable:
    return _unusable("reason", Words("qui le décide, et pourquoi ?", "who decides it, and why?"))


def _broken(where: str) -> RegimeBroken:
    return RegimeBroken(
        Words("le régime légal a été modifié hors de csu", "the legal regime was changed outside csu"),
        where=where,
        what_to_do=Words(
            "Reprenez le fichier d'une sauvegarde et cherchez qui l'a modifié ; d'ici là toute analyse est éteinte",
            "Restore the file from a backup and find out who changed it; until then all analysis is off",
        ),
    )


def _not_kept(where: str, error: Exception) -> RegimeNotKept:
    why = type(error).__name__
    return RegimeNotKept(
        Words(
            f"le régime légal ne peut être lu ou écrit ({why})", f"the legal regime cannot be read or written ({why})"
        ),
        where=where,
        what_to_do=Words("Vérifiez son volume ; rien n'a changé", "Check its volume; nothing changed"),
    )


_KIND = StateKind(FORM, "RegimeEntered", _state_of, RegimeNow(), ChainTroubles(_broken, _not_kept), _nobody)
