"""The vault: the accounts of all cameras, and other secrets by name, in one sealed file; a new version for each change.
Shell.

`vault-0000000007` is version 7: a JSON text under AES-256-GCM; its number is authenticated with it, so that no version
passes for another. A version is whole and durable before the one before it goes; the highest is the vault. There is no
plaintext on any disk, and no way to ask for all passwords at once.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from csu.hal.camera import CameraId
from csu.hal.disk import Disk, DiskError
from csu.hal.words import Words
from hardware.vault.errors import vault_error
from hardware.vault.login import Login
from hardware.vault.rotation import Entry

SECRET_NAME = "CSU_VAULT_KEY"  # noqa: S105 - the name under which the secret is given, not the secret
"""A systemd credential of this name (`LoadCredential=`), or an environment variable."""
SECRET_BYTES_MIN = 32
VAULT_BYTES_MAX = 16 << 20
"""1,300 cameras take some 200 KB."""

SECRET_KEPT_BYTES_MAX = 16_384
"""The largest is a certificate with its chain."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._/-]{0,63}")
_PREFIX = "vault-"
_MAGIC = b"csu-vault-1\n"
_NONCE_BYTES = 12
_SECRET_BYTES_MAX = 4096


class Vault:
    """The accounts of a centre's cameras on `disk`. Not thread-safe. Raises VaultError."""

    def __init__(self, disk: Disk, secret: bytes) -> None:
        """`secret`: see `vault_secret`. Reads the newest version; none is an empty vault."""
        if len(secret) < SECRET_BYTES_MIN:
            raise vault_error(
                Words(f"clé de moins de {SECRET_BYTES_MIN} octets", f"key of less than {SECRET_BYTES_MIN} bytes"),
                SECRET_NAME,
            )
        self._disk = disk
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"csu camera vault, version 1").derive(secret))
        self._number, self._entries, self._secrets = self._read()

    def __repr__(self) -> str:
        return f"<Vault version {self._number}, {len(self._entries)} cameras>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a vault does not travel")

    def cameras(self) -> tuple[CameraId, ...]:
        """Whose accounts are kept, sorted."""
        return tuple(sorted(self._entries))

    def entry(self, camera: CameraId) -> Entry:
        """The accounts of one camera. Raises VaultError when there are none."""
        try:
            return self._entries[camera]
        except KeyError:
            raise vault_error(Words("pas de compte au coffre", "no account in the vault"), camera) from None

    def keep(self, camera: CameraId, entry: Entry | None) -> None:
        """From now on, durably; None: forget it. After an error the vault is as it was before."""
        changed = {name: each for name, each in self._entries.items() if name != camera}
        if entry is not None:
            changed[camera] = entry
        self._write(changed, self._secrets)

    def secrets(self) -> tuple[str, ...]:
        """The names of the other secrets, sorted: keys of alarm panels, passwords of screens, papers of contacts."""
        return tuple(sorted(self._secrets))

    def secret(self, name: str) -> bytes:
        """Raises VaultError when there is none of this name."""
        try:
            return self._secrets[name]
        except KeyError:
            raise vault_error(Words("pas de secret de ce nom au coffre", "no such secret in the vault"), name) from None

    def keep_secret(self, name: str, secret: bytes | None) -> None:
        """From now on, durably; None: forget it. Raises VaultError for a name or a size that is none."""
        if not _NAME.fullmatch(name) or (secret is not None and not 1 <= len(secret) <= SECRET_KEPT_BYTES_MAX):
            raise vault_error(Words("ni un nom ni un secret acceptables", "no acceptable name or secret"), name[:64])
        changed = {known: each for known, each in self._secrets.items() if known != name}
        if secret is not None:
            changed[name] = secret
        self._write(self._entries, changed)

    def _write(self, entries: Mapping[CameraId, Entry], secrets: Mapping[str, bytes]) -> None:
        number = self._number + 1
        sealed = self._sealed(number, entries, secrets)
        try:
            file = self._disk.create(_name(number))
            try:
                file.write(sealed)
                file.commit()
            except BaseException:
                file.abandon()
                raise
        except DiskError as error:  # also when another process was first
            raise vault_error(_NOT_WRITTEN, error.trouble.where) from error
        self._number, self._entries, self._secrets = number, dict(entries), dict(secrets)
        self._forget_older()

    def _forget_older(self) -> None:
        try:
            for name in self._disk.names(_PREFIX):
                if name < _name(self._number):
                    self._disk.remove(name)
        except DiskError:
            return  # the next change tries again: an old version is sealed, and is not read

    def _read(self) -> tuple[int, dict[CameraId, Entry], dict[str, bytes]]:
        try:
            names = self._disk.names(_PREFIX)
            if not names:
                return 0, {}, {}
            name = names[-1]
            with self._disk.open(name) as file:
                content = file.read(VAULT_BYTES_MAX + 1)
        except DiskError as error:
            raise vault_error(_UNREADABLE, error.trouble.where) from error
        suffix = name.removeprefix(_PREFIX)
        if not suffix.isdigit() or len(content) > VAULT_BYTES_MAX or not content.startswith(_MAGIC):
            raise vault_error(_UNREADABLE, name)
        body, number = content[len(_MAGIC) :], int(suffix)
        try:
            text = self._cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _about(number))
        except (InvalidTag, ValueError):
            raise vault_error(_OTHER_KEY, name) from None
        held = json.loads(text)
        accounts = {CameraId(camera): _entry_of(told) for camera, told in held["accounts"].items()}
        return number, accounts, {name: base64.b64decode(told) for name, told in held["secrets"].items()}

    def _sealed(self, number: int, entries: Mapping[CameraId, Entry], secrets: Mapping[str, bytes]) -> bytes:
        held = {
            "accounts": {camera: _told(entry) for camera, entry in entries.items()},
            "secrets": {name: base64.b64encode(secret).decode() for name, secret in secrets.items()},
        }
        text = json.dumps(held).encode()
        nonce = os.urandom(_NONCE_BYTES)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, text, _about(number))


def vault_secret(environment: Mapping[str, str]) -> bytes:
    """The key of the vault: the systemd credential, else the variable. Raises VaultError when there is none."""
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    for name in (SECRET_NAME, SECRET_NAME.lower()) if credentials else ():
        path = Path(credentials or "") / name
        try:
            with path.open("rb") as file:
                return file.read(_SECRET_BYTES_MAX).strip()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise vault_error(_UNREADABLE, str(path)) from error
    given = environment.get(SECRET_NAME)
    if not given:
        raise vault_error(Words("le coffre n'a pas de clé", "the vault has no key"), SECRET_NAME)
    return given.strip().encode()


def _name(number: int) -> str:
    return f"{_PREFIX}{number:010d}"


def _about(number: int) -> bytes:
    return f"csu-vault|{number}".encode()


def _told(entry: Entry) -> dict[str, list[str] | None]:
    logins = {"account": entry.account, "coming": entry.coming, "going": entry.going}
    return {name: [login.user, login.password] if login is not None else None for name, login in logins.items()}


def _entry_of(told: Mapping[str, list[str] | None]) -> Entry:
    account, coming, going = (Login(*pair) if (pair := told[name]) else None for name in ("account", "coming", "going"))
    if account is None:
        raise vault_error(_UNREADABLE, SECRET_NAME)
    return Entry(account, coming, going)


_UNREADABLE = Words("le coffre est illisible", "the vault cannot be read")
_NOT_WRITTEN = Words("le coffre n'a pas pu être écrit", "the vault could not be written")
_OTHER_KEY = Words("le coffre s'ouvre avec une autre clé", "the vault opens with another key")
