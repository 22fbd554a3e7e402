"""A desk of video enforcement with everything in order: what a test takes away must be missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    CentreKey,
    CommuneService,
    Designation,
    GovernedCamera,
    Notification,
    OffenceClass,
    Placement,
    Purpose,
    Rights,
    Role,
    ServiceLevel,
    Subject,
    Swearing,
    TicketingPermit,
    instant_in_paris,
)
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, MaskedFrame, YuvPlanes
from csu.machine import LocalDisk
from csu.masking import Cover, mask
from csu.operations.enforcement import DeskPorts, Draft, Enforcement, TicketRecord, TicketStore, View

METZ, WOIPPY = CommuneId("metz"), CommuneId("woippy")
CAMERA, OTHER, WASTE_CAMERA = CameraId("cam-0012"), CameraId("cam-0013"), CameraId("cam-0014")
NOON = instant_in_paris(date(2027, 6, 1), 720)
YEARS = Agreement("convention 7", date(2027, 1, 1), date(2030, 1, 1))
AGENT = "s.garnier"
CORNERS = [(0.2, 0.2), (0.6, 0.2), (0.6, 0.7)]
PLACE = "12, rue des Clercs"


def picture(camera: CameraId, captured_ns: int, *, hidden: bool = False, level: int = 90) -> MaskedFrame:
    planes = YuvPlanes(
        np.full((64, 96), level, np.uint8), np.full((32, 48), 120, np.uint8), np.full((32, 48), 130, np.uint8)
    )
    cover = Cover.whole(96, 64) if hidden else Cover(96, 64, np.zeros((4, 6), bool))
    return mask(ClearFrame(camera, 1, CaptureTime(captured_ns, from_camera=True), planes), cover, 1, 42)


def order(camera: CameraId, purpose: Purpose) -> Authorisation:
    return Authorisation(
        number=f"AP-{camera}",
        ordered_on=date(2026, 12, 1),
        valid_from=date(2026, 12, 15),
        purposes=frozenset({purpose}),
        retention_days=30,
        viewers=frozenset({"police-municipale"}),
        commission_opinion="CDV 2026-11-20",
        cameras=frozenset({camera}),
    )


def permit(camera: CameraId) -> TicketingPermit:
    return TicketingPermit(
        camera, f"AP-{camera}", "DCM 2027-4", ("P-57-1", "P-57-2"), YEARS, "salle PVe", date(2027, 1, 1),
        date(2030, 1, 1),
    )  # fmt: skip


def facts() -> AuthorisationFacts:
    """Cameras 12 and 13 are for road offences, 14 for waste; 13 is not designated."""
    cameras = {CAMERA: Purpose.ROAD_OFFENCES, OTHER: Purpose.ROAD_OFFENCES, WASTE_CAMERA: Purpose.WASTE_DUMPING}
    stands = Placement(instant_in_paris(date(2026, 12, 16), 480), 0.0, 0.0)
    return AuthorisationFacts(
        tuple(order(camera, purpose) for camera, purpose in cameras.items()),
        tuple(GovernedCamera(camera, METZ, (stands,)) for camera in cameras),
        tuple(Notification(camera, date(2026, 12, 15), 0.0, 0.0, "LR 1") for camera in cameras),
        (CommuneService(METZ, ServiceLevel.STORAGE_AND_WATCH, YEARS),),
        (permit(CAMERA), permit(WASTE_CAMERA)),
    )


def agent() -> Subject:
    return Subject(
        AGENT,
        Role.VERBALISER,
        strong_login=True,
        designation=Designation("police-municipale", frozenset({METZ}), YEARS),
        is_municipal_police=True,
        swearing=Swearing("TJ Metz 2027-02-01", "57-pve-12", frozenset(OffenceClass), frozenset({METZ}), YEARS),
    )


class Numbered:
    """Identifiers that tell what they are of."""

    def __init__(self) -> None:
        self.given = 0

    def new(self, kind: str) -> str:
        self.given += 1
        return f"{kind}-{self.given}"


@dataclass
class World:
    """The desk, its ports, and the time: all of it may be changed."""

    directory: Path
    facts: AuthorisationFacts = field(default_factory=facts)
    people: dict[str, Subject] = field(default_factory=lambda: {AGENT: agent()})
    shown: dict[str, MaskedFrame] = field(default_factory=dict)
    now_ns: int = NOON
    signed: list[TicketRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Enforcement(
            DeskPorts(
                Numbered(),
                self,
                self,
                self,
                lambda account, at_ns: self.people.get(account),
                lambda camera, at_ns: AuthorisationRegister(self.facts).ticketing(camera, at_ns),
                lambda camera: CameraRecord(camera, int(camera[4:]), f"Rue {camera}", METZ, ViewType.WIDE),
            )
        )

    @cached_property
    def store(self) -> TicketStore:
        """Where signed records are; a file is made with the first."""
        return store_in(self.directory)

    def keep(self, record: TicketRecord, files: Sequence[bytes]) -> None:
        self.store.keep(record, files)
        self.signed.append(record)

    def newest(self, session: str) -> MaskedFrame | None:
        return self.shown.get(session)

    def decide(self, *asked):
        return Rights(AuthorisationRegister(self.facts)).decide(*asked)

    def watch(self, account: str = AGENT, camera: CameraId = CAMERA) -> str:
        """A live session with a picture of now."""
        session = self.desk.begin(account, camera, self.now_ns).session
        self.show(session, camera)
        return session

    def show(self, session: str, camera: CameraId = CAMERA, *, age_s: float = 0.5, **how) -> None:
        self.shown[session] = picture(camera, self.now_ns - int(age_s * NS_PER_S), **how)

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * NS_PER_S)

    def opened(self, offence: str = "red-light", camera: CameraId = CAMERA) -> tuple[str, Draft]:
        session = self.watch(camera=camera)
        return session, self.desk.open(AGENT, session, offence, self.now_ns)

    def two_views(self, offence: str = "red-light", camera: CameraId = CAMERA) -> Draft:
        session, draft = self.opened(offence, camera)
        self.wait(1)
        self.show(session, camera)
        return self.desk.take(AGENT, draft.draft, View.CLOSE, self.now_ns)

    def sign(self, draft: Draft, account: str = AGENT, **typed: str) -> TicketRecord:
        told = {"plate": "AB-123-CD", "country": "F", "place": PLACE} | typed
        return self.desk.sign(account, draft.draft, **told, now_ns=self.now_ns)

    def change_agent(self, **changes) -> None:
        self.people[AGENT] = replace(self.people[AGENT], **changes)


def key() -> CentreKey:
    return CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))


def store_in(directory: Path) -> TicketStore:
    return TicketStore(directory / "tickets.sqlite", LocalDisk(directory / "tickets"), key())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    if made.signed:
        made.store.close()
