"""The binding `street`: a simulated site with real pictures over real sockets (entry point of `csu.bindings`)."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.place import Pose, PoseReading
from csu.hal.site import Option, Signatory, SignRole, Site, SiteRequest
from csu.hal.words import Words
from sim.endpoints import PROFILE, EndpointSpec, FarmError, RtspFarm, StreetView
from sim.street import MountLimits, Post, at_rest, build_street, canary_share, drive, go_to, posts, zones_of
from sim.street.cameras import REFERENCE_WIDTH_PX
from sim.street.mount import Motion

CAMERAS_MAX = 64
"""Each is drawn and encoded for real (some 4 % of a core at 640x360, 12 frames/s); more is `csu sim`'s affair."""

CAMERA_WITH_MICROPHONE = 3
"""The one that offers an audio track, as real cameras do."""

ACTUATOR_DELAY_NS = 20 * NS_PER_MS
"""A motor starts a little after its order; by then the drawing process has it too, so pictures never lag poses."""

_SIGNATORIES = (Signatory("Camille Roth", SignRole.TECHNICAL), Signatory("Dominique Weber", SignRole.DPO))
"""Simulated people: they sign for simulated dwellings only."""

_PASSWORD = "street-0000"  # noqa: S105 - guards simulated cameras on the loopback, and makes DIGEST real


@dataclass(frozen=True, slots=True)
class StreetOptions:
    """What a `SiteRequest` may ask of the street."""

    seed: int = 1
    night: bool = False
    canary: bool = True
    width: int = 640
    height: int = 360
    fps: int = 12


@asynccontextmanager
async def open_street(request: SiteRequest) -> AsyncIterator[Site]:
    """A street with `request.cameras` cameras. Raises BadInput for a wrong option; FarmError when it cannot serve."""
    options = read_options(request)
    street = build_street(options.seed)
    places = posts(street, request.cameras, options.width, options.height)
    farm = RtspFarm([_spec(post, options) for post in places])
    await asyncio.to_thread(farm.start)
    try:
        cameras = tuple(StreetCamera(post, options, farm) for post in places)
        witness = canary_share if options.canary else None
        yield Site(
            name="street",
            cameras=cameras,
            buildings=street.buildings,
            witness=witness,
            zones=zones_of(street),
            signatories=_SIGNATORIES,
        )
    finally:
        await asyncio.to_thread(farm.stop)


def read_options(request: SiteRequest) -> StreetOptions:
    """The options of a request, checked. Raises BadInput naming the option, what it takes, and the valid ones."""
    if not 1 <= request.cameras <= CAMERAS_MAX:
        raise _bad(
            "--cameras",
            request.cameras,
            Words(f"un nombre de 1 à {CAMERAS_MAX}", f"a number from 1 to {CAMERAS_MAX}"),
        )
    known = StreetOptions()
    values: dict[str, int] = {}
    for name, given in request.options.items():
        if name not in StreetOptions.__slots__:
            valid = ", ".join(StreetOptions.__slots__)
            raise BadInput(
                Words("la rue n'a pas cette option", "the street has no such option"),
                where=f"--option {name}",
                what_to_do=Words(f"Options valides : {valid}", f"Valid options: {valid}"),
            )
        values[name] = _switch(name, given) if isinstance(getattr(known, name), bool) else _number(name, given)
    options = StreetOptions(
        seed=values.get("seed", known.seed),
        night=bool(values.get("night", known.night)),
        canary=bool(values.get("canary", known.canary)),
        width=values.get("width", known.width),
        height=values.get("height", known.height),
        fps=values.get("fps", known.fps),
    )
    try:
        EndpointSpec("check", 1, width_px=options.width, height_px=options.height, frames_per_s=options.fps)
    except ValueError as error:
        raise _bad("--option width, height, fps", f"{options.width}x{options.height}@{options.fps}", _SIZES) from error
    return options


def _switch(name: str, given: Option) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    value = words.get(str(given).lower())
    if value is None:
        raise _bad(f"--option {name}", given, Words("true ou false", "true or false"))
    return value


def _number(name: str, given: Option) -> int:
    try:
        if isinstance(given, bool) or float(given) != int(given):
            raise ValueError
        return int(given)
    except ValueError:
        raise _bad(f"--option {name}", given, Words("un nombre entier", "a whole number")) from None


_SIZES = Words("une taille par pas de 16x8 px, de 1 à 60 images/s", "a size in steps of 16x8 px, from 1 to 60 frames/s")


