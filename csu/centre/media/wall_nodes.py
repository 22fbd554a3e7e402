"""Machines of the wall on other hosts, from the centre's side: each is a `WallOutput`, fed by masked relays.

A node connects by itself (`csu wall node`) and comes in by the console's door; one that is not there keeps no scene up:
what it showed ends by itself, and it gets the newest scene when it comes. Control goes before pictures: a node that is
slow loses pictures up to the next key frame, never a scene.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from csu.centre.events import Trouble
from csu.centre.media.wall_node_line import WallNodeLine
from csu.cluster.wall_node_wire import Beat, Hello, unpack_reading
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.media import LiveRelay
from csu.hal.wall import NodeScene, WallError, WallNodeId, WallReading
from csu.hal.words import Words
from csu.wall.drawing.windows import ONE_WINDOW, NodeScreens

LEASE_NS = 5 * NS_PER_S
"""How long a piece without an end of its own may be up on another machine: nobody there could take it away [D]."""
ANSWER_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Served:
    """What all nodes of one wall are served with."""

    relay: LiveRelay
    cameras: tuple[CameraId, ...]
    """Of which a node may get pictures: it keeps memory for each."""
    picture_px_max: tuple[int, int]
    clock: Clock
    tell: Callable[[Trouble], None]


class WallNodes:
    """The nodes that this centre awaits; see `csu.console.WallNodeDesk`."""

    def __init__(
        self,
        relay: LiveRelay,
        cameras: Sequence[CameraId],
        picture_px_max: tuple[int, int],
        *,
        clock: Clock,
        tell: Callable[[Trouble], None],
    ) -> None:
        self._served = Served(relay, tuple(cameras), picture_px_max, clock, tell)
        self._walls: dict[WallNodeId, RemoteWall] = {}

    def output(self, node: WallNodeId, width_px: int, height_px: int, screens: NodeScreens = ONE_WINDOW) -> RemoteWall:
        """The part of the wall that this node draws; from now on it is awaited."""
        served = self._served
        hello = Hello(
            node=node,
            width_px=width_px,
            height_px=height_px,
            cameras=served.cameras,
            picture_px_max=served.picture_px_max,
            screens=screens,
        )
        wall = RemoteWall(hello, served)
        self._walls[node] = wall
        return wall

    def join(self, node: WallNodeId) -> WallNodeLine:
        """See WallNodeDesk. Raises KeyError for a node that nobody awaits."""
        return self._walls[node].join()


class RemoteWall:
    """A `WallOutput` on another host."""

    def __init__(self, hello: Hello, served: Served) -> None:
        self._hello, self._served = hello, served
        self._scene: NodeScene | None = None
        self._line: WallNodeLine | None = None

    @property
    def is_there(self) -> bool:
        """Whether the node is connected."""
        return self._line is not None

    @property
    def beat(self) -> Beat | None:
        """What the node said of itself last: its clock against ours, what it shows and refused; None: it is away."""
        return self._line.beat if self._line is not None else None

    def join(self) -> WallNodeLine:
        """The node connects; a connection it had is over."""
        if self._line is not None:
            self._line.replace()
            self._told(Words("une autre connexion a pris sa place", "another connection has taken its place"))
        served = self._served
        line = WallNodeLine(self._hello, served.relay, served.clock, self._told, self._left)
        if self._scene is not None:
            line.show(self._scene)
        self._line = line
        return line

    async def start(self) -> None:
        """The node starts by itself: nothing is waited for, but it is told that it is missing."""
        if self._line is None:
            self._told(Words("la machine du mur est attendue", "the machine of the wall is awaited"))

    async def show(self, scene: NodeScene) -> None:
        """The scene from now on; a node that is away gets it when it comes, for as long as its pieces say.

        Raises WallError for a scene that this node cannot show.
        """
        wanted = (self._hello.width_px, self._hello.height_px)
        if (scene.width_px, scene.height_px) != wanted:
            size = f"{scene.width_px}x{scene.height_px} px"
            raise self._error(
                Words(f"une scène de {size}", f"a scene of {size}"),
                Words("Composez la scène à la taille du mur", "Lay the scene out for the size of the wall"),
            )
        shown = {piece.camera for piece in scene.pieces if piece.camera is not None}
        unknown = ", ".join(sorted(shown - set(self._hello.cameras)))
        if unknown:
            raise self._error(
                Words(f"aucune image partagée de {unknown}", f"no pictures are shared of {unknown}"),
                Words("Ne montrez que les caméras de ce mur", "Show cameras of this wall only"),
            )
        ends_ns = self._served.clock.now_ns() + LEASE_NS
        pieces = tuple(
            piece if piece.shown_until_ns is not None else replace(piece, shown_until_ns=ends_ns)
            for piece in scene.pieces
        )
        self._scene = replace(scene, pieces=pieces)
        if self._line is not None:
            self._line.show(self._scene)

    async def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then; a node that is away is shown it when it comes."""
        if self._scene is not None:
            self._scene = self._scene.leased(until_ns)
        if self._line is not None:
            self._line.renew(until_ns)

    async def read(self) -> WallReading:
        """What its pixels show, by its own reading. Raises WallError: it is away, in trouble, or does not answer."""
        try:
            return unpack_reading(await self._ask("reading"))
        except ValueError as error:
            raise self._error(
                Words("la réponse n'est pas une lecture", "the answer is no reading"),
                Words("Installez la même version des deux côtés", "Install the same version on both sides"),
            ) from error

    async def picture_png(self) -> bytes:
        """Raises WallError: it is away, in trouble, or does not answer."""
        return await self._ask("png")

    async def stop(self) -> None:
        """Let the node go. Idempotent."""
        if self._line is not None:
            self._line.replace()
        self._scene = None

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _ask(self, what: str) -> bytes:
        if self._line is None:
            raise self._error(
                Words("cette machine du mur n'est pas reliée", "this machine of the wall is not connected"),
                Words("Voyez-la sur place : csu wall node y tourne-t-il ?", "Look there: does csu wall node run?"),
            )
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await self._line.ask("reading" if what == "reading" else "png")
        except TimeoutError as error:
            raise self._error(
                Words(f"n'a pas répondu en {ANSWER_TIMEOUT_S:g} s", f"did not answer in {ANSWER_TIMEOUT_S:g} s"),
                Words("Voyez la machine et le réseau", "Look at the machine and at the network"),
            ) from error

    def _told(self, words: Words) -> None:
        self._served.tell(Trouble(self._where, words, self._served.clock.now_ns()))

    def _left(self, line: WallNodeLine) -> None:
        if self._line is line:  # else another took its place
            self._line = None
            self._told(Words("la machine du mur n'est plus reliée", "the machine of the wall is connected no more"))

    def _error(self, what: Words, what_to_do: Words) -> WallError:
        return WallError(what, where=self._where, what_to_do=what_to_do)

    @property
    def _where(self) -> str:
        return f"wall/{self._hello.node}"
