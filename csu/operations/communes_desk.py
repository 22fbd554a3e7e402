"""What the communes of a centre are told of a month and its cost: values that a room makes, a console shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from csu.hal.camera import CommuneId
from csu.hal.words import NO_WORDS, Words
from csu.operations.commune_month import MonthFacts
from csu.operations.communes_file import CommunesFile
from csu.operations.cost_shares import CostKey, CostShare, cost_shares

NO_FILE = Words("le fichier des communes n'est pas écrit", "the file of communes is not written")
NO_COSTS = Words("le fichier des communes ne dit aucun coût", "the file of communes tells no cost")


@dataclass(frozen=True, slots=True)
class MonthTold:
    """What is known of a month: `days` of the `days_due` that have begun are measured, and are all that is in it."""

    facts: MonthFacts
    days: int
    days_due: int


@dataclass(frozen=True, slots=True)
class Costs:
    """A year's cost, shared. `trouble`: why it is not."""

    trouble: Words = NO_WORDS
    year: int | None = None
    amount_cents: int | None = None
    key: CostKey | None = None
    shares: Mapping[CommuneId, CostShare] = field(default_factory=dict)

    def share_of(self, commune: CommuneId) -> CostShare | None:
        """Its part; None: nobody says."""
        return self.shares.get(commune)

    def cents_of(self, commune: CommuneId) -> int | None:
        """The same in cents."""
        share = self.share_of(commune)
        return None if share is None else share.cents


def costs_of(said: CommunesFile | None, cameras: Mapping[CommuneId, int]) -> Costs:
    """By the key of the file. `cameras`: of each commune, those that an order governs. Only communes that the file
    names pay: a share for one of which nobody wrote anything would be a debt that nobody signed."""
    if said is None:
        return Costs(NO_FILE)
    if said.costs is None:
        return Costs(NO_COSTS)
    by_cameras = said.costs.key is CostKey.CAMERAS
    weights = {
        CommuneId(commune): cameras.get(CommuneId(commune), 0) if by_cameras else spec.inhabitants or 0
        for commune, spec in said.communes.items()
    }
    shares = cost_shares(said.costs.amount, weights)
    by_commune = {share.commune: share for share in shares}
    return Costs(NO_WORDS, said.costs.year, said.costs.amount, said.costs.key, by_commune)
