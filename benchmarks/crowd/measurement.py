"""The whole measurement: what a stream costs beside peers, the highest count that short stages bear, the long run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crowd.search import Search
from benchmarks.crowd.stage import Outcome, Setting, run_stage
from benchmarks.crowd.subjects import Subject, measure_ffmpeg, measure_floor
from benchmarks.crowd.town import Route, hurry, specs
from sim.endpoints import EndpointSpec, RtspFarm

CAMERAS_MAX = 1300
"""The budget, and all a search asks for."""
CAMERAS_PER_NODE = 50
"""As a centre deals them (`csu.centre`)."""
PEER_CAMERAS, PEER_S = 24, 15.0
FIRST = 40
LONG_TRIES = 3
FULL_SHARE = 0.9
"""Of the cores: a guess aims at this."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured."""

    route: Route = Route.EDGE
    minutes: float = 5.0
    stage_s: float = 20.0
    cameras: int | None = None
    """None: search for the highest count."""
    per_node: int = CAMERAS_PER_NODE
    peers: bool = True
    scratch: Path = Path("var")


@dataclass(slots=True)
class Measurement:
    """What was found."""

    asked: Asked
    subjects: list[Subject] = field(default_factory=list)
    stages: list[Outcome] = field(default_factory=list)
    long: Outcome | None = None
    sources_first: bool = False
    """Whether the sources went first on the cores."""
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

    @property
    def holds(self) -> bool:
        """Whether the long run lost nothing. How many cameras that were is told, not judged."""
        return self.long is not None and self.long.holds

    def as_json(self) -> dict[str, Any]:
        """For a machine."""
        return {
            "holds": self.holds,
            "cameras": self.long.cameras if self.long else 0,
            "budget": CAMERAS_MAX,
            "route": str(self.asked.route),
            "per_node": self.asked.per_node,
            "cores": self.cores,
            "sources_first": self.sources_first,
            "subjects": [asdict(subject) for subject in self.subjects],
            "stages": [_summary(stage) for stage in self.stages],
            "long": _summary(self.long) if self.long else None,
        }


def measure(asked: Asked, ffmpeg: str | None, say: Callable[[str], None]) -> Measurement:
    """Minutes. `ffmpeg`: the peer; None: without it. Raises FarmError, NodeError, AssertionError (of a peer)."""
    found = Measurement(asked)
    crowd = specs(asked.cameras or CAMERAS_MAX)
    with RtspFarm(crowd) as farm:
        found.sources_first = hurry(farm)
        if asked.peers:
            _measure_peers(found, farm, crowd[:PEER_CAMERAS], ffmpeg, say)
        count = asked.cameras or _search(found, farm, crowd, say)
        search = Search(count)
        for _ in range(LONG_TRIES):
            found.long = _stage(farm, crowd[:count], asked, asked.minutes * 60, say)
            if found.long.holds or asked.cameras is not None:
                break
            count = search.below(count)
    return found


def _measure_peers(
    found: Measurement, farm: RtspFarm, crowd: list[EndpointSpec], ffmpeg: str | None, say: Callable[[str], None]
) -> None:
    scratch = found.asked.scratch
    for route in Route:
        setting = Setting(route, found.asked.per_node, scratch)
        stage = asyncio.run(run_stage(farm, crowd, setting, PEER_S, say))
        found.subjects.append(Subject(f"csu, {route} route", stage.engine_ms))
        say(f"  {_line(found.subjects[-1])} (sources {stage.cores('sources_cpu_s') * 1000 / len(crowd):.2f})")
    for work, name in (("read", "  of which reading"), ("keep", "  reading and keeping, without decoding")):
        found.subjects.append(measure_floor(work, name, farm, crowd, PEER_S, scratch))
        say(f"  {_line(found.subjects[-1])}")
    for decodes in (True, False) if ffmpeg is not None else ():
        name = "ffmpeg, decodes and copies" if decodes else "ffmpeg, copies"
        found.subjects.append(measure_ffmpeg(ffmpeg or "", name, farm, crowd, PEER_S, scratch, decodes=decodes))
        say(f"  {_line(found.subjects[-1])}")


def _search(found: Measurement, farm: RtspFarm, crowd: list[EndpointSpec], say: Callable[[str], None]) -> int:
    search = Search(CAMERAS_MAX)
    count: int | None = FIRST
    while count is not None:
        stage = _stage(farm, crowd[:count], found.asked, found.asked.stage_s, say)
        found.stages.append(stage)
        search.tried(count, stage.holds)
        ms = stage.engine_ms + stage.cores("sources_cpu_s") * 1000 / count
        count = search.following(int(FULL_SHARE * found.cores * 1000 / ms) if ms else 0)
    return max(1, search.highest)


def _stage(
    farm: RtspFarm, crowd: list[EndpointSpec], asked: Asked, seconds: float, say: Callable[[str], None]
) -> Outcome:
    say(f"  {len(crowd)} cameras, {seconds:.0f} s ...")
    outcome = asyncio.run(run_stage(farm, crowd, Setting(asked.route, asked.per_node, asked.scratch), seconds, say))
    verdict = "holds" if outcome.holds else "does not hold: " + "; ".join(outcome.failures)
    used = f"engine {outcome.cores('engine_cpu_s'):.2f}, sources {outcome.cores('sources_cpu_s'):.2f} cores"
    say(f"  {len(crowd)} cameras: {used}, lag p99 {outcome.lag.p99_ms:.1f} ms, load {outcome.load:.1f}: {verdict}")
    return outcome


def _line(subject: Subject) -> str:
    return f"{subject.name}: {subject.ms:.2f} ms a stream-second"


def _summary(stage: Outcome) -> dict[str, Any]:
    """Without the samples of each second."""
    total = stage.footage.total if stage.footage else None
    return {
        "cameras": stage.cameras,
        "seconds": round(stage.seconds, 1),
        "holds": stage.holds,
        "failures": list(stage.failures),
        "pictures": asdict(total) if total else None,
        "files": stage.footage.files if stage.footage else 0,
        "mbytes": round(stage.footage.size_bytes / 1e6, 1) if stage.footage else 0,
        "left_out_by_sources": stage.left_out,
        "engine_cores": round(stage.cores("engine_cpu_s"), 3),
        "sources_cores": round(stage.cores("sources_cpu_s"), 3),
        "centre_cores": round(stage.cores("centre_cpu_s"), 3),
        "machine_cores": round(stage.cores("machine_busy_s"), 3),
        "engine_ms_a_stream_second": round(stage.engine_ms, 2),
        "engine_mib": round(stage.samples[-1].engine_mib) if stage.samples else 0,
        "lag_ms": {"p50": stage.lag.p50_ms, "p99": stage.lag.p99_ms, "worst_process_p99": stage.lag.worst_ms},
        "gaps": stage.gaps,
        "events": stage.events,
        "came_s": round(stage.came_s, 1),
        "behind_s": round(stage.behind_s, 2),
        "load": round(stage.load, 1),
    }
