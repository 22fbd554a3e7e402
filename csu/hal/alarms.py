"""An alarm panel as a port: intrusion and fire alarms of the communes. No alarm derived from sound exists (AUD-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType, Protocol, runtime_checkable

from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds

PanelId = NewType("PanelId", str)


class AlarmKind(StrEnum):
    """Closed list: a kind that a microphone could raise (gunshot, glass break, scream) has no name here (AUD-3)."""

    INTRUSION = "intrusion"
    FIRE = "fire"
    PANIC_BUTTON = "panic_button"
    TAMPER = "tamper"
    TECHNICAL = "technical"
    TEST = "test"


class AlarmPriority(IntEnum):
    """How much haste an alarm asks for; the lower number first. Our proposal [D] (requirements, section 5)."""

    P1 = 1
    """Life, violence going on, fire."""
    P2 = 2
    """An offence going on, an intrusion."""
    P3 = 3
    """Nuisance, obstruction, something that was tampered with."""
    P4 = 4
    """Technical, urban management."""


@dataclass(frozen=True, slots=True)
class PanelMessage:
    """One message of a panel, as received. (panel, sequence) names it: the same pair twice is the same message."""

    panel: PanelId
    sequence: int
    commune: CommuneId
    site: str
    kind: AlarmKind
    raised_at_ns: Nanoseconds


@runtime_checkable
class AlarmPanel(Protocol):
    """One panel; a receiver for many is one of these for each account. Who says something in the name of an account
    that no panel has is not believed."""

    @property
    def panel(self) -> PanelId: ...

    def messages(self) -> AsyncIterator[PanelMessage]:
        """Messages in order of arrival, duplicates included: the panel repeats until it is acknowledged."""
        ...

    async def acknowledge(self, message: PanelMessage) -> None:
        """Tell the panel that its message is safe. Call it only after a durable write. Idempotent."""
        ...
