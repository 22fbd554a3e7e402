"""The closed table of offences that video enforcement may record, each with the days on which it could be (VVB-4).

Payable by the holder of the registration: stopping and parking (code de la route, L121-2) and the items of R121-6, as
read in décret 2016-1955 and, in summaries only, décret 2018-795; and dumping with a vehicle (VVB-6). NATINF codes are
empty: none could be read from its source. Nothing here was compared with Légifrance (U8): records say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from csu.governance import OffenceClass
from csu.hal.words import NO_WORDS, Words

TABLE_VERSION = "2026-11-30"
TABLE_STATUS = Words(
    "table à vérifier sur Légifrance avant tout usage réel ; codes NATINF à saisir",
    "table to be checked on Légifrance before any real use; NATINF codes to be entered",
)
STANDS_S = 60
"""[D]: how long a vehicle is seen to stand before it is said to be parked, and not merely stopped."""

_L121_2 = date(2001, 6, 1)
_R417_11 = date(2015, 7, 5)
_R121_6 = date(2016, 12, 31)
_INSURANCE = date(2018, 12, 31)
_2018_795 = date(2018, 9, 19)
_2024_528 = date(2024, 6, 12)
_NEEDS_A_DEVICE = Words(
    "un agent ne la constate pas à l'écran : il faut un appareil homologué",
    "an agent cannot establish it on a screen: it takes an approved device",
)
_NEEDS_A_FILE = Words(
    "elle ne se voit pas : il faut interroger un fichier", "it cannot be seen: a file would have to be asked"
)


@dataclass(frozen=True, slots=True)
class Offence:
    """One offence. `valid_to`: the first day on which it no longer is in the list; None: no end is known."""

    offence: str
    """Its name here."""
    kind: OffenceClass
    article: str
    basis: str
    """Why the holder of the registration pays."""
    fine_class: int
    """Class of the contravention, 1 to 5; 0: a délit."""
    words: Words
    valid_from: date
    source: str
    valid_to: date | None = None
    natinf: str = ""
    """Empty: to be entered by who has read it at its source."""
    stands_s: int = 0
    """How long the vehicle is to be seen standing."""
    not_by_eye: Words = NO_WORDS
    """Why no agent can establish it on a screen (VVB-1)."""

    def is_valid(self, day: date) -> bool:
        """Whether it could be recorded on that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def legal_text(self) -> str:
        """As a record cites it."""
        return f"{self.words.fr} ({self.article} ; {self.basis})"


def offence_named(name: str) -> Offence | None:
    """The offence of that name; None: the table has none, and there is no other."""
    return _BY_NAME.get(name)


def _parking(name: str, article: str, fine_class: int, fr: str, en: str, since: date = _L121_2) -> Offence:
    return Offence(
        name,
        OffenceClass.PARKING,
        f"C. route {article}",
        "C. route L121-2",
        fine_class,
        Words(fr, en),
        since,
        "C. route L121-2, R417-9 à R417-11",
        stands_s=STANDS_S,
    )


def _listed(
    item: int,
    name: str,
    article: str,
    fine_class: int,
    fr: str,
    en: str,
    *,
    kind: OffenceClass = OffenceClass.DRIVING,
    since: date = _R121_6,
    not_by_eye: Words = NO_WORDS,
) -> Offence:
    source = "décret 2016-1955, R121-6"
    basis = f"C. route L121-3, R121-6 {item}°"
    return Offence(name, kind, article, basis, fine_class, Words(fr, en), since, source, not_by_eye=not_by_eye)


def _added(
    name: str, article: str, fine_class: int, fr: str, en: str, kind: OffenceClass = OffenceClass.DRIVING
) -> Offence:
    basis = "C. route L121-3, R121-6 (décret 2018-795)"
    return Offence(name, kind, article, basis, fine_class, Words(fr, en), _2018_795, "décret 2018-795, résumés")


