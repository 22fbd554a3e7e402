"""Closing the package for one reader: a tar of the bag, encrypted with age to the officer's key (or several).

Only who holds the officer's key opens it; a bit changed anywhere, or an end cut off, and it does not open at all.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from csu.evidence.errors import EvidenceInputRefused, PackageUnusable
from csu.hal.words import Words

_READ_BYTES = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_PADDING_MAX = 64 << 10
"""GNU tar fills its last record of 10 KiB."""
FILES_MAX = 200_000
"""Members of a package that is opened: an hour of 100 cameras makes 18,000."""


class SealBroken(ValueError):
    """It was changed or cut after it was sealed."""


class ArchiveBroken(ValueError):
    """The tar inside is not whole, or wants to write where it must not."""


def recipients_of(texts: Sequence[str]) -> list[Any]:
    """age recipients (`age1...`, or `ssh-ed25519 ...`). Raises EvidenceInputRefused; at least one is needed."""
    found: list[Any] = []
    for text in texts:
        key = text.strip()
        kind = pyrage.ssh.Recipient if key.startswith("ssh-") else pyrage.x25519.Recipient
        try:
            found.append(kind.from_str(key))
        except pyrage.RecipientError as error:
            raise _no_key(key[:40], str(error)) from error
    if not found:
        raise _no_key("age", "0")
    return found


def seal(bag: Path, target: Path, recipients: Sequence[str]) -> None:
    """Encrypt the bag at `bag` into the new file `target`. The tar never lies on a disk: it is made as age reads it.

    Raises EvidenceInputRefused for a recipient that is none; then `target` is not there.
    """
    keys = recipients_of(recipients)
    with target.open("xb") as file:
        pyrage.encrypt_io(_Stream(tar_of(bag)), file, keys)


def tar_of(bag: Path) -> Iterator[bytes]:
    """The bag as a tar, piece by piece: names, sizes and bytes, no owner, no time of the host."""
    for path in sorted(path for path in bag.rglob("*") if path.is_file()):
        about = tarfile.TarInfo(f"{bag.name}/{path.relative_to(bag).as_posix()}")
        about.size, about.mode = path.stat().st_size, 0o444
        yield about.tobuf(tarfile.PAX_FORMAT)
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                yield data
        yield bytes(-about.size % _BLOCK)
    yield bytes(2 * _BLOCK)


def unseal(sealed: Path, target: BinaryIO, identities: str) -> None:
    """Decrypt into `target` with the keys of an age identity file's text.

    Raises PackageUnusable (no key of it opens this), SealBroken (it was changed or cut).
    """
    keys: list[Any] = []
    for line in identities.splitlines():
        if line.startswith("AGE-SECRET-KEY-"):
            try:
                keys.append(pyrage.x25519.Identity.from_str(line.strip()))
            except pyrage.IdentityError as error:
                raise _does_not_open(sealed) from error
    if not keys:
        raise _does_not_open(sealed)
    with sealed.open("rb") as file:
        try:
            pyrage.decrypt_io(file, target, keys)
        except pyrage.DecryptError as error:
            if "matching" in str(error).lower():
                raise _does_not_open(sealed) from error
            raise SealBroken(str(error)) from error
        except OSError as error:  # a piece that does not open, in the middle of the stream
            raise SealBroken(str(error)) from error


def unpack(tar: Path, target: Path) -> Path:
    """Unpack a package's tar into the empty directory `target`; returns the bag in it. Raises ArchiveBroken."""
    try:
        with tarfile.open(tar, "r:") as archive:
            for number, member in enumerate(archive):
                if not (member.isfile() or member.isdir()) or number >= FILES_MAX:
                    raise ArchiveBroken(f"{member.name[:80]} is no file")
                archive.extract(member, target, filter="data")
            ends_at = archive.offset
    except (tarfile.TarError, OSError) as error:
        raise ArchiveBroken(str(error)) from error
    bags = [path for path in target.iterdir() if path.is_dir()]
    if len(bags) != 1 or not _is_ended(tar, ends_at):
        raise ArchiveBroken("the end is missing" if bags else "there is no package in it")
    return bags[0]


def _is_ended(tar: Path, at: int) -> bool:
    """Whether the two empty blocks that end a tar follow its last member, and after them nothing but padding."""
    left = tar.stat().st_size - at
    with tar.open("rb") as file:
        file.seek(at)
        return 2 * _BLOCK <= left <= _PADDING_MAX and left % _BLOCK == 0 and file.read() == bytes(left)


class _Stream(io.RawIOBase):
    """What a generator yields, as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _no_key(where: str, why: str) -> EvidenceInputRefused:
    return EvidenceInputRefused(
        Words(f"pas de clé de destinataire ({why})", f"no key of a recipient ({why})"),
        where=where,
        what_to_do=Words(
            "Donnez la clé publique age de l'officier (age1...)", "Give the officer's public age key (age1...)"
        ),
    )


def _does_not_open(sealed: Path) -> PackageUnusable:
    return PackageUnusable(
        Words("cette clé n'ouvre pas ce paquet", "this key does not open this package"),
        where=str(sealed),
        what_to_do=Words(
            "Donnez avec --identity le fichier de la clé privée age du destinataire",
            "Give the recipient's private age key file with --identity",
        ),
    )
