"""Who is sworn for which offences (VVB-2). Values only; `Rights` decides with them.

Which cameras may be used for it is on the paper of the cameras: `csu.governance.authorisations.TicketingPermit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from csu.governance.authorisations import Agreement
from csu.governance.errors import PeopleUnusable
from csu.governance.purposes import PURPOSE_OF, Purpose, Use
from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words


class OffenceClass(StrEnum):
    """What an agent is competent for. Not every sworn agent is for all of them: parking wardens are for one."""

    PARKING = "parking"
    """Stopping and parking (code de la route, L121-2)."""
    DRIVING = "driving"
    """What a driver does in traffic (L121-3, R121-6)."""
    VEHICLE = "vehicle"
    """Its state and its papers (R121-6)."""
    WASTE = "waste"
    """Dumping with a vehicle (code pénal R635-8): never mixed with the road's (VVB-6)."""

    @property
    def purpose(self) -> Purpose:
        """The one purpose that its camera needs (AUT-4)."""
        return PURPOSE_OF[Use.WASTE_TICKET if self is OffenceClass.WASTE else Use.ROAD_TICKET]

    @property
    def words(self) -> Words:
        """As people say it."""
        return _CLASS_WORDS[self]


_CLASS_WORDS = {
    OffenceClass.PARKING: Words("arrêt et stationnement", "stopping and parking"),
    OffenceClass.DRIVING: Words("conduite", "driving"),
    OffenceClass.VEHICLE: Words("véhicule", "vehicle"),
    OffenceClass.WASTE: Words("dépôt d'ordures", "waste dumping"),
}


@dataclass(frozen=True, slots=True)
class Swearing:
    """One agent's oath, and what the prefect's file says he is competent for. Raises PeopleUnusable for half of one."""

    oath: str
    """Which court took it, and when."""
    prefect_file: str
    """Under which number the prefect's file names him."""
    classes: frozenset[OffenceClass]
    communes: frozenset[CommuneId]
    term: Agreement

    def __post_init__(self) -> None:
        if not self.oath.strip() or not self.prefect_file.strip():
            raise PeopleUnusable(
                Words("il manque le serment, ou le dossier préfectoral", "the oath or the prefect's file is missing"),
                where=f"people/{self.prefect_file or self.oath or '?'}",
                what_to_do=Words("Complétez la fiche ; rien n'a changé", "Complete the entry; nothing changed"),
            )

    def covers(self, offence: OffenceClass, commune: CommuneId | None, at_ns: Nanoseconds) -> bool:
        """Whether he is competent for that class of offence in that commune, at that instant."""
        return offence in self.classes and commune in self.communes and self.term.span.holds(at_ns)
