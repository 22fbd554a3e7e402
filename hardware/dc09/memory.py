"""What was heard lately, so that a repeat is known for one and a replay for the other. Pure.

A frame that was taken is an `Entry`. It may be seen more than once: identical, enciphered anew by a retry, or on the
account's other path; each frame that only the panel can have made is a `Sighting` of the entry.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from csu.hal.alarms import PanelMessage
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds

REMEMBERED_NS = 15 * NS_PER_MINUTE
"""Longer than a stale frame can pass for fresh (60 s) and than a retry comes (SAME_EVENT_NS)."""
SAME_EVENT_NS = 120 * NS_PER_S
"""The same number with the same content within this long is the same event: a retry, or the other path."""
IDENTICAL_NS = 60 * NS_PER_S
"""An identical frame within this long of the first is a retry; later it is a replay, and the NAK it gets makes a panel
that is honest encipher anew. Copies lengthen neither time: else whoever repeats them could keep an old event the same
for ever, and a panel that counts from one again would not be heard."""


@dataclass(slots=True, eq=False)
class Entry:
    """One frame that was taken, and what it raised. Known by `name`, the digest under which it was first seen."""

    name: bytes
    account: int
    path: str
    sequence: int
    content: bytes
    """A digest of what it says; empty: a poll."""
    stamped_at_ns: Nanoseconds | None
    heard_at_ns: Nanoseconds
    """Last."""
    messages: tuple[PanelMessage, ...] = ()
    waiting: set[int] = field(default_factory=set)
    """Sequences of the messages that the engine did not acknowledge yet."""
    is_written: bool = False

    @property
    def is_done(self) -> bool:
        return self.is_written and not self.waiting

    @property
    def is_kept(self) -> bool:
        """False of a poll without a time: it is the same each time, and proves nothing."""
        return bool(self.content) or self.stamped_at_ns is not None

    @property
    def event(self) -> tuple[int, bytes]:
        return self.sequence, self.content


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One frame of an entry. `digest`: of what only the panel can have made (`Header.sealed_end`); `frame`: of all."""

    digest: bytes
    frame: bytes
    heard_at_ns: Nanoseconds
    entry: Entry


class FrameMemory:
    """Bounded by account: `full` says when nothing may be taken for want of room."""

    def __init__(self, per_account_max: int) -> None:
        self._per_account_max = per_account_max
        self._seen: dict[int, OrderedDict[bytes, Sighting]] = {}
        self._events: dict[int, dict[tuple[int, bytes], Entry]] = {}
        self._numbers: dict[int, dict[int, Entry]] = {}

    def __len__(self) -> int:
        return sum(len(seen) for seen in self._seen.values())

    def seen(self, account: int, digest: bytes) -> Sighting | None:
        seen = self._seen.get(account)
        return None if seen is None else seen.get(digest)

    def same_event(self, account: int, sequence: int, content: bytes, now_ns: Nanoseconds) -> Entry | None:
        """The entry that this frame repeats, on whatever path."""
        entry = self._events.get(account, {}).get((sequence, content))
        if entry is None or (entry.is_done and abs(now_ns - entry.heard_at_ns) >= SAME_EVENT_NS):
            return None
        return entry

    def newest(self, account: int, sequence: int) -> Entry | None:
        """The last event taken under this number."""
        return self._numbers.get(account, {}).get(sequence)

    def full(self, account: int, now_ns: Nanoseconds) -> bool:
        """Forgets what is old; True when no room came of it."""
        seen = self._seen.get(account)
        if seen is None:
            return False
        self._expire(account, seen, now_ns)
        return len(seen) >= self._per_account_max

    def add(self, sighting: Sighting) -> None:
        """One more frame of an entry, or the first."""
        entry = sighting.entry
        entry.heard_at_ns = max(entry.heard_at_ns, sighting.heard_at_ns)
        seen = self._seen.setdefault(entry.account, OrderedDict())
        seen[sighting.digest] = sighting
        seen.move_to_end(sighting.digest)
        if entry.content:
            self._events.setdefault(entry.account, {})[entry.event] = entry
            self._numbers.setdefault(entry.account, {})[entry.sequence] = entry

    def forget(self, entry: Entry) -> None:
        """It could not be written: as if it had never come."""
        seen = self._seen.get(entry.account, OrderedDict())
        for digest in [digest for digest, sighting in seen.items() if sighting.entry is entry]:
            del seen[digest]
        self._drop(entry)

    def _expire(self, account: int, seen: OrderedDict[bytes, Sighting], now_ns: Nanoseconds) -> None:
        while seen:
            digest, oldest = next(iter(seen.items()))
            if now_ns - oldest.heard_at_ns <= REMEMBERED_NS:
                return
            if not oldest.entry.is_done:  # never forgotten before it is safe
                seen.move_to_end(digest)
                return
            del seen[digest]
            if now_ns - oldest.entry.heard_at_ns > REMEMBERED_NS:
                self._drop(oldest.entry)

    def _drop(self, entry: Entry) -> None:
        events, numbers = self._events.get(entry.account, {}), self._numbers.get(entry.account, {})
        if events.get(entry.event) is entry:
            del events[entry.event]
        if numbers.get(entry.sequence) is entry:
            del numbers[entry.sequence]
