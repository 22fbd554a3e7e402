"""The wall of a running centre: its director hears what happens, and what it decides is journaled and then shown.

The decisions are the director's (`csu.wall.directing.director`). Nothing comes up that the journal does not know; what
must come off the wall waits for no journal (COM-2, AUT-6).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from csu.alarms import AlarmAdvanced, AlarmId, AlarmRaised
from csu.centre.control import Centre
from csu.centre.events import CameraLifecycleChanged, CameraRightsChanged, CentreEvent, Trouble
from csu.centre.media.wall_drawn import png_of_wall, read_together
from csu.centre.rooms.wall_journal import entry_of
from csu.centre.rooms.wall_plan import PlannedWall, Up, up_of
from csu.centre.rooms.wall_screens import ANSWER_S, WallScreens
from csu.centre.rooms.wall_seen import WallSeen
from csu.centre.rooms.wall_tours import TourOn, WallTours
from csu.governance import Journal, JournalEntry, JournalUnavailable
from csu.governance.journal_desk import BATCH_MAX
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.wall import NodeScene, WallNodeId, WallOutput, WallReading
from csu.hal.words import Words
from csu.ingest.board import CameraChanged, CameraState
from csu.operations import GuardTour, WatchChanged
from csu.wall import (
    AlarmEnded,
    AlarmOpened,
    EventSignal,
    EventSignalEnded,
    MayView,
    ProgrammeSet,
    SignalHeard,
    SlotId,
    SlotRule,
    ViewersHeard,
    WallCoverage,
    WallDecision,
    WallDirector,
    WallInput,
    WatchHeard,
)
from csu.wall.model import Scene, Wall

TICK_S = 1.0
"""How often the director is asked what time and rights changed."""
OPENED_S = 20.0
"""So long a centre that opens waits for its wall's first scene: a renderer that begins is slow on a busy machine."""
RECORDED_S = 1.0
"""So long the wall waits for the journal; then what must come off it, and what may stay, goes on without."""
ENTRIES_MAX = 4096
"""Decisions that may wait for the journal: of a wall of 64 tiles all of which change each minute, for an hour."""
PLACED_KEPT = 16
"""Layouts remembered: an alarm that ends leaves what was there before it."""
WALL = "wall"
_IN_SERVICE = CameraLifecycle.ACTIVE
"""Of any other the picture is wholly masked (PRV-6): nobody looked at the street."""


