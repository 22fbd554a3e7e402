"""Run a scenario: the city on virtual time, the centre that ships, and the oracles' verdict."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, get_args

from simpy import Environment

from csu.centre import (
    AlarmStore,
    CameraState,
    Catalogue,
    Centre,
    CentreEvent,
    ManifestTaken,
    OutboxStore,
    Papers,
    Ports,
    SceneChanged,
    TileChanged,
    line_of,
)
from csu.centre.in_process import Journal
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.rooms.wall_plan import PlannedWall, default_wall
from csu.centre.rooms.wall_room import WallRoom
from csu.hal.camera import CameraId
from csu.hal.chance import Chance, Chaos
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from sim.analysis_node import LookedAt
from sim.analysis_run import CityAnalysis
from sim.centre_host import CentreHost
from sim.city import City, build_city
from sim.fault_words import EngineTrouble
from sim.intervals import Interval, union
from sim.journal import JournalStandIn
from sim.judgement import Court, Judgement
from sim.levels.run import LevelGroup, PixelCounts, groups_of, node_of, slack_of, studio_of
from sim.loop import SimLoop
from sim.oracles import (
    alarms,
    analysis,
    bounds,
    calls,
    cameras,
    disks,
    footage,
    orders,
    rooms,
    spots,
    turning,
    walls,
    well,
)
from sim.oracles.held import held_by
from sim.oracles.stage import Stage
from sim.panels import SimDispatch, SimPanel
from sim.past.catalogue import NOTHING_DROPPED
from sim.past.city_past import CityPast
from sim.people import Deeds, Habits, People
from sim.population import Population
from sim.ports import CountingIds, HostClock, PlannedChaos, PlannedTrouble, SeededChance, VirtualClock
from sim.scenario import PeopleSpec, Scenario
from sim.scenario_file import ScenarioFile, read_scenario
from sim.shifts import Operator, Team, roster
from sim.signals import Places, SignalReader
from sim.stage import RunStage
from sim.story import tell_story
from sim.swarm import deal
from sim.timeline import Timeline
from sim.trace import Trace
from sim.trouble_words import Panels
from sim.turning import TurningCamera, Turrets
from sim.vocabulary import Signal
from sim.volumes import SimVolume
from sim.wall import HEIGHT_PX, WIDTH_PX, SimWall
from sim.wall_signals import WallReader, programmes_of, spots_of
from sim.witness import Witness

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes a directory of its own there
CATALOGUE_BYTES_PER_CAMERA_MINUTE = 200
"""Generous: 72 to 141 were measured (benchmarks/RESULTS.md)."""
IN_MEMORY_BYTES_MAX = 64 << 20
PROGRESS_STEPS = 144
WALL_LINES_MAX = 200_000
SAMPLED_CAMERAS = 24
"""Cameras whose catalogue rows are read back; the sums are compared for all."""
READ_BACK_NS = NS_PER_DAY
"""How much of each of them: reading 35 days of 24 cameras back would cost as much as the run."""
_NO_MANIFESTS = frozenset(get_args(CentreEvent)) - {ManifestTaken}
"""What people and expectations hear: nine of ten events are manifests, and nobody else has a use for them."""
SAMPLED_ONE_IN = 16
"""In a small city not more than that: reading back would cost more than the run."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run and its verdict. Times of the host are not in it: it is the same on every machine."""

    file: ScenarioFile
    seed: int
    trace_hash: str
    trace_marks: tuple[str, ...]
    trace_lines: tuple[str, ...]
    """The words of the events that were asked for."""
    expectations: tuple[Judgement, ...]
    """What the scenario expects, in its order; empty when the run ended early."""
    invariants: tuple[Judgement, ...]
    """What must hold of every run."""
    counters: dict[str, int]
    catalogue: dict[str, int]
    city: City
    witness: Witness
    pixels: PixelCounts | None = None
    """What was seen at level L1; None: no pixel was computed."""
    reached: tuple[str, ...] = ()
    """Kinds of faults and story that happened, fault points of the engine that were made to fail, by name."""
    declared: tuple[str, ...] = ()
    """Those that the scenario declares: over a set of runs each must be reached (invariant 25)."""
    timeline: tuple[Signal, ...] = ()
    """What was told, in order: the first `sim.timeline.KEPT_MAX`."""
    left_out: int = 0
    """Signals beyond those."""
    points: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """The engine's fault points: how often each was passed, and how often it fired."""
    failure: BaseException | None = field(default=None, compare=False)
    """What ended the run early, if anything did."""
    analysed: tuple[LookedAt, ...] = ()
    """What the analysis node looked at, and by which order."""
    wall_lines: tuple[str, ...] = ()
    """What the wall's director decided, as `csu wall why` reads it: the first `WALL_LINES_MAX`."""

    @property
    def groups(self) -> tuple[LevelGroup, ...]:
        """Which cameras were played at which level."""
        return groups_of(self.file.scenario, self.city)

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """All of them."""
        return (*self.expectations, *self.invariants)

    @property
    def violated(self) -> bool:
        """Something was broken. A run that does not hold, and is not violated, had too few cases."""
        return self.failure is not None or any(judgement.violations for judgement in self.judgements)

    @property
    def holds(self) -> bool:
        return self.failure is None and all(judgement.holds for judgement in self.judgements)


