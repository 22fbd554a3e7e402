"""What a farm and its serving process say to each other: orders one way, one answer each the other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from csu.hal.camera import OnboardMask
from csu.hal.place import PoseReading
from sim.endpoints.digest import Login
from sim.endpoints.spec import EndpointCounts, EndpointSpec, Fault, MaskFault, Speaker, ViewFault
from sim.street.mount import Motion


@dataclass(frozen=True, slots=True)
class Open:
    """The first order: serve these."""

    specs: tuple[EndpointSpec, ...]


@dataclass(frozen=True, slots=True)
class Misbehave:
    """Order: this camera has this fault from now on."""

    camera: str
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Order: this camera moves so. `seeking`: to a preset or home."""

    camera: str
    motion: Motion
    seeking: bool


@dataclass(frozen=True, slots=True)
class SetMasks:
    """Order: this camera burns these masks and no others."""

    camera: str
    masks: tuple[OnboardMask, ...]


@dataclass(frozen=True, slots=True)
class ReadMasks:
    """Order: tell what masks this camera says it burns."""

    camera: str


@dataclass(frozen=True, slots=True)
class BetrayMasks:
    """Order: this camera has this mask fault from `after_s` on."""

    camera: str
    fault: MaskFault | None
    after_s: float


@dataclass(frozen=True, slots=True)
class SpoilView:
    """Order: this camera has this view fault from `after_s` on."""

    camera: str
    fault: ViewFault | None
    after_s: float


@dataclass(frozen=True, slots=True)
class Reboot:
    """Order: this camera starts again, and is away for `down_s`."""

    camera: str
    down_s: float


@dataclass(frozen=True, slots=True)
class SetLogins:
    """Order: these may watch this camera, and nobody else."""

    camera: str
    logins: tuple[Login, ...]


@dataclass(frozen=True, slots=True)
class OfferAudio:
    """Order: this stream of this camera offers its microphone, or not."""

    camera: str
    profile: str
    offered: bool


class PoseTeller(Protocol):
    """Puts where a camera looks into the words of its protocol. Travels to the serving process."""

    def tell(self, reading: PoseReading) -> bytes:
        """One document for one picture."""
        ...


@dataclass(frozen=True, slots=True)
class TellPositions:
    """Order: this stream of this camera has a track that tells where it looks, with each picture; None: it has none."""

    camera: str
    profile: str
    teller: PoseTeller | None


@dataclass(frozen=True, slots=True)
class SwitchAudio:
    """Order: this camera offers an audio track from now on, or no longer; it sets its streams up anew."""

    camera: str
    on: bool


@dataclass(frozen=True, slots=True)
class FitSpeaker:
    """Order: this camera has this loudspeaker from now on."""

    camera: str
    speaker: Speaker


@dataclass(frozen=True, slots=True)
class TellHeard:
    """Order: tell what this camera's loudspeaker was sent, and forget it."""

    camera: str


@dataclass(frozen=True, slots=True)
class Count:
    """Order: tell all counters."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Order: end."""


Order: TypeAlias = (
    Open
    | Misbehave
    | Turn
    | SetMasks
    | ReadMasks
    | BetrayMasks
    | SpoilView
    | SwitchAudio
    | Reboot
    | SetLogins
    | OfferAudio
    | TellPositions
    | FitSpeaker
    | TellHeard
    | Count
    | Stop
)


@dataclass(frozen=True, slots=True)
class Answer:
    """To each order but `Stop`. `refused`: why it was not done; empty when it was."""

    refused: str = ""
    port: int = 0
    stills_port: int = 0
    masks: tuple[OnboardMask, ...] = ()
    heard: bytes = b""
    counts: tuple[tuple[str, EndpointCounts], ...] = ()
