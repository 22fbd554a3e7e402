"""A disk on which nothing readable ever lies: each write is sealed before it reaches the disk below.

A sealed file: `CSUSEAL1`, the name of its key (a length byte, then `commune/day`), then records of one write each:
four bytes of length, big-endian, and a stream of Tink's AES256-GCM-HKDF. The associated data of a record are the file's
name, the key's name, the record's number and whether it is the last: a record that is moved, swapped, repeated or cut
off does not open. The last record is empty and written by `commit`, so a file that was cut is known as cut, and all of
it that was written can still be read.

Why records, and not one stream for the file: Tink's stream holds back what it was given until it has 128 KiB (measured
with tink 1.16: two seconds of a quiet camera), and cannot be read from the middle (decision 0030).
"""

from __future__ import annotations

import hashlib
import io
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from csu.hal.camera import CommuneId
from csu.hal.disk import Disk, DiskError, DiskFile
from csu.hal.keys import DayKey, KeyName, KeyStore, SealBroken, utc_day
from csu.hal.words import Words
from csu.recording.names import parse_segment_name

MAGIC = b"CSUSEAL1"
RECORD_BYTES_MAX = 1_000_000
"""A longer write becomes several records, each within one of Tink's own segments of 1 MiB."""
SEAL_OVERHEAD_BYTES = 56
"""Of one Tink stream of one segment: 40 of header, 16 of tag."""
_LENGTH = struct.Struct(">I")
_SEALED_BYTES_MAX = RECORD_BYTES_MAX + SEAL_OVERHEAD_BYTES

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
    raise _broken(name, Words("ce volume n'est ouvert que pour lire", "this disk is open for reading only"))


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
                raise _broken(name, _CUT)
            key = self._keys.existing(records.key.commune, records.key.day)
            return io.BufferedReader(_Reader(file, name, records, key))
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
        sealed = self._key.seal(data, _about(self.name, self._key.name, self._count, is_last=is_last))
        self._put(_LENGTH.pack(len(sealed)) + sealed)
        self._count += 1

    def _put(self, sealed: bytes) -> None:
        self._stored.write(sealed)
        self._digest.update(sealed)
        self.stored_bytes += len(sealed)

    def _require_open(self) -> None:
        if self._has_ended:
            what = Words("ce fichier est terminé", "this file has ended")
            raise DiskError(what, where=self.name, what_to_do=Words("Ouvrez-en un autre", "Begin another"))


@dataclass(frozen=True, slots=True)
class Records:
    """Where the records of a sealed file lie. Read without any key, hence not proved: opening a record proves it."""

    key: KeyName
    places: tuple[tuple[int, int], ...]
    """(offset, length) of each sealed record that is wholly there, in order."""
    has_last: bool
    """The file ends with a last, empty record, and not in the middle of something."""

    @property
    def is_whole(self) -> bool:
        return self.has_last

    @property
    def content_bytes(self) -> int:
        return sum(length - SEAL_OVERHEAD_BYTES for _, length in self.places)


def is_sealed(file: BinaryIO) -> bool:
    """Whether the file begins as a sealed one does. Leaves the file at its beginning."""
    file.seek(0)
    found = file.read(len(MAGIC))
    file.seek(0)
    return found == MAGIC


def header_of(key: KeyName) -> bytes:
    """How a sealed file begins."""
    name = str(key).encode()
    return MAGIC + bytes([len(name)]) + name


def key_name_of(file: BinaryIO, name: str) -> KeyName:
    """Which key seals the file; leaves it behind the header. Raises DiskError for a file that is not sealed."""
    file.seek(0)
    head = file.read(len(MAGIC) + 1)
    if len(head) != len(MAGIC) + 1 or not head.startswith(MAGIC):
        raise _broken(name, _NOT_SEALED)
    commune, _, day = file.read(head[-1]).decode("utf-8", "replace").rpartition("/")
    try:
        return KeyName(CommuneId(commune), date.fromisoformat(day))
    except ValueError:
        raise _broken(name, _NOT_SEALED) from None