def _bad(where: str, given: object, wanted: Words) -> BadInput:
    return BadInput(
        Words(f"valeur {given!r} inutilisable", f"{given!r} cannot be used"),
        where=where,
        what_to_do=Words(f"Donnez {wanted.fr}", f"Give {wanted.en}"),
    )


def _spec(post: Post, options: StreetOptions) -> EndpointSpec:
    return EndpointSpec(
        camera=_camera_id(post),
        number=post.number,
        picture=StreetView(post.pose, options.seed, options.night, options.canary),
        width_px=options.width,
        height_px=options.height,
        frames_per_s=options.fps,
        password=_PASSWORD,
        audio=post.number == CAMERA_WITH_MICROPHONE,
    )


def _camera_id(post: Post) -> CameraId:
    return CameraId(f"cam-{post.number:04d}")


def _commune_id(name: str) -> CommuneId:
    """`saint-eloi-les-valmont` for `Saint-Éloi-lès-Valmont`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return CommuneId(plain.lower().replace(" ", "-"))


class StreetCamera:
    """One camera of the street: a `csu.hal.camera.Camera`. Its mount truly turns, and its pose is the true one."""

    def __init__(self, post: Post, options: StreetOptions, farm: RtspFarm) -> None:
        self._post = post
        self._options = options
        self._farm = farm
        scale = options.width / REFERENCE_WIDTH_PX
        plain = MountLimits()
        self._limits = MountLimits(focal_px_min=plain.focal_px_min * scale, focal_px_max=plain.focal_px_max * scale)
        self._before = self._motion = at_rest(post.pose, 0)
        self._turning = asyncio.Lock()
        self._record = CameraRecord(_camera_id(post), post.number, post.name, _commune_id(post.commune), post.view)

    @property
    def record(self) -> CameraRecord:
        return self._record

    async def capabilities(self) -> CameraCapabilities:
        self._require_alive()
        options = self._options
        profile = StreamProfile(PROFILE, "h264", options.width, options.height, float(options.fps))
        microphones = 1 if self._post.number == CAMERA_WITH_MICROPHONE else 0
        return CameraCapabilities(self._post.ptz, onboard_masks=0, audio_sources=microphones, profiles=(profile,))

    async def stream(self, profile: str) -> StreamAddress:
        self._require_alive()
        if profile != PROFILE:
            raise self._error(
                Words(f"elle n'a pas de profil {profile!r}", f"it has no profile {profile!r}"),
                Words(f"Demandez {PROFILE!r}", f"Ask for {PROFILE!r}"),
            )
        return self._farm.address(self._record.camera)

    async def snapshot(self) -> StreamAddress | None:
        self._require_alive()
        return None

    async def pose(self) -> PoseReading | None:
        if not self._farm.is_alive():
            return None
        now_ns = self._farm.clock.now_ns()
        if now_ns >= self._motion.start_ns:
            return self._motion.reading_at(now_ns)
        # About to move counts as moving: whoever masks by this reading is never a picture late.
        moving = self._before.moving_at(now_ns) or self._motion.moving_at(self._motion.start_ns)
        return PoseReading(self._before.pose_at(now_ns), now_ns, moving)

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
            await self._turn(go_to(now_at, start_ns, pose, self._limits))

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        self._require_alive()
        if masks:
            raise self._error(
                Words("elle n'incruste pas de masque", "it burns in no masks itself"),
                Words("Masquez ses images dans le moteur", "Mask its pictures in the engine"),
            )

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        self._require_alive()
        return ()

    async def refuse_audio(self) -> AudioState:
        self._require_alive()
        heard = self._post.number == CAMERA_WITH_MICROPHONE
        return AudioState.STILL_OFFERED if heard else AudioState.ABSENT

    def _start(self) -> tuple[Nanoseconds, Pose]:
        """When the next motion begins, and the pose it begins from."""
        if not self._post.ptz:
            raise self._error(
                Words("elle est fixe et ne tourne pas", "it is fixed and cannot move"),
                Words("Choisissez une caméra PTZ", "Choose a PTZ camera"),
            )
        start_ns = self._farm.clock.now_ns() + ACTUATOR_DELAY_NS
        return start_ns, self._motion.pose_at(start_ns)

    async def _turn(self, motion: Motion) -> None:
        try:
            await asyncio.to_thread(self._farm.turn, self._record.camera, motion)
        except FarmError as error:
            why = error.trouble.what
            raise self._error(
                Words(f"elle n'a pas pris l'ordre ({why.fr})", f"it did not take the order ({why.en})"), _START_AGAIN
            ) from error
        self._before, self._motion = self._motion, motion

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
