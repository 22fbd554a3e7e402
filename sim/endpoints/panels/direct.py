"""A simulated panel as the port sees it, with no protocol between."""

from __future__ import annotations

import asyncio

from csu.hal.clock import Clock
from csu.hal.wall_panel import PanelError, PanelIdentity, PanelPart, PanelPower, PanelState, WallPanelId
from csu.hal.words import Words
from csu.machine import SystemClock
from sim.endpoints.panels.panel import INPUTS, PanelQuirk, PanelSpec, SimulatedPanel

_SAYS_NOTHING = frozenset(
    {
        *(PanelQuirk.NAK, PanelQuirk.REFUSES, PanelQuirk.WRONG_PASSWORD, PanelQuirk.GARBAGE),
        *(PanelQuirk.BAD_CHECKSUM, PanelQuirk.OTHER_ANSWER, PanelQuirk.FLOOD),
    }
)
"""Quirks of a line or a protocol: here they come to one thing, no answer that counts."""
_FAILED = {
    PanelQuirk.LAMP_FAILED: PanelPart.LAMP,
    PanelQuirk.OVERHEATED: PanelPart.TEMPERATURE,
    PanelQuirk.FAN_STOPPED: PanelPart.FAN,
    PanelQuirk.NO_SIGNAL: PanelPart.SIGNAL,
}


class DisplayPanel:
    """A `csu.hal.wall_panel.WallPanel`. `device`: what it is and does, and how it is told to misbehave."""

    def __init__(
        self, panel: WallPanelId, spec: PanelSpec, clock: Clock | None = None, *, answer_within_s: float = 2.0
    ) -> None:
        self._panel, self._answer_within_s = panel, answer_within_s
        self.device = SimulatedPanel(spec, clock or SystemClock())

    @property
    def panel(self) -> WallPanelId:
        return self._panel

    async def identity(self) -> PanelIdentity:
        await self._be_asked()
        spec = self.device.spec
        return PanelIdentity(spec.make, spec.model, spec.serial)

    async def state(self) -> PanelState:
        await self._be_asked()
        power = self.device.power
        if power is not PanelPower.ON:
            return PanelState(power)
        failed = frozenset(part for quirk, part in _FAILED.items() if self.device.has(quirk))
        warned = frozenset({PanelPart.FILTER}) if self.device.has(PanelQuirk.FILTER_WARNING) else frozenset()
        return PanelState(power, self.device.input, failed, warned)

    async def switch(self, *, on: bool) -> None:
        await self._be_asked()
        self.device.switch(on=on)

    async def choose_input(self, name: str) -> None:
        if name not in INPUTS:
            raise self._error(
                Words(f"cet écran n'a pas d'entrée {name!r}", f"this panel has no input {name!r}"),
                Words(f"Choisissez parmi : {', '.join(INPUTS)}", f"Choose among: {', '.join(INPUTS)}"),
            )
        await self._be_asked()
        self.device.choose_input(name)

    async def close(self) -> None:
        """Nothing is held."""

    async def _be_asked(self) -> None:
        """One connection and one question, as over a line. Raises PanelError when no answer comes that counts."""
        self.device.connections += 1
        if self.device.has(PanelQuirk.SILENT):
            await asyncio.sleep(self._answer_within_s)
        if self.device.has(PanelQuirk.SLOW):
            await asyncio.sleep(self.device.spec.slow_s)
        if self.device.has(PanelQuirk.SILENT) or any(self.device.has(quirk) for quirk in _SAYS_NOTHING):
            raise self._error(
                Words("aucune réponse qui compte n'est venue", "no answer came that counts"),
                Words("Vérifiez l'écran et sa ligne", "Look at the panel and its line"),
            )
        self.device.asked += 1

    def _error(self, what: Words, what_to_do: Words) -> PanelError:
        return PanelError(what, where=f"wall/{self._panel}", what_to_do=what_to_do)
