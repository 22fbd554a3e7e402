"""Where the PTZ cameras look, read ten times a second and told to the node that masks their pictures (PRV-5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from csu.centre.footing import Footing
from csu.hal.camera import Camera, CameraError, CameraId
from csu.hal.media import MediaNode
from csu.hal.place import PoseReading
from csu.hal.words import NO_WORDS, Words

POSE_EVERY_S = 0.1
POSE_MOVING_EVERY_S = 0.05
"""While a camera turns its cover is as good as its readings are near."""
POSE_WITHIN_S = 0.4
"""A camera that takes longer to say where it looks is a camera that cannot say: whole mask (PRV-5)."""

_NO_POSE_IN_TIME = Words(f"pas de réponse en {POSE_WITHIN_S:g} s", f"no answer within {POSE_WITHIN_S:g} s")


class Poses:
    """Run `follow` for each of `cameras`, and `follow_late` where some may come later."""

    def __init__(
        self,
        footing: Footing,
        cameras: Sequence[Camera],
        *,
        node_of: Callable[[CameraId], MediaNode],
        may_record: Callable[[CameraId], bool],
    ) -> None:
        self._footing, self._node_of, self._may_record = footing, node_of, may_record
        self.cameras = tuple(cameras)
        self._late: asyncio.Queue[Camera] = asyncio.Queue()

    def take_in(self, camera: Camera) -> None:
        """One more, that was silent when the centre opened: see `follow_late`."""
        self._late.put_nowait(camera)

    async def follow_late(self) -> None:
        """Follow those that come late, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                camera = await self._late.get()
                group.create_task(self.follow(camera), name=f"pose {camera.record.camera}")

    async def follow(self, camera: Camera) -> None:
        """Tell its node where it looks, for ever; None when it cannot say. Raises KeyError if no node serves it."""
        name = camera.record.camera
        node = self._node_of(name)
        blind = False
        while True:
            if not self._may_record(name):  # nobody takes its pictures, so nobody asks where it looks
                await asyncio.sleep(POSE_EVERY_S)
                continue
            reading, why = await self._ask(camera)
            if why and not blind:  # told once per blindness, not ten times a second
                self._footing.tell_trouble(name, Words(f"position inconnue : {why.fr}", f"no pose: {why.en}"))
            blind = reading is None
            await node.pose(name, reading)
            await asyncio.sleep(POSE_MOVING_EVERY_S if reading is not None and reading.moving else POSE_EVERY_S)

    async def _ask(self, camera: Camera) -> tuple[PoseReading | None, Words]:
        """Where it looks, and when; None, and why, for one that fails to say."""
        try:
            async with asyncio.timeout(POSE_WITHIN_S):
                return await camera.pose(), NO_WORDS
        except TimeoutError:
            return None, _NO_POSE_IN_TIME
        except CameraError as error:
            return None, error.trouble.beside(camera.record.camera)
