"""Whom a connection over TLS believes: one certificate, or one private authority. Never the public ones. Pure."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

LOCALHOST = "localhost"


@dataclass(frozen=True, slots=True)
class TlsTrust:
    """What a device must prove before a password goes to it. No secret, but long."""

    pem: str = field(repr=False)
    is_pinned: bool
    """`pem` is the very certificate that the device shows, whatever name it bears; else the authority that signed it,
    and then the name or address by which the device is asked must stand in its certificate."""


def client_context(trust: TlsTrust | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, towards whom `trust` says; towards nobody without it. Raises ValueError for a PEM that is none.

    A certificate that ran out is refused, a pinned one too.
    """
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust is None:
        return context
    try:
        context.load_verify_locations(cadata=trust.pem)
    except ssl.SSLError as error:
        raise ValueError("no certificate in PEM") from error
    if trust.is_pinned:
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not be signed by itself
        context.pinned_der = ssl.PEM_cert_to_DER_cert(trust.pem[trust.pem.find(ssl.PEM_HEADER) :].strip())
        context.sslsocket_class = _PinnedSocket
        context.sslobject_class = _PinnedObject
    return context


def is_loopback(address: str) -> bool:
    """Whether what goes there stays on this very machine. False for anything but an address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


class _Context(ssl.SSLContext):
    pinned_der = b""


class _PinnedSocket(ssl.SSLSocket):
    """OpenSSL would also take what the pinned certificate has signed, when it may sign."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        _require_pinned(self.context, self.getpeercert(binary_form=True))


class _PinnedObject(ssl.SSLObject):
    """The same for asyncio."""

    def do_handshake(self) -> None:
        super().do_handshake()
        _require_pinned(self.context, self.getpeercert(binary_form=True))


def _require_pinned(context: ssl.SSLContext, shown: bytes | None) -> None:
    if not isinstance(context, _Context) or shown != context.pinned_der:
        raise ssl.SSLCertVerificationError("not the pinned certificate")
