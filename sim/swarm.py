"""Which faults by chance a run has: all of them, some, or none, dealt by its seed. Pure.

Of the seeds of a sweep half leave out fault kinds at random (Groce 2012: what is always on hides what it masks), a
quarter have all, a quarter have none.
"""

from __future__ import annotations

from enum import StrEnum

from csu.hal.chance import Chance
from csu.notation.quantities import Rate
from sim.fault_words import EngineTrouble
from sim.scenario import Scenario
from sim.vocabulary import ChanceFault, Trouble

NONE_SHARE, ALL_SHARE = 0.25, 0.25


class Mix(StrEnum):
    """How a run was dealt its faults."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


def deal(scenario: Scenario, chance: Chance) -> tuple[Scenario, Mix]:
    """The scenario of this run. What is left out stays in its place, with no case: nobody else's chance shifts."""
    if scenario.options.chance == "all":
        return scenario, Mix.ALL
    drawn = chance.stream("mix").uniform(0, 1)
    mix = Mix.NONE if drawn < NONE_SHARE else Mix.ALL if drawn < NONE_SHARE + ALL_SHARE else Mix.SOME
    if scenario.options.chance == "none":
        mix = Mix.NONE
    kept = (mix is Mix.ALL or (mix is Mix.SOME and _is_kept(index, chance)) for index in range(len(scenario.faults)))
    faults = tuple(
        line if is_kept else _without_case(line) for line, is_kept in zip(scenario.faults, kept, strict=True)
    )
    return scenario.model_copy(update={"faults": faults}), mix


def _is_kept(index: int, chance: Chance) -> bool:
    return chance.stream(f"line/{index}").uniform(0, 1) < 0.5


def _without_case(line: Trouble) -> Trouble:
    if isinstance(line, ChanceFault):
        return line.model_copy(update={"rate": Rate(0.0)})
    if isinstance(line, EngineTrouble):
        return line.model_copy(update={"active": 0.0})
    return line
