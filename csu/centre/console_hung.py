"""The console before a running centre: its desks, who comes in, where it is served."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from csu.centre.control import Centre
from csu.centre.desk.room import DeskRoom
from csu.centre.events import CentreEvent
from csu.centre.media.wall_nodes import WallNodes
from csu.centre.papers import Papers
from csu.centre.registers.accounts import AccountsOfCentre, with_accounts
from csu.centre.registers.registers import Registers
from csu.centre.registers.wall_tokens import WallTokenNote
from csu.centre.rooms.deport_keeping import keep_deports
from csu.centre.rooms.deport_room import DeportParts, DeportRoom
from csu.centre.rooms.log_room import LogRoom
from csu.centre.rooms.speaker_room import SpeakerRoom
from csu.centre.rooms.wall_desk import DeskOfWall
from csu.centre.seen_by_console import AlarmsOfCentre, CallsOfCentre, PtzOfCentre, Room
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
    past: DeskRoom
    accounts: AccountsOfCentre
    papers: Papers
    speaking: SpeakerRoom
    doctrine: LocalDoctrine
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
    console = create_app(
        shown.room,
        clock=clock,
        access=access,
        settings=ConsoleSettings(hosts=ConsoleSettings().hosts | at.names),
        desks=Desks(
            alarms=AlarmsOfCentre(shown.centre),
            speaking=shown.speaking,
            sign_in=sign_in,
            watch=shown.centre,
            log=shown.log,
            ptz=PtzOfCentre(shown.centre),
            wall=shown.wall,
            wall_nodes=shown.wall_nodes,
            calls=None if shown.centre.calls is None else CallsOfCentre(shown.centre.calls),
            deports=await _deports(stack, shown, registers, data_directory, clock),
        ),
    )
    return await stack.enter_async_context(serve_console(console, host=at.host, port=at.port, tls=at.tls))


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
