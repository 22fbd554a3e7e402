"""The line to police and other services: HTTPS with certificates on both sides, to listed hosts, bounded in all.

A call is POSTed to its contact's address. The answer is 202 (kept, nobody took it yet) or 200 with a name. Then the
same address is asked (GET, `?call=key`) until somebody took it or the deadline is over. Nobody calls the centre back:
it opens no door for this, and the contract is one address.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from csu.hal.camera import CommuneId
from csu.hal.clock import Clock
from csu.hal.dispatch import DispatchCall, DispatchError, DispatchReceipt
from csu.hal.errors import BadInput
from csu.hal.words import NO_WORDS, Words
from hardware.dispatch.answer import ANSWER_BYTES_MAX, taken_by
from hardware.dispatch.message import body_of, signed_headers, webhook_id
from hardware.dispatch.settings import ContactSettings, DispatchFile, DispatchSecrets

CONNECTIONS_MAX = 32


@asynccontextmanager
async def open_dispatch(
    settings: DispatchFile, secrets: DispatchSecrets, *, may_say: frozenset[str], clock: Clock
) -> AsyncIterator[WebhookDispatch]:
    """The contacts, until the block ends. `may_say`: the closed list of what a call says (`csu.operations.Incident`).

    Raises BadInput for a certificate, key or signing secret that is none.
    """
    signing = {contact.name: secrets.signing_key(contact) for contact in settings.contacts}
    client = httpx.AsyncClient(
        verify=tls_context(secrets),
        trust_env=False,  # no proxy of the environment: only the hosts of the list are spoken to
        follow_redirects=False,
        timeout=None,  # noqa: S113 - each telling is bounded as a whole
        # One connection a question: what a receiver sends too much can then never be the answer to the next one.
        limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=0),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "csu"},
    )
    async with client:
        yield WebhookDispatch(settings, signing, may_say, clock, client)


class WebhookDispatch:
    """See Dispatch. Made by `open_dispatch`."""

    def __init__(
        self,
        settings: DispatchFile,
        signing: dict[str, bytes],
        may_say: frozenset[str],
        clock: Clock,
        client: httpx.AsyncClient,
    ) -> None:
        self._settings, self._signing, self._may_say = settings, signing, may_say
        self._clock, self._client = clock, client

    def __repr__(self) -> str:
        return f"WebhookDispatch({len(self._settings.contacts)} contacts)"

    def contacts(self, service: str, commune: CommuneId) -> tuple[str, ...]:
        """See Dispatch.contacts: in the order of the file."""
        return tuple(contact.name for contact in self._settings.contacts if contact.serves(service, commune))

    async def notify(self, call: DispatchCall, contact: str = "") -> DispatchReceipt:
        """See Dispatch.notify. Waits `answer_within_s` at most: to tell it again is the outbox's affair."""
        to = self._contact(call, contact)
        told = await self._tell(to, call, body_of(call, self._settings.source, self._may_say))
        if isinstance(told, Words):
            raise _refused(to, told)
        return DispatchReceipt(call.call, told, self._clock.now_ns())

    # -- inside --------------------------------------------------------------------------------------------------------

    def _contact(self, call: DispatchCall, name: str) -> ContactSettings:
        """Never one of another service or commune, whatever is asked for."""
        for contact in self._settings.contacts:
            if contact.serves(call.service, call.commune) and name in ("", contact.name):
                return contact
        raise DispatchError(
            Words(
                f"aucun contact de ce nom pour {call.service}, {call.commune}",
                f"no contact of that name for {call.service}, {call.commune}",
            ),
            where=name or call.service,
            what_to_do=Words("Téléphonez ; complétez les contacts", "Telephone; complete the contacts"),
        )

    async def _tell(self, to: ContactSettings, call: DispatchCall, body: bytes) -> str | Words:
        """Who took it; or why nobody did until the deadline. A contact that has kept it is asked until then."""
        key, within_s = webhook_id(call), self._settings.answer_within_s
        headers = signed_headers(key, body, self._signing[to.name], self._clock.now_ns())
        why = NO_WORDS
        try:
            async with asyncio.timeout(within_s):
                told = await self._ask(call, self._client.build_request("POST", to.url, content=body, headers=headers))
                if told is not None:
                    return told
                while True:
                    await asyncio.sleep(self._settings.ask_every_s)
                    asked = await self._ask(call, self._client.build_request("GET", to.url, params={"call": key}))
                    if isinstance(asked, str):
                        return asked
                    why = asked or NO_WORDS
        except TimeoutError:
            late = Words(f"personne n'a pris l'appel en {within_s:g} s", f"nobody took the call within {within_s:g} s")
            return Words(f"{late.fr} ({why.fr})", f"{late.en} ({why.en})") if why else late

    async def _ask(self, call: DispatchCall, request: httpx.Request) -> str | None | Words:
        """See `taken_by`. The line's own failures are Words as well: never what the other side sent."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                body = b""
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > ANSWER_BYTES_MAX:
                        break
                return taken_by(response.status_code, body, call.call)
            finally:
                await response.aclose()
        except (httpx.HTTPError, OSError) as error:  # a refused certificate may also come out as it is
            return _line_failed(error)


def _line_failed(error: Exception) -> Words:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Words(
                f"la ligne n'est pas sûre ({cause.reason or 'TLS'})", f"the line is not safe ({cause.reason or 'TLS'})"
            )
        cause = cause.__cause__ or cause.__context__
    return Words(f"la ligne est coupée ({type(error).__name__})", f"the line is cut ({type(error).__name__})")


def _refused(to: ContactSettings, what: Words) -> DispatchError:
    return DispatchError(
        what,
        where=to.name,
        what_to_do=Words(
            "Il sera rappelé, puis le suivant ; ou téléphonez", "It is told again, then the next; or phone"
        ),
    )


def tls_context(secrets: DispatchSecrets) -> ssl.SSLContext:
    """TLS 1.2 at least, the private authority alone believed, the centre's own certificate shown.

    OpenSSL reads certificate and key from a file: one that lives in memory and is gone with its descriptor.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies name and chain
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    held = os.memfd_create("csu-dispatch", os.MFD_CLOEXEC)
    try:
        context.load_verify_locations(cadata=secrets.authority_pem.decode("ascii"))
        with os.fdopen(held, "wb", closefd=False) as file:
            file.write(secrets.certificate_pem + b"\n" + secrets.key_pem)
        context.load_cert_chain(f"/proc/self/fd/{held}", password=lambda: b"")
    except (OSError, ValueError) as error:  # ssl.SSLError is the first; what is no ASCII, or empty, the second
        raise BadInput(
            Words(
                f"autorité, certificat ou clé inutilisable ({type(error).__name__})",
                f"the authority, certificate or key cannot be used ({type(error).__name__})",
            ),
            where="dispatch/tls",
            what_to_do=Words("Remettez-les dans le coffre, en PEM", "Put them into the vault again, as PEM"),
        ) from None
    finally:
        os.close(held)
    return context
