"""A display panel: power, input, what fails in it, and how it may misbehave. The same for both protocols."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from csu.hal.clock import NS_PER_S, Clock
from csu.hal.wall_panel import PanelPower


class PanelQuirk(StrEnum):
    """How a panel may misbehave. Each until it is healed; several at once are allowed."""

    NAK = "nak"
    """Refuses every question: NAK in MDC, ERR1 in PJLink."""
    SILENT = "silent"
    """Takes the connection and never answers."""
    REFUSES = "refuses"
    """Hangs up on whoever connects."""
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a quirk
    """PJLink: refuses every password. MDC has none."""
    STUCK_INPUT = "stuck_input"
    """Says yes to another input and stays on its own."""
    STUCK_POWER = "stuck_power"
    """Says yes to being switched, and is not."""
    NEVER_WARM = "never_warm"
    """Warms up for ever."""
    LAMP_FAILED = "lamp_failed"
    OVERHEATED = "overheated"
    FAN_STOPPED = "fan_stopped"
    NO_SIGNAL = "no_signal"
    """MDC says so among its errors; PJLink has no word for it."""
    FILTER_WARNING = "filter_warning"
    """PJLink warns before it fails; MDC has no word for it."""
    SLOW = "slow"
    """Each answer takes `PanelSpec.slow_s`."""
    SPLIT = "split"
    """Sends each answer byte by byte, as a network may."""
    GARBAGE = "garbage"
    """Answers bytes that mean nothing."""
    BAD_CHECKSUM = "bad_checksum"
    """MDC: right but for its last byte. PJLink has no checksum: it answers to another command instead."""
    OTHER_ANSWER = "other_answer"
    """Answers a question that was not asked."""
    FLOOD = "flood"
    """Answers a megabyte."""


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """One simulated panel. `password`: PJLink's; empty: it asks for none."""

    make: str = "Samsung"
    model: str = "QM55R"
    serial: str = "0HA1H4ZN500123"
    input: str = "hdmi1"
    """`hdmi1`, `hdmi2`, `display_port_1`, `dvi`, `pc`."""
    power: PanelPower = PanelPower.ON
    display: int = 1
    password: str = field(default="", repr=False)
    warming_s: float = 0.2
    cooling_s: float = 0.1
    slow_s: float = 0.3


INPUTS = ("hdmi1", "hdmi2", "display_port_1", "dvi", "pc")


class SimulatedPanel:
    """What a panel is and does; `port` is where it is served. Not thread-safe: lives in its server's loop."""

    def __init__(self, spec: PanelSpec, clock: Clock) -> None:
        if spec.input not in INPUTS:
            raise ValueError(f"a simulated panel has no input {spec.input!r}")
        self.spec = spec
        self.port = 0
        self.url = ""
        self.asked = 0
        """Questions it understood."""
        self.connections = 0
        self.logins_refused = 0
        self._clock = clock
        self._input = spec.input
        self._power = spec.power
        self._until_ns = 0
        self._quirks: set[PanelQuirk] = set()

    def misbehave(self, *quirks: PanelQuirk) -> None:
        self._quirks |= set(quirks)

    def heal(self, *quirks: PanelQuirk) -> None:
        """These; without any: all."""
        self._quirks -= set(quirks) or set(PanelQuirk)

    def has(self, quirk: PanelQuirk) -> bool:
        return quirk in self._quirks

    @property
    def power(self) -> PanelPower:
        """Now: warming and cooling end by themselves."""
        if self._power is PanelPower.WARMING and not self.has(PanelQuirk.NEVER_WARM) and self._is_over():
            self._power = PanelPower.ON
        if self._power is PanelPower.COOLING and self._is_over():
            self._power = PanelPower.OFF
        return self._power

    @property
    def input(self) -> str:
        return self._input

    def switch(self, *, on: bool) -> None:
        """As it is asked by its protocol."""
        if self.has(PanelQuirk.STUCK_POWER) or on is (self.power in (PanelPower.ON, PanelPower.WARMING)):
            return
        self._power = PanelPower.WARMING if on else PanelPower.COOLING
        lasts_s = self.spec.warming_s if on else self.spec.cooling_s
        self._until_ns = self._clock.monotonic_ns() + round(lasts_s * NS_PER_S)

    def choose_input(self, name: str) -> None:
        """As it is asked by its protocol."""
        if not self.has(PanelQuirk.STUCK_INPUT):
            self._input = name

    def use_remote(self, *, power: PanelPower | None = None, input: str | None = None) -> None:
        """Somebody in the room does it: at once, whatever its quirks."""
        self._power = power or self._power
        self._input = input or self._input

    def _is_over(self) -> bool:
        return self._clock.monotonic_ns() >= self._until_ns
