"""What must be known of an ONVIF camera before speaking to it: frozen values, no secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from csu.hal.camera import CameraRecord
from csu.hal.errors import BadInput
from csu.hal.place import Pose, PtzDynamics
from csu.hal.tls import TlsTrust
from csu.hal.words import Words
from hardware.onvif.spaces import Mount

ANSWER_BYTES_MAX = 1 << 20
"""The largest honest answer seen is a GetProfiles of some 60 KB."""
ANSWER_S_MAX = 5.0
MOVE_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Tls:
    """How a camera proves that it is the one: by a private CA, or by the very certificate seen at enrolment."""

    ca_file: Path | None = None
    pinned_file: Path | None = None
    """PEM of the one certificate that is taken; its name is not looked at, only that it is this one."""


def trust_of(tls: Tls | None) -> TlsTrust | None:
    """What its files hold, for streams and stills as well. Raises OSError, ValueError for a file that is none."""
    file = None if tls is None else tls.ca_file or tls.pinned_file
    if tls is None or file is None:
        return None
    return TlsTrust(file.read_text(encoding="utf-8"), is_pinned=tls.pinned_file is not None)


@dataclass(frozen=True, slots=True)
class StreamFloors:
    """The least the recorded stream must be. The centre says it, from the camera's view (TEC-1, TEC-2)."""

    width_px: int
    height_px: int
    frames_per_s: float


@dataclass(frozen=True, slots=True)
class OnvifSettings:
    """One camera. Raises BadInput for an address or a trust that cannot be used."""

    record: CameraRecord
    address: str
    """Its device service, `https://10.57.3.12/onvif/device_service`. The host is the only one it is ever asked at."""
    floors: StreamFloors
    tls: Tls | None = None
    """Needed for https, and for https only. Without TLS a wrong clock is never made up for."""
    advertised_hosts: tuple[str, ...] = ()
    """Other hosts by which it is known to call itself, behind NAT. Their paths are asked at `address`'s host."""
    rtsps: bool = False
    """Take only streams over TLS."""
    fixed_pose: Pose | None = None
    """Where a camera that does not turn stands and looks. None: nobody knows, so it is wholly masked."""
    mount: Mount | None = None
    """Where a PTZ camera stands and what its numbers mean. None: it is wholly masked."""
    dynamics: PtzDynamics | None = None
    answer_s_max: float = ANSWER_S_MAX
    """For a whole answer, from the first byte sent to the last received."""
    answer_bytes_max: int = ANSWER_BYTES_MAX
    move_s_max: float = MOVE_S_MAX
    """A continuous move that nobody renewed or stopped ends after this."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.path
        if not usable:
            raise self._bad(
                Words("ce n'est pas l'adresse d'un service ONVIF", "not the address of an ONVIF service"),
                Words("Écrivez https://hote/onvif/device_service", "Write https://host/onvif/device_service"),
            )
        trusts = self.tls is not None and (self.tls.ca_file is None) != (self.tls.pinned_file is None)
        if (parts.scheme == "https") != trusts or (self.tls is not None and not trusts):
            raise self._bad(
                Words("https va avec une autorité ou un certificat", "https goes with a CA or a certificate"),
                Words(
                    "Donnez `ca_file` ou `pinned_file`, l'un des deux, pour https seulement",
                    "Give `ca_file` or `pinned_file`, one of them, for https only",
                ),
            )
        if not (0 < self.answer_s_max <= 60 and 0 < self.move_s_max <= 120 and 0 < self.answer_bytes_max <= 1 << 24):
            raise self._bad(
                Words("une limite n'a pas de sens", "a limit makes no sense"),
                Words("Voyez OnvifSettings", "See OnvifSettings"),
            )

    @property
    def is_tls(self) -> bool:
        return self.tls is not None

    def _bad(self, what: Words, what_to_do: Words) -> BadInput:
        return BadInput(what, where=self.record.camera, what_to_do=what_to_do)
