"""What a sealed file looks like: `CSUSEAL1`, the name of its key (a length byte, then `commune/day`), then records of
one write each: four bytes of length, big-endian, and a stream of Tink's AES256-GCM-HKDF.

The associated data of a record are the file's name, the key's name, the record's number and whether it is the last: a
record that is moved, swapped, repeated or cut off does not open. The last record is empty and written by `commit`, so a
file that was cut is known as cut, and all of it that was written can still be read.

Why records, and not one stream for the file: Tink's stream holds back what it was given until it has 128 KiB (measured
with tink 1.16: two seconds of a quiet camera), and cannot be read from the middle (decision 0030).
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from csu.hal.camera import CommuneId
from csu.hal.disk import DiskError
from csu.hal.keys import DayKey, KeyName, KeyStore, SealBroken
from csu.hal.words import Words

MAGIC = b"CSUSEAL1"
RECORD_BYTES_MAX = 1_000_000
"""A longer write becomes several records, each within one of Tink's own segments of 1 MiB."""
SEAL_OVERHEAD_BYTES = 56
"""Of one Tink stream of one segment: 40 of header, 16 of tag."""
LENGTH = struct.Struct(">I")
"""Before each record."""
_SEALED_BYTES_MAX = RECORD_BYTES_MAX + SEAL_OVERHEAD_BYTES


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
        raise not_as_written(name, _NOT_SEALED)
    commune, _, day = file.read(head[-1]).decode("utf-8", "replace").rpartition("/")
    try:
        return KeyName(CommuneId(commune), date.fromisoformat(day))
    except ValueError:
        raise not_as_written(name, _NOT_SEALED) from None


def index_of(file: BinaryIO, name: str) -> Records:
    """Find the records of a file, whole or cut; reads four bytes of each. Raises DiskError for one not sealed."""
    key = key_name_of(file, name)
    at = file.tell()
    end = file.seek(0, io.SEEK_END)
    places: list[tuple[int, int]] = []
    while at + LENGTH.size <= end:
        file.seek(at)
        (length,) = LENGTH.unpack(file.read(LENGTH.size))
        at += LENGTH.size
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
                raise not_as_written(name, error.trouble.what) from error
            continue
        yield content


def require_whole(file: BinaryIO, name: str, keys: KeyStore) -> None:
    """Open every record. Raises DiskError for a file that was changed, cut or is of another name; KeyStoreError."""
    records = index_of(file, name)
    if not records.is_whole:
        raise not_as_written(name, CUT)
    reader = RecordReader(file, name, records, keys.existing(records.key.commune, records.key.day))
    for number in range(len(records.places)):
        reader.record(number)


class RecordReader(io.RawIOBase):
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
                raise not_as_written(self._name, error.trouble.what) from error
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
    return key.unseal(sealed, about(name, key.name, number, is_last=is_last))


def about(name: str, key: KeyName, number: int, *, is_last: bool) -> bytes:
    """The associated data of a record."""
    return f"csu-seal-1|{key}|{name}|{number}|{'last' if is_last else 'part'}".encode()


def not_as_written(name: str, what: Words) -> DiskError:
    """A sealed file that cannot be believed."""
    return DiskError(
        what,
        where=name,
        what_to_do=Words("Laissez-le en place et lancez csu recording check", "Leave it and run csu recording check"),
    )


_NOT_SEALED = Words("ce fichier n'est pas scellé", "this file is not sealed")
CUT = Words("ce fichier scellé est coupé", "this sealed file was cut")
