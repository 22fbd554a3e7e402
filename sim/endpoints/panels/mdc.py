"""A panel that speaks Samsung MDC, from the text of the protocol ("Multiple Display Control", TCP 1515).

A question is AA, command, display, length, data, checksum; an answer AA, FF, display, length, 'A' or 'N', command,
data, checksum. The checksum is the low byte of the sum of all but the first byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from csu.hal.clock import Clock
from csu.hal.wall_panel import PanelPower
from csu.machine import SystemClock
from sim.endpoints.panels.line import HOST, Line, serve_line
from sim.endpoints.panels.panel import PanelQuirk, PanelSpec, SimulatedPanel

_HEAD, _ANSWER, _ACK, _NAK = 0xAA, 0xFF, 0x41, 0x4E
_SERIAL, _ERRORS, _POWER, _INPUT, _MODEL = 0x0B, 0x0D, 0x11, 0x14, 0x8A
_CODE_OF = {"hdmi1": 0x21, "hdmi2": 0x23, "display_port_1": 0x25, "dvi": 0x18, "pc": 0x14}
_INPUT_OF = {code: name for name, code in _CODE_OF.items()}
_NOT_NOW = 0x01
"""Our own code of refusal: the protocol leaves it to the maker."""


@asynccontextmanager
async def serve_mdc(spec: PanelSpec | None = None, clock: Clock | None = None) -> AsyncIterator[SimulatedPanel]:
    """Serve one panel on an ephemeral port of the loopback until the block ends. Raises OSError."""
    panel = SimulatedPanel(spec or PanelSpec(), clock or SystemClock())

    async def talk(reader: asyncio.StreamReader, line: Line) -> None:
        while True:
            head = await reader.readexactly(4)
            rest = await reader.readexactly(head[3] + 1)
            if head[0] != _HEAD or sum(head[1:] + rest[:-1]) & 0xFF != rest[-1]:
                return  # a real panel says nothing either
            if head[2] in (panel.spec.display, 0xFE):
                panel.asked += 1
                await line.send(_answer(panel, head[1], rest[:-1]))

    async with serve_line(panel, talk):
        panel.url = f"mdc://{HOST}:{panel.port}/{panel.spec.display}"
        yield panel


def _answer(panel: SimulatedPanel, command: int, data: bytes) -> bytes:
    told = None if panel.has(PanelQuirk.NAK) else _told(panel, command, data)
    if panel.has(PanelQuirk.OTHER_ANSWER):
        command, told = _POWER if command != _POWER else _INPUT, b"\x01"
    sign, told = (_NAK, bytes([_NOT_NOW])) if told is None else (_ACK, told)
    body = bytes([_ANSWER, panel.spec.display, len(told) + 2, sign, command]) + told
    checksum = sum(body) + (1 if panel.has(PanelQuirk.BAD_CHECKSUM) else 0)
    return bytes([_HEAD]) + body + bytes([checksum & 0xFF])


def _told(panel: SimulatedPanel, command: int, data: bytes) -> bytes | None:
    """The data of an answer; None: refused."""
    if command == _POWER:
        if data:
            panel.switch(on=data == b"\x01")
            return data
        return b"\x01" if panel.power in (PanelPower.ON, PanelPower.WARMING) else b"\x00"
    if command == _SERIAL:
        return panel.spec.serial.encode().ljust(18, b"\0")
    if command == _MODEL:
        return panel.spec.model.encode()
    if panel.power is not PanelPower.ON:
        return None
    if command == _INPUT:
        if data and data[0] not in _INPUT_OF:
            return None
        if data:
            panel.choose_input(_INPUT_OF[data[0]])
            return data
        return bytes([_CODE_OF[panel.input]])
    if command == _ERRORS:
        return _errors(panel)
    return None


def _errors(panel: SimulatedPanel) -> bytes:
    """Lamp, temperature, light sensor (2: well), input signal, degrees, fan."""
    degrees = 78 if panel.has(PanelQuirk.OVERHEATED) else 41
    return bytes(
        [
            panel.has(PanelQuirk.LAMP_FAILED),
            panel.has(PanelQuirk.OVERHEATED),
            2,
            panel.has(PanelQuirk.NO_SIGNAL),
            degrees,
            panel.has(PanelQuirk.FAN_STOPPED),
        ]
    )
