"""PTZ cameras at work: every order is of a lease, journaled before it is given; who lets go is followed by a Stop.

The decisions are the leases' (`csu.operations.ptz_leases`). What turns less waits for no journal and no lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from csu.alarms import AlarmAdvanced, AlarmState
from csu.centre.events import CentreEvent
from csu.centre.footing import Footing
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.poses import POSE_WITHIN_S
from csu.governance import Action, Author, Journal
from csu.governance.journal_entry import BY_CSU, account_of
from csu.governance.journaled_actions import action_entry
from csu.governance.roles import Role
from csu.hal.camera import Camera, CameraError, CameraId, PtzVelocity
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.operations import (
    Lease,
    LeaseEnded,
    LeaseLost,
    LeaseRefused,
    PtzLeases,
    PtzOutcome,
    PtzRank,
    StopCamera,
)

_ASK_FOR_IT = Words("Demandez-la-lui", "Ask for it")
RANK_OF = {Role.ROOM_CHIEF.value: PtzRank.CHIEF, BY_CSU.role: PtzRank.TOUR}
"""By the author's role; who is neither is an operator. Of rank ALARM is who names an alarm of the desk."""


class PtzRoom:
    """All PTZ cameras. Run `run`."""

    def __init__(
        self,
        footing: Footing,
        journal: Journal,
        late: LateEntries,
        cameras: Sequence[Camera],
        *,
        require_used: Callable[[CameraId], None],
        require_alarm: Callable[[str], object],
    ) -> None:
        """`require_used`: raises for a camera that may not be turned now; `require_alarm`: for what is no alarm."""
        self._footing, self._journal, self._late = footing, journal, late
        self._require_used, self._require_alarm = require_used, require_alarm
        self._cameras = {camera.record.camera: camera for camera in cameras}
        self._leases = PtzLeases(self._cameras, first_number=footing.now())
        self._turns: dict[CameraId, asyncio.Lock] = {}
        self._told: set[CameraId] = set()
        """Cameras that were told to stop and not seen at rest yet."""
        self._decided: list[PtzOutcome] = []
        self._woken = asyncio.Event()
        footing.listen(self._hear, (AlarmAdvanced,))

    def take_in(self, camera: Camera) -> None:
        """One that was silent when the centre opened. It is told to stop, as all were then."""
        self._cameras[camera.record.camera] = camera
        self._leases.come_late(camera.record.camera)
        self._woken.set()

    def lease(self, camera: CameraId) -> Lease | None:
        """Who has it now; None: nobody."""
        return self._leases.lease(camera)

    @property
    def cameras(self) -> Mapping[CameraId, Camera]:
        """All of them."""
        return self._cameras

    # -- what people order --------------------------------------------------------------------------------------------

    async def move(self, camera: Camera, velocity: PtzVelocity, by: Author, alarm: str) -> None:
        """See `Centre.move`."""
        entry = action_entry(Action.PTZ_MOVE, by, camera.record.camera)
        lease = await self._claim(camera, by, alarm)
        await self._journal.record(entry)
        async with self._turn(lease.camera):
            self._leases.use(lease.camera, lease.number, self._footing.now(), moving=True)
            self._told.discard(lease.camera)
            self._woken.set()
            await camera.move(velocity)

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        """See `Centre.keep_moving`."""
        lease = self._leases.lease(camera)
        if lease is not None and lease.holder != by.account:
            raise LeaseLost(_has_it(lease), where=camera, what_to_do=_ASK_FOR_IT)
        if lease is None or not lease.moving:
            raise LeaseLost(
                Words("ce mouvement est terminé", "this movement is over"),
                where=camera,
                what_to_do=Words("Reprenez la caméra", "Take the camera again"),
            )
        self._leases.use(camera, lease.number, self._footing.now(), moving=True)

    async def go_to(self, camera: Camera, pose: Pose, by: Author, preset: str, alarm: str) -> None:
        """See `Centre.go_to`."""
        action, name = (Action.PRESET_GO, f"preset/{preset}") if preset else (Action.PTZ_MOVE, "pose")
        entry = action_entry(action, by, camera.record.camera, subject=name)
        lease = await self._claim(camera, by, alarm)
        await self._journal.record(entry)
        async with self._turn(lease.camera):
            self._leases.use(lease.camera, lease.number, self._footing.now(), moving=False)
            self._told.discard(lease.camera)
            self._woken.set()
            await camera.go_to(pose)

    async def halt(self, camera: Camera, by: Author) -> None:
        """See `Centre.halt`."""
        name = camera.record.camera
        lease = self._leases.lease(name)
        if lease is not None and lease.holder != by.account:
            raise LeaseRefused(_has_it(lease), where=name, what_to_do=_ASK_FOR_IT)
        if lease is not None:
            self._leases.stop(name, lease.number, self._footing.now())
            self._woken.set()
            self._told.add(name)
        await camera.stop()
        await self._late.add(action_entry(Action.PTZ_MOVE, by, name, subject="halt"))

    async def give_back(self, camera: CameraId, by: Author) -> None:
        """See `Centre.give_back`."""
        lease = self._leases.lease(camera)
        if lease is not None and lease.holder == by.account:
            await self._carry_out(self._leases.give_back(camera, lease.number, self._footing.now()), by)

    # -- what happens -------------------------------------------------------------------------------------------------

    def restrict(self, is_short: bool) -> None:
        """Fewer than two watch, or enough again."""
        self._later(self._leases.restrict(is_short, self._footing.now()))

    def revoke(self, person: str) -> None:
        """He left the wall: what he holds is free."""
        self._later(self._leases.revoke(account_of(person), self._footing.now()))

    async def run(self) -> None:
        """Dead men, idle leases, Stops that nobody confirmed: for ever; sleeps while none is due."""
        async with asyncio.TaskGroup() as group:
            while True:
                decided, self._decided = [*self._decided, *self._leases.tick(self._footing.now())], []
                if decided:
                    group.create_task(self._carry_out(decided, BY_CSU), name="ptz")
                self._woken.clear()
                try:
                    async with asyncio.timeout(self._footing.until_s(self._leases.due_at_ns())):
                        await self._woken.wait()
                except TimeoutError:
                    continue

    # -- inside -------------------------------------------------------------------------------------------------------

    def _hear(self, event: CentreEvent) -> None:
        if isinstance(event, AlarmAdvanced) and event.alarm.state is AlarmState.CLOSED:
            self._later(self._leases.end_alarm(event.alarm.alarm, self._footing.now()))

    def _later(self, outcomes: Sequence[PtzOutcome]) -> None:
        if outcomes:
            self._decided += outcomes
            self._woken.set()

    async def _claim(self, camera: Camera, by: Author, alarm: str) -> Lease:
        """The author's lease of the camera, taken from who ranks below: he is told, and the camera stopped, first."""
        name = camera.record.camera
        self._require_used(name)
        if alarm:
            self._require_alarm(alarm)
        self._cameras[name] = camera
        self._leases.add(name)
        rank = PtzRank.ALARM if alarm else RANK_OF.get(by.role, PtzRank.OPERATOR)
        outcomes = self._leases.claim(name, by.account, rank, self._footing.now(), alarm=alarm)
        lease = self._leases.lease(name)
        assert lease is not None  # noqa: S101 - it was claimed in the line before last
        self._woken.set()
        await self._carry_out(outcomes, by)
        return lease

    async def _carry_out(self, outcomes: Sequence[PtzOutcome], by: Author) -> None:
        """Stops first; an end is told at once and journaled when it can be: it only takes."""
        await asyncio.gather(*(self._stop(each.camera) for each in outcomes if isinstance(each, StopCamera)))
        for outcome in outcomes:
            if isinstance(outcome, StopCamera):
                continue
            self._footing.tell(outcome)
            if isinstance(outcome, LeaseEnded):
                subject = f"lease/{outcome.why.value}/{outcome.lease.holder}"[:64]  # what fits into an entry
                await self._late.add(action_entry(Action.PTZ_MOVE, by, outcome.lease.camera, subject=subject))

    async def _stop(self, name: CameraId) -> None:
        """Told to stop now; again each second while it says that it moves. Journaled once."""
        if name in self._told and await self._has_stopped(name):
            self._leases.stopped(name)
            self._told.discard(name)
            return
        camera = self._cameras[name]
        async with self._turn(name):
            if not self._leases.is_to_stop(name):
                return  # somebody ordered it elsewhere meanwhile: that order is not cut short
            try:
                await camera.stop()
            except CameraError as error:
                if name not in self._told:
                    self._footing.tell_trouble(name, error.trouble.beside(name))
        if name not in self._told:
            self._told.add(name)
            await self._late.add(action_entry(Action.PTZ_MOVE, BY_CSU, name, subject="stop"))
        self._footing.tell(StopCamera(name, self._footing.now()))

    async def _has_stopped(self, name: CameraId) -> bool:
        """By its own word; a camera that does not answer is told again, one that cannot know is believed."""
        try:
            async with asyncio.timeout(POSE_WITHIN_S):
                reading = await self._cameras[name].pose()
        except (TimeoutError, CameraError):
            return False
        return reading is None or not reading.moving

    def _turn(self, name: CameraId) -> asyncio.Lock:
        """Orders reach a camera one by one."""
        return self._turns.setdefault(name, asyncio.Lock())


def _has_it(lease: Lease) -> Words:
    return Words(f"{lease.holder} la tient", f"{lease.holder} has it")
