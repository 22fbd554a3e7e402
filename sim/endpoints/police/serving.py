"""The station's server: HTTP/1.1 over TLS that asks for the caller's certificate. As much HTTP as a contact needs."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from csu.hal.clock import Clock
from sim.endpoints.police.authority import Papers, PrivateAuthority
from sim.endpoints.police.station import PoliceStation, Reply, StationQuirk, StationSpec

HOST, NAME = "127.0.0.1", "localhost"
PATH = "/calls"
_HEAD_BYTES_MAX, _BODY_BYTES_MAX = 8192, 16_384
_IDLE_S_MAX = 20.0
_CONNECTIONS_MAX = 64
_FLAWS = (StationQuirk.BAD_CERTIFICATE, StationQuirk.WRONG_NAME, StationQuirk.EXPIRED)


@asynccontextmanager
async def serve_police(spec: StationSpec, authority: PrivateAuthority, clock: Clock) -> AsyncIterator[PoliceStation]:
    """Serve one station on an ephemeral port of the loopback until the block ends. Raises OSError.

    `authority` signs its certificate, and the certificates of the centres that may call.
    """
    station = PoliceStation(spec, secrets.token_bytes(32), clock)
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(talks) >= _CONNECTIONS_MAX:
            writer.close()
            return
        talks.add(task)
        task.add_done_callback(talks.discard)
        try:
            while await asyncio.wait_for(_answer_one(station, reader, writer), _IDLE_S_MAX):
                pass
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the caller left, fell asleep or talks nonsense: it is let go
        except asyncio.CancelledError:
            return  # only the end of the block cancels; asyncio 3.11 prints a trace for a cancelled client task
        finally:
            writer.close()

    context = _contexts(station, authority, clock)
    server = await asyncio.start_server(serve, HOST, 0, ssl=context, limit=_HEAD_BYTES_MAX, ssl_handshake_timeout=5)
    station.url = f"https://{NAME}:{server.sockets[0].getsockname()[1]}{PATH}"
    try:
        yield station
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def _contexts(station: PoliceStation, authority: PrivateAuthority, clock: Clock) -> ssl.SSLContext:
    """The right certificate; a wrong one while a quirk says so."""
    right = _context(authority.server(NAME), authority)
    wrong = {
        StationQuirk.BAD_CERTIFICATE: _context(PrivateAuthority("nobody", clock).server(NAME), authority),
        StationQuirk.WRONG_NAME: _context(authority.server("elsewhere.example"), authority),
        StationQuirk.EXPIRED: _context(authority.server(NAME, is_expired=True), authority),
    }

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        for quirk in _FLAWS:
            if station.has(quirk):
                connection.context = wrong[quirk]

    right.sni_callback = choose
    return right


def _context(papers: Papers, authority: PrivateAuthority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.certificate_pem.decode("ascii"))
    with TemporaryDirectory() as directory:
        file = Path(directory) / "papers.pem"
        file.write_bytes(papers.certificate_pem + papers.key_pem)
        context.load_cert_chain(file)
    return context


async def _answer_one(station: PoliceStation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request; False when the connection is over."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, _, rest = head[0].partition(" ")
    target, _, _ = rest.partition(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _BODY_BYTES_MAX:
        writer.write(_http(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)))
        return False
    body = await reader.readexactly(int(length))
    station.asked += 1
    reply = _reply(station, method, target, headers, body)
    if station.has(StationQuirk.LOSES_ANSWERS):
        return False
    if station.has(StationQuirk.SILENT):
        await asyncio.sleep(_IDLE_S_MAX)
        return False
    writer.write(_bytes(station, reply))
    await writer.drain()
    return True


def _reply(station: PoliceStation, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
    if station.has(StationQuirk.REDIRECTS):
        return Reply(HTTPStatus.TEMPORARY_REDIRECT)
    parts = urlsplit(target)
    if parts.path != PATH:
        return Reply(HTTPStatus.NOT_FOUND)
    if method == "POST":
        return station.hear(headers, body)
    if method == "GET":
        return station.status_of(parse_qs(parts.query).get("call", [""])[0])
    return Reply(HTTPStatus.METHOD_NOT_ALLOWED)


def _bytes(station: PoliceStation, reply: Reply) -> bytes:
    if station.has(StationQuirk.GARBAGE):
        return b"\x00\x01 what is this \r\n\r\n"
    if station.has(StationQuirk.HUGE):
        return _http(Reply(reply.status, {**reply.told, "more": "x" * (1 << 20)}))
    if station.has(StationQuirk.ANSWERS_TWICE):
        return _http(reply) + _http(Reply(HTTPStatus.OK, {**reply.told, "state": "taken", "taken_by": "nobody at all"}))
    return _http(reply)


def _http(reply: Reply) -> bytes:
    body = json.dumps(dict(reply.told)).encode()
    lines = [
        f"HTTP/1.1 {reply.status.value} {reply.status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if reply.status is HTTPStatus.TEMPORARY_REDIRECT:
        lines.append("Location: https://elsewhere.example/calls")
    return "\r\n".join([*lines, "", ""]).encode() + body
