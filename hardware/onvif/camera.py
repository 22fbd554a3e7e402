"""A real camera through its port: what the engine asks, as ONVIF. Shell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from weakref import WeakSet

from onveef import envelopes

from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraError,
    CameraRecord,
    OnboardMask,
    PtzVelocity,
    StreamAddress,
    StreamProfile,
)
from csu.hal.chance import Chance
from csu.hal.clock import Clock
from csu.hal.place import Pose, PoseReading
from csu.hal.words import Words
from hardware.onvif.device_time import ClockReading
from hardware.onvif.ears import ears, media_profiles, refuse_audio
from hardware.onvif.errors import DeviceFault, NotOffered, not_offered
from hardware.onvif.events import DeviceEvent, EventFeed, EventKind
from hardware.onvif.head import Head
from hardware.onvif.onboard import OnboardMasks
from hardware.onvif.reading import MediaProfile, ir_cut_filter, uri
from hardware.onvif.session import Session
from hardware.onvif.settings import OnvifSettings
from hardware.onvif.speaking import speak
from hardware.onvif.streams import main_and_sub
from hardware.vault.login import Login


class DayNight(StrEnum):
    """What the camera's infra-red filter stands at."""

    DAY = "day"
    NIGHT = "night"
    AUTO = "auto"
    """It decides by itself; which of the two it is now, ONVIF does not tell."""


