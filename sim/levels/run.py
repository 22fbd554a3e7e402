"""What a run needs for its levels: the studio of its pixels, its nodes, and what real footage may be away from plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Clock, Nanoseconds
from csu.hal.media import GapCause
from sim.city import City, CityNode
from sim.cohort import CohortCamera
from sim.fault_words import FaultKind
from sim.levels.cast import PixelPlan
from sim.levels.words import chosen
from sim.media_node import CohortMediaNode
from sim.oracles.stage import Slack
from sim.scenario import Scenario

if TYPE_CHECKING:  # the street, PyAV and OpenCV are loaded for a city with pixels only
    from sim.levels.node import Studio

SETTLES_NS = 5 * NS_PER_S
"""After a connection was cut or a clock set: the next try, and the next picture."""
DISK_TAKES_NS = NS_PER_MINUTE + 2 * NS_PER_S
"""A disk that refuses takes the open minute with it: what is left of it is `csu recording torture`'s."""
BRIEF_NS = 3 * NS_PER_S
"""A recorder begins a new segment after 2 s without a picture (`csu.recording.recorder.HOLE_NS`): three are needed."""
POSE_WAITS_NS = 1_200 * NS_PER_MS
"""A turning camera's picture waits for the next one to come, at one picture a second."""
DISK_RETRIED_NS = 10 * NS_PER_S


@dataclass(slots=True)
class PixelCounts:
    """How many pictures there were."""

    drawn: int = 0
    masked: int = 0
    wholly_masked: int = 0
    recorded: int = 0
    """Pictures decoded from the files."""
    files: int = 0
    sound_tracks: int = 0
    """In those files."""
    excused: int = 0
    """That showed what is forbidden just after a declared knock, before the view watch could look."""


@dataclass(frozen=True, slots=True)
class LevelGroup:
    """Cameras of one commune that are played at one level."""

    level: str
    commune: str
    cameras: int
    turning: int


def groups_of(scenario: Scenario, city: City) -> tuple[LevelGroup, ...]:
    """Every camera of the city in exactly one."""
    media, counts = scenario.media, {commune.name: len(commune.cameras) for commune in city.communes}
    levels, group_of = chosen(media.level, media.groups, counts)
    many, turning = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for (commune, number), level in levels.items():
        many[level, commune] += 1
        group = group_of.get((commune, number))
        turning[level, commune] += group is not None and media.groups[group].tour is not None
    return tuple(LevelGroup(level, commune, n, turning[level, commune]) for (level, commune), n in sorted(many.items()))


def studio_of(city: City, scenario: Scenario, directory: Path, chance: Chance) -> Studio | None:
    """None for a city without pixels."""
    if not city.pixels:
        return None
    from sim.levels.node import Studio
    from sim.levels.witness import PixelWitness

    knocks = {camera: _knocks(plan) for camera, plan in city.pixels.items()}
    return Studio(city.pixels, directory, chance, scenario.epoch_ns, PixelWitness(knocks))


def _knocks(plan: PixelPlan) -> list[tuple[int, int]]:
    return [(fault.start_ns, fault.end_ns) for fault in plan.faults if fault.kind is FaultKind.CAMERA_KNOCKED]


def node_of(given: CityNode, clock: Clock, studio: Studio | None) -> CohortMediaNode:
    """The node, with what its cameras need."""
    if studio is None or not any(camera.camera in studio.plans for camera in given.cameras):
        return CohortMediaNode(given.node, clock, given.cameras, given.plan)
    from sim.levels.node import PixelMediaNode

    return PixelMediaNode(given.node, clock, given.cameras, given.plan, studio)


def slack_of(city: City, ends_ns: Nanoseconds) -> dict[CameraId, Slack]:
    """Of the cameras of level L1."""
    if not city.pixels:
        return {}
    from csu.centre.media.inline_media import DELAY_S_MAX

    late_ns, end = round(DELAY_S_MAX * NS_PER_S) + SETTLES_NS, (ends_ns - 2 * NS_PER_S, ends_ns + 2 * NS_PER_S)
    return {
        camera.camera: Slack(
            NS_PER_S,
            late_ns,
            BRIEF_NS,
            POSE_WAITS_NS if city.pixels[camera.camera].tour is not None else 0,
            (*_loose(camera, city.pixels[camera.camera]), end),
        )
        for camera in city.cameras
        if camera.camera in city.pixels
    }


def _loose(camera: CohortCamera, plan: PixelPlan) -> Iterator[tuple[int, int]]:
    for error in camera.clock_errors:
        around_ns = SETTLES_NS + error.ahead_ms * NS_PER_MS
        for edge_ns in (error.start_ns, error.end_ns):
            yield edge_ns - around_ns, edge_ns + around_ns
    for fault in plan.faults:
        if fault.kind is FaultKind.AUDIO_SWITCHED_ON:
            yield fault.start_ns - NS_PER_S, fault.start_ns + SETTLES_NS
    for outage in camera.outages:
        if outage.cause is GapCause.DISK:
            yield outage.start_ns - DISK_TAKES_NS, outage.start_ns
            yield outage.end_ns - POSE_WAITS_NS, outage.end_ns + DISK_RETRIED_NS
