"""A conformance examination as a port: what a device is asked, what was found, and the eyes that an examiner is lent.

An examiner speaks a device's protocol and knows nothing of pictures; whoever calls it lends it `StreamEyes`, which take
streams with the very code that will take them in service.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from csu.hal.camera import OnboardMask, StreamAddress
from csu.hal.words import NO_WORDS, Words


class CheckStatus(StrEnum):
    """What one check found."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SUPPORTED = "not_supported"
    """The device does not have what is asked about, and may be without it: nothing of it is relied upon."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing asked of a device. `check` is stable over versions: reports are compared by it."""

    check: str
    requirement: str
    """The id it answers to (requirements.md), such as `AUD-1`."""
    asked: Words
    status: CheckStatus
    found: Words
    measured: float | None = None
    limit: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StreamOffer:
    """What a stream offers before anything is set up."""

    video_codec: str
    """Upper case; empty without a video track."""
    audio_tracks: int


@dataclass(frozen=True, slots=True)
class StreamLook:
    """What a stream showed while it was watched."""

    width_px: int
    height_px: int
    pictures: int
    started_in_s: float
    """From the first request to the first picture out of the decoder."""
    frames_per_s: float
    """By the pictures' own times; 0 with fewer than two."""
    key_interval_s: float
    """The longest time between two key frames, or since the last one; infinite when there was only one."""
    frames_missing: int
    clock_ahead_s: float | None
    """The camera's clock minus ours, by its sender reports, less what the quickest packet takes; None without any."""
    clock_unsure_s: float = 0.0
    """How much longer the usual packet takes than the quickest: what a busy network or host makes of such a figure."""
    masks_missing: int = 0
    """Pictures that did not show the masks they were asked to; without a mask plan: 0."""
    first_missing: Words = NO_WORDS


class MaskPlan(Protocol):
    """Masks to be pushed, and what knows whether a picture shows them."""

    @property
    def masks(self) -> Sequence[OnboardMask]:
        """For `Camera.push_masks`."""
        ...


@runtime_checkable
class StreamEyes(Protocol):
    """Looks at streams and stills with the engine's own ingest. Every call may raise CsuError, without any secret."""

    async def offer(self, address: StreamAddress) -> StreamOffer:
        """Ask what it offers; sets nothing up."""
        ...

    async def watch(self, address: StreamAddress, seconds: float, plan: MaskPlan | None = None) -> StreamLook:
        """Take the stream for so long. With a plan each picture is held against it."""
        ...

    async def still(self, address: StreamAddress, plan: MaskPlan) -> Words | None:
        """Look at the still picture; None when it shows the masks."""
        ...

    def plan(self, width_px: int, height_px: int, masks_max: int, corners_max: int) -> MaskPlan:
        """A mask or two of a known colour where the recorded stream's picture has most to say, for a test."""
        ...


@dataclass(frozen=True, slots=True)
class Examination:
    """How a device is examined."""

    seconds: float = 10.0
    """How long each stream is watched: floors of frame rate are counted over 10 s (TEC-2)."""
    may_move: bool = True
    """The camera may be turned, and is brought back."""
    may_restart: bool = True
    """The device may be restarted, to see what is left of its masks."""


@runtime_checkable
class Examiner(Protocol):
    """What an entry point of the group `csu.conformance` is; its name is the kind of device."""

    def __call__(self, target: str, eyes: StreamEyes, examination: Examination) -> AsyncIterator[Check]:
        """Examine the device at `target`, a URL, and tell each check as it is done.

        Leaves the device as it was found. Raises BadInput for a target it cannot read; CsuError when there is nobody.
        """
        ...
