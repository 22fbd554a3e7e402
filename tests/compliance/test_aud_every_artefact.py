"""AUD-2 at every exit: cameras that all offer sound are recorded, relayed and exported; ffprobe finds none in what
comes of it. It would: a recorder that takes all tracks keeps theirs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import av
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.cluster.embedded import EmbeddedMediaNode
from csu.evidence import (
    CameraSpan,
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
from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import ChainRow, link
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, NodeId
from csu.machine import LocalDisk
from csu.recording.key_store import LocalKeyStore
from csu.recording.names import parse_segment_name
from csu.recording.sealed_disk import SealedDisk, nobody
from sim.endpoints import EndpointSpec, RtspFarm

S = 1_000_000_000
CASE = "2026-0099"
RECORDS = tuple(
    CameraRecord(CameraId(f"cam-{n:04d}"), n, f"Place {n}", CommuneId("metz"), ViewType.WIDE) for n in (1, 2, 3)
)


@dataclass
class Run:
    """What came of the cameras: files by what they are."""

    offered: set[str] = field(default_factory=set)
    artefacts: dict[str, list[Path]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    directory = tmp_path_factory.mktemp("run")
    specs = [EndpointSpec(record.camera, record.number, audio=True, frames_per_s=10) for record in RECORDS]
    found = Run()
    with RtspFarm(specs) as farm:
        asyncio.run(_record(farm, directory, found))
        setups = {camera: counts.audio_setups for camera, counts in farm.counts().items()}
        found.artefacts["heard"] = [_with_sound(farm, directory)]
    assert set(setups.values()) == {0}, "somebody set an audio track up"
    disk = SealedDisk(LocalDisk(directory / "media"), LocalKeyStore(directory / "keys"), nobody)
    found.artefacts["segments"] = [_plain(disk, name, directory / "plain") for name in disk.names()]
    found.artefacts["export"] = _export(disk, directory / "export")
    return found


async def _record(farm: RtspFarm, directory: Path, found: Run) -> None:
    node = EmbeddedMediaNode(NodeId("node-1"), directory / "media", keys_directory=directory / "keys")
    await node.start()

    async def listen() -> None:
        async for message in node.messages():
            if isinstance(message, CameraEvent) and message.kind is CameraEventKind.AUDIO_OFFERED:
                found.offered.add(message.camera)

    async def relay(camera: CameraId) -> None:
        data = bytearray()
        async with node.watch(camera) as fragments:
            async for fragment in fragments:
                data += fragment.data
                if len(data) > 60_000:
                    break
        path = directory / f"relay-{camera}.mp4"
        path.write_bytes(data)
        found.artefacts.setdefault("relay", []).append(path)

    listening = asyncio.create_task(listen())
    try:
        given = [Assignment(r, farm.address(r.camera), None, False, (), 2.5, 1) for r in RECORDS]
        await node.assign(given)
        async with asyncio.timeout(40):
            await asyncio.gather(*(relay(record.camera) for record in RECORDS))
            await asyncio.sleep(3)
    finally:
        await node.stop()
        await listening


def _plain(disk: SealedDisk, name: str, directory: Path) -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with disk.open(name) as file:
        path.write_bytes(file.read())
    return path


def _export(disk: SealedDisk, directory: Path) -> list[Path]:
    segments = []
    for name in disk.names():
        parsed = parse_segment_name(name)
        with disk.open(name) as file:
            digest = hashlib.sha256(file.read()).digest()
        segments.append(
            StoredSegment(parsed.camera, name, parsed.start_ns, digest, 1, 0, lambda name=name: disk.open(name))
        )
    spans = tuple(
        CameraSpan(segment.camera, segment.start_ns + S, segment.start_ns + 2 * S)
        for segment in {segment.camera: segment for segment in reversed(segments)}.values()
    )
    now_ns = time.time_ns()
    act = Requisition(
        LegalBasis.CPP_60_1,
        "PV 2026/99",
        Officer("Martin", "Maj.", "CIAT Metz", "123456"),
        now_ns,
        spans,
        "ab" * 32,
        is_signed=True,
    )
    key = Ed25519PrivateKey.generate()
    body = f'{{"n":1,"at_ns":1,"author":"agent-7","role":"evidence","outcome":"granted","case":"{CASE}"}}'
    digest = link("0" * 64, 1, "export", body)
    line = JournalLine("0" * 64, ChainRow(1, "export", body, digest, CentreKey(key).sign(digest)))
    order = ExportOrder(
        CASE, act, spans, "agent-7", now_ns, "CSU de Metz", RECORDS, (),
        JournalExtract((line,), key.public_key().public_bytes_raw().hex()),
        unlinked=tuple(segment.name for segment in segments),
    )  # fmt: skip
    pki = make_practice_pki(directory / "pki", now_ns)
    package = make_package(order, segments, directory, pki.signer, pki.authority, (pki.stamp_root,))
    return sorted(package.root.rglob("*.mp4"))


def _with_sound(farm: RtspFarm, directory: Path) -> Path:
    """The control: what a recorder keeps that takes all tracks."""
    address = farm.address(RECORDS[0].camera)
    url = address.url.replace("rtsp://", f"rtsp://{address.user}:{address.password}@")
    path = directory / "heard.mov"
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=15) as source, av.open(str(path), "w") as kept:
        tracks = {stream.index: kept.add_stream_from_template(stream) for stream in source.streams}
        for count, packet in enumerate(source.demux()):
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                kept.mux(packet)
            if count > 150:
                break
    return path


def tracks_of(path: Path) -> list[str]:
    """What ffprobe finds in a file."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return [stream["codec_type"] for stream in json.loads(done.stdout)["streams"]]


@pytest.mark.requirement("AUD-2")
@pytest.mark.parametrize("what", ["segments", "relay", "export"])
def test_ffprobe_finds_no_sound_in_what_comes_of_cameras_that_all_offer_it(run, what):
    files = run.artefacts[what]
    assert len(files) >= len(RECORDS)
    assert {tracks for path in files for tracks in tracks_of(path)} == {"video"}


def test_every_camera_offered_sound_and_a_recorder_that_takes_all_tracks_keeps_it(run):
    assert run.offered == {record.camera for record in RECORDS}
    assert sorted(tracks_of(run.artefacts["heard"][0])) == ["audio", "video"]
