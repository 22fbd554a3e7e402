"""The receiver's settings file: who may speak, on which paths, under which key. Strict: what is not known is refused.

Keys are not in it. An account names its key (`key: dc09/1234`), and whoever opens the receiver hands in the bytes from
the vault under that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from csu.hal.alarms import AlarmKind, PanelId
from csu.hal.camera import CommuneId
from csu.hal.words import Words
from hardware.dc09.codes import SOUND_CODES, CodeTable, EventCode, EventFormat
from hardware.dc09.errors import ReceiverSettingsRefused

BYTES_MAX = 1 << 20
KEY_BYTES = (16, 24, 32)
"""AES-128, -192, -256."""

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\s/][^\n\r\t]*$")]
Code = Annotated[str, Field(pattern=r"^(SIA-DCS [A-Z][A-Z]|ADM-CID [0-9B-F]{3})$")]
Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0.05, le=7 * 86_400, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Door(_Strict):
    """One address that panels dial, over TCP and UDP. Port 0: any that is free."""

    name: Name
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    tcp: bool = True
    udp: bool = True

    @field_validator("host")
    @classmethod
    def _address(cls, host: str) -> str:
        return str(ip_address(host))

    @model_validator(mode="after")
    def _reachable(self) -> Door:
        if not (self.tcp or self.udp):
            raise ValueError("tcp or udp: one of them")
        return self


class PathSettings(_Strict):
    """One way by which an account reaches the centre. What is not given fits any frame."""

    name: Name
    door: Name
    transport: Annotated[str | None, Field(pattern=r"^(tcp|udp)$")] = None
    receiver: Annotated[int | None, Field(ge=0, le=0xFFFFFF)] = None
    line: Annotated[int | None, Field(ge=0, le=0xFFFFFF)] = None
    """`R` and `L` of the frame. They are not authenticated: they name a path, they prove nothing."""
    network: str | None = None
    """Whence alone it may come. The only defence of an account without a key."""
    silent_after_s: Seconds | None = None
    """Nothing heard for this long: told. None: this path is not supervised."""

    @field_validator("network")
    @classmethod
    def _network(cls, network: str | None) -> str | None:
        return None if network is None else str(ip_network(network))

    @property
    def allowed(self) -> IPv4Network | IPv6Network | None:
        return None if self.network is None else ip_network(self.network)


class AccountSettings(_Strict):
    """One panel."""

    account: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{3,16}$")]
    commune: Name
    site: Name
    key: Name | None = None
    """The name of its key in the vault. None: it speaks in clear, and is whoever says that it is."""
    paths: Annotated[list[PathSettings], Field(min_length=1, max_length=8)]
    codes: dict[Code, AlarmKind] = {}
    """What codes mean on this panel, where the table does not know or is wrong."""
    sound_codes: list[Code] = []
    sound_zones: list[Annotated[str, Field(pattern=r"^[0-9A-F]{1,4}$")]] = []
    """Codes and zones of acoustic detectors: refused (AUD-3)."""

    @model_validator(mode="after")
    def _sound_raises_nothing(self) -> AccountSettings:
        sound = {str(code) for code in SOUND_CODES} | set(self.sound_codes)
        if named := sorted(sound & set(self.codes)):
            raise ValueError(f"{', '.join(named)}: a sound may raise no alarm (AUD-3)")
        if len({path.name for path in self.paths}) != len(self.paths):
            raise ValueError("two paths have the same name")
        return self

    @property
    def number(self) -> int:
        return int(self.account, 16)

    @property
    def table(self) -> CodeTable:
        return CodeTable(
            {_code(text): kind for text, kind in self.codes.items()},
            frozenset(_code(text) for text in self.sound_codes),
            frozenset(zone.lstrip("0") or "0" for zone in self.sound_zones),
        )


class Limits(_Strict):
    """How much is taken at the most. The defaults hold 1,000 accounts that behave."""

    account_frames_per_s: Rate = 5.0
    account_burst: Rate = 60.0
    address_frames_per_s: Rate = 100.0
    address_burst: Rate = 400.0
    addresses_max: Annotated[int, Field(ge=1, le=1_000_000)] = 4_096
    remembered_per_account: Annotated[int, Field(ge=16, le=100_000)] = 1_024
    pending_max: Annotated[int, Field(ge=1, le=100_000)] = 4_096
    """Messages that the engine has not acknowledged yet; beyond, panels get no answer and repeat."""
    connections_max: Annotated[int, Field(ge=1, le=100_000)] = 2_048
    connections_per_address_max: Annotated[int, Field(ge=1, le=100_000)] = 64


class ReceiverSettings(_Strict):
    """Everything but the keys."""

    panel: Name = "dc09"
    commune: Name
    """Where the receiver stands; what it tells of nobody's account is told of here."""
    site: Name
    doors: Annotated[list[Door], Field(min_length=1, max_length=16)]
    accounts: Annotated[list[AccountSettings], Field(min_length=1, max_length=10_000)]
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _one_meaning(self) -> ReceiverSettings:
        doors = {door.name for door in self.doors}
        if len(doors) != len(self.doors):
            raise ValueError("two doors have the same name")
        if len({account.number for account in self.accounts}) != len(self.accounts):
            raise ValueError("two accounts have the same number")
        strange = sorted({path.door for account in self.accounts for path in account.paths} - doors)
        if strange:
            raise ValueError(f"no door of this name: {', '.join(strange)}")
        return self

    @property
    def panel_id(self) -> PanelId:
        return PanelId(self.panel)

    @property
    def commune_id(self) -> CommuneId:
        return CommuneId(self.commune)


def _code(text: str) -> EventCode:
    format_, code = text.split(" ")
    return EventCode(EventFormat(format_), code)


def read_settings(path: Path) -> ReceiverSettings:
    """A YAML or JSON file. Raises ReceiverSettingsRefused, with the field."""
    try:
        text = path.read_bytes()
        if len(text) > BYTES_MAX:
            raise _refused(path.name, f"> {BYTES_MAX} octets / bytes")
        told = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise _refused(path.name, f"{error}".splitlines()[0]) from error
    return settings_of(told, path.name)


def settings_of(told: Any, where: str = "dc09") -> ReceiverSettings:
    """What a settings file holds, already read. Raises ReceiverSettingsRefused."""
    try:
        return ReceiverSettings.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        raise _refused(where, f"{at}: {first['msg']}" if at else str(first["msg"])) from None


def keys_of(settings: ReceiverSettings, keys: Mapping[str, bytes]) -> dict[int, bytes]:
    """Each keyed account's key. Raises ReceiverSettingsRefused, which shows none, for one that is missing or unfit."""
    found = {}
    for account in settings.accounts:
        if account.key is None:
            continue
        key = keys.get(account.key)
        if key is None or len(key) not in KEY_BYTES:
            size = "absente / absent" if key is None else f"{len(key)} octets / bytes"
            raise _refused(account.key, f"AES-128, 192, 256: {size}")
        found[account.number] = bytes(key)
    return found


def _refused(where: str, reason: str) -> ReceiverSettingsRefused:
    return ReceiverSettingsRefused(
        Words(f"réglages du récepteur DC-09 refusés : {reason}", f"settings of the DC-09 receiver refused: {reason}"),
        where=where,
        what_to_do=Words("Corrigez ce champ", "Correct this field"),
    )
