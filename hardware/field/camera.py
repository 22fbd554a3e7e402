"""A camera of a real site: the ONVIF adapter held to the camera's entry, and found again when its address changed.

It is followed to another address over TLS only: the certificate on record proves there that it is the same one. A login
that it no longer takes is read anew: somebody may have changed it (`csu camera rotate`). Shell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraError,
    CameraRecord,
    OnboardMask,
    PtzVelocity,
    StreamAddress,
)
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.errors import CsuError, Trouble
from csu.hal.fieldwork import Route
from csu.hal.place import Pose, PoseReading
from csu.hal.words import Words
from hardware.field.finder import Finder
from hardware.onvif import DeviceSilent, LoginRefused, OnvifCamera, OnvifSettings
from hardware.vault import Login

_T = TypeVar("_T")
LOGIN_READ_EVERY_NS = 5 * NS_PER_S
"""A pose is asked ten times a second; the vault is not."""

Moved = Callable[[str], None]
"""Told the address at which a camera was found again; it writes it down, and may block."""


class FieldCamera:
    """See `csu.hal.camera.Camera`."""

    def __init__(
        self,
        settings: OnvifSettings,
        login: Login,
        *,
        route: Route,
        endpoint: str,
        finder: Finder,
        moved: Moved,
        login_now: Callable[[], Login],
        clock: Clock,
        chance: Chance,
    ) -> None:
        """`login_now` reads the vault anew, and may block. Raises CsuError."""
        self._settings, self._login, self._clock, self._chance = settings, login, clock, chance
        self._route, self._endpoint, self._finder, self._moved = route, endpoint, finder, moved
        self._login_now, self._login_read_ns = login_now, clock.monotonic_ns() - LOGIN_READ_EVERY_NS
        self._device = OnvifCamera(settings, login, clock, chance)
        self._changing = asyncio.Lock()

    @property
    def record(self) -> CameraRecord:
        return self._settings.record

    async def close(self) -> None:
        """Stop what moves, and hang up."""
        await self._device.close()

    async def capabilities(self) -> CameraCapabilities:
        """What its examination did not prove is not relied upon: on the engine's route it has no masks of its own."""
        can = await self._asked(lambda device: device.capabilities())
        return can if self._route is Route.EDGE else replace(can, onboard_masks=0)

    async def stream(self, profile: str) -> StreamAddress:
        return await self._asked(lambda device: device.stream(profile))

    async def snapshot(self) -> StreamAddress | None:
        return await self._asked(lambda device: device.snapshot(), search=False)

    async def pose(self) -> PoseReading | None:
        return await self._asked(lambda device: device.pose(), search=False)

    async def move(self, velocity: PtzVelocity) -> None:
        await self._asked(lambda device: device.move(velocity), search=False)

    async def stop(self) -> None:
        await self._asked(lambda device: device.stop(), search=False)

    async def go_to(self, pose: Pose) -> None:
        await self._asked(lambda device: device.go_to(pose), search=False)

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        await self._asked(lambda device: device.push_masks(masks), search=False)

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        return await self._asked(lambda device: device.read_masks(), search=False)

    async def refuse_audio(self) -> AudioState:
        return await self._asked(lambda device: device.refuse_audio(), search=False)

    async def speak(self, pcmu: bytes) -> None:
        """See `csu.hal.loudspeaker.Loudspeaker`."""
        await self._asked(lambda device: device.speak(pcmu), search=False)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _asked(self, ask: Callable[[OnvifCamera], Awaitable[_T]], *, search: bool = True) -> _T:
        """Ask; with another login where it does not take this one, and elsewhere (`search`) where nobody answers."""
        before = self._device
        try:
            return await ask(before)
        except LoginRefused:
            async with self._changing:
                if self._device is before and not await self._has_another_login():
                    raise
        except DeviceSilent:
            if not search:
                raise
            async with self._changing:
                if self._device is before and not await self._found_again():
                    raise
        return await ask(self._device)

    async def _has_another_login(self) -> bool:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._login_read_ns < LOGIN_READ_EVERY_NS:
            return False
        self._login_read_ns = now_ns
        try:
            login = await asyncio.to_thread(self._login_now)
        except CsuError:
            return False  # the vault cannot be read: that the login is refused is told as it was
        if login == self._login:
            return False
        left, self._login = self._device, login
        self._device = OnvifCamera(self._settings, login, self._clock, self._chance)
        await left.close()
        return True

    async def _found_again(self) -> bool:
        """Raises CameraError where it answers elsewhere and nothing proves that it is the one."""
        try:
            address = await self._finder.address_of(self._endpoint)
        except CsuError:
            return False  # the search could not be sent: that it is silent is told as it was
        if address is None or address == self._settings.address:
            return False
        if not self._settings.is_tls:
            raise _unproved(self.record.camera, address)
        settings = replace(self._settings, address=address)
        device = OnvifCamera(settings, self._login, self._clock, self._chance)
        try:
            await device.capabilities()  # over TLS with the certificate on record, and with its own login
        except CameraError:
            await device.close()
            raise
        left, self._device, self._settings = self._device, device, settings
        await left.close()
        await asyncio.to_thread(self._moved, address)
        return True


class UnusableCamera:
    """A camera of the site that cannot be spoken to, and why: every call raises it. It harms no other."""

    def __init__(self, record: CameraRecord, why: Trouble) -> None:
        self._record, self._why = record, why

    @property
    def record(self) -> CameraRecord:
        return self._record

    async def capabilities(self) -> CameraCapabilities:
        raise self._error()

    async def stream(self, profile: str) -> StreamAddress:
        raise self._error()

    async def snapshot(self) -> StreamAddress | None:
        raise self._error()

    async def pose(self) -> PoseReading | None:
        raise self._error()

    async def move(self, velocity: PtzVelocity) -> None:
        raise self._error()

    async def stop(self) -> None:
        raise self._error()

    async def go_to(self, pose: Pose) -> None:
        raise self._error()

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        raise self._error()

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        raise self._error()

    async def refuse_audio(self) -> AudioState:
        raise self._error()

    async def speak(self, pcmu: bytes) -> None:
        raise self._error()

    def _error(self) -> CameraError:
        return CameraError(self._why.what, where=self._why.where, what_to_do=self._why.what_to_do)


def _unproved(camera: str, address: str) -> CameraError:
    return CameraError(
        Words(
            f"elle se dit maintenant à {address}, et sans TLS rien ne le prouve",
            f"it says it is at {address} now, and without TLS nothing proves it",
        ),
        where=camera,
        what_to_do=Words("Vérifiez-la sur place, puis corrigez son fichier", "Check it on site, then correct its file"),
    )
