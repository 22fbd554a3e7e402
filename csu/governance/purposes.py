"""The eleven purposes of CSI L251-2, a closed list, and which of them each use of a camera needs (AUT-4)."""

from __future__ import annotations

from enum import StrEnum

from csu.hal.words import Words


class Purpose(StrEnum):
    """Why a camera may stand there. The order is the law's (1° to 11°). There is no twelfth, and no free text."""

    PUBLIC_BUILDINGS = "public_buildings"
    NATIONAL_DEFENCE = "national_defence"
    TRAFFIC_FLOW = "traffic_flow"
    ROAD_OFFENCES = "road_offences"
    PERSONS_PROPERTY = "persons_property"
    TERRORISM = "terrorism"
    NATURAL_TECH_RISK = "natural_tech_risk"
    RESCUE_FIRE = "rescue_fire"
    AMUSEMENT_PARKS = "amusement_parks"
    VEHICLE_INSURANCE = "vehicle_insurance"
    WASTE_DUMPING = "waste_dumping"


class Use(StrEnum):
    """What is done with a camera's pictures beyond watching over what it is there for."""

    ROAD_TICKET = "road_ticket"
    """Vidéoverbalisation of a road offence (VVB-3)."""
    WASTE_TICKET = "waste_ticket"
    """An offence of waste dumping (VVB-6)."""
    TRAFFIC_COUNTS = "traffic_counts"
    """Statistics of traffic (STA-1)."""
    FOOTFALL_COUNTS = "footfall_counts"
    """Statistics of people on foot (STA-1)."""
    BIN_COUNTS = "bin_counts"
    """Statistics of what is put into underground bins (STA-3)."""


PURPOSE_OF: dict[Use, Purpose] = {
    Use.ROAD_TICKET: Purpose.ROAD_OFFENCES,
    Use.WASTE_TICKET: Purpose.WASTE_DUMPING,
    Use.TRAFFIC_COUNTS: Purpose.TRAFFIC_FLOW,
    Use.FOOTFALL_COUNTS: Purpose.TRAFFIC_FLOW,
    Use.BIN_COUNTS: Purpose.WASTE_DUMPING,
}
"""The one purpose that each use needs. Why people on foot and bins need those: docs/decisions/0097."""

_WORDS = {
    Purpose.PUBLIC_BUILDINGS: Words(
        "protection des bâtiments et installations publics et de leurs abords",
        "protection of public buildings and installations and their surroundings",
    ),
    Purpose.NATIONAL_DEFENCE: Words(
        "sauvegarde des installations utiles à la défense nationale",
        "safeguard of installations useful to national defence",
    ),
    Purpose.TRAFFIC_FLOW: Words("régulation des flux de transport", "regulation of traffic flows"),
    Purpose.ROAD_OFFENCES: Words(
        "constatation des infractions aux règles de la circulation", "recording of road traffic offences"
    ),
    Purpose.PERSONS_PROPERTY: Words(
        "prévention des atteintes à la sécurité des personnes et des biens dans les lieux particulièrement exposés",
        "prevention of harm to persons and property in places particularly exposed",
    ),
    Purpose.TERRORISM: Words("prévention d'actes de terrorisme", "prevention of acts of terrorism"),
    Purpose.NATURAL_TECH_RISK: Words(
        "prévention des risques naturels ou technologiques", "prevention of natural or technological risks"
    ),
    Purpose.RESCUE_FIRE: Words(
        "secours aux personnes et défense contre l'incendie", "rescue of persons and defence against fire"
    ),
    Purpose.AMUSEMENT_PARKS: Words(
        "sécurité des installations accueillant du public dans les parcs d'attraction",
        "safety of installations open to the public in amusement parks",
    ),
    Purpose.VEHICLE_INSURANCE: Words(
        "respect de l'obligation d'assurance des véhicules", "the duty to insure vehicles"
    ),
    Purpose.WASTE_DUMPING: Words(
        "prévention et constatation des abandons d'ordures, déchets, matériaux ou autres objets",
        "prevention and recording of the dumping of rubbish, waste, materials or other objects",
    ),
}


def purpose_words(purpose: Purpose) -> Words:
    """The purpose as the law says it, with its number."""
    said, number = _WORDS[purpose], list(Purpose).index(purpose) + 1
    return Words(f"{said.fr} ({number}°)", f"{said.en} (no. {number})")
