"""What an export is made from: stored masked segments, the proof of their chain, an extract of the journal.

Values only: the sealed disk, the catalogue and the journal are plugged in by who composes (docs/decisions/0033).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from csu.governance.chained_file import ChainRow
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.recording import SegmentRow
from csu.recording.chain import NO_LINK, ORDER_SLACK, link_of


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """One committed segment of masked video, as the recorder keeps it."""

    camera: CameraId
    name: str
    start_ns: Nanoseconds
    """Capture time of its first picture, UTC; picture i was captured at `start_ns` + its pts."""
    sha256: bytes
    """Of the plain content, as the catalogue and the chain know it. Checked before one frame of it is exported."""
    mask_version: int
    """Mask epoch: the version of the signed mask set that hid what must not be seen."""
    clock_offset_ms: int
    """The camera's clock minus ours: the worst while the segment was open (TEC-4)."""
    open: Callable[[], BinaryIO]
    """The plain bytes, from the beginning. Closed by who asked."""
    captured_ns: tuple[Nanoseconds, ...] = ()
    """Capture time of every picture in decoding order, when it was kept apart; empty: as the file itself tells."""
    clock_offsets_ms: tuple[int, ...] = ()
    """The camera's clock minus ours at every picture, likewise."""
    origin_sha256: bytes | None = None
    """A piece that a lock kept: the content hash of the whole segment it was cut from, which the chain knows."""

    @property
    def chained_sha256(self) -> bytes:
        """The content hash that stands in the chain under this name."""
        return self.origin_sha256 or self.sha256


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One segment in its camera's chain."""

    name: str
    stored_sha256: bytes
    """Of the file as it lay on its disk, sealed."""
    sha256: bytes
    """Of its content."""
    digest: bytes
    """`csu.recording.chain.link_of` the one before, the name and both hashes."""


@dataclass(frozen=True, slots=True)
class ChainProof:
    """An unbroken stretch of one camera's chain: every segment between the first and the last that were exported."""

    camera: CameraId
    previous: bytes
    """Digest before the first link; 32 zero bytes where the chain begins."""
    links: tuple[ChainLink, ...]
    anchor: str = ""
    """Where the chain's head was noted elsewhere (daily root, time-stamp), for who wants to follow it there."""


def chain_proofs(camera: CameraId, rows: Sequence[SegmentRow]) -> tuple[tuple[ChainProof, ...], tuple[str, ...]]:
    """The unbroken stretches that a camera's catalogue rows make, and the names of rows that stand in none.

    Rows are in order of capture, links in order of closing: nearly the same. Give also the rows of some minutes before
    the first that is exported: a link is proved by the one before it. A row without a link was recovered after a crash.
    """
    links = [
        ChainLink(row.name, row.sha256, row.content_sha256, row.link)
        for row in rows
        if row.sha256 is not None and row.content_sha256 is not None and row.link not in (None, NO_LINK)
    ]
    before: dict[str, bytes] = {}
    after: dict[bytes, ChainLink] = {}
    for index, each in enumerate(links):
        near = links[max(0, index - ORDER_SLACK) : index + ORDER_SLACK]
        for head in (NO_LINK, *(other.digest for other in near)):
            if _follows(head, each):
                before[each.name], after[head] = head, each
    names = {each.digest: each.name for each in links}
    proofs = []
    for first in links:
        start = before.get(first.name)
        if start is None or names.get(start) in before:
            continue  # nothing given proves it, or it stands in the middle of a stretch
        stretch, at = [], after.get(start)
        while at is not None and at not in stretch:
            stretch.append(at)
            at = after.get(at.digest)
        proofs.append(ChainProof(camera, start, tuple(stretch)))
    return tuple(proofs), tuple(row.name for row in rows if row.name not in before)


def _follows(head: bytes, each: ChainLink) -> bool:
    return link_of(head, each.name, each.stored_sha256, each.sha256) == each.digest


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
