"""What each commune pays of a year's cost, by the key of the convention: so many cameras, or so many inhabitants. Pure.

Shares are whole cents and add up to the amount: what is left by rounding down goes to those who lost most by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.camera import CommuneId
from csu.hal.words import Words


class CostKey(StrEnum):
    """By what the cost is shared."""

    CAMERAS = "cameras"
    INHABITANTS = "inhabitants"

    @property
    def words(self) -> Words:
        """As a convention says it."""
        return _KEY_WORDS[self]


_KEY_WORDS = {
    CostKey.CAMERAS: Words("au nombre de caméras", "by number of cameras"),
    CostKey.INHABITANTS: Words("au nombre d'habitants", "by number of inhabitants"),
}


@dataclass(frozen=True, slots=True)
class CostShare:
    """One commune's part. `weight` of `weights`: cameras, or inhabitants, of it and of all."""

    commune: CommuneId
    weight: int
    weights: int
    cents: int


def cost_shares(amount_cents: int, weights: Mapping[CommuneId, int]) -> tuple[CostShare, ...]:
    """By name. Who weighs nothing pays nothing; when nobody weighs anything nobody pays, and the amount is not shared.

    Of two who lost the same by rounding, the first by name pays the cent: the same file gives the same shares.
    """
    total = sum(weights.values())
    if total <= 0:
        return tuple(CostShare(commune, 0, 0, 0) for commune in sorted(weights))
    exact = {commune: amount_cents * weight for commune, weight in sorted(weights.items())}
    cents = {commune: part // total for commune, part in exact.items()}
    left = amount_cents - sum(cents.values())
    for commune in sorted(exact, key=lambda each: (-(exact[each] % total), each))[:left]:
        cents[commune] += 1
    return tuple(CostShare(commune, weights[commune], total, cents[commune]) for commune in exact)
