"""Many cameras that are to be entered: those of a list that a person wrote, or all that were found. Shell.

    cameras:                                   # or a table in CSV, with these names as its first line
      - {camera: cam-0042, number: 42, name: Place, commune: metz, address: "https://10.57.3.12/onvif/device_service"}
      - {camera: cam-0043, number: 43, name: Pont, commune: metz, endpoint: "urn:uuid:...", secret: setup/pont}

A list holds no password: `secret` names one in the vault (`csu vault put`); else all logins of one name share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.errors import CsuError
from csu.hal.fieldwork import Candidate, FoundCamera, Newcomer, PasswordOf
from csu.hal.words import Words
from hardware.conform.camera_target import with_login
from hardware.field.finder import same_device
from hardware.field.settings import CAMERA_NUMBER_MAX, CameraName, Name
from hardware.settings_file import BadSetting, read_settings, read_table
from hardware.vault import Login, Vault

CAMERAS_MAX = 2_000
_CONFIG = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ListedCamera(BaseModel):
    """One line of the list."""

    model_config = _CONFIG

    camera: CameraName
    number: int = Field(ge=1, le=CAMERA_NUMBER_MAX)
    name: Name
    commune: Name
    view: ViewType = ViewType.WIDE
    address: Annotated[str, StringConstraints(max_length=1024)] = ""
    """With `#sha256=` and the fingerprint that was read on the camera, if it was."""
    endpoint: Annotated[str, StringConstraints(max_length=128)] = ""
    """What it calls itself, in place of an address: it is looked for."""
    user: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "admin"
    secret: Annotated[str, StringConstraints(max_length=64)] = ""
    nat_hosts: tuple[str, ...] = Field(default=(), max_length=16)

    @field_validator("nat_hosts", mode="before")
    @classmethod
    def _of_a_cell(cls, told: object) -> object:
        return tuple(told.split()) if isinstance(told, str) else told

    @model_validator(mode="after")
    def _can_be_reached(self) -> ListedCamera:
        if bool(self.address) == bool(self.endpoint):
            raise BadSetting(Words("address ou endpoint : l'un des deux", "address or endpoint: one of them"))
        if self.address:
            _require_address(self.address)
        return self


class CameraList(BaseModel):
    """The whole of it."""

    model_config = _CONFIG

    cameras: tuple[ListedCamera, ...] = Field(min_length=1, max_length=CAMERAS_MAX)

    @model_validator(mode="after")
    def _each_once(self) -> CameraList:
        for told in ([each.camera for each in self.cameras], [str(each.number) for each in self.cameras]):
            twice = sorted({each for each in told if told.count(each) > 1}) if len(set(told)) < len(told) else []
            if twice:
                raise BadSetting(Words(f"deux fois dans la liste : {twice[0]}", f"twice in the list: {twice[0]}"))
        return self


def listed_candidates(
    path: Path, password: PasswordOf, found: Sequence[FoundCamera], vault: Vault
) -> tuple[Candidate, ...]:
    """See `Fieldwork.listed`."""
    is_table = path.suffix.lower() == ".csv"
    read = read_table(path, CameraList, "cameras") if is_table else read_settings(path, CameraList)
    return tuple(_candidate(each, password, found, vault) for each in read.cameras)


def unlisted_candidates(
    found: Sequence[FoundCamera], first_number: int, commune: CommuneId, view: ViewType, login: Login
) -> tuple[Candidate, ...]:
    """See `Fieldwork.unlisted`. In the order of what they call themselves, so that the same ones get the same names."""
    numbers = count(first_number)
    candidates: list[Candidate] = []
    for each in sorted(found, key=lambda each: (each.endpoint, each.address)):
        if each.camera:
            candidates.append(Candidate(CameraId(each.camera), None))
            continue
        why = _DISPUTED if each.contested else _IN_CLEAR if not each.address.startswith("https:") else None
        if why is not None:
            candidates.append(Candidate(CameraId(each.address), None, why))
            continue
        number = next(numbers)
        name = CameraId(f"cam-{number:04d}")
        record = CameraRecord(name, number, _plain(each.name) or name, commune, view)
        candidates.append(Candidate(name, Newcomer(record, with_login(each.address, login))))
    return tuple(candidates)


def _candidate(listed: ListedCamera, password: PasswordOf, found: Sequence[FoundCamera], vault: Vault) -> Candidate:
    camera, address = CameraId(listed.camera), listed.address
    if camera in vault.cameras():
        return Candidate(camera, None)
    if not address:
        named = [each for each in found if same_device(each.endpoint, listed.endpoint)]
        if len(named) != 1 or named[0].contested:
            return Candidate(camera, None, _DISPUTED if named else _NOT_FOUND)
        address = named[0].address
    try:
        secret = vault.secret(listed.secret).decode() if listed.secret else password(listed.user)
    except (CsuError, UnicodeDecodeError) as error:
        why = error.trouble.words if isinstance(error, CsuError) else _NO_PASSWORD
        return Candidate(camera, None, why)
    record = CameraRecord(camera, listed.number, listed.name, CommuneId(listed.commune), listed.view)
    return Candidate(camera, Newcomer(record, with_login(address, Login(listed.user, secret)), listed.nat_hosts))


def _require_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and bool(parts.path)
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        raise BadSetting(Words("ce n'est pas une adresse http(s)://hôte/chemin", "no address http(s)://host/path"))
    if "@" in parts.netloc:
        raise BadSetting(
            Words(
                "pas de compte dans la liste : user, et secret au coffre (csu vault put)",
                "no login in the list: user, and a secret in the vault (csu vault put)",
            )
        )


def _plain(name: str) -> str:
    """A name that a device gave itself, as one that a camera may have."""
    return "".join(sign for sign in name if sign.isprintable()).strip().lstrip("/").strip()[:80]


_NOT_FOUND = Words(
    "personne ne répond sous ce nom (--interface, --at)", "nobody answers by this name (--interface, --at)"
)
_DISPUTED = Words(
    "deux hôtes répondent sous ce nom : voyez lequel est la caméra",
    "two hosts answer by this name: see which is the camera",
)
_IN_CLEAR = Words(
    "sans TLS, un compte irait à n'importe qui : mettez-la dans une liste",
    "without TLS a login would go to anybody: put it in a list",
)
_NO_PASSWORD = Words("ce secret n'est pas un mot de passe", "this secret is no password")
