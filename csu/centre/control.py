"""The control plane: plain asyncio over ports, the same object in production and in virtual time.

It composes the parts of a room and is what people and worlds ask: nodes and their accounts (`nodes`, `manifests`),
alarms (`alarm_room`), calls (`calls`), the watch of two (`watch_room`), PTZ cameras (`ptz_room`, `poses`), masks and
orders (`mask_watch`, `order_watch`). Each part is a shell around cores that decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from csu.alarms import Alarm, AlarmDesk, AlarmId, AlarmLines, AlarmState, AlarmStore, PoliceCall
from csu.centre.events import CentreCounts, CentreEvent, ManifestTaken
from csu.centre.footing import Footing, Ports
from csu.centre.masks.commissioning import Commissioning
from csu.centre.masks.edge_keeper import EdgeKeeper
from csu.centre.masks.mask_watch import MaskWatch
from csu.centre.media.manifests import Manifests
from csu.centre.media.nodes import Nodes
from csu.centre.papers import Papers
from csu.centre.preparing import Awaited
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.alarm_room import AlarmRoom
from csu.centre.rooms.calls import Calls
from csu.centre.rooms.poses import Poses
from csu.centre.rooms.proposals import Place, Proposals
from csu.centre.rooms.ptz_room import PtzRoom
from csu.centre.rooms.watch_room import WatchRoom
from csu.centre.watches.clock_watch import ClockWatch
from csu.centre.watches.device_watch import WITHIN_S, DeviceWatch
from csu.centre.watches.event_watch import EventWatch
from csu.centre.watches.order_watch import OrderWatch
from csu.centre.watches.panel_watch import PanelWatch
from csu.governance import Author, Journal
from csu.hal.alarms import AlarmPanel
from csu.hal.camera import Camera, CameraError, CameraId, CameraLifecycle, CameraRecord, CommuneId, PtzVelocity
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.device_events import DeviceEvents
from csu.hal.dispatch import Dispatch
from csu.hal.media import Assignment, CameraEvent, MediaNode, NodeId
from csu.hal.place import Pose, PoseReading
from csu.hal.wall_panel import WallPanel
from csu.hal.words import Words
from csu.ingest.board import SILENT_AFTER_NS, CameraBoard, CameraChanged
from csu.operations import Lease, OutboxCall, OutboxStore
from csu.recording.catalogue import Catalogue
from csu.wall import PanelPlan

BOARD_EVERY_S = 10.0
"""Who has gone silent is looked for no more often."""


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
        awaited: Awaited | None = None,
        papers: Papers,
        found_at_m: Mapping[CameraId, Place] | None = None,
        alarm_sites_m: Mapping[tuple[CommuneId, str], Place] | None = None,
        dispatch: tuple[Dispatch, OutboxStore] | None = None,
        masks: Commissioning | None = None,
        self_masking: Sequence[Camera] = (),
        wall_panels: Sequence[tuple[WallPanel, PanelPlan]] = (),
        cameras: Sequence[Camera] = (),
        event_sources: Sequence[DeviceEvents] = (),
    ) -> None:
        """`journal`: written before whatever is done to a camera or its masks; what it refuses is not done (LOG-2).

        `posed_cameras`: the PTZ cameras, whose pose is read ten times a second and told to their node.

        `papers`: what lets them be recorded and watched; a camera that no order covers is given to no node.
        `found_at_m`: where cameras were found to stand, in the site's metres; None: nobody surveyed them (AUT-3).
        `alarm_sites_m`: where alarmed buildings stand, in the same metres, by commune and name.
        `dispatch`: the contacts of police and fire brigade, and where calls to them are kept; None: people telephone.
        `masks`: what masks the cameras, whatever their assignments say; None: their assignments do (a simulated city).
        `self_masking`: fixed cameras that can burn masks in: theirs are pushed, and audited in their pictures.
        `wall_panels`: the display panels of the wall and what each should show; a dead one is told (`Trouble`).
        `cameras`: those that are asked anew where their stream is when it is lost, and made deaf again.
        `awaited`: cameras that did not answer yet: on the board as lost, asked again, and taken in when they do.
        `event_sources`: devices that tell by themselves; their troubles are the centre's (`Trouble`).
        """
        self._footing, self._journal, self._papers = Footing(ports), journal, papers
        self._awaited, self._found_at_m = awaited, dict(found_at_m or {})
        self.opened = asyncio.Event()
        """The alarms of its former life are on the desk."""
        given = [assignment for of_node in assignments.values() for assignment in of_node]
        silent = awaited.all() if awaited is not None else []
        records = [*(a.record for a in given), *(camera.record for camera, _ in silent)]
        self.board = self._board_of(records, silent)
        self._late = LateEntries(journal, lambda why: self._footing.tell_trouble("journal", why))
        self._manifests = Manifests(self._footing, catalogue)
        self._nodes = self._nodes_of(nodes, _cameras_of(assignments, awaited))
        self._masks = self._mask_watch(masks, given)
        self._orders = self._order_watch(records)
        self._edges = self._edge_keeper(self_masking)
        self.listen(self._edges.hear, (CameraEvent,))
        self.listen(ClockWatch(self._footing.tell).hear, (ManifestTaken,))
        self._devices = self._device_watch(cameras, silent)
        self.listen(self._devices.hear, (CameraChanged, CameraEvent))
        self._proposals = self._proposals_for(records, alarm_sites_m or {})
        self._alarms = AlarmRoom(self._footing, alarm_store, panels, self._nearest)
        self._calls = Calls(self._footing, *dispatch, self._alarms) if dispatch is not None else None
        self._ptz = self._ptz_room(posed_cameras)
        self._watch = WatchRoom(self._footing, gone=self._ptz.revoke, short=self._ptz.restrict)
        self._wall_panels = PanelWatch(self._footing, wall_panels)
        self._device_events = EventWatch(self._footing, event_sources, self._devices.doubt)
        self._poses = Poses(self._footing, posed_cameras, node_of=self._nodes.of, may_record=self.may_record)

    def listen(self, listener: Callable[[CentreEvent], None], kinds: Collection[type] = ()) -> None:
        """Tell `listener` every event from now on, in order, before the next thing happens. It must not block.

        `kinds`: only events of these types.
        """
        self._footing.listen(listener, kinds)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. A trouble of one node, panel or camera is told and retried; a defect ends the run."""
        await self._alarms.open()
        self.opened.set()
        if self._calls is not None:
            await self._calls.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._manifests.write(), name="catalogue")
            endless = {
                "board": self._watch_board(),
                "desk": self._alarms.watch(),
                "watch": self._watch.run(),
                "ptz": self._ptz.run(),
                "orders": self._orders.run(),
                "late entries": self._late.run(),
                "masks": self._masks.run(),
                "edge masks": self._edges.run(),
                "devices": self._devices.run(),
                "wall panels": self._wall_panels.run(),
                "device events": self._device_events.run(),
                **{f"panel {name}": self._alarms.take_from(panel) for name, panel in self._alarms.panels.items()},
                **{f"pose {camera.record.camera}": self._poses.follow(camera) for camera in self._poses.cameras},
            }
            if self._calls is not None:
                endless["calls"] = self._calls.run()
            if self._awaited is not None:
                endless["late poses"] = self._poses.follow_late()
            tasks = [group.create_task(part, name=name) for name, part in endless.items()]
            try:
                await self._nodes.follow_all()
                await self._manifests.end()
                for task in tasks:
                    task.cancel()
            finally:
                self._nodes.abandon()
        await self._late.finish()

    async def stop(self) -> None:
        """Ask every node to close its segments; `run` returns once their last manifests are written."""
        await self._nodes.stop()

    @property
    def counts(self) -> CentreCounts:
        """A copy of what was counted so far."""
        return replace(self._footing.counts, sounds_dropped=self._device_events.sounds_dropped)

    def nodes_up(self) -> int:
        """How many nodes are up."""
        return self._nodes.up()

    @property
    def nodes_expected(self) -> int:
        """How many nodes there are."""
        return len(self._nodes)

    def nodes(self) -> Mapping[NodeId, tuple[bool, int]]:
        """Each of them: whether it is up, and how many cameras it serves, or will."""
        return self._nodes.all()

    @property
    def heard_at_ns(self) -> Nanoseconds | None:
        """When the last manifest came; None before the first."""
        return self._manifests.heard_at_ns

    # -- cameras ------------------------------------------------------------------------------------------------------

    def may_record(self, camera: CameraId) -> bool:
        """Whether its papers let its pictures be taken in now (AUT-1)."""
        return self._orders.may_record(camera)

    def may_watch(self, camera: CameraId) -> bool:
        """Whether its papers let anybody watch it live now (AUT-1, COM-2)."""
        return self._orders.may_watch(camera)

    def assignment(self, camera: CameraId) -> Assignment:
        """What its node is told of a camera now. Raises KeyError."""
        return self._masks.assignments[camera]

    def assignments(self) -> Sequence[Assignment]:
        """The same of every camera that answered by now."""
        return list(self._masks.assignments.values())

    def places_m(self) -> Mapping[CameraId, Place]:
        """Where the cameras stand now, in the site's metres, as far as anybody said."""
        return self._proposals.places(self._footing.now())

    @property
    def alarm_sites_m(self) -> Mapping[tuple[CommuneId, str], Place]:
        """Where alarmed buildings stand, in the same metres, by commune and name."""
        return self._proposals.sites_m

    async def reassign(self, assignment: Assignment) -> None:
        """Give a camera a new address or edge plan, at once. Raises KeyError.

        What masks it stays the register's: poses, buildings, zones and epoch of `assignment` are not taken over, nor is
        an edge plan made for another epoch.
        """
        await self._masks.reassign(assignment)

    async def set_lifecycle(self, camera: CameraId, after: CameraLifecycle, by: str, reason: str) -> None:
        """A person sets a camera aside, or brings it back to be signed off. Raises as `MaskWatch.set_lifecycle`."""
        await self._masks.set_lifecycle(camera, after, by, reason)

    def _newest(self, cameras: Sequence[CameraId]) -> list[Assignment]:
        """What a node is to be told of these now: of those that may be recorded, and until when."""
        assignments = self._masks.assignments
        served = (camera for camera in cameras if camera in assignments and self._orders.may_record(camera))
        return [replace(assignments[camera], until_ns=self._orders.until_ns(camera)) for camera in served]

    async def _take_in(self, camera: Camera) -> None:
        """Ask a camera that was silent so far, and give it the place it would have had. Raises CsuError, TimeoutError:
        it has none then."""
        assert self._awaited is not None  # noqa: S101 - who is taken in was awaited
        async with asyncio.timeout(WITHIN_S):
            said = await self._awaited.ask(camera)
        if said.found_at_m is not None:
            self._found_at_m[camera.record.camera] = said.found_at_m
            await self._orders.look_again()  # before anybody films where it may not stand (AUT-3)
        await self._masks.take_in(said.assignment, said.survey, self._awaited.signatories)
        if said.survey.follows_pose:
            self._ptz.take_in(camera)
            self._poses.take_in(camera)
        if said.masks_itself:
            self._edges.take_in(camera)

    async def _watch_board(self) -> None:
        while True:
            silent_in_ns = min(self.board.next_silence_ns - self._footing.now(), SILENT_AFTER_NS)
            await asyncio.sleep(max(BOARD_EVERY_S, silent_in_ns / NS_PER_S))
            self._footing.tell_all(self.board.tick(self._footing.now()))

    # -- alarms and calls ---------------------------------------------------------------------------------------------

    @property
    def desk(self) -> AlarmDesk:
        """The alarms that are not closed. To be read: steps go through `acknowledge` and `advance`."""
        return self._alarms.desk

    def alarm_lines(self) -> AlarmLines:
        """What the screen shows of the alarms that nobody took; the rest is counted."""
        return self._alarms.lines()

    def cameras_for(self, alarm: AlarmId, may_view: Callable[[CameraId], bool] | None = None) -> tuple[CameraId, ...]:
        """The cameras proposed to a person who may view them, the nearest first (OPS-3); None: to nobody yet, of its
        commune. Raises AlarmUnknown."""
        return self._proposals.cameras(self.desk.alarm(alarm), self._footing.now(), may_view)

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        """A person takes an alarm. Raises AlarmUnknown, AlarmStepRefused; AlarmNotKept: not written, it stays open."""
        return await self._alarms.acknowledge(alarm, person)

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        """A person takes it one step further. CONFIRMED: its call is queued, and the step to POLICE_INFORMED is noted
        when somebody took that call; who telephoned notes it himself, with `police`.

        Raises AlarmUnknown, AlarmStepRefused; AlarmNotKept: not written, it is as before.
        """
        return await self._alarms.advance(alarm, to, person, police)

    @property
    def calls(self) -> Calls | None:
        """Its calls to police and fire brigade; None: people telephone."""
        return self._calls

    @property
    def calls_waiting(self) -> list[OutboxCall]:
        """Calls to police and fire brigade that nobody took yet."""
        return self._calls.waiting if self._calls is not None else []

    # -- the watch of two ---------------------------------------------------------------------------------------------

    @property
    def watching(self) -> tuple[str, ...]:
        """Who watches, in the order of their arrival."""
        return self._watch.watching

    @property
    def is_short_of_watch(self) -> bool:
        """Fewer than two watch (OPS-1); true until two have taken their post."""
        return self._watch.is_short

    def take_post(self, person: str) -> None:
        """A person is at the wall. Say `seen_at_post` at least every 30 s: who is not seen for 45 s is missed."""
        self._watch.take_post(person)

    def seen_at_post(self, person: str) -> None:
        """His workstation saw him."""
        self._watch.see(person)

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None:
        """A person leaves; what he turns is free. Raises LeaveRefused when fewer than two would be left, or nobody
        took over, and no urgent reason is given; with one he leaves, and the chief is called."""
        self._watch.leave_post(person, handed_over=handed_over, urgent_reason=urgent_reason)

    # -- PTZ ----------------------------------------------------------------------------------------------------------

    @property
    def posed(self) -> Mapping[CameraId, Camera]:
        """The cameras that can be turned, also those that were silent at first."""
        return self._ptz.cameras

    def looks(self, camera: CameraId) -> PoseReading | None:
        """Where a camera that can be turned looked a moment ago; None: it cannot say, or is no such camera."""
        return self._poses.last(camera)

    def lease(self, camera: CameraId) -> Lease | None:
        """Who turns this camera now; None: nobody."""
        return self._ptz.lease(camera)

    async def move(self, camera: Camera, velocity: PtzVelocity, by: Author, *, alarm: str = "") -> None:
        """Turn a camera; its node masks all it may show meanwhile (decision 0019). It stops by itself 600 ms after the
        last `move` or `keep_moving`. `by` takes its lease, from whoever ranks below (decision 0041).

        `alarm`: the alarm whose doubt is removed with it. Raises LeaseRefused, LeaseLost: another has the camera;
        CameraError, also when no order lets it be used; KeyError if no node serves it: nobody would mask it;
        JournalUnavailable: it does not turn."""
        await self._ptz.move(camera, velocity, by, alarm)

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        """The hand is still on the stick: the same movement goes on. Raises LeaseLost when it was stopped or taken."""
        self._ptz.keep_moving(camera, by)

    async def go_to(self, camera: Camera, pose: Pose, by: Author, *, preset: str = "", alarm: str = "") -> None:
        """Send a camera to a pose; `preset`: the name under which it is remembered. Raises as `move`."""
        await self._ptz.go_to(camera, pose, by, preset, alarm)

    async def halt(self, camera: Camera, by: Author) -> None:
        """Stop a camera that turns: at once, whatever the journal says; then it is journaled. Raises CameraError;
        LeaseRefused: another turns it."""
        await self._ptz.halt(camera, by)

    async def give_back(self, camera: CameraId, by: Author) -> None:
        """Let go of a camera's lease. Nothing happens when `by` has none."""
        await self._ptz.give_back(camera, by)

    def _require_used(self, camera: CameraId) -> None:
        if not self._nodes.serves(camera):
            raise KeyError(camera)
        if not self._orders.may_record(camera):
            raise CameraError(
                Words("aucun arrêté ne permet de s'en servir maintenant", "no order lets it be used now"),
                where=camera,
                what_to_do=Words("Voyez csu orders show", "See csu orders show"),
            )

    # -- how it is put together ---------------------------------------------------------------------------------------

    def _board_of(self, records: Sequence[CameraRecord], silent: Sequence[tuple[Camera, Words]]) -> CameraBoard:
        board, now_ns = CameraBoard(records, self._footing.now()), self._footing.now()
        for camera, why in silent:
            board.miss(camera.record.camera, why, now_ns)
        return board

    def _nodes_of(self, nodes: Sequence[MediaNode], cameras_of: Mapping[NodeId, Sequence[CameraId]]) -> Nodes:
        return Nodes(
            self._footing,
            nodes,
            cameras_of,
            manifests=self._manifests,
            board=self.board,
            newest=self._newest,
            hear_moved=lambda event: self._masks.hear_moved(event),
        )

    def _mask_watch(self, masks: Commissioning | None, given: Sequence[Assignment]) -> MaskWatch:
        return MaskWatch(
            masks,
            given,
            self.board,
            now=self._footing.now,
            tell=self._footing.tell,
            give=lambda assignment: self._nodes.give((assignment.record.camera,)),
            in_executor=self._footing.in_executor,
            journal=self._journal,
            late=self._late,
        )

    def _order_watch(self, records: Sequence[CameraRecord]) -> OrderWatch:
        return OrderWatch(
            self._papers,
            [record.camera for record in records],
            self.board,
            found_at_m=self._found_at_m,
            now=self._footing.now,
            tell=self._footing.tell,
            give=self._nodes.give,
            in_executor=self._footing.in_executor,
            chaos=self._footing.chaos,
            late=self._late,
        )

    def _edge_keeper(self, self_masking: Sequence[Camera]) -> EdgeKeeper:
        return EdgeKeeper(
            self_masking,
            assignment=self.assignment,
            reassign=self.reassign,
            tell=self._footing.tell_trouble,
            clock=self._footing.ports.clock,
            journal=self._journal,
        )

    def _device_watch(self, cameras: Sequence[Camera], silent: Sequence[tuple[Camera, Words]]) -> DeviceWatch:
        return DeviceWatch(
            cameras,
            assignment=self.assignment,
            reassign=self.reassign,
            may_record=self.may_record,
            tell=self._footing.tell_trouble,
            clock=self._footing.ports.clock,
            journal=self._journal,
            awaited=silent,
            take_in=self._take_in,
            miss=lambda camera, why: self._footing.tell_all(self.board.miss(camera, why, self._footing.now())),
        )

    def _proposals_for(
        self, records: Sequence[CameraRecord], sites_m: Mapping[tuple[CommuneId, str], Place]
    ) -> Proposals:
        return Proposals(self._papers, records, found_at_m=self._found_at_m, sites_m=sites_m, may_watch=self.may_watch)

    def _nearest(self, alarm: Alarm) -> tuple[CameraId, ...]:
        return self._proposals.cameras(alarm, self._footing.now())

    def _ptz_room(self, posed_cameras: Sequence[Camera]) -> PtzRoom:
        return PtzRoom(
            self._footing,
            self._journal,
            self._late,
            posed_cameras,
            require_used=self._require_used,
            require_alarm=lambda alarm: self.desk.alarm(AlarmId(alarm)),
        )


def _cameras_of(
    assignments: Mapping[NodeId, Sequence[Assignment]], awaited: Awaited | None
) -> dict[NodeId, tuple[CameraId, ...]]:
    """Whom each node serves, or will when they answer."""
    late = awaited.cameras if awaited is not None else {}
    return {
        node: (
            *(assignment.record.camera for assignment in assignments.get(node, ())),
            *(camera.record.camera for camera, _ in late.get(node, ())),
        )
        for node in dict.fromkeys((*assignments, *late))
    }
