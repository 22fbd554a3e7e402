"""A package to practise with: two cameras that never were, keys that are worth nothing, everything else as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.evidence import (
    CameraSpan,
    ChainLink,
    ChainProof,
    ExportOrder,
    JournalExtract,
    JournalLine,
    LegalBasis,
    Officer,
    Requisition,
    StoredSegment,
    make_package,
)
from csu.evidence.local_authority import make_practice_pki
from csu.evidence.package import READER
from csu.evidence.seal import seal
from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import ChainRow, link
from csu.governance.journal_entry import DataSpan, Ground, JournalEntry, Operation, text_of_entry
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.machine import LocalDisk, SystemClock
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import CameraRecorder
from csu.recording.chain import link_of

CASE = "EXERCICE-1"
WIDTH, HEIGHT, RATE = 640, 384, 12
SEGMENTS, SEGMENT_S = 3, 10
CAMERAS = (
    CameraRecord(CameraId("cam-0001"), 1, "Place d'Armes (exercice)", CommuneId("Metz"), ViewType.WIDE),
    CameraRecord(CameraId("cam-0002"), 2, "Rue des Clercs (exercice)", CommuneId("Metz"), ViewType.WIDE),
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Where everything lies."""

    sealed: Path
    reader: Path
    identity: Path
    authority: Path
    time_authority: Path


def rehearse(target: Path) -> Rehearsal:
    """Make it in the new directory `target`. Raises CsuError."""
    now_ns = SystemClock().now_ns()
    start_ns = (now_ns // NS_PER_MINUTE - 60) * NS_PER_MINUTE
    pki = make_practice_pki(target / "keys", now_ns)
    disk = LocalDisk(target / "media")
    segments = [segment for record in CAMERAS for segment in _record(record, disk, start_ns)]
    spans = tuple(CameraSpan(c.camera, start_ns + 5 * NS_PER_S, start_ns + 25 * NS_PER_S) for c in CAMERAS)
    order = ExportOrder(
        CASE,
        _act(spans, now_ns),
        spans,
        "exercice",
        now_ns,
        "CSU (EXERCICE)",
        CAMERAS,
        tuple(_chain(segments, record.camera) for record in CAMERAS),
        _journal(spans, now_ns),
    )
    package = make_package(order, segments, target, pki.signer, pki.authority, (pki.stamp_root,))
    officer = pyrage.x25519.Identity.generate()
    identity = target / "keys" / "cle.txt"
    identity.touch(0o600)
    identity.write_text(f"# public key: {officer.to_public()}\n{officer}\n", encoding="utf-8")
    sealed = target / f"{package.root.name}.tar.age"
    seal(package.root, sealed, [str(officer.to_public())])
    keys = target / "keys"
    return Rehearsal(
        sealed, package.root / READER, identity, keys / "signer-authority.pem", keys / "stamp-authority.pem"
    )


def _pictures(number: int, start_ns: Nanoseconds) -> Iterator[ClearFrame]:
    """A square that crosses a grey street, with the frame's number beneath."""
    chroma = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    ground = np.linspace(50, 110, HEIGHT).astype(np.uint8)[:, None].repeat(WIDTH, axis=1)
    for sequence in range(SEGMENTS * SEGMENT_S * RATE):
        luma = ground.copy()
        left = sequence * (2 + number) % (WIDTH - 60)
        luma[130:220, left : left + 60] = 200
        planes = YuvPlanes(luma, chroma.copy(), chroma.copy())
        draw_mark(planes, number, sequence)
        captured = CaptureTime(start_ns + sequence * NS_PER_S // RATE, from_camera=True)
        yield ClearFrame(CAMERAS[number - 1].camera, sequence, captured, planes)


def _record(record: CameraRecord, disk: Disk, start_ns: Nanoseconds) -> list[StoredSegment]:
    encoder, recorder = MaskedEncoder(record.camera, WIDTH, HEIGHT, RATE), CameraRecorder(record, disk)
    recorder.start(encoder.format)
    closed = []
    for picture in _pictures(record.number, start_ns):
        if picture.sequence % (SEGMENT_S * RATE) == 0:
            closed += recorder.close()
        for packet in encoder.encode(mask(picture, Cover.nothing(WIDTH, HEIGHT), 1, record.number)):
            closed += recorder.write(packet, clock_offset_ms=40)
    closed += recorder.close()
    return [
        StoredSegment(c.camera, c.name, c.start_ns, c.sha256, c.mask_epoch, c.clock_offset_ms, _opener(disk, c.name))
        for c in closed
    ]


def _opener(disk: Disk, name: str) -> Callable[[], BinaryIO]:
    return lambda: disk.open(name)


def _chain(segments: list[StoredSegment], camera: CameraId) -> ChainProof:
    previous, links = bytes(32), []
    for segment in segments:
        if segment.camera == camera:
            previous = link_of(previous, segment.name, segment.sha256, segment.sha256)
            links.append(ChainLink(segment.name, segment.sha256, segment.sha256, previous))
    return ChainProof(camera, bytes(32), tuple(links))


def _act(spans: tuple[CameraSpan, ...], now_ns: Nanoseconds) -> Requisition:
    scan = hashlib.sha256(b"EXERCICE").hexdigest()
    officer = Officer("Exercice", "OPJ", "Unité d'exercice", "000000")
    return Requisition(LegalBasis.CPP_60_1, "EXERCICE 2026/1", officer, now_ns, spans, scan, is_signed=True)


def _journal(spans: tuple[CameraSpan, ...], now_ns: Nanoseconds) -> JournalExtract:
    """One row, made and signed as the centre's journal makes and signs them."""
    private = Ed25519PrivateKey.generate()
    entry = JournalEntry(
        Operation.EXPORT,
        "exercice",
        "evidence",
        ground=Ground.REQUISITION,
        reference="EXERCICE",
        case=CASE,
        data=tuple(DataSpan(span.camera, Span(span.from_ns, span.to_ns)) for span in spans),
        recipient="opj:000000",
    )
    previous = "0" * 64
    kind, body = text_of_entry(1, now_ns, entry)
    digest = link(previous, 1, kind, body)
    row = ChainRow(1, kind, body, digest, CentreKey(private).sign(digest))
    return JournalExtract((JournalLine(previous, row),), private.public_key().public_bytes_raw().hex())
