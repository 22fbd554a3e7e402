"""Why a camera's TLS is refused, in words a person can act on. Pure."""

from __future__ import annotations

import ssl

from csu.hal.camera import CameraId
from csu.hal.tls import TlsTrust, client_context
from csu.hal.words import Words
from csu.ingest.errors import CameraLost, CameraRefused, IngestError

_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""
_OTHER_NAME = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH."""


def context_for(trust: TlsTrust, camera: CameraId) -> ssl.SSLContext:
    """Raises CameraRefused for a PEM that is none."""
    try:
        return client_context(trust)
    except ValueError:
        raise CameraRefused(
            Words("le certificat inscrit est illisible", "the certificate on record cannot be read"),
            where=camera,
            what_to_do=_ENROL,
        ) from None


def no_trust(camera: CameraId) -> CameraRefused:
    """An address over TLS, and nobody says who must be there."""
    return CameraRefused(
        Words(
            "son adresse est sous TLS et aucun certificat n'est inscrit",
            "its address is over TLS and no certificate is on record",
        ),
        where=camera,
        what_to_do=_ENROL,
    )


def tls_trouble(error: ssl.SSLError, place: str, camera: CameraId) -> IngestError:
    """What a handshake or a connection ended by means; no login has been sent before the handshake is over."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CameraRefused(_certificate_words(error, place), where=camera, what_to_do=_ANOTHER)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        told = Words(f"{place} a coupé la connexion TLS", f"{place} cut the TLS connection")
        return CameraLost(told, where=camera, what_to_do=_CHECK)
    reason = error.reason or type(error).__name__
    return CameraRefused(
        Words(f"{place} ne parle pas TLS 1.2 ou plus ({reason})", f"{place} speaks no TLS 1.2 or newer ({reason})"),
        where=camera,
        what_to_do=_CHECK,
    )


def tls_cause(error: BaseException) -> ssl.SSLError | None:
    """The TLS error that another one was made of; None when there is none."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, ssl.SSLError):
        seen = seen.__cause__ or seen.__context__
    return seen


def _certificate_words(error: ssl.SSLCertVerificationError, place: str) -> Words:
    code = getattr(error, "verify_code", None)
    if code == _EXPIRED:
        return Words(f"le certificat de {place} est périmé", f"the certificate of {place} has expired")
    if code in _OTHER_NAME:
        return Words(
            f"le certificat de {place} est établi à un autre nom", f"the certificate of {place} is made out to another"
        )
    return Words(
        f"{place} montre un autre certificat que celui inscrit",
        f"{place} shows another certificate than the one on record",
    )


_ENROL = Words("Inscrivez le certificat de la caméra", "Enter the camera's certificate")
_ANOTHER = Words(
    "Si l'appareil a été remplacé ou son certificat renouvelé, inscrivez le nouveau ; sinon quelqu'un se tient entre",
    "If the device was replaced or its certificate renewed, enter the new one; otherwise somebody stands in between",
)
_CHECK = Words("Vérifiez le port et le réglage TLS de la caméra", "Check the port and the TLS setting of the camera")
