"""A desk of analysis over streets: drawings and the switch go by the rules that a running centre has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from csu.console.demonstration import SERVICE
from csu.governance import Agreement, Author, Designation, Role, Subject
from csu.governance.analysis_switch import PUTS_BACK, THROWS, SwitchNow, require_reason, require_role, role_of
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ZoneRule
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.words import NO_WORDS, Words
from csu.operations.analysis_zones import CameraDrawing
from tests.console.test_ptz import YEARS

ORDER = "2026-VSA-12"
QUAY = AnalysisZone("quai", ((0.1, 0.5), (0.6, 0.5), (0.6, 0.9), (0.1, 0.9)))
ROLES = {"chief": Role.ROOM_CHIEF, "manager": Role.CSU_MANAGER}


class WhoeverIsNamed:
    """By header or cookie: an agent of Metz, or what `ROLES` has of that name."""

    def __init__(self, communes: Sequence[CommuneId] = (CommuneId("metz"),), years: Agreement = YEARS) -> None:
        self._papers = Designation(SERVICE, frozenset(communes), years)

    def subject(self, connection, at_ns):
        person = connection.headers.get("x-person") or connection.cookies.get("person", "anne")
        return Subject(person, ROLES.get(person, Role.OPERATOR), True, self._papers, is_municipal_police=True)


@dataclass
class AnalysedStreets:
    """An `AnalysisDesk`. `analysed`: those that are looked at, while nobody has stopped it."""

    analysed: Sequence[CameraId]
    until_ns: int
    drawings: dict[CameraId, CameraDrawing] = field(default_factory=dict)
    now: SwitchNow = SwitchNow()
    reasons: list[tuple[str, str]] = field(default_factory=list)

    def tells(self, camera: CameraId) -> Words:
        if self.now.is_thrown:
            return self.now.allows().reason
        if camera in self.analysed:
            return Words(f"analysée jusqu'à 23:30 (arrêté {ORDER})", f"analysed until 23:30 (order {ORDER})")
        return Words("aucun arrêté ne le permet", "no order permits it")

    def given(self) -> Sequence[AnalysisAssignment]:
        looked_at = () if self.now.is_thrown else self.analysed
        rule = ZoneRule(QUAY, EventType.RESTRICTED_ZONE)
        return [AnalysisAssignment(camera, (rule,), self.until_ns, ORDER) for camera in looked_at]

    def switch(self) -> SwitchNow:
        return self.now

    def drawing(self, camera: CameraId) -> CameraDrawing | None:
        return self.drawings.get(camera)

    def unavailable(self, camera: CameraId, type: EventType) -> Words:
        nothing = Words("aucun modèle attesté ne sait le trouver", "no attested model can find it")
        return nothing if type is EventType.WEAPON else NO_WORDS

    async def pictures_today(self) -> int:
        return 123_456

    async def draw(self, camera: CameraId, rules: tuple[ZoneRule, ...], person: str) -> CameraDrawing:
        before = self.drawings.get(camera) or CameraDrawing(camera, person, 0)
        self.drawings[camera] = replace(before, drawn_by=person, drawn_ns=time.time_ns(), rules=rules)
        return self.drawings[camera]

    async def stop(self, by: Author, reason: str) -> None:
        require_reason(reason)
        self._set(SwitchNow(True, require_role(role_of(by), THROWS)), by, reason)

    async def resume(self, by: Author, reason: str) -> None:
        require_reason(reason)
        self._set(SwitchNow(False, require_role(role_of(by), PUTS_BACK)), by, reason)

    def _set(self, now: SwitchNow, by: Author, reason: str) -> None:
        self.now = now
        self.reasons.append((by.account, reason))


def hours_from(now_ns: int, hours: float) -> int:
    return now_ns + round(hours * 3600 * NS_PER_S)
