"""How well each type does, as people judged it: by camera, by day and by night (VSA-8). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from csu.detection.signals.signal import Dismissal, Outcome, Qualification, SignalOutcome, Unjudged
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class Performance:
    """What became of the signals of one type, of one camera, by day or by night."""

    type: EventType
    camera: CameraId
    is_day: bool
    confirmed: int
    doubtful: int
    dismissed: tuple[tuple[Dismissal, int], ...]
    """By why, the most frequent first; those that did not occur are left out."""
    unjudged: int
    models: tuple[str, ...]
    rule_versions: tuple[str, ...]

    @property
    def qualified(self) -> int:
        return self.confirmed + self.doubtful

    @property
    def dismissals(self) -> int:
        return sum(count for _, count in self.dismissed)

    @property
    def signals(self) -> int:
        return self.qualified + self.dismissals + self.unjudged

    @property
    def precision(self) -> float | None:
        """Of those that a person could decide, the share he confirmed; None: he decided none. A doubt is no decision,
        and what nobody judged says nothing."""
        decided = self.confirmed + self.dismissals
        return self.confirmed / decided if decided else None


def performances(
    outcomes: Iterable[SignalOutcome], is_day: Callable[[CameraId, Nanoseconds], bool]
) -> tuple[Performance, ...]:
    """One line for each type, camera and light that had a signal, in that order. `is_day(camera, instant)`."""
    lines: dict[tuple[EventType, CameraId, bool], list[SignalOutcome]] = {}
    for each in outcomes:
        lines.setdefault((each.type, each.camera, is_day(each.camera, each.minute_ns)), []).append(each)
    return tuple(_performance(*key, lines[key]) for key in sorted(lines, key=lambda key: (key[0], key[1], not key[2])))


def _performance(type_: EventType, camera: CameraId, is_day: bool, of: list[SignalOutcome]) -> Performance:
    counts: Counter[Outcome] = Counter(each.outcome for each in of)
    dismissed = [(why, counts[why]) for why in Dismissal if counts[why]]
    return Performance(
        type_,
        camera,
        is_day,
        counts[Qualification.CONFIRMED],
        counts[Qualification.DOUBT],
        tuple(sorted(dismissed, key=lambda line: -line[1])),
        sum(counts[why] for why in Unjudged),
        tuple(sorted({each.model for each in of})),
        tuple(sorted({each.rule_version for each in of})),
    )
