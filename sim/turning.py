"""The cameras of the simulated city that turn, and whoever turns them: a hand at the centre, or one at the mount.

There is no picture at level L0. What is true is when each mount moved and where it looked; what its node was told of it
is kept beside, so that the two can be compared (sim.oracles.turning).
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from csu.centre import Author
from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraError,
    CameraId,
    CameraRecord,
    OnboardMask,
    PtzVelocity,
    StreamAddress,
)
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.hal.words import Words
from sim.centre_host import CentreHost
from sim.street.mount import Motion, MountLimits, at_rest, drive, go_to
from sim.vocabulary import (
    ChanceFault,
    Ground,
    Happening,
    LastingTelling,
    Refusal,
    Stage,
    Telling,
    Trouble,
    Word,
    no_such_commune,
)

LIMITS = MountLimits()
DYNAMICS = PtzDynamics(LIMITS.pan_deg_s, LIMITS.tilt_deg_s, LIMITS.zoom_doublings_s)
ANSWERS_AFTER_S = 0.02
HELD_EVERY_S = 0.2
"""How often a console repeats that the stick is held."""
CHIEF = Author("chef-de-salle", "room_chief")
_HOME = Pose(0.0, 0.0, 6.0, 0.0, -10.0, 0.0, 900.0)


class Said(NamedTuple):
    """What a node was told of a camera; None: that it cannot say where it looks."""

    at_ns: Nanoseconds
    reading: PoseReading | None


class TurningCamera:
    """A `csu.hal.camera.Camera` whose mount truly turns. It has no stream at this level."""

    def __init__(self, record: CameraRecord, clock: Clock) -> None:
        self._record = record
        self._clock = clock
        self._motions = [at_rest(_HOME, 0)]
        self._starts_ns = [0]
        self._mute = 0
        self.said: list[Said] = []
        """What its node was told, in order: give `hear` to its node."""

    @property
    def record(self) -> CameraRecord:
        return self._record

    # -- what is true -------------------------------------------------------------------------------------------------

    def motion(self, at_ns: Nanoseconds) -> Motion:
        """How it moved at that instant."""
        return self._motions[max(0, bisect_right(self._starts_ns, at_ns) - 1)]

    def hear(self, reading: PoseReading | None) -> None:
        """Its node was told this."""
        self.said.append(Said(self._clock.now_ns(), reading))

    @property
    def is_mute(self) -> bool:
        return self._mute > 0

    def fall_mute(self) -> None:
        """Say no more where it looks, until `speak_again` was asked as often."""
        self._mute += 1

    def speak_again(self) -> None:
        self._mute -= 1

    # -- the port -----------------------------------------------------------------------------------------------------

    async def capabilities(self) -> CameraCapabilities:
        return CameraCapabilities(ptz=True, onboard_masks=0, audio_sources=0, profiles=(), dynamics=DYNAMICS)

    async def stream(self, profile: str) -> StreamAddress:
        raise self._refused(Words("elle n'a pas de flux au niveau L0", "it has no stream at level L0"))

    async def snapshot(self) -> StreamAddress | None:
        return None

    async def pose(self) -> PoseReading | None:
        now_ns = self._clock.now_ns()
        await asyncio.sleep(ANSWERS_AFTER_S)
        if self.is_mute:
            raise self._refused(Words("elle ne dit pas où elle regarde", "it does not say where it looks"))
        return self.motion(now_ns).reading_at(now_ns)

    async def move(self, velocity: PtzVelocity) -> None:
        shares = (velocity.pan, velocity.tilt, velocity.zoom)
        if not all(-1.0 <= share <= 1.0 for share in shares):
            raise self._refused(Words("vitesse hors de [-1, 1]", "a speed outside [-1, 1]"))
        now_ns = self._clock.now_ns()
        self._turn(drive(self.motion(now_ns).pose_at(now_ns), now_ns, *shares, LIMITS))

    async def stop(self) -> None:
        now_ns = self._clock.now_ns()
        self._turn(at_rest(self.motion(now_ns).pose_at(now_ns), now_ns))

    async def go_to(self, pose: Pose) -> None:
        now_ns = self._clock.now_ns()
        self._turn(go_to(self.motion(now_ns).pose_at(now_ns), now_ns, pose, LIMITS))

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        raise self._refused(Words("elle n'a aucun masque à elle", "it has no mask of its own"))

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        return ()

    async def refuse_audio(self) -> AudioState:
        return AudioState.ABSENT

    def _turn(self, motion: Motion) -> None:
        self._motions.append(motion)
        self._starts_ns.append(motion.start_ns)

    def _refused(self, what: Words) -> CameraError:
        return CameraError(what, where=self._record.camera, what_to_do=_ANOTHER)


class Turrets:
    """All cameras that turn, for words that need one of them."""

    def __init__(self, cameras: Sequence[TurningCamera]) -> None:
        self.by_id = {camera.record.camera: camera for camera in cameras}

    def hear(self, camera: CameraId, reading: PoseReading | None) -> None:
        """A node was told where one of them looks."""
        self.by_id[camera].hear(reading)


class ToldTurn(LastingTelling):
    """The camera of this commune that turns is turned, or says nothing."""

    commune: str

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        if ground.cameras_of and self.commune not in ground.cameras_of:
            yield Refusal("commune", no_such_commune(self.commune, ground.cameras_of))


def _camera(happening: Happening[Any], stage: Stage) -> TurningCamera | None:
    """Of the commune that the story names; by chance any. None: none turns there."""
    turrets = stage.model(Turrets).by_id
    if isinstance(happening.spec, ToldTurn):
        return turrets.get(stage.camera(happening.spec.commune, 1))
    ids = sorted(turrets)
    return turrets[ids[stage.chance(happening.name).integer(0, len(ids) - 1)]] if ids else None


async def _turn_at_the_centre(happening: Happening[Any], stage: Stage) -> None:
    """Somebody holds the stick: his console says so five times a second. Refused, he lets go."""
    camera, host = _camera(happening, stage), stage.model(CentreHost)
    if camera is None:
        return
    try:
        await host.move(camera, PtzVelocity(0.5, 0.1, 0.0), CHIEF)
        while stage.clock.now_ns() < happening.end_ns:
            await asyncio.sleep(HELD_EVERY_S)
            host.keep_moving(camera.record.camera, CHIEF)
        await host.halt(camera, CHIEF)
    except CsuError:
        return


async def _turn_at_the_mount(happening: Happening[Any], stage: Stage) -> None:
    camera = _camera(happening, stage)
    if camera is not None:
        await camera.move(PtzVelocity(-0.3, 0.0, 0.2))
        await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
        await camera.stop()


async def _say_nothing(happening: Happening[Any], stage: Stage) -> None:
    camera = _camera(happening, stage)
    if camera is not None:
        camera.fall_mute()
        await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
        camera.speak_again()


_ANOTHER = Words("Choisissez-en une autre", "Choose another")
_TURNED = Words("le chef tourne une caméra", "the chief turns a camera")
_ELSEWHERE = Words("une caméra tourne sans ordre du centre", "a camera turns without an order of the centre")
_MUTE = Words("une caméra ne dit plus où elle regarde", "a camera no longer says where it looks")
_AT_L0 = Words(
    "L0 : ce que le centre dit au nœud, contre le vrai mouvement ; les pixels : csu masks prove",
    "L0: what the centre tells the node, against the true movement; pixels: csu masks prove",
)
STORY_WORDS: tuple[Word[Telling], ...] = (
    Word("ptz_turned", _TURNED, ToldTurn, _AT_L0, _turn_at_the_centre),
    Word("ptz_turned_elsewhere", _ELSEWHERE, ToldTurn, _AT_L0, _turn_at_the_mount),
    Word("ptz_mute", _MUTE, ToldTurn, _AT_L0, _say_nothing),
)
FAULT_WORDS: tuple[Word[Trouble], ...] = (
    Word("ptz_turned", _TURNED, ChanceFault, _AT_L0, _turn_at_the_centre),
    Word("ptz_turned_elsewhere", _ELSEWHERE, ChanceFault, _AT_L0, _turn_at_the_mount),
    Word("ptz_mute", _MUTE, ChanceFault, _AT_L0, _say_nothing),
)
