"""The head of a chain, noted elsewhere: what proves later that no row was cut off its end, nor the whole replaced.

An anchor is one line in a file of another directory, best another volume or machine; once an hour it carries the token
of a time-stamping authority, which even who holds the centre's key cannot make for yesterday.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from csu.governance.centre_key import CentreKey, PublicKey
from csu.governance.register_errors import AnchorUnavailable
from csu.governance.time_stamps import StampAuthority, StampTrust, stamp
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class Anchor:
    """Chain `chain` had the row `sequence` with digest `head` at `at_ns`."""

    chain: str
    at_ns: Nanoseconds
    sequence: int
    head: str
    signature: str = ""
    """The centre's, of `statement`."""
    token: bytes = b""
    """RFC 3161, of `statement`; empty: not stamped."""

    @property
    def statement(self) -> str:
        """What is signed and stamped."""
        return f"csu anchor, 1\n{self.chain}\n{self.at_ns}\n{self.sequence}\n{self.head}"

    def is_signed(self, key: PublicKey) -> bool:
        """Whether the centre noted it."""
        return key.signed(self.statement, self.signature)


@runtime_checkable
class AnchorPlace(Protocol):
    """Somewhere else than the chain."""

    def keep(self, anchor: Anchor) -> None:
        """Note it, durably. Blocks. Raises AnchorUnavailable."""
        ...

    def anchors(self) -> Sequence[Anchor]:
        """All that were noted, oldest first. Raises AnchorUnavailable."""
        ...


class AnchorFile:
    """One file of JSON lines in a directory that is not the chain's. Whole lines only: a torn last one is passed by."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, anchor: Anchor) -> None:
        held = {
            "chain": anchor.chain,
            "at_ns": anchor.at_ns,
            "sequence": anchor.sequence,
            "head": anchor.head,
            "signature": anchor.signature,
            "token": base64.b64encode(anchor.token).decode(),
        }
        line = json.dumps(held, sort_keys=True).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
            try:
                size = os.fstat(descriptor).st_size
                torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                _write_all(descriptor, b"\n" + line if torn else line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._unavailable(error) from error

    def anchors(self) -> list[Anchor]:
        try:
            lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        except OSError as error:
            raise self._unavailable(error) from error
        return [anchor for line in lines if (anchor := _anchor_of(line)) is not None]

    def _unavailable(self, error: OSError) -> AnchorUnavailable:
        why = error.strerror or type(error).__name__
        return AnchorUnavailable(
            Words(f"l'ancre ne peut être écrite ou lue ({why})", f"the anchor cannot be written or read ({why})"),
            where=str(self.path),
            what_to_do=Words("Vérifiez ce volume ; csu recommencera", "Check this volume; csu will try again"),
        )


@dataclass(frozen=True, slots=True)
class AnchorRhythm:
    """How often a head is noted. What was written since the last anchor is what a cut could take unseen."""

    note_every_ns: Nanoseconds = NS_PER_MINUTE
    stamp_every_ns: Nanoseconds = 60 * NS_PER_MINUTE

    def note_is_due(self, last: Anchor | None, sequence: int, now_ns: Nanoseconds) -> bool:
        """True when rows were added, and the last note is old enough (or lies in the future: a clock went back)."""
        if last is None:
            return sequence > 0
        return sequence != last.sequence and not 0 <= now_ns - last.at_ns < self.note_every_ns

    def stamp_is_due(self, last_stamped: Anchor | None, sequence: int, now_ns: Nanoseconds) -> bool:
        """The same for the authority's token."""
        if last_stamped is None:
            return sequence > 0
        return sequence != last_stamped.sequence and not 0 <= now_ns - last_stamped.at_ns < self.stamp_every_ns


def make_anchor(chain: str, sequence: int, head: str, now_ns: Nanoseconds, key: CentreKey) -> Anchor:
    """An anchor, signed and not stamped."""
    bare = Anchor(chain, now_ns, sequence, head)
    return replace(bare, signature=key.sign(bare.statement))


def stamped(anchor: Anchor, authority: StampAuthority, trust: StampTrust) -> Anchor:
    """With the authority's token, verified. Blocks. Raises StampRefused."""
    return replace(anchor, token=stamp(authority, anchor.statement.encode(), trust))


def _anchor_of(line: bytes) -> Anchor | None:
    try:
        held = json.loads(line)
        return Anchor(
            str(held["chain"]),
            int(held["at_ns"]),
            int(held["sequence"]),
            str(held["head"]),
            str(held["signature"]),
            base64.b64decode(held["token"], validate=True),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