OFFENCES: tuple[Offence, ...] = (
    _parking("stands-dangerous", "R417-9", 4, "Arrêt ou stationnement dangereux", "Dangerous stopping or parking"),
    _parking(
        "stands-driveway", "R417-10 III 1°", 2, "Stationnement devant une entrée carrossable", "Before a driveway"
    ),
    _parking("stands-double", "R417-10 III 2°", 2, "Stationnement en double file", "Double parking"),
    _parking(
        *("stands-municipal", "R417-10 II 10°", 2, "Arrêt ou stationnement gênant désigné par arrêté municipal"),
        "Obstructive stopping or parking where a municipal order forbids it",
    ),
    _parking(
        *("stands-bus-lane", "R417-11 I 1°", 4, "Arrêt ou stationnement très gênant sur une voie réservée"),
        *("Stopping or parking on a lane set apart", _R417_11),
    ),
    _parking(
        *("stands-disabled", "R417-11 I 3°", 4, "Arrêt ou stationnement sur un emplacement pour personnes handicapées"),
        *("Stopping or parking on a place for disabled people", _R417_11),
    ),
    _parking(
        *("stands-crossing", "R417-11 I 5°", 4, "Arrêt ou stationnement sur un passage pour piétons"),
        *("Stopping or parking on a pedestrian crossing", _R417_11),
    ),
    _parking(
        *("stands-pavement", "R417-11 I 8° a", 4, "Arrêt ou stationnement très gênant sur un trottoir"),
        *("Stopping or parking on a pavement", _R417_11),
    ),
    _parking(
        *("stands-cycle-lane", "R417-11 I 8° b", 4, "Arrêt ou stationnement sur une piste ou bande cyclable"),
        *("Stopping or parking on a cycle lane", _R417_11),
    ),
    _listed(1, "seat-belt", "C. route R412-1", 4, "Défaut de port de la ceinture", "Seat belt not worn"),
    _listed(2, "telephone", "C. route R412-6-1", 4, "Téléphone tenu en main", "Telephone held in the hand"),
    _listed(
        *(3, "reserved-lane", "C. route R412-7 II et III", 4, "Circulation sur une voie réservée"),
        "Driving on a lane set apart for others",
    ),
    _listed(
        *(4, "emergency-lane", "C. route R412-8, R417-10 II 9°, R421-7", 4),
        *("Arrêt, stationnement ou circulation sur une bande d'arrêt d'urgence", "Use of an emergency lane"),
    ),
    _listed(
        *(5, "distance", "C. route R412-12", 4, "Distance de sécurité", "Safe distance"), not_by_eye=_NEEDS_A_DEVICE
    ),
    _listed(
        *(6, "solid-line", "C. route R412-19, R412-22", 4, "Franchissement ou chevauchement d'une ligne continue"),
        "Crossing or straddling a solid line",
    ),
    _listed(7, "red-light", "C. route R412-30", 4, "Inobservation d'un feu rouge", "Red light not obeyed"),
    _listed(7, "amber-light", "C. route R412-31", 2, "Inobservation d'un feu jaune", "Amber light not obeyed"),
    _listed(7, "stop-sign", "C. route R415-6", 4, "Inobservation d'un stop", "Stop sign not obeyed"),
    _listed(
        *(8, "speed", "C. route R413-14, R413-14-1, R413-17", 4, "Vitesse maximale autorisée", "Speed limit"),
        not_by_eye=_NEEDS_A_DEVICE,
    ),
    _listed(
        *(9, "overtaking", "C. route R414-4, R414-6, R414-16", 4, "Dépassement interdit ou dangereux"),
        "Forbidden or dangerous overtaking",
    ),
    _listed(
        *(10, "cycle-box", "C. route R415-2", 4, "Engagement dans le sas réservé aux cyclistes"),
        "Entering the box set apart for cyclists at a light",
    ),
    _listed(11, "helmet", "C. route R431-1", 4, "Défaut de port du casque homologué", "Helmet not worn"),
    _listed(
        *(12, "insurance", "C. assur. L211-1 ; C. route L324-2", 0, "Circulation sans assurance", "Driving uninsured"),
        kind=OffenceClass.VEHICLE,
        since=_INSURANCE,
        not_by_eye=_NEEDS_A_FILE,
    ),
    _added("wrong-way", "C. route R412-28", 4, "Circulation en sens interdit", "Driving against a one-way street"),
    _added("pedestrian", "C. route R415-11", 4, "Refus de priorité à un piéton", "Not giving way to a pedestrian"),
    _added(
        *("registration-unreadable", "C. route R317-8", 4, "Immatriculation absente ou illisible"),
        *("Registration missing or unreadable", OffenceClass.VEHICLE),
    ),
    Offence(
        "waste-by-vehicle",
        OffenceClass.WASTE,
        "C. pénal R635-8",
        "CPP R48-1 II 8°",
        5,
        Words(
            "Abandon d'ordures, déchets, matériaux ou objets transportés à l'aide d'un véhicule",
            "Dumping of rubbish, waste, materials or objects carried with a vehicle",
        ),
        _2024_528,
        "décret 2024-528, réponses ministérielles",
    ),
)
_BY_NAME = {each.offence: each for each in OFFENCES}
