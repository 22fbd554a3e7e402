"""What a scenario says of real-time analysis: the law of its days, and the words by which it is ordered and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, model_validator

from csu.centre import Author
from csu.hal.analysis import EventType
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.words import Words
from csu.notation.fields import Count, Day, PositiveDuration, Strict
from csu.notation.quantities import BadQuantity
from sim.analysis_office import TESTED, AnalysisOffice
from sim.order_words import OfCommune
from sim.vocabulary import Ground, Happening, LastingTelling, Refusal, Signal, SignalKind, Stage, Telling, Word

ORDERED, WITHDRAWN, KILLED = "analysis_order", "analysis_withdrawn", "analysis_stopped"
_CHIEF, _MANAGER = Author("chef-de-salle", "room_chief"), Author("responsable", "csu_manager")


class LawSpec(Strict):
    """The law that allows real-time analysis, entered with its Journal officiel."""

    first: Day
    last: Day
    """Included."""

    @model_validator(mode="after")
    def _in_order(self) -> LawSpec:
        if self.last < self.first:
            raise BadQuantity("cette loi finit avant de commencer", "this law ends before it begins", ("last",))
        return self


class AnalysisSpec(Strict):
    """A centre that could analyse: a node, an attested model, a zone on every camera. Off until all allows it."""

    law: LawSpec | None = None
    """None: no law allows it, whatever prefects order."""


class OrderedAnalysis(LastingTelling, OfCommune):
    """A prefect's order of an event. It was typed in beforehand; it holds from `at`, for `lasts`."""

    lasts: Annotated[PositiveDuration, Field(le=28 * NS_PER_DAY, multiple_of=NS_PER_MINUTE)]
    cameras: Annotated[Count, Field(ge=1)] = 512
    """The first so many of the commune."""
    types: Annotated[tuple[EventType, ...], Field(min_length=1)] = TESTED

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        yield from super().refusals(ground)
        begins = self.at or self.after
        if len(set(self.types)) != len(self.types):
            yield Refusal("types", Words("un type deux fois", "a type twice"))
        if begins is not None and begins.delay_ns % NS_PER_MINUTE:
            yield Refusal("at", Words("un arrêté commence à une minute", "an order begins at a minute"))


class KillSwitch(LastingTelling):
    """The room's chief stops all analysis; the manager lets it go on afterwards."""


async def _begin(happening: Happening[Any], stage: Stage) -> None:
    office, commune = stage.model(AnalysisOffice), CommuneId(stage.commune(happening.spec.commune))
    ends_ns = office.ends_ns(happening.name)
    if ends_ns is None or ends_ns <= happening.start_ns:
        return
    _tell(stage, "analysis.allowed", commune)
    await asyncio.sleep((ends_ns - stage.clock.now_ns()) / NS_PER_S)
    if office.ends_ns(happening.name) is not None:
        _tell(stage, "analysis.over", commune)


async def _withdraw(happening: Happening[Any], stage: Stage) -> None:
    commune = CommuneId(stage.commune(happening.spec.commune))
    stage.model(AnalysisOffice).withdraw(commune)
    _tell(stage, "analysis.over", commune)


async def _kill(happening: Happening[Any], stage: Stage) -> None:
    office = stage.model(AnalysisOffice)
    office.thrown()
    await office.reached.stop(_CHIEF, "essai")
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    await office.reached.resume(_MANAGER, "essai")
    office.put_back()


def _tell(stage: Stage, kind: str, commune: CommuneId) -> None:
    stage.tell(Signal(kind, stage.clock.now_ns(), {"commune": commune}))


STORY_WORDS: tuple[Word[Telling], ...] = (
    Word(
        ORDERED,
        Words("un arrêté permet l'analyse d'un événement", "an order allows the analysis of an event"),
        OrderedAnalysis,
        Words(
            "L0 : des images sont comptées, rien n'y est calculé ; sans `analysis:` rien ne tourne",
            "L0: pictures are counted, nothing is computed; without `analysis:` nothing runs",
        ),
        plays=_begin,
    ),
    Word(
        WITHDRAWN,
        Words("le préfet retire ses arrêtés d'analyse", "a prefect withdraws orders for analysis"),
        OfCommune,
        plays=_withdraw,
    ),
    Word(KILLED, Words("l'arrêt d'urgence de l'analyse", "the kill switch of the analysis"), KillSwitch, plays=_kill),
)
_OF_A_CAMERA = ("commune",)
SIGNALS = (
    SignalKind("analysis.allowed", Words("un arrêté d'analyse commence", "an order for analysis begins"), "commune"),
    SignalKind("analysis.over", Words("un arrêté d'analyse finit", "an order for analysis ends"), "commune"),
    SignalKind("analysis.began", Words("une caméra est analysée", "a camera is analysed"), "camera", _OF_A_CAMERA),
    SignalKind("analysis.ended", Words("elle ne l'est plus", "it is analysed no more"), "camera", _OF_A_CAMERA),
    SignalKind(
        "analysis.signal",
        Words("l'analyse attire l'attention", "analysis draws attention"),
        "camera",
        ("commune", "type"),
        {"type": tuple(each.value for each in EventType)},
    ),
)
