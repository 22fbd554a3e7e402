"""EXP: what is requisitioned leaves exactly, once two people said so, and can be proved (EXP-2, EXP-5, EXP-8)."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
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
    ReleaseRefused,
    Requisition,
    RequisitionDesk,
    StoredSegment,
    Trust,
    make_package,
    verify_package,
)
from csu.evidence.local_authority import PracticePki, make_practice_pki
from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import ChainRow, link
from csu.governance.legal_calendar import one_month_after
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.machine import LocalDisk
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import CameraRecorder
from csu.recording.chain import link_of

S = 1_000_000_000
DAY = 86_400 * S
START_NS = 1_795_341_600 * S
RECORD = CameraRecord(CameraId("cam-0012"), 12, "Place d'Armes", CommuneId("Metz"), ViewType.WIDE)
ASKED = CameraSpan(RECORD.camera, START_NS + 2 * S, START_NS + 4 * S)
CASE = "2026-0042"


def act(*spans: CameraSpan) -> Requisition:
    officer = Officer("Martin", "Maj.", "CIAT Metz", "123456")
    return Requisition(LegalBasis.CPP_60_1, "PV 1", officer, START_NS, spans, "ab" * 32, is_signed=True)


class Centre:
    """A desk, one camera's recording of 6 s, keys: what an export needs."""

    def __init__(self, directory: Path) -> None:
        self.desk = RequisitionDesk(lambda _, at_ns: one_month_after(at_ns))
        self.pki: PracticePki = make_practice_pki(directory / "pki", time.time_ns())
        self.directory = directory
        self.segment = self._record(LocalDisk(directory / "media"))

    def _record(self, disk: LocalDisk) -> StoredSegment:
        encoder, recorder = MaskedEncoder(RECORD.camera, 64, 48, 10), CameraRecorder(RECORD, disk)
        recorder.start(encoder.format)
        for i in range(60):
            planes = YuvPlanes(np.full((48, 64), 30 + i, np.uint8), *(np.full((24, 32), 128, np.uint8) for _ in "uv"))
            frame = ClearFrame(RECORD.camera, i, CaptureTime(START_NS + i * S // 10, from_camera=True), planes)
            for packet in encoder.encode(mask(frame, Cover.nothing(64, 48), 3, RECORD.number)):
                recorder.write(packet, clock_offset_ms=25)
        (made,) = recorder.close()
        content = hashlib.sha256(disk.open(made.name).read()).digest()
        return StoredSegment(made.camera, made.name, made.start_ns, content, 3, 25, lambda: disk.open(made.name))

    def do(self, events) -> None:
        for event in events:
            self.desk.apply(event)

    def lock(self, case: str, *spans: CameraSpan, at_ns: int = START_NS + DAY) -> None:
        self.do(self.desk.receive(case, act(*spans), by="anna", at_ns=at_ns))
        self.do(self.desk.check(case, by="anna", at_ns=at_ns))
        self.do(self.desk.lock(case, by="anna", at_ns=at_ns))

    def export(self, case: str, *spans: CameraSpan, at_ns: int = START_NS + DAY, by: str = "anna") -> Package:
        """As the centre does it: the desk is asked, the journal is written, the package is made, the desk is told."""
        self.desk.require_release(case, spans, at_ns)
        found = self.desk.case(case)
        private = Ed25519PrivateKey.generate()
        body = f'{{"n":1,"at_ns":{at_ns},"author":"{by}","outcome":"granted","case":"{case}"}}'
        digest = link("0" * 64, 1, "export", body)
        row = ChainRow(1, "export", body, digest, CentreKey(private).sign(digest))
        journal = JournalExtract((JournalLine("0" * 64, row),), private.public_key().public_bytes_raw().hex())
        sha = self.segment.sha256
        chain = ChainLink(self.segment.name, sha, sha, link_of(bytes(32), self.segment.name, sha, sha))
        chains = (ChainProof(RECORD.camera, bytes(32), (chain,)),)
        order = ExportOrder(case, found.act, spans, by, at_ns, "CSU de Metz", (RECORD,), chains, journal)
        parent = self.directory / case
        made = make_package(order, [self.segment], parent, self.pki.signer, self.pki.authority, (self.pki.stamp_root,))
        self.do(self.desk.prepare(case, spans, made.sha256, by=by, at_ns=at_ns))
        return made

    def verify(self, package: Path, work: Path):
        work.mkdir()
        trust = Trust((self.pki.root,), (self.pki.stamp_root,))
        return verify_package(package, trust, datetime.now(UTC), work, case=CASE)


@pytest.fixture
def centre(tmp_path) -> Centre:
    return Centre(tmp_path)


@pytest.mark.requirement("EXP-2")
def test_an_export_holds_the_act_s_interval_and_not_one_second_more(centre):
    centre.lock(CASE, ASKED)
    for wider in (
        CameraSpan(RECORD.camera, ASKED.from_ns - S, ASKED.to_ns),
        CameraSpan(RECORD.camera, ASKED.from_ns, ASKED.to_ns + S),
        CameraSpan(CameraId("cam-0013"), ASKED.from_ns, ASKED.to_ns),
    ):
        with pytest.raises(ReleaseRefused):
            centre.export(CASE, wider)
    assert not (centre.directory / CASE).exists()
    (table,) = centre.export(CASE, ASKED).tables
    assert (table.first_ns, table.last_ns) == (ASKED.from_ns, ASKED.to_ns - S // 10)


@pytest.mark.requirement("EXP-2")
def test_a_future_interval_is_a_scheduled_lock_and_becomes_an_export_only_once_it_has_passed(centre):
    before = START_NS - DAY
    centre.lock(CASE, ASKED, at_ns=before)
    assert [(lock.span, lock.is_scheduled) for lock in centre.desk.locks(before)] == [(ASKED, True)]
    for at_ns in (before, ASKED.to_ns - 1):
        with pytest.raises(ReleaseRefused):
            centre.export(CASE, ASKED, at_ns=at_ns)
    assert centre.export(CASE, ASKED, at_ns=ASKED.to_ns).tables


@pytest.mark.requirement("EXP-5")
def test_a_second_requisition_serves_from_the_same_lock_which_ends_with_the_last(centre):
    centre.lock(CASE, ASKED)
    centre.lock("2026-0077", ASKED, at_ns=START_NS + 200 * DAY)
    now = START_NS + 201 * DAY
    assert [lock.cases for lock in centre.desk.locks(now)] == [(CASE, "2026-0077")]
    centre.do(centre.desk.end_lock(CASE, instruction="soit-transmis 3", by="anna", at_ns=now))
    assert centre.desk.destruction_due(now) == ((CASE, ()),)
    assert centre.desk.protected(now) == (ASKED,)
    assert [lock.cases for lock in centre.desk.locks(now)] == [("2026-0077",)]
    assert centre.export("2026-0077", ASKED, at_ns=now).tables
    centre.do(centre.desk.end_lock("2026-0077", instruction="soit-transmis 9", by="anna", at_ns=now))
    assert centre.desk.protected(now) == ()
    assert centre.desk.destruction_due(now)[1] == ("2026-0077", (ASKED,))


@pytest.mark.requirement("EXP-8")
def test_one_flipped_byte_in_any_file_of_an_export_is_found(centre, tmp_path):
    centre.lock(CASE, ASKED)
    root = centre.export(CASE, ASKED).root
    assert centre.verify(root, tmp_path / "good").holds
    for number, path in enumerate(sorted(path for path in root.rglob("*") if path.is_file())):
        if path.name == "certificates.pem":
            continue  # for information only: nobody believes certificates that come with what they vouch for
        whole = path.read_bytes()
        for at in (0, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
            assert not centre.verify(root, tmp_path / f"{number}-{at}").holds, (path, at)
        path.write_bytes(whole)


@pytest.mark.requirement("EXP-8")
def test_every_export_of_a_camera_is_listed_with_who_made_it_when_and_of_what(centre):
    other = CameraSpan(RECORD.camera, START_NS, START_NS + S)
    centre.lock(CASE, ASKED)
    centre.lock("2026-0077", other)
    first = centre.export(CASE, ASKED)
    second = centre.export("2026-0077", other, at_ns=START_NS + 2 * DAY, by="bruno")
    found = [(e.case, e.spans, e.by, e.at_ns, e.package_sha256) for e in centre.desk.exports(RECORD.camera)]
    assert found == [
        (CASE, (ASKED,), "anna", START_NS + DAY, first.sha256),
        ("2026-0077", (other,), "bruno", START_NS + 2 * DAY, second.sha256),
    ]
    assert centre.desk.exports(CameraId("cam-0013")) == ()
