"""A console over a city of communes and its devices, for whom a header or a cookie names: for tests of their pages."""

from __future__ import annotations

from datetime import date, timedelta

from csu.console import Access, Desks, RoomHealth, create_app
from csu.console.demonstration import JournalInMemory
from csu.console.inventory import Deed, NodeTold, Setting
from csu.console.statistics import StatisticsDesk
from csu.governance import (
    Agreement,
    Designation,
    LifecycleRefused,
    Person,
    PrefectApproval,
    Role,
    Subject,
)
from csu.governance.lifecycle import require_arrow
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.words import Words
from csu.recording.space import VolumeState
from tests.centre.rooms.commune_city import City
from tests.e2e.test_sign_in_browser import QuietRoom

TERM = Agreement("D-7", date(2026, 1, 1), date(2036, 1, 1))


class Hall(QuietRoom):
    """The room that the console sees: the city's board, and the city's machines."""

    def __init__(self, city: City, statistics: StatisticsDesk | None = None) -> None:
        self.city = city
        self.set_aside: list[tuple[str, str, str]] = []
        self.journal = JournalInMemory(city.clock)
        access = Access(city.papers, WhoeverIsNamed(city), self.journal)
        desks = Desks(communes=city.room, inventory=self, statistics=statistics)
        self.app = create_app(self, clock=city.clock, access=access, desks=desks)

    def cameras(self):
        return self.city.board()

    def health(self) -> RoomHealth:
        now_ns = self.city.clock.now_ns()
        volumes = (
            VolumeState("/srv/media/a", 16 * 10**12, 3 * 10**12),
            VolumeState("/srv/media/b", 16 * 10**12, 0, trouble=Words("lecture seule", "read-only")),
        )
        return RoomHealth(True, "0.1.0", now_ns - 86_400 * 10**9, 1, 2, volumes=volumes, hours_left=412.0)

    # -- the inventory ------------------------------------------------------------------------------------------------

    def minutes(self):
        return self.city.minutes()

    def nodes(self):
        now_ns = self.city.clock.now_ns()
        return [NodeTold("node-1", True, 65, now_ns - 20 * 10**9), NodeTold("node-2", False, 65, None)]

    def settings(self):
        return [
            Setting(Words("liaison aux appareils", "binding to devices"), Words.same("field")),
            Setting(Words("conservation par doctrine, au plus", "retention by doctrine, at most"), Words.same("30")),
        ]

    async def deeds(self):
        return [Deed(self.city.clock.now_ns(), Words("doctrine locale", "local doctrine"), "", "ab" * 32)]

    def people(self):
        communes = frozenset(self.city.communes[:2])
        approval = PrefectApproval("57-3", "Moselle", communes, date(2026, 1, 1), date(2030, 1, 1), date(2025, 11, 1))
        return [
            Person(
                "a.martin", "Anne Martin", frozenset({Role.OPERATOR}), Designation("csu-metz", communes, TERM), approval
            ),
            Person("t.roy", "Théo Roy", frozenset({Role.TECH_ADMIN, Role.INTEGRATOR})),
        ]

    async def set_lifecycle(self, camera: CameraId, after: CameraLifecycle, by: str, reason: str) -> None:
        """As the register does."""
        if after is CameraLifecycle.ACTIVE:
            raise LifecycleRefused(Words("signatures", "signatures"), where=camera, what_to_do=Words("signez", "sign"))
        require_arrow(camera, self.city.lives[camera], after)
        self.city.lives[camera] = after
        self.set_aside.append((camera, by, reason))


class WhoeverIsNamed:
    """`role` or `role:commune`, in a header or a cookie; all papers in order."""

    def __init__(self, city: City) -> None:
        self._city = city

    def subject(self, connection, at_ns):
        named = connection.headers.get("x-person") or connection.cookies.get("person", "")
        if not named:
            return None
        role, _, commune = named.partition(":")
        communes = frozenset({commune} if commune else self._city.communes)
        year = Agreement("D-7", self._city.today - timedelta(days=9), self._city.today + timedelta(days=9))
        return Subject(
            f"{role}.1",
            Role(role),
            True,
            Designation("csu-metz", communes, year),
            is_municipal_police=True,
            communes=communes,
        )
