"""The stage of a run: the models by class, what is played on it at its time, and where all signals come together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from sim.city import City
from sim.dictionary import FAULTS, STORY
from sim.draws import arrivals, duration_within
from sim.scenario import Scenario
from sim.story import tell_story
from sim.vocabulary import ChanceFault, Happening, Plays, Signal

ModelT = TypeVar("ModelT")
_Due = tuple[Nanoseconds, Callable[[], None]]


class RunStage:
    """See sim.vocabulary.Stage. `hear`: takes every signal of the run."""

    def __init__(
        self,
        clock: Clock,
        chance: Chance,
        models: Sequence[object],
        city: City,
        hear: Callable[[Signal], None],
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._models = {type(model): model for model in models}
        self._communes = {str(commune.commune): commune.name for commune in city.communes}
        self._cameras = {str(c.commune): tuple(camera.camera for camera in c.cameras) for c in city.communes}
        self._hear = hear

    @property
    def clock(self) -> Clock:
        return self._clock

    def chance(self, name: str) -> Chance:
        return self._chance.stream(name)

    def commune(self, name: str) -> str:
        """See Stage.commune."""
        return next(commune for commune, said in self._communes.items() if said == name)

    def camera(self, commune: str, number: int) -> CameraId:
        """See Stage.camera."""
        return self._cameras[self.commune(commune)][number - 1]

    def model(self, kind: type[ModelT]) -> ModelT:
        """See Stage.model."""
        if kind not in self._models:
            raise LookupError(f"no {kind.__name__} on this stage: give it to RunStage")
        return cast(ModelT, self._models[kind])

    def give(self, model: object) -> None:
        """One model more, that came to be after the stage."""
        self._models[type(model)] = model

    def tell(self, signal: Signal) -> None:
        """See Stage.tell. A commune is told by its name, as the file writes it."""
        commune = signal.fields.get("commune")
        if commune is not None and commune in self._communes:
            signal = Signal(signal.kind, signal.at_ns, {**signal.fields, "commune": self._communes[commune]})
        self._hear(signal)

    async def play(self, scenario: Scenario, city: City) -> None:
        """Play what is not worked out beforehand, and tell what begins and ends, until all is played."""
        async with asyncio.TaskGroup() as group:
            due = [*self._declared(city), *self._happening(scenario, group)]
            for at_ns, act in sorted(due, key=lambda item: item[0]):
                delay_ns = at_ns - self._clock.now_ns()
                if delay_ns > 0:
                    await asyncio.sleep(delay_ns / NS_PER_S)
                act()

    def _declared(self, city: City) -> Iterable[_Due]:
        """The faults that closed forms already know."""
        for number, fault in enumerate(city.faults):
            fields = {
                "fault": fault.name or f"fault-{number}",
                "kind": fault.kind.value,
                "commune": city.communes[fault.commune].name,
                "camera": str(fault.camera or ""),
            }
            yield fault.start_ns, partial(self._tell_now, "fault.began", fields)
            yield fault.end_ns, partial(self._tell_now, "fault.ended", fields)

    def _happening(self, scenario: Scenario, group: asyncio.TaskGroup) -> Iterable[_Due]:
        """The story, told and where need be played; and the faults by chance that are played."""
        for happening in tell_story(scenario):
            fields = {"event": happening.name, "kind": happening.spec.kind}
            yield happening.start_ns, partial(self._tell_now, "story.began", fields)
            yield happening.end_ns, partial(self._tell_now, "story.ended", fields)
            plays = STORY[happening.spec.kind].plays
            if plays is not None:
                yield happening.start_ns, partial(self._start, group, plays, happening)
        for drawn in draw_faults(scenario, self._chance):
            fields = {"fault": drawn.name, "kind": drawn.spec.kind, "commune": "", "camera": ""}
            yield drawn.start_ns, partial(self._tell_now, "fault.began", fields)
            yield drawn.end_ns, partial(self._tell_now, "fault.ended", fields)
            plays = FAULTS[drawn.spec.kind].plays
            if plays is not None:
                yield drawn.start_ns, partial(self._start, group, plays, drawn)

    def _start(self, group: asyncio.TaskGroup, plays: Plays, happening: Happening[Any]) -> None:
        group.create_task(plays(happening, self), name=happening.name)

    def _tell_now(self, kind: str, fields: Mapping[str, str]) -> None:
        self.tell(Signal(kind, self._clock.now_ns(), fields))


def draw_faults(scenario: Scenario, chance: Chance) -> Iterable[Happening[ChanceFault]]:
    """The faults by chance that are played on a stage. None reaches into the final quiet."""
    length_ns = scenario.duration - scenario.options.quiet
    for index, spec in enumerate(scenario.faults):
        if not isinstance(spec, ChanceFault) or FAULTS[spec.kind].plays is None:
            continue
        stream = chance.stream(f"faults/{index}/{spec.kind}")
        for number, after_ns in enumerate(arrivals(spec.rate, length_ns, stream)):
            end_ns = min(after_ns + duration_within(spec.lasts, stream), length_ns)
            start_ns = scenario.epoch_ns + after_ns
            yield Happening(f"faults/{index}/{number}", spec, start_ns, scenario.epoch_ns + end_ns, told=False)