class Company(Protocol):
    """Who is there while a scenario is played."""

    def loop(self, env: Environment, shuffle: Chance | None) -> SimLoop:
        """The loop that it is played on."""
        ...

    def meet(self, centre: Centre, clock: Clock) -> None:
        """The centre is about to run; again after each crash. `clock`: the scenario's time."""
        ...


class _Alone:
    """Nobody: as fast as it goes."""

    def loop(self, env: Environment, shuffle: Chance | None) -> SimLoop:
        return SimLoop(env, shuffle=shuffle)

    def meet(self, centre: Centre, clock: Clock) -> None:
        """Nothing to do."""


ALONE = _Alone()


def run_scenario(
    given: Path | ScenarioFile,
    seed: int | None = None,
    *,
    shuffle: bool = False,
    keep: range = range(0),
    progress: Callable[[float], None] = lambda share: None,
    company: Company = ALONE,
) -> RunResult:
    """Run a scenario to its end. Raises BadInput for a file that cannot be used.

    `seed` replaces the file's; `shuffle` deals the order of simultaneous callbacks; `keep`: the events
    whose words are kept (sim.compare); `progress` is told the share done; `company`: who watches, and
    acts in it.
    """
    file = given if isinstance(given, ScenarioFile) else read_scenario(given)
    chosen = file.scenario.seed if seed is None else seed
    with TemporaryDirectory(prefix="csu-sim-", dir=_scratch(file.scenario)) as directory, _few_collections():
        return _Run(file, chosen, Path(directory), shuffle, keep, company).play(progress)


