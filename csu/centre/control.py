"""The control plane: plain asyncio over ports, the same object in production and in virtual time.

It follows every media node, keeps what they account for, believes no silence, takes alarms without losing one, and
tells each thing that happens to its listeners. Decisions are the cores' (`CameraBoard`, `AlarmDesk`); this is a shell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from csu.alarms import Alarm, AlarmDesk, AlarmEscalated, AlarmId, AlarmNotKept, AlarmStore
from csu.centre.commissioning import Commissioning
from csu.centre.edge_keeper import EdgeKeeper
from csu.centre.events import (
    CatalogueWritten,
    CentreCounts,
    CentreEvent,
    ManifestRefused,
    ManifestTaken,
    NodeChanged,
    Trouble,
)
from csu.centre.late_entries import LateEntries
from csu.centre.mask_watch import MaskWatch
from csu.centre.order_watch import OrderWatch
from csu.centre.papers import Papers
from csu.governance import Action, Author, Journal
from csu.governance.journaled_actions import action_entry
from csu.hal.alarms import AlarmPanel, PanelMessage
from csu.hal.camera import Camera, CameraError, CameraId, CameraRecord, PtzVelocity
from csu.hal.chance import Chance, Chaos, Ids
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment, CameraEventKind, Manifest, MediaNode, NodeId, NodeLost, NodeMessage
from csu.hal.place import Pose, PoseReading
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraBoard, CameraChanged
from csu.recording.catalogue import Catalogue

CATALOGUE_EVERY_S = 1.0
"""Manifests are written together; a crash of the control plane loses at most this much index, never a segment."""
CATALOGUE_WAITING_MAX = 4096
"""Manifests that may wait for the catalogue: 46 nodes for 89 minutes. When full the nodes are left to buffer."""
CATALOGUE_LAST_TRIES = 3
"""Tries for what is left when the centre stops; the segments say of themselves what the catalogue then lacks."""
BOARD_EVERY_S = 10.0
DESK_EVERY_S = 1.0
POSE_EVERY_S = 0.1
POSE_MOVING_EVERY_S = 0.05
"""While a camera turns its cover is as good as its readings are near."""
POSE_WITHIN_S = 0.4
"""A camera that takes longer to say where it looks is a camera that cannot say: whole mask (PRV-5)."""
RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0

_OLD_EPOCH = Words("ancienne époque", "old epoch")
_ALREADY_TAKEN = Words("déjà reçu", "already taken")
_NO_POSE_IN_TIME = Words(f"pas de réponse en {POSE_WITHIN_S:g} s", f"no answer within {POSE_WITHIN_S:g} s")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ports:
    """What the control plane needs of a world besides its devices."""

    clock: Clock
    chance: Chance
    ids: Ids
    chaos: Chaos


class Centre:
    """The supervision centre's control plane. Build it, `run` it in a task, `stop` it."""

    def __init__(
        self,
        *,
        ports: Ports,
        nodes: Sequence[MediaNode],
        assignments: Mapping[NodeId, Sequence[Assignment]],
        catalogue: Catalogue,
        alarm_store: AlarmStore,
        journal: Journal,
        panels: Sequence[AlarmPanel] = (),
        posed_cameras: Sequence[Camera] = (),
        unreached: Sequence[tuple[CameraRecord, Words]] = (),
        papers: Papers,
        found_at_m: Mapping[CameraId, tuple[float, float]] | None = None,
        masks: Commissioning | None = None,
        self_masking: Sequence[Camera] = (),
    ) -> None:
        """`journal`: written before whatever is done to a camera or its masks; what it refuses is not done (LOG-2).

        `posed_cameras`: the PTZ cameras, whose pose is read ten times a second and told to their node.

        `papers`: what lets them be recorded and watched; a camera that no order covers is given to no node.
        `found_at_m`: where cameras were found to stand, in the site's metres; None: nobody surveyed them (AUT-3).
        `masks`: what masks the cameras, whatever their assignments say; None: their assignments do (a simulated city).
        `self_masking`: fixed cameras that can burn masks in: theirs are pushed, and audited in their pictures.
        `unreached`: cameras that could not be asked where their stream is, and why: on the board, with no node.
        """
        self._ports = ports
        self._nodes = {node.node: node for node in nodes}
        given = [assignment for of_node in assignments.values() for assignment in of_node]
        self._node_of = {a.record.camera: node for node, of_node in assignments.items() for a in of_node}
        self._cameras_of = {node: tuple(a.record.camera for a in of_node) for node, of_node in assignments.items()}
        self._untold: dict[NodeId, asyncio.Task[None]] = {}
        self._assigning = {node: asyncio.Lock() for node in self._nodes}
        self._catalogue = catalogue
        self._alarm_store = alarm_store
        self._journal = journal
        self._late = LateEntries(journal, lambda why: self._tell(Trouble("journal", why, self._now())))
        self._panels = {panel.panel: panel for panel in panels}
        self._posed = tuple(posed_cameras)
        self._listeners: list[Callable[[CentreEvent], None]] = []
        records = [*(a.record for a in given), *(record for record, _ in unreached)]
        self.board = CameraBoard(records, ports.clock.now_ns())
        for record, why in unreached:
            self.board.miss(record.camera, why, ports.clock.now_ns())
        self._masks = MaskWatch(
            masks,
            given,
            self.board,
            now=self._now,
            tell=self._tell,
            give=self._give,
            in_executor=self._in_executor,
            journal=journal,
            late=self._late,
        )
        self._orders = OrderWatch(
            papers,
            [record.camera for record in records],
            self.board,
            found_at_m=found_at_m or {},
            now=self._now,
            tell=self._tell,
            give=self._give_all,
            in_executor=self._in_executor,
            late=self._late,
        )
        self._edges = EdgeKeeper(
            self_masking,
            assignment=self.assignment,
            reassign=self.reassign,
            tell=lambda camera, why: self._tell(Trouble(camera, why, self._now())),
            clock=ports.clock,
            journal=journal,
        )
        self.listen(self._edges.hear)
        self.desk = AlarmDesk()
        self._counts = CentreCounts()
        self._waiting: list[Manifest] = []
        self._alarm_open = asyncio.Event()
        self._to_write: asyncio.Queue[Manifest | None] = asyncio.Queue(CATALOGUE_WAITING_MAX)
        self._accounts: dict[NodeId, tuple[int, int]] = {}
        self._up: dict[NodeId, bool] = dict.fromkeys(self._nodes, False)
        self._heard_at_ns: Nanoseconds | None = None
        self._stopping = False

    def listen(self, listener: Callable[[CentreEvent], None]) -> None:
        """Tell `listener` every event from now on, in order, before the next thing happens. It must not block."""
        self._listeners.append(listener)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. A trouble of one node, panel or camera is told and retried; a defect ends the run."""
        self.desk = AlarmDesk(await self._in_executor(self._alarm_store.load))
        if self.desk.open():
            self._alarm_open.set()
        async with asyncio.TaskGroup() as group:
            followers = [group.create_task(self._follow(node), name=f"follow {node}") for node in self._nodes]
            group.create_task(self._keep_manifests(), name="catalogue")
            endless = [group.create_task(self._watch_board(), name="board")]
            endless += [group.create_task(self._watch_desk(), name="desk")]
            endless += [group.create_task(self._orders.run(), name="orders")]
            endless += [group.create_task(self._late.run(), name="late entries")]
            endless += [group.create_task(self._masks.run(), name="masks")]
            endless += [group.create_task(self._edges.run(), name="edge masks")]
            endless += [group.create_task(self._take_alarms(p), name=f"panel {p.panel}") for p in self._panels.values()]
            endless += [group.create_task(self._tell_pose(c), name=f"pose {c.record.camera}") for c in self._posed]
            await asyncio.gather(*followers)
            await self._to_write.put(None)  # a cancelled write would go on in its thread: the writer ends by itself
            for task in (*endless, *self._untold.values()):
                task.cancel()
        await self._late.finish()

    async def stop(self) -> None:
        """Ask every node to close its segments; `run` returns once their last manifests are written."""
        self._stopping = True
        await asyncio.gather(*(node.stop() for node in self._nodes.values()))

    @property
    def counts(self) -> CentreCounts:
        """A copy of what was counted so far."""
        return replace(self._counts)

    def nodes_up(self) -> int:
        """How many nodes are up."""
        return sum(self._up.values())

    @property
    def nodes_expected(self) -> int:
        """How many nodes there are."""
        return len(self._nodes)

    @property
    def heard_at_ns(self) -> Nanoseconds | None:
        """When the last manifest came; None before the first."""
        return self._heard_at_ns

    def may_record(self, camera: CameraId) -> bool:
        """Whether its papers let its pictures be taken in now (AUT-1)."""
        return self._orders.may_record(camera)

    def may_watch(self, camera: CameraId) -> bool:
        """Whether its papers let anybody watch it live now (AUT-1, COM-2)."""
        return self._orders.may_watch(camera)

    # -- nodes --------------------------------------------------------------------------------------------------------

    async def _follow(self, name: NodeId) -> None:
        node, failures = self._nodes[name], 0
        while not self._stopping:
            try:
                await node.start()
                await self._assign(name)
            except CsuError as error:
                self._tell(Trouble(name, error.trouble.beside(name), self._now()))
            else:
                self._set_up(name, True, NO_WORDS)
                async for message in node.messages():
                    if isinstance(message, Manifest):
                        failures = 0  # a node that dies before it accounts for a minute is waited for longer each time
                    await self._hear(name, message)
            if not self._stopping:
                failures += 1
                await asyncio.sleep(self._retry_after_s(f"retry/{name}", failures))

    async def _hear(self, name: NodeId, message: NodeMessage) -> None:
        now_ns = self._now()
        if isinstance(message, Manifest):
            if not self._believe(message):
                return
            self._count_manifest(message)
            await self._to_write.put(message)
            self._heard_at_ns = now_ns
            self._tell(ManifestTaken(message, now_ns))
        elif isinstance(message, NodeLost):
            self._counts.nodes_lost += 1
            self._set_up(name, False, message.detail)
            self._tell_all(self.board.lose(message, self._cameras_of.get(name, ()), now_ns))
            return
        else:
            if message.kind is CameraEventKind.AUDIO_OFFERED:
                self._counts.audio_offered += 1
            self._tell(message)
            if message.kind is CameraEventKind.VIEW_MOVED:
                await self._masks.hear_moved(message)
        self._tell_all(self.board.hear(message, now_ns))

    # -- assignments --------------------------------------------------------------------------------------------------

    def assignment(self, camera: CameraId) -> Assignment:
        """What its node is told of a camera now. Raises KeyError."""
        return self._masks.assignments[camera]

    async def reassign(self, assignment: Assignment) -> None:
        """Give a camera a new address or edge plan, at once. Raises KeyError.

        What masks it stays the register's: poses, buildings, zones and epoch of `assignment` are not taken over, nor is
        an edge plan made for another epoch.
        """
        await self._masks.reassign(assignment)

    async def _give(self, assignment: Assignment) -> None:
        """Tell the camera's node. One that cannot be told now is told in the background until it can, or is gone."""
        await self._give_all((assignment.record.camera,))

    async def _give_all(self, cameras: Collection[CameraId]) -> None:
        """The same for several cameras: each of their nodes is told once."""
        for name in dict.fromkeys(self._node_of[camera] for camera in cameras if camera in self._node_of):
            if not await self._told(name) and name not in self._untold:
                self._untold[name] = asyncio.create_task(self._tell_until_told(name), name=f"assign {name}")

    async def _tell_until_told(self, name: NodeId) -> None:
        failures = 1
        while not self._stopping:
            await asyncio.sleep(self._retry_after_s(f"assign/{name}", failures))
            if await self._told(name):
                break
            failures += 1
        del self._untold[name]

    async def _told(self, name: NodeId) -> bool:
        """True when the node knows its newest assignments, or does not run: it is told them when it starts."""
        try:
            await self._assign(name)
        except CsuError as error:
            if not self._up[name]:
                return True
            self._tell(Trouble(name, error.trouble.beside(name), self._now()))
            return False
        return True

    async def _assign(self, name: NodeId) -> None:
        """The newest assignments of a node, never overtaken by older ones."""
        async with self._assigning[name]:
            cameras = [camera for camera in self._cameras_of.get(name, ()) if self._orders.may_record(camera)]
            given = [(self._masks.assignments[camera], self._orders.until_ns(camera)) for camera in cameras]
            await self._nodes[name].assign([replace(each, until_ns=until_ns) for each, until_ns in given])

    def _believe(self, manifest: Manifest) -> bool:
        """Only the newest epoch of a node, each sequence once."""
        epoch, expected = self._accounts.get(manifest.node, (manifest.node_epoch, 0))
        if manifest.node_epoch > epoch:
            expected = 0
        elif manifest.node_epoch < epoch or manifest.sequence < expected:
            why = _OLD_EPOCH if manifest.node_epoch < epoch else _ALREADY_TAKEN
            self._counts.manifests_refused += 1
            self._tell(ManifestRefused(manifest.node, manifest.node_epoch, manifest.sequence, self._now(), why))
            return False
        missing = manifest.sequence - expected
        if missing:
            self._counts.manifests_missing += missing
            what = Words(f"comptes rendus manquants : {missing}", f"manifests missing: {missing}")
            self._tell(Trouble(manifest.node, what, self._now()))
        self._accounts[manifest.node] = (manifest.node_epoch, manifest.sequence + 1)
        return True

    def _count_manifest(self, manifest: Manifest) -> None:
        counts, more = self._counts, manifest.counts
        counts.manifests_taken += 1
        counts.segments_closed += len(manifest.segments)
        counts.frames_decoded += more.decoded
        counts.frames_masked += more.masked
        counts.frames_wholly_masked += more.wholly_masked
        counts.frames_dropped += more.dropped
        counts.clear_refused += more.clear_refused
        counts.packets_lost += more.packets_lost

    def _set_up(self, node: NodeId, up: bool, detail: Words) -> None:
        if self._up[node] is not up:
            self._up[node] = up
            self._tell(NodeChanged(node, up, self._now(), detail))

    # -- catalogue ----------------------------------------------------------------------------------------------------

    async def _keep_manifests(self) -> None:
        """Write what came, together; after the last manifest (a None), write the rest or say that it cannot be."""
        failures, last = 0, False
        while not last or self._waiting:
            if not self._waiting and not last:
                last = self._set_aside(await self._to_write.get())
                if not last:
                    await asyncio.sleep(CATALOGUE_EVERY_S)
            while len(self._waiting) < CATALOGUE_WAITING_MAX and not self._to_write.empty():
                last = self._set_aside(self._to_write.get_nowait())
            try:
                await self._ports.chaos("catalogue.write")
                await self._write_waiting()
            except (OSError, CsuError) as error:
                failures += 1
                self._tell(Trouble("catalogue", _words_of(error, "catalogue"), self._now()))
                if last and failures > CATALOGUE_LAST_TRIES:
                    count = len(self._waiting)
                    what = Words(f"comptes rendus non écrits : {count}", f"manifests not written: {count}")
                    self._tell(Trouble("catalogue", what, self._now()))
                    return
                await asyncio.sleep(self._retry_after_s("retry/catalogue", failures))
            else:
                failures = 0

    def _set_aside(self, manifest: Manifest | None) -> bool:
        """Keep one manifest for the next writing; True for the None behind the last."""
        if manifest is not None:
            self._waiting.append(manifest)
        return manifest is None

    async def _write_waiting(self) -> None:
        batch = tuple(self._waiting)
        if batch:
            await self._in_executor(lambda: self._catalogue.record(batch))
            self._waiting.clear()
            self._counts.manifests_written += len(batch)
            self._tell(CatalogueWritten(len(batch), self._now()))

    # -- board, desk, panels, poses -----------------------------------------------------------------------------------

    async def _watch_board(self) -> None:
        while True:
            await asyncio.sleep(BOARD_EVERY_S)
            self._tell_all(self.board.tick(self._now()))

    async def _watch_desk(self) -> None:
        while True:
            await self._alarm_open.wait()
            await asyncio.sleep(DESK_EVERY_S)
            for told in self.desk.tick(self._now()):
                self._counts.alarms_escalated += isinstance(told, AlarmEscalated)
                await self._save_alarm(told.alarm)
                self._tell(told)
            if not self.desk.open():
                self._alarm_open.clear()

    async def _take_alarms(self, panel: AlarmPanel) -> None:
        async for message in panel.messages():
            if await self._take_alarm(message):
                await panel.acknowledge(message)

    async def _take_alarm(self, message: PanelMessage) -> bool:
        """True when the message is safe on disk, and so may be acknowledged to its panel."""
        raised = self.desk.take(message, self._now())
        if raised is None:
            self._counts.alarms_repeated += 1
            return True
        if not await self._save_alarm(raised.alarm):
            return False
        self.desk.keep(raised.alarm)
        self._counts.alarms_raised += 1
        self._alarm_open.set()
        self._tell(raised)
        return True

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """A person takes an alarm. Raises AlarmUnknown, AlarmStepRefused; AlarmNotKept: not written, it stays open."""
        taken = self.desk.acknowledge(alarm, person, self._now())
        if not await self._save_alarm(taken.alarm):
            self.desk.undo(taken.alarm)
            raise AlarmNotKept(
                Words("l'acquittement n'a pas pu être écrit", "the acknowledgement could not be written"),
                where=alarm,
                what_to_do=Words("Réessayez ; l'alarme est toujours ouverte", "Try again; the alarm is still open"),
            )
        self.desk.keep(taken.alarm)
        self._tell(taken)
        return taken.alarm

    async def _save_alarm(self, alarm: Alarm) -> bool:
        try:
            await self._ports.chaos("alarms.save")
            await self._in_executor(lambda: self._alarm_store.save(alarm))
        except (OSError, CsuError) as error:
            self._tell(Trouble(alarm.alarm, _words_of(error, alarm.alarm), self._now()))
            return False
        return True

    async def move(self, camera: Camera, velocity: PtzVelocity, by: Author) -> None:
        """Turn a camera; its node masks all it may show meanwhile (decision 0019).

        Raises CameraError, also when no order lets it be used; KeyError if no node serves it: nobody would mask it;
        JournalUnavailable: it does not turn."""
        self._require_served(camera)
        await self._journal.record(action_entry(Action.PTZ_MOVE, by, camera.record.camera))
        await camera.move(velocity)

    async def go_to(self, camera: Camera, pose: Pose, by: Author, *, preset: str = "") -> None:
        """Send a camera to a pose; `preset`: the name under which it is remembered. Raises as `move`."""
        self._require_served(camera)
        action, name = (Action.PRESET_GO, f"preset/{preset}") if preset else (Action.PTZ_MOVE, "pose")
        await self._journal.record(action_entry(action, by, camera.record.camera, subject=name))
        await camera.go_to(pose)

    async def halt(self, camera: Camera, by: Author) -> None:
        """Stop a camera that turns: at once, whatever the journal says; then it is journaled. Raises CameraError."""
        await camera.stop()
        await self._late.add(action_entry(Action.PTZ_MOVE, by, camera.record.camera, subject="halt"))

    def _require_served(self, camera: Camera) -> None:
        name = camera.record.camera
        if name not in self._node_of:
            raise KeyError(name)
        if not self._orders.may_record(name):
            raise CameraError(
                Words("aucun arrêté ne permet de s'en servir maintenant", "no order lets it be used now"),
                where=name,
                what_to_do=Words("Voyez csu orders show", "See csu orders show"),
            )

    async def _tell_pose(self, camera: Camera) -> None:
        name = camera.record.camera
        node = self._nodes[self._node_of[name]]
        blind = False
        while True:
            if not self._orders.may_record(name):  # nobody takes its pictures, so nobody asks where it looks
                await asyncio.sleep(POSE_EVERY_S)
                continue
            reading: PoseReading | None = None
            try:
                async with asyncio.timeout(POSE_WITHIN_S):
                    reading = await camera.pose()
            except (TimeoutError, CameraError) as error:
                if not blind:  # told once per blindness, not ten times a second
                    why = error.trouble.beside(name) if isinstance(error, CameraError) else _NO_POSE_IN_TIME
                    what = Words(f"position inconnue : {why.fr}", f"no pose: {why.en}")
                    self._tell(Trouble(name, what, self._now()))
            blind = reading is None
            await node.pose(name, reading)
            await asyncio.sleep(POSE_MOVING_EVERY_S if reading is not None and reading.moving else POSE_EVERY_S)

    # -- small things -------------------------------------------------------------------------------------------------

    def _now(self) -> Nanoseconds:
        return self._ports.clock.now_ns()

    def _tell(self, event: CentreEvent) -> None:
        if isinstance(event, Trouble):
            self._counts.troubles += 1
        for listener in self._listeners:
            listener(event)

    def _tell_all(self, changes: Sequence[CameraChanged]) -> None:
        for change in changes:
            self._tell(change)

    def _retry_after_s(self, name: str, failures: int) -> float:
        """Doubling, with jitter, never more than RETRY_LAST_S: 46 nodes must not come back in step."""
        longest = min(RETRY_FIRST_S * 2 ** min(failures - 1, 10), RETRY_LAST_S)
        return self._ports.chance.stream(f"{name}/{failures}").uniform(longest / 2, longest)

    async def _in_executor(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(None, call)


def _words_of(error: OSError | CsuError, place: str) -> Words:
    return error.trouble.beside(place) if isinstance(error, CsuError) else Words.same(str(error))
