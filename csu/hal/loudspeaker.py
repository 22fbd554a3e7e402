"""A loudspeaker on a camera as a port: it says a recorded message, and nothing of the street comes back (AUD-4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

from csu.hal.camera import CameraError, CameraRecord
from csu.hal.words import Words

SAMPLE_HZ = 8_000
"""One byte a sample: G.711 mu-law, mono. What every camera with a loudspeaker takes (ONVIF Profile T)."""
MESSAGE_S_MAX = 30
MESSAGE_BYTES_MAX = MESSAGE_S_MAX * SAMPLE_HZ


class NoLoudspeaker(CameraError):
    """The camera has none, or none that is one way only. Nothing was said."""


class ReturnChannel(CameraError):
    """It sent sound towards the centre, or offers its loudspeaker only together with its ears. The talk was ended."""


def no_loudspeaker(camera: str) -> NoLoudspeaker:
    return NoLoudspeaker(
        Words("elle n'a pas de haut-parleur à sens unique", "it has no one-way loudspeaker"),
        where=camera,
        what_to_do=Words("Retirez `loudspeaker` de son fichier", "Take `loudspeaker` out of its file"),
    )


def return_channel(camera: str, why: Words) -> ReturnChannel:
    return ReturnChannel(
        Words(f"voie de retour refusée : {why.fr}", f"return channel refused: {why.en}"),
        where=camera,
        what_to_do=Words(
            "Son haut-parleur reste muet jusqu'au prochain démarrage ; retirez-le de son fichier (AUD-4)",
            "Its loudspeaker stays silent until the next start; take it out of its file (AUD-4)",
        ),
    )


@dataclass(frozen=True, slots=True)
class SpokenMessage:
    """A recorded message that somebody approved. Raises ValueError for an empty one, or one that is too long."""

    message: str
    """Its identifier, as journaled: `place-evacuee`."""
    text: str
    """What it says, for who chooses it."""
    pcmu: bytes = field(repr=False)
    """The sound, as SAMPLE_HZ says."""
    approved_by: str

    def __post_init__(self) -> None:
        if not 0 < len(self.pcmu) <= MESSAGE_BYTES_MAX:
            raise ValueError(f"message {self.message}: between one sample and {MESSAGE_S_MAX} s")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pcmu).hexdigest()


@dataclass(frozen=True, slots=True)
class SpeakingPermit:
    """The local decision that lets one camera speak, and when. A camera without one is mute: that is the default."""

    decision: str
    from_day: date
    ends_on: date
    """The first day it no longer holds."""


@runtime_checkable
class Loudspeaker(Protocol):
    """The loudspeaker of one camera."""

    @property
    def record(self) -> CameraRecord: ...

    async def speak(self, pcmu: bytes) -> None:
        """Say this sound, as long as it lasts. Nothing is ever listened to meanwhile.

        Raises NoLoudspeaker; ReturnChannel: the camera would make it a conversation; CameraError. Cancelled: it stops.
        """
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    """What a site may say, and through which cameras."""

    messages: tuple[SpokenMessage, ...]
    speakers: tuple[tuple[Loudspeaker, SpeakingPermit], ...]
