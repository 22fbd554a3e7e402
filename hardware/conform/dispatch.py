"""The examination of a contact (police, fire brigade): a named person takes a call, once, and from the centre alone."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
from pydantic import ValidationError

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.conformance import Check, Examination, StreamEyes
from csu.hal.dispatch import DispatchCall, DispatchError
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.machine import SystemClock, SystemIds
from hardware.conform.asking import Answer, ask_all, at_most, either, holds, question
from hardware.dispatch import ContactSettings, DispatchFile, DispatchSecrets, WebhookDispatch, open_dispatch
from hardware.dispatch.message import body_of, signed_headers, webhook_id
from hardware.dispatch.webhook import tls_context

REHEARSAL = "EXERCICE : n'envoyez personne"
"""What an examination says; a person at the contact takes it as any call."""
_SERVICE, _COMMUNE = "police", CommuneId("exercice")
TAKEN_WITHIN_S = 30.0
TOO_OLD_NS = 10 * NS_PER_MINUTE
_REFUSED = Words("refusé, comme il se doit", "refused, as it must be")
_FILES = {"authority": "authority.pem", "certificate": "client.pem", "key": "client.key", "signing": "signing.txt"}


@dataclass(slots=True)
class _Subject:
    url: str
    settings: DispatchFile
    secrets: DispatchSecrets
    dispatch: WebhookDispatch
    clock: Clock
    call: DispatchCall
    taken_by: str = ""

    @property
    def signing(self) -> bytes:
        return self.secrets.signing_key(self.settings.contacts[0])

    def body(self, call: DispatchCall) -> bytes:
        return body_of(call, self.settings.source, frozenset({REHEARSAL}))

    async def post(self, call: DispatchCall, headers: Mapping[str, str], body: bytes) -> int:
        """The status of an answer to whoever has the centre's certificate. Raises DispatchError."""
        try:
            async with httpx.AsyncClient(verify=tls_context(self.secrets), trust_env=False, timeout=5.0) as client:
                return (await client.post(self.url, content=body, headers=dict(headers))).status_code
        except httpx.HTTPError as error:
            kind = type(error).__name__
            raise DispatchError(
                Words(f"la ligne est coupée ({kind})", f"the line is cut ({kind})"),
                where=call.service,
                what_to_do=Words("Vérifiez la ligne", "Check the line"),
            ) from None

    def headers(self, call: DispatchCall, body: bytes, *, at_ns: Nanoseconds, key: bytes) -> Mapping[str, str]:
        return signed_headers(webhook_id(call), body, key, at_ns)


@question(
    "dispatch.taken", "OPS-3", Words("Une personne nommée prend l'appel", "A named person takes the call"), ends=True
)
async def taken(subject: _Subject) -> Answer:
    began_ns = subject.clock.monotonic_ns()
    while True:
        try:
            receipt = await subject.dispatch.notify(subject.call)
            break
        except DispatchError:
            if (subject.clock.monotonic_ns() - began_ns) / NS_PER_S > TAKEN_WITHIN_S:
                raise
    took_s, subject.taken_by = (subject.clock.monotonic_ns() - began_ns) / NS_PER_S, receipt.taken_by
    return at_most(took_s, TAKEN_WITHIN_S, "s", Words(f"par {receipt.taken_by}", f"by {receipt.taken_by}"))


@question(
    "dispatch.once", "OPS-3", Words("Le même appel redit n'est pas un autre", "The same call told again is no other")
)
async def once(subject: _Subject) -> Answer:
    again = await subject.dispatch.notify(subject.call)
    return either(
        again.taken_by == subject.taken_by,
        Words(f"toujours {again.taken_by}", f"still {again.taken_by}"),
        Words(f"pris deux fois : {again.taken_by}", f"taken twice: {again.taken_by}"),
    )


@question("dispatch.certificate_demanded", "TEC-5", Words("Sans certificat, rien", "Nothing without a certificate"))
async def certificate_demanded(subject: _Subject) -> Answer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=subject.secrets.authority_pem.decode("ascii"))
    body = subject.body(subject.call)
    headers = dict(subject.headers(subject.call, body, at_ns=subject.clock.now_ns(), key=subject.signing))
    try:
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=5.0) as client:
            status = (await client.post(subject.url, content=body, headers=headers)).status_code
    except httpx.HTTPError:
        return holds(_REFUSED)
    return either(status in (401, 403), _REFUSED, Words(f"accepté ({status})", f"taken ({status})"))


