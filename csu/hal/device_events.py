"""What devices tell by themselves, as a port: troubles, never alarms. What was heard has no name here (AUD-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words


class EventKind(StrEnum):
    """Closed list, for cameras and receivers of alarms."""

    TAMPER = "tamper"
    """Covered, turned away, blurred, too dark: somebody should look."""
    SIGNAL_LOST = "signal_lost"
    HARDWARE = "hardware"
    """Its fan, its storage, its supply or its temperature fails."""
    CONTACT = "contact"
    """A contact wired to it closed. Told and no more: nobody here knows what is at the other end of the wire."""
    RUNAWAY = "runaway"
    """It was told to stop, again and again, and does not, or cannot be seen to."""
    UNREACHED = "unreached"
    """No events can be had of it. Told once, until they can again."""
    PATH_SILENT = "path_silent"
    """A supervised path of an alarm panel says nothing."""
    REBOOTED = "rebooted"
    """It started again: masks, resolution and microphones are to be looked at anew."""
    MASKS_CHANGED = "masks_changed"
    AUDIO_CHANGED = "audio_changed"
    MISSED = "missed"
    """There may have been events that nobody got: look at everything."""
    FRAME_REFUSED = "frame_refused"
    """A frame of an alarm panel was not believed, or not as it came; `detail` is why."""
    NOT_KEPT = "not_kept"
    """What a panel said could not be written; it repeats."""

    @property
    def is_state(self) -> bool:
        """It holds for a while, and its end is told; the others happen."""
        return self in _STATES


_STATES = frozenset(
    {
        EventKind.TAMPER,
        EventKind.SIGNAL_LOST,
        EventKind.HARDWARE,
        EventKind.CONTACT,
        EventKind.RUNAWAY,
        EventKind.UNREACHED,
        EventKind.PATH_SILENT,
    }
)


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """`holds`: False when a state ends. `at_ns` is when it came, by our clock: the device's may be wrong."""

    kind: EventKind
    at_ns: Nanoseconds
    holds: bool = True
    about: str = ""
    """Which part of the device, in our own name for it: an account, its path. Bounded by the settings of the site."""
    detail: Words = NO_WORDS
    """More than the kind says, in our own words: nothing that a device wrote."""


@runtime_checkable
class DeviceEvents(Protocol):
    """A device, or a receiver for many, that tells by itself."""

    @property
    def place(self) -> str:
        """What its troubles are told of: a camera's id, `alarms`."""
        ...

    @property
    def sounds_dropped(self) -> int:
        """What it told because something was heard: dropped unread, and counted (AUD-3)."""
        ...

    def events(self) -> AsyncIterator[DeviceEvent]:
        """As they come, for ever, for one listener. A state that is told as over may never have been told."""
        ...
