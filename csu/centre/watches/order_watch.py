"""Holds every camera to its papers: one without an order in force is neither taken in nor watched (AUT-1, 2, 3, 6).

Looked at when an answer can change by itself, when papers are entered, and besides each second, so that what a prefect
stopped is stopped within seconds, whatever the clock or another process does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from csu.centre.events import CameraRightsChanged, CentreEvent, OrdersChanged, Trouble
from csu.centre.footing import words_of
from csu.centre.papers import ORDERS, Papers
from csu.centre.registers.late_entries import LateEntries
from csu.governance import Decision, ExpiryWarning
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import CameraId
from csu.hal.chance import Chaos
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.ingest.board import CameraBoard

SHARED_EVERY_S = 1.0
"""How soon papers entered in another process count."""
LOOK_EVERY_S = 30.0
"""Half of what AUT-6 allows: a clock that was set must not keep a stopped camera on."""


@dataclass(frozen=True, slots=True)
class _Standing:
    recorded: bool
    watched: bool
    until_ns: Nanoseconds | None
    """When a camera that may be recorded may no longer be; None: not before its papers change again, or closed."""


class OrderWatch:
    """One per centre. `give` hands the newest assignments of these cameras to their nodes."""

    def __init__(
        self,
        papers: Papers,
        cameras: Iterable[CameraId],
        board: CameraBoard,
        *,
        found_at_m: Mapping[CameraId, tuple[float, float]],
        now: Callable[[], Nanoseconds],
        tell: Callable[[CentreEvent], None],
        give: Callable[[Collection[CameraId]], Awaitable[None]],
        in_executor: Callable[[Callable[[], bool]], Awaitable[bool]],
        chaos: Chaos,
        late: LateEntries,
    ) -> None:
        """`found_at_m`: where cameras were found to stand (x, y in the site's metres), as far as anybody surveyed.

        `late`: orders that stop cameras wait for no journal; it is told when it can be that they were taken up."""
        self._papers, self._board, self._found_at_m, self._late = papers, board, found_at_m, late
        self._now, self._tell, self._give, self._in_executor, self._chaos = now, tell, give, in_executor, chaos
        self._woken = asyncio.Event()
        self._warned: set[tuple[str, int]] = set()
        self._warned_of: object = None
        self._warned_hour = 0
        self._told_unread = False
        self._entered = False
        papers.listen(self._wake)
        now_ns = now()
        self._standing: dict[CameraId, _Standing] = {}
        for camera in cameras:
            said = self._decide(camera, now_ns)
            self._standing[camera] = stands = self._stands(camera, said, now_ns)
            board.let_watch(camera, stands.watched)
            if not said.permitted:
                board.forbid(camera, said.reason, now_ns)
        self._next_ns = self._next_change_ns(now_ns)

    def may_record(self, camera: CameraId) -> bool:
        """Whether its pictures may be taken in now, as last looked at."""
        return self._standing[camera].recorded

    def may_watch(self, camera: CameraId) -> bool:
        """Whether anybody may watch it live, as last looked at: its commune may have agreed to storage only (COM-2)."""
        return self._standing[camera].watched

    def until_ns(self, camera: CameraId) -> Nanoseconds | None:
        """When its node must stop by itself, even if nobody reaches it any more; None: no end is known."""
        return self._standing[camera].until_ns

    async def run(self) -> None:
        """Follow the papers for ever."""
        if self._papers.broken:
            self._tell(Trouble(ORDERS, self._papers.broken, self._now()))
        while True:
            self._warn()
            await self._wait()
            is_read = await self._read()
            if self._entered and is_read:
                self._entered = False
                self._tell(OrdersChanged(self._now()))
                await self._follow()  # a right that ends waits for no journal (AUT-6)
                await self._late.add(deed_entry(OwnDeed.ORDERS, sha256=self._papers.digest))
            elif self._now() >= self._next_ns:
                await self._follow()

    async def look_again(self) -> None:
        """Somebody found where a camera stands (`found_at_m`)."""
        await self._follow()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        self._entered = True
        self._woken.set()

    async def _wait(self) -> None:
        longest_s = SHARED_EVERY_S if self._papers.is_shared or self._told_unread else LOOK_EVERY_S
        due_s = (self._next_ns - self._now()) / NS_PER_S
        try:
            async with asyncio.timeout(max(0.0, min(longest_s, due_s))):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _read(self) -> bool:
        """False: what may have been entered could not be read; it is tried again each second, and told once."""
        if not (self._papers.is_shared or self._entered):
            return True
        try:
            await self._chaos("orders.read")
            if self._papers.is_shared and await self._in_executor(self._papers.catch_up):
                self._papers.adopt()
            self._told_unread = False
        except (OSError, CsuError) as error:
            if self._papers.broken:
                self._papers.adopt()
            if not self._told_unread:  # once per failure of the disk, not once a second
                self._told_unread = True
                self._tell(Trouble(ORDERS, words_of(error, ORDERS), self._now()))
            return bool(self._papers.broken)  # broken papers permit nothing: that is followed at once
        return True

    async def _follow(self) -> None:
        """Who may no longer be recorded is told to its node first; who may be again, too."""
        now_ns = self._now()
        changed: list[tuple[CameraId, Decision]] = []
        given: list[CameraId] = []
        for camera, before in self._standing.items():
            said = self._decide(camera, now_ns)
            after = self._stands(camera, said, now_ns)
            if after != before:
                self._standing[camera] = after
                given.append(camera)
                if (after.recorded, after.watched) != (before.recorded, before.watched):
                    changed.append((camera, said))
        self._next_ns = self._next_change_ns(now_ns)
        if given:
            await self._give(given)
        for camera, said in changed:
            after = self._standing[camera]
            self._board.let_watch(camera, after.watched)
            changes = (
                self._board.permit(camera, now_ns)
                if said.permitted
                else self._board.forbid(camera, said.reason, now_ns)
            )
            for change in changes:
                self._tell(change)
            self._tell(CameraRightsChanged(camera, after.recorded, after.watched, now_ns, said.reason))

    def _decide(self, camera: CameraId, now_ns: Nanoseconds) -> Decision:
        said = self._papers.register.may_record(camera, now_ns)
        found = self._found_at_m.get(camera)
        if not said.permitted or found is None:
            return said
        stands = self._papers.register.may_stand(camera, *found, now_ns)
        return said if stands.permitted else stands

    def _stands(self, camera: CameraId, said: Decision, now_ns: Nanoseconds) -> _Standing:
        register = self._papers.register
        if not said.permitted:
            return _Standing(False, False, None)
        watched = register.may_view_live(camera, now_ns).permitted
        return _Standing(True, watched, register.recorded_until_ns(camera, now_ns))

    def _next_change_ns(self, now_ns: Nanoseconds) -> Nanoseconds:
        changes = (self._papers.register.next_change_ns(camera, now_ns) for camera in self._standing)
        return min((at_ns for at_ns in changes if at_ns is not None), default=2**62)

    def _warn(self) -> None:
        """180, 90 and 30 days before an order ends (AUT-2)."""
        now_ns = self._now()
        register, hour = self._papers.register, now_ns // (60 * NS_PER_MINUTE)
        if self._warned_of is register and self._warned_hour == hour:
            return  # a stage begins with a day, and that, in Paris as anywhere, with an hour
        self._warned_of, self._warned_hour = register, hour
        for warning in register.warnings(now_ns):
            stage = (warning.number, warning.stage_days)
            if stage not in self._warned:
                self._warned.add(stage)
                self._tell(Trouble(ORDERS, _ends_soon(warning), self._now()))


def _ends_soon(warning: ExpiryWarning) -> Words:
    return Words(
        f"l'arrêté {warning.number} prend fin le {warning.end_day} (dans {warning.days_left} j) : à renouveler",
        f"order {warning.number} ends on {warning.end_day} (in {warning.days_left} d): to be renewed",
    )
