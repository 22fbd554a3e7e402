"""Which clips are run: a named suite, one type of it, another seed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from csu.detection.evaluation.scenes.clip import Clip
from csu.detection.evaluation.scenes.suites import suite
from csu.hal.analysis import EventType
from csu.hal.errors import BadInput
from csu.hal.words import Words

_SEED_STEP = 1000
"""Clips of one suite have seeds below this."""


class Suite(StrEnum):
    """What an evaluation is made on, and a cut of it that takes seconds."""

    RENDERED = "rendered"
    SMOKE = "smoke"


def clips_of(name: Suite, seed: int = 1, types: Collection[EventType] | None = None) -> list[Clip]:
    """Its clips in order; of `types` those in which one of them is looked for. Raises BadInput where none is.

    `seed` 1 is the suite as it is written; another draws its weather, noise and grain anew.
    """
    clips = [replace(clip, seed=clip.seed + _SEED_STEP * (seed - 1)) for clip in suite(name)]
    if types is not None:
        clips = [clip for clip in clips if any(rule.type in types for rule in clip.rules)]
    if not clips:
        raise BadInput(
            Words("aucune séquence de cette suite ne porte sur ce type", "no clip of this suite is about that type"),
            where=f"--suite {name} --type",
            what_to_do=Words("Prenez un autre type ou l'autre suite", "Take another type, or the other suite"),
        )
    return clips
