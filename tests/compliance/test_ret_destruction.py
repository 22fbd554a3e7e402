"""RET-3, RET-6, EXP-3, EXP-4: with real segments, the real desk, keys, register and evidence store, in virtual time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from csu.centre.desk.keeper import DeskKeeper, EvidencePorts
from csu.centre.purge.by_hand import Asked, purge_by_hand
from csu.centre.purge.ports import PurgePorts
from csu.centre.purge.purge import Purge
from csu.centre.purge.tiers import DiskTier
from csu.evidence import CameraSpan, LegalBasis, Officer, Requisition, RequisitionDesk, StoredSegment
from csu.evidence.keep import kept_segments
from csu.governance import (
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    GovernedCamera,
    LocalDoctrine,
    Placement,
    Purpose,
    Span,
    ceiling_of,
    rules_over,
)
from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_reading import read_journal
from csu.governance.legal_register import LegalRegister
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.disk import DiskError
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Manifest, NodeId, SegmentTable
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import CameraRecorder, Catalogue, parse_segment_name
from csu.recording.frame_times import frame_times
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, segments_of_commune
from sim.disk import MemoryDisk
from sim.footage import CrashAt, Town
from sim.ports import VirtualClock

RECORD = CameraRecord(CameraId("cam-0012"), 12, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)
CAMERA, METZ = RECORD.camera, RECORD.commune


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S


def orders() -> AuthorisationRegister:
    order = Authorisation(
        "57-101",
        date(2026, 10, 1),
        date(2026, 10, 10),
        frozenset({Purpose.PERSONS_PROPERTY}),
        30,
        frozenset({"csu-metz"}),
        "CDV 2026-09-20",
        minimum_days=10,
        cameras=frozenset({CAMERA}),
    )
    stands = Placement(at("2026-10-10 08:00"), 0.0, 0.0)
    return AuthorisationRegister(AuthorisationFacts((order,), (GovernedCamera(CAMERA, METZ, (stands,)),)))


class Journal:
    """The real journal, written as the desk of the centre does, but in virtual time."""

    def __init__(self, journal: AuditJournal, now: Callable[[], int]) -> None:
        self.journal, self.now = journal, now

    @asynccontextmanager
    async def before(self, entry):
        await asyncio.get_running_loop().run_in_executor(None, lambda: self.journal.append([entry], self.now()))
        yield

    async def record(self, entry):
        self.journal.append([entry], self.now())


@dataclass
class Centre:
    """Media, evidence, keys, desk, register and journal of one camera in Metz, 30 days, and a doctrine."""

    home: object
    doctrine_days: int
    disk: MemoryDisk = field(default_factory=MemoryDisk)
    store: MemoryDisk = field(default_factory=MemoryDisk)
    at_ns: int = at("2027-01-01 00:00")

    def __post_init__(self) -> None:
        self.rules = lambda camera, span: rules_over(
            orders(), LocalDoctrine(retention_days_max=self.doctrine_days), camera, span
        )
        self.keys = LocalKeyStore(self.home / "keys")
        self.sealed = SealedDisk(self.disk, self.keys, segments_of_commune(METZ))
        self.desk = RequisitionDesk(lambda camera, ns: ceiling_of(self.rules(camera, Span(ns, ns + 1))))
        self.catalogue = Catalogue(self.home / "catalogue", durable=False)
        key = CentreKey.load_or_make(self.home / "centre.key")
        self.register = LegalRegister(self.home / "register.sqlite", key)
        self.journal = AuditJournal(self.home / "journal", key)
        self.content: dict[str, bytes] = {}
        keeper = DeskKeeper(
            EvidencePorts(
                lambda: self.desk,
                self.store,
                self._stored,
                lambda _: RECORD,
                self.register,
                lambda _: METZ,
                lambda case, certificate, now_ns: self.do(
                    self.desk.copy_destroyed(case, certificate=certificate, by="csu", at_ns=now_ns)
                ),
            )
        )
        self.town = Town(
            PurgePorts(
                clock=VirtualClock(None, 0),
                chaos=CrashAt(),
                journal=Journal(self.journal, lambda: self.at_ns),
                catalogue=self.catalogue,
                keys=self.keys,
                tiers=[DiskTier(self.disk)],
                evidence=keeper,
                register=self.register,
                rules=self.rules,
                cameras=lambda: {CAMERA: METZ},
                shortest_days=lambda: min(30, self.doctrine_days),
                tell=lambda trouble: None,
            )
        )

    def do(self, events) -> None:
        for event in events:
            self.desk.apply(event)

    def record(self, begin_ns: int, seconds: int) -> None:
        """One masked picture a second, recorded, sealed and catalogued as a node does it."""
        encoder, recorder, closed = MaskedEncoder(CAMERA, 64, 48, 1), CameraRecorder(RECORD, self.sealed), []
        recorder.start(encoder.format)
        for i in range(seconds):
            planes = YuvPlanes(np.full((48, 64), 20 + i % 200, np.uint8), *(np.full((24, 32), 128, np.uint8),) * 2)
            frame = ClearFrame(CAMERA, i, CaptureTime(begin_ns + i * NS_PER_S, from_camera=True), planes)
            for packet in encoder.encode(mask(frame, Cover.nothing(64, 48), 3, RECORD.number)):
                closed += recorder.write(packet, clock_offset_ms=0)
        closed += recorder.close()
        n = len(closed)
        table = SegmentTable(
            np.zeros(n, np.int32),
            np.array([each.start_ns for each in closed], np.int64),
            np.array([each.duration_ms for each in closed], np.int32),
            np.array([each.size_bytes for each in closed], np.int64),
            np.full(n, 3, np.int32),
            np.zeros(n, np.int32),
            np.array([np.frombuffer(each.sha256, np.uint8) for each in closed]),
        )
        self.content |= {each.name: each.content_sha256 for each in closed}
        minute_ns = begin_ns // NS_PER_MINUTE * NS_PER_MINUTE
        self.catalogue.record([Manifest(NodeId("n1"), 1, 0, minute_ns, (CAMERA,), table)])

    def _stored(self, footage) -> StoredSegment | None:
        name = footage.name
        if name not in self.disk.names():
            return None
        start_ns = footage.span.from_ns
        return StoredSegment(CAMERA, name, start_ns, self.content[name], 3, 0, lambda: self.sealed.open(name))

    def run(self, begin: str, end: str, **how):
        self.at_ns = at(begin)
        return self.town.run(at(begin), at(end), **how)

    def pictures(self) -> list[int]:
        """Capture second of each picture on the media disk."""
        return sorted(
            time.at_ns // NS_PER_S for name in self.disk.names() for time in frame_times(self.sealed.open(name))
        )


@pytest.fixture
def centre(tmp_path) -> Callable[..., Centre]:
    return lambda doctrine_days=31: Centre(tmp_path, doctrine_days)


def test_locked_10_00_to_10_20_remains_at_the_expiry_while_09_59_and_10_21_go(centre):
    here = centre()
    begin = at("2027-01-05 09:58:00")
    here.record(begin, 25 * 60)
    asked = CameraSpan(CAMERA, at("2027-01-05 10:00"), at("2027-01-05 10:20"))
    officer = Officer("Martin", "Maj.", "CIAT Metz", "123456")
    act = Requisition(LegalBasis.CPP_60_1, "PV 1", officer, begin, (asked,), "ab" * 32, is_signed=True)
    now_ns = at("2027-01-06 10:00")
    here.do(here.desk.receive("2027-1", act, by="anna", at_ns=now_ns))
    here.do(here.desk.check("2027-1", by="anna", at_ns=now_ns))
    here.do(here.desk.lock("2027-1", by="anna", at_ns=now_ns))
    straddles = [name for name in here.disk.names() if "T095" in name][-1]
    here.run("2027-02-04 09:50", "2027-02-04 10:30")
    assert here.disk.names() == []
    kept = [ns for each in kept_segments(here.store, CAMERA) for ns in each.captured_ns]
    inside = sorted(ns // NS_PER_S for ns in kept if asked.holds(ns))
    assert inside == list(range(asked.from_ns // NS_PER_S, asked.to_ns // NS_PER_S))
    # What decoding needs before the interval is at most one group of pictures; nothing is kept behind it.
    assert max(kept) < asked.to_ns
    assert min(kept) >= asked.from_ns - 10 * NS_PER_S
    assert straddles  # the interval did begin within a segment
    here.run("2027-02-05 00:00", "2027-02-05 00:02")
    assert here.keys.is_shredded(METZ, date(2027, 1, 5))
    for each in kept_segments(here.store, CAMERA):  # readable without the key that died
        assert hashlib.sha256(each.open().read()).digest() == each.sha256
    [line] = here.register.answer(date(2027, 1, 5), CAMERA).destroyed
    assert [(part.span.from_ns, part.span.to_ns) for part in line.kept] == [(asked.from_ns, asked.to_ns)]


def test_a_hold_without_a_requisition_is_told_twice_and_dies_with_its_pictures_at_the_ceiling(centre):
    here = centre(doctrine_days=10)
    begin = at("2027-01-05 09:58:00")
    here.record(begin, 5 * 60)
    span = CameraSpan(CAMERA, at("2027-01-05 10:00"), at("2027-01-05 10:01"))
    here.do(here.desk.place_hold("H-1", span, reason="fait signalé", by="anna", at_ns=at("2027-01-06 10:00")))
    here.run("2027-01-15 09:50", "2027-01-15 10:10")
    left = here.pictures()
    assert set(range(span.from_ns // NS_PER_S, span.to_ns // NS_PER_S)) <= set(left)
    assert len(left) < 200  # its neighbours went with the doctrine
    told = []
    for day in ("2027-01-20", "2027-01-28", "2027-02-01", "2027-02-02", "2027-02-03"):
        events = here.desk.tick(at(f"{day} 12:00"))
        here.do(events)
        told += [event.days_left for event in events]
    assert told == [7, 2]
    here.run("2027-02-04 09:50", "2027-02-04 10:00")
    assert here.disk.names() == []
    assert here.town.counts.late_ms_max == 0
    events = here.desk.tick(at("2027-02-04 10:00"))
    assert [type(event).__name__ for event in events] == ["HoldDied"]
    rows = [row.entry for row in read_journal(here.journal.directory)]
    assert {getattr(entry, "operation", None) for entry in rows} == {"purge"}  # the deed is in the journal, first


@pytest.mark.requirement("RET-6")
def test_a_killed_purge_is_an_incident_within_the_hour(centre):
    here = centre()
    killed = at("2027-02-04 10:10")
    here.run("2027-02-04 10:00", "2027-02-04 11:15", dies_ns=killed)
    assert here.town.told
    assert here.town.told[0].at_ns - killed <= 60 * NS_PER_MINUTE
    assert "INCIDENT" in here.town.told[0].what.fr


@pytest.mark.requirement("RET-6")
@pytest.mark.parametrize(
    ("filmed", "limit"),
    [
        ("2027-02-28 00:30", "2027-03-28 00:30"),  # the night that loses an hour
        ("2027-02-28 01:30", "2027-03-28 00:30"),  # 02:30 in Paris does not exist then: the earlier reading binds
        ("2027-10-01 00:30", "2027-10-31 00:30"),  # the night with one hour twice
    ],
)
def test_no_segment_exceeds_the_limit_on_the_days_that_the_clocks_change(centre, filmed, limit):
    here = centre()
    here.record(at(filmed), 60)
    there = []
    first_ns = min(parse_segment_name(name).start_ns for name in here.disk.names())
    looks = {at(limit) - 1: first_ns, at(limit) + NS_PER_MINUTE: first_ns + NS_PER_MINUTE}
    for at_ns, begun_ns in looks.items():
        looks[at_ns] = lambda _, begun_ns=begun_ns: there.extend(
            name for name in here.disk.names() if parse_segment_name(name).start_ns <= begun_ns
        )
    here.run(limit[:-5] + "00:10", limit[:-5] + "00:40", look=looks)
    assert there == []
    assert here.town.counts.files >= 1


def test_a_purge_by_hand_before_the_minimum_is_refused_and_logged_and_after_it_is_certified(centre):
    here = centre()
    begin_ns = at("2027-01-05 10:00:30")
    here.record(begin_ns, 60)
    asked = Asked(CAMERA, Span(begin_ns, begin_ns + 2 * NS_PER_MINUTE), "dpo", "dpo", "prefet/12")
    for when, permitted in (("2027-01-15 10:00", False), ("2027-01-15 10:03", True)):
        here.at_ns = at(when)
        ports = replace(here.town.ports, clock=Fixed(here.at_ns))

        async def ask(ports: PurgePorts = ports):
            return await purge_by_hand(Purge(ports), ports, asked)

        assert asyncio.run(ask()).permitted is permitted
        assert bool(here.disk.names()) is not permitted
    entries = [row.entry for row in read_journal(here.journal.directory)]
    assert [(entry.operation, entry.outcome, entry.refusal) for entry in entries] == [
        ("purge", "refused", "ret-3"),
        ("purge", "granted", ""),
    ]
    [line] = here.register.answer(date(2027, 1, 5), CAMERA).destroyed
    assert line.rule == "ordered"
    assert here.catalogue.living_of_day(date(2027, 1, 5)).segments == 0


def test_nothing_is_purged_by_hand_while_a_copy_may_lie_on_a_volume_that_is_away(centre):
    here = centre()
    begin_ns = at("2027-01-05 10:00:30")
    here.record(begin_ns, 60)
    asked = Asked(CAMERA, Span(begin_ns, begin_ns + 2 * NS_PER_MINUTE), "dpo", "dpo", "prefet/12")
    here.at_ns = at("2027-01-15 10:03")
    ports = replace(here.town.ports, clock=Fixed(here.at_ns), is_out_of_reach=lambda: True)

    async def ask():
        return await purge_by_hand(Purge(ports), ports, asked)

    with pytest.raises(DiskError, match="a volume is not there"):
        asyncio.run(ask())
    assert here.disk.names()
    assert here.register.answer(date(2027, 1, 5), CAMERA).destroyed == ()


class Fixed:
    """A clock that stands."""

    def __init__(self, at_ns: int) -> None:
        self.at_ns = at_ns

    def now_ns(self) -> int:
        return self.at_ns

    monotonic_ns = now_ns
