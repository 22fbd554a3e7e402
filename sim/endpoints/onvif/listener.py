"""The web server of one simulated camera: HTTP in, logins, quirks of the wire, SOAP out."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable

from sim.endpoints.digest import challenge, is_right
from sim.endpoints.http import HOST, HttpRequest, HttpServer, reply
from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.hostile import BOMB, GARBAGE, endless
from sim.endpoints.onvif.service import Call
from sim.endpoints.onvif.services import operation_of
from sim.endpoints.onvif.soap import (
    NOT_AUTHORIZED,
    REQUEST_BYTES_MAX,
    Fault,
    SoapRequest,
    envelope,
    fault_envelope,
    read_envelope,
)
from sim.endpoints.onvif.spec import OnvifQuirk, UserLevel

_SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}

Heard = Callable[[bytes, bytes], None]
"""Told each request and its answer: for tests that judge what goes over the wire."""


class Listener:
    """Serves one device on an ephemeral port of the loopback. After `start`, `device.base` says where."""

    def __init__(self, device: OnvifDevice, tls: ssl.SSLContext | None, heard: Heard | None) -> None:
        self._device = device
        self._tls = None if device.has(OnvifQuirk.PLAIN_HTTP_ONLY) else tls
        self._heard = heard
        self._nonce = secrets.token_hex(16)
        self._http = HttpServer(self._answer, body_bytes_max=REQUEST_BYTES_MAX)
        device.on_restart = self._restart

    async def start(self) -> None:
        """Listen. Raises OSError."""
        port = await self._http.start(self._tls)
        self._device.base = f"{'https' if self._tls else 'http'}://{HOST}:{port}"

    async def stop(self) -> None:
        """Close every connection."""
        await self._http.stop()

    async def _restart(self) -> None:
        """Cut everybody off, as a loss of power does; and move, when the device gets another address."""
        self._http.cut_off()
        if self._device.has(OnvifQuirk.ADDRESS_CHANGES_AFTER_REBOOT):
            old, self._http = self._http, HttpServer(self._answer, body_bytes_max=REQUEST_BYTES_MAX)
            await self.start()
            await old.stop()

    async def _answer(self, request: HttpRequest, writer: asyncio.StreamWriter, last: bool) -> bool:
        """Answer one request; False when the connection is over."""
        device = self._device
        if device.has(OnvifQuirk.SLOW):
            await asyncio.sleep(device.spec.slow_s)
        if device.is_down:
            return False
        if request.method != "POST" or not request.path.startswith("/onvif/"):
            writer.write(reply(405 if request.method != "POST" else 404, last=last))
        elif device.has(OnvifQuirk.ENDLESS):
            await endless(writer)
        else:
            status, body = await self._soap(request)
            headers = _SOAP | ({"WWW-Authenticate": challenge(self._nonce)} if status == 401 else {})
            if self._heard is not None:
                self._heard(request.body, body)
            writer.write(reply(status, headers, body, last=last))
        await writer.drain()
        return not last and not device.is_down

    async def _soap(self, request: HttpRequest) -> tuple[int, bytes]:
        """Status and body of an answer."""
        if self._device.has(OnvifQuirk.GARBAGE):
            return 200, GARBAGE
        if self._device.has(OnvifQuirk.XML_BOMB):
            return 200, BOMB
        message_id = ""
        try:
            asked = read_envelope(request.body)
            message_id = asked.message_id
            operation = operation_of(self._device, asked)
            self._require(self._level(request, asked), operation.level)
            body = await operation.handler(self._device, Call(asked.node, request.path))
        except Fault as fault:
            return fault.status, fault_envelope(fault, message_id)
        return 200, envelope(body, relates_to=message_id, action=f"{asked.namespace}/{asked.operation}Response")

    def _level(self, request: HttpRequest, asked: SoapRequest) -> UserLevel:
        """What whoever asks may do. Raises Fault for a login that proves nothing."""
        device = self._device
        if device.users.is_open:
            return UserLevel.ADMINISTRATOR
        given = request.headers.get("authorization", "")
        if given.lower().startswith("digest "):
            return self._digest_level(given, request)
        if device.has(OnvifQuirk.ONLY_HTTP_DIGEST):
            return UserLevel.ANONYMOUS
        text = device.has(OnvifQuirk.PASSWORD_TEXT_REQUIRED)
        account = device.gate.who(asked.header, device.now_ns(), text=text)
        return account.level if account is not None else UserLevel.ANONYMOUS

    def _digest_level(self, given: str, request: HttpRequest) -> UserLevel:
        for account in self._device.accounts():
            if is_right(account.login, given, method="POST", url=request.target, nonce=self._nonce):
                return account.level
        return UserLevel.ANONYMOUS  # the answer is a fresh challenge

    def _require(self, has: UserLevel, needs: UserLevel) -> None:
        if has.rank >= needs.rank:
            return
        # Who did not log in is asked to; who did may not.
        status = 401 if has is UserLevel.ANONYMOUS else 400
        raise Fault(*NOT_AUTHORIZED, reason="Sender not authorized", status=status)
