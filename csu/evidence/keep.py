"""Keeping what a lock holds once its segment must die: exactly the locked pictures, in the evidence store (EXP-3).

Before the key of a day is destroyed, each locked stretch of a segment is cut out bit by bit, beginning at the key frame
that decoding needs, and written to another disk under another key. The rest dies with its segment; neighbours too.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from csu.evidence.cut import cut, failed, read_segment
from csu.evidence.footage import StoredSegment
from csu.evidence.frames import FrameTable, table_of_json
from csu.evidence.spans import CameraSpan, united, utc_text
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.disk import Disk
from csu.hal.words import Words

FOLDER = "locked"
TABLE_BYTES_MAX = 8 << 20
"""A minute of 60 pictures a second makes 0.6 MB of table."""


@dataclass(frozen=True, slots=True)
class KeptPiece:
    """One stretch of one segment in the evidence store. Its digest belongs into the journal's entry of the lock."""

    name: str
    """On the evidence disk. Beside it, with `.json` for `.mp4`: its SHA-256 on a line, then its frame table."""
    span: CameraSpan
    segment: str
    sha256: bytes


def keep(
    segment: StoredSegment, locked: tuple[CameraSpan, ...], about: CameraRecord, store: Disk
) -> tuple[KeptPiece, ...]:
    """Write what `segment` holds of the locked spans to `store`, durably; empty when it holds none of them.

    Asked again after a crash, it leaves pieces alone that are there and whole. The caller destroys the segment only
    once this returned, and never when it raised ExportFailed or DiskError.
    """
    data: bytes | None = None
    pieces = []
    for span in united(span for span in locked if span.camera == segment.camera):
        name = _name(segment, span)
        piece = _kept(store, name, span, segment)
        if piece is None:
            data = read_segment(segment) if data is None else data
            piece = _write(data, segment, span, about, store, name)
        if piece is not None:
            pieces.append(piece)
    return tuple(pieces)


def kept_segments(store: Disk, camera: CameraId) -> Iterator[StoredSegment]:
    """The kept pieces of a camera, by time, as segments that an export is made from.

    A lock that grew left a smaller piece of the same segment behind: only the one that holds it is given.
    """
    names = [name for name in store.names(f"{FOLDER}/{camera}/") if name.endswith(".json")]
    pieces = [(name, *_table(store, name)) for name in names]
    for name, sha256, table in pieces:
        if any(other != name and _stands_for(whole, table, first=other < name) for other, _, whole in pieces):
            continue
        yield StoredSegment(
            table.camera,
            table.segment,
            table.frames[0].captured_ns,
            sha256,
            table.mask_version,
            table.clock_offset_ms,
            partial(store.open, name.removesuffix("json") + "mp4"),
            tuple(frame.captured_ns for frame in table.frames),
            tuple(frame.clock_offset_ms for frame in table.frames),
            bytes.fromhex(table.segment_sha256),
        )


def _stands_for(whole: FrameTable, part: FrameTable, *, first: bool) -> bool:
    """Whether one piece holds all pictures of another; of two that hold the same, the first by name."""
    mine, theirs = {frame.sha256 for frame in whole.frames}, {frame.sha256 for frame in part.frames}
    return whole.segment == part.segment and theirs <= mine and (theirs != mine or first)


def discard(store: Disk, gone: tuple[CameraSpan, ...], still: tuple[CameraSpan, ...]) -> tuple[str, ...]:
    """Destroy the pieces that hold a part of `gone` and nothing of `still` protects; returns their names.

    A piece that another lock holds a part of stays whole until that lock ends: cutting again would lose its tables'
    first key frame for nothing. Raises DiskError.
    """
    names = []
    for camera in dict.fromkeys(span.camera for span in gone):
        for name in store.names(f"{FOLDER}/{camera}/"):
            if not name.endswith(".json"):
                continue
            _, table = _table(store, name)
            held = CameraSpan(camera, table.first_ns, table.last_ns + 1)
            if any(held.touches(span) for span in gone) and not any(held.touches(span) for span in still):
                video = name.removesuffix("json") + "mp4"
                store.remove(video)
                store.remove(name)
                names.append(video)
    return tuple(names)


# -- inside -----------------------------------------------------------------------------------------------------------


def _name(segment: StoredSegment, span: CameraSpan) -> str:
    """By segment and span: the same lock makes the same name again, another lock another."""
    told = f"{segment.name} {span.from_ns} {span.to_ns}".encode()
    start = utc_text(max(span.from_ns, segment.start_ns))[:19].replace("-", "").replace(":", "")
    return f"{FOLDER}/{segment.camera}/{start}Z-{hashlib.sha256(told).hexdigest()[:12]}.mp4"


def _write(
    data: bytes, segment: StoredSegment, span: CameraSpan, about: CameraRecord, store: Disk, name: str
) -> KeptPiece | None:
    """The table is committed last: a piece without one was torn by a crash, and is written again."""
    made = io.BytesIO()
    table = cut(data, segment, span, about, case="", file=f"data/{name}", target=made)
    if table is None:
        return None
    content = made.getvalue()
    if name in store.names(name):
        store.remove(name)
    sha256 = hashlib.sha256(content).digest()
    beside = f"{sha256.hex()}\n{table.as_json()}".encode()
    for written, name_of in ((content, name), (beside, name.removesuffix("mp4") + "json")):
        file = store.create(name_of)
        try:
            file.write(written)
            file.commit()
        except BaseException:
            file.abandon()
            raise
    if _sha256(store, name) != sha256:
        raise failed(name, Words("la pièce relue n'est pas celle écrite", "the piece read back is not the one written"))
    return KeptPiece(name, span, segment.name, sha256)


def _kept(store: Disk, name: str, span: CameraSpan, segment: StoredSegment) -> KeptPiece | None:
    """The piece if it is there with its table, and is the one that was written."""
    there = store.names(name.removesuffix("mp4"))
    beside = name.removesuffix("mp4") + "json"
    if name not in there:
        return None
    if beside in there:
        sha256, _ = _table(store, beside)
        if _sha256(store, name) == sha256:
            return KeptPiece(name, span, segment.name, sha256)
        store.remove(beside)
    return None


def _table(store: Disk, name: str) -> tuple[bytes, FrameTable]:
    with store.open(name) as file:
        text = file.read(TABLE_BYTES_MAX).decode()
    try:
        sha256, _, table = text.partition("\n")
        return bytes.fromhex(sha256), table_of_json(table)
    except (ValueError, KeyError, TypeError) as error:
        raise failed(name, Words("la table de la pièce est abîmée", "the piece's table is damaged")) from error


def _sha256(store: Disk, name: str) -> bytes:
    with store.open(name) as file:
        digest = hashlib.sha256()
        while data := file.read(1 << 20):
            digest.update(data)
        return digest.digest()
