"""A panel that speaks PJLink class 2, from its text (JBMIA, PJLink Specifications Version 2.10, TCP 4352).

It greets with `PJLINK 0`, or `PJLINK 1 <eight hex digits>` when it has a password; then `%1POWR ?` and its like, each
ended by CR. With a password the first question comes behind the MD5 of the digits and the password.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from csu.hal.clock import Clock
from csu.hal.wall_panel import PanelPower
from csu.machine import SystemClock
from sim.endpoints.panels.line import HOST, Line, serve_line
from sim.endpoints.panels.panel import PanelQuirk, PanelSpec, SimulatedPanel

_CODE_OF = {"hdmi1": "31", "hdmi2": "32", "display_port_1": "33", "dvi": "34", "pc": "11"}
_INPUT_OF = {code: name for name, code in _CODE_OF.items()}
_POWER_OF = {PanelPower.OFF: "0", PanelPower.ON: "1", PanelPower.COOLING: "2", PanelPower.WARMING: "3"}
_UNDEFINED, _OUT_OF_PARAMETER, _NOT_NOW = "ERR1", "ERR2", "ERR3"
_DIGEST_SIGNS = 32


@asynccontextmanager
async def serve_pjlink(spec: PanelSpec | None = None, clock: Clock | None = None) -> AsyncIterator[SimulatedPanel]:
    """Serve one panel on an ephemeral port of the loopback until the block ends. Raises OSError."""
    panel = SimulatedPanel(spec or PanelSpec(), clock or SystemClock())

    async def talk(reader: asyncio.StreamReader, line: Line) -> None:
        digits = secrets.token_hex(4)
        await line.send(f"PJLINK 1 {digits}\r".encode() if panel.spec.password else b"PJLINK 0\r")
        is_known = not panel.spec.password
        while True:
            question = (await reader.readuntil(b"\r"))[:-1]
            if not is_known:
                given, question = question[:_DIGEST_SIGNS], question[_DIGEST_SIGNS:]
                is_known = _is_right(panel, digits, given)
                if not is_known:
                    panel.logins_refused += 1
                    await line.send(b"PJLINK ERRA\r")
                    return
            panel.asked += 1
            await line.send(_answer(panel, question.decode("ascii", "replace")))

    async with serve_line(panel, talk):
        panel.url = f"pjlink://{HOST}:{panel.port}"
        yield panel


def _is_right(panel: SimulatedPanel, digits: str, given: bytes) -> bool:
    if panel.has(PanelQuirk.WRONG_PASSWORD):
        return False
    wanted = hashlib.md5((digits + panel.spec.password).encode()).hexdigest()  # noqa: S324 - the protocol's own
    return hmac.compare_digest(wanted.encode(), given)


def _answer(panel: SimulatedPanel, question: str) -> bytes:
    head, command, value = question[:2], question[2:6].upper(), question[7:]
    told = _UNDEFINED if panel.has(PanelQuirk.NAK) else _told(panel, head, command, value)
    if panel.has(PanelQuirk.OTHER_ANSWER) or panel.has(PanelQuirk.BAD_CHECKSUM):
        command, told = "LAMP" if command != "LAMP" else "POWR", "1"
    return f"{head}{command}={told}\r".encode()


def _told(panel: SimulatedPanel, head: str, command: str, value: str) -> str:
    spec = panel.spec
    if head not in ("%1", "%2"):
        return _UNDEFINED
    plain = {
        "NAME": spec.serial[:8],
        "INF1": spec.make,
        "INF2": spec.model,
        "INFO": "",
        "CLSS": "2",
        "SNUM": spec.serial,
    }
    if command in plain:
        return plain[command]
    if command == "ERST":
        return _errors(panel)
    if command == "INST":
        return " ".join(_INPUT_OF)
    if command == "POWR":
        return _power(panel, value)
    if command == "INPT":
        return _input(panel, value)
    return _UNDEFINED


def _power(panel: SimulatedPanel, value: str) -> str:
    if value == "?":
        return _POWER_OF[panel.power]
    if value not in ("0", "1"):
        return _OUT_OF_PARAMETER
    if panel.power in (PanelPower.WARMING, PanelPower.COOLING):
        return _NOT_NOW
    panel.switch(on=value == "1")
    return "OK"


def _input(panel: SimulatedPanel, value: str) -> str:
    if value != "?" and value not in _INPUT_OF:
        return _OUT_OF_PARAMETER
    if panel.power is not PanelPower.ON:
        return _NOT_NOW
    if value == "?":
        return _CODE_OF[panel.input]
    panel.choose_input(_INPUT_OF[value])
    return "OK"


def _errors(panel: SimulatedPanel) -> str:
    """Fan, lamp, temperature, cover, filter, other: 0 well, 1 warned, 2 failed."""
    states = (PanelQuirk.FAN_STOPPED, PanelQuirk.LAMP_FAILED, PanelQuirk.OVERHEATED)
    failed = "".join("2" if panel.has(quirk) else "0" for quirk in states)
    return f"{failed}0{'1' if panel.has(PanelQuirk.FILTER_WARNING) else '0'}0"
