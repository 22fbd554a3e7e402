"""The faults of one run: what a scenario leaves to chance, drawn; and what it tells, at its place and time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_DAY, NS_PER_MS, NS_PER_S, Nanoseconds
from sim.communes import COMMUNES
from sim.quantities import DurationRange, Rate
from sim.scenario import FaultKind, Scenario

OF_ONE_CAMERA = frozenset({FaultKind.CAMERA_LOST, FaultKind.PACKETS_LOST, FaultKind.CAMERA_CLOCK})


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
    told: bool = False
    """True when the story tells it; False when chance brought it."""


def plan_faults(scenario: Scenario, cameras_of: Sequence[Sequence[CameraId]], chance: Chance) -> tuple[Fault, ...]:
    """All faults of the run, by start. `cameras_of`: the cameras of each commune. None reaches into the final quiet."""
    last_ns = scenario.epoch_ns + scenario.duration - scenario.quiet
    everyone = [(commune, camera) for commune, cameras in enumerate(cameras_of) for camera in cameras]
    faults: list[Fault] = []
    for index, spec in enumerate(scenario.faults):
        stream = chance.stream(f"faults/{index}/{spec.kind.value}")
        for after_ns in arrivals(spec.rate, last_ns - scenario.epoch_ns, stream):
            commune, camera = everyone[stream.integer(0, len(everyone) - 1)]
            start_ns = scenario.epoch_ns + after_ns
            end_ns = min(start_ns + duration_within(spec.lasts, stream), last_ns)
            ahead_ms = duration_within(spec.clock_error, stream) // NS_PER_MS if spec.clock_error else 0
            if start_ns < end_ns:
                of_one = camera if spec.kind in OF_ONE_CAMERA else None
                faults.append(Fault(spec.kind, start_ns, end_ns, commune, of_one, ahead_ms))
    faults += _told(scenario, cameras_of, chance.stream("story"), last_ns)
    return tuple(sorted(faults, key=lambda fault: (fault.start_ns, fault.end_ns, fault.commune, fault.kind)))


def _told(
    scenario: Scenario, cameras_of: Sequence[Sequence[CameraId]], chance: Chance, last_ns: Nanoseconds
) -> Iterator[Fault]:
    for event in scenario.story:
        commune = COMMUNES.index(event.commune)
        start_ns = scenario.epoch_ns + event.at.after(scenario.epoch_ns % NS_PER_DAY)
        of_one = None
        if event.kind in OF_ONE_CAMERA:
            cameras = cameras_of[commune]
            of_one = cameras[min(event.camera or 1, len(cameras)) - 1]
        ahead_ms = duration_within(event.clock_error, chance) // NS_PER_MS if event.clock_error else 0
        yield Fault(event.kind, start_ns, min(start_ns + event.lasts, last_ns), commune, of_one, ahead_ms, told=True)


def arrivals(rate: Rate, within_ns: Nanoseconds, chance: Chance) -> Iterator[Nanoseconds]:
    """Instants of a Poisson process in [0, within_ns), whole milliseconds."""
    at_s = 0.0
    while rate.per_s > 0:
        at_s -= log(1 - chance.uniform(0, 1)) / rate.per_s
        at_ns = round(at_s * (NS_PER_S // NS_PER_MS)) * NS_PER_MS
        if at_ns >= within_ns:
            return
        yield at_ns


def duration_within(lasts: DurationRange, chance: Chance) -> Nanoseconds:
    """A duration of the range, short ones as likely as long ones on a logarithmic scale; whole milliseconds."""
    exponent = chance.uniform(log(lasts.least_ns), log(lasts.most_ns)) if lasts.most_ns > lasts.least_ns else None
    length_ns = lasts.least_ns if exponent is None else round(exp(exponent))
    return min(max(length_ns, lasts.least_ns), lasts.most_ns) // NS_PER_MS * NS_PER_MS
