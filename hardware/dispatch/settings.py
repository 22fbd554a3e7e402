"""Whom to tell: contacts by service and commune, in the order in which they are tried; and the secrets of the line."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from csu.hal.errors import BadInput
from csu.hal.words import Words
from hardware.settings_file import BadSetting

ALL_COMMUNES = "*"
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
"""Standard Webhooks: between 192 and 512 bits."""
_SECRET_PREFIX = b"whsec_"
_CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True)

Name = Annotated[str, StringConstraints(pattern=r"^[^\s:][^\n\r\t]{0,63}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise BadSetting(
            Words(
                "une adresse est https://hôte[:port]/chemin, sans utilisateur, question ni fragment",
                "an address is https://host[:port]/path, without a user, a query or a fragment",
            )
        )
    if not re.fullmatch(r"[!-~]{1,256}", url) or parts.port == 0:
        raise BadSetting(
            Words(
                "une adresse a 256 signes ASCII visibles au plus, et un port qui existe",
                "an address has 256 visible ASCII signs at most, and a port that exists",
            )
        )
    return url


class ContactSettings(BaseModel):
    """One contact. `secret`: the name of its signing secret in the vault; each contact has its own."""

    model_config = _CONFIG

    name: Name
    service: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]
    communes: list[Name] = Field(min_length=1, max_length=256)
    """`"*"`: every commune."""
    url: Annotated[str, AfterValidator(_https)]
    secret: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/-]{0,63}$")]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def serves(self, service: str, commune: str) -> bool:
        """Whether it is told of that service for that commune."""
        return service == self.service and (commune in self.communes or ALL_COMMUNES in self.communes)


class DispatchFile(BaseModel):
    """A settings file of contacts (`hardware.settings_file.read_settings`)."""

    model_config = _CONFIG

    source: Annotated[str, StringConstraints(pattern=r"^urn:[a-z0-9][a-z0-9:._-]{1,100}$")]
    """Which centre tells: the `source` of its events."""
    hosts: list[Host] = Field(min_length=1, max_length=64)
    """The only machines that may be spoken to."""
    contacts: list[ContactSettings] = Field(min_length=1, max_length=512)
    answer_within_s: float = Field(default=9.0, gt=0, le=30)
    """How long one telling waits for a person. Below the 10 s after which the outbox sends again (decision 0040)."""
    ask_every_s: float = Field(default=1.0, ge=0.05, le=10)

    @model_validator(mode="after")
    def _each_once_on_the_list(self) -> DispatchFile:
        names = [contact.name for contact in self.contacts]
        for number, contact in enumerate(self.contacts):
            if contact.name in names[:number]:
                raise BadSetting(
                    Words(f"le contact {contact.name} y est deux fois", f"contact {contact.name} is written twice")
                )
            if contact.host not in self.hosts:
                raise BadSetting(
                    Words(
                        f"contact {contact.name} : {contact.host} n'est pas sur la liste des hôtes",
                        f"contact {contact.name}: {contact.host} is not on the list of hosts",
                    )
                )
        return self


@dataclass(frozen=True, slots=True)
class DispatchSecrets:
    """What the vault hands out, as it keeps it. None of it shows in a repr."""

    authority_pem: bytes = field(repr=False)
    """The private authority that signs receivers' certificates. No public one is believed."""
    certificate_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)
    """The centre's client certificate and its key."""
    signing: Mapping[str, bytes] = field(repr=False)
    """`whsec_<base64>` by the name that a contact's `secret` gives."""

    def signing_key(self, contact: ContactSettings) -> bytes:
        """Raises BadInput, which does not say what was found."""
        given = self.signing.get(contact.secret, b"").strip()
        try:
            key = base64.b64decode(given.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not given.startswith(_SECRET_PREFIX) or not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
            raise BadInput(
                Words(
                    f"le secret {contact.secret} du contact {contact.name} manque ou n'en est pas un",
                    f"the secret {contact.secret} of contact {contact.name} is missing, or is none",
                ),
                where=contact.secret,
                what_to_do=Words(
                    "Mettez dans le coffre whsec_ et 24 à 64 octets en base64",
                    "Put whsec_ and 24 to 64 bytes in base64 into the vault",
                ),
            )
        return key
