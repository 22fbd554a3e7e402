"""Who may speak to the console: Host and Origin are checked, and every answer carries its security headers.

A pure ASGI layer, because ordinary HTTP middleware never sees a WebSocket. Against DNS rebinding the Host must be one
the console was told; against a foreign page the Origin of a WebSocket must be the Host itself.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from csu.console.gate import PASSED
from csu.console.metrics import ConsoleCounts
from csu.console.refusals import Refusal, Refused

_HOST = re.compile(r"(?P<name>\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::(?P<port>\d{1,5}))?", re.ASCII)

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
}


def content_policy(host: str) -> str:
    """The Content-Security-Policy of a page served at `host`. Blobs are what MSE and the wall picture are made of."""
    return (
        "default-src 'self'; media-src blob:; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors 'none'; connect-src 'self' ws://{host} wss://{host}"
    )


def check_host(headers: Headers, hosts: frozenset[str]) -> str:
    """The Host header, if it names one of `hosts` (any port). Raises Refused."""
    host = headers.get("host", "").lower()
    match = _HOST.fullmatch(host)
    if match is None or match["name"] not in hosts:
        raise Refused(Refusal.HOST_REFUSED, where="host")
    return host


def check_origin(headers: Headers, host: str) -> None:
    """Refuse a WebSocket that was not opened by the console's own page; one without Origin is refused as well."""
    origin = urlsplit(headers.get("origin", ""))
    if origin.scheme not in ("http", "https") or origin.netloc.lower() != host:
        raise Refused(Refusal.ORIGIN_REFUSED, where="origin")


def check_fetch(headers: Headers, method: str, host: str) -> None:
    """Refuse what another site's page asks for, except to open the console in a tab (Fetch Metadata).

    What changes something may come from the console's own page, or from no page at all.
    """
    is_reading = method in ("GET", "HEAD")
    is_followed_link = is_reading and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site") == "cross-site" and not is_followed_link:
        raise Refused(Refusal.ORIGIN_REFUSED, where="sec-fetch-site")
    if not is_reading and "origin" in headers:
        check_origin(headers, host)


class BesideTheGate(RuntimeError):
    """A fault of ours: an answer that the gate never saw. Nothing of it is sent."""


class Doors:
    """ASGI layer around the whole console."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], counts: ConsoleCounts) -> None:
        self._app = app
        self._hosts = hosts
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            host = check_host(headers, self._hosts)
            if scope["type"] == "websocket":
                check_origin(headers, host)
            else:
                check_fetch(headers, scope["method"], host)
        except Refused as refused:
            self._counts.refused.labels(refused.refusal.code).inc()
            await _turn_away(refused, scope, receive, send)
            return
        await self._app(scope, receive, _dressed(_gated(send, scope), host))


async def _turn_away(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        # Before the handshake: the browser sees HTTP 403 and no frame is ever exchanged.
        await send({"type": "websocket.close", "code": refused.refusal.value.close_code, "reason": ""})
        return
    headers = _ALWAYS | {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
    headers["Cache-Control"] = "no-store"
    response = JSONResponse(refused.answer().model_dump(), status_code=refused.refusal.value.status, headers=headers)
    await response(scope, receive, send)


def _gated(send: Send, scope: Scope) -> Send:
    async def send_gated(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept") and PASSED not in scope:
            raise BesideTheGate(scope["path"])
        await send(message)

    return send_gated


def _dressed(send: Send, host: str) -> Send:
    async def send_dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(_ALWAYS)
            headers["Content-Security-Policy"] = content_policy(host)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_dressed
