"""The faults of one run: what a scenario leaves to chance, drawn; and what it tells, at its place and time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS, Nanoseconds
from sim.communes import COMMUNES
from sim.draws import arrivals, duration_within
from sim.fault_words import (
    OF_ONE_CAMERA,
    ClockByChance,
    DelayByChance,
    FaultKind,
    ToldCameraFault,
    ToldClockFault,
    ToldDelay,
    ToldFault,
    kind_of,
)
from sim.scenario import Scenario
from sim.story import tell_story
from sim.vocabulary import ChanceFault


@dataclass(frozen=True, slots=True)
class Fault:
    """[start_ns, end_ns) something is wrong in one commune, as declared by the scenario."""

    kind: FaultKind
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    commune: int
    camera: CameraId | None = None
    """For faults of one camera."""
    clock_ahead_ms: int = 0
    delay_ns: Nanoseconds = 0
    name: str = ""
    """As the story names it."""
    told: bool = False
    """True when the story tells it; False when chance brought it."""


def plan_faults(scenario: Scenario, cameras_of: Sequence[Sequence[CameraId]], chance: Chance) -> tuple[Fault, ...]:
    """All faults of the run, by start. `cameras_of`: the cameras of each commune. None reaches into the final quiet."""
    last_ns = scenario.epoch_ns + scenario.duration - scenario.options.quiet
    everyone = [(commune, camera) for commune, cameras in enumerate(cameras_of) for camera in cameras]
    faults: list[Fault] = []
    for index, spec in enumerate(scenario.faults):
        kind = kind_of(spec)
        if kind is None or not isinstance(spec, ChanceFault):
            continue
        stream = chance.stream(f"faults/{index}/{kind.value}")
        for after_ns in arrivals(spec.rate, last_ns - scenario.epoch_ns, stream):
            commune, camera = everyone[stream.integer(0, len(everyone) - 1)]
            start_ns = scenario.epoch_ns + after_ns
            end_ns = min(start_ns + duration_within(spec.lasts, stream), last_ns)
            error = spec.clock_error if isinstance(spec, ClockByChance) else None
            ahead_ms = duration_within(error, stream) // NS_PER_MS if error else 0
            delay_ns = duration_within(spec.delay, stream) if isinstance(spec, DelayByChance) else 0
            if start_ns < end_ns:
                of_one = camera if kind in OF_ONE_CAMERA else None
                faults.append(Fault(kind, start_ns, end_ns, commune, of_one, ahead_ms, delay_ns))
    faults += _told(scenario, cameras_of, chance.stream("story"), last_ns)
    return tuple(sorted(faults, key=lambda fault: (fault.start_ns, fault.end_ns, fault.commune, fault.kind)))


def _told(
    scenario: Scenario, cameras_of: Sequence[Sequence[CameraId]], chance: Chance, last_ns: Nanoseconds
) -> Iterator[Fault]:
    for happening in tell_story(scenario):
        spec, kind = happening.spec, kind_of(happening.spec)
        if kind is None or not isinstance(spec, ToldFault):
            continue
        commune = COMMUNES.index(spec.commune)
        of_one = cameras_of[commune][spec.camera - 1] if isinstance(spec, ToldCameraFault) else None
        error = spec.clock_error if isinstance(spec, ToldClockFault) else None
        ahead_ms = duration_within(error, chance) // NS_PER_MS if error else 0
        end_ns = min(happening.end_ns, last_ns)
        delay_ns = duration_within(spec.delay, chance) if isinstance(spec, ToldDelay) else 0
        yield Fault(kind, happening.start_ns, end_ns, commune, of_one, ahead_ms, delay_ns, happening.name, told=True)
