"""What a scenario says of orders and agreements, and the words by which prefects and communes change them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.words import Words
from csu.notation.fields import Count, Day, Duration, Metres, PositiveDuration, Strict
from sim.orders import Prefecture
from sim.papers import PaperTerms
from sim.vocabulary import (
    Ground,
    Happening,
    LastingTelling,
    Refusal,
    Signal,
    SignalKind,
    Stage,
    Telling,
    Word,
    no_such_commune,
)


class ThirdParty(Strict):
    """Feeds of somebody else: a landlord, a railway."""

    who: Annotated[str, Field(min_length=1)]
    cameras: Annotated[Count, Field(ge=1)] = 1
    """The first so many of the commune."""
    until: Day | None = None
    """The first day its agreement no longer holds."""


class AuthorisationSpec(Strict):
    """What the orders and agreements of some communes say. What is left out is as everywhere."""

    communes: tuple[str, ...] = ()
    """None named: all."""
    retention: Annotated[PositiveDuration, Field(le=31 * NS_PER_DAY, multiple_of=NS_PER_DAY)] = 30 * NS_PER_DAY
    minimum: Annotated[Duration, Field(multiple_of=NS_PER_DAY)] = 0
    service: Literal["storage_and_watch", "storage_only"] = "storage_and_watch"
    valid_from: Day | None = None
    valid_until: Day | None = None
    """The first day the order no longer holds."""
    agreement_until: Day | None = None
    """The first day the commune's agreement no longer holds."""
    third_party: ThirdParty | None = None

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        """What is wrong with it in this city, if anything."""
        for name in self.communes:
            if ground.cameras_of and name not in ground.cameras_of:
                yield Refusal("communes", no_such_commune(name, ground.cameras_of))
        if self.minimum > self.retention:
            yield Refusal(
                "minimum", Words("le minimum dépasse la conservation", "the minimum is longer than the retention")
            )

    @property
    def terms(self) -> PaperTerms:
        return PaperTerms(
            self.retention // NS_PER_DAY,
            self.minimum // NS_PER_DAY,
            self.service == "storage_and_watch",
            self.valid_from,
            self.valid_until,
            self.agreement_until,
        )


class OfCommune(Telling):
    """Something that happens to the papers of one commune."""

    commune: str

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        if ground.cameras_of and self.commune not in ground.cameras_of:
            yield Refusal("commune", no_such_commune(self.commune, ground.cameras_of))


class Suspended(LastingTelling, OfCommune):
    """The prefect suspends an order, and lets it hold again."""


class Moved(LastingTelling, OfCommune):
    """A camera stands elsewhere for a while than the prefect was told."""

    camera: Annotated[Count, Field(ge=1)] = 1
    """Which camera of the commune, counted from 1."""
    by: Annotated[Metres, Field(gt=0)] = 40.0

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        yield from super().refusals(ground)
        there = ground.cameras_of.get(self.commune)
        if there is not None and self.camera > there:
            yield Refusal("camera", Words(f"{self.commune} n'a que {there} caméras", f"{self.commune} has {there}"))


def _tell(stage: Stage, kind: str, commune: CommuneId) -> None:
    stage.tell(Signal(kind, stage.clock.now_ns(), {"commune": commune}))


async def _suspend(happening: Happening[Any], stage: Stage) -> None:
    prefecture, commune = stage.model(Prefecture), CommuneId(stage.commune(happening.spec.commune))
    prefecture.suspend(commune)
    _tell(stage, "commune.closed", commune)
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    prefecture.resume(commune)
    _tell(stage, "commune.opened", commune)


async def _withdraw(happening: Happening[Any], stage: Stage) -> None:
    commune = CommuneId(stage.commune(happening.spec.commune))
    stage.model(Prefecture).withdraw(commune)
    _tell(stage, "commune.closed", commune)


async def _expire(happening: Happening[Any], stage: Stage) -> None:
    await _end(happening, stage, agreement=False)


async def _leave(happening: Happening[Any], stage: Stage) -> None:
    await _end(happening, stage, agreement=True)


async def _end(happening: Happening[Any], stage: Stage, *, agreement: bool) -> None:
    commune = CommuneId(stage.commune(happening.spec.commune))
    ends_ns = stage.model(Prefecture).end(commune, agreement=agreement)
    await asyncio.sleep((ends_ns - stage.clock.now_ns()) / NS_PER_S)
    _tell(stage, "commune.closed", commune)


async def _join(happening: Happening[Any], stage: Stage) -> None:
    commune = CommuneId(stage.commune(happening.spec.commune))
    stage.model(Prefecture).join(commune)
    _tell(stage, "commune.opened", commune)


async def _move(happening: Happening[Any], stage: Stage) -> None:
    prefecture, spec = stage.model(Prefecture), happening.spec
    camera = stage.camera(spec.commune, spec.camera)
    prefecture.move(camera, spec.by)
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    prefecture.put_back(camera, happening.start_ns)


JOINS = "commune_joins"
STORY_WORDS: tuple[Word[Telling], ...] = (
    Word(
        "order_suspended",
        Words("le préfet suspend un arrêté", "a prefect suspends an order"),
        Suspended,
        plays=_suspend,
    ),
    Word(
        "order_withdrawn",
        Words("le préfet retire un arrêté", "a prefect withdraws an order"),
        OfCommune,
        plays=_withdraw,
    ),
    Word(
        "order_expires",
        Words("un arrêté prend fin avec le jour", "an order ends with the day, in Paris"),
        OfCommune,
        plays=_expire,
    ),
    Word(JOINS, Words("une commune rejoint le centre", "a commune joins the centre"), OfCommune, plays=_join),
    Word(
        "commune_leaves",
        Words("une commune quitte le centre avec le jour", "a commune leaves the centre with the day, in Paris"),
        OfCommune,
        plays=_leave,
    ),
    Word("camera_moved", Words("une caméra est déplacée", "a camera is moved elsewhere"), Moved, plays=_move),
)
SIGNALS = (
    SignalKind(
        "commune.closed", Words("une commune ne peut plus être filmée", "a commune may not be filmed"), "commune"
    ),
    SignalKind("commune.opened", Words("une commune peut être filmée", "a commune may be filmed"), "commune"),
)
