"""Named sets of clips: `rendered` is what an evaluation is made on, `smoke` one that does and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from csu.detection.evaluation.scenes.clip import Clip
from csu.detection.evaluation.scenes.suites.crowds import crowd_density, crowd_movement
from csu.detection.evaluation.scenes.suites.falls import person_down
from csu.detection.evaluation.scenes.suites.fires import fire_start
from csu.detection.evaluation.scenes.suites.left_things import abandoned_object
from csu.detection.evaluation.scenes.suites.traffic import bins, counting
from csu.detection.evaluation.scenes.suites.ways import restricted_zone, wrong_way
from csu.hal.errors import BadInput
from csu.hal.words import Words

_PARTS: tuple[Callable[[], list[Clip]], ...] = (
    restricted_zone,
    wrong_way,
    abandoned_object,
    person_down,
    crowd_movement,
    crowd_density,
    fire_start,
    counting,
    bins,
)


@cache
def suite(name: str) -> tuple[Clip, ...]:
    """The clips of that name, always the same ones. Raises BadInput for a name that is none."""
    if name == "rendered":
        return tuple(clip for part in _PARTS for clip in part())
    if name == "smoke":
        return tuple(clip for part in _PARTS for clip in _first_of_each(part()))
    raise BadInput(
        Words("cette suite n'existe pas", "there is no such suite"),
        where=name[:40],
        what_to_do=Words.same(", ".join(SUITES)),
    )


SUITES = ("rendered", "smoke")


def _first_of_each(clips: list[Clip]) -> list[Clip]:
    """One that is about it and one that is not; of traffic and bins, one."""
    found = [next(clip for clip in clips if clip.is_positive or clip.wanted is None)]
    return found + [clip for clip in clips if clip.wanted is not None and not clip.is_positive][:1]
