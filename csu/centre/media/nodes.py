"""The media nodes as the centre follows them: started again when lost, told what to do, newest orders last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from csu.centre.events import NodeChanged
from csu.centre.footing import Footing
from csu.centre.media.manifests import Manifests
from csu.hal.camera import CameraId
from csu.hal.errors import CsuError
from csu.hal.media import (
    Assignment,
    CameraEvent,
    CameraEventKind,
    Manifest,
    MediaNode,
    NodeId,
    NodeLost,
    NodeMessage,
)
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraBoard


class Nodes:
    """All nodes of a centre."""

    def __init__(
        self,
        footing: Footing,
        nodes: Sequence[MediaNode],
        cameras_of: Mapping[NodeId, Sequence[CameraId]],
        *,
        manifests: Manifests,
        board: CameraBoard,
        newest: Callable[[Sequence[CameraId]], list[Assignment]],
        hear_moved: Callable[[CameraEvent], Awaitable[None]],
    ) -> None:
        """`cameras_of`: whom each serves, now or once it answers.

        `newest`: what a node is to be told of its cameras now; none for a camera that no order lets be recorded.

        `hear_moved`: whoever locks a camera whose view is no longer the one that was signed off.
        """
        self._footing, self._manifests, self._board = footing, manifests, board
        self._newest, self._hear_moved = newest, hear_moved
        self._nodes = {node.node: node for node in nodes}
        self._node_of = {camera: node for node, of_node in cameras_of.items() for camera in of_node}
        self._cameras_of = {node: tuple(of_node) for node, of_node in cameras_of.items()}
        self._untold: dict[NodeId, asyncio.Task[None]] = {}
        self._assigning = {node: asyncio.Lock() for node in self._nodes}
        self._up: dict[NodeId, bool] = dict.fromkeys(self._nodes, False)
        self._stopping = False

    def serves(self, camera: CameraId) -> bool:
        """Whether a node takes this camera's pictures."""
        return camera in self._node_of

    def of(self, camera: CameraId) -> MediaNode:
        """The camera's node. Raises KeyError."""
        return self._nodes[self._node_of[camera]]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._up)

    def up(self) -> int:
        """How many are up."""
        return sum(self._up.values())

    def all(self) -> dict[NodeId, tuple[bool, int]]:
        """Each of them: whether it is up, and how many cameras it serves, or will."""
        return {node: (is_up, len(self._cameras_of.get(node, ()))) for node, is_up in self._up.items()}

    async def follow_all(self) -> None:
        """Follow every node until `stop`."""
        async with asyncio.TaskGroup() as group:
            for name in self._nodes:
                group.create_task(self._follow(name), name=f"follow {name}")

    async def stop(self) -> None:
        """Ask every node to close its segments."""
        self._stopping = True
        await asyncio.gather(*(node.stop() for node in self._nodes.values()))

    def abandon(self) -> None:
        """What could not be told to a node is told to nobody any more."""
        for task in self._untold.values():
            task.cancel()

    async def give(self, cameras: Collection[CameraId]) -> None:
        """Tell their nodes, each once. One that cannot be told now is told in the background until it can, or is
        gone."""
        for name in dict.fromkeys(self._node_of[camera] for camera in cameras if camera in self._node_of):
            if not await self._told(name) and name not in self._untold:
                self._untold[name] = asyncio.create_task(self._tell_until_told(name), name=f"assign {name}")

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _follow(self, name: NodeId) -> None:
        node, failures = self._nodes[name], 0
        while not self._stopping:
            try:
                await node.start()
                if self._stopping:  # asked while it started, when there was nothing to stop yet
                    await node.stop()
                else:
                    await self._assign(name)
            except CsuError as error:
                self._footing.tell_trouble(name, error.trouble.beside(name))
            else:
                self._set_up(name, True, NO_WORDS)
                async for message in node.messages():
                    if isinstance(message, Manifest):
                        failures = 0  # a node that dies before it accounts for a minute is waited for longer each time
                    await self._hear(name, message)
            if not self._stopping:
                failures += 1
                await asyncio.sleep(self._footing.retry_after_s(f"retry/{name}", failures))

    async def _hear(self, name: NodeId, message: NodeMessage) -> None:
        now_ns = self._footing.now()
        if isinstance(message, Manifest):
            if not await self._manifests.take(message):
                return
        elif isinstance(message, NodeLost):
            self._footing.counts.nodes_lost += 1
            self._manifests.lose(message)
            self._set_up(name, False, message.detail)
            self._footing.tell_all(self._board.lose(message, self._cameras_of.get(name, ()), now_ns))
            return
        else:
            if message.kind is CameraEventKind.AUDIO_OFFERED:
                self._footing.counts.audio_offered += 1
            self._footing.tell(message)
            if message.kind is CameraEventKind.VIEW_MOVED:
                await self._hear_moved(message)
        if changes := self._board.hear(message, now_ns):
            self._footing.tell_all(changes)

    def _set_up(self, node: NodeId, up: bool, detail: Words) -> None:
        if self._up[node] is not up:
            self._up[node] = up
            self._footing.tell(NodeChanged(node, up, self._footing.now(), detail))

    async def _tell_until_told(self, name: NodeId) -> None:
        failures = 1
        while not self._stopping:
            await asyncio.sleep(self._footing.retry_after_s(f"assign/{name}", failures))
            if await self._told(name):
                break
            failures += 1
        del self._untold[name]

    async def _told(self, name: NodeId) -> bool:
        """True when the node knows its newest assignments, or does not run: it is told them when it starts."""
        try:
            await self._assign(name)
        except CsuError as error:
            if not self._up[name]:
                return True
            self._footing.tell_trouble(name, error.trouble.beside(name))
            return False
        return True

    async def _assign(self, name: NodeId) -> None:
        """The newest assignments of a node, never overtaken by older ones."""
        async with self._assigning[name]:
            await self._nodes[name].assign(self._newest(self._cameras_of.get(name, ())))
