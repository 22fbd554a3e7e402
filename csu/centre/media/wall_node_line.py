"""One connection of a wall node: what goes to it next, and what it said.

Order is the whole idea: answers to its beats, questions, then the newest scene, then pictures of the cameras in that
scene, one fragment of each camera in turn. Nothing is shown before the node knows our clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from csu.cluster.live_relay import FragmentQueue
from csu.cluster.wall_node_wire import (
    ANSWER_BYTES_MAX,
    Ask,
    Beat,
    Hello,
    Renew,
    ShowScene,
    Told,
    from_node,
    pack,
    pack_fragment,
    unpack_piece,
)
from csu.hal.camera import CameraId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.media import LiveRelay
from csu.hal.wall import NodeScene, WallError
from csu.hal.words import Words

FRAGMENTS_WAITING_MAX = 24
"""Pictures of one camera that may wait for a slow node: 2 s at 12 a second, when they would be stale anyway."""
RELAY_AGAIN_S = 1.0
"""After a camera's stream ended at the centre: its node was lost, or is not up yet."""
QUESTIONS_MAX = 64


class _Answer:
    """A question that waits, and what came of its answer."""

    def __init__(self) -> None:
        self.whole: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.so_far = bytearray()


class WallNodeLine:
    """See `csu.console.NodeLine`."""

    def __init__(
        self,
        hello: Hello,
        relay: LiveRelay,
        clock: Clock,
        tell: Callable[[Words], None],
        left: Callable[[WallNodeLine], None],
    ) -> None:
        """`tell`: who hears the node's own troubles. `left`: that the connection is over."""
        self._node, self._relay, self._clock, self._tell, self._left = hello.node, relay, clock, tell, left
        self._control: deque[str] = deque([pack(hello)])
        self._beat_asked_at_ns: Nanoseconds | None = None
        self._scene: NodeScene | None = None
        """The one that is to be sent."""
        self._until_ns: Nanoseconds | None = None
        """A renewal that is to be sent."""
        self._queues: dict[CameraId, FragmentQueue] = {}
        self._pumps: dict[CameraId, asyncio.Task[None]] = {}
        self._answers: dict[int, _Answer] = {}
        self._asked = 0
        self._something = asyncio.Event()
        self._is_over = self._has_left = False
        self.beat: Beat | None = None
        """What the node said last."""
        self.dropped = 0
        """Fragments it lost because it, or the way to it, was slow."""

    def show(self, scene: NodeScene) -> None:
        """The scene to be shown next; one that still waits is not sent at all."""
        self._scene, self._until_ns = scene, None
        self._something.set()

    def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown, or waits to be, may be shown until then."""
        if self._scene is not None:
            self._scene = self._scene.leased(until_ns)
        else:
            self._until_ns = until_ns
        self._something.set()

    async def ask(self, what: Literal["reading", "png"]) -> bytes:
        """The node's answer. Raises WallError: it failed, or left."""
        if self._is_over or len(self._answers) >= QUESTIONS_MAX:
            raise self._failed(Words("n'est plus reliée", "is connected no more"))
        number = self._asked = (self._asked + 1) % (1 << 32)
        answer = self._answers[number] = _Answer()
        self._control.append(pack(Ask(number=number, what=what)))
        self._something.set()
        try:
            return await answer.whole
        finally:
            self._answers.pop(number, None)

    def replace(self) -> None:
        """Another connection, or nobody, draws this part of the wall from now on."""
        self._is_over = True
        self._something.set()

    # -- what the door asks -------------------------------------------------------------------------------------------

    async def next(self) -> str | bytes | None:
        """See NodeLine."""
        while not self._is_over:
            message = self._next()
            if message is not None:
                return message
            self._something.clear()
            await self._something.wait()
        return None

    def hear(self, message: str | bytes) -> None:
        """See NodeLine. Raises ValueError."""
        if isinstance(message, bytes):
            self._piece(*unpack_piece(message))
            return
        told = from_node(message)
        if isinstance(told, Beat):
            self.beat, self._beat_asked_at_ns = told, told.asked_at_ns
            self._something.set()
        elif told.number is None:
            self._tell(Words(told.fr, told.en))
        elif (answer := self._answers.get(told.number)) is not None and not answer.whole.done():
            answer.whole.set_exception(self._failed(Words(told.fr, told.en)))

    def leave(self) -> None:
        """See NodeLine."""
        if self._has_left:
            return
        self._has_left = self._is_over = True
        for pump in self._pumps.values():
            pump.cancel()
        self._pumps.clear()
        self._queues.clear()
        for answer in self._answers.values():
            if not answer.whole.done():
                answer.whole.set_exception(
                    self._failed(Words("est partie avant de répondre", "left without an answer"))
                )
        self._left(self)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _next(self) -> str | bytes | None:
        if self._beat_asked_at_ns is not None:
            asked_at_ns, self._beat_asked_at_ns = self._beat_asked_at_ns, None
            return pack(Told(asked_at_ns=asked_at_ns, now_ns=self._clock.now_ns()))
        if self._control:
            return self._control.popleft()
        if self.beat is None or self.beat.offset_ns is None:
            return None
        if self._scene is not None:
            scene, self._scene = self._scene, None
            self._follow(scene)
            return pack(ShowScene(scene=scene))
        if self._until_ns is not None:
            until_ns, self._until_ns = self._until_ns, None
            return pack(Renew(until_ns=until_ns))
        for camera, queue in self._queues.items():
            fragment = queue.take()
            if fragment is not None:
                del self._queues[camera]
                self._queues[camera] = queue  # its turn comes after all others
                return pack_fragment(camera, fragment)
        return None

    def _follow(self, scene: NodeScene) -> None:
        """Pictures of the cameras of this scene, and of no others, follow it."""
        wanted = {piece.camera for piece in scene.pieces if piece.camera is not None}
        for gone in [camera for camera in self._pumps if camera not in wanted]:
            self._pumps.pop(gone).cancel()
            del self._queues[gone]
        for camera in sorted(wanted - set(self._pumps)):
            self._queues[camera] = queue = FragmentQueue(FRAGMENTS_WAITING_MAX)
            name = f"wall node {self._node} {camera}"
            self._pumps[camera] = asyncio.create_task(self._pump(camera, queue), name=name)

    async def _pump(self, camera: CameraId, queue: FragmentQueue) -> None:
        while True:
            with suppress(KeyError):  # no node has it yet
                async with self._relay.watch(camera) as fragments:
                    async for fragment in fragments:
                        before = queue.dropped
                        queue.offer(fragment)
                        self.dropped += queue.dropped - before
                        self._something.set()
            await asyncio.sleep(RELAY_AGAIN_S)

    def _piece(self, number: int, is_last: bool, data: bytes) -> None:
        answer = self._answers.get(number)
        if answer is None or answer.whole.done():
            return  # who asked has stopped waiting
        if len(answer.so_far) + len(data) > ANSWER_BYTES_MAX:
            raise ValueError(f"an answer above {ANSWER_BYTES_MAX} bytes")
        answer.so_far += data
        if is_last:
            answer.whole.set_result(bytes(answer.so_far))

    def _failed(self, words: Words) -> WallError:
        return WallError(
            words,
            where=f"wall/{self._node}",
            what_to_do=Words("Voyez cette machine du mur", "Look at that machine of the wall"),
        )
