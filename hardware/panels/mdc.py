"""Samsung MDC over TCP, through python-samsung-mdc.

The library takes what one `read` gives for a whole frame, and an answer to another question for its own: `_Line` reads
whole frames and looks whose answer it is. A line is opened for each call and closed after it, so that a late answer
finds nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from samsung_mdc import MDC
from samsung_mdc.commands import ERROR_STATUS, INPUT_SOURCE, POWER
from samsung_mdc.exceptions import MDCError, MDCResponseError, MDCTLSAuthFailed, MDCTLSRequired, NAKError

from csu.hal.wall_panel import PanelIdentity, PanelPart, PanelPower, PanelState, WallPanelId
from csu.hal.words import Words
from hardware.panels.asking import ask, panel_error, plain
from hardware.panels.settings import PanelSettings

_Input = INPUT_SOURCE.INPUT_SOURCE_STATE
_SAID_FOR = {
    _Input.HDMI1_PC: _Input.HDMI1,
    _Input.HDMI2_PC: _Input.HDMI2,
    _Input.HDMI3_PC: _Input.HDMI3,
    _Input.HDMI4_PC: _Input.HDMI4,
    _Input.DVI_VIDEO: _Input.DVI,
}
"""What a panel calls an input by itself, and nobody may choose: the same socket."""
_OWN = (MDCError, MDCTLSRequired, MDCTLSAuthFailed)
_INPUTS = {source.name.lower(): source for source in _Input if source not in _SAID_FOR and source is not _Input.NONE}


class _Line(MDC):  # type: ignore[misc]  # the library has no types
    """One connection to one panel."""

    reader: Any
    writer: Any

    async def open(self) -> None:
        await super().open()
        self.reader = _WholeReads(self.reader)

    async def close(self) -> None:
        """At once: whoever closes has its answer, or wants none any more."""
        self.writer.transport.abort()
        self.reader = self.writer = None

    async def send(self, cmd: Any, display_id: int, data: bytes | Sequence[int] = b"") -> Any:
        acknowledged, answered, told = await super().send(cmd, display_id, data)
        asked = cmd if isinstance(cmd, int) else cmd[0]
        if answered[0] != asked or (not acknowledged and not told):
            raise MDCResponseError("an answer to another question", b"")
        return acknowledged, answered, told


class _WholeReads:
    """A stream whose `read` gives as many bytes as were asked for."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    @property
    def _buffer(self) -> bytes:
        """The library looks here for the greeting of a panel that wants TLS."""
        return bytes(getattr(self._reader, "_buffer", b""))

    async def read(self, count: int) -> bytes:
        return await self._reader.readexactly(count)


class MdcPanel:
    """One Samsung panel. See WallPanel."""

    def __init__(self, settings: PanelSettings) -> None:
        self._settings = settings

    @property
    def panel(self) -> WallPanelId:
        return WallPanelId(self._settings.panel)

    async def identity(self) -> PanelIdentity:
        async def question() -> PanelIdentity:
            async with self._line() as line:
                (model,) = await line.model_name(self._settings.display)
                (serial,) = await line.serial_number(self._settings.display)
                return PanelIdentity("Samsung", plain(model), plain(serial))

        return await ask(self._settings, question, _told, _OWN)

    async def state(self) -> PanelState:
        async def question() -> PanelState:
            async with self._line() as line:
                return await self._state(line)

        return await ask(self._settings, question, _told, _OWN)

    async def switch(self, *, on: bool) -> None:
        async def question() -> None:
            async with self._line() as line:
                await line.power(self._settings.display, [POWER.POWER_STATE.ON if on else POWER.POWER_STATE.OFF])

        await ask(self._settings, question, _told, _OWN)

    async def choose_input(self, name: str) -> None:
        source = _INPUTS.get(name)
        if source is None:
            raise panel_error(
                self._settings,
                Words(f"aucune entrée {name!r}", f"no input {name!r}"),
                Words(f"Choisissez : {', '.join(_INPUTS)}", f"Choose: {', '.join(_INPUTS)}"),
            )

        async def question() -> None:
            async with self._line() as line:
                await line.input_source(self._settings.display, [source])

        await ask(self._settings, question, _told, _OWN)

    async def close(self) -> None:
        """Nothing is open between two calls."""

    def _line(self) -> _Line:
        address, port = str(self._settings.address), self._settings.port_or_default
        return _Line((address, port), timeout=self._settings.answer_within_s)

    async def _state(self, line: _Line) -> PanelState:
        """A panel that is on and refuses to say its input is still warming up: it has no state of its own for it."""
        (power,) = await line.power(self._settings.display)
        if power is POWER.POWER_STATE.OFF:
            return PanelState(PanelPower.OFF)
        if power is POWER.POWER_STATE.REBOOT:
            return PanelState(PanelPower.WARMING)
        try:
            (source,) = await line.input_source(self._settings.display)
        except NAKError:
            return PanelState(PanelPower.WARMING)
        failed = _failed(await line.error_status(self._settings.display))
        return PanelState(PanelPower.ON, _SAID_FOR.get(source, source).name.lower(), failed)


def _failed(told: Sequence[Any]) -> frozenset[PanelPart]:
    lamp, temperature, light_sensor, source, _degrees, fan = told
    states = {
        PanelPart.LAMP: lamp is ERROR_STATUS.LAMP_ERROR_STATE.ERROR,
        PanelPart.TEMPERATURE: temperature is ERROR_STATUS.TEMPERATURE_ERROR_STATE.ERROR,
        PanelPart.LIGHT_SENSOR: light_sensor is ERROR_STATUS.BRIGHTNESS_SENSOR_ERROR_STATE.ERROR,
        PanelPart.SIGNAL: source is ERROR_STATUS.INPUT_SOURCE_ERROR_STATE.ERROR,
        PanelPart.FAN: fan is ERROR_STATUS.FAN_ERROR_STATE.ERROR,
    }
    return frozenset(part for part, is_failed in states.items() if is_failed)


def _told(error: Exception) -> Words | None:
    if isinstance(error, NAKError):
        return Words("l'écran refuse la question (NAK)", "the panel refuses the question (NAK)")
    if isinstance(error, MDCTLSRequired):
        return Words("l'écran exige TLS et un code : réglez-le", "the panel asks for TLS and a PIN: set it otherwise")
    return None
