"""Faults that are played while the centre runs: its database, its clock, its papers, what panels repeat and forge."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from csu.hal.clock import NS_PER_S
from csu.hal.words import Words
from csu.notation.fields import Count, Durations
from sim.draws import duration_within
from sim.orders import Prefecture
from sim.panels import SimPanel
from sim.people import People
from sim.ports import HostClock, PlannedChaos
from sim.vocabulary import ChanceFault, Ground, Happening, LastingTelling, Refusal, Stage, Telling, Trouble, Word

CLOCK_ERROR_NS_MAX = 4 * NS_PER_S
"""The oracles date what the centre tells by the centre's clock; so much they bear."""
_DATABASE_POINT = "catalogue.write"


def _too_wrong(clock_error: Any) -> Iterator[Refusal]:
    if clock_error.most_ns > CLOCK_ERROR_NS_MAX:
        most = CLOCK_ERROR_NS_MAX // NS_PER_S
        yield Refusal("clock_error", Words(f"au plus {most} s", f"{most} s at most"))


class ToldTimeError(LastingTelling):
    """The centre's own clock is wrong."""

    clock_error: Durations
    """How far it is ahead."""

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        yield from _too_wrong(self.clock_error)


class TimeErrorByChance(ChanceFault):
    """The centre's own clock is wrong, by chance."""

    clock_error: Durations

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        yield from _too_wrong(self.clock_error)


class ToldFrames(Telling):
    """A panel of the city says again what it said."""

    messages: Annotated[Count, Field(ge=1, le=1000)] = 10
    """How many of its last ones."""


class FramesByChance(ChanceFault):
    """Panels say again what they said, by chance."""

    messages: Annotated[Count, Field(ge=1, le=1000)] = 10


class ToldAbsence(LastingTelling):
    """Operators walk away."""

    operators: Annotated[Count, Field(ge=1, le=100)] = 1
    """How many: the last of the list first."""


class AbsenceByChance(ChanceFault):
    """Operators walk away, by chance."""

    operators: Annotated[Count, Field(ge=1, le=100)] = 1


async def _while_it_lasts(happening: Happening[Any]) -> None:
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)


async def _database_down(happening: Happening[Any], stage: Stage) -> None:
    chaos = stage.model(PlannedChaos)
    chaos.break_down(_DATABASE_POINT)
    await _while_it_lasts(happening)
    chaos.mend(_DATABASE_POINT)


async def _wrong_time(happening: Happening[Any], stage: Stage) -> None:
    clock, chance = stage.model(HostClock), stage.chance(happening.name)
    ahead_ns = duration_within(happening.spec.clock_error, chance)
    clock.error_ns += ahead_ns
    await _while_it_lasts(happening)
    clock.error_ns -= ahead_ns


async def _replay(happening: Happening[Any], stage: Stage) -> None:
    _panel(happening, stage).say_again(happening.spec.messages)


async def _forge(happening: Happening[Any], stage: Stage) -> None:
    _panel(happening, stage).say_again(happening.spec.messages, forged=True)


async def _strangers(happening: Happening[Any], stage: Stage) -> None:
    _panel(happening, stage).say_as_strangers(happening.spec.messages)


def _panel(happening: Happening[Any], stage: Stage) -> SimPanel:
    """The panel that has said the most so far: a quiet one has nothing to replay."""
    return max(stage.model(Panels).panels, key=lambda panel: (panel.said, panel.panel))


async def _walk_away(happening: Happening[Any], stage: Stage) -> None:
    people = stage.model(People)
    gone = people.walk_away(happening.spec.operators)
    await _while_it_lasts(happening)
    people.come_back(gone)


async def _push_nonsense(happening: Happening[Any], stage: Stage) -> None:
    stage.model(Prefecture).push_nonsense()


class Panels:
    """All panels of the city, for words that need one of them."""

    def __init__(self, panels: list[SimPanel]) -> None:
        self.panels = panels


_DOWN = Words("la base de données est arrêtée", "the database is down")
_TIME = Words("le serveur de temps se trompe", "the time server is wrong")
_AGAIN = Words("une centrale répète d'anciens messages", "a panel repeats old messages")
_FORGED = Words("des messages déjà vus, falsifiés", "messages seen before, forged")
_STRANGERS = Words("des messages de comptes inconnus", "messages of unknown accounts")
_AWAY = Words("un agent quitte son poste", "an operator walks away")
_NONSENSE = Words("une configuration fausse est envoyée", "a bad configuration is pushed")
_AT_L0 = Words("Le centre qui tourne est le vrai", "The centre that runs is the real one")
STORY_WORDS: tuple[Word[Telling], ...] = (
    Word("database_down", _DOWN, LastingTelling, _AT_L0, _database_down),
    Word("time_server_wrong", _TIME, ToldTimeError, _AT_L0, _wrong_time),
    Word("frames_replayed", _AGAIN, ToldFrames, _AT_L0, _replay),
    Word("frames_forged", _FORGED, ToldFrames, _AT_L0, _forge),
    Word("frames_of_strangers", _STRANGERS, ToldFrames, _AT_L0, _strangers),
    Word("operator_walks_away", _AWAY, ToldAbsence, _AT_L0, _walk_away),
    Word("bad_configuration", _NONSENSE, Telling, _AT_L0, _push_nonsense),
)
FAULT_WORDS: tuple[Word[Trouble], ...] = (
    Word("database_down", _DOWN, ChanceFault, _AT_L0, _database_down),
    Word("time_server_wrong", _TIME, TimeErrorByChance, _AT_L0, _wrong_time),
    Word("frames_replayed", _AGAIN, FramesByChance, _AT_L0, _replay),
    Word("frames_forged", _FORGED, FramesByChance, _AT_L0, _forge),
    Word("frames_of_strangers", _STRANGERS, FramesByChance, _AT_L0, _strangers),
    Word("operator_walks_away", _AWAY, AbsenceByChance, _AT_L0, _walk_away),
    Word("bad_configuration", _NONSENSE, ChanceFault, _AT_L0, _push_nonsense),
)
