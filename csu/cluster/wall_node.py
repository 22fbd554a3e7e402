"""A wall node on another host: it connects out to its centre, gets scenes and masked pictures, and draws them here.

What draws is the same `WallProcess` as at the centre, over shared pictures of this host. Nothing that is shown outlives
the centre's word: each piece of a scene ends by itself (`shown_until_ns`), whatever became of this process, of the
connection or of the centre. Who is asked for is proved by TLS, but on this very machine.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin

from csu.cluster.wall_node_conversation import SILENCE_S_MAX, NodeConversation
from csu.cluster.wall_node_drawing import MakeWall, NodeDrawing
from csu.cluster.wall_node_wire import TO_NODE_BYTES_MAX, Hello, to_node
from csu.hal.chance import Chance
from csu.hal.clock import Clock
from csu.hal.errors import BadInput, CsuError
from csu.hal.media import GapCause
from csu.hal.tls import LOCALHOST, TlsTrust, client_context, is_loopback
from csu.hal.wall import WallNodeId
from csu.hal.words import Words
from csu.ingest.backoff import BackOff
from csu.machine import SystemChance, SystemClock

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
LOST_AGAIN_S_MAX = 5.0
"""A centre has few walls, and people stand before this one: a centre that is back is looked for at least so often."""
REPLACED = 4409
"""How the centre closes a connection whose place another took: two machines have one token; they take turns slowly."""
TOKEN_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class CentreAddress:
    """Where the centre is, and what it must prove itself with."""

    url: str
    """`https://` or, on this very machine, `http://`."""
    node: WallNodeId
    token: Path
    """Read anew at each connection, so that it can be replaced."""
    authority_pem: str | None = None
    """Of who signed the centre's certificate; needed with https."""

    def check(self) -> None:
        """Raises BadInput for what would send a token or take pictures in the open."""
        split = urlsplit(self.url)
        if split.scheme not in ("http", "https") or not split.hostname:
            raise BadInput(
                Words("ce n'est pas l'adresse d'un centre", "this is no address of a centre"),
                where=f"--centre {self.url}",
                what_to_do=Words("Écrivez https://centre.exemple:8600/", "Write https://centre.example:8600/"),
            )
        if split.scheme == "http" and split.hostname != LOCALHOST and not is_loopback(split.hostname):
            raise BadInput(
                Words("en clair vers une autre machine", "in the open to another machine"),
                where=f"--centre {self.url}",
                what_to_do=Words("Donnez une adresse https:// et --cafile", "Give an https:// address and --cafile"),
            )
        if split.scheme == "https" and self.authority_pem is None:
            raise BadInput(
                Words("rien ne dit à qui croire", "nothing says whom to believe"),
                where=f"--centre {self.url}",
                what_to_do=Words(
                    "Donnez --cafile : le certificat de qui a signé celui du centre",
                    "Give --cafile: the certificate of who signed the centre's",
                ),
            )

    def read_token(self) -> str:
        """Raises BadInput."""
        try:
            token = self.token.read_text(encoding="ascii")[:TOKEN_BYTES_MAX].strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                Words("le jeton ne peut être lu", "the token cannot be read"),
                where=str(self.token),
                what_to_do=Words("Faites-en un : csu wall token", "Make one: csu wall token"),
            ) from error
        return token