def index_of(file: BinaryIO, name: str) -> Records:
    """Find the records of a file, whole or cut; reads four bytes of each. Raises DiskError for one not sealed."""
    key = key_name_of(file, name)
    at = file.tell()
    end = file.seek(0, io.SEEK_END)
    places: list[tuple[int, int]] = []
    while at + _LENGTH.size <= end:
        file.seek(at)
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        at += _LENGTH.size
        if not SEAL_OVERHEAD_BYTES <= length <= _SEALED_BYTES_MAX or at + length > end:
            return Records(key, tuple(places), has_last=False)
        places.append((at, length))
        at += length
    has_last = at == end and bool(places) and places[-1][1] == SEAL_OVERHEAD_BYTES
    return Records(key, tuple(places), has_last)


def whole_records(file: BinaryIO, name: str, keys: KeyStore) -> Iterator[bytes]:
    """What can be read of a file that was being written when its process died: every whole record that opens. `name` is
    the name it was to get. One that does not open (garbage after a power cut) is left out: each is a fragment.

    Raises DiskError for a file not sealed, or whose first record does not open; KeyStoreError.
    """
    records = index_of(file, name)
    key = keys.existing(records.key.commune, records.key.day)
    for number, (at, length) in enumerate(records.places):
        file.seek(at)
        sealed = file.read(length)
        try:
            content = _opened(key, name, number, sealed, is_last=False)
        except SealBroken as error:
            if number == 0:
                raise _broken(name, error.trouble.what) from error
            continue
        yield content


def require_whole(file: BinaryIO, name: str, keys: KeyStore) -> None:
    """Open every record. Raises DiskError for a file that was changed, cut or is of another name; KeyStoreError."""
    records = index_of(file, name)
    if not records.is_whole:
        raise _broken(name, _CUT)
    reader = _Reader(file, name, records, keys.existing(records.key.commune, records.key.day))
    for number in range(len(records.places)):
        reader.record(number)


class _Reader(io.RawIOBase):
    """The content of a sealed file; holds one record at a time."""

    def __init__(self, file: BinaryIO, name: str, records: Records, key: DayKey) -> None:
        super().__init__()
        self._file = file
        self._name = name
        self._key = key
        self._records = records
        self._starts: list[int] = []
        at = 0
        for _, length in records.places:
            self._starts.append(at)
            at += length - SEAL_OVERHEAD_BYTES
        self._end = at
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")
        self.record(len(records.places) - 1)  # the last: the file is not a cut one that was made to look whole

    def record(self, number: int) -> bytes:
        """What record `number` holds. Raises DiskError."""
        if self._held[0] != number:
            at, length = self._records.places[number]
            self._file.seek(at)
            is_last = number == len(self._records.places) - 1
            try:
                opened = _opened(self._key, self._name, number, self._file.read(length), is_last=is_last)
            except SealBroken as error:
                raise _broken(self._name, error.trouble.what) from error
            self._held = number, opened
        return self._held[1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._end:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        start = self._at - self._starts[number]
        part = self.record(number)[start : start + len(target)]
        target[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _opened(key: DayKey, name: str, number: int, sealed: bytes, *, is_last: bool) -> bytes:
    return key.unseal(sealed, _about(name, key.name, number, is_last=is_last))


def _about(name: str, key: KeyName, number: int, *, is_last: bool) -> bytes:
    return f"csu-seal-1|{key}|{name}|{number}|{'last' if is_last else 'part'}".encode()


def _broken(name: str, what: Words) -> DiskError:
    return DiskError(
        what,
        where=name,
        what_to_do=Words("Laissez-le en place et lancez csu recording check", "Leave it and run csu recording check"),
    )


_NOT_SEALED = Words("ce fichier n'est pas scellé", "this file is not sealed")
_CUT = Words("ce fichier scellé est coupé", "this sealed file was cut")
