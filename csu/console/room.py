"""What the console needs of the centre: present state, present pictures, counts. There is no way to ask for the past.

The console looks; it is not told. It reads states again and again and shows the difference, so that it never depends
on a message that could be lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from csu.hal.clock import Nanoseconds
from csu.hal.media import FrameCounts, LiveFragment, LiveRelay
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraStatus
from csu.recording.space import VolumeState


@dataclass(frozen=True, slots=True)
class RoomHealth:
    """Whether the centre does its work. `ok` is the centre's own verdict; `trouble` says why not, in one line."""

    ok: bool
    version: str
    started_at_ns: Nanoseconds
    nodes_up: int
    nodes_expected: int
    last_manifest_at_ns: Nanoseconds | None = None
    """When a node last accounted for its minute; None before the first."""
    trouble: Words = NO_WORDS
    volumes: tuple[VolumeState, ...] = ()
    """The directories of media, as last looked at."""
    hours_left: float | None = None
    """Until nothing can be recorded, at the present pace; None: never, or not known."""


@dataclass(frozen=True, slots=True)
class RoomCounters:
    """Counts since the centre started; they only grow."""

    frames: FrameCounts = field(default_factory=FrameCounts)
    segments: int = 0
    segment_bytes: int = 0
    gaps: int = 0


@runtime_checkable
class RoomView(Protocol):
    """The centre, as seen from the console. What is neither `relay` nor of the wall answers at once, from memory."""

    @property
    def relay(self) -> LiveRelay:
        """Where masked live pictures come from."""
        ...

    def cameras(self) -> Sequence[CameraStatus]:
        """Every camera this console may show, in the order of display."""
        ...

    def health(self) -> RoomHealth:
        """The centre's health now."""
        ...

    def marks(self) -> Mapping[str, Hashable]:
        """Of each topic (`alarms`, `log`...) a value that is another as soon as something of it changed."""
        ...

    def counters(self) -> RoomCounters:
        """The centre's counts now."""
        ...

    async def wall_png(self) -> bytes | None:
        """The wall as it stands, as a PNG; None when no wall runs. May raise CsuError."""
        ...

    def watch_wall(self) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]] | None:
        """Follow the whole wall, as `LiveRelay.watch` does one camera; `captured_at_ns` is when the wall drew it.

        None when no wall runs. One that stands still gives no fragment.
        """
        ...
