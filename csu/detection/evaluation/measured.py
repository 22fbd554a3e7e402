"""What an evaluation came to: figures by type, camera height and light, counts, tracking, CPU, and a few pictures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from csu.detection.evaluation.counting import CountScore
from csu.detection.evaluation.evidence import Album
from csu.detection.evaluation.matching import Matched, Score, of_type
from csu.detection.evaluation.tracking import TrackingScore
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S
from csu.hal.words import Words

CpuNs: TypeAlias = Callable[[], int]
"""CPU time of this process so far, ns: a port, since no core reads a clock."""
HEIGHT_LIMITS_M = (5.0, 8.0)


class Step(StrEnum):
    """Where CPU time goes."""

    RENDERING = "rendering"
    """Of the pictures: no part of the product."""
    DETECTOR = "detector"
    RULES = "rules"
    GATE_AND_TRACKER = "gate_and_tracker"
    """What is left of the analysis."""

    @property
    def words(self) -> Words:
        return {
            Step.RENDERING: Words(
                "images (rendu ou film, hors produit)", "pictures (rendered or of a film, no part of the product)"
            ),
            Step.DETECTOR: Words("détecteur", "detector"),
            Step.RULES: Words("règles", "rules"),
            Step.GATE_AND_TRACKER: Words("mouvement et suivi", "motion gate and tracker"),
        }[self]


class Followed(StrEnum):
    """What is judged together: a detector may take a van for a lorry, and both are vehicles."""

    PERSON = "person"
    VEHICLE = "vehicle"

    @property
    def words(self) -> Words:
        return {Followed.PERSON: Words("personnes", "persons"), Followed.VEHICLE: Words("véhicules", "vehicles")}[self]


def followed_as(kind: ObjectClass) -> Followed | None:
    """None: its boxes are not judged (bags)."""
    if kind is ObjectClass.BAG:
        return None
    return Followed.PERSON if kind is ObjectClass.PERSON else Followed.VEHICLE


def height_band(height_m: float) -> str:
    """The band of camera heights that `height_m` is in."""
    low, high = HEIGHT_LIMITS_M
    if height_m < low:
        return f"< {low:.0f} m"
    return f"{low:.0f}-{high:.0f} m" if height_m < high else f">= {high:.0f} m"


@dataclass(slots=True)
class Measured:
    """Filled clip by clip; nothing of a clip stays but figures and the few pictures of `album`."""

    clips: int = 0
    pictures: int = 0
    detected: int = 0
    """Pictures at which the detector looked."""
    camera_hours: float = 0.0
    types: dict[EventType, Score] = field(default_factory=lambda: defaultdict(Score))
    by_height: dict[tuple[EventType, str], Score] = field(default_factory=lambda: defaultdict(Score))
    by_light: dict[tuple[EventType, str], Score] = field(default_factory=lambda: defaultdict(Score))
    counts: CountScore = field(default_factory=CountScore)
    tracking: dict[Followed, TrackingScore] = field(default_factory=lambda: defaultdict(TrackingScore))
    cpu_ns: Counter[Step] = field(default_factory=Counter)
    album: Album = field(default_factory=Album)
    cannot_run: dict[EventType, Words] = field(default_factory=dict)
    """Types that were asked for and had no rule in some clip, and why."""
    wrong_clips: dict[EventType, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Names of clips in which something was missed or told falsely."""

    def add_matched(
        self, matched: Matched, types: frozenset[EventType], seconds: float, height: str, light: str, clip: str
    ) -> None:
        """Count one clip. `types`: what was looked for in it."""
        for kind in types:
            mine = of_type(matched, kind)
            for score in (self.types[kind], self.by_height[kind, height], self.by_light[kind, light]):
                score.add(mine, seconds / 3600)
            if mine.missed or mine.false:
                self.wrong_clips[kind].append(clip)

    def cpu_ms_per_picture(self, step: Step) -> float:
        """Mean CPU time of one step for one picture of the clips."""
        return self.cpu_ns[step] * 1000 / NS_PER_S / self.pictures if self.pictures else 0.0
