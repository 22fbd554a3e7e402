"""Recorded segments, a journal, two practice authorities, an officer's age key, and a package made of them."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyrage
import pytest
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
    Package,
    Requisition,
    StoredSegment,
    Trust,
    make_package,
)
from csu.evidence.local_authority import PracticePki, make_practice_pki
from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import ChainRow, link
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.machine import LocalDisk
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import CameraRecorder
from csu.recording.chain import link_of

WIDTH, HEIGHT, RATE = 320, 192, 10
S = 1_000_000_000
START_NS = 1_795_341_600 * S
"""2026-11-22T10:00:00Z, 11:00 in Paris."""
CAMERAS = (
    CameraRecord(CameraId("cam-0012"), 12, "Place d'Armes", CommuneId("Metz"), ViewType.WIDE),
    CameraRecord(CameraId("cam-0042"), 42, "Rue des Clercs", CommuneId("Metz"), ViewType.NARROW),
)
CASE = "2026-0042"


def officer(**changes: str) -> Officer:
    return replace(Officer("Martin", "Maj.", "CIAT Metz", "123456"), **changes)


def act(*spans: CameraSpan, **changes: object) -> Requisition:
    made = Requisition(
        LegalBasis.CPP_77_1_1,
        "PV 2026/1234",
        officer(),
        START_NS + 3600 * S,
        spans,
        "ab" * 32,
        is_signed=True,
        authorised_by="M. le procureur de la République, Metz",
    )
    return replace(made, **changes)


@pytest.fixture(scope="session", name="act")
def _act() -> Callable[..., Requisition]:
    """A complete act for these spans; keywords change its fields."""
    return act


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a centre has: segments on a disk, and the proof of each camera's chain."""

    segments: tuple[StoredSegment, ...]
    chains: tuple[ChainProof, ...]
    files: dict[str, bytes]


def _segments(record: CameraRecord, disk: LocalDisk, seconds: Sequence[int]) -> list[StoredSegment]:
    encoder = MaskedEncoder(record.camera, WIDTH, HEIGHT, RATE)
    recorder = CameraRecorder(record, disk)
    recorder.start(encoder.format)
    made, number = [], 0
    for length in seconds:
        for _ in range(length * RATE):
            luma = np.full((HEIGHT, WIDTH), 60, np.uint8)
            luma[20:150, (at := number * 4 % WIDTH) : at + 40] = 190
            planes = YuvPlanes(luma, *(np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8) for _ in range(2)))
            draw_mark(planes, record.number, number)
            frame = ClearFrame(
                record.camera, number, CaptureTime(START_NS + number * S // RATE, from_camera=True), planes
            )
            for packet in encoder.encode(mask(frame, Cover.nothing(WIDTH, HEIGHT), 7, record.number)):
                recorder.write(packet, clock_offset_ms=-120)
            number += 1
        made += recorder.close()
    return [
        StoredSegment(
            each.camera, each.name, each.start_ns, each.sha256, each.mask_epoch, each.clock_offset_ms,
            lambda name=each.name: disk.open(name),
        )
        for each in made
    ]  # fmt: skip


def _chain(segments: Sequence[StoredSegment]) -> ChainProof:
    previous, links = bytes(32), []
    for segment in segments:
        digest = link_of(previous, segment.name, bytes(32), segment.sha256)
        links.append(ChainLink(segment.name, bytes(32), segment.sha256, digest))
        previous = digest
    return ChainProof(segments[0].camera, bytes(32), tuple(links), "2026-11-22")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Recorded:
    """Two cameras, three segments of 4 s each."""
    disk = LocalDisk(tmp_path_factory.mktemp("media"))
    each = [_segments(record, disk, (4, 4, 4)) for record in CAMERAS]
    files = {segment.name: disk.open(segment.name).read() for segments in each for segment in segments}
    return Recorded(tuple(sum(each, [])), tuple(_chain(segments) for segments in each), files)


def extract(case: str, key: CentreKey | None = None, public: str = "") -> JournalExtract:
    """Three rows: the lock, the grant of the export, its end."""
    if key is None:
        private = Ed25519PrivateKey.generate()
        key, public = CentreKey(private), private.public_key().public_bytes_raw().hex()
    previous, lines = "0" * 64, []
    for sequence, kind, outcome in ((7, "lock", "granted"), (8, "export", "granted"), (12, "ended", "done")):
        body = (
            f'{{"n":{sequence},"at_ns":1,"author":"agent-7","role":"evidence","outcome":"{outcome}","case":"{case}"}}'
        )
        digest = link(previous, sequence, kind, body)
        lines.append(JournalLine(previous, ChainRow(sequence, kind, body, digest, key.sign(digest))))
        previous = digest if sequence == 7 else "1" * 64
    return JournalExtract(tuple(lines), public)


@pytest.fixture(scope="session", name="extract")
def _extract() -> Callable[..., JournalExtract]:
    """An extract of the journal for this case."""
    return extract


@pytest.fixture(scope="session")
def spans() -> tuple[CameraSpan, ...]:
    """Camera 12 from 1.5 s (between two key frames) to 9.5 s: parts of three segments; camera 42 from 4 s to 6 s."""
    one, other = (camera.camera for camera in CAMERAS)
    return (
        CameraSpan(one, START_NS + 3 * S // 2, START_NS + 19 * S // 2),
        CameraSpan(other, START_NS + 4 * S, START_NS + 6 * S),
    )


@pytest.fixture(scope="session")
def pki(tmp_path_factory) -> PracticePki:
    return make_practice_pki(tmp_path_factory.mktemp("pki"), time.time_ns())


@pytest.fixture(scope="session")
def trust(pki) -> Trust:
    return Trust((pki.root,), (pki.stamp_root,))


@pytest.fixture(scope="session")
def order(spans, recorded) -> ExportOrder:
    return ExportOrder(
        CASE, act(*spans), spans, "agent-7", START_NS + 7200 * S, "CSU de Metz", CAMERAS, recorded.chains, extract(CASE)
    )


@pytest.fixture(scope="session")
def good(order, recorded, pki, tmp_path_factory) -> Package:
    """A good package. Do not change it: take `copy`."""
    parent = tmp_path_factory.mktemp("package")
    return make_package(order, recorded.segments, parent, pki.signer, pki.authority, (pki.stamp_root,))


@pytest.fixture
def copy(good, tmp_path) -> Path:
    """A copy of the good package, to be spoilt."""
    target = tmp_path / good.root.name
    shutil.copytree(good.root, target)
    return target


@dataclass(frozen=True, slots=True)
class AgeKey:
    """An officer's key pair and its identity file's text."""

    public: str
    secret: str


@pytest.fixture(scope="session")
def officer_key() -> AgeKey:
    identity = pyrage.x25519.Identity.generate()
    return AgeKey(str(identity.to_public()), f"# public key: {identity.to_public()}\n{identity}\n")


@pytest.fixture(scope="session")
def stored() -> Callable[[StoredSegment, bytes], StoredSegment]:
    """The same segment, with other bytes on the disk."""
    return lambda segment, data: replace(segment, open=lambda: io.BytesIO(data))
