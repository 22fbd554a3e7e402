"""Where the PTZ cameras look, for the node that masks their pictures (PRV-5): asked ten times a second, and as told.

`PoseSources` decides which of both a node is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

from csu.centre.footing import Footing
from csu.centre.rooms.pose_sources import PoseSource, PoseSources
from csu.hal.camera import Camera, CameraError, CameraId, TellsPoses
from csu.hal.clock import Nanoseconds
from csu.hal.media import MediaNode
from csu.hal.place import PoseReading
from csu.hal.words import NO_WORDS, Words

POSE_EVERY_S = 0.1
POSE_MOVING_EVERY_S = 0.05
"""While a camera turns its cover is as good as its readings are near."""
POSE_WITHIN_S = 0.4
"""A camera that takes longer to say where it looks is a camera that cannot say: whole mask (PRV-5)."""

_CONTRADICTS = Words(
    "les positions de son flux contredisent ses réponses : elle est de nouveau interrogée",
    "the positions of its stream contradict its answers: it is asked again instead",
)
_NO_POSE_IN_TIME = Words(f"pas de réponse en {POSE_WITHIN_S:g} s", f"no answer within {POSE_WITHIN_S:g} s")


_Decide = Callable[[PoseReading | None, Nanoseconds], list[PoseReading | None]]


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
        self._sources: dict[CameraId, PoseSources] = {}
        self._turns: dict[CameraId, asyncio.Lock] = {}
        self._last: dict[CameraId, PoseReading | None] = {}

    def take_in(self, camera: Camera) -> None:
        """One more, that was silent when the centre opened: see `follow_late`."""
        self._late.put_nowait(camera)

    async def follow_late(self) -> None:
        """Follow those that come late, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                camera = await self._late.get()
                group.create_task(self.follow(camera), name=f"pose {camera.record.camera}")

    def source(self, camera: CameraId) -> PoseSource:
        """Which of both its masks are made from now. Raises KeyError for a camera that is not followed."""
        return self._sources[camera].source(self._footing.now())

    def last(self, camera: CameraId) -> PoseReading | None:
        """What it answered last; None: it could not say, or nobody asked."""
        return self._last.get(camera)

    async def follow(self, camera: Camera) -> None:
        """Tell its node where it looks, for ever; None when it cannot say. Raises KeyError if no node serves it."""
        node = self._node_of(camera.record.camera)
        self._sources.setdefault(camera.record.camera, PoseSources())
        self._turns.setdefault(camera.record.camera, asyncio.Lock())
        async with asyncio.TaskGroup() as group:
            if isinstance(camera, TellsPoses):
                group.create_task(self._listen(camera, camera.record.camera, node), name=f"told {camera.record.camera}")
            await self._ask_on(camera, node)

    async def _give(self, name: CameraId, node: MediaNode, decide: _Decide, reading: PoseReading | None) -> None:
        """One at a time: what is given goes on in the order of its dates."""
        async with self._turns[name]:
            before = self._sources[name].contradictions
            for each in decide(reading, self._footing.now()):
                await node.pose(name, each)
            if self._sources[name].contradictions > before:
                self._footing.tell_trouble(name, _CONTRADICTS)

    async def _listen(self, camera: TellsPoses, name: CameraId, node: MediaNode) -> None:
        """What it tells by itself, for ever; who tells nothing is asked again now and then, and polled meanwhile."""
        failures = 0
        while True:
            if self._may_record(name):
                try:
                    async with aclosing(camera.told_poses()) as told:
                        async for reading in told:
                            if not self._may_record(name):
                                break
                            failures = 0
                            await self._give(name, node, self._sources[name].told, reading)
                except CameraError:
                    failures += 1  # it is polled: who cannot be polled either is told as blind
            await asyncio.sleep(self._footing.retry_after_s(f"told/{name}", max(failures, 1)))

    async def _ask_on(self, camera: Camera, node: MediaNode) -> None:
        name = camera.record.camera
        blind = False
        while True:
            if not self._may_record(name):  # nobody takes its pictures, so nobody asks where it looks
                self._last.pop(name, None)
                await asyncio.sleep(POSE_EVERY_S)
                continue
            reading, why = await self._ask(camera)
            self._last[name] = reading
            if why and not blind:  # told once per blindness, not ten times a second
                self._footing.tell_trouble(name, Words(f"position inconnue : {why.fr}", f"no pose: {why.en}"))
            blind = reading is None
            await self._give(name, node, self._sources[name].asked, reading)
            hurries = reading is not None and reading.moving and self.source(name) is PoseSource.ASKED
            await asyncio.sleep(POSE_MOVING_EVERY_S if hurries else POSE_EVERY_S)

    async def _ask(self, camera: Camera) -> tuple[PoseReading | None, Words]:
        """Where it looks, and when; None, and why, for one that fails to say."""
        try:
            async with asyncio.timeout(POSE_WITHIN_S):
                return await camera.pose(), NO_WORDS
        except TimeoutError:
            return None, _NO_POSE_IN_TIME
        except CameraError as error:
            return None, error.trouble.beside(camera.record.camera)
