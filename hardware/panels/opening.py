"""Whether a panel may be spoken to at all; then the one that speaks its protocol."""

from __future__ import annotations

from pydantic import SecretStr

from csu.hal.wall_panel import PanelError, WallPanel
from csu.hal.words import Words
from hardware.panels.mdc import MdcPanel
from hardware.panels.pjlink import PjlinkPanel
from hardware.panels.settings import PanelNetwork, PanelProtocol, PanelSettings


class PanelAddressRefused(PanelError):
    """The address is not on the list of the panels' network: nothing was sent to it."""


def open_panel(settings: PanelSettings, network: PanelNetwork, password: SecretStr | None = None) -> WallPanel:
    """The panel; nothing is sent before it is asked something. Raises PanelAddressRefused."""
    if not network.lets(settings.address):
        raise PanelAddressRefused(
            Words(
                f"l'adresse {settings.address} n'est pas sur la liste du réseau des écrans",
                f"the address {settings.address} is not on the list of the panels' network",
            ),
            where=f"wall/{settings.panel}",
            what_to_do=Words("Corrigez l'adresse, ou la liste", "Correct the address, or the list"),
        )
    if settings.protocol is PanelProtocol.MDC:
        return MdcPanel(settings)
    return PjlinkPanel(settings, password)
