"""How long the audit journal is kept (LOG-4; CNIL, délibération 2021-122 of 14 October 2021)."""

from __future__ import annotations

from dataclasses import dataclass

from csu.governance.register_errors import JournalRetentionRefused
from csu.hal.words import Words

DAYS_DEFAULT = 365
DAYS_MIN = 184
"""Six months."""
DAYS_UNJUSTIFIED_MAX = 365
DAYS_WITHOUT_OBLIGATION_MAX = 1_095


@dataclass(frozen=True, slots=True)
class JournalRetention:
    """How many days an entry lives. Raises JournalRetentionRefused for what the recommendation does not allow."""

    days: int = DAYS_DEFAULT
    justified_by: str = ""
    """The DPO who signed for more than a year."""
    justification: str = ""
    """What internal control of misuse needs it for, and where that is documented."""
    legal_obligation: str = ""
    """The text that obliges to keep more than three years."""

    def __post_init__(self) -> None:
        justified = self.justified_by.strip() and self.justification.strip()
        if self.days < DAYS_MIN:
            raise _refused(
                self.days, Words(f"moins de six mois ({DAYS_MIN} jours)", f"less than six months ({DAYS_MIN} days)")
            )
        if self.days > DAYS_UNJUSTIFIED_MAX and not justified:
            raise _refused(
                self.days,
                Words(
                    f"plus de {DAYS_UNJUSTIFIED_MAX} jours sans justification du DPO",
                    f"more than {DAYS_UNJUSTIFIED_MAX} days without the DPO's justification",
                ),
            )
        if self.days > DAYS_WITHOUT_OBLIGATION_MAX and not self.legal_obligation.strip():
            raise _refused(
                self.days,
                Words(
                    f"plus de {DAYS_WITHOUT_OBLIGATION_MAX} jours sans obligation légale citée",
                    f"more than {DAYS_WITHOUT_OBLIGATION_MAX} days without naming the legal obligation",
                ),
            )


def _refused(days: int, what: Words) -> JournalRetentionRefused:
    return JournalRetentionRefused(
        what,
        where=f"journal/retention/{days}",
        what_to_do=Words(
            "Gardez 365 jours, ou donnez qui le justifie, pourquoi et selon quel texte",
            "Keep 365 days, or give who justifies it, why, and by which text",
        ),
    )
