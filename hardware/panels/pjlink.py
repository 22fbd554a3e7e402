"""PJLink over TCP, through aiopjlink2: one short connection a question, class 1, and the serial number of class 2."""

from __future__ import annotations

from aiopjlink import (
    Errors,
    PJLink,
    PJLinkConnectionClosed,
    PJLinkERR1,
    PJLinkERR2,
    PJLinkERR3,
    PJLinkERR4,
    PJLinkException,
    PJLinkNoConnection,
    PJLinkPassword,
    Power,
    Sources,
)
from pydantic import SecretStr

from csu.hal.wall_panel import PanelIdentity, PanelPart, PanelPower, PanelState, WallPanelId
from csu.hal.words import Words
from hardware.panels.asking import ask, panel_error, plain
from hardware.panels.settings import PanelSettings

_POWER = {
    Power.State.OFF: PanelPower.OFF,
    Power.State.WARMING: PanelPower.WARMING,
    Power.State.ON: PanelPower.ON,
    Power.State.COOLING: PanelPower.COOLING,
}
_PART = {
    Errors.Category.FAN: PanelPart.FAN,
    Errors.Category.LAMP: PanelPart.LAMP,
    Errors.Category.TEMP: PanelPart.TEMPERATURE,
    Errors.Category.COVER: PanelPart.COVER,
    Errors.Category.FILTER: PanelPart.FILTER,
    Errors.Category.OTHER: PanelPart.OTHER,
}


class PjlinkPanel:
    """One panel or projector. See WallPanel. Inputs are named `digital/1`: the kind, and the sign behind it."""

    def __init__(self, settings: PanelSettings, password: SecretStr | None = None) -> None:
        self._settings = settings
        self._link = PJLink(
            str(settings.address),
            settings.port_or_default,
            password.get_secret_value() if password is not None else None,
            timeout=settings.answer_within_s,
        )

    @property
    def panel(self) -> WallPanelId:
        return WallPanelId(self._settings.panel)

    async def identity(self) -> PanelIdentity:
        async def question() -> PanelIdentity:
            info = self._link.info
            make, model = await info.manufacturer_name(), await info.product_name()
            try:
                serial = await info.serial_number()
            except (PJLinkERR1, PJLinkERR3):  # class 1 knows no serial number
                serial = ""
            return PanelIdentity(plain(make), plain(model), plain(serial))

        return await ask(self._settings, question, _told, (PJLinkException,))

    async def state(self) -> PanelState:
        async def question() -> PanelState:
            power = _POWER[await self._link.power.get()]
            levels = await self._link.errors.query()
            name = await self._input() if power is PanelPower.ON else ""
            failed = frozenset(_PART[part] for part, level in levels.items() if level is Errors.Level.ERROR)
            warned = frozenset(_PART[part] for part, level in levels.items() if level is Errors.Level.WARN)
            return PanelState(power, name, failed, warned)

        return await ask(self._settings, question, _told, (PJLinkException,))

    async def _input(self) -> str:
        try:
            mode, sign = await self._link.sources.get()
        except PJLinkERR3:  # "unavailable now" is what a panel says that has just come on
            return ""
        return f"{mode.name.lower()}/{plain(sign).lower()}"

    async def switch(self, *, on: bool) -> None:
        async def question() -> None:
            await (self._link.power.turn_on() if on else self._link.power.turn_off())

        await ask(self._settings, question, _told, (PJLinkException,))

    async def choose_input(self, name: str) -> None:
        kind, _, sign = name.partition("/")
        mode = next((each for each in Sources.Mode if each.name.lower() == kind), None)
        if mode is None or len(sign) != 1 or not sign.isascii() or not sign.isalnum() or sign == "0":
            raise panel_error(
                self._settings,
                Words(f"aucune entrée {name!r}", f"no input {name!r}"),
                Words("Écrivez par exemple digital/1", "Write for example digital/1"),
            )
        await ask(self._settings, lambda: self._link.sources.set(mode, sign), _told, (PJLinkException,))

    async def close(self) -> None:
        """Nothing is open between two calls."""


def _told(error: Exception) -> Words | None:
    if isinstance(error, PJLinkPassword):
        return Words("l'écran refuse le mot de passe", "the panel refuses the password")
    if isinstance(error, PJLinkNoConnection):
        return Words("l'écran ne répond pas", "the panel does not answer")
    if isinstance(error, PJLinkConnectionClosed):
        return Words("l'écran a raccroché", "the panel hung up")
    if isinstance(error, PJLinkERR1):
        return Words("l'écran ne connaît pas cette question", "the panel does not know that question")
    if isinstance(error, PJLinkERR2):
        return Words("l'écran n'a pas cette entrée", "the panel does not have that input")
    if isinstance(error, PJLinkERR3):
        return Words("l'écran ne peut pas maintenant", "the panel cannot do that now")
    if isinstance(error, PJLinkERR4):
        return Words("l'écran signale une panne", "the panel reports a failure")
    return None
