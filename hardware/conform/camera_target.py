"""The address of a camera under examination, and how its certificate is trusted."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from csu.hal.camera import CameraError, CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.errors import BadInput
from csu.hal.words import Words
from hardware.onvif import OnvifSettings, StreamFloors, Tls
from hardware.vault.login import Login

FLOORS = StreamFloors(352, 288, 6.0)
"""The least any camera may record (TEC-1, TEC-2); which views a stream is enough for is told beside."""
_RECORD = CameraRecord(CameraId("examined"), 1, "examined", CommuneId("none"), ViewType.WIDE)
ANSWER_S_MAX = 4.0


@dataclass(frozen=True, slots=True)
class CameraTarget:
    """`https://user:password@host:port/onvif/device_service#sha256=FINGERPRINT`; the fingerprint may be left out."""

    address: str
    host: str
    port: int
    login: Login = field(repr=False)
    fingerprint: str = ""

    @property
    def is_tls(self) -> bool:
        return self.address.startswith("https:")

    def settings(self, pinned: Path | None) -> OnvifSettings:
        """For the adapter. `pinned`: where its certificate lies, with TLS."""
        tls = Tls(pinned_file=pinned) if pinned is not None else None
        return OnvifSettings(_RECORD, self.address, FLOORS, tls=tls, answer_s_max=ANSWER_S_MAX, move_s_max=10.0)


def read_target(target: str) -> CameraTarget:
    """Raises BadInput."""
    try:
        parts = urlsplit(target)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _unreadable() from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.username or not parts.path:
        raise _unreadable()
    fingerprint = parse_qs(parts.fragment).get("sha256", [""])[0].replace(":", "").lower()
    login = Login(unquote(parts.username), unquote(parts.password or ""))
    address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
    return CameraTarget(address, parts.hostname, port, login, fingerprint)


def with_login(address: str, login: Login, fingerprint: str = "") -> str:
    """The address with the login in it, as `read_target` takes it; without another fingerprint it keeps its own."""
    parts = urlsplit(address)
    netloc = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}@{parts.netloc}"
    fragment = f"sha256={fingerprint}" if fingerprint else parts.fragment
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, fragment))


def seen_certificate(target: CameraTarget) -> tuple[str, str]:
    """(PEM, SHA-256 fingerprint) of what it shows now: to be compared, and pinned from here on. Raises CameraError."""
    try:
        pem = ssl.get_server_certificate((target.host, target.port), timeout=ANSWER_S_MAX)
    except (OSError, ValueError) as error:
        why = type(error).__name__
        raise CameraError(
            Words(f"elle ne montre pas de certificat ({why})", f"it shows no certificate ({why})"),
            where=target.host,
            what_to_do=Words("Mettez TLS en service sur la caméra", "Switch TLS on at the camera"),
        ) from None
    return pem, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def _unreadable() -> BadInput:
    return BadInput(
        Words("ce n'est pas l'adresse d'une caméra ONVIF", "this is no address of an ONVIF camera"),
        where="conform/camera",
        what_to_do=Words(
            "Donnez https://compte:secret@hôte/onvif/device_service, ou http:// si elle n'a pas TLS",
            "Give https://user:password@host/onvif/device_service, or http:// where it has no TLS",
        ),
    )
