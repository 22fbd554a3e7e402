"""A scenario at level L2: the whole centre that ships, over real sockets, in real time; judged by what it expects.

Alarms come from simulated panels in this process. What the scenario expects is judged as in virtual time wherever
somebody tells it here; the rest is named, and a run with such a rest holds only for whoever asked for a part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from csu.centre import CameraState, CentreEvent, ManifestTaken
from csu.centre.centre_settings import CentreSettings
from csu.centre.commands.demonstration import tours, until_live
from csu.centre.media.examination import Examination, examine_segments
from csu.centre.registers.settings import RegisterSettings
from csu.centre.running import RunningCentre, open_centre
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from sim.city import build_city
from sim.intervals import difference, length_ns
from sim.judgement import Court, Judgement, names_of
from sim.levels.live_site import LiveSite
from sim.levels.live_words import LEVEL, is_judged
from sim.levels.run import LevelGroup, groups_of
from sim.oracles.stage import judged
from sim.people import Habits, People
from sim.ports import SeededChance
from sim.scenario_file import ScenarioFile
from sim.shifts import roster
from sim.signals import Places, SignalReader
from sim.story import tell_story
from sim.timeline import Timeline
from sim.vocabulary import Signal
from sim.witness import Witness


@dataclass(frozen=True, slots=True)
class _Due:
    """At its time the devices get an order, which takes a while, and the signal is told."""

    at_ns: Nanoseconds
    kind: str
    fields: Mapping[str, str]
    order: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class LiveResult:
    """One run in real time."""

    file: ScenarioFile
    seed: int
    groups: tuple[LevelGroup, ...]
    expectations: tuple[Judgement, ...]
    """Those that could be judged, in the order of the file."""
    not_judged: tuple[str, ...]
    """What else the scenario expects, by name: nobody tells it at this level."""
    invariants: tuple[Judgement, ...]
    timeline: tuple[Signal, ...]
    examination: Examination
    ran_s: float

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        return (*self.expectations, *self.invariants)

    def holds(self, *, partly: bool) -> bool:
        """`partly`: what was not judged is no reason to doubt."""
        return all(judgement.holds for judgement in self.judgements) and (partly or not self.not_judged)


async def play_live(file: ScenarioFile, seed: int, told: Callable[[str], None], *, port: int = 0) -> LiveResult:
    """Play the scenario, which `require_live` has let pass. `told` hears the console's address.

    Raises CsuError when the centre or the simulated devices cannot be started.
    """
    with TemporaryDirectory(prefix="csu-live-") as directory, TemporaryDirectory(prefix="csu-live-heads-") as heads:
        return await _Live(file, seed).play(Path(directory), Path(heads), told, port)


class _Live:
    """All objects of one run."""

    def __init__(self, file: ScenarioFile, seed: int) -> None:
        scenario, self.chance = file.scenario, SeededChance(str(seed))
        self.file, self.seed, self.scenario = file, seed, scenario
        self.city = build_city(scenario, self.chance.stream("city"))
        self.site = LiveSite(scenario, self.city, self.chance)
        self.clock = self.site.clock
        self.expected = [each for each in scenario.expect if is_judged(each)]
        self.court, self.timeline = Court(self.expected, _shown), Timeline()
        self.names: dict[str, str] = {}
        """Of communes, by their identifiers."""
        self.reader = SignalReader(Places({}, {}))
        self.people: People | None = None
        self.witness: Witness | None = None
        for panel in self.site.panels:
            panel.tell = self.tell
        self.site.dispatch.tell = self.tell

    async def play(self, directory: Path, heads: Path, told: Callable[[str], None], port: int) -> LiveResult:
        settings = CentreSettings(
            data_directory=directory,
            site=self.site.open,
            cameras=len(self.city.cameras),
            registers=RegisterSettings(anchors=(heads,)),
            console_port=port,
        )
        async with open_centre(settings, observe=self.hear, progress=lambda words: None) as running:
            await until_live(running, asyncio.Event())
            told(running.console_url)
            began_ns = self._begin(running)
            ends_ns = began_ns + self.scenario.duration
            await self._go(running, ends_ns)
            measured = self._measured(running)
            counts, all_well = running.centre.counts, self._all_well(running)
        assert self.witness is not None  # noqa: S101 - made by _begin
        self.witness.settle(ends_ns)
        measured["coverage"] = self._coverage(self.witness, began_ns, ends_ns)
        expectations = self.court.end(ends_ns, measured)
        found = await asyncio.to_thread(examine_segments, running.footage, running.site.witness, running.found)
        invariants = (_masked(found, counts.clear_refused), _recorded_whole(found), all_well)
        return LiveResult(
            self.file,
            self.seed,
            tuple(replace(group, level=LEVEL) for group in groups_of(self.scenario, self.city)),
            expectations,
            self._not_judged(),
            invariants,
            tuple(self.timeline.kept),
            found,
            (ends_ns - began_ns) / NS_PER_S,
        )

    # -- while it goes on ---------------------------------------------------------------------------------------------

    def _begin(self, running: RunningCentre) -> Nanoseconds:
        """Everything is there: the scenario's time begins now."""
        records = [assignment.record for assignment in running.assignments]
        name_of = {camera.camera: commune.name for commune in self.city.communes for camera in commune.cameras}
        self.names = {str(record.commune): name_of[record.camera] for record in records}
        self.reader.places = Places({str(record.camera): str(record.commune) for record in records}, {})
        self.reader.live.update(str(s.record.camera) for s in running.centre.board.all() if s.state is CameraState.LIVE)
        now_ns, spec = self.clock.now_ns(), self.scenario.people
        operators = roster((), spec.operators, now_ns, now_ns + self.scenario.duration, ())
        habits = Habits(spec.reaction, spec.mistakes, spec.forgets)
        self.people = People(running.centre, self.clock, self.chance.stream("people"), operators, habits)
        self.witness = Witness([record.camera for record in records], now_ns, self.clock)
        self.site.begin(now_ns - self.scenario.epoch_ns)
        return now_ns

    async def _go(self, running: RunningCentre, ends_ns: Nanoseconds) -> None:
        shift_ns = ends_ns - self.scenario.duration - self.scenario.epoch_ns
        assert self.people is not None  # noqa: S101 - made by _begin
        async with asyncio.TaskGroup() as group, tours(running):
            watching = group.create_task(self.people.watch(), name="people")
            for due in sorted(self._due(), key=lambda due: due.at_ns):
                await self._until(due.at_ns + shift_ns, running)
                if due.order is not None:
                    await asyncio.to_thread(due.order)
                self.tell(Signal(due.kind, self.clock.now_ns(), due.fields))
            await self._until(ends_ns, running)
            watching.cancel()

    async def _until(self, at_ns: Nanoseconds, running: RunningCentre) -> None:
        delay_ns = at_ns - self.clock.now_ns()
        if delay_ns > 0:
            await asyncio.wait({running.finished}, timeout=delay_ns / NS_PER_S)
        if running.finished.done():
            running.finished.result()

    def _due(self) -> Iterator[_Due]:
        for number, fault in enumerate(self.city.faults):
            fields = {
                "fault": fault.name or f"fault-{number}",
                "kind": fault.kind.value,
                "commune": self.city.communes[fault.commune].name,
                "camera": str(fault.camera or ""),
            }
            yield _Due(fault.start_ns, "fault.began", fields, partial(self.site.strike, fault))
            yield _Due(fault.end_ns, "fault.ended", fields, partial(self.site.heal, fault))
        for happening in tell_story(self.scenario):
            fields = {"event": happening.name, "kind": happening.spec.kind}
            yield _Due(happening.start_ns, "story.began", fields)
            yield _Due(happening.end_ns, "story.ended", fields)

    def hear(self, event: CentreEvent) -> None:
        """What the centre tells."""
        if self.people is None or self.witness is None:
            return  # the scenario has not begun
        self.witness.hear(event)
        if type(event) is ManifestTaken:
            return
        self.people.hear(event)
        for signal in self.reader.of(event, self.clock.now_ns()):
            self.tell(signal)

    def tell(self, signal: Signal) -> None:
        """Something happened that expectations may be about."""
        commune = signal.fields.get("commune")
        if commune in self.names:
            signal = Signal(signal.kind, signal.at_ns, {**signal.fields, "commune": self.names[commune]})
        self.timeline.hear(signal)
        self.court.hear(signal)

    # -- when it is over ----------------------------------------------------------------------------------------------

    def _measured(self, running: RunningCentre) -> dict[str, float]:
        centre = running.centre
        return {
            "cameras.not_live": sum(status.state is not CameraState.LIVE for status in centre.board.all()),
            "alarms.open": len(centre.desk.open()),
            "nodes.down": centre.nodes_expected - centre.nodes_up(),
            "calls.given_up": len(centre.calls_waiting),
        }

    def _not_judged(self) -> tuple[str, ...]:
        expected = self.scenario.expect
        return tuple(n for n, each in zip(names_of(expected), expected, strict=True) if not is_judged(each))

    def _all_well(self, running: RunningCentre) -> Judgement:
        states = running.centre.board.all()
        told = [_NOT_LIVE.at(s.record.camera) for s in states if s.state is not CameraState.LIVE]
        return judged("all_well_at_the_end", told, len(states))

    def _coverage(self, witness: Witness, began_ns: Nanoseconds, ends_ns: Nanoseconds) -> float:
        run = [(began_ns, ends_ns)]
        missing_ns = sum(
            length_ns(run) - length_ns(difference(run, witness.holes.get(camera, ()))) for camera in witness.cameras
        )
        return 1 - missing_ns / (length_ns(run) * len(witness.cameras))


_NOT_LIVE = Words("pas en direct", "not live")
_CLEAR = Words("image enregistrée montre l'interdit", "recorded picture shows what is forbidden")


def _masked(found: Examination, refused: int) -> Judgement:
    wrong = found.clear_frames + refused
    told = [Words(f"{wrong} × {_CLEAR.fr}", f"{wrong} × {_CLEAR.en}")] if wrong else []
    return judged("pixels_masked", told, found.frames_witnessed, float(wrong), "")


def _recorded_whole(found: Examination) -> Judgement:
    """Each file plays, and is deaf."""
    wrong = found.segments - found.playable + found.audio_tracks
    said = Words("Chaque segment est lisible, et sourd", "Each segment can be played, and is deaf")
    details = tuple(Words.same(problem) for problem in found.problems)
    return Judgement("recorded_whole", said, found.segments, wrong, float(wrong), "", 0, details)


def _shown(at_ns: Nanoseconds) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%H:%M:%S}"
