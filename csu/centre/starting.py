"""The parts of a centre, started one upon the other: media, control plane, wall. All end with one stack."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta

from csu.alarms import AlarmStore
from csu.centre.centre_settings import CentreSettings
from csu.centre.control import Centre
from csu.centre.events import CentreEvent, ManifestTaken
from csu.centre.footing import Ports
from csu.centre.masks.commissioning import Commissioning
from csu.centre.media.dealing import ServedNode, deal
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.media.wall_nodes import WallNodes
from csu.centre.papers import Papers
from csu.centre.preparing import Awaited, PreparedSite, ask_camera
from csu.centre.registers.accounts import AccountsOfCentre, open_accounts
from csu.centre.registers.registers import Registers
from csu.centre.rooms.log_room import LogRoom, keep_log
from csu.centre.rooms.wall_desk import DeskOfWall, WallAccount
from csu.centre.rooms.wall_plan import PlannedWall
from csu.centre.rooms.wall_room import WallRoom
from csu.centre.rooms.wall_viewers import FindPerson
from csu.centre.seen_by_console import RelayOfNodes, Room
from csu.centre.wall_hung import hang_wall
from csu.centre.watches.last_minute import LastMinutes
from csu.cluster.shared_pictures import SharedPictures, SharedPicturesSpec
from csu.cluster.wall_preview import WallPreview
from csu.console import demonstration_operator
from csu.console.demonstration import LOCAL_ACCOUNT
from csu.governance import day_in_paris
from csu.hal.camera import CameraRecord
from csu.hal.clock import Clock
from csu.hal.disk import Disk
from csu.hal.site import Site
from csu.language import say
from csu.machine import NoChaos, SystemChance, SystemIds
from csu.operations import OutboxStore
from csu.recording import Catalogue, open_catalogue
from csu.recording.key_store import LocalKeyStore, key_secret
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.wall import PanelPlan

PICTURE_MAX_PX = (960, 540)
"""Room for one picture in the memory shared with the wall; larger ones are reduced by their writer."""

SEEN_EVERY_S = 15.0
"""How often the workstation of a simulated agent sees him."""


@dataclass(slots=True)
class Observers:
    """Whoever hears what happens, and may come later."""

    all: list[Callable[[CentreEvent], None]]

    def __call__(self, event: CentreEvent) -> None:
        for observe in self.all:
            observe(event)


@dataclass(frozen=True, slots=True)
class Given:
    """What every part is started with. `tell`: whoever hears what happens; `progress` is told each step in words."""

    stack: AsyncExitStack
    settings: CentreSettings
    site: Site
    prepared: PreparedSite
    masks: Commissioning
    papers: Papers
    registers: Registers
    tell: Observers
    progress: Callable[[str], None]
    clock: Clock

    def catalogue(self) -> Catalogue:
        """One of its own: whoever looks up waits for nobody's writing."""
        catalogue = open_catalogue(self.settings.data_directory / "catalogue", self.settings.database_url)
        self.stack.callback(catalogue.close)
        return catalogue

    def alarms(self) -> AlarmStore:
        """The alarms as they are kept."""
        alarms = AlarmStore(self.settings.data_directory / "alarms.sqlite")
        self.stack.callback(alarms.close)
        return alarms


@dataclass(frozen=True, slots=True)
class Media:
    """Nodes that wait to be started, and where their pictures and segments go."""

    pictures: SharedPicturesSpec
    volumes: VolumeKeeper
    nodes: Sequence[ServedNode]
    footage: Disk
    found: frozenset[str]


@dataclass(frozen=True, slots=True)
class Work:
    """The control plane, and who hears it from its first word."""

    centre: Centre
    minutes: LastMinutes
    log: LogRoom
    finished: asyncio.Task[None]


@dataclass(frozen=True, slots=True)
class Hung:
    """The wall that hangs, and the people before it."""

    wall: WallRoom
    desk: DeskOfWall
    nodes: WallNodes
    accounts: AccountsOfCentre
    room: Room


async def lay_media(given: Given) -> Media:
    """Volumes, shared pictures, and the cameras dealt to nodes. Nothing runs yet."""
    settings, prepared = given.settings, given.prepared
    pictures = SharedPictures.create([record.camera for record in prepared.records], *PICTURE_MAX_PX)
    given.stack.callback(pictures.close)
    volumes = VolumeKeeper(settings.data_directory, settings.media, clock=given.clock, ids=SystemIds())
    given.stack.callback(volumes.close)
    await asyncio.to_thread(volumes.open)
    footage = SealedDisk(volumes.disk, keys_of(settings), nobody)
    found = frozenset(footage.names())
    nodes = deal(prepared, settings.media[0], settings.data_directory, volumes.note, pictures.spec)
    return Media(pictures.spec, volumes, nodes, footage, found)


