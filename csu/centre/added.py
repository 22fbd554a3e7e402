"""Streams a person adds: a real camera by its RTSP address, or a clip. Wholly masked until calibrated (PRV-5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.errors import BadInput
from csu.hal.media import Assignment
from csu.hal.tls import TlsTrust, client_context
from csu.hal.words import Words

ADDED_COMMUNE = CommuneId("ajout")


@dataclass(frozen=True, slots=True)
class AddedStream:
    """A stream given on the command line."""

    name: str
    address: StreamAddress
    view: ViewType = ViewType.WIDE
    """What it is for, as the person who adds it says: it sets the floors its first picture is held against."""

    def assignment(self, number: int) -> Assignment:
        """As camera `number` of the centre, without a pose: nothing of its picture shows."""
        record = CameraRecord(CameraId(f"cam-{number:04d}"), number, self.name, ADDED_COMMUNE, self.view)
        return Assignment(
            record,
            self.address,
            pose=None,
            follows_pose=False,
            buildings=(),
            mask_above_m=0.0,
            mask_epoch=0,
            floors_asked=False,
        )


def rtsp_stream(url: str) -> AddedStream:
    """A camera at `rtsp://[user:password@]host[:port]/path`, or `rtsps://...#pinned=FILE`, FILE being its certificate.

    Raises BadInput when it is not such an address.
    """
    shown = url.rpartition("@")[2] if "@" in url else url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url(shown, Words.same(str(error))) from error
    if parts.scheme not in ("rtsp", "rtsps"):
        raise _bad_url(
            shown, Words("elle ne commence pas par rtsp:// ou rtsps://", "it does not begin with rtsp:// or rtsps://")
        )
    if not parts.hostname:
        raise _bad_url(shown, Words("pas d'hôte", "no host"))
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    bare = urlunsplit((parts.scheme, f"{host}:{port}" if port else host, parts.path, parts.query, ""))
    trust = _pinned(shown, parts.fragment) if parts.scheme == "rtsps" else None
    address = StreamAddress(bare, unquote(parts.username or ""), unquote(parts.password or ""), trust)
    return AddedStream(name=f"{host}{parts.path}", address=address)


def _pinned(shown: str, fragment: str) -> TlsTrust:
    name = parse_qs(fragment).get("pinned", [""])[0]
    try:
        trust = TlsTrust(Path(name).read_text(encoding="ascii"), is_pinned=True)
        client_context(trust)
    except (OSError, ValueError) as error:
        raise _bad_url(
            shown,
            Words(
                "sous TLS il faut le certificat de la caméra : #pinned=FICHIER",
                "over TLS the camera's certificate is needed: #pinned=FILE",
            ),
        ) from error
    return trust


def clip_stream(path: Path) -> AddedStream:
    """A clip played in a loop as if it were a camera. Raises BadInput when there is no such file."""
    if not path.is_file():
        raise BadInput(
            Words("ce fichier n'existe pas", "no such file"),
            where=f"--video {path}",
            what_to_do=Words("Donnez le chemin d'un clip existant", "Give the path of a clip that exists"),
        )
    return AddedStream(name=path.name, address=StreamAddress(path.resolve().as_uri()))


def _bad_url(shown: str, why: Words) -> BadInput:
    return BadInput(
        Words(f"ce n'est pas l'adresse d'une caméra ({why.fr})", f"not the address of a camera ({why.en})"),
        where=f"--rtsp {shown}",
        what_to_do=Words(
            "Écrivez rtsp://utilisateur:motdepasse@hote:554/chemin", "Write rtsp://user:password@host:554/path"
        ),
    )
