"""A camera under examination, as the questions see it: its adapter, the eyes, and what was seen so far."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from onveef import envelopes

from csu.hal.camera import CameraCapabilities, CameraError, OnboardMask, StreamAddress
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.conformance import Examination, MaskPlan, StreamEyes, StreamLook
from hardware.conform.camera_target import CameraTarget
from hardware.onvif import OnvifCamera, OnvifSettings
from hardware.onvif.ears import media_profiles
from hardware.onvif.reading import MediaProfile, PtzStatus, ptz_status
from hardware.onvif.session import Session

SHORT_S = 2.0
"""How long a stream is watched where a look is enough."""
BACK_WITHIN_S = 120.0
"""After a restart: cameras take 30 to 90 s."""
TRY_EVERY_S = 0.5


@dataclass(slots=True)
class CameraSubject:
    """One camera. `session` is a conversation of its own, beside the adapter's."""

    target: CameraTarget
    settings: OnvifSettings
    camera: OnvifCamera
    secure: OnvifCamera
    """The same, that takes streams over TLS only."""
    session: Session
    eyes: StreamEyes
    how: Examination
    clock: Clock
    fingerprint: str = ""
    make: str = ""
    takes_rtsps: bool = False
    """Its streams are taken over TLS."""
    can: CameraCapabilities | None = None
    main: StreamLook | None = None
    plan: MaskPlan | None = None
    stood: tuple[MediaProfile, PtzStatus] | None = None
    """Where it looked before it was first turned."""
    masks_before: tuple[OnboardMask, ...] | None = None
    is_put_back: bool = False
    """Both were given back to it, as far as it let them."""
    first_ahead: tuple[float, float, float] | None = None
    """(seconds of ours, how far its clock was ahead, give or take), by the first stream that was watched."""
    restarted_in_s: float | None = None

    async def capabilities(self) -> CameraCapabilities:
        """Asked once."""
        if self.can is None:
            self.can = await self.camera.capabilities()
        return self.can

    async def profiles(self) -> tuple[str, ...]:
        """(main, sub) as the adapter chose them."""
        return tuple(each.profile for each in (await self.capabilities()).profiles)

    async def address(self, profile: str) -> StreamAddress:
        return await (self.secure if self.takes_rtsps else self.camera).stream(profile)

    async def main_look(self) -> StreamLook:
        """The main stream, watched for as long as the examination says; once."""
        if self.main is None:
            main = (await self.profiles())[0]
            self.main = await self.eyes.watch(await self.address(main), self.how.seconds)
            self._note_clock(self.main)
        return self.main

    async def mask_plan(self) -> MaskPlan:
        """A mask for the main stream's size."""
        if self.plan is None:
            look, can = await self.main_look(), await self.capabilities()
            self.plan = self.eyes.plan(look.width_px, look.height_px, can.onboard_masks, can.onboard_mask_corners_max)
        return self.plan

    def _note_clock(self, look: StreamLook) -> None:
        if self.first_ahead is None and look.clock_ahead_s is not None:
            self.first_ahead = self.clock.monotonic_ns() / NS_PER_S, look.clock_ahead_s, look.clock_unsure_s

    async def turning_profile(self) -> MediaProfile | None:
        """One by which it can be turned."""
        if not (await self.capabilities()).ptz:
            return None
        for service in ("media2", "media"):
            if await self.session.offers(service):
                for profile in await media_profiles(self.session, service):
                    if profile.ptz_configuration and profile.ptz_node:
                        return profile
        return None

    async def status(self, profile: MediaProfile) -> PtzStatus:
        """Where it looks and whether it moves, as it says."""
        body = envelopes.ptz_get_status(profile_token=profile.token)
        return ptz_status(await self.session.call("ptz", "GetStatus", body))

    async def rests(self, profile: MediaProfile, within_s: float) -> float | None:
        """Seconds until two statuses agree that it rests; None when they do not within `within_s`."""
        began_ns, before = self.clock.monotonic_ns(), await self.status(profile)
        while (passed_s := (self.clock.monotonic_ns() - began_ns) / NS_PER_S) < within_s:
            await asyncio.sleep(0.1)
            now = await self.status(profile)
            if now.says_moving is not True and now.position == before.position:
                return passed_s
            before = now
        return None

    async def restart(self) -> float:
        """Restart it, and wait until it answers; seconds. Once. Raises CameraError."""
        if self.restarted_in_s is None:
            began_ns = self.clock.monotonic_ns()
            await self.session.call("device", "SystemReboot", envelopes.device_system_reboot())
            await asyncio.sleep(TRY_EVERY_S)
            await self.back_again(began_ns)
            self.restarted_in_s = (self.clock.monotonic_ns() - began_ns) / NS_PER_S
        return self.restarted_in_s

    async def back_again(self, began_ns: int) -> None:
        """Until it answers and streams, or BACK_WITHIN_S have passed. Raises CameraError."""
        while True:
            try:
                await self.session.close()
                await self.camera.close()
                await self.secure.close()
                self.can = None
                await self.eyes.offer(await self.address((await self.profiles())[0]))
                return
            except CameraError:
                if (self.clock.monotonic_ns() - began_ns) / NS_PER_S > BACK_WITHIN_S:
                    raise
                await asyncio.sleep(TRY_EVERY_S)
