"""The console before a running centre: its desks, who comes in, where it is served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from csu.centre.analysis_hung import AnalysisRooms
from csu.centre.control import Centre
from csu.centre.desk.room import DeskRoom
from csu.centre.dpo import DpoHome, open_dpo
from csu.centre.events import CentreEvent
from csu.centre.media.wall_nodes import WallNodes
from csu.centre.papers import LawOfPast, Papers
from csu.centre.registers.accounts import AccountsOfCentre, with_accounts
from csu.centre.registers.registers import Registers
from csu.centre.registers.settings import RegisterSettings
from csu.centre.registers.wall_tokens import WallTokenNote
from csu.centre.rooms.commune_room import CommuneRoom
from csu.centre.rooms.deport_keeping import keep_deports
from csu.centre.rooms.deport_room import DeportParts, DeportRoom
from csu.centre.rooms.enforcement_room import EnforcementRoom
from csu.centre.rooms.inventory_room import InventoryRoom
from csu.centre.rooms.log_room import LogRoom
from csu.centre.rooms.speaker_room import SpeakerRoom
from csu.centre.rooms.statistics_room import StatisticsRoom
from csu.centre.rooms.wall_desk import DeskOfWall
from csu.centre.seen_by_console import AlarmsOfCentre, CallsOfCentre, PtzOfCentre, Room
from csu.centre.service_hung import ServiceRooms
from csu.centre.watch_hung import WatchDesks
from csu.console import (
    AnyOf,
    ConsoleSettings,
    Desks,
    ServedCertificate,
    WallNodeTokens,
    create_app,
    demonstration_access,
    serve_console,
)
from csu.console.identity import IdentitySource
from csu.console.sign_in import OidcSettings
from csu.governance import LocalDoctrine
from csu.hal.clock import Clock
from csu.machine import SystemIds


@dataclass(frozen=True, slots=True)
class ServedAt:
    """Where people reach it. `port` 0: any free one. `names`: by which others call it; `tls`: how it proves itself."""

    host: str
    port: int
    names: frozenset[str]
    tls: ServedCertificate | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The rooms of a running centre that people act by at the console."""

    room: Room
    centre: Centre
    wall: DeskOfWall
    wall_nodes: WallNodes
    log: LogRoom
    service: ServiceRooms
    watch: WatchDesks
    past: DeskRoom
    accounts: AccountsOfCentre
    papers: Papers
    speaking: SpeakerRoom
    communes: CommuneRoom
    statistics: StatisticsRoom | None
    analysis: AnalysisRooms | None
    inventory: InventoryRoom
    enforcement: EnforcementRoom | None
    """None: its records cannot be read."""
    doctrine: LocalDoctrine
    register_settings: RegisterSettings
    tell: Callable[[CentreEvent], None]
    """Who hears what the rooms at the console tell."""


async def hang_console(
    stack: AsyncExitStack,
    at: ServedAt,
    shown: Shown,
    registers: Registers,
    data_directory: Path,
    *,
    clock: Clock,
    tokens: IdentitySource | None,
    oidc: OidcSettings | None,
) -> str:
    """Serve the console until `stack` ends; its URL. `tokens`: who judges a person that shows one. `oidc`: an identity
    provider that vouches for people.

    Raises BadInput when the port cannot be bound.
    """
    machines = WallNodeTokens(registers.key.public, WallTokenNote(data_directory))
    judges = AnyOf([machines] if tokens is None else [tokens, machines])
    local = demonstration_access(shown.room, clock, journal=registers.journal, rights=shown.papers, desk=shown.past)
    access, sign_in = with_accounts(local, shown.accounts, clock, judges, oidc)
    dpo = await stack.enter_async_context(open_dpo(_dpo_home(shown, registers, data_directory, clock)))
    console = create_app(
        shown.room,
        clock=clock,
        access=access,
        settings=ConsoleSettings(hosts=ConsoleSettings().hosts | at.names),
        desks=Desks(
            alarms=AlarmsOfCentre(shown.centre),
            speaking=shown.speaking,
            sign_in=sign_in,
            watch=shown.service.posts,
            log=shown.log,
            service=shown.service.shifts,
            visits=shown.service.visits,
            events=shown.service.events,
            ptz=PtzOfCentre(shown.centre),
            aims=shown.watch.aims,
            map=shown.watch.map,
            tours=shown.watch.tours,
            wall=shown.wall,
            wall_nodes=shown.wall_nodes,
            communes=shown.communes,
            statistics=shown.statistics,
            analysis=None if shown.analysis is None else shown.analysis.desk,
            signals=None if shown.analysis is None else shown.analysis.signals,
            inventory=shown.inventory,
            enforcement=shown.enforcement,
            dpo=dpo,
            calls=None if shown.centre.calls is None else CallsOfCentre(shown.centre.calls),
            deports=await _deports(stack, shown, registers, data_directory, clock),
        ),
    )
    return await stack.enter_async_context(serve_console(console, host=at.host, port=at.port, tls=at.tls))


def _dpo_home(shown: Shown, registers: Registers, data_directory: Path, clock: Clock) -> DpoHome:
    law = LawOfPast(shown.papers, shown.doctrine)
    return DpoHome(
        data_directory,
        registers.key,
        registers.journal,
        shown.register_settings,
        law,
        lambda: shown.past.cases(),
        clock,
    )


async def _deports(
    stack: AsyncExitStack, shown: Shown, registers: Registers, data_directory: Path, clock: Clock
) -> DeportRoom:
    def tell(event: CentreEvent) -> None:
        shown.tell(event)
        shown.log.hear(event)

    centre, accounts = shown.centre, shown.accounts
    parts = DeportParts(
        clock=clock,
        ids=SystemIds(),
        journal=registers.journal,
        papers=shown.papers,
        people=lambda: accounts.people,
        alarms=lambda: centre.desk.unfinished(),
        relay=shown.room.relay,
        minutes_max=shown.doctrine.deport_minutes_max,
        tell=tell,
    )
    return await stack.enter_async_context(keep_deports(parts, data_directory, alarms_are_there=centre.opened))
