"""What a wall node on another host draws with: shared pictures of its own, decoders, and a wall.

It goes on over connections. A scene is turned into this machine's time when it is shown; until the centre's clock is
known nothing is, and once it cannot be told any more all of it is forbidden.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from csu.cluster.shared_pictures import SharedPictures, SharedPicturesSpec, SharedPicturesWriter
from csu.cluster.wall_node_clock import CentreClock
from csu.cluster.wall_node_pictures import NodeCounts, NodePictures
from csu.cluster.wall_node_wire import Hello, pack_reading
from csu.hal.camera import CameraId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.media import LiveFragment
from csu.hal.wall import NodeScene, WallError, WallOutput
from csu.hal.words import Words

MakeWall = Callable[[SharedPicturesSpec, Hello], WallOutput]
"""What draws as the centre asks."""
WALL_AGAIN_S = 1.0
ENDED: Nanoseconds = 0
"""Of a right that is over: long before any clock of ours."""


class NodeDrawing:
    """Takes scenes and fragments as the centre gives them. Make it in a thread, `begin` and `close` it in the loop."""

    def __init__(self, hello: Hello, make_wall: MakeWall, clock: Clock, tell: Callable[[Words], None]) -> None:
        """Blocks. Raises SharedPicturesError when this host has no room for the pictures."""
        self._hello, self._clock, self._tell = hello, clock, tell
        self._memory = SharedPictures.create(hello.cameras, *hello.picture_px_max)
        self._writer = SharedPicturesWriter.attach(self._memory.spec)
        self._pictures = NodePictures(self._writer, self._captured_here_ns)
        self._wall = make_wall(self._memory.spec, hello)
        self.centre = CentreClock(hello.node)
        self._scene: NodeScene | None = None
        self._is_forbidden = False
        self._is_new = False
        """The wall was not told of the newest scene; else only until when it may be shown changed."""
        self._changed = asyncio.Event()
        self.trouble: Words | None = None
        """Why the wall does not draw; None: it does."""
        self._running: asyncio.Task[None] | None = None

    def is_for(self, hello: Hello) -> bool:
        """Whether it draws just what `hello` asks for."""
        return self._hello == hello

    @property
    def counts(self) -> NodeCounts:
        return self._pictures.counts

    def begin(self) -> None:
        """Open the wall, and follow what comes."""
        self._running = asyncio.create_task(self._run(), name="wall node drawing")

    def show(self, scene: NodeScene) -> None:
        """The scene from now on; pictures of its cameras come in and of no others."""
        self._scene, self._is_forbidden = scene, False
        self._pictures.show({piece.camera for piece in scene.pieces if piece.camera is not None})
        self._is_new = True
        self._changed.set()

    def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then, by the centre's clock."""
        if self._scene is not None:
            self._scene = self._scene.leased(until_ns)
            self._changed.set()

    def forbid(self) -> None:
        """Nothing of what is up may be shown any more; another scene may."""
        self._is_forbidden = self._is_new = True
        self._changed.set()

    def take(self, camera: CameraId, fragment: LiveFragment) -> None:
        """The next fragment of a camera; never blocks."""
        self._pictures.take(camera, fragment)

    def clock_told(self) -> None:
        """The centre's clock is known: what waited for it is shown."""
        if self._is_new:
            self._changed.set()

    async def reading(self) -> bytes:
        """What the pixels show, as it goes to the centre. Raises WallError."""
        read = await self._wall.read()
        ahead_ns = self.centre.offset_ns(self._clock.now_ns(), self._clock.monotonic_ns())
        return pack_reading(replace(read, at_ns=read.at_ns + ahead_ns))

    async def png(self) -> bytes:
        """The wall as a PNG. Raises WallError."""
        return await self._wall.picture_png()

    async def close(self) -> None:
        """End it all. Idempotent."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        await self._wall.stop()
        await asyncio.to_thread(self._pictures.close)
        self._writer.close()
        self._memory.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            try:
                await self._wall.start()  # idempotent
                await self._changed.wait()
                self._changed.clear()
                await self._tell_wall()
                self.trouble = None
            except WallError as error:
                if error.trouble.words != self.trouble:  # once, not each second
                    self.trouble = error.trouble.words
                    self._tell(self.trouble)
                self._is_new = True
                self._changed.set()
                await asyncio.sleep(WALL_AGAIN_S)

    async def _tell_wall(self) -> None:
        scene = self._scene_here()
        if scene is None:
            return
        if self._is_new:
            self._is_new = False
            await self._wall.show(scene)
        elif (until_ns := scene.pieces[0].shown_until_ns if scene.pieces else None) is not None:
            await self._wall.renew(until_ns)

    def _scene_here(self) -> NodeScene | None:
        """The newest scene by this machine's clock; a piece that names no end has none of its right left."""
        scene = self._scene
        if scene is None or not (self.centre.is_known or self._is_forbidden):
            return None

        def ends(at_ns: Nanoseconds | None) -> Nanoseconds:
            return ENDED if at_ns is None or self._is_forbidden else self._here_ns(at_ns)

        pieces = tuple(replace(piece, shown_until_ns=ends(piece.shown_until_ns)) for piece in scene.pieces)
        overlays = tuple(
            each if each.until_ns is None else replace(each, until_ns=ends(each.until_ns)) for each in scene.overlays
        )
        return replace(scene, pieces=pieces, overlays=overlays)

    def _here_ns(self, centre_ns: Nanoseconds) -> Nanoseconds:
        return self.centre.to_here(centre_ns, self._clock.now_ns(), self._clock.monotonic_ns())

    def _captured_here_ns(self, centre_ns: Nanoseconds) -> Nanoseconds:
        """Asked by the decoders' threads. Raises ClockRefused."""
        return self._here_ns(centre_ns)
