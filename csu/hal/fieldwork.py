"""Bringing cameras into a real site, as a port: found, entered, examined, placed, their accounts changed.

Each step is written before the next begins, so that whoever was interrupted does the same again and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import Nanoseconds
from csu.hal.place import Pose, PoseBounds
from csu.hal.words import NO_WORDS, Words


class Route(StrEnum):
    """Who masks a camera's pictures."""

    EDGE = "edge"
    """The camera itself; the engine looks at each picture, and masks as soon as one does not show the masks."""
    ENGINE = "engine"


class Stage(StrEnum):
    """How far a camera has come on its way into a site. Each holds after those before it."""

    ABSENT = "absent"
    """It has no entry."""
    BEGUN = "begun"
    """It has one; its account was not changed and proved to the end."""
    ENTERED = "entered"
    """Nobody examined it, or it did not hold."""
    EXAMINED = "examined"
    """Its examination holds."""


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A device that says it is a camera. Nothing of it is proved before somebody logs in over TLS."""

    address: str
    endpoint: str
    """What it calls itself, the same after its address changed."""
    name: str
    hardware: str
    contested: bool
    """Another host answered under the same name."""
    camera: str = ""
    """Under which name the site knows it; empty: it does not."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a person says of a camera that is to be entered."""

    record: CameraRecord
    target: str = field(repr=False)
    """`https://user:password@host[:port]/onvif/device_service[#sha256=FINGERPRINT]`"""
    advertised_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of many that are to be entered. `newcomer` None: the site knows it already; or it cannot be, and `why`."""

    camera: CameraId
    newcomer: Newcomer | None
    why: Words = NO_WORDS


PasswordOf = Callable[[str], str]
"""The password of a login that many cameras share while they are being set up."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A camera of the site, as its device says it is."""

    record: CameraRecord
    address: str
    fingerprint: str
    """SHA-256 of the certificate that is pinned; empty: it is not spoken to over TLS."""
    endpoint: str
    turns: bool
    has_masks: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What an examination found, for the camera's entry."""

    at: str
    """ISO 8601, UTC."""
    holds: bool
    report: str
    failed: tuple[str, ...]
    route: Route
    streams_over_tls: bool
    """Seen at work: from now on they are taken over nothing less."""


@dataclass(frozen=True, slots=True)
class PlacedZoom:
    """A calibrated zoom position, in [0, 1]."""

    zoom: float
    focal_px: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What a calibration says of a camera: its pose where its mount reads 0, and how far that may be from the truth."""

    pose: Pose
    bounds: PoseBounds
    zooms: tuple[PlacedZoom, ...]
    """Of a camera that turns, two or more; none: it is fixed."""


@runtime_checkable
class Fieldwork(Protocol):
    """The cameras of one site. All calls may raise CsuError, without any secret."""

    def cameras(self) -> Sequence[CameraId]:
        """Those that are entered."""
        ...

    def stage(self, camera: CameraId) -> Stage:
        """How far it has come, by what is written; nobody is asked."""
        ...

    def listed(self, path: Path, password: PasswordOf, found: Sequence[FoundCamera]) -> Sequence[Candidate]:
        """Those that a list (YAML, CSV) names, in its order. `found`: where one is looked for that is listed by what it
        calls itself. Raises BadInput with file and line: then nothing of the list is to be entered."""
        ...

    def unlisted(
        self, found: Sequence[FoundCamera], commune: CommuneId, view: ViewType, user: str, password: PasswordOf
    ) -> Sequence[Candidate]:
        """All that were found, with the next free numbers and names made of them; those the site knows under their own.

        Who has no TLS, or shares its name with another host, cannot be entered so: a login would go to anybody.
        """
        ...

    async def enter(self, newcomer: Newcomer) -> Entered:
        """Pin its certificate, keep its login, write its entry, and change its account for one of the centre's own.

        Done again, it goes on where it stopped. Raises BadInput where its name or number is another camera's.
        """
        ...

    async def resume(self, camera: CameraId) -> Entered:
        """The same of a camera that has an entry."""
        ...

    def target(self, camera: CameraId) -> str:
        """Where an examiner finds it, with its login: never to be shown."""
        ...

    def keep_findings(self, camera: CameraId, found: Findings) -> None:
        """Write down what its examination found."""
        ...

    def place(self, camera: CameraId, placed: Placement) -> None:
        """Write down where it stands and looks. Raises BadInput where that does not fit the camera."""
        ...

    async def rotate(self, camera: CameraId) -> None:
        """Give it another account, prove it, and prove that the former one is worth nothing."""
        ...

    def account_since_ns(self, camera: CameraId) -> Nanoseconds | None:
        """Since when it has the account it has; None: nobody knows, or a change of it was cut short."""
        ...

    def secrets(self) -> Sequence[str]:
        """The names of what the vault keeps beside logins."""
        ...

    def keep_secret(self, name: str, secret: bytes) -> None:
        """Keep a key, password or certificate in the vault under this name."""
        ...


@runtime_checkable
class OpenFieldwork(Protocol):
    """What an entry point of the group `csu.fieldwork` is."""

    def open(self, site: Path) -> Fieldwork:
        """The cameras of the site at `site`, its file. Raises BadInput with the line; CsuError for the vault."""
        ...

    async def discover(
        self, interface: str, at: str, listen_s: float, site: Path | None
    ) -> tuple[Sequence[FoundCamera], int]:
        """Who answers on the network of `interface`, or at `at` (host or host:port); and how many answers did not
        count. `site`: whose entries are known."""
        ...
