"""Machines of the wall on other hosts: one WebSocket a node, scenes and masked pictures out, readings in.

The door knows no picture and no scene: it carries messages between the socket and the centre's `WallNodeDesk`, which
says what goes next. It waits for the socket and keeps nothing; a node that takes nothing for `send_timeout_s` is cut.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect

from csu.console.access import Door, opens
from csu.console.live import close_socket, until_one_ends
from csu.console.metrics import ConsoleCounts
from csu.console.refusals import Refusal, Refused
from csu.governance import Action
from csu.hal.wall import WallNodeId


class NodeLine(Protocol):
    """One connection of a node, from the centre's side."""

    async def next(self) -> str | bytes | None:
        """What goes to the node next; None: another connection has taken this one's place."""
        ...

    def hear(self, message: str | bytes) -> None:
        """Take in what the node says. Raises ValueError for what a node does not say."""
        ...

    def leave(self) -> None:
        """The connection is over. Idempotent."""
        ...


class WallNodeDesk(Protocol):
    """The machines that this centre awaits."""

    def join(self, node: WallNodeId) -> NodeLine:
        """A node is there; a connection it had is over. Raises KeyError for one that nobody awaits."""
        ...


def add_wall_node_door(
    app: FastAPI, desk: WallNodeDesk | None, counts: ConsoleCounts, *, send_timeout_s: float
) -> None:
    """The one route of wall nodes, into `app` itself. `desk`: None: this centre awaits none; its door says so."""

    @app.websocket("/ws/wall-node/{node}")
    @opens(Door("wall_node", Action.WALL_DRAW))
    async def wall_node(websocket: WebSocket, node: str) -> None:
        try:
            line = None if desk is None else desk.join(WallNodeId(node))
        except KeyError:
            line = None
        if line is None:  # before the handshake: it sees HTTP 403
            raise Refused(Refusal.WALL_NODE_UNKNOWN, where="wall-node")
        try:
            await websocket.accept()
            await until_one_ends(hearing=_hear(websocket, line), sending=_send(websocket, line, send_timeout_s))
        except WebSocketDisconnect:
            return
        except Refused as refused:
            counts.refused.labels(refused.refusal.code).inc()
            await close_socket(websocket, refused)
        finally:
            line.leave()


async def _send(websocket: WebSocket, line: NodeLine, timeout_s: float) -> None:
    while (message := await line.next()) is not None:
        try:
            async with asyncio.timeout(timeout_s):
                if isinstance(message, str):
                    await websocket.send_text(message)
                else:
                    await websocket.send_bytes(message)
        except TimeoutError as error:
            raise Refused(Refusal.WALL_NODE_SLOW, where="wall-node") from error
    raise Refused(Refusal.WALL_NODE_REPLACED, where="wall-node")


async def _hear(websocket: WebSocket, line: NodeLine) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            line.hear(message.get("text") or message.get("bytes") or "")
        except ValueError as error:
            raise Refused(Refusal.REQUEST_INVALID, where="wall-node") from error
