"""What an export is made from: stored masked segments, the proof of their chain, an extract of the journal.

Values only: the sealed disk, the catalogue and the journal are plugged in by who composes (docs/decisions/0033).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from csu.governance.chained_file import ChainRow
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """One committed segment of masked video, as the recorder keeps it."""

    camera: CameraId
    name: str
    start_ns: Nanoseconds
    """Capture time of its first picture, UTC; picture i was captured at `start_ns` + its pts."""
    sha256: bytes
    """Of the plain file, as the catalogue and the chain know it. Checked before one frame of it is exported."""
    mask_version: int
    """Mask epoch: the version of the signed mask set that hid what must not be seen."""
    clock_offset_ms: int
    """The camera's clock minus ours: the worst while the segment was open (TEC-4)."""
    open: Callable[[], BinaryIO]
    """The plain bytes, from the beginning. Closed by who asked."""
    captured_ns: tuple[Nanoseconds, ...] = ()
    """Capture time of every picture in decoding order, when it was kept apart; empty: from `start_ns` and pts."""


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One segment in its camera's chain."""

    name: str
    sha256: bytes
    digest: bytes
    """SHA-256 of (digest before | name | sha256)."""


@dataclass(frozen=True, slots=True)
class ChainProof:
    """An unbroken stretch of one camera's chain: every segment between the first and the last that were exported."""

    camera: CameraId
    previous: bytes
    """Digest before the first link; 32 zero bytes where the chain begins."""
    links: tuple[ChainLink, ...]
    anchor: str = ""
    """Where the chain's head was noted elsewhere (daily root, time-stamp), for who wants to follow it there."""


def link_digest(previous: bytes, name: str, sha256: bytes) -> bytes:
    """The digest of a link: it binds the segment and all before it."""
    return hashlib.sha256(previous + name.encode() + sha256).digest()


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One row of the audit journal and the digest it was chained to."""

    previous: str
    row: ChainRow


@dataclass(frozen=True, slots=True)
class JournalExtract:
    """The rows that speak of the case, in order. `public_key`: the centre's journal key, raw Ed25519, hexadecimal."""

    lines: tuple[JournalLine, ...]
    public_key: str
