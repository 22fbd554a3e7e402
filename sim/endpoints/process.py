"""The serving process: `python -m sim.endpoints.process FD`, started by `RtspFarm` and by nobody else.

It talks with its parent over the inherited socket FD: first the specs come in, then orders; each order is answered
once. It ends when told, when the socket closes, or when its parent is gone.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection

from csu.machine import SystemClock
from sim.endpoints.masks import Refused
from sim.endpoints.orders import (
    Answer,
    BetrayMasks,
    Count,
    FitSpeaker,
    Misbehave,
    OfferAudio,
    Open,
    Order,
    ReadMasks,
    Reboot,
    SetLogins,
    SetMasks,
    SpoilView,
    Stop,
    SwitchAudio,
    TellHeard,
    TellPositions,
    Turn,
)
from sim.endpoints.server import RtspServer

PARENT_CHECK_S = 0.5


async def serve(connection: Connection, parent: int) -> None:
    """Serve until told to stop or orphaned."""
    first = connection.recv()
    if not isinstance(first, Open):
        raise TypeError(f"the first order must be Open, not {type(first).__name__}")
    try:
        server = await asyncio.to_thread(RtspServer, first.specs, SystemClock())
        await server.start()
    except (OSError, ValueError, RuntimeError) as error:
        connection.send(Answer(refused=f"{type(error).__name__}: {error}"))
        return
    connection.send(Answer(port=server.port, stills_port=server.stills_port))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(connection.fileno(), _obey_next, connection, server, ended)
    try:
        while not ended.is_set() and os.getppid() == parent and server.trouble() is None:
            try:
                await asyncio.wait_for(ended.wait(), PARENT_CHECK_S)
            except TimeoutError:
                continue
    finally:
        loop.remove_reader(connection.fileno())
        await server.stop()
    trouble = server.trouble()
    if trouble is not None:
        raise trouble


def _obey_next(connection: Connection, server: RtspServer, ended: asyncio.Event) -> None:
    try:
        order: Order = connection.recv()
    except (EOFError, OSError, pickle.UnpicklingError):
        ended.set()
        return
    if isinstance(order, Stop):  # the parent waits for the end of the process, not for an answer
        ended.set()
        return
    try:
        connection.send(_obey(order, server))
    except OSError:
        ended.set()  # nobody is there to be answered: the parent is gone


def _obey(order: Order, server: RtspServer) -> Answer:
    try:
        if isinstance(order, Count):
            return Answer(counts=tuple(server.counts().items()))
        if isinstance(order, ReadMasks):
            return Answer(masks=server.read_masks(order.camera))
        if isinstance(order, TellHeard):
            return Answer(heard=server.tell_heard(order.camera))
        _do(order, server)
    except KeyError as error:
        return Answer(refused=f"no such camera here: {error}")
    except (Refused, ValueError) as error:
        return Answer(refused=str(error))
    return Answer()


def _do(order: Order, server: RtspServer) -> None:
    if isinstance(order, Misbehave):
        server.misbehave(order.camera, order.fault)
    elif isinstance(order, Turn):
        server.obey(order.camera, order.motion, seeking=order.seeking)
    elif isinstance(order, SetMasks):
        server.set_masks(order.camera, order.masks)
    elif isinstance(order, BetrayMasks):
        server.betray_masks(order.camera, order.fault, order.after_s)
    elif isinstance(order, SpoilView):
        server.spoil_view(order.camera, order.fault, order.after_s)
    elif isinstance(order, SwitchAudio):
        server.switch_audio(order.camera, order.on)
    elif isinstance(order, Reboot):
        server.reboot(order.camera, order.down_s)
    elif isinstance(order, SetLogins):
        server.set_logins(order.camera, order.logins)
    elif isinstance(order, OfferAudio):
        server.offer_audio(order.camera, order.profile, offered=order.offered)
    elif isinstance(order, TellPositions):
        server.tell_positions(order.camera, order.profile, order.teller)
    elif isinstance(order, FitSpeaker):
        server.fit_speaker(order.camera, order.speaker)


def main(arguments: list[str]) -> int:
    """Entry of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent says when to stop
    descriptor, parent = int(arguments[0]), int(arguments[1])
    with Connection(descriptor) as connection:
        asyncio.run(serve(connection, parent))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