@question("dispatch.unsigned_refused", "TEC-5", Words("Un appel non signé est refusé", "An unsigned call is refused"))
async def unsigned_refused(subject: _Subject) -> Answer:
    call = _another(subject.call)
    body = subject.body(call)
    headers = dict(subject.headers(call, body, at_ns=subject.clock.now_ns(), key=subject.signing))
    del headers["webhook-signature"]
    return _refused(await subject.post(call, headers, body))


@question(
    "dispatch.forged_refused", "TEC-5", Words("Une signature d'un autre est refusée", "Another's signature is refused")
)
async def forged_refused(subject: _Subject) -> Answer:
    call = _another(subject.call)
    body = subject.body(call)
    headers = subject.headers(call, body, at_ns=subject.clock.now_ns(), key=subject.signing[::-1])
    return _refused(await subject.post(call, headers, body))


@question("dispatch.altered_refused", "TEC-5", Words("Un appel modifié est refusé", "An altered call is refused"))
async def altered_refused(subject: _Subject) -> Answer:
    call = _another(subject.call)
    headers = subject.headers(call, subject.body(call), at_ns=subject.clock.now_ns(), key=subject.signing)
    return _refused(await subject.post(call, headers, subject.body(replace(call, site="autre lieu"))))


@question(
    "dispatch.stale_refused",
    "TEC-5",
    Words("Un appel signé il y a 10 min est refusé", "One signed 10 min ago: refused"),
)
async def stale_refused(subject: _Subject) -> Answer:
    call = _another(subject.call)
    body = subject.body(call)
    headers = subject.headers(call, body, at_ns=subject.clock.now_ns() - TOO_OLD_NS, key=subject.signing)
    return _refused(await subject.post(call, headers, body))


@question("dispatch.key_means_one_call", "OPS-3", Words("Une clé ne dit qu'un appel", "A key says one call only"))
async def key_means_one_call(subject: _Subject) -> Answer:
    other = replace(subject.call, site="autre lieu")
    body = subject.body(other)
    headers = subject.headers(other, body, at_ns=subject.clock.now_ns(), key=subject.signing)
    return _refused(await subject.post(other, headers, body))


QUESTIONS = (
    taken,
    once,
    certificate_demanded,
    unsigned_refused,
    forged_refused,
    altered_refused,
    stale_refused,
    key_means_one_call,
)


async def examine_dispatch(target: str, eyes: StreamEyes, examination: Examination) -> AsyncIterator[Check]:
    """See `csu.hal.conformance.Examiner`. `target`: `https://HOST:PORT/PATH#keys=DIRECTORY`, which holds
    `authority.pem`, `client.pem`, `client.key` and `signing.txt` (whsec_...)."""
    url, settings, held = _read(target)
    clock = SystemClock()
    call = DispatchCall(SystemIds().new("exercice"), _COMMUNE, _SERVICE, "salle", REHEARSAL, "examen", clock.now_ns())
    async with open_dispatch(settings, held, may_say=frozenset({REHEARSAL}), clock=clock) as dispatch:
        async for check in ask_all(QUESTIONS, _Subject(url, settings, held, dispatch, clock, call)):
            yield check


def _read(target: str) -> tuple[str, DispatchFile, DispatchSecrets]:
    try:
        parts = urlsplit(target)
        directory = Path(parse_qs(parts.fragment)["keys"][0])
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        contact = ContactSettings(name="examined", service=_SERVICE, communes=["*"], url=url, secret="examined")  # noqa: S106
        settings = DispatchFile(source="urn:csu:examen", hosts=[contact.host], contacts=[contact])
        files = {name: (directory / file).read_bytes() for name, file in _FILES.items()}
    except (ValueError, KeyError, OSError, ValidationError) as error:
        kind = type(error).__name__
        raise BadInput(
            Words(f"adresse ou clés inutilisables ({kind})", f"address or keys cannot be used ({kind})"),
            where="conform/dispatch",
            what_to_do=Words(
                f"Donnez https://hôte/chemin#keys=DOSSIER, avec {', '.join(_FILES.values())}",
                f"Give https://host/path#keys=DIRECTORY, with {', '.join(_FILES.values())}",
            ),
        ) from None
    held = DispatchSecrets(files["authority"], files["certificate"], files["key"], {"examined": files["signing"]})
    return url, settings, held


def _another(call: DispatchCall) -> DispatchCall:
    return replace(call, call=SystemIds().new("exercice"))


def _refused(status: int) -> Answer:
    found = Words(f"{_REFUSED.fr} ({status})", f"{_REFUSED.en} ({status})")
    return either(400 <= status < 500, found, Words(f"accepté ({status})", f"taken ({status})"))
