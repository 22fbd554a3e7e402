"""Devices, settings and accounts of a running centre, as the console may show them; and a camera set aside."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from csu.centre.control import Centre
from csu.centre.registers.accounts import AccountsOfCentre
from csu.centre.registers.settings import RegisterSettings
from csu.centre.watches.last_minute import LastMinutes
from csu.console.inventory import Deed, NodeTold, Setting
from csu.governance import BY_CSU, LocalDoctrine, Person, read_journal
from csu.governance.journal_entry import JournalEntry
from csu.governance.journaled_actions import OwnDeed
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import NS_PER_DAY, Clock
from csu.hal.words import Words
from csu.operations.inventory import LastMinute

DEEDS_DAYS, DEEDS_MOST = 31, 100
_DEED_WORDS = {
    OwnDeed.START: Words("le centre démarre", "the centre starts"),
    OwnDeed.STOP: Words("le centre s'arrête", "the centre stops"),
    OwnDeed.DOCTRINE: Words("doctrine locale", "local doctrine"),
    OwnDeed.JOURNAL_RETENTION: Words("durée du journal, en jours", "life of the journal, in days"),
    OwnDeed.ORDERS: Words("arrêtés et conventions en vigueur", "orders and agreements in force"),
    OwnDeed.MASK_REGISTER: Words("registre des masques", "register of masks"),
    OwnDeed.WALL_PLAN: Words("plan du mur", "plan of the wall"),
}
"""Those that set something, and are about no camera and no person."""


@dataclass(frozen=True, slots=True)
class RunsWith:
    """What a centre was told to be when it started."""

    binding: str
    doctrine: LocalDoctrine
    registers: RegisterSettings
    media: tuple[Path, ...]
    is_postgresql: bool
    """Where its catalogue is: a server, or files beside it."""
    console_host: str
    has_tls: bool


class InventoryRoom:
    """A `csu.console.inventory.InventoryDesk`."""

    def __init__(
        self,
        centre: Centre,
        minutes: LastMinutes,
        runs_with: RunsWith,
        accounts: AccountsOfCentre,
        journal: Path,
        *,
        clock: Clock,
    ) -> None:
        """`journal`: its directory. `minutes`: hears the centre's events already."""
        self._centre, self._minutes, self._runs_with = centre, minutes, runs_with
        self._accounts, self._journal, self._clock = accounts, journal, clock

    def minutes(self) -> Mapping[CameraId, LastMinute]:
        return self._minutes.all()

    def nodes(self) -> Sequence[NodeTold]:
        told_at_ns = self._minutes.told_at_ns
        return [
            NodeTold(node, is_up, cameras, told_at_ns.get(node))
            for node, (is_up, cameras) in sorted(self._centre.nodes().items())
        ]

    def settings(self) -> Sequence[Setting]:
        return settings_of(self._runs_with)

    async def deeds(self) -> Sequence[Deed]:
        return await asyncio.to_thread(self._read_deeds)

    def people(self) -> Sequence[Person]:
        return sorted(self._accounts.people, key=lambda person: person.account)

    async def set_lifecycle(self, camera: CameraId, after: CameraLifecycle, by: str, reason: str) -> None:
        await self._centre.set_lifecycle(camera, after, by, reason)

    def _read_deeds(self) -> list[Deed]:
        found: list[Deed] = []
        for row in read_journal(self._journal, self._clock.now_ns() - DEEDS_DAYS * NS_PER_DAY):
            entry = row.entry
            if isinstance(entry, JournalEntry) and entry.author == BY_CSU.account:
                deed = next((each for each in _DEED_WORDS if _is_of(entry.subject, each)), None)
                if deed is not None:
                    detail = entry.subject.removeprefix(deed.value).lstrip("/")
                    found.append(Deed(row.at_ns, _DEED_WORDS[deed], detail, entry.sha256))
        return found[: -DEEDS_MOST - 1 : -1]


def settings_of(runs_with: RunsWith) -> list[Setting]:
    """What a centre runs with, in words."""
    doctrine, registers = runs_with.doctrine, runs_with.registers
    yes_no = {True: Words("oui", "yes"), False: Words("non", "no")}
    return [
        Setting(Words("liaison aux appareils", "binding to devices"), Words.same(runs_with.binding)),
        Setting(
            Words("logements masqués au-dessus de", "dwellings masked above"),
            Words(f"{doctrine.mask_above_m:g} m".replace(".", ","), f"{doctrine.mask_above_m:g} m"),
        ),
        Setting(Words("masques dépolis", "frosted masks"), yes_no[doctrine.frosted]),
        Setting(
            Words("conservation par doctrine, au plus", "retention by doctrine, at most"),
            Words(f"{doctrine.retention_days_max} jours", f"{doctrine.retention_days_max} days"),
        ),
        Setting(
            Words("conservation du journal", "life of the journal"),
            Words(f"{registers.retention.days} jours", f"{registers.retention.days} days"),
        ),
        Setting(
            Words("ancres du journal, ailleurs", "anchors of the journal, elsewhere"),
            Words(str(len(registers.anchors)), str(len(registers.anchors)))
            if registers.anchors
            else Words("aucune : une fin coupée ne se verrait pas", "none: a cut end would not show"),
        ),
        Setting(Words("horodatage (RFC 3161)", "time stamps (RFC 3161)"), yes_no[bool(registers.tsa_url)]),
        Setting(Words("volumes de média", "volumes of media"), Words.same(", ".join(map(str, runs_with.media)))),
        Setting(
            Words("catalogue", "catalogue"),
            Words.same("PostgreSQL") if runs_with.is_postgresql else Words("fichiers SQLite", "SQLite files"),
        ),
        Setting(
            Words("console", "console"),
            Words(
                f"{runs_with.console_host}, {'TLS' if runs_with.has_tls else 'sans TLS (cette machine seule)'}",
                f"{runs_with.console_host}, {'TLS' if runs_with.has_tls else 'without TLS (this machine only)'}",
            ),
        ),
    ]


def _is_of(subject: str, deed: OwnDeed) -> bool:
    return subject == deed.value or subject.startswith(f"{deed.value}/")
