"""Cameras whose stream is lost are asked where it is now; those that were silent when the centre opened are taken in
once they answer; those that offer sound again are made deaf again.

A device that restarts may have other profiles, another port or another address: whoever knocks at the old one for ever
records nothing more. Only the address changes: masks are the register's (`Centre.reassign`). A shell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from csu.governance import Journal
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import AudioState, Camera, CameraId, StreamAddress
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment, CameraEvent, CameraEventKind
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraChanged, CameraState

LOOK_EVERY_S = 1.0
FIRST_AFTER_NS = 3 * NS_PER_S
"""Its node knocks again after a second: most losses are over by then."""
AGAIN_AFTER_NS = (5 * NS_PER_S, 10 * NS_PER_S, 30 * NS_PER_S, NS_PER_MINUTE)
WITHIN_S = 20.0
"""For a whole answer, a search of the network included."""
AT_ONCE_MAX = 16
REASONS_MAX = 8
"""Of one loss, told once each; a device that thinks of more is only asked."""
DEAF_EVERY_NS = 10 * NS_PER_MINUTE
"""A camera that gives itself ears again and again is told each time, and not written to each time."""

_LOST = frozenset({CameraState.LOST, CameraState.REFUSED, CameraState.UNSUPPORTED})


@dataclass(slots=True)
class Asking:
    """When one lost camera is asked next. A pure core."""

    due_ns: Nanoseconds
    tries: int = 0

    @staticmethod
    def begin(now_ns: Nanoseconds) -> Asking:
        return Asking(now_ns + FIRST_AFTER_NS)

    def is_due(self, now_ns: Nanoseconds) -> bool:
        return now_ns >= self.due_ns

    def asked(self, now_ns: Nanoseconds) -> None:
        """It was asked, and is lost still."""
        self.due_ns = now_ns + AGAIN_AFTER_NS[min(self.tries, len(AGAIN_AFTER_NS) - 1)]
        self.tries += 1


class DeviceWatch:
    """One per centre: `run` it in a task of the control plane, `hear` every event."""

    def __init__(
        self,
        cameras: Sequence[Camera],
        *,
        assignment: Callable[[CameraId], Assignment],
        reassign: Callable[[Assignment], Awaitable[None]],
        may_record: Callable[[CameraId], bool],
        tell: Callable[[CameraId, Words], None],
        clock: Clock,
        journal: Journal,
        awaited: Sequence[tuple[Camera, Words]] = (),
        take_in: Callable[[Camera], Awaitable[None]] | None = None,
        miss: Callable[[CameraId, Words], None] = lambda camera, why: None,
    ) -> None:
        """`awaited`: cameras that did not answer yet, and why. `take_in`: asks one, and gives it its place; raises
        CsuError as long as it does not answer. `miss`: told each time that it does not."""
        self._awaited = {camera.record.camera: camera for camera, _ in awaited} if take_in is not None else {}
        self._take_in_one, self._miss = take_in, miss
        self._reasons = [(camera.record.camera, why) for camera, why in awaited]
        self._cameras = {camera.record.camera: camera for camera in cameras}
        self._assignment, self._reassign, self._may_record = assignment, reassign, may_record
        self._tell, self._clock, self._journal = tell, clock, journal
        self._lost: dict[CameraId, Asking] = {}
        self._hearing: set[CameraId] = set()
        self._deafened_ns: dict[CameraId, Nanoseconds] = {}
        self._told: dict[CameraId, set[Words]] = {}
        for camera in self._awaited:
            self._lost[camera] = Asking.begin(clock.monotonic_ns())

    def hear(self, event: object) -> None:
        """Any event of the centre."""
        if isinstance(event, CameraChanged) and event.camera in self._cameras:
            if event.after in _LOST:
                self._lost.setdefault(event.camera, Asking.begin(self._clock.monotonic_ns()))
            else:
                self._lost.pop(event.camera, None)
                self._told.pop(event.camera, None)
        elif isinstance(event, CameraChanged) and event.camera in self._awaited:
            if event.after is CameraState.LIVE:  # its node was quicker than `take_in`
                self._lost.pop(event.camera, None)
        elif isinstance(event, CameraEvent) and event.kind is CameraEventKind.AUDIO_OFFERED:
            if event.camera in self._cameras:
                self._hearing.add(event.camera)

    async def run(self) -> None:
        """Until cancelled; without cameras there is nothing to look at."""
        for camera, why in self._reasons:
            self._tell_once(camera, why)
        while self._cameras or self._awaited:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Ask those that are due."""
        now_ns, gate = self._clock.monotonic_ns(), asyncio.Semaphore(AT_ONCE_MAX)

        async def one(work: Awaitable[None]) -> None:
            async with gate:
                await work

        due = [camera for camera, asking in self._lost.items() if asking.is_due(now_ns) and self._may_ask(camera)]
        hearing = [camera for camera in self._hearing if self._may_deafen(camera, now_ns)]
        self._hearing.clear()
        await asyncio.gather(*(one(self._ask(camera)) for camera in due), *(one(self._deafen(c)) for c in hearing))

    def _may_ask(self, camera: CameraId) -> bool:
        """One that is awaited is asked as it was at the opening: its masks can be signed before an order covers it."""
        return camera in self._awaited or self._may_record(camera)

    def _may_deafen(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        last_ns = self._deafened_ns.get(camera)
        return last_ns is None or now_ns - last_ns >= DEAF_EVERY_NS

    async def _ask(self, camera: CameraId) -> None:
        why = NO_WORDS
        try:
            if camera in self._awaited:
                await self._take_in(camera)
                return
            else:
                async with asyncio.timeout(WITHIN_S):
                    await self._follow(camera, await self._stream(camera))
        except CsuError as error:
            why = error.trouble.beside(camera)
        except TimeoutError:
            why = Words(f"pas de réponse en {WITHIN_S:g} s", f"no answer within {WITHIN_S:g} s")
        if camera in self._lost:
            self._lost[camera].asked(self._clock.monotonic_ns())
        if why and camera in self._awaited:
            self._miss(camera, why)
        if why:
            self._tell_once(camera, why)

    def _tell_once(self, camera: CameraId, why: Words) -> None:
        """Each reason once, until it is back."""
        told = self._told.setdefault(camera, set())
        if why not in told and len(told) < REASONS_MAX:
            told.add(why)
            self._tell(camera, why)

    async def _take_in(self, camera: CameraId) -> None:
        """It has its place from here on, and counts as lost until its node vouches for it."""
        if self._take_in_one is None:
            return
        await self._take_in_one(self._awaited[camera])
        self._cameras[camera] = self._awaited.pop(camera)
        if camera in self._lost:
            self._lost[camera] = Asking.begin(self._clock.monotonic_ns())
        self._told.pop(camera, None)
        self._tell(camera, _TAKEN_IN)

    async def _stream(self, camera: CameraId) -> StreamAddress:
        device = self._cameras[camera]
        can = await device.capabilities()
        if can.audio_sources:
            await self._refuse_audio(device)
        return await device.stream(can.profiles[0].profile)

    async def _follow(self, camera: CameraId, found: StreamAddress) -> None:
        before = self._assignment(camera)
        if found == before.address:
            return
        await self._reassign(replace(before, address=found))
        self._tell(camera, _FOLLOWED)

    async def _deafen(self, camera: CameraId) -> None:
        self._deafened_ns[camera] = self._clock.monotonic_ns()
        try:
            async with asyncio.timeout(WITHIN_S):
                state = await self._refuse_audio(self._cameras[camera])
        except CsuError as error:
            self._tell(camera, error.trouble.beside(camera))
            return
        except TimeoutError:
            state = AudioState.STILL_OFFERED
        self._tell(camera, _DEAF_AGAIN if state is AudioState.ABSENT else _HEARS_STILL)

    async def _refuse_audio(self, device: Camera) -> AudioState:
        await self._journal.record(deed_entry(OwnDeed.SOUND_REFUSED, cameras=[device.record.camera]))
        return await device.refuse_audio()


_TAKEN_IN = Words("elle répond : elle est prise en charge", "it answers: it is taken in")
_FOLLOWED = Words("son flux est ailleurs : elle y est suivie", "its stream is elsewhere: it is followed there")
_DEAF_AGAIN = Words(
    "elle offrait du son : il en est ôté de nouveau", "it offered sound: that is taken out of it once more"
)
_HEARS_STILL = Words(
    "elle offre du son et n'en démord pas : aucun n'est pris, débranchez son micro",
    "it offers sound and does not leave off: none is taken; unplug its microphone",
)
