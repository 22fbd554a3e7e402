"""The console on a socket: uvicorn with the settings that live pictures need, inside the centre's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import FastAPI

from csu.console.refusals import ConsoleError
from csu.hal.errors import BadInput
from csu.hal.words import Words

CONNECTIONS_MAX = 1024
VIEWER_MESSAGE_BYTES_MAX = 1024
"""Viewers have nothing to say: what is larger than this is not even read."""
STOP_TIMEOUT_S = 3


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: Ctrl-C belongs to the centre, which stops the console in its turn."""
        yield


@contextlib.asynccontextmanager
async def serve_console(app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `app` until the block ends; yields its URL. Port 0 takes a free one.

    Raises BadInput when the address cannot be bound, ConsoleError when the server does not start.
    """
    listener = _listen(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # where a request comes from is the socket's to say, not a header's
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,  # video does not shrink: deflate would cost CPU for nothing
            ws_max_size=VIEWER_MESSAGE_BYTES_MAX,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="console")
    try:
        while not server.started:
            if serving.done():
                serving.result()
                raise ConsoleError(
                    Words("le serveur web n'a pas démarré", "the web server did not start"),
                    where=host,
                    what_to_do=Words("Voyez les messages ci-dessus", "See the log above"),
                )
            await asyncio.sleep(0.01)
        yield _url(listener)
    finally:
        app.state.closing.set()
        server.should_exit = True
        await asyncio.wait({serving})
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        raise BadInput(
            Words(f"la console ne peut pas écouter là : {error}", f"the console cannot listen there: {error}"),
            where=f"{host}:{port}",
            what_to_do=Words(
                "Choisissez un autre port, ou arrêtez ce qui tient celui-ci",
                "Choose another port, or stop what holds this one",
            ),
        ) from error


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
