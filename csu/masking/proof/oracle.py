"""The whole oracle at once: every part of the proof from one seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.chance import Chance
from csu.hal.words import Words
from csu.masking.proof.attack import AttackResult, attack
from csu.masking.proof.cases import Case
from csu.masking.proof.edge_audit import edge_audit
from csu.masking.proof.footage import KINDS
from csu.masking.proof.interference import interference
from csu.masking.proof.judge import CaseResult, judge
from csu.masking.proof.pictures import PictureResult, judge_pictures

PICTURE_SCENES = 2 * len(KINDS)
"""Each format once with either fill."""
INTERFERENCE_ROUNDS = 3
EDGE_ROUNDS = 12


class Part(StrEnum):
    """The parts of the proof."""

    GEOMETRY = "geometry"
    PICTURES = "pictures"
    INTERFERENCE = "interference"
    ATTACK = "attack"
    EDGE_AUDIT = "edge_audit"

    @property
    def words(self) -> Words:
        return _WORDS[self]


_WORDS = {
    Part.GEOMETRY: Words("géométrie, par lancer de rayons", "geometry, by ray casting"),
    Part.PICTURES: Words("pixels, sur chaque chemin", "pixels, on every path"),
    Part.INTERFERENCE: Words("non-interférence, au bit près", "non-interference, to the bit"),
    Part.ATTACK: Words("attaque par appariement", "matching attack"),
    Part.EDGE_AUDIT: Words("audit des masques des caméras", "audit of the cameras' own masks"),
}


@dataclass(frozen=True)
class Proof:
    """What the oracle saw."""

    scenes: int
    cases: dict[Case, CaseResult]
    pictures: PictureResult
    interference: list[str]
    attack: list[AttackResult]
    edge_audit: list[str]

    @property
    def sensitive_px(self) -> int:
        return sum(result.total.sensitive_px for result in self.cases.values())

    @property
    def missed_px(self) -> int:
        return sum(result.total.missed_px for result in self.cases.values())

    @property
    def over_mask_ratio(self) -> float:
        """Over all cases, wholly covered pictures among them, 0 to 1."""
        other = sum(result.total.other_px for result in self.cases.values())
        return sum(result.total.overmasked_px for result in self.cases.values()) / other if other else 0.0

    def failures(self) -> list[Words]:
        """What does not hold; empty: all of it does."""
        found = []
        for case, result in self.cases.items():
            if result.total.missed_px:
                count, where = result.total.missed_px, ", ".join(str(s.scene) for s in result.missed_at)
                found.append(
                    Words(
                        f"{case.words.fr} : {count} pixels interdits sans masque (scènes {where})",
                        f"{case.words.en}: {count} forbidden pixels without a mask (scenes {where})",
                    )
                )
        if not self.sensitive_px or not self.pictures.sensitive_px:
            found.append(
                Words(
                    "aucun pixel interdit dans ces scènes : rien n'est prouvé", "no forbidden pixel: nothing is proved"
                )
            )
        found += [
            Words(
                f"fuite sur le chemin {leak.path} (scène {leak.scene}, {leak.kind}) : {leak.pixels} pixels",
                f"leak on the path {leak.path} (scene {leak.scene}, {leak.kind}): {leak.pixels} pixels",
            )
            for leak in self.pictures.leaks
        ]
        found += [Words(f"interférence : {told}", f"interference: {told}") for told in self.interference]
        found += [tried.words for tried in self.attack if not tried.holds]
        found += [Words(f"audit : {told}", f"audit: {told}") for told in self.edge_audit]
        return found


def prove(scenes: int, chance: Chance, told: Callable[[Part, int], None] = lambda part, done: None) -> Proof:
    """Every part. `told(part, done)` is called as each goes on; GEOMETRY counts scenes, the others end at 1."""
    cases = judge(range(scenes), chance, told=lambda number: told(Part.GEOMETRY, number + 1))
    pictures = judge_pictures(range(PICTURE_SCENES), chance)
    told(Part.PICTURES, 1)
    differing = interference(range(INTERFERENCE_ROUNDS), chance, KINDS)
    told(Part.INTERFERENCE, 1)
    attacked = attack(chance)
    told(Part.ATTACK, 1)
    audited = edge_audit(range(EDGE_ROUNDS), chance)
    told(Part.EDGE_AUDIT, 1)
    return Proof(scenes, cases, pictures, differing, attacked, audited)


def findings(part: Part, chance: Chance, scenes: int = 40, cases: Sequence[Case] = tuple(Case)) -> list[str]:
    """What one part alone finds wrong, in words, up to the first scene with something; nothing when all holds.

    `scenes`, at most, for GEOMETRY and PICTURES; `cases` for GEOMETRY.
    """
    match part:
        case Part.GEOMETRY:
            for number in range(scenes):
                results = judge((number,), chance, cases)
                found = [f"{seen.case}, scene {number}" for result in results.values() for seen in result.missed_at]
                if found:
                    return found
            return []
        case Part.PICTURES:
            for number in range(min(scenes, PICTURE_SCENES)):
                leaks = judge_pictures((number,), chance).leaks
                if leaks:
                    return [f"{leak.path}, {leak.kind}, scene {number}" for leak in leaks]
            return []
        case Part.INTERFERENCE:
            for number in range(INTERFERENCE_ROUNDS):
                differing = interference((number,), chance, KINDS)
                if differing:
                    return differing
            return []
        case Part.ATTACK:
            return [result.words.en for result in attack(chance) if not result.holds]
        case Part.EDGE_AUDIT:
            return edge_audit(range(EDGE_ROUNDS), chance)