class _Run:
    """All objects of one run."""

    def __init__(
        self, file: ScenarioFile, seed: int, directory: Path, shuffle: bool, keep: range, company: Company
    ) -> None:
        self.chance = SeededChance(str(seed))
        scenario, self.mix = deal(file.scenario, self.chance.stream("swarm"))
        self.file, self.seed, self.scenario = file, seed, scenario
        self.env = Environment(initial_time=0)
        self.clock = VirtualClock(self.env, scenario.epoch_ns)
        self.centre_clock = HostClock(self.env, scenario.epoch_ns)
        self.ids = CountingIds()
        self.chaos = PlannedChaos(_planned(scenario), self.chance.stream("chaos"))
        self.city = build_city(scenario, self.chance.stream("city"))
        everybody = [camera.camera for camera in self.city.cameras]
        self.population = Population(everybody, self.chance.stream("population"))
        self.prefecture = self.city.prefecture(scenario, self.clock)
        self.studio = studio_of(self.city, scenario, directory, self.chance.stream("pixels"))
        self.nodes = {each.node: node_of(each, self.clock, self.studio) for each in self.city.nodes}
        self.turning = [
            TurningCamera(camera.assignment.record, self.clock)
            for camera in self.city.cameras
            if camera.assignment.follows_pose
        ]
        turrets = Turrets(self.turning)
        for node in self.nodes.values():
            node.on_pose = turrets.hear
        self.wall, self.volume = SimWall(self.clock), SimVolume(self.clock)
        self.directory, self.media = directory, directory / "media"
        self.panels = [
            SimPanel(commune.panel, self.clock, commune.alarms, commune.receipts_lost) for commune in self.city.communes
        ]
        self.dispatch = SimDispatch(self.clock, self.chance.stream("dispatch"))
        self.catalogue = Catalogue(directory / "catalogue", durable=False)
        self.alarm_store = AlarmStore(directory / "alarms.sqlite", durable=False)
        self.outbox = OutboxStore(directory / "calls.sqlite", durable=False)
        self.papers = Papers.stated(self.prefecture.text())
        self.prefecture.state = self.papers.state
        self.trace = Trace(self.clock, str(directory), keep)
        self.witness = Witness([camera.camera for camera in self.city.cameras], scenario.epoch_ns, self.clock)
        self.alarms_kept = alarms.AlarmsKept(self.alarm_store.find)
        self.mask_epochs = cameras.MaskEpochs(self.city)
        self.bounds: bounds.Bounds | None = None
        self.watch_of_two = rooms.WatchOfTwo(self.clock)
        self.wall_lines: list[str] = []
        self.wall_watched, self.wall_spots = walls.WallWatched(self.clock), spots.SpotsWatched(self.clock)
        self.disks_told = disks.DisksTold(self.clock, str(directory / "media"))
        self.court = Court(scenario.expect, _shown)
        self.timeline = Timeline()
        self.past = self._past(directory)
        self.analysis = self._analysis(directory)
        self.signals = SignalReader(_places(self.city), wall=WallReader(spots_of(self._planned_wall().plan)))
        self.stage = RunStage(
            self.clock,
            self.chance.stream("stage"),
            [
                *(self.dispatch, self.prefecture, self.chaos, self.centre_clock),
                *(Panels(self.panels), self.population, turrets, self.wall, self.volume, *self._desk_people()),
                *([self.analysis.office] if self.analysis is not None else []),
            ],
            self.city,
            self._hear_signal,
        )
        self.loop = company.loop(self.env, self.chance.stream("shuffle") if shuffle else None)
        self.company = company
        self.ends_ns: Nanoseconds = scenario.epoch_ns + scenario.duration
        self.at_end: tuple[list[CameraId], int, int] = ([], 0, 0)
        self.calls_given_up = 0
        self.deeds = Deeds()
        self.downtimes: tuple[Interval, ...] = ()

    def play(self, progress: Callable[[float], None]) -> RunResult:
        failure: BaseException | None = None
        centre_counts: dict[str, int] = {}
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                centre_counts = runner.run(self._main(progress))
        except Exception as error:  # noqa: BLE001 - a defect of the engine is the verdict, told with its traceback
            failure = error
        try:
            return self._result(centre_counts, failure)
        finally:
            self.catalogue.close()
            self.alarm_store.close()
            self.outbox.close()
            if self.analysis is not None:
                self.analysis.close()
            if self.past is not None:
                self.past.close()

    def _past(self, directory: Path) -> CityPast | None:
        spec, chance = self.scenario.past, self.chance.stream("past")
        if spec is None:
            return None
        past = CityPast(
            spec,
            self.city,
            self.clock,
            chance,
            self.chaos,
            self.papers,
            directory,
            self.trace.hear,
            self.scenario.duration,
            lambda signal: self.stage.tell(signal),
        )
        for each in self.city.nodes:
            if past.keeps(each):
                self.nodes[each.node].on_filmed = past.film
        return past

    def _analysis(self, directory: Path) -> CityAnalysis | None:
        if self.scenario.analysis is None:
            return None
        chance = self.chance.stream("analysis")
        return CityAnalysis(self.scenario, self.city, self.papers, self.clock, chance, directory)

    def _desk_people(self) -> list[object]:
        return [self.past.people] if self.past is not None else []

    async def _main(self, progress: Callable[[float], None]) -> dict[str, int]:
        if self.past is None:
            return await self._live(JournalStandIn(self.chaos), progress)
        async with self.past.open():
            return await self._live(self.past.journal, progress)

    async def _live(self, journal: Journal, progress: Callable[[float], None]) -> dict[str, int]:
        scenario = self.scenario
        host = CentreHost(
            lambda chaos: self._centre(journal, chaos),
            self.chaos,
            self.clock,
            list(self.nodes.values()),
            [self.loop.guarded(self._record)],
            lambda centre, tell: self._beside(centre, tell, journal),
        )
        self.people = people = People(
            host, self.clock, self.chance.stream("people"), _roster(scenario), _habits(scenario.people)
        )
        for model in (host, people):
            self.stage.give(model)
        host.listen(self.loop.guarded(self._hear), _NO_MANIFESTS)
        people.tell = self.loop.guarded(self.stage.tell)
        self.wall.tell = self.loop.guarded(self.stage.tell)
        self.dispatch.tell = self.loop.guarded(self.stage.tell)
        for panel in self.panels:
            panel.on_acknowledged = self.loop.guarded(self.alarms_kept.hear)
            panel.tell = self.loop.guarded(self.stage.tell)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(host.run(), name="host")
            watching = group.create_task(people.watch(), name="people")
            playing = group.create_task(self.stage.play(scenario, self.city), name="stage")
            self.bounds = bounds.Bounds(
                lambda: self._load(host.centre),
                self._limits(),
                lambda: bounds.Held(held_by(host.centre), sum(panel.said for panel in self.panels)),
                scenario.duration / NS_PER_S,
            )
            looking = group.create_task(self.bounds.watch(), name="bounds")
            keeping = [group.create_task(self.past.run(host), name="keeping")] if self.past is not None else []
            for step in range(PROGRESS_STEPS):
                due_ns = scenario.duration * (step + 1) // PROGRESS_STEPS
                await asyncio.sleep((due_ns - self.clock.monotonic_ns()) / NS_PER_S)
                progress((step + 1) / PROGRESS_STEPS)
            now_ns, centre, self.downtimes = self.clock.now_ns(), host.centre, tuple(host.downtimes)
            lines = [(s.record.camera, s.state) for s in centre.board.all()]
            not_live = [
                camera for camera, state in lines if _expected(self.prefecture.is_closed(camera, now_ns)) is not state
            ]
            self.at_end = (not_live, len(centre.desk.open()), centre.nodes_up())
            self.ends_ns = self.clock.now_ns()
            self.calls_given_up, self.deeds = len(centre.calls_waiting), people.deeds
            await centre.stop()
            await running
            for task in (watching, playing, looking, *keeping):
                task.cancel()
        return {**host.counts, "centre_crashes": len(host.downtimes)}

    def _centre(self, journal: Journal, chaos: Chaos) -> Centre:
        """The centre that ships, over the files of this run."""
        centre = Centre(
            ports=Ports(self.centre_clock, self.chance.stream("centre"), self.ids, chaos),
            nodes=list(self.nodes.values()),
            assignments={each.node: each.assignments for each in self.city.nodes},
            catalogue=self.catalogue,
            alarm_store=self.alarm_store,
            journal=journal,
            panels=self.panels,
            papers=self.papers,
            dispatch=(self.dispatch, self.outbox),
            posed_cameras=self.turning,
        )
        self.company.meet(centre, self.clock)
        return centre

    async def _beside(self, centre: Centre, tell: Callable[[CentreEvent], None], journal: Journal) -> None:
        """What else runs on the centre's machine, as far as the scenario has it."""
        async with asyncio.TaskGroup() as group:
            if self.scenario.city.wall_cameras:
                group.create_task(self._show(centre, tell, journal), name="wall")
            if self.analysis is not None:
                group.create_task(self.analysis.run(journal, self.centre_clock, tell), name="analysis")
            if self.scenario.city.volume:
                group.create_task(self._keep_volume(tell), name="volume")

    async def _keep_volume(self, tell: Callable[[CentreEvent], None]) -> None:
        async def nothing_expires() -> None:
            """The purge is `past`'s affair."""

        keeper = VolumeKeeper(
            self.directory / "data", [self.media], clock=self.centre_clock, ids=self.ids, ask_space=self.volume.space
        )
        keeper.open()
        try:
            await keeper.run(nothing_expires, tell)
        finally:
            keeper.close()

    def _planned_wall(self) -> PlannedWall:
        shown = self.city.cameras[: self.scenario.city.wall_cameras]
        return default_wall([camera.assignment.record for camera in shown], WIDTH_PX, HEIGHT_PX)

    async def _show(self, centre: Centre, tell: Callable[[CentreEvent], None], journal: Journal) -> None:
        """The wall of one life of the centre."""
        planned = replace(self._planned_wall(), programmes=programmes_of(tell_story(self.scenario), self.stage))
        room = WallRoom(
            centre,
            {node.node: self.wall for node in planned.wall.nodes},
            planned,
            [camera.assignment.record for camera in self.city.cameras],
            clock=self.centre_clock,
            journal=journal,
            tell=tell,
            may_view=lambda person, camera, now_ns: True,  # all are of every commune
        )
        await room.open()
        await room.run()

    def _result(self, centre_counts: dict[str, int], failure: BaseException | None) -> RunResult:
        self.witness.settle(self.ends_ns)
        expectations, invariants = ((), ()) if failure is not None else (self._expectations(), self._invariants())
        totals = self.catalogue.totals(0, self.ends_ns + NS_PER_DAY)
        catalogue = {
            "segments": totals.segments,
            "recorded_s": totals.recorded_ms // 1000,
            "bytes": totals.bytes,
            "gaps": totals.gaps,
        }
        counters = self._counters(centre_counts)
        if self.studio is not None:
            self.trace.add(f"pictures {self.studio.witness.digest()}")
        self.trace.add(f"end {sorted(counters.items())} {sorted(catalogue.items())}")
        return RunResult(
            self.file,
            self.seed,
            self.trace.digest(),
            tuple(self.trace.marks),
            tuple(self.trace.lines),
            expectations,
            invariants,
            counters,
            catalogue,
            self.city,
            self.witness,
            self.studio.witness.counts if self.studio is not None else None,
            *self._coverage(),
            tuple(self.timeline.kept),
            self.timeline.left_out,
            {point: (passed, self.chaos.fired.get(point, 0)) for point, passed in self.chaos.passed.items()},
            failure,
            analysed=self.analysis.looked_at(self.ends_ns) if self.analysis is not None else (),
            wall_lines=tuple(self.wall_lines),
        )

    def _record(self, event: CentreEvent) -> None:
        self.trace.hear(event)
        self.witness.hear(event)
        if type(event) is ManifestTaken:
            self.mask_epochs.hear(event)
        else:
            self.watch_of_two.hear(event)
            self.wall_watched.hear(event)
            self.wall_spots.hear(event)
            self._note_wall(event)
            self.disks_told.hear(event)

    def _note_wall(self, event: CentreEvent) -> None:
        if isinstance(event, SceneChanged | TileChanged) and len(self.wall_lines) < WALL_LINES_MAX:
            line = line_of(event)
            self.wall_lines += [line] if line is not None else []

    def _coverage(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(what was reached, what the scenario declares), sorted."""
        points = [spec.point for spec in self.scenario.faults if isinstance(spec, EngineTrouble)]
        kinds = [spec.kind for spec in self.scenario.faults if not isinstance(spec, EngineTrouble)]
        kinds += [spec.kind for spec in self.scenario.story]
        begun = {fault.kind.value for fault in self.city.faults} | self.stage.begun
        reached = begun | {point for point, fired in self.chaos.fired.items() if fired}
        declared = {*kinds, *points}
        return tuple(sorted(reached & declared)), tuple(sorted(declared))

    def _hear(self, event: CentreEvent) -> None:
        self.people.hear(event)
        for signal in self.signals.of(event, self.clock.now_ns()):
            self.stage.tell(signal)

    def _hear_signal(self, signal: Signal) -> None:
        self.timeline.hear(signal)
        self.court.hear(signal)
        self.wall_spots.hear_signal(signal)
        if signal.kind == "alarm.rung":
            self.signals.wall.ring(signal)
            self.wall_watched.ring(signal)
        if signal.kind in ("wall.shows", "wall.died"):
            self.wall_watched.look(self.wall.shown)

    def _truth(self) -> Stage:
        nodes = {str(name): node for name, node in self.nodes.items()}
        slack = slack_of(self.city, self.ends_ns)
        return Stage(self.city, nodes, self.witness, self.scenario.epoch_ns, self.ends_ns, self.downtimes, slack)

    def _expectations(self) -> tuple[Judgement, ...]:
        not_live, open_alarms, nodes_up = self.at_end
        measured = {
            "coverage": footage.measure_coverage(self._truth()),
            "cameras.not_live": len(not_live),
            "alarms.open": open_alarms,
            "nodes.down": len(self.nodes) - nodes_up,
            "calls.given_up": self.calls_given_up,
            "pictures.analysed": sum(each.pictures for each in self.analysis.looked_at(self.ends_ns))
            if self.analysis is not None
            else 0,
        }
        return self.court.end(self.ends_ns, measured)

    def _invariants(self) -> tuple[Judgement, ...]:
        stage, dropped = self._truth(), self.past.dropped if self.past is not None else NOTHING_DROPPED
        not_live, open_alarms, nodes_up = self.at_end
        return (
            self.mask_epochs.judge(),
            cameras.judge_camera_down_shown(stage, cameras.CAMERA_DOWN_SHOWN_WITHIN_NS),
            alarms.judge_alarms_shown(stage, alarms.ALARMS_SHOWN_WITHIN_NS, self._injected_ns("alarms.save")),
            alarms.judge_alarms_taken(stage, alarms.ALARMS_TAKEN_WITHIN_NS),
            cameras.judge_clock_error_told(stage),
            footage.judge_missing_explained(stage),
            footage.judge_manifests_once(stage, self.catalogue, dropped),
            footage.judge_catalogue_answers(stage, self.catalogue, self._sample(), dropped),
            self.alarms_kept.judge(self.witness),
            orders.judge_orders_obeyed(stage, self.prefecture),
            self.watch_of_two.judge(stage, self.people.at_posts(self.ends_ns)),
            self.disks_told.judge(stage, self.volume),
            calls.judge_calls_once_in_order(
                stage, self.dispatch, self.people.confirmed, self.people.telephoned, self._calls_injected_ns()
            ),
            *((turning.judge_ptz_blanks_first(self.turning),) if self.turning else ()),
            well.judge_all_well(stage, not_live, open_alarms, nodes_up),
            *(self._of_analysis(stage, self.analysis) if self.analysis is not None else ()),
            *(self._of_wall(stage) if self.scenario.city.wall_cameras else ()),
            *((self.bounds.judge(),) if self.bounds is not None else ()),
            bounds.judge_reconnects_bounded(stage),
            *(self.past.judge(self.ends_ns) if self.past is not None else ()),
            *(self.studio.witness.judge() if self.studio is not None else ()),
        )

    def _of_analysis(self, stage: Stage, analysed: CityAnalysis) -> tuple[Judgement, ...]:
        looked_at = analysed.looked_at(self.ends_ns)
        return (analysis.judge_analysed_by_order(stage, analysed, self.prefecture, looked_at),)

    def _of_wall(self, stage: Stage) -> tuple[Judgement, ...]:
        return (*self.wall_watched.judge(stage), self.wall_spots.judge(stage))

    def _load(self, centre: Centre) -> bounds.Load:
        counts = centre.counts
        waiting = counts.manifests_taken - counts.manifests_written
        return bounds.Load(len(asyncio.all_tasks(self.loop)), waiting, len(centre.desk.open()))

    def _limits(self) -> bounds.Load:
        """What the engine says it holds at most; and a task for each node, panel and person, and some beside."""
        people = self.scenario.people.operators
        alarms_most = sum(len(commune.alarms) for commune in self.city.communes)
        tasks = 4 * (len(self.nodes) + len(self.panels) + people) + 2 * bounds.SLACK
        return bounds.Load(tasks, 4096 + len(self.nodes), alarms_most)

    def _calls_injected_ns(self) -> Nanoseconds:
        """What declared trouble may add to a call before it is sent, over some failures in a row."""
        points = {spec.point for spec in self.scenario.faults if isinstance(spec, EngineTrouble)}
        troubled = points & {"calls.save", "dispatch.send"}
        return sum(60 * NS_PER_S + 4 * self._injected_ns(point) for point in sorted(troubled))

    def _injected_ns(self, point: str) -> Nanoseconds:
        """The longest that declared trouble holds the engine up at one of its fault points."""
        delays = [s.delay for s in self.scenario.faults if isinstance(s, EngineTrouble) and s.point == point]
        return max((delay.most_ns for delay in delays if delay is not None), default=0)

    def _sample(self) -> list[footage.Asked]:
        """The cameras with the most gaps, around one of them, and as many by chance, at any time."""
        cameras, gaps = self.witness.cameras, self.witness.gaps
        worst = sorted(cameras, key=lambda camera: (-len(gaps.get(camera, ())), camera))
        chance = self.chance.stream("sample")
        half = min(SAMPLED_CAMERAS, len(cameras) // SAMPLED_ONE_IN + 2) // 2
        begins_ns, longest_ns = self.scenario.epoch_ns, self.ends_ns - self.scenario.epoch_ns
        length_ns = min(READ_BACK_NS, longest_ns)
        asked: dict[CameraId, Nanoseconds] = {}
        for camera in worst[:half]:
            missed = gaps.get(camera, ())
            middle_ns = missed[chance.integer(0, len(missed) - 1)].start_ns - begins_ns if missed else 0
            asked[camera] = min(max(0, middle_ns - length_ns // 2), longest_ns - length_ns)
        for _ in range(half):
            camera = cameras[chance.integer(0, len(cameras) - 1)]
            asked.setdefault(camera, chance.integer(0, longest_ns - length_ns))
        return [(camera, (begins_ns + at_ns, begins_ns + at_ns + length_ns)) for camera, at_ns in asked.items()]

    def _counters(self, centre_counts: dict[str, int]) -> dict[str, int]:
        nodes = self.nodes.values()
        return {
            **centre_counts,
            "trace_events": self.trace.events,
            "loop_callbacks": self.loop.callbacks_run,
            "loop_timers": self.loop.timers_set,
            "faults_declared": len(self.city.faults),
            "manifests_sent": sum(node.manifests_sent for node in nodes),
            "manifests_sent_again": sum(node.manifests_sent_again for node in nodes),
            "manifests_given_up": sum(node.manifests_given_up for node in nodes),
            "manifests_of_old_owners": sum(node.manifests_of_old_owners for node in nodes),
            "node_starts": sum(len(node.history) for node in nodes),
            "panel_repeats": sum(panel.repeats for panel in self.panels),
            "alarms_acknowledged": len(self.witness.alarms_acked),
            **{f"alarms_{name}": count for name, count in asdict(self.deeds).items()},
            "frames_said_again": sum(panel.said_again for panel in self.panels),
            "dispatch_asked": self.dispatch.asked,
            "dispatch_received": len(self.dispatch.received),
            "chaos_fired": sum(self.chaos.fired.values()),
            "signals": self.court.heard,
            **(self.analysis.counters(self.ends_ns) if self.analysis is not None else {}),
            **({f"purge_{name}": count for name, count in asdict(self.past.counts).items()} if self.past else {}),
        }


def _expected(is_closed: bool) -> CameraState:
    """How a camera is to stand at the end."""
    return CameraState.UNAUTHORISED if is_closed else CameraState.LIVE


def _planned(scenario: Scenario) -> dict[str, PlannedTrouble]:
    return {
        spec.point: PlannedTrouble(
            spec.active,
            spec.fires,
            spec.fails,
            spec.delay.least_ns / NS_PER_S if spec.delay else 0.0,
            spec.delay.most_ns / NS_PER_S if spec.delay else 0.0,
        )
        for spec in scenario.faults
        if isinstance(spec, EngineTrouble)
    }


def _places(city: City) -> Places:
    return Places(
        {str(camera.camera): str(commune.commune) for commune in city.communes for camera in commune.cameras},
        {str(commune.node): str(commune.commune) for commune in reversed(city.communes)},  # the first that has it
    )


def _shown(at_ns: Nanoseconds) -> str:
    """An instant of the run as its reader sees it, UTC."""
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d %H:%M:%S}"


def _habits(spec: PeopleSpec) -> Habits:
    return Habits(spec.reaction, spec.mistakes, spec.forgets, keep_posts=bool(spec.shifts))


def _roster(scenario: Scenario) -> tuple[Operator, ...]:
    spec, ends_ns = scenario.people, scenario.epoch_ns + scenario.duration
    teams = [Team(shift.at.time_of_day_ns or 0, shift.lasts, shift.people) for shift in spec.shifts]
    return roster(teams, spec.operators, scenario.epoch_ns, ends_ns, union(_absences(scenario)))


def _absences(scenario: Scenario) -> list[tuple[Nanoseconds, Nanoseconds]]:
    found = []
    for absence in scenario.people.room_empty:
        start_ns = scenario.epoch_ns + absence.at.after(scenario.epoch_ns % NS_PER_DAY)
        found.append((start_ns, start_ns + absence.lasts))
    return found


def _scratch(scenario: Scenario) -> Path | None:
    """Where the run writes: memory when all fits there (fsync then costs nothing), else the host's choice."""
    expected = scenario.city.cameras * (scenario.duration // NS_PER_MINUTE) * CATALOGUE_BYTES_PER_CAMERA_MINUTE
    return MEMORY_DISK if expected <= IN_MEMORY_BYTES_MAX and os.access(MEMORY_DISK, os.W_OK) else None


@contextmanager
def _few_collections() -> Iterator[None]:
    """Collect cycles rarely: a run makes millions of short-lived values and few cycles (9 % of its CPU time)."""
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
