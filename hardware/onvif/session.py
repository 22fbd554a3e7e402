"""The conversation with one device: `onveef` held to our rules. Shell.

Its own ways out are shut: it discovers nothing by itself, rewrites no address, never falls back to a password in clear,
never believes the device's clock on its own, and repeats nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, tostring

import httpx
from onveef import AsyncOnvifClient, OnvifCredentials, OnvifEndpoint, OnvifError, envelopes, parsers

from csu.hal.camera import CameraError
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.tls import TlsTrust
from csu.hal.words import Words
from hardware.onvif.addresses import Enrolled
from hardware.onvif.device_time import ClockReading, clock_reading
from hardware.onvif.errors import (
    ClockSkewed,
    DeviceFault,
    DeviceSilent,
    LoginRefused,
    NotOffered,
    answer_refused,
    clock_skewed,
    device_silent,
    login_refused,
    not_offered,
)
from hardware.onvif.guard import Guard
from hardware.onvif.reading import Unreadable, device_time_ns
from hardware.onvif.settings import OnvifSettings
from hardware.onvif.xml_door import local
from hardware.vault.login import Login

USED_SERVICES = ("device", "media", "media2", "ptz", "events", "imaging")
"""Addresses of others are not even looked at."""
SKEW_MS_BORNE = 2_000
"""Devices bear 5 to 10 s in a login: within this a refused login has another cause than the clock."""
LOGIN_AGAIN_NS = 30 * NS_PER_S
"""A refused password tried ten times a second looks like an attack, and locks the account on many cameras."""

_T = TypeVar("_T")


class Session:
    """One login on one device. `open` before use, `close` after; all calls may raise CameraError and nothing else."""

    def __init__(self, settings: OnvifSettings, login: Login | None, clock: Clock) -> None:
        self.camera = settings.record.camera
        self.settings = settings
        self.clock = clock
        self.enrolled = Enrolled(self.camera, settings.address, settings.advertised_hosts)
        self._login = login
        self._guard: Guard | None = None
        self._client: AsyncOnvifClient | None = None
        self._refused_at_ns: int | None = None
        self._opening = asyncio.Lock()
        self._is_doubtful = False
        self.trust: TlsTrust | None = None
        """Who it has been since it was opened: its streams and stills must be the same. None: it is asked in clear."""

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Idempotent; the session opens again when it is used."""
        guard, self._guard, self._client = self._guard, None, None
        if guard is not None:
            await guard.aclose()

    async def offers(self, service: str) -> bool:
        """Does the device have this service?"""
        return (await self._opened()).endpoint.has(service)

    async def call(self, service: str, operation: str, body: str, *, urgent: bool = False) -> Element:
        """One operation; the answer is the element `<operation>Response`. `urgent`: even after a refused login."""
        client = await self._opened()
        if urgent:
            self._refused_at_ns = None
        return await self._logged_in(client, lambda: self._ask(client, service, operation, body))

    async def clock_reading(self) -> ClockReading:
        """How wrong its clock is, measured now without a login."""
        return await self._clock_reading(await self._opened())

    async def subscribe(self, ends_after_s: int) -> str:
        """A PullPoint; its address, which is on the enrolled host."""
        client, ends = await self._opened(), f"PT{ends_after_s}S"
        if not client.endpoint.has("events"):
            raise not_offered(self.camera, "events")
        told = await self._logged_in(
            client, lambda: self._guarded("Subscribe", client.events_create_pull_point(termination_time=ends))
        )
        return self.enrolled.service(str(told.get("subscription_url") or ""), "events")

    async def pull(self, subscription: str, wait_s: int, messages_max: int) -> list[dict[str, Any]]:
        """What happened since; waits at the device for `wait_s` at most."""
        client = await self._opened()
        self._require_patience()
        told = await self._guarded(
            "PullMessages",
            client.events_pull_messages(
                subscription_url=subscription, timeout=f"PT{wait_s}S", message_limit=messages_max
            ),
        )
        if not told.get("current_time"):
            raise answer_refused(self.camera, _no_such("PullMessages"))
        return list(told["messages"][:messages_max])

    async def renew(self, subscription: str, ends_after_s: int) -> None:
        client = await self._opened()
        await self._guarded(
            "Renew", client.events_renew(subscription_url=subscription, termination_time=f"PT{ends_after_s}S")
        )

    async def unsubscribe(self, subscription: str) -> None:
        client = await self._opened()
        await self._guarded("Unsubscribe", client.events_unsubscribe(subscription_url=subscription))

    def unreadable(self, error: Unreadable) -> CameraError:
        """The error for an answer that does not say what it must."""
        return answer_refused(self.camera, _no_such(str(error)))

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _opened(self) -> AsyncOnvifClient:
        async with self._opening:
            if self._client is None:
                self._client = await self._open()
            elif self._is_doubtful:  # it may have started again, with its services elsewhere
                services = await self._services(self._client)
                self._client.set_endpoint(OnvifEndpoint(self.settings.address, services=services))
            self._is_doubtful = False
            return self._client

    async def _open(self) -> AsyncOnvifClient:
        settings, login = self.settings, self._login
        try:
            guard = Guard(settings, login, self.enrolled)
        except (OSError, ValueError) as error:  # a file that is none
            raise device_silent(self.camera, f"TLS: {type(error).__name__}") from None
        http = httpx.AsyncClient(
            transport=guard, trust_env=False, follow_redirects=False, headers={"User-Agent": "csu"}, timeout=1.0
        )
        client = AsyncOnvifClient(
            endpoint=OnvifEndpoint(settings.address, services={"device": settings.address}),
            credentials=OnvifCredentials(login.user, login.password) if login else OnvifCredentials(),
            auto_discover=False,
            rewrite_host=False,
            http_client=http,
            http_auth="none",  # DIGEST is the guard's
            retries=0,
            max_response_bytes=settings.answer_bytes_max,
        )
        client._timeout = settings.answer_s_max  # type: ignore[assignment]  # onveef 0.6.0 dies on a Timeout in a pull
        client._clock_synced = True  # the device's clock is not believed without proof: see _takes_its_clock
        try:
            client.set_endpoint(OnvifEndpoint(settings.address, services=await self._services(client)))
        except BaseException:
            await guard.aclose()
            raise
        self._guard, self.trust = guard, guard.trust
        return client

    async def _services(self, client: AsyncOnvifClient) -> dict[str, str]:
        """Where each service is; one on another host refuses the device as a whole."""
        told: dict[str, str] = {}
        try:
            told = _xaddrs(await self._open_or_logged_in(client, "GetServices", envelopes.device_get_services()))
        except (NotOffered, DeviceFault):
            pass  # before Profile S every device had GetCapabilities instead
        if not told:
            body = envelopes.device_get_capabilities()
            told = _xaddrs(await self._open_or_logged_in(client, "GetCapabilities", body))
        here = {name: self.enrolled.service(told[name], name) for name in USED_SERVICES if told.get(name)}
        return {**here, "device": self.settings.address}

    async def _open_or_logged_in(self, client: AsyncOnvifClient, operation: str, body: str) -> Element:
        """These are open to all by the standard; not on every device."""
        try:
            return await self._ask(client, "device", operation, body, login=False)
        except LoginRefused:
            return await self._logged_in(client, lambda: self._ask(client, "device", operation, body))

    async def _ask(
        self, client: AsyncOnvifClient, service: str, operation: str, body: str, *, login: bool = True
    ) -> Element:
        if not client.endpoint.has(service):
            raise not_offered(self.camera, service)
        wants = None if login else False
        asked = client.call(service=service, operation=operation, body_inner=body, require_auth=wants)
        root = parsers.parse_xml(await self._guarded(operation, asked))
        found = None if root is None else next((e for e in root.iter() if local(e) == f"{operation}Response"), None)
        if found is None:
            raise answer_refused(self.camera, _no_such(operation))
        return found

    async def _clock_reading(self, client: AsyncOnvifClient) -> ClockReading:
        sent_at_ns = self.clock.now_ns()
        body = envelopes.device_get_system_date_time()
        answer = await self._ask(client, "device", "GetSystemDateAndTime", body, login=False)
        try:
            return clock_reading(device_time_ns(answer), sent_at_ns, self.clock.now_ns())
        except Unreadable as error:
            raise self.unreadable(error) from None

    async def _logged_in(self, client: AsyncOnvifClient, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask; when the login is refused, find out whether the clock is why. Then nothing is asked for a while."""
        self._require_patience()
        try:
            return await ask()
        except LoginRefused as error:
            refused: CameraError = error
        try:
            if await self._takes_its_clock(client):
                return await ask()
        except (LoginRefused, ClockSkewed) as error:
            refused = error
            client._clock_offset_s = 0.0
        except CameraError:
            pass  # what time it is there cannot be had: the login was refused all the same
        self._refused_at_ns = self.clock.monotonic_ns()
        raise refused

    async def _takes_its_clock(self, client: AsyncOnvifClient) -> bool:
        """From now on logins are dated by its clock, if that is wrong and TLS proves that it is the camera.

        Raises ClockSkewed when it is wrong and nothing proves who says so.
        """
        reading = await self._clock_reading(client)
        if abs(reading.offset_ms - round(client._clock_offset_s * 1000)) <= SKEW_MS_BORNE:
            return False
        if not self.settings.is_tls:
            raise clock_skewed(self.camera, reading.offset_ms)
        client._clock_offset_s = reading.offset_ms / 1000
        return True

    async def _guarded(self, operation: str, asked: Any) -> Any:
        """Errors of `onveef` hold pieces of answers: they end here, outside of whose handler ours is raised."""
        failed: CameraError
        try:
            return await asked
        except CameraError as error:
            failed = error.with_traceback(None)  # its frames hold what was said
        except OnvifError as error:
            kind = type(error).__name__
            refused = kind == "OnvifAuthError"
            failed = login_refused(self.camera) if refused else device_silent(self.camera, f"{operation}: {kind}")
        except (ValueError, httpx.InvalidURL) as error:
            failed = device_silent(self.camera, f"{operation}: {type(error).__name__}")
        self._is_doubtful = self._is_doubtful or isinstance(failed, DeviceSilent)
        raise failed

    def _require_patience(self) -> None:
        refused_at_ns = self._refused_at_ns
        if refused_at_ns is not None and self.clock.monotonic_ns() - refused_at_ns < LOGIN_AGAIN_NS:
            raise login_refused(self.camera)
        self._refused_at_ns = None


def _no_such(what: str) -> Words:
    return Words(f"elle ne dit pas {what}", f"it does not say {what}")


def _xaddrs(answer: Element) -> dict[str, str]:
    """Addresses by service, of GetServices or GetCapabilities."""
    text = tostring(answer, encoding="unicode")
    return parsers.parse_services(text) or parsers.parse_capabilities(text)
