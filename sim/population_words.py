"""Words for what the people outside do: a demonstration goes through the city, an incident happens before a camera."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.words import Words
from csu.notation.fields import Count
from sim.population import March, Population
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


class OnTheRoute(LastingTelling):
    """A demonstration: the communes that it goes through, in order, and how many people go with it."""

    route: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    cameras: Annotated[Count, Field(ge=1, le=200)] = 3
    """How many cameras of each commune lie on its way: the first ones."""
    people: Annotated[Count, Field(ge=1)] = 1000

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        for name in self.route:
            if ground.cameras_of and name not in ground.cameras_of:
                yield Refusal("route", no_such_commune(name, ground.cameras_of))


class BeforeACamera(LastingTelling):
    """Something happens before one camera."""

    commune: str
    camera: Annotated[Count, Field(ge=1)] = 1
    what: Literal["dumping", "fight", "fall", "damage", "obstruction"] = "fight"

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        there = ground.cameras_of.get(self.commune)
        if ground.cameras_of and there is None:
            yield Refusal("commune", no_such_commune(self.commune, ground.cameras_of))
        elif there is not None and self.camera > there:
            yield Refusal("camera", Words(f"{self.commune} n'a que {there} caméras", f"{self.commune} has {there}"))


def march_of(happening: Happening[Any], stage: Stage) -> March:
    """The march of a line of the story, over the cameras of this city."""
    spec, route = happening.spec, list[CameraId]()
    for commune in spec.route:
        route += stage.cameras(commune)[: spec.cameras]
    return March(tuple(route), happening.start_ns, happening.end_ns - happening.start_ns, spec.people)


async def _march(happening: Happening[Any], stage: Stage) -> None:
    """Tell when its head reaches each camera, and when its tail has left it."""
    march, population = march_of(happening, stage), stage.model(Population)
    population.march(march)
    turns = [(at_ns, kind, camera) for camera in march.route for at_ns, kind in _turns(march, camera)]
    for at_ns, kind, camera in sorted(turns):
        await asyncio.sleep(max(0, at_ns - stage.clock.now_ns()) / NS_PER_S)
        people = f"{population.people_per_minute(camera, at_ns):.0f}"
        stage.tell(Signal(kind, stage.clock.now_ns(), {"camera": camera, "event": happening.name, "people": people}))


def _turns(march: March, camera: CameraId) -> Iterator[tuple[int, str]]:
    span = march.passes(camera)
    if span is not None:
        yield span[0], "march.arrives"
        yield span[1], "march.left"


async def _incident(happening: Happening[Any], stage: Stage) -> None:
    spec = happening.spec
    camera = stage.camera(spec.commune, spec.camera)
    fields = {"incident": happening.name, "camera": camera, "what": spec.what, "commune": stage.commune(spec.commune)}
    stage.tell(Signal("incident.began", stage.clock.now_ns(), fields))
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    stage.tell(Signal("incident.ended", stage.clock.now_ns(), fields))


_UNSEEN = Words(
    "L0 : le monde le sait, aucune caméra ne le voit ; la détection est jugée dessus plus tard",
    "L0: the world knows, no camera sees it; detection is judged by it later",
)
STORY_WORDS: tuple[Word[Telling], ...] = (
    Word("demonstration", Words("un cortège traverse la ville", "a march goes through"), OnTheRoute, _UNSEEN, _march),
    Word(
        "incident", Words("un fait devant une caméra", "an incident before a camera"), BeforeACamera, _UNSEEN, _incident
    ),
)
_WHAT = ("camera", "what", "commune")
SIGNALS = (
    SignalKind("march.arrives", Words("le cortège arrive", "the march arrives"), "camera", ("event", "people")),
    SignalKind("march.left", Words("le cortège est passé", "the march has gone by"), "camera", ("event", "people")),
    SignalKind("incident.began", Words("un fait commence", "an incident begins"), "incident", _WHAT),
    SignalKind("incident.ended", Words("un fait finit", "an incident ends"), "incident", _WHAT),
)
