"""The accounts of a simulated site: invented people, one for each role at least, their papers over its communes: JSON.

They come in as the people of a real centre do (`csu people enter`): who demonstrates enters the list, and gives each a
password and a code generator. The list says nothing by which anybody comes in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S, Nanoseconds
from sim.papers import VIEWERS

CENTRE, MUNICIPAL_POLICE = VIEWERS
POLICE = "police-nationale"
"""An outside service that the orders let view what is relayed to it (L252-3)."""
OFFENCE_CLASSES = ("parking", "driving", "waste")
"""What the invented verbalising agent is sworn for: not for the state and the papers of vehicles."""
OFFICER_NUMBER = "0123456"
"""Of the invented judicial officer: his requisitions name it, and his account is `opj:` and this number."""


@dataclass(frozen=True, slots=True)
class Invented:
    """One of them. `service`: whose designated agent he is."""

    account: str
    name: str
    role: str
    service: str = ""
    own_commune: bool = False
    """His figures are those of the first commune, and of no other."""


INVENTED = (
    Invented("i.bernard", "Inès Bernard", "operator", CENTRE),
    Invented("h.petit", "Hugo Petit", "operator", CENTRE),
    Invented("n.lambert", "Nadia Lambert", "room_chief", MUNICIPAL_POLICE),
    Invented("v.morel", "Victor Morel", "csu_manager"),
    Invented("c.faure", "Claire Faure", "evidence_clerk", CENTRE),
    Invented(f"opj:{OFFICER_NUMBER}", "Paul Durand", "judicial_officer"),
    Invented("d.weber", "Dominique Weber", "dpo"),
    Invented("c.roth", "Camille Roth", "tech_admin"),
    Invented("s.garnier", "Samuel Garnier", "verbaliser", MUNICIPAL_POLICE),
    Invented("e.colin", "Élise Colin", "recipient"),
    Invented("j.robin", "Jeanne Robin", "commune_delegate", own_commune=True),
    Invented("m.lefevre", "Marc Lefèvre", "mayor", own_commune=True),
    Invented("a.noel", "Anaïs Noël", "service_user", own_commune=True),
    Invented("g.perrin", "Gilles Perrin", "inspector"),
    Invented("t.simon", "Thomas Simon", "integrator"),
)
"""Two operators, so that the watch of two may be theirs; the technician and the DPO are the street's signatories."""


def accounts_text(communes: Sequence[CommuneId], at_ns: Nanoseconds) -> str:
    """The JSON that a centre takes its people from (`csu.hal.site.Site.people`). `communes`: the site's, in its order.

    The papers hold at `at_ns`, from the first of its year to the end of the next: a list of the same site is the same
    text all year.
    """
    year = datetime.fromtimestamp(at_ns // NS_PER_S, UTC).year
    return json.dumps([_person(each, communes, year) for each in INVENTED], ensure_ascii=False)


def _person(of: Invented, communes: Sequence[CommuneId], year: int) -> dict[str, Any]:
    told: dict[str, Any] = {"account": of.account, "name": of.name, "roles": [of.role]}
    term = {"reference": f"sim-designation-{of.role}", "from_day": f"{year}-01-01", "ends_on": f"{year + 2}-01-01"}
    if of.service:
        told["designation"] = {"service": of.service, "communes": list(communes), "term": term}
    if of.service == CENTRE:
        told["approval"] = {
            "number": f"sim-agrement-{of.account}",
            "prefecture": "sim",
            "communes": list(communes),
            "from_day": f"{year}-01-01",
            "ends_on": f"{year + 2}-01-01",
            "inquiry_on": f"{year - 1}-12-01",
        }
    if of.service == MUNICIPAL_POLICE:
        told["is_municipal_police"] = True
    if of.role == "verbaliser":
        told["swearing"] = {
            "oath": f"sim-serment-{of.account}",
            "prefect_file": "sim-dossier-pve",
            "classes": list(OFFENCE_CLASSES),
            "communes": list(communes),
            "term": term,
        }
    if of.role == "recipient":
        told["clearance"] = {"reference": "sim-habilitation", "service": POLICE, "term": term}
    if of.own_commune:
        told["communes"] = list(communes[:1])
    return told
