"""A display panel of the wall as a port: is it on, what does it show, what is wrong with it. Never a picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from csu.hal.errors import CsuError

WallPanelId = NewType("WallPanelId", str)


class PanelError(CsuError):
    """The panel did not answer in time, refused, or said what no panel says."""


class PanelPower(StrEnum):
    """What the panel says of its own power."""

    OFF = "off"
    WARMING = "warming"
    """Switched on; it shows nothing yet, and answers some questions later."""
    ON = "on"
    COOLING = "cooling"


class PanelPart(StrEnum):
    """What of a panel can fail, in both protocols' words."""

    LAMP = "lamp"
    TEMPERATURE = "temperature"
    FAN = "fan"
    COVER = "cover"
    FILTER = "filter"
    SIGNAL = "signal"
    """Nothing that it can show comes in at the input it is on."""
    LIGHT_SENSOR = "light_sensor"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PanelState:
    """What a panel says of itself at one instant."""

    power: PanelPower
    input: str = ""
    """The input it is on, in the name `choose_input` takes; empty: it does not say now (off, warming)."""
    failed: frozenset[PanelPart] = frozenset()
    warned: frozenset[PanelPart] = frozenset()
    """Parts that work and will not for long."""


@dataclass(frozen=True, slots=True)
class PanelIdentity:
    """What it is. A field is empty when the panel does not say."""

    make: str
    model: str
    serial: str


@runtime_checkable
class WallPanel(Protocol):
    """One panel. Each call ends within seconds, or raises PanelError; none blocks the event loop."""

    @property
    def panel(self) -> WallPanelId: ...

    async def identity(self) -> PanelIdentity:
        """Make, model and serial number, asked of the device now."""
        ...

    async def state(self) -> PanelState:
        """Power, input and errors, asked of the device now."""
        ...

    async def switch(self, *, on: bool) -> None:
        """Ask it to switch on or off. That it obeyed is what `state` says later: warming takes seconds to minutes."""
        ...

    async def choose_input(self, name: str) -> None:
        """Ask it to show this input; `state` says whether it does. Raises PanelError for a name it does not have."""
        ...

    async def close(self) -> None:
        """Let go of it. Idempotent; nothing is asked of the panel."""
        ...
