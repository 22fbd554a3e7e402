"""One camera of the street, through its port: a mount that truly turns, streams, stills, masks of its own."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import ParamSpec, TypeVar

from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraError,
    CameraId,
    CameraRecord,
    CommuneId,
    OnboardMask,
    PtzVelocity,
    StreamAddress,
    StreamProfile,
)
from csu.hal.clock import Nanoseconds
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.hal.words import Words
from sim.endpoints import EndpointSpec, FarmError, RtspFarm
from sim.endpoints.spec import streams_of
from sim.street import MountLimits, Post, at_rest, drive, go_to
from sim.street.cameras import REFERENCE_WIDTH_PX
from sim.street.mount import Motion, Steering

_P = ParamSpec("_P")
_T = TypeVar("_T")


def camera_id(post: Post) -> CameraId:
    """`cam-0007` for camera 7."""
    return CameraId(f"cam-{post.number:04d}")


def commune_id(name: str) -> CommuneId:
    """`saint-eloi-les-valmont` for `Saint-Éloi-lès-Valmont`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return CommuneId(plain.lower().replace(" ", "-"))


class StreetCamera:
    """One camera of the street: a `csu.hal.camera.Camera`. Its mount truly turns, and its pose is the true one."""

    def __init__(self, post: Post, spec: EndpointSpec, farm: RtspFarm) -> None:
        self._post = post
        self._spec = spec
        self._farm = farm
        scale = spec.width_px / REFERENCE_WIDTH_PX
        plain = MountLimits()
        self._limits = MountLimits(focal_px_min=plain.focal_px_min * scale, focal_px_max=plain.focal_px_max * scale)
        self._steering = Steering(at_rest(post.pose, 0))
        self._turning = asyncio.Lock()
        self._record = CameraRecord(camera_id(post), post.number, post.name, commune_id(post.commune), post.view)

    @property
    def record(self) -> CameraRecord:
        return self._record

    async def capabilities(self) -> CameraCapabilities:
        self._require_alive()
        spec, limits = self._spec, self._limits
        dynamics = PtzDynamics(limits.pan_deg_s, limits.tilt_deg_s, limits.zoom_doublings_s)
        return CameraCapabilities(
            ptz=self._post.ptz,
            onboard_masks=spec.onboard_masks,
            audio_sources=int(spec.audio),
            profiles=tuple(
                StreamProfile(stream.profile, stream.codec, stream.width_px, stream.height_px, float(spec.frames_per_s))
                for stream in streams_of(spec)
            ),
            onboard_mask_corners_max=spec.mask_corners_max,
            dynamics=dynamics if self._post.ptz else None,
        )

    async def stream(self, profile: str) -> StreamAddress:
        self._require_alive()
        offered = [stream.profile for stream in streams_of(self._spec)]
        if profile not in offered:
            raise self._error(
                Words(f"elle n'a pas de profil {profile!r}", f"it has no profile {profile!r}"),
                Words(f"Demandez {' ou '.join(offered)}", f"Ask for {' or '.join(offered)}"),
            )
        return self._farm.address(self._record.camera, profile)

    async def snapshot(self) -> StreamAddress | None:
        self._require_alive()
        return self._farm.snapshot_address(self._record.camera)

    async def pose(self) -> PoseReading | None:
        if not self._farm.is_alive():
            return None
        return self._steering.reading_at(self._farm.clock.now_ns())

    async def move(self, velocity: PtzVelocity) -> None:
        shares = (velocity.pan, velocity.tilt, velocity.zoom)
        if not all(-1.0 <= share <= 1.0 for share in shares):
            raise self._error(
                Words(
                    f"les vitesses {shares} ne sont pas toutes dans [-1, 1]",
                    f"speeds {shares} are not all within [-1, 1]",
                ),
                Words("Demandez un mouvement plus lent", "Ask for a slower move"),
            )
        async with self._turning:
            start_ns, pose = self._start()
            await self._turn(drive(pose, start_ns, *shares, self._limits))

    async def stop(self) -> None:
        if not self._post.ptz:
            return
        async with self._turning:
            start_ns, pose = self._start()
            await self._turn(at_rest(pose, start_ns))

    async def go_to(self, pose: Pose) -> None:
        home = self._post.pose
        here = abs(pose.x_m - home.x_m) + abs(pose.y_m - home.y_m) + abs(pose.z_m - home.z_m) < 0.01
        if not pose.is_finite() or not here or pose.roll_deg != home.roll_deg or not self._limits.reaches(pose):
            raise self._error(
                Words("cette position est hors de sa portée", "this pose is out of its reach"),
                Words(
                    "Demandez un panoramique, une inclinaison et un zoom dans ses limites",
                    "Ask for a pan, tilt and zoom within its limits",
                ),
            )
        async with self._turning:
            start_ns, now_at = self._start()
            await self._turn(go_to(now_at, start_ns, pose, self._limits), seeking=True)

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        await self._order(self._farm.set_masks, self._record.camera, tuple(masks))

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        return await self._order(self._farm.read_masks, self._record.camera)

    async def refuse_audio(self) -> AudioState:
        self._require_alive()
        return AudioState.STILL_OFFERED if self._spec.audio else AudioState.ABSENT

    def _start(self) -> tuple[Nanoseconds, Pose]:
        """When the next motion begins, and the pose it begins from."""
        if not self._post.ptz:
            raise self._error(
                Words("elle est fixe et ne tourne pas", "it is fixed and cannot move"),
                Words("Choisissez une caméra PTZ", "Choose a PTZ camera"),
            )
        start_ns = self._steering.from_ns(self._farm.clock.now_ns())
        return start_ns, self._steering.motion.pose_at(start_ns)

    async def _turn(self, motion: Motion, *, seeking: bool = False) -> None:
        await self._order(partial(self._farm.turn, seeking=seeking), self._record.camera, motion)
        self._steering.take(motion)

    async def _order(self, order: Callable[_P, _T], *what: _P.args, **how: _P.kwargs) -> _T:
        """Tell the device, off the event loop."""
        self._require_alive()
        try:
            return await asyncio.to_thread(order, *what, **how)
        except FarmError as error:
            why = error.trouble.what
            raise self._error(
                Words(f"elle n'a pas pris l'ordre ({why.fr})", f"it did not take the order ({why.en})"),
                Words(
                    "Demandez ce qu'elle sait faire, ou relancez le site", "Ask what it can do, or start the site again"
                ),
            ) from error

    def _require_alive(self) -> None:
        if not self._farm.is_alive():
            raise self._error(
                Words(
                    "elle ne répond pas : la rue simulée est arrêtée",
                    "it does not answer: the simulated street has ended",
                ),
                _START_AGAIN,
            )

    def _error(self, what: Words, what_to_do: Words) -> CameraError:
        return CameraError(what, where=self._record.camera, what_to_do=what_to_do)


_START_AGAIN = Words("Relancez le site", "Start the site again")
