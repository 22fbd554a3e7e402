"""The key store as a port: one key for each commune and UTC day, made when first asked for, destroyed once and for all.

Destroying the key of a day destroys every copy of what it sealed: disks, backups, edge caches (RET-4). So keys live
apart from media, catalogue, logs and backups, and never show in a repr, an error or a message between processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, runtime_checkable

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.errors import CsuError


class KeyStoreError(DiskError):
    """There is no key, so nothing may be written or read. For whoever records it is what a disk in trouble is: the time
    is lost and told as a gap of cause DISK."""


class KeyStoreUnavailable(KeyStoreError):
    """The store cannot be reached, read or written, or what it holds is not a key."""


class KeyAbsent(KeyStoreError):
    """No key was ever made for this commune and day (asked for reading)."""


class KeyShredded(KeyStoreError):
    """The key of this commune and day was destroyed: what it sealed cannot be read, and nothing more is sealed."""


class SealBroken(CsuError):
    """These bytes were not sealed by this key under this name, or were changed, swapped or cut since."""


@dataclass(frozen=True, slots=True, order=True)
class KeyName:
    """Whose footage a key seals, and of which UTC day. No secret."""

    commune: CommuneId
    day: date

    def __str__(self) -> str:
        return f"{self.commune}/{self.day.isoformat()}"


@runtime_checkable
class DayKey(Protocol):
    """One key in use. It seals and opens; it cannot be looked at, printed or pickled."""

    @property
    def name(self) -> KeyName: ...

    def seal(self, content: bytes, about: bytes) -> bytes:
        """`content` sealed; it opens only with the same `about`. Raises KeyStoreUnavailable."""
        ...

    def unseal(self, sealed: bytes, about: bytes) -> bytes:
        """The inverse of `seal`. Raises SealBroken."""
        ...


@runtime_checkable
class KeyStore(Protocol):
    """All keys of a centre. Calls may come from several threads and several processes."""

    def key(self, commune: CommuneId, day: date) -> DayKey:
        """The key of that day, made durably when it is first asked for. Raises KeyShredded, KeyStoreUnavailable."""
        ...

    def existing(self, commune: CommuneId, day: date) -> DayKey:
        """The key of that day, for reading. Raises KeyAbsent, KeyShredded, KeyStoreUnavailable."""
        ...

    def shred(self, commune: CommuneId, day: date) -> None:
        """Destroy the key, durably, and see to it that none is ever made again for that day.

        Idempotent; also for a day that never had a key. Raises KeyStoreUnavailable: then it may still exist, and the
        same call must be made again.
        """
        ...

    def kept(self) -> Sequence[KeyName]:
        """The keys that exist, sorted. Raises KeyStoreUnavailable."""
        ...

    def is_shredded(self, commune: CommuneId, day: date) -> bool:
        """True once `shred` has returned for that day. Raises KeyStoreUnavailable."""
        ...


def utc_day(instant_ns: Nanoseconds) -> date:
    """The UTC day an instant lies in. Raises OverflowError after the year 9999."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=instant_ns // NS_PER_DAY)).date()