class WallRoom:
    """One wall. `open` it before `run`."""

    def __init__(
        self,
        centre: Centre,
        outputs: Mapping[WallNodeId, WallOutput],
        planned: PlannedWall,
        records: Sequence[CameraRecord],
        *,
        clock: Clock,
        journal: Journal,
        tell: Callable[[CentreEvent], None],
        may_view: MayView,
        seen: WallSeen | None = None,
    ) -> None:
        """`outputs`: of every node of the planned wall. `tell`: who hears its decisions and troubles. `may_view`: of
        who is before the wall (COM-3). `seen`: what was looked at before; None: from now on, and not kept."""
        self._centre, self._clock, self._journal, self._tell = centre, clock, journal, tell
        self._records: Mapping[CameraId, CameraRecord] = {record.camera: record for record in records}
        self._planned, self.outputs = planned, dict(outputs)
        self._screens = WallScreens(self.outputs, clock)
        self._director = WallDirector(planned.plan, lambda camera, now_ns: centre.may_watch(camera), may_view)
        self._heard: list[WallInput] = []
        self._alarms: set[AlarmId] = set()
        self._woken = asyncio.Event()
        self._entries: deque[JournalEntry] = deque()
        self._recording: asyncio.Task[None] | None = None
        self._shown: tuple[str, tuple[Up, ...]] = ("", ())
        self._scenes: Mapping[WallNodeId, NodeScene] = {}
        self._placed = lru_cache(PLACED_KEPT)(lambda name, up: planned.placed(name, up, self._records))
        self._up: frozenset[CameraId] = frozenset()
        """On panels, as last told to the outputs."""
        self._live: frozenset[CameraId] | None = None
        """Of these, with a picture of the street that is live; None: to be asked of the board."""
        self._seen = seen or WallSeen(self._records, clock.now_ns())
        self._tours = WallTours(
            self.hear,
            self._shows,
            lambda person, camera, at_ns: centre.may_watch(camera) and may_view(person, camera, at_ns),
            tell,
        )
        self._in_trouble = False

    @property
    def director(self) -> WallDirector:
        """To ask why a slot shows what it shows."""
        return self._director

    @property
    def wall(self) -> Wall:
        """As it hangs."""
        return self._planned.wall

    def scene(self, name: str) -> Scene:
        """As it lies on the wall; of the one that is up, with what it shows now. Raises PlanUnusable for no scene;
        WallError when its tiles would be too small."""
        is_up = name == self._director.scene
        return self._planned.scene(name, up_of(self._director.tiles) if is_up else None)

    async def read(self) -> WallReading:
        """What the pixels of all outputs show. Raises WallError."""
        return read_together([await output.read() for output in self.outputs.values()])

    async def picture_png(self) -> bytes:
        """The wall as it hangs, as a PNG; of a single node, its framebuffer. Raises WallError."""
        pictures = {node: await output.picture_png() for node, output in self.outputs.items()}
        if len(pictures) == 1:
            return next(iter(pictures.values()))
        return await asyncio.to_thread(png_of_wall, self.wall, pictures)

    async def open(self) -> None:
        """Show the first scene, by what holds now. Raises CsuError when it cannot be journaled or shown."""
        centre = self._centre
        self._heard += [WatchHeard(centre.is_short_of_watch), ViewersHeard(frozenset(centre.watching))]
        now_ns = self._clock.now_ns()
        self._heard += [ProgrammeSet(each) for each in self._planned.programmes if now_ns < each.span.to_ns]
        self._heard += [
            SignalHeard(status.record.camera, False) for status in centre.board.all() if _is_lost(status.state)
        ]
        centre.listen(self._hear)
        self._entries.append(deed_entry(OwnDeed.WALL_PLAN, sha256=self._planned.sha256))
        self._decide()
        await self._record()
        for error in await self._show(self._director.scene, up_of(self._director.tiles), OPENED_S):
            raise error

    async def run(self) -> None:
        """Follow what happens, for ever. What fails is told once and tried again each second."""
        try:
            while True:
                try:
                    async with asyncio.timeout(TICK_S):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                self._woken.clear()
                self._decide()
                await self._follow()
                self._count()
        finally:
            self._screens.leave()
            if self._recording is not None:
                self._recording.cancel()

    def hear(self, told: WallInput) -> None:
        """What a person asks: decided now, after all that happened before; journaled and then shown as all decisions
        are. Raises WallRequestRefused, or BadInput for a scene or a camera that is none: the wall is as it was."""
        self._decide()
        self._decided(self._director.hear(told, self._clock.now_ns()))
        self._woken.set()

    def signal(self, signal: str, camera: CameraId) -> None:
        """An analysis draws attention to a camera: shown for a person to judge; nobody is called by it (VSA-7)."""
        self._heard.append(EventSignal(signal, camera))
        self._woken.set()

    def end_signal(self, signal: str) -> None:
        """A person judged it, or it is over."""
        self._heard.append(EventSignalEnded(signal))
        self._woken.set()

    def begin_tour(self, tour: GuardTour, slot: SlotId, person: str) -> None:
        """A person goes round with that slot; what was seen is told (`TourReport`). Raises WallRequestRefused."""
        self._tours.begin(tour, slot, person, self._clock.now_ns())

    def tours_on(self) -> Sequence[TourOn]:
        """Those that are on."""
        return self._tours.on()

    def tour_slots(self) -> Sequence[SlotId]:
        """Tiles that are up and that a tour may have: no spot of alarms, none with a tour."""
        taken = {on.slot for on in self._tours.on()}
        slots = self._director.plan.scene(self._director.scene).slots
        return [each.slot for each in slots if each.rule is not SlotRule.ALARM_SPOT and each.slot not in taken]

    def end_tour(self, person: str) -> None:
        """He breaks it off."""
        self._tours.end(person, self._clock.now_ns())

    def coverage(self) -> WallCoverage:
        """What was looked at: of the shift that is on, and over weeks."""
        return self._seen.coverage

    async def close(self) -> None:
        """Keep what was looked at; after `run`. Raises CoverageNotKept."""
        await self._seen.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hear(self, event: CentreEvent) -> None:
        if isinstance(event, CameraChanged | CameraLifecycleChanged):
            self._live = None
        if isinstance(event, CameraChanged):
            self._heard.append(SignalHeard(event.camera, not _is_lost(event.after)))
        elif isinstance(event, WatchChanged):
            self._heard += [WatchHeard(event.is_short), ViewersHeard(frozenset(event.watching))]
        elif not isinstance(event, CameraRightsChanged | AlarmRaised | AlarmAdvanced):
            return
        self._woken.set()

    def _decide(self) -> None:
        now_ns, heard, self._heard = self._clock.now_ns(), [*self._heard, *self._alarms_changed()], []
        for told in heard:
            try:
                self._decided(self._director.hear(told, now_ns))
            except CsuError as error:
                self._tell(Trouble(WALL, error.trouble.words, now_ns))
        self._decided(self._director.tick(now_ns))

    def _alarms_changed(self) -> list[WallInput]:
        """What the desk holds is what wants a spot: what a centre that starts finds there, what a slow disk has not
        taken yet. Its spot is free again when its closing is written."""
        desk = self._centre.desk
        unfinished = {alarm.alarm: alarm for alarm in desk.unfinished()}
        ended = [name for name in self._alarms if name not in unfinished and not desk.is_held(name)]
        opened = [alarm for name, alarm in unfinished.items() if name not in self._alarms]
        self._alarms.difference_update(ended)
        self._alarms.update(alarm.alarm for alarm in opened)
        return [
            *(AlarmEnded(name) for name in ended),
            *(
                AlarmOpened(each.alarm, each.priority, self._centre.cameras_for(each.alarm), each.taken_at_ns)
                for each in opened
            ),
        ]

    def _decided(self, decisions: Sequence[WallDecision]) -> None:
        for decision in decisions:
            self._tell(decision)
        for entry in filter(None, map(entry_of, decisions)):
            if len(self._entries) >= ENTRIES_MAX:
                self._entries.popleft()
                what = Words("décision du mur jamais journalisée", "a decision of the wall was never journaled")
                self._tell(Trouble(WALL, what, self._clock.now_ns()))
            self._entries.append(entry)

    async def _follow(self) -> None:
        scene, wanted = self._director.scene, up_of(self._director.tiles)
        failed: list[CsuError] = []
        try:
            await self._recorded()
        except CsuError as error:
            failed.append(error)
            up = {each.camera for each in self._shown[1]}
            wanted = tuple(each for each in wanted if each.camera in up)
        try:
            failed += await self._show(scene, wanted)
        except CsuError as error:
            failed.append(error)
        if failed and not self._in_trouble:
            self._tell(Trouble(WALL, failed[-1].trouble.words, self._clock.now_ns()))
        self._in_trouble = bool(failed)

    async def _recorded(self) -> None:
        """All that waits is in the journal. Raises CsuError; also when it takes its time: it goes on meanwhile."""
        while self._entries or self._recording is not None:
            waited = self._recording is not None
            if self._recording is None:
                self._recording = asyncio.create_task(self._record(), name="wall journal")
            done, _ = await asyncio.wait([self._recording], timeout=0 if waited else RECORDED_S)
            if not done:
                raise _slow_journal()
            ended, self._recording = self._recording, None
            ended.result()

    async def _record(self) -> None:
        """All that waits: what waits together is one commit. Raises CsuError; what was not written waits on."""
        while self._entries:
            batch = [self._entries.popleft() for _ in range(min(BATCH_MAX, len(self._entries)))]
            ends = await asyncio.gather(*map(self._journal.record, batch), return_exceptions=True)
            failed = [(entry, end) for entry, end in zip(batch, ends, strict=True) if isinstance(end, BaseException)]
            self._entries.extendleft(entry for entry, _ in reversed(failed))
            for _, error in failed:
                raise error

    async def _show(self, scene: str, wanted: tuple[Up, ...], within_s: float = ANSWER_S) -> list[CsuError]:
        """What failed of the outputs. Raises CsuError for a scene that cannot be laid out."""
        if (scene, wanted) != self._shown or not self._scenes:
            self._scenes = self._placed(scene, wanted)
            self._shown = scene, wanted
            pieces = (piece for each in self._scenes.values() for piece in each.pieces)
            self._up = frozenset(piece.camera for piece in pieces if piece.camera is not None)
            self._live = None
        return await self._screens.show(self._scenes, within_s)

    def _seen_now(self) -> frozenset[CameraId]:
        """Up, with a picture of the street that is live, on a wall that answers."""
        if self._live is None:
            lines = [self._centre.board[camera] for camera in self._up]
            live = [each for each in lines if each.state is CameraState.LIVE and each.lifecycle is _IN_SERVICE]
            self._live = frozenset(each.record.camera for each in live)
        return self._live if self._screens.are_lit else frozenset()

    def _shows(self, slot: SlotId, camera: CameraId) -> bool:
        tile = self._director.tiles.get(slot)
        return tile is not None and tile.camera == camera and camera in self._seen_now()

    def _count(self) -> None:
        """What was looked at, and where tours go on."""
        now_ns = self._clock.now_ns()
        ended = self._seen.look(self._seen_now(), now_ns)
        if ended is not None:
            self._tell(ended)
        self._tours.tick(self._director.tiles, self._centre.watching, now_ns)
        error = self._seen.keep(now_ns)
        if error is not None:
            self._tell(Trouble(WALL, error.trouble.words, now_ns))


def _is_lost(state: CameraState) -> bool:
    return state not in (CameraState.LIVE, CameraState.STARTING)


def _slow_journal() -> JournalUnavailable:
    return JournalUnavailable(
        Words("le journal ne répond pas : rien de nouveau au mur", "the journal does not answer: nothing new comes up"),
        where=WALL,
        what_to_do=Words("Vérifiez le volume du journal", "Check the journal's volume"),
    )
