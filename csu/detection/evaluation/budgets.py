"""What each type must reach, set before anything was measured. A miss is told as a miss."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from csu.detection.evaluation.counting import CountScore
from csu.detection.evaluation.matching import Score
from csu.hal.analysis import EventType
from csu.hal.words import Words

COUNT_ERROR_MAX = 0.05
UNAVAILABLE = frozenset({EventType.WEAPON})
"""No attested weights exist: there is nothing to score, and nothing is made up."""


@dataclass(frozen=True, slots=True)
class Budget:
    """None: of no concern to this type."""

    recall_min: float
    precision_min: float | None = None
    false_per_camera_hour_max: float | None = None


BUDGETS: Mapping[EventType, Budget] = {
    EventType.RESTRICTED_ZONE: Budget(0.95, precision_min=0.95),
    EventType.WRONG_WAY: Budget(0.95, precision_min=0.95),
    EventType.ABANDONED_OBJECT: Budget(0.9, false_per_camera_hour_max=1.0),
    EventType.PERSON_DOWN: Budget(0.9, false_per_camera_hour_max=1.0),
    EventType.CROWD_DENSITY: Budget(0.9, false_per_camera_hour_max=1.0),
    EventType.CROWD_MOVEMENT: Budget(0.9, false_per_camera_hour_max=1.0),
}
"""FIRE_START has none: it is measured, and told as it is."""


def missed(scores: Mapping[EventType, Score], counts: CountScore | None, types: Collection[EventType]) -> list[Words]:
    """What is not reached, of `types` that have a budget, and of counts unless they are None.

    A type of which nothing happened in any clip is not reached either: it was not measured.
    """
    found = [words for kind in BUDGETS if kind in types for words in _missed(kind, scores.get(kind, Score()))]
    if counts is not None:
        found += _counts_missed(counts)
    return found


def _missed(kind: EventType, score: Score) -> Iterator[Words]:
    name, budget = kind.name, BUDGETS[kind]
    recall, precision, false = score.recall, score.precision, score.false_per_camera_hour
    if recall is None or false is None:
        yield Words(f"{name} : rien à trouver, rien n'est mesuré", f"{name}: nothing to find, nothing is measured")
        return
    if recall < budget.recall_min:
        yield Words(
            f"{name} : rappel {recall:.3f} (au moins {budget.recall_min})",
            f"{name}: recall {recall:.3f} (at least {budget.recall_min})",
        )
    if budget.precision_min is not None and (precision is None or precision < budget.precision_min):
        told = "—" if precision is None else f"{precision:.3f}"
        yield Words(
            f"{name} : précision {told} (au moins {budget.precision_min})",
            f"{name}: precision {told} (at least {budget.precision_min})",
        )
    if budget.false_per_camera_hour_max is not None and false > budget.false_per_camera_hour_max:
        yield Words(
            f"{name} : {false:.1f} faux signalements par heure de caméra "
            f"(au plus {budget.false_per_camera_hour_max:.0f})",
            f"{name}: {false:.1f} false signals per camera-hour (at most {budget.false_per_camera_hour_max:.0f})",
        )


def _counts_missed(counts: CountScore) -> Iterator[Words]:
    if counts.error is None:
        yield Words("comptages : rien n'a passé, rien n'est mesuré", "counts: nothing crossed, nothing is measured")
    elif counts.error > COUNT_ERROR_MAX:
        yield Words(
            f"comptages : erreur {counts.error:.1%} (au plus {COUNT_ERROR_MAX:.0%})",
            f"counts: error {counts.error:.1%} (at most {COUNT_ERROR_MAX:.0%})",
        )
