"""What a person decides about panels: which there are, what each should show, and which addresses may be spoken to."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from csu.hal.words import Words
from hardware.settings_file import BadSetting

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
ADDRESSES_MAX = 1024
"""A network of panels is small; `0.0.0.0/0` is no list."""

_CONFIG = ConfigDict(frozen=True, extra="forbid")


class PanelProtocol(StrEnum):
    """What the panel speaks."""

    MDC = "mdc"
    PJLINK = "pjlink"


DEFAULT_PORT = {PanelProtocol.MDC: 1515, PanelProtocol.PJLINK: 4352}


def _small(network: Network) -> Network:
    if network.num_addresses > ADDRESSES_MAX:
        raise BadSetting(
            Words(
                f"un réseau d'écrans a au plus {ADDRESSES_MAX} adresses",
                f"a network of panels has at most {ADDRESSES_MAX} addresses",
            )
        )
    return network


class PanelNetwork(BaseModel):
    """The isolated network: addresses and small networks that may be spoken to, and no other."""

    model_config = _CONFIG

    allowed: tuple[Annotated[Network, AfterValidator(_small)], ...] = Field(min_length=1, max_length=64)

    def lets(self, address: Address) -> bool:
        """Whether this address is on the list."""
        return any(address in network for network in self.allowed)


class PanelSettings(BaseModel):
    """One panel. Its address is a number: a name could come to mean another machine."""

    model_config = _CONFIG

    panel: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
    protocol: PanelProtocol
    address: Address
    port: int = Field(default=0, ge=0, le=65535)
    """0: the protocol's own."""
    display: int = Field(default=1, ge=0, le=253)
    """MDC: which display on that line; 254 and 255 mean all of them, which nobody can supervise."""
    input: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_/]{0,31}$")]
    """What it should show: `hdmi1`, `display_port_1` (MDC), `digital/1` (PJLink)."""
    secret: Annotated[str, StringConstraints(max_length=64)] = ""
    """The name of its password in the vault; empty: it asks for none."""
    answer_within_s: float = Field(default=4.0, gt=0, le=5)

    @property
    def port_or_default(self) -> int:
        return self.port or DEFAULT_PORT[self.protocol]

    @model_validator(mode="after")
    def _mdc_has_no_password(self) -> PanelSettings:
        if self.protocol is PanelProtocol.MDC and self.secret:
            raise BadSetting(
                Words(
                    "MDC ne connaît pas de mot de passe ici : ôtez `secret`", "MDC has no password: leave `secret` out"
                )
            )
        return self


class PanelsFile(BaseModel):
    """A settings file of panels (`hardware.settings_file.read_settings`)."""

    model_config = _CONFIG

    network: PanelNetwork
    panels: tuple[PanelSettings, ...] = Field(max_length=256)

    @model_validator(mode="after")
    def _each_once_on_the_list(self) -> PanelsFile:
        names = [panel.panel for panel in self.panels]
        for number, panel in enumerate(self.panels):
            if panel.panel in names[:number]:
                raise BadSetting(
                    Words(f"l'écran {panel.panel} y est deux fois", f"panel {panel.panel} is written twice")
                )
            if not self.network.lets(panel.address):
                raise BadSetting(
                    Words(
                        f"écran {panel.panel} : {panel.address} n'est pas sur la liste du réseau des écrans",
                        f"panel {panel.panel}: {panel.address} is not on the list of the panels' network",
                    )
                )
        return self
