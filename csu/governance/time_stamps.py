"""RFC 3161: a token of an authority that says "these bytes existed then". Who carries the request is a port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from csu.governance.register_errors import StampRefused
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words

ANSWER_BYTES_MAX = 64 * 1024
"""A token has some 2 KiB; what is longer is not read."""


@runtime_checkable
class StampAuthority(Protocol):
    """A time-stamping authority (TSA)."""

    def answer(self, request: bytes) -> bytes:
        """The DER response to a DER request. Blocks. Raises StampRefused when none comes."""
        ...


@dataclass(frozen=True, slots=True)
class StampTrust:
    """Whose tokens are believed. Their certificates must have been valid when they stamped, not now: a token outlives
    them.

    The authority answers with its own certificate alone: with OpenSSL, without `-chain`. Measured: rfc3161-client
    refuses a longer set (InvalidSetOrdering), because OpenSSL does not sort it as DER asks.
    """

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()

    @staticmethod
    def of(certificates: Sequence[x509.Certificate]) -> StampTrust:
        """Those that sign themselves are roots, the others stand between them and the authority."""
        own = tuple(each for each in certificates if each.subject == each.issuer)
        return StampTrust(own, tuple(each for each in certificates if each not in own))

    @staticmethod
    def load(path: Path) -> StampTrust:
        """From a PEM file of roots, and what stands between. Raises StampRefused."""
        try:
            return StampTrust.of(x509.load_pem_x509_certificates(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise stamp_refused(f"{path.name}: {type(error).__name__}") from error


def stamp(authority: StampAuthority, data: bytes, trust: StampTrust) -> bytes:
    """The token (a whole DER TimeStampResp) for `data`, verified, nonce included. Blocks. Raises StampRefused."""
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    token = authority.answer(request.as_bytes())
    _verify(token, data, VerifierBuilder.from_request(request), trust)
    return token


def stamped_at(token: bytes, data: bytes, trust: StampTrust) -> Nanoseconds:
    """When the authority saw `data` (its resolution: 1 s). Raises StampRefused for a token that does not prove it."""
    return _verify(token, data, VerifierBuilder(), trust)


def _verify(token: bytes, data: bytes, builder: VerifierBuilder, trust: StampTrust) -> Nanoseconds:
    if len(token) > ANSWER_BYTES_MAX:
        raise stamp_refused(f"> {ANSWER_BYTES_MAX} B")
    if not trust.roots:
        raise stamp_refused("no root")
    try:
        for root in trust.roots:
            builder = builder.add_root_certificate(root)
        for certificate in trust.intermediates:
            builder = builder.add_intermediate_certificate(certificate)
        response = decode_timestamp_response(token)
        if response.status != PKIStatus.GRANTED:
            raise stamp_refused(str(response.status_string))
        builder.build().verify_message(response, data)
        return int(response.tst_info.gen_time.timestamp()) * NS_PER_S
    except (VerificationError, ValueError) as error:
        raise stamp_refused(str(error) or type(error).__name__) from error


def stamp_refused(why: str) -> StampRefused:
    """The error, with what the authority or the verifier said."""
    return StampRefused(
        Words(f"le jeton d'horodatage est refusé ({why})", f"the time-stamp token is refused ({why})"),
        where="rfc3161",
        what_to_do=Words(
            "Vérifiez l'autorité et son certificat racine ; openssl ts -reply s'emploie sans -chain",
            "Check the authority and its root certificate; openssl ts -reply is used without -chain",
        ),
    )
