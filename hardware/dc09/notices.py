"""What the receiver tells people, and what it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from csu.hal.clock import Nanoseconds
from csu.hal.device_events import DeviceEvent, EventKind
from csu.hal.words import Words
from hardware.dc09.reasons import Reason


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, for people; `number` is the message that the room gets of it, if it gets one."""

    at_ns: Nanoseconds
    words: Words
    account: str = ""
    number: int | None = None
    kind: EventKind = EventKind.FRAME_REFUSED
    path: str = ""
    """Of PATH_SILENT: which."""
    holds: bool = True

    @property
    def event(self) -> DeviceEvent:
        """The same as the centre hears it: whose, and why, and nothing of what the frame held."""
        about = "/".join(each for each in (self.account, self.path) if each)
        return DeviceEvent(self.kind, self.at_ns, self.holds, about, self.words)


@dataclass(slots=True)
class Counts:
    """Since the receiver was opened."""

    taken: int = 0
    repeated: int = 0
    acknowledged: int = 0
    """Receipts sent."""
    not_kept: int = 0
    paths_silent: int = 0
    paths_back: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
