"""A manifest as one catalogue page, and back: columns packed into one blob, gaps and counts as short JSON. Pure.

A page says which columns its blob holds (`Page.columns`), so that a new column is one line of `_HASHES` and pages with
and without it are read side by side. Pages of the first version say 0: their length tells whether they hold the hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.media import NO_FRAMES, FrameCounts, Gap, GapCause, Manifest, NodeId, SegmentTable, no_hashes
from csu.recording.names import segment_name

_COLUMNS = (
    ("camera", "<i4"),
    ("start_ns", "<i8"),
    ("duration_ms", "<i4"),
    ("size_bytes", "<i8"),
    ("mask_epoch", "<i4"),
    ("clock_offset_ms", "<i4"),
)
_KINDS = [np.dtype(kind) for _, kind in _COLUMNS]
_ROW_BYTES = sum(int(kind[2:]) for _, kind in _COLUMNS)
_HASH_BYTES = 32
_NO_HASH = bytes(_HASH_BYTES)
_VERSIONED = 1
"""Set in every page that says what it holds; 0 in the first version's."""
_HASHES = (("sha256", 2), ("content_sha256", 4), ("link", 8))
"""Columns of 32 bytes a row, in the order of the blob: the `SegmentTable` field, its bit. A bit is never used again. A
column that is all zero (level L0: there is no file) is not kept."""
_all_columns = attrgetter(*(name for name, _ in _COLUMNS))
_all_hashes = attrgetter(*(name for name, _ in _HASHES))
_all_counts = attrgetter(*(field.name for field in fields(FrameCounts)))  # five times faster than dataclasses.astuple
_COUNTS = f"[{','.join(['%d'] * len(fields(FrameCounts)))}]"
_NO_FRAMES = _COUNTS % _all_counts(NO_FRAMES)
_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One recorded segment."""

    camera: CameraId
    node: NodeId
    start_ns: Nanoseconds
    duration_ms: int
    size_bytes: int
    mask_epoch: int
    clock_offset_ms: int
    sha256: bytes | None
    """Of the file as it lies on its disk, sealed; None at level L0, where there is no file."""
    content_sha256: bytes | None = None
    """Of what is inside the seal; None: not known."""
    link: bytes | None = None
    """Of the camera's chain; None: in none."""
    destroyed_at_ns: Nanoseconds | None = None
    """When the file was destroyed; None: it is to be on its disk."""

    @property
    def end_ns(self) -> Nanoseconds:
        return self.start_ns + self.duration_ms * NS_PER_MS

    @property
    def name(self) -> str:
        """The file's name on the node's disk."""
        return segment_name(self.camera, self.start_ns)


class Page(NamedTuple):
    """What one manifest becomes. [from_ns, to_ns) holds every segment and gap of it."""

    roster: tuple[CameraId, ...]
    """Cameras by index: the manifest's own, then those that only its gaps name."""
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    segment_count: int
    recorded_ms: int
    size_bytes: int
    gap_count: int
    counts: str
    gaps: str
    segments: bytes
    columns: int
    """Which columns `segments` holds: bits of `_HASHES` and `_VERSIONED`."""


def pages_of(manifests: Sequence[Manifest]) -> list[Page]:
    """Each manifest in columns. All at once: a sum costs the same for the 28 segments of a node as for a minute of all
    nodes, and 46 nodes tell their minute together."""
    pages = []
    for manifest, sums in zip(manifests, _sums_of(manifests), strict=True):
        roster, told, (first_ns, end_ns, recorded_ms, size_bytes) = manifest.cameras, "", sums
        table, gaps = manifest.segments, manifest.gaps
        if gaps:
            first_ns = min(first_ns, *(gap.start_ns for gap in gaps))
            end_ns = max(end_ns, *(gap.end_ns for gap in gaps))
            roster, told = _pack_gaps(roster, gaps)
        counts = _NO_FRAMES if manifest.counts is NO_FRAMES else _COUNTS % _all_counts(manifest.counts)
        columns, segments = _packed(table)
        count = len(table.camera)
        page = Page(
            roster, first_ns, end_ns, count, recorded_ms, size_bytes, len(gaps), counts, told, segments, columns
        )
        pages.append(page)
    return pages


