"""Keeps what media nodes are told in step with the register of masks: who moved is masked first, then written down.

What would show more is journaled before a node hears of it, or is not done; what hides more is done first (0032).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from csu.centre.events import CameraLifecycleChanged, CentreEvent, MasksInForce, Trouble
from csu.centre.masks.commissioning import REGISTER, CameraSurvey, Commissioning, wholly_masked
from csu.centre.registers.late_entries import LateEntries
from csu.centre.registers.registers import noting
from csu.governance import Journal, JournalEntry, LifecycleRefused, MaskRegisterBroken, MaskSet, Standing, loosens
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment, CameraEvent
from csu.hal.site import Signatory
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraBoard

MASKS_EVERY_S = 1.0
"""How soon a signature given in another process is in force here."""

_MOVED = Words("elle a bougé ; ses masques sont à signer de nouveau", "it moved; its masks are to be signed again")


@dataclass(frozen=True, slots=True)
class _State:
    """What is told of a camera. `version` 0: nothing in force, wholly masked."""

    lifecycle: CameraLifecycle
    version: int


class MaskWatch:
    """One per centre. `give` hands an assignment to its node; `in_executor` runs what blocks."""

    def __init__(
        self,
        commissioning: Commissioning | None,
        assignments: Iterable[Assignment],
        board: CameraBoard,
        *,
        now: Callable[[], Nanoseconds],
        tell: Callable[[CentreEvent], None],
        give: Callable[[Assignment], Awaitable[None]],
        in_executor: Callable[[Callable[[], None]], Awaitable[None]],
        journal: Journal,
        late: LateEntries,
    ) -> None:
        """`commissioning` None: nobody keeps a register (a simulated city); assignments stand as they are given."""
        self._commissioning = commissioning
        self._board = board
        self._now, self._tell, self._give, self._in_executor = now, tell, give, in_executor
        self._journal, self._late = journal, late
        self._register = asyncio.Lock()
        self._moved: dict[CameraId, tuple[Nanoseconds, Words]] = {}
        """Moves that are not written down yet: these cameras are wholly masked whatever the register says."""
        self._told_unwritten = False
        self._warned: set[CameraId] = set()
        self._unjournaled: set[CameraId] = set()
        """Cameras that keep the masks they had, because the journal would not take the new ones: told once."""
        self._assignments = {a.record.camera: self._bound(a) for a in assignments}
        seen = {camera: self._seen(camera) for camera in self._assignments}
        self._state = {camera: state for camera, (state, _) in seen.items()}
        self._told_sets = {camera: _set_of(standing) for camera, (_, standing) in seen.items()}
        for camera, state in self._state.items():
            board.commission(camera, state.lifecycle, state.version)

    @property
    def assignments(self) -> Mapping[CameraId, Assignment]:
        """What each camera's node is to be told now."""
        return self._assignments

    def _bound(self, assignment: Assignment) -> Assignment:
        """The assignment with the masks in force."""
        if assignment.record.camera in self._moved:
            return wholly_masked(assignment)
        return assignment if self._commissioning is None else self._commissioning.bind(assignment, self._now())

    async def reassign(self, assignment: Assignment) -> None:
        """Give a camera a new address or edge plan, and no other masks. Raises KeyError for an unknown camera."""
        camera = assignment.record.camera
        if camera not in self._assignments:
            raise KeyError(camera)
        async with self._register:
            bound = self._assignments[camera] = self._with_masks_as_told(assignment)
        await self._give(bound)

    def _with_masks_as_told(self, assignment: Assignment) -> Assignment:
        """Masks change where that is journaled, and nowhere else."""
        if self._commissioning is None:
            return self._bound(assignment)
        told = self._assignments[assignment.record.camera]
        plan = assignment.edge if assignment.mask_epoch == told.mask_epoch and told.commissioned else None
        return replace(told, address=assignment.address, edge=plan)

    async def take_in(self, assignment: Assignment, said: CameraSurvey, signatories: Sequence[Signatory]) -> None:
        """A camera that was silent when the centre opened: what its site says is proposed, as it was then.

        Its node has it wholly masked until what is in force is journaled, as after any signature. Raises CsuError.
        """
        commissioning, camera = self._commissioning, assignment.record.camera
        if commissioning is None:
            self._assignments[camera] = assignment
            self._state[camera], _ = self._seen(camera)
        else:
            propose = partial(commissioning.take_in, [said], signatories, self._now(), noting(self._journal))
            async with self._register:
                await self._in_executor(propose)
            self._tell_troubles(commissioning)
            standing = commissioning.standing(camera, self._now())
            waits = standing.lifecycle if standing.in_force is None else CameraLifecycle.NOT_COMMISSIONED
            self._assignments[camera], self._state[camera] = wholly_masked(assignment), _State(waits, 0)
        self._told_sets[camera] = None
        self._board.commission(camera, self._state[camera].lifecycle, self._state[camera].version)
        await self._give(self._assignments[camera])

    async def hear_moved(self, event: CameraEvent) -> None:
        """A camera was turned or knocked (PRV-6). Its node masks all of it before anything is written."""
        camera = event.camera
        if camera not in self._assignments:
            return
        self._moved.setdefault(camera, (event.at_ns, event.detail or _MOVED))
        self._assignments[camera] = wholly_masked(self._assignments[camera])
        self._told_sets[camera] = None
        await self._give(self._assignments[camera])
        self._change(camera, event.detail or _MOVED)
        await self._late.add(deed_entry(OwnDeed.WHOLLY_MASKED, cameras=[camera]))
        await self._write_moves()

    async def set_lifecycle(self, camera: CameraId, after: CameraLifecycle, by: str, reason: str) -> None:
        """A person sets a camera aside, or brings it back to be signed off: its node masks all of it at once.

        Raises LifecycleRefused, MaskProposalRefused; CsuError: nothing was written, it is as before.
        """
        commissioning = self._commissioning
        if commissioning is None:
            raise LifecycleRefused(
                Words("ce centre ne tient pas de registre des masques", "this centre keeps no register of masks"),
                where=camera,
                what_to_do=Words("Rien n'a changé", "Nothing changed"),
            )
        decide = partial(commissioning.set_lifecycle, camera, after, by, reason, self._now())
        async with self._register:
            await self._in_executor(decide)
        await self._follow_register()

    async def run(self) -> None:
        """Follow the register for ever; returns at once without one."""
        if self._commissioning is None:
            return
        self._tell_troubles(self._commissioning)
        while True:
            await asyncio.sleep(MASKS_EVERY_S)
            await self._write_moves()
            await self._read_register()
            await self._follow_register()

    # -- the register -------------------------------------------------------------------------------------------------

    async def _write_moves(self) -> None:
        commissioning = self._commissioning
        if commissioning is None:
            return
        async with self._register:
            for camera, (at_ns, why) in list(self._moved.items()):
                try:
                    await self._in_executor(partial(commissioning.moved, camera, at_ns, why))
                except CsuError as error:
                    self._fail(commissioning, error)
                    return  # still held, so still wholly masked; tried again in a second
                del self._moved[camera]
            self._told_unwritten = False

    async def _read_register(self) -> None:
        commissioning = self._commissioning
        if commissioning is None:
            return
        async with self._register:
            try:
                await self._in_executor(commissioning.catch_up)
            except CsuError as error:
                self._fail(commissioning, error)

    def _fail(self, commissioning: Commissioning, error: CsuError) -> None:
        if isinstance(error, MaskRegisterBroken):
            commissioning.give_up(error.trouble.words)
        elif self._told_unwritten:
            return  # told once per failure of the disk, not once a second
        self._told_unwritten = True
        self._tell(Trouble(REGISTER, error.trouble.beside(REGISTER), self._now()))

    async def _follow_register(self) -> None:
        """Nodes are told what changed, and people what is due."""
        for camera, before in list(self._state.items()):  # one may come while the journal is written
            state, standing = self._seen(camera)
            if state != before:
                await self._follow(camera, state, standing)
            if standing is not None and standing.verification_due and camera not in self._warned:
                self._warned.add(camera)
                self._tell(Trouble(camera, _due(standing), self._now()))

    async def _follow(self, camera: CameraId, state: _State, standing: Standing | None) -> None:
        deed = OwnDeed.MASKS_IN_FORCE if state.version else OwnDeed.WHOLLY_MASKED
        entry = deed_entry(deed, str(state.version) if state.version else "", cameras=[camera])
        shows_more = self._shows_more(camera, standing)
        if shows_more and not await self._journaled(camera, entry):
            return  # as it was; asked again in a second
        async with self._register:
            if shows_more and self._seen(camera)[0] != state:
                return  # it moved, or people decided otherwise, while that was written
            self._assignments[camera] = self._bound(self._assignments[camera])
            self._told_sets[camera] = _set_of(self._seen(camera)[1])
        await self._give(self._assignments[camera])
        self._change(camera, standing.why if standing is not None else NO_WORDS)
        if not shows_more:
            await self._late.add(entry)

    def _shows_more(self, camera: CameraId, standing: Standing | None) -> bool:
        """Whether what is in force now shows anything that what its node was told hides."""
        after, before = _set_of(standing), self._told_sets[camera]
        return after is not None and (before is None or bool(loosens(before, after)))

    async def _journaled(self, camera: CameraId, entry: JournalEntry) -> bool:
        try:
            await self._journal.record(entry)
        except CsuError as error:
            if camera not in self._unjournaled:
                self._unjournaled.add(camera)
                self._tell(Trouble(camera, error.trouble.what, self._now()))
            return False
        self._unjournaled.discard(camera)
        return True

    def _tell_troubles(self, commissioning: Commissioning) -> None:
        while commissioning.troubles:
            where, what = commissioning.troubles.pop(0)
            self._tell(Trouble(where, what, self._now()))

    # -- telling ------------------------------------------------------------------------------------------------------

    def _seen(self, camera: CameraId) -> tuple[_State, Standing | None]:
        if camera in self._moved:
            return _State(CameraLifecycle.NOT_COMMISSIONED, 0), None
        if self._commissioning is None:
            given = self._assignments[camera]
            state = CameraLifecycle.ACTIVE if given.commissioned else CameraLifecycle.NOT_COMMISSIONED
            return _State(state, given.mask_epoch if given.commissioned else 0), None
        standing = self._commissioning.standing(camera, self._now())
        return _State(standing.lifecycle, standing.in_force.number if standing.in_force else 0), standing

    def _change(self, camera: CameraId, why: Words) -> None:
        before, (after, _) = self._state[camera], self._seen(camera)
        self._state[camera] = after
        self._board.commission(camera, after.lifecycle, after.version)
        if after.lifecycle is not before.lifecycle:
            self._tell(CameraLifecycleChanged(camera, before.lifecycle, after.lifecycle, self._now(), why))
        if after.version and after.version != before.version:
            self._tell(MasksInForce(camera, after.version, self._now()))


def _set_of(standing: Standing | None) -> MaskSet | None:
    """What masks the camera; None: its whole picture is hidden."""
    return standing.in_force.mask_set if standing is not None and standing.in_force is not None else None


def _due(standing: Standing) -> Words:
    end_ns = standing.verify_before_ns or 0
    day = datetime.fromtimestamp(end_ns // NS_PER_S, UTC).date().isoformat()
    return Words(
        f"ses masques sont à revérifier avant le {day} ; ensuite toute l'image est masquée",
        f"its masks are to be verified again before {day}; then the whole picture is masked",
    )
