"""The one way to a camera: its host alone, a deadline for the whole answer, a cap, DIGEST logins, no redirects.

An `httpx` transport under `onveef`, so that nothing the library does gets round it.
"""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType

import httpx

from csu.hal.camera import CameraError
from csu.hal.tls import client_context
from csu.hal.words import Words
from hardware.onvif.addresses import Enrolled
from hardware.onvif.errors import (
    answer_refused,
    device_fault,
    device_silent,
    device_too_slow,
    login_refused,
    other_host,
)
from hardware.onvif.settings import OnvifSettings, trust_of
from hardware.onvif.xml_door import envelope, fault_codes
from hardware.vault.login import Login

CONNECTIONS_MAX = 4
"""To one camera: an event poll that waits, a pose, an order, and one to spare. Cheap cameras take about ten in all."""


class Guard(httpx.AsyncBaseTransport):
    """Requests to one camera. Raises CameraError and nothing else; OSError, ValueError when made with a bad PEM."""

    def __init__(self, settings: OnvifSettings, login: Login | None, enrolled: Enrolled) -> None:
        self._camera = settings.record.camera
        self._bytes_max = settings.answer_bytes_max
        self._enrolled = enrolled
        self.trust = trust_of(settings.tls)
        self._digest = httpx.DigestAuth(login.user, login.password) if login is not None else None
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
        self._inner = httpx.AsyncHTTPTransport(verify=client_context(self.trust), limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._enrolled.may_ask(request.url.scheme, request.url.host):
            raise other_host(self._camera, "http", request.url.host[:64])
        limit_s = float(request.extensions["timeout"]["read"])
        failed: CameraError
        try:
            async with asyncio.timeout(limit_s):
                response, body = await self._logged_in(request)
            return self._read(response, body)
        except (TimeoutError, httpx.TimeoutException):
            failed = device_too_slow(self._camera, limit_s)
        except (KeyError, NotImplementedError):  # a DIGEST that httpx does not speak
            failed = login_refused(self._camera)
        except (httpx.HTTPError, httpx.StreamError, ssl.SSLError, OSError) as error:
            failed = device_silent(self._camera, _kind(error))
        raise failed  # outside of the handler: it carries no trace of what the library held

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def _logged_in(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """DIGEST when the device asks for it; to Basic, which is a password in clear, nothing is answered."""
        request.headers["Accept-Encoding"] = "identity"
        if self._digest is None:
            return await self._exchange(request)
        flow = self._digest.async_auth_flow(request)
        asked = await anext(flow)
        while True:
            response, body = await self._exchange(asked)
            try:
                asked = await flow.asend(response)
            except StopAsyncIteration:
                return response, body

    async def _exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        response = await self._inner.handle_async_request(request)
        response.request = request
        try:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise answer_refused(self._camera, _PACKED)
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._bytes_max:
                    raise answer_refused(self._camera, _TOO_LARGE)
            return response, bytes(body)
        finally:
            await response.aclose()

    def _read(self, response: httpx.Response, body: bytes) -> httpx.Response:
        status = response.status_code
        if status == 401:
            raise login_refused(self._camera)
        if 300 <= status < 400:
            raise answer_refused(self._camera, _REDIRECTED)
        if status in (404, 405, 501) or not (200 <= status < 300 or status in (400, 415, 500)):
            raise device_silent(self._camera, f"HTTP {status}")
        if status in (400, 415) and not body.lstrip().startswith(b"<"):
            return httpx.Response(status, content=b"")  # onveef asks again, as SOAP 1.1 wants it
        codes = fault_codes(envelope(self._camera, body))
        if codes is not None:
            raise device_fault(self._camera, codes)
        if status >= 400:
            raise device_silent(self._camera, f"HTTP {status}")
        kind = response.headers.get("Content-Type", "")
        return httpx.Response(status, headers={"Content-Type": kind}, content=body)


def _kind(error: Exception) -> str:
    """The class of what failed. A certificate that is refused is worth its own word."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "TLS: certificate refused"
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__


_PACKED = Words("elle est compressée", "it is packed")
_TOO_LARGE = Words("elle est trop longue", "it is too large")
_REDIRECTED = Words("elle renvoie ailleurs", "it redirects")
