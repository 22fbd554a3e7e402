"""The console on a socket: uvicorn with the settings that live pictures need, inside the centre's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from csu.console.refusals import ConsoleError
from csu.hal.errors import BadInput
from csu.hal.words import Words

CONNECTIONS_MAX = 1024
MESSAGE_BYTES_MAX = 64 << 10
"""Of one message from a socket: a wall node answers in pieces below it, and viewers have nothing to say at all."""
STOP_TIMEOUT_S = 3


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """What the console proves itself with: PEM files, the certificate with those above it, and its key."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer. Raises BadInput."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise BadInput(
                Words(f"certificat inutilisable : {error}", f"no usable certificate: {error}"),
                where=str(self.certificate),
                what_to_do=Words(
                    "Donnez deux fichiers PEM qui vont ensemble", "Give two PEM files that belong together"
                ),
            ) from error
        return context


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: Ctrl-C belongs to the centre, which stops the console in its turn."""
        yield


@contextlib.asynccontextmanager
async def serve_console(
    app: FastAPI, *, host: str = "127.0.0.1", port: int = 0, tls: ServedCertificate | None = None
) -> AsyncIterator[str]:
    """Serve `app` until the block ends; yields its URL. Port 0 takes a free one. `tls`: None: without.

    Raises BadInput when the address cannot be bound or the certificate not used, ConsoleError when the server does not
    start.
    """
    context = None if tls is None else tls.context()
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
            ws_max_size=MESSAGE_BYTES_MAX,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            ssl_context_factory=None if context is None else lambda config, make: context,
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
        yield _url(listener, "http" if tls is None else "https")
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


def _url(listener: socket.socket, scheme: str) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
