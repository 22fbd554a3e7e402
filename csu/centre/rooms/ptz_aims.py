"""PTZ cameras sent somewhere: to what a person pointed at in the picture, or to a preset that the centre keeps.

Every way of turning goes through the same lease and the same masks (`Centre.go_to`): a place pointed at is nothing a
hand on the stick could not show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from csu.centre.control import Centre
from csu.centre.rooms.aiming import Aim, aim_of, aimed, centred
from csu.centre.rooms.poses import POSE_WITHIN_S
from csu.governance import Author
from csu.hal.camera import Camera, CameraId
from csu.hal.clock import Clock
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.operations.presets import AimRefused, Preset, PresetBook


class PtzAims:
    """`csu.console.ptz_aim.AimDesk` of a running centre."""

    def __init__(self, centre: Centre, book: PresetBook, clock: Clock) -> None:
        self._centre, self._book, self._clock = centre, book, clock

    async def centre_on(self, camera: CameraId, x: float, y: float, closer: float, by: Author, alarm: str) -> None:
        """What the picture shows at (x, y), each 0 to 1 of it from the top left, comes into its middle; `closer`: what
        its focal length is multiplied by.

        Raises KeyError for a camera that cannot be turned, AimRefused while it turns or when it cannot say where it
        looks; as `Centre.go_to`.
        """
        pose, size_px = await self._pose(self._centre.posed[camera], at_rest=True)
        await self._centre.go_to(self._centre.posed[camera], centred(pose, x, y, size_px, closer), by, alarm=alarm)

    async def go_to_preset(self, camera: CameraId, number: int, by: Author, alarm: str) -> None:
        """Raises KeyError, PresetRefused for one that nobody stored, AimRefused; as `Centre.go_to`."""
        turned, preset = self._centre.posed[camera], self._book.get(camera, number)
        pose, (width_px, _) = await self._pose(turned)
        there = aimed(pose, Aim(preset.pan_deg, preset.tilt_deg, preset.across_deg), width_px)
        await self._centre.go_to(turned, there, by, preset=str(number), alarm=alarm)

    def presets(self, camera: CameraId) -> Sequence[Preset]:
        """Those of a camera, by number."""
        return self._book.of(camera)

    async def store_preset(self, camera: CameraId, number: int, name: str, by: Author) -> Preset:
        """Where it looks now, under that number; what had it before is gone. Raises KeyError, AimRefused,
        PresetRefused, PresetNotKept."""
        pose, (width_px, _) = await self._pose(self._centre.posed[camera], at_rest=True)
        aim = aim_of(pose, width_px)
        preset = Preset(
            camera, number, name, aim.pan_deg, aim.tilt_deg, aim.across_deg, by.account, self._clock.now_ns()
        )
        await asyncio.to_thread(self._book.store, preset)
        return preset

    async def forget_preset(self, camera: CameraId, number: int) -> None:
        """Raises PresetRefused for one that nobody stored, PresetNotKept."""
        await asyncio.to_thread(self._book.forget, camera, number)

    async def _pose(self, camera: Camera, *, at_rest: bool = False) -> tuple[Pose, tuple[int, int]]:
        """Where it looks, and the picture that this is for. `at_rest`: one that turns shows what was elsewhere."""
        name = camera.record.camera
        size_px = self._centre.assignment(name).pose_size_px
        try:
            async with asyncio.timeout(POSE_WITHIN_S):
                reading = await camera.pose()
        except TimeoutError:
            reading = None
        if reading is None or size_px is None or not reading.pose.is_finite():
            raise _refused(
                name,
                Words("elle ne dit pas où elle regarde", "it does not say where it looks"),
                Words("Tournez-la à la main", "Turn it by hand"),
            )
        if at_rest and reading.moving:
            raise _refused(
                name,
                Words("elle tourne encore", "it is still turning"),
                Words("Attendez qu'elle s'arrête", "Wait until it stops"),
            )
        return reading.pose, size_px


def _refused(camera: CameraId, what: Words, what_to_do: Words) -> AimRefused:
    return AimRefused(what, where=camera, what_to_do=what_to_do)