async def start_work(given: Given, media: Media) -> Work:
    """The control plane runs, and with it the media nodes; the operations log and the last minutes hear it."""
    stack, site = given.stack, given.site
    centre = _centre(given, media.nodes)
    centre.listen(given.tell)
    minutes = LastMinutes()
    centre.listen(minutes.hear, (ManifestTaken,))
    data_directory = given.settings.data_directory
    log = await stack.enter_async_context(keep_log(centre, data_directory, clock=given.clock, tell=given.tell))
    given.progress(say("démarrage des nœuds médias", "starting the media nodes"))
    finished = asyncio.create_task(centre.run(), name="centre")
    stack.push_async_callback(_stop_centre, centre, finished)
    if site.agents:
        who = ", ".join(site.agents)
        given.progress(say(f"agents simulés en poste : {who}", f"simulated agents on watch: {who}"))
        sitting = asyncio.create_task(_sit(centre, site.agents), name="agents")
        stack.push_async_callback(_end, sitting)
        await asyncio.sleep(0)  # they sit before the wall asks who does
    return Work(centre, minutes, log, finished)


async def hang(given: Given, media: Media, work: Work, planned: PlannedWall) -> Hung:
    """The wall shows, to the people that the centre knows."""
    stack, settings, clock, tell = given.stack, given.settings, given.clock, given.tell
    given.progress(say("démarrage du mur", "starting the wall"))
    account = await asyncio.to_thread(WallAccount.of_journal, settings.data_directory / "journal")
    tell.all.append(account.observe)
    accounts = await stack.enter_async_context(
        open_accounts(settings.data_directory, given.registers.key, clock=clock, tell=tell)
    )
    records = given.prepared.records
    relay = RelayOfNodes({record.camera: each.node for each in media.nodes for record in each.records})
    wall_nodes = WallNodes(relay, media.pictures.cameras, PICTURE_MAX_PX, clock=clock, tell=tell)
    wall = await hang_wall(
        stack,
        settings.wall,
        planned,
        work.centre,
        records,
        media.pictures,
        wall_nodes,
        given.papers,
        _people_of(given.site, records, accounts, clock),
        settings.data_directory,
        journal=given.registers.journal,
        tell=tell,
    )
    showing = asyncio.create_task(wall.run(), name="wall scene")
    stack.push_async_callback(_end, showing)
    preview = WallPreview.of_wall(wall.wall, wall.outputs, clock=clock)
    stack.push_async_callback(preview.stop)
    expected, log = len(media.nodes), work.log
    room = Room(
        clock, work.centre, relay, wall, preview, media.volumes, nodes_expected=expected, written=lambda: log.written
    )
    tell.all.append(room.observe)
    return Hung(wall, DeskOfWall(wall, account, clock), wall_nodes, accounts, room)


def keys_of(settings: CentreSettings, name: str = "keys") -> LocalKeyStore:
    data_directory = settings.data_directory
    apart = (*settings.media, data_directory / "catalogue", data_directory / "evidence")
    return LocalKeyStore(data_directory / name, away_from=apart, secret=key_secret(os.environ))


def _centre(given: Given, nodes: Sequence[ServedNode]) -> Centre:
    settings, site, prepared, clock = given.settings, given.site, given.prepared, given.clock
    calls = OutboxStore(settings.data_directory / "calls.sqlite")
    given.stack.callback(calls.close)
    journal = given.registers.journal
    return Centre(
        ports=Ports(clock, SystemChance(f"centre/{clock.now_ns()}"), SystemIds(), NoChaos()),
        nodes=[each.node for each in nodes],
        assignments={each.node.node: each.assignments for each in nodes},
        catalogue=given.catalogue(),
        alarm_store=given.alarms(),
        journal=journal,
        panels=site.alarm_panels,
        posed_cameras=prepared.posed,
        self_masking=prepared.self_masking,
        cameras=prepared.answered,
        awaited=Awaited(
            {each.node.node: each.awaited for each in nodes},
            lambda camera: ask_camera(camera, site, settings.doctrine, journal),
            site.signatories,
        ),
        event_sources=site.event_sources,
        papers=given.papers,
        found_at_m=prepared.found_at_m,
        alarm_sites_m=site.alarm_sites_m,
        dispatch=(site.dispatch, calls) if site.dispatch is not None else None,
        wall_panels=[(panel, PanelPlan(panel.panel, at)) for panel, at in site.wall_panels],
        masks=given.masks,
    )


def _people_of(site: Site, records: Sequence[CameraRecord], accounts: AccountsOfCentre, clock: Clock) -> FindPerson:
    """Whom the centre knows before its wall: its people by their accounts, and on a simulated site its simulated people
    and whoever sits at the machine, who may see all of it. Who else takes a post is unknown, and the wall shows him
    nothing."""
    communes, since = {record.commune for record in records}, day_in_paris(clock.now_ns()) - timedelta(days=1)
    known = {agent: demonstration_operator(agent, communes, since) for agent in simulated_people(site)}
    return lambda account: accounts.at_post(account, clock.now_ns()) or known.get(account)


def simulated_people(site: Site) -> list[str]:
    """People of a simulated site, and whoever sits at its machine."""
    return [*site.agents, LOCAL_ACCOUNT] if site.agents else []


async def _sit(centre: Centre, agents: Sequence[str]) -> None:
    """The simulated people of a simulated site: at their post, and seen there."""
    while True:
        for agent in agents:
            centre.take_post(agent)
        await asyncio.sleep(SEEN_EVERY_S)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _stop_centre(centre: Centre, finished: asyncio.Task[None]) -> None:
    if not finished.done():
        await centre.stop()
    await finished