class OnvifCamera:
    """One camera: a `csu.hal.camera.Camera`, and its `csu.hal.loudspeaker.Loudspeaker`. Made by `open_onvif_camera`."""

    def __init__(self, settings: OnvifSettings, login: Login, clock: Clock, chance: Chance) -> None:
        self._settings = settings
        self._login = login
        self._clock = clock
        self._chance = chance
        self._session = Session(settings, login, clock)
        self._masks = OnboardMasks(self._session)
        self._head: Head | None = None
        self._is_fixed = False
        self._feeds: WeakSet[EventFeed] = WeakSet()
        self._sessions: WeakSet[Session] = WeakSet([self._session])

    @property
    def record(self) -> CameraRecord:
        return self._settings.record

    async def close(self) -> None:
        """Stop what moves, and hang up."""
        if self._head is not None:
            await self._head.close()
        await self._session.close()

    async def capabilities(self) -> CameraCapabilities:
        _, chosen = await self._chosen()
        turning = await self._turning_profile()
        await self._turn_by(turning)
        limits = await self._masks.limits(chosen[0].video_source_configuration)
        return CameraCapabilities(
            ptz=turning is not None,
            onboard_masks=limits.masks,
            audio_sources=len(await ears(self._session)),
            profiles=tuple(_stream_profile(profile) for profile in chosen),
            onboard_mask_corners_max=limits.corners or 4,
            dynamics=self._settings.dynamics if turning is not None else None,
        )

    async def stream(self, profile: str) -> StreamAddress:
        service, chosen = await self._chosen()
        if profile not in [each.token for each in chosen]:
            offered = [each.token for each in chosen]
            raise CameraError(
                Words(f"elle n'a pas de profil {profile!r}", f"it has no profile {profile!r}"),
                where=self.record.camera,
                what_to_do=Words(f"Demandez {' ou '.join(offered)}", f"Ask for {' or '.join(offered)}"),
            )
        secure = self._settings.rtsps
        body = envelopes.media_get_stream_uri(
            profile_token=profile, use_media2=service == "media2", protocol2="RtspsUnicast" if secure else "RTSP"
        )
        told = uri(await self._session.call(service, "GetStreamUri", body))
        return self._address(self._session.enrolled.stream(told, "stream", secure=secure))

    async def snapshot(self) -> StreamAddress | None:
        service, chosen = await self._chosen()
        body = envelopes.media_get_snapshot_uri(profile_token=chosen[0].token, use_media2=service == "media2")
        try:
            told = uri(await self._session.call(service, "GetSnapshotUri", body))
        except (NotOffered, DeviceFault):
            return None
        return self._address(self._session.enrolled.still(told, "snapshot")) if told else None

    async def pose(self) -> PoseReading | None:
        head = await self._known_head()
        if head is not None:
            return await head.pose()
        fixed = self._settings.fixed_pose
        return PoseReading(fixed, self._clock.now_ns(), moving=False) if fixed is not None else None

    async def move(self, velocity: PtzVelocity) -> None:
        shares = (velocity.pan, velocity.tilt, velocity.zoom)
        if not all(-1.0 <= share <= 1.0 for share in shares):
            raise CameraError(
                Words(
                    f"les vitesses {shares} ne sont pas toutes dans [-1, 1]",
                    f"speeds {shares} are not all within [-1, 1]",
                ),
                where=self.record.camera,
                what_to_do=Words("Demandez un mouvement plus lent", "Ask for a slower move"),
            )
        head = await self._turning_head()
        await (head.move(velocity) if any(shares) else head.stop())

    async def stop(self) -> None:
        head = await self._known_head()
        if head is not None:
            await head.stop()

    async def go_to(self, pose: Pose) -> None:
        await (await self._turning_head()).go_to(pose)

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        await self._masks.push(await self._main_configuration(), masks)

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        return await self._masks.read(await self._main_configuration())

    async def refuse_audio(self) -> AudioState:
        return await refuse_audio(self._session)

    async def speak(self, pcmu: bytes) -> None:
        """See `csu.hal.loudspeaker.Loudspeaker`."""
        _, chosen = await self._chosen()
        address = await self.stream(chosen[0].token)
        limit_s = self._settings.answer_s_max
        await speak(self.record.camera, address, pcmu, clock=self._clock, chance=self._chance, answer_s_max=limit_s)

    # -- beyond the port ----------------------------------------------------------------------------------------------

    @property
    def is_runaway(self) -> bool:
        """It was told to stop and does not, or cannot be seen to."""
        return self._head is not None and self._head.is_runaway

    async def log_in_as(self, login: Login) -> None:
        """Use another account from now on: its own was changed (`hardware.vault.Rotator`)."""
        self._login = login
        await asyncio.gather(*(session.log_in_as(login) for session in self._sessions))

    async def clock_reading(self) -> ClockReading:
        """How wrong its clock is, measured now (TEC-4)."""
        return await self._session.clock_reading()

    async def day_night(self) -> DayNight | None:
        """What its infra-red filter stands at; None when it does not say."""
        _, chosen = await self._chosen()
        if not chosen[0].video_source or not await self._session.offers("imaging"):
            return None
        body = envelopes.imaging_get_settings(video_source_token=chosen[0].video_source)
        try:
            told = ir_cut_filter(await self._session.call("imaging", "GetImagingSettings", body))
        except (NotOffered, DeviceFault):
            return None
        return {"ON": DayNight.DAY, "OFF": DayNight.NIGHT, "AUTO": DayNight.AUTO}.get(told)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[AsyncIterator[DeviceEvent]]:
        """Its events while the block runs: `async with camera.listening() as events: async for event in events`."""
        async with Session(self._settings, self._login, self._clock) as session:
            self._sessions.add(session)
            feed = EventFeed(session, self._chance)
            self._feeds.add(feed)
            pulling = asyncio.create_task(feed.run(), name=f"events {self.record.camera}")
            try:
                yield feed.events()
            finally:
                pulling.cancel()
                await asyncio.gather(pulling, return_exceptions=True)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _chosen(self) -> tuple[str, tuple[MediaProfile, ...]]:
        """(service, main profile and sub profile). Asked anew: a reboot may have changed them."""
        service = "media2" if await self._session.offers("media2") else "media"
        chosen = main_and_sub(await media_profiles(self._session, service), self._settings.floors)
        if not chosen:
            raise not_offered(self.record.camera, "H.264")
        return service, chosen

    async def _main_configuration(self) -> str:
        _, chosen = await self._chosen()
        return chosen[0].video_source_configuration

    async def _turning_profile(self) -> MediaProfile | None:
        """A profile by which it can be turned; Media is asked too, where Media2 does not link one to a node."""
        if not await self._session.offers("ptz"):
            return None
        for service in ("media2", "media"):
            if await self._session.offers(service):
                for profile in await media_profiles(self._session, service):
                    if profile.ptz_configuration and profile.ptz_node:
                        return profile
        return None

    async def _known_head(self) -> Head | None:
        if self._head is None and not self._is_fixed:
            await self._turn_by(await self._turning_profile())
        return self._head

    async def _turn_by(self, turning: MediaProfile | None) -> None:
        """A device that started again may have other profiles; then what moves by the old one is stopped first."""
        head = self._head
        if head is not None and turning is not None and head.profile.token == turning.token:
            return
        self._head = Head(self._session, turning, self._runs_away) if turning is not None else None
        self._is_fixed = turning is None
        if head is not None:
            await head.close()

    async def _turning_head(self) -> Head:
        head = await self._known_head()
        if head is None:
            raise CameraError(
                Words("elle est fixe et ne tourne pas", "it is fixed and cannot move"),
                where=self.record.camera,
                what_to_do=Words("Choisissez une caméra PTZ", "Choose a PTZ camera"),
            )
        return head

    def _runs_away(self) -> None:
        for feed in self._feeds:
            feed.tell(DeviceEvent(EventKind.RUNAWAY, self._clock.now_ns()))

    def _address(self, url: str) -> StreamAddress:
        return StreamAddress(url, self._login.user, self._login.password, self._session.trust)


@asynccontextmanager
async def open_onvif_camera(
    settings: OnvifSettings, login: Login, clock: Clock, chance: Chance
) -> AsyncIterator[OnvifCamera]:
    """The camera at `settings.address`; asked nothing until something is asked of it. Closed on the way out."""
    camera = OnvifCamera(settings, login, clock, chance)
    try:
        yield camera
    finally:
        await camera.close()


def _stream_profile(profile: MediaProfile) -> StreamProfile:
    encoder = profile.encoder
    if encoder is None:  # not chosen without one
        raise ValueError(profile.token)
    return StreamProfile(profile.token, encoder.codec, encoder.width_px, encoder.height_px, encoder.frames_per_s)