class WallNode:
    """One node. `run` it; `tell` hears in words what a person at the machine should know."""

    def __init__(
        self,
        address: CentreAddress,
        make_wall: MakeWall,
        tell: Callable[[Words], None],
        *,
        clock: Clock | None = None,
        chance: Chance | None = None,
    ) -> None:
        """Raises BadInput for an address that is none."""
        address.check()
        self._address, self._make_wall, self._tell = address, make_wall, tell
        self._clock = clock or SystemClock()
        self._back_off = BackOff(chance or SystemChance(f"wall-node/{address.node}"))
        self._drawing: NodeDrawing | None = None

    async def run(self) -> None:
        """Draw what the centre says, for ever; a connection that ends is made anew, later each time."""
        try:
            while True:
                began_ns = self._clock.monotonic_ns()
                cause, why = await self._connected()
                self._tell(why)
                again_s = self._back_off.after(cause, self._clock.monotonic_ns() - began_ns)
                await asyncio.sleep(again_s if cause is GapCause.CAMERA_REFUSED else min(again_s, LOST_AGAIN_S_MAX))
        finally:
            await self._let_go()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _connected(self) -> tuple[GapCause, Words]:
        """One connection, from its begin to its end: why it ended, and whether somebody must change something first."""
        lost, refused = GapCause.CAMERA_LOST, GapCause.CAMERA_REFUSED
        try:
            async with self._socket() as socket:
                self._tell(Words("relié au centre", "connected to the centre"))
                await self._follow(socket)
        except InvalidStatus as error:
            status = error.response.status_code
            return refused, Words(
                f"le centre refuse ce nœud (HTTP {status}) : voyez son jeton et le fichier du mur",
                f"the centre refuses this node (HTTP {status}): look at its token and at the wall's file",
            )
        except ConnectionClosed as error:
            told = error.rcvd.reason if error.rcvd is not None and error.rcvd.reason else "-"
            cause = refused if error.rcvd is not None and error.rcvd.code == REPLACED else lost
            return cause, Words(f"le centre a raccroché ({told})", f"the centre hung up ({told})")
        except (WebSocketException, OSError, TimeoutError) as error:
            name = type(error).__name__
            return lost, Words(f"centre injoignable ou muet ({name})", f"no way to the centre, or no answer ({name})")
        except ValueError as error:
            what = str(error)[:200]
            return refused, Words(f"message incompréhensible : {what}", f"this is no message: {what}")
        except CsuError as error:
            return refused, error.trouble.words
        return lost, Words("le centre a raccroché", "the centre hung up")

    def _socket(self) -> connect:
        """Raises BadInput for a token or certificate that cannot be read."""
        address = self._address
        base = address.url.rstrip("/")
        trust = None if address.authority_pem is None else TlsTrust(address.authority_pem, is_pinned=False)
        return connect(
            f"ws{base.removeprefix('http')}/ws/wall-node/{quote(address.node, safe='')}",
            origin=Origin(base),
            additional_headers={"Authorization": f"Bearer {address.read_token()}"},
            ssl=client_context(trust) if base.startswith("https") else None,
            compression=None,
            max_size=TO_NODE_BYTES_MAX,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            proxy=None,
        )

    async def _follow(self, socket: ClientConnection) -> None:
        """Obey one connection. Raises what ended it."""
        async with asyncio.timeout(SILENCE_S_MAX):
            hello = to_node(_text(await socket.recv()))
        if not isinstance(hello, Hello) or hello.node != self._address.node:
            raise ValueError("no hello for this node")
        drawing = await self._drawing_for(hello)
        await NodeConversation(socket, drawing, self._clock).follow()

    async def _drawing_for(self, hello: Hello) -> NodeDrawing:
        """What draws: it goes on over connections, while the centre asks for the same."""
        if self._drawing is not None and not self._drawing.is_for(hello):
            await self._let_go()
        if self._drawing is None:
            self._drawing = await asyncio.to_thread(NodeDrawing, hello, self._make_wall, self._clock, self._tell)
            self._drawing.begin()
        return self._drawing

    async def _let_go(self) -> None:
        drawing, self._drawing = self._drawing, None
        if drawing is not None:
            await drawing.close()


def run_wall_node(node: WallNode) -> None:
    """Run it until Ctrl-C or SIGTERM; all of it is ended then."""

    async def run() -> None:
        running = asyncio.create_task(node.run(), name="wall node")
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()

    asyncio.run(run())


def _text(message: str | bytes) -> str:
    if isinstance(message, bytes):
        raise ValueError("a fragment before the hello")
    return message
