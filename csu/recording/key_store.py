"""Keys as files: `<directory>/<commune>/<day>.key`, one small file each, in a directory of their own.

A key that is destroyed leaves `<day>.shredded`, an empty file: it says that no key is ever to be made for that day
again, and wins over a key file that a restored backup brings back. What destroying is worth here: see
`csu.recording.key_files.erase`.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NoReturn

import tink
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tink import secret_key_access

from csu.hal.camera import CommuneId
from csu.hal.errors import BadInput
from csu.hal.keys import DayKey, KeyAbsent, KeyName, KeyShredded, KeyStoreError, KeyStoreUnavailable
from csu.hal.words import Words
from csu.recording.key_files import erase, make_private, sync, write_new
from csu.recording.tink_key import NO_KEY_DO, TEMPLATE, TinkKey

SECRET_NAME = "CSU_KEY_SECRET"  # noqa: S105 - the name under which the secret is given, not the secret
"""A systemd credential of this name (`LoadCredential=`), or an environment variable: wraps every key file."""
SECRET_BYTES_MIN = 32
"""As `openssl rand -hex 32` gives: it is stretched by nothing, so it must hold what an AES-256 key holds."""
KEYS_IN_MEMORY_MAX = 128
"""46 communes, today and the day before, and a few that are read."""

_COMMUNE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY, _SHREDDED = ".key", ".shredded"
_NONCE_BYTES = 12
_PLAIN, _WRAPPED = b"csu-key-1\n", b"csu-key-2\n"
_KEY_FILE_BYTES_MAX = 4096


class LocalKeyStore:
    """A `csu.hal.keys.KeyStore` in one directory, readable by this user alone."""

    def __init__(self, directory: Path, *, away_from: Sequence[Path] = (), secret: bytes | None = None) -> None:
        """`away_from`: directories of media and catalogue; keys beside them would be copied with them. `secret`: see
        `key_secret`; None: the key files are not wrapped.

        Raises BadInput for a directory that is not apart and for a short secret. A directory that cannot be made is
        told by each call, as KeyStoreUnavailable: a node then shows its cameras, and records nothing.
        """
        self._directory = directory
        self._secret = secret
        self._open: OrderedDict[KeyName, TinkKey] = OrderedDict()
        self._lock = threading.Lock()
        _require_apart(directory, away_from)
        if secret is not None and len(secret) < SECRET_BYTES_MIN:
            raise BadInput(
                Words("le secret des clés est trop court", "the secret of the keys is too short"),
                where=SECRET_NAME,
                what_to_do=Words(
                    f"Donnez au moins {SECRET_BYTES_MIN} octets : openssl rand -hex 32",
                    f"Give at least {SECRET_BYTES_MIN} bytes: openssl rand -hex 32",
                ),
            )
        with suppress(OSError):
            make_private(directory)

    def __repr__(self) -> str:
        return f"<LocalKeyStore {self._directory}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key store does not travel: the directory does")

    def key(self, commune: CommuneId, day: date) -> DayKey:
        """See KeyStore.key."""
        name = _checked(commune, day)
        with self._lock:
            try:
                return self._read(name)
            except KeyAbsent:
                self._make(name)
                return self._read(name)  # another process may have been first: what is on disk is the key

    def existing(self, commune: CommuneId, day: date) -> DayKey:
        """See KeyStore.existing."""
        with self._lock:
            return self._read(_checked(commune, day))

    def shred(self, commune: CommuneId, day: date) -> None:
        """See KeyStore.shred."""
        name = _checked(commune, day)
        with self._lock:
            self._open.pop(name, None)
            self._shred(name)

    def _shred(self, name: KeyName) -> None:
        try:
            folder = self._path(name, "").parent
            make_private(folder)
            sync(self._directory)
            # First the word, then the deed: a crash between the two leaves a key that nobody uses any more.
            write_new(self._path(name, _SHREDDED), b"", may_exist=True)
            for path in folder.glob(f"{name.day.isoformat()}{_KEY}*"):  # also what a crash left while it was made
                erase(path)
            sync(folder)
        except OSError as error:
            raise self._unavailable(error, name) from error

    def kept(self) -> Sequence[KeyName]:
        """See KeyStore.kept. A key file that came back after its destruction is not named: it cannot be used."""
        return sorted(name for name in self._names(_KEY) if not self.is_shredded(name.commune, name.day))

    def came_back(self) -> Sequence[KeyName]:
        """Destroyed keys whose file is there again (a restored backup): shred them once more."""
        return sorted(name for name in self._names(_KEY) if self.is_shredded(name.commune, name.day))

    def shredded(self) -> Sequence[KeyName]:
        """Every day whose key was destroyed, sorted. Raises KeyStoreUnavailable."""
        return sorted(self._names(_SHREDDED))

    def is_shredded(self, commune: CommuneId, day: date) -> bool:
        """See KeyStore.is_shredded."""
        return self._there(_checked(commune, day), _SHREDDED)

    def _read(self, name: KeyName) -> TinkKey:
        if self._there(name, _SHREDDED):
            self._open.pop(name, None)
            raise _error(KeyShredded, _SHREDDED_WORDS, name, _SHREDDED_DO)
        if not self._there(name, _KEY):
            self._open.pop(name, None)
            raise _error(KeyAbsent, _ABSENT_WORDS, name, _ABSENT_DO)
        known = self._open.get(name)
        if known is None:
            try:
                with self._path(name, _KEY).open("rb") as file:
                    content = file.read(_KEY_FILE_BYTES_MAX)
            except OSError as error:
                raise self._unavailable(error, name) from error
            known = self._open[name] = TinkKey(name, self._unwrapped(name, content))
            while len(self._open) > KEYS_IN_MEMORY_MAX:
                self._open.popitem(last=False)
        return known

    def _make(self, name: KeyName) -> None:
        handle = tink.new_keyset_handle(TEMPLATE)
        content = self._wrapped(name, tink.proto_keyset_format.serialize(handle, secret_key_access.TOKEN))
        path = self._path(name, _KEY)
        try:
            make_private(path.parent)
            sync(self._directory)  # the folder may be new
            write_new(path, content)
        except OSError as error:
            raise self._unavailable(error, name) from error

    def _wrapped(self, name: KeyName, keyset: bytes) -> bytes:
        if self._secret is None:
            return _PLAIN + keyset
        nonce = os.urandom(_NONCE_BYTES)
        return _WRAPPED + nonce + AESGCM(_wrapping_key(self._secret)).encrypt(nonce, keyset, _about(name))

    def _unwrapped(self, name: KeyName, content: bytes) -> tink.KeysetHandle:
        body = content[len(_PLAIN) :]
        if content.startswith(_WRAPPED):
            if self._secret is None:
                raise _error(KeyStoreUnavailable, _WRAPPED_WORDS, name, _WRAPPED_DO)
            try:
                cipher = AESGCM(_wrapping_key(self._secret))
                body = cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _about(name))
            except (InvalidTag, ValueError) as error:
                raise _error(KeyStoreUnavailable, _OTHER_WORDS, name, _WRAPPED_DO) from error
        elif not content.startswith(_PLAIN):
            raise _error(KeyStoreUnavailable, _NO_KEY_WORDS, name, NO_KEY_DO)
        try:
            return tink.proto_keyset_format.parse(body, secret_key_access.TOKEN)
        except tink.TinkError:
            raise _error(KeyStoreUnavailable, _NO_KEY_WORDS, name, NO_KEY_DO) from None  # its text might hold bytes

    def _there(self, name: KeyName, suffix: str) -> bool:
        """Whether the file is there. A folder that cannot be looked into is no answer: Path.exists() would say no."""
        try:
            os.stat(self._path(name, suffix))
        except FileNotFoundError:
            if not self._directory.is_dir():  # a volume that is not mounted must not look like a store without keys
                raise self._unavailable(FileNotFoundError(2, "no such directory"), name) from None
            return False
        except OSError as error:
            raise self._unavailable(error, name) from error
        return True

    def _names(self, suffix: str) -> list[KeyName]:
        names = []
        try:
            for folder in os.scandir(self._directory):
                for entry in os.scandir(folder) if folder.is_dir() else ():
                    stem = entry.name.removesuffix(suffix)
                    if stem != entry.name and re.fullmatch(r"\d{4}-\d\d-\d\d", stem):
                        names.append(KeyName(CommuneId(folder.name), date.fromisoformat(stem)))
        except (OSError, ValueError) as error:
            raise self._unavailable(error) from error
        return names

    def _path(self, name: KeyName, suffix: str) -> Path:
        return self._directory / name.commune / f"{name.day.isoformat()}{suffix}"

    def _unavailable(self, error: Exception, name: KeyName | None = None) -> KeyStoreUnavailable:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        where = str(self._directory) if name is None else f"{self._directory}/{name}"
        return KeyStoreUnavailable(
            Words(f"le dossier des clés a refusé : {reason}", f"the directory of keys refused: {reason}"),
            where=where,
            what_to_do=Words(
                "Rien n'est enregistré sans clé : vérifiez ce volume, ses droits et sa place",
                "Nothing is recorded without a key: check this volume, its rights and space",
            ),
        )


def key_secret(environment: Mapping[str, str]) -> bytes | None:
    """The secret that wraps key files: the systemd credential, else the variable `CSU_KEY_SECRET`, else None.

    A credential is better: an environment is inherited by every child process. Raises KeyStoreUnavailable.
    """
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    for name in (SECRET_NAME, SECRET_NAME.lower()):
        path = Path(credentials) / name if credentials else None
        if path is not None and path.is_file():
            try:
                return path.read_bytes().strip()
            except OSError as error:
                what = Words("le secret des clés est illisible", "the secret of the keys cannot be read")
                raise KeyStoreUnavailable(what, where=str(path), what_to_do=_WRAPPED_DO) from error
    given = environment.get(SECRET_NAME)
    return given.strip().encode() if given else None


def _wrapping_key(secret: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"csu key store, version 1").derive(secret)


def _about(name: KeyName) -> bytes:
    return f"csu-key|{name}".encode()


def _checked(commune: CommuneId, day: date) -> KeyName:
    if not _COMMUNE.fullmatch(commune):
        raise BadInput(
            Words("cette commune ne peut nommer un dossier", "this commune cannot name a folder"),
            where=repr(commune),
            what_to_do=Words("Écrivez son code, par exemple 57463", "Write its code, for example 57463"),
        )
    return KeyName(commune, day)


def _require_apart(directory: Path, others: Sequence[Path]) -> None:
    keys = directory.resolve()
    for other in others:
        theirs = other.resolve()
        if keys.is_relative_to(theirs) or theirs.is_relative_to(keys):
            raise BadInput(
                Words(
                    "les clés doivent être à part de ce qu'elles protègent", "keys must be apart from what they seal"
                ),
                where=str(directory),
                what_to_do=Words(
                    "Donnez-leur un dossier qu'aucune sauvegarde ne copie",
                    "Give them a directory that no backup copies",
                ),
            )


def _error(kind: type[KeyStoreError], what: Words, name: KeyName, what_to_do: Words) -> KeyStoreError:
    return kind(what, where=str(name), what_to_do=what_to_do)


_SHREDDED_WORDS = Words("la clé de ce jour a été détruite", "the key of this day was destroyed")
_SHREDDED_DO = Words(
    "Ces images n'existent plus ; si ce jour est aujourd'hui, vérifiez l'horloge",
    "This footage is no more; if this day is today, check the clock",
)
_ABSENT_WORDS = Words("ce jour n'a pas de clé", "this day has no key")
_ABSENT_DO = Words(
    "Rien n'a été enregistré ce jour-là, ou le dossier des clés est un autre",
    "Nothing was recorded that day, or this is another directory of keys",
)
_WRAPPED_WORDS = Words("la clé est protégée par un secret qui manque", "the key is wrapped by a secret that is missing")
_OTHER_WORDS = Words("la clé est protégée par un autre secret", "the key is wrapped by another secret")
_WRAPPED_DO = Words(
    f"Donnez le secret {SECRET_NAME} de ce centre (systemd : LoadCredential)",
    f"Give this centre's secret {SECRET_NAME} (systemd: LoadCredential)",
)
_NO_KEY_WORDS = Words("ce fichier n'est pas une clé", "this file is not a key")
