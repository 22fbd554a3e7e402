"""A city of several communes with real papers, alarms and figures: for tests of its rooms and pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from csu.alarms import Alarm, AlarmId, AlarmState, AlarmStore
from csu.alarms.alarm import AlarmStep
from csu.centre.papers import Papers
from csu.centre.rooms.commune_room import CommuneHome, CommuneRoom
from csu.evidence import LegalBasis
from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    CommuneService,
    GovernedCamera,
    LocalDoctrine,
    Notification,
    Placement,
    Purpose,
    ServiceLevel,
    Span,
    day_in_paris,
    facts_text,
    start_of_day,
)
from csu.governance.signs import Sign, SignRegister
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.clock import Clock
from csu.hal.media import Gap, GapCause
from csu.hal.words import Words
from csu.ingest.board import CameraState, CameraStatus
from csu.operations.inventory import LastMinute
from csu.recording.availability_store import AvailabilityStore
from csu.recording.coverage import Account, Interval

METZ, ARS = CommuneId("metz"), CommuneId("ars")
HOUR_NS = 3_600_000_000_000
PLACES = ("Place d'Armes", "Rue Serpenoise", "Quai des Régates", "Avenue de Strasbourg")


class Recorded:
    """Every camera was recorded without end, but for one hour of the first and all of the last."""

    def __init__(self, cameras: Sequence[CameraId], day: date) -> None:
        self._first, self._last = cameras[0], cameras[-1]
        self._lost: Interval = (start_of_day(day) + 10 * HOUR_NS, start_of_day(day) + 11 * HOUR_NS)
        self.asked = 0

    def accounts(self, cameras, from_ns, to_ns):
        self.asked += 1
        return {camera: self._account(camera, from_ns, to_ns) for camera in cameras}

    def _account(self, camera, from_ns, to_ns) -> Account:
        if camera == self._last:
            return Account(np.empty((0, 2), np.int64))
        whole = Span(from_ns, to_ns)
        lost_ns = (max(from_ns, self._lost[0]), min(to_ns, self._lost[1]))
        if camera != self._first or lost_ns[0] >= lost_ns[1]:
            return Account(np.array([[whole.from_ns, whole.to_ns]], np.int64))
        pieces = np.array([[from_ns, lost_ns[0]], [lost_ns[1], to_ns]], np.int64)
        return Account(pieces, (Gap(camera, *lost_ns, GapCause.CAMERA_LOST),))


class City:
    """`cameras` of them, dealt to the communes in turn. The centre began `days` ago; today's clock is `clock`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        cameras: int = 8,
        communes: Sequence[str] = (METZ, ARS),
        days: int = 40,
        purposes: Collection[Purpose] = (Purpose.PERSONS_PROPERTY, Purpose.PUBLIC_BUILDINGS),
    ) -> None:
        self.path, self.clock, self._purposes = path, clock, frozenset(purposes)
        self.communes = [CommuneId(each) for each in communes]
        self.cameras = [CameraId(f"cam-{number:04}") for number in range(1, cameras + 1)]
        self.today = day_in_paris(clock.now_ns())
        self.began_ns = start_of_day(self.today - timedelta(days=days))
        self.catalogue = Recorded(self.cameras, self.today - timedelta(days=1))
        self.papers = Papers.stated(facts_text(self._facts()))
        self.alarms = AlarmStore(path / "alarms.sqlite", durable=False)
        self.desk = SimpleNamespace(cases=self._cases)
        self.told: list[object] = []
        self.store = AvailabilityStore(path / "availability.sqlite")
        self.lives = dict.fromkeys(self.cameras, CameraLifecycle.ACTIVE)
        self.lives[self.cameras[1]] = CameraLifecycle.NOT_COMMISSIONED
        self.room = CommuneRoom(
            CommuneHome(
                path,
                clock,
                papers=self.papers,
                doctrine=LocalDoctrine(),
                board=self.board,
                masks=self,
                catalogue=self.catalogue,
                alarms=self.alarms,
                desk=self.desk,
                tell=self.told.append,
                signs=self.signs,
            ),
            self.store,
            self.began_ns,
        )

    def commune_of(self, camera: CameraId) -> CommuneId:
        return self.communes[self.cameras.index(camera) % len(self.communes)]

    def served(self, camera: CameraId, now_ns: int) -> tuple[Span, ...]:
        """As `Commissioning`: in service since ever, but for the second camera, which moved yesterday at noon."""
        noon_ns = start_of_day(self.today - timedelta(days=1)) + 12 * HOUR_NS
        return (Span(0, noon_ns if camera == self.cameras[1] else now_ns),)

    def board(self) -> list[CameraStatus]:
        return [self._status(number, camera) for number, camera in enumerate(self.cameras, 1)]

    async def signs(self) -> SignRegister:
        """One, in the first commune."""
        text = "Place sous vidéoprotection. Responsable : le maire. Vos droits : mairie."
        place, since = "Place d'Armes, côté cathédrale", date(2026, 3, 2)
        return SignRegister({"P-12": Sign("P-12", self.communes[0], place, since, text, tuple(self.cameras[:1]))})

    def minutes(self) -> dict[CameraId, LastMinute]:
        """What nodes said of the minute before."""
        minute_ns = self.clock.now_ns() // 60_000_000_000 * 60_000_000_000 - 60_000_000_000
        told = {camera: LastMinute("node-1", minute_ns, True, None, 40, False) for camera in self.cameras[:-1]}
        told[self.cameras[2]] = LastMinute("node-2", minute_ns, False, GapCause.DISK, None, False)
        told[self.cameras[3]] = LastMinute("node-2", minute_ns, True, None, -4200, True)
        return told

    def ring(self, commune: CommuneId, kind: AlarmKind, count: int, *, confirmed: int = 0) -> None:
        """So many alarms this hour; some of them confirmed."""
        now_ns = self.clock.now_ns()
        for number in range(count):
            message = PanelMessage(PanelId(f"panel-{commune}"), number, commune, "Gymnase", kind, now_ns)
            steps = (AlarmStep(AlarmState.ACKED, now_ns, "l.weber"), AlarmStep(AlarmState.CONFIRMED, now_ns, "l.weber"))
            name = AlarmId(f"panel-{commune}/{kind}/{number}")
            self.alarms.save(Alarm(name, message, now_ns, steps if number < confirmed else ()))

    def close(self) -> None:
        self.alarms.close()
        self.store.close()

    def _status(self, number: int, camera: CameraId) -> CameraStatus:
        name = f"{PLACES[number % len(PLACES)]} {number}"
        record = CameraRecord(camera, number, name, self.commune_of(camera), ViewType.WIDE)
        lost = camera == self.cameras[-1]
        return CameraStatus(
            record,
            CameraState.LOST if lost else CameraState.LIVE,
            self.clock.now_ns() - HOUR_NS,
            self.clock.now_ns(),
            detail=Words("la caméra ne répond plus", "the camera no longer answers") if lost else Words("", ""),
            audio_offered=number == 5,
            lifecycle=self.lives[camera],
            mask_version=1 if self.lives[camera] is CameraLifecycle.ACTIVE else 0,
        )

    def _cases(self) -> list[SimpleNamespace]:
        """Six requisitions about the first commune; one access request, which is none."""
        spans = (SimpleNamespace(camera=self.cameras[0]),)
        acts = [SimpleNamespace(spans=spans, basis=LegalBasis.CPP_60_1)] * 6
        acts.append(SimpleNamespace(spans=spans, basis=LegalBasis.GDPR_ACCESS))
        return [SimpleNamespace(act=act, received_at_ns=self.clock.now_ns()) for act in acts]

    def _facts(self) -> AuthorisationFacts:
        since = day_in_paris(self.began_ns) - timedelta(days=30)
        order = Authorisation(
            number="2026-DCAT-BEPE-101",
            ordered_on=since,
            valid_from=since,
            purposes=self._purposes,
            retention_days=30,
            viewers=frozenset({"csu-metz"}),
            commission_opinion="CDV 12",
            cameras=frozenset(self.cameras),
        )
        term = Agreement("CV-2026-7", since, since + timedelta(days=1000))
        levels = {self.communes[-1]: ServiceLevel.STORAGE_ONLY}
        return AuthorisationFacts(
            (order,),
            tuple(
                GovernedCamera(camera, self.commune_of(camera), (Placement(start_of_day(since), 0.0, 0.0),))
                for camera in self.cameras
            ),
            tuple(Notification(camera, since, 0.0, 0.0, "LR 12") for camera in self.cameras),
            tuple(
                CommuneService(commune, levels.get(commune, ServiceLevel.STORAGE_AND_WATCH), term)
                for commune in self.communes
            ),
        )
