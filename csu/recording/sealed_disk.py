"""A disk on which nothing readable ever lies: each write is sealed before it reaches the disk below.

What lies there: `csu.recording.sealed_records`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import BinaryIO

from csu.hal.camera import CommuneId
from csu.hal.disk import Disk, DiskError, DiskFile
from csu.hal.keys import DayKey, KeyName, KeyStore, utc_day
from csu.hal.words import Words
from csu.recording.names import parse_segment_name
from csu.recording.sealed_records import (
    CUT,
    LENGTH,
    RECORD_BYTES_MAX,
    RecordReader,
    about,
    header_of,
    index_of,
    not_as_written,
)

OwnerOf = Callable[[str], KeyName]
"""From a file's name to the name of the key that seals it."""


def segments_of_commune(commune: CommuneId) -> OwnerOf:
    """Segments are sealed with the key of their commune and of the UTC day in which they begin.

    The answer raises BadInput for a name that is not a segment's.
    """
    return lambda name: KeyName(commune, utc_day(parse_segment_name(name).start_ns))


def nobody(name: str) -> KeyName:
    """The owner where nothing is written: sealed files name their own key, so a disk that is only read needs no other.

    Raises DiskError.
    """
    raise not_as_written(name, Words("ce volume n'est ouvert que pour lire", "this disk is open for reading only"))


class SealedDisk:
    """A `Disk` over another. Sizes, like contents, are those of what was written: `stored` knows the sealed ones.

    No key, no file: KeyStoreError is a DiskError. Each write costs 60 bytes more and one seal: write whole fragments.
    """

    def __init__(self, disk: Disk, keys: KeyStore, owner: OwnerOf) -> None:
        self.stored = disk
        """The disk below: what lies on it is sealed."""
        self._keys = keys
        self._owner = owner

    def create(self, name: str) -> SealedFile:
        """See Disk.create. Raises KeyStoreError too."""
        owner = self._owner(name)
        key = self._keys.key(owner.commune, owner.day)
        file = self.stored.create(name)
        try:
            return SealedFile(file, key)
        except BaseException:
            file.abandon()
            raise

    def open(self, name: str) -> BinaryIO:
        """See Disk.open: seekable, opening one record at a time. Raises KeyStoreError too; a record that does not open
        raises DiskError when it is read."""
        file = self.stored.open(name)
        try:
            records = index_of(file, name)
            if not records.is_whole:
                raise not_as_written(name, CUT)
            key = self._keys.existing(records.key.commune, records.key.day)
            return io.BufferedReader(RecordReader(file, name, records, key))
        except BaseException:
            file.close()
            raise

    def names(self, prefix: str = "") -> list[str]:
        """See Disk.names."""
        return self.stored.names(prefix)

    def size_bytes(self, name: str) -> int:
        """See Disk.size_bytes: of what was written. No key is needed."""
        with self.stored.open(name) as file:
            return index_of(file, name).content_bytes

    def remove(self, name: str) -> None:
        """See Disk.remove. The key stays: it seals other files too."""
        self.stored.remove(name)

    def free_bytes(self) -> int:
        """See Disk.free_bytes."""
        return self.stored.free_bytes()


class SealedFile:
    """A file of a SealedDisk. What `write` has returned for is with the disk below, sealed and whole."""

    def __init__(self, stored: DiskFile, key: DayKey) -> None:
        self.name = stored.name
        self._stored = stored
        self._key = key
        self._count = 0
        self._has_ended = False
        self._digest = hashlib.sha256()
        self.stored_bytes = 0
        """Length of what lies on the disk below."""
        self._put(header_of(key.name))

    @property
    def stored_sha256(self) -> bytes:
        """Of what lies on the disk below: what can be checked without a key."""
        return self._digest.digest()

    def write(self, data: bytes) -> int:
        self._require_open()
        for at in range(0, len(data), RECORD_BYTES_MAX):
            self._write_record(data[at : at + RECORD_BYTES_MAX], is_last=False)
        return len(data)

    def sync(self) -> None:
        self._require_open()
        self._stored.sync()

    def commit(self) -> None:
        self._require_open()
        self._write_record(b"", is_last=True)
        self._stored.commit()
        self._has_ended = True

    def abandon(self) -> None:
        self._has_ended = True
        self._stored.abandon()

    def _write_record(self, data: bytes, *, is_last: bool) -> None:
        sealed = self._key.seal(data, about(self.name, self._key.name, self._count, is_last=is_last))
        self._put(LENGTH.pack(len(sealed)) + sealed)
        self._count += 1

    def _put(self, sealed: bytes) -> None:
        self._stored.write(sealed)
        self._digest.update(sealed)
        self.stored_bytes += len(sealed)

    def _require_open(self) -> None:
        if self._has_ended:
            what = Words("ce fichier est terminé", "this file has ended")
            raise DiskError(what, where=self.name, what_to_do=Words("Ouvrez-en un autre", "Begin another"))
