"""When the package was signed, told by somebody who is not the centre: an RFC 3161 token over the signature.

Trap: a token made with `openssl ts -chain` (or an authority that sends its whole chain) is not ordered as DER wants it
and `rfc3161-client` refuses it; ask the authority for its certificate alone and give the rest as trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from csu.evidence.errors import ExportFailed
from csu.hal.words import Words

ANSWER_BYTES_MAX = 64 << 10
HTTP_TIMEOUT_S = 20.0


class TimestampBroken(ValueError):
    """This token does not say when these bytes existed, or nobody trusted says it."""


class TimestampAuthority(Protocol):
    """Whoever answers time-stamp requests."""

    def stamp(self, request: bytes) -> bytes:
        """The answer (TimeStampResp, DER) to a request (TimeStampReq, DER). Raises ExportFailed."""
        ...


class HttpAuthority:
    """An authority over HTTP (RFC 3161, 3.4). One question, one bounded answer."""

    def __init__(self, url: str) -> None:
        self._url = url

    def stamp(self, request: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            with httpx.stream("POST", self._url, content=request, headers=headers, timeout=HTTP_TIMEOUT_S) as answer:
                answer.raise_for_status()
                held = bytearray()
                for piece in answer.iter_bytes(ANSWER_BYTES_MAX):
                    held += piece
                    if len(held) > ANSWER_BYTES_MAX:
                        raise _no_stamp(self._url, "too long an answer")
                return bytes(held)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _no_stamp(self._url, str(error)) from error


def stamp(content: bytes, authority: TimestampAuthority, trusted: Sequence[x509.Certificate]) -> bytes:
    """A token over `content` (the answer, DER), already verified with its nonce. Raises ExportFailed."""
    request = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = authority.stamp(request.as_bytes())
    try:
        stamped_at(answer, content, trusted, nonce=request.nonce)
    except TimestampBroken as error:
        raise _no_stamp("rfc3161", str(error)) from error
    return answer


def stamped_at(
    answer: bytes, content: bytes, trusted: Sequence[x509.Certificate], *, nonce: int | None = None
) -> datetime:
    """The instant (aware, UTC) at which `content` existed. Raises TimestampBroken.

    The authority's certificates must have been valid then, not now: a token outlives them.
    """
    if len(answer) > ANSWER_BYTES_MAX:
        raise TimestampBroken("the token is too long")
    if not trusted:
        raise TimestampBroken("no time-stamp authority is trusted")
    try:
        response = decode_timestamp_response(answer)
        if response.status != PKIStatus.GRANTED:
            raise TimestampBroken(f"the authority refused: {response.status_string}")
        _verifier(trusted, nonce, response, content)
        return response.tst_info.gen_time
    except (ValueError, VerificationError) as error:
        raise TimestampBroken(str(error)) from error


def _verifier(
    trusted: Sequence[x509.Certificate], nonce: int | None, response: TimeStampResponse, content: bytes
) -> None:
    builder = VerifierBuilder(nonce=nonce)
    for certificate in trusted:
        if certificate.subject == certificate.issuer:
            builder = builder.add_root_certificate(certificate)
        else:
            builder = builder.add_intermediate_certificate(certificate)
    builder.build().verify_message(response, content)


def _no_stamp(where: str, why: str) -> ExportFailed:
    return ExportFailed(
        Words(f"pas d'horodatage ({why})", f"no time-stamp ({why})"),
        where=where,
        what_to_do=Words(
            "Aucun paquet n'a été fait ; vérifiez l'autorité d'horodatage et recommencez",
            "No package was made; check the time-stamp authority and try again",
        ),
    )