def segments_of(packed: bytes, count: int, columns: int) -> SegmentTable:
    """The inverse of what `pages_of` packed. Raises ValueError for a blob that does not hold just these columns."""
    kept = [(name, bit) for name, bit in _HASHES if columns & bit]
    if columns == 0:  # the first version: sha256 or nothing, as the length says
        kept = [_HASHES[0]] if count and len(packed) == count * (_ROW_BYTES + _HASH_BYTES) else []
    elif columns != _VERSIONED | sum(bit for _, bit in kept):
        raise ValueError(f"a page holds columns ({columns:#x}) that this version does not know")
    if len(packed) != count * (_ROW_BYTES + _HASH_BYTES * len(kept)):
        raise ValueError(f"{len(packed)} bytes cannot hold {count} segments")
    read: list[NDArray[np.int64]] = []
    at = 0
    for _, kind in _COLUMNS:
        column = np.frombuffer(packed, np.dtype(kind), count, at)
        read.append(column)
        at += column.nbytes
    hashes = {name: no_hashes(count) for name, _ in _HASHES}
    for name, _ in kept:
        hashes[name] = np.frombuffer(packed, np.uint8, count * _HASH_BYTES, at).reshape(count, _HASH_BYTES)
        at += count * _HASH_BYTES
    camera, start_ns, duration_ms, size_bytes, mask_epoch, clock_offset_ms = read
    return SegmentTable(
        camera.astype(np.int32, copy=False),
        start_ns,
        duration_ms.astype(np.int32, copy=False),
        size_bytes,
        mask_epoch.astype(np.int32, copy=False),
        clock_offset_ms.astype(np.int32, copy=False),
        **hashes,
    )


def rows_of(
    table: SegmentTable,
    chosen: NDArray[np.bool_],
    cameras: Mapping[int, CameraId],
    node: NodeId,
    destroyed_at_ns: NDArray[np.int64] | None = None,
) -> list[SegmentRow]:
    """The chosen rows of a table as values. `cameras`: by their index. `destroyed_at_ns`: (n,), 0 for what lives."""
    rows = []
    for index in np.flatnonzero(chosen).tolist():
        rows.append(
            SegmentRow(
                cameras[int(table.camera[index])],
                node,
                int(table.start_ns[index]),
                int(table.duration_ms[index]),
                int(table.size_bytes[index]),
                int(table.mask_epoch[index]),
                int(table.clock_offset_ms[index]),
                _hash_or_none(table.sha256, index),
                _hash_or_none(table.content_sha256, index),
                _hash_or_none(table.link, index),
                (int(destroyed_at_ns[index]) or None) if destroyed_at_ns is not None else None,
            )
        )
    return rows


def _hash_or_none(column: NDArray[np.uint8], index: int) -> bytes | None:
    value = column[index].tobytes()
    return None if value == _NO_HASH else value


def gaps_of(packed: str) -> list[tuple[int, Nanoseconds, Nanoseconds, GapCause]]:
    """The gaps of a page: (camera as its position in the roster, start, end, cause)."""
    rows = json.loads(packed) if packed else ()
    return [(position, start_ns, end_ns, GapCause(cause)) for position, start_ns, end_ns, cause in rows]


def counts_of(packed: str) -> FrameCounts:
    """The frame counts of a page."""
    return FrameCounts(*json.loads(packed))


def _sums_of(manifests: Sequence[Manifest]) -> list[tuple[Nanoseconds, Nanoseconds, int, int]]:
    """(first instant, last, milliseconds, bytes) of the segments of each manifest."""
    found = [(manifest.minute_ns, manifest.minute_ns, 0, 0) for manifest in manifests]
    filled = [number for number, manifest in enumerate(manifests) if len(manifest.segments.camera)]
    if not filled:
        return found
    tables = [manifests[number].segments for number in filled]
    begins = list(accumulate([len(table.camera) for table in tables[:-1]], initial=0))
    start_ns = np.concatenate([table.start_ns for table in tables])
    duration_ms = np.concatenate([table.duration_ms for table in tables]).astype(np.int64)
    size_bytes = np.concatenate([table.size_bytes for table in tables])
    sums = zip(
        np.minimum.reduceat(start_ns, begins).tolist(),
        np.maximum.reduceat(start_ns + duration_ms * NS_PER_MS, begins).tolist(),
        np.add.reduceat(duration_ms, begins).tolist(),
        np.add.reduceat(size_bytes, begins).tolist(),
        strict=True,
    )
    for number, of_table in zip(filled, sums, strict=True):
        found[number] = of_table
    return found


def _packed(table: SegmentTable) -> tuple[int, bytes]:
    """Which columns, and their bytes one after the other."""
    given = _all_columns(table)
    if [column.dtype for column in given] != _KINDS:
        given = tuple(column.astype(kind) for column, kind in zip(given, _KINDS, strict=True))
    kept = [column.tobytes() for column in given]
    columns, none = _VERSIONED, no_hashes(len(table.camera))
    if table.sha256 is table.content_sha256 is table.link is none:
        return columns, b"".join(kept)
    for hashes, (_, bit) in zip(_all_hashes(table), _HASHES, strict=True):
        if hashes is not none and hashes.any():
            columns |= bit
            kept.append(hashes.astype(np.uint8, copy=False).tobytes())
    return columns, b"".join(kept)


def _pack_gaps(roster: tuple[CameraId, ...], gaps: Sequence[Gap]) -> tuple[tuple[CameraId, ...], str]:
    index = {camera: position for position, camera in enumerate(roster)}
    for gap in gaps:
        index.setdefault(gap.camera, len(index))
    rows = [(index[gap.camera], gap.start_ns, gap.end_ns, gap.cause.value) for gap in gaps]
    return tuple(index), _json(rows)
