"""A whole centre on this machine: site, media nodes, control plane, wall and console, started and stopped in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

from csu.alarms import AlarmStore
from csu.centre.added import ADDED_COMMUNE, AddedStream
from csu.centre.console_hung import ServedAt, Shown, hang_console
from csu.centre.control import Centre
from csu.centre.desk.room import DeskRoom
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.dpo.signs import FILE as SIGNS_FILE
from csu.centre.dpo.signs import SignsOfCentre
from csu.centre.events import CentreEvent, ManifestTaken, Trouble
from csu.centre.footing import Ports
from csu.centre.masks.commissioning import Commissioning
from csu.centre.media.dealing import ServedNode, deal
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.media.wall_nodes import WallNodes
from csu.centre.papers import Papers
from csu.centre.past import PastHome, keep_past
from csu.centre.preparing import Awaited, PreparedSite, ask_camera, prepare_site
from csu.centre.registers.accounts import AccountsOfCentre, open_accounts
from csu.centre.registers.registers import Registers, journal_start, journal_stop, open_registers
from csu.centre.registers.settings import RegisterSettings
from csu.centre.rooms.commune_room import CommuneHome, CommuneRoom, keep_communes
from csu.centre.rooms.inventory_room import InventoryRoom, RunsWith
from csu.centre.rooms.log_room import keep_log
from csu.centre.rooms.map_room import MapSettings
from csu.centre.rooms.speaker_room import SpeakerRoom
from csu.centre.rooms.wall_desk import DeskOfWall, WallAccount
from csu.centre.rooms.wall_room import WallRoom
from csu.centre.rooms.wall_viewers import FindPerson
from csu.centre.seen_by_console import RelayOfNodes, Room
from csu.centre.service_hung import agents_of, keep_service
from csu.centre.site_maps import with_maps
from csu.centre.wall_hung import WallSettings, hang_wall, planned_wall
from csu.centre.watch_hung import open_watch_desks
from csu.centre.watches.last_minute import LastMinutes
from csu.cluster.shared_pictures import SharedPictures, SharedPicturesSpec
from csu.cluster.wall_preview import WallPreview
from csu.console import ServedCertificate, demonstration_operator, invented_papers
from csu.console.demonstration import LOCAL_ACCOUNT
from csu.console.identity import IdentitySource
from csu.console.sign_in import OidcSettings
from csu.governance import CentreKey, Journal, LocalDoctrine, day_in_paris
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import Camera, CameraRecord, ViewType
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.disk import Disk
from csu.hal.errors import BadInput
from csu.hal.media import Assignment
from csu.hal.site import OpenSite, Option, Site, SiteRequest
from csu.hal.tls import LOCALHOST, is_loopback
from csu.hal.words import Words
from csu.language import say
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds
from csu.operations import Incident, OutboxStore
from csu.recording import open_catalogue
from csu.recording.floors import floor_of
from csu.recording.key_store import LocalKeyStore, key_secret
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.wall import PanelPlan

PICTURE_MAX_PX = (960, 540)
"""Room for one picture in the memory shared with the wall; larger ones are reduced by their writer."""

SEEN_EVERY_S = 15.0
"""How often the workstation of a simulated agent sees him."""

Observe = Callable[[CentreEvent], None]


@dataclass(frozen=True, slots=True)
class CentreSettings:
    """What a person decides about a centre on one machine. Everything has a default."""

    data_directory: Path
    binding: str = "street"
    site: OpenSite | None = None
    """What opens the site, for whoever brings one; None: the binding of that name."""
    cameras: int = 8
    options: Mapping[str, Option] = field(default_factory=dict)
    added: tuple[AddedStream, ...] = ()
    doctrine: LocalDoctrine = LocalDoctrine()
    registers: RegisterSettings = RegisterSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    media_directories: tuple[Path, ...] = ()
    """Where segments go, each a volume of its own; none: `media` in the data directory."""
    database_url: str | None = None
    """PostgreSQL for the catalogue (`CSU_DATABASE_URL`); None: SQLite files, one a day."""
    wall: WallSettings = WallSettings()
    map: MapSettings = MapSettings()
    console_host: str = "127.0.0.1"
    console_port: int = 0
    """0: any free port; the address is told."""
    console_names: frozenset[str] = frozenset()
    """Names it is called by from other machines, beside those of this one."""
    console_tls: ServedCertificate | None = None
    """What it proves itself with; without, only this very machine may speak to it."""
    oidc: OidcSettings | None = None
    """An identity provider that vouches for its people; None: they prove themselves here."""

    @property
    def media(self) -> tuple[Path, ...]:
        """The directories of media."""
        return self.media_directories or (self.data_directory / "media",)


@dataclass(slots=True)
class _Observers:
    """Whoever hears what happens, and may come later."""

    all: list[Observe]

    def __call__(self, event: CentreEvent) -> None:
        for observe in self.all:
            observe(event)


@dataclass(frozen=True, slots=True)
class RunningCentre:
    """The parts of a centre that runs."""

    centre: Centre
    site: Site
    wall: WallRoom
    pictures: SharedPicturesSpec
    """Where the newest masked picture of each camera is."""
    footage: Disk
    """What was recorded, opened with its keys: for the demonstration's own examination of a simulated street."""
    found: frozenset[str]
    """What of it was there before: of earlier runs in the same directory."""
    console_url: str
    assignments: tuple[Assignment, ...]
    """Of the cameras that answered when it opened."""
    records: tuple[CameraRecord, ...]
    """Of all."""
    posed: tuple[Camera, ...]
    """The PTZ cameras."""
    registers: Registers
    finished: asyncio.Task[None]
    """The control plane's own task: done before `stop` only if it failed."""


def find_binding(name: str) -> OpenSite:
    """The binding of that name, from the entry points `csu.bindings`. Raises BadInput naming those that exist."""
    known = {entry.name: entry for entry in entry_points(group="csu.bindings")}
    if name not in known:
        names = ", ".join(sorted(known)) or "-"
        raise BadInput(
            Words(f"la liaison {name!r} n'existe pas", f"there is no binding {name!r}"),
            where=f"--binding {name}",
            what_to_do=Words(f"Choisissez parmi : {names}", f"Choose one of: {names}"),
        )
    found: OpenSite = known[name].load()
    return found


@asynccontextmanager
async def open_centre(
    settings: CentreSettings,
    *,
    observe: Observe,
    progress: Callable[[str], None],
    tokens: IdentitySource | None = None,
) -> AsyncIterator[RunningCentre]:
    """Start a centre; stop all of it on the way out, whatever happened. `progress` is told each step in words.

    `tokens`: who judges a person that shows one; None: only the local operator of a demonstration comes in.

    Raises BadInput for an unknown binding or option, CsuError for a part that cannot start.
    """
    _require_tls(settings)
    open_site = settings.site or find_binding(settings.binding)
    observers = _Observers([observe])
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        progress(say("ouverture des registres", "opening the registers"))
        registers = await stack.enter_async_context(
            open_registers(settings.data_directory, settings.registers, clock=clock, tell=observers)
        )
        progress(say("ouverture du site", "opening the site"))
        request = _request(settings, clock.now_ns())
        site = await asyncio.to_thread(with_maps, await stack.enter_async_context(open_site(request)))
        masks = Commissioning.open(settings.data_directory / "masks.sqlite")
        stack.callback(masks.close)
        doctrine, head = settings.doctrine, masks.head
        await journal_start(registers.journal, settings.registers, doctrine, masks_head=head)
        prepared = await prepare_site(site, settings.added, settings.doctrine, masks, registers.journal)
        known = len(prepared.assignments)
        progress(say(f"{known} caméras connues", f"{known} cameras known"))
        papers = await asyncio.to_thread(_papers, settings, site, prepared, registers.key)
        stack.callback(papers.close)
        await registers.journal.record(deed_entry(OwnDeed.ORDERS, sha256=papers.digest))
        running = await _start_parts(
            stack, settings, site, prepared, masks, papers, registers, observers, progress, tokens
        )
        stack.push_async_callback(journal_stop, registers.journal, observers, clock)
        yield running


async def _start_parts(
    stack: AsyncExitStack,
    settings: CentreSettings,
    site: Site,
    prepared: PreparedSite,
    masks: Commissioning,
    papers: Papers,
    registers: Registers,
    observers: _Observers,
    progress: Callable[[str], None],
    tokens: IdentitySource | None,
) -> RunningCentre:
    records = prepared.records
    planned = await asyncio.to_thread(planned_wall, settings.wall, records)
    pictures = SharedPictures.create([record.camera for record in records], *PICTURE_MAX_PX)
    stack.callback(pictures.close)
    clock = SystemClock()
    volumes = VolumeKeeper(settings.data_directory, settings.media, clock=clock, ids=SystemIds())
    stack.callback(volumes.close)
    await asyncio.to_thread(volumes.open)
    footage = SealedDisk(volumes.disk, _keys(settings), nobody)
    found = frozenset(footage.names())
    nodes = deal(prepared, settings.media[0], settings.data_directory, volumes.note, pictures.spec)
    centre = _centre(stack, settings, site, nodes, prepared, masks, papers, registers.journal)
    centre.listen(observers)
    minutes = LastMinutes()
    centre.listen(minutes.hear, (ManifestTaken,))
    log = await stack.enter_async_context(keep_log(centre, settings.data_directory, clock=clock, tell=observers))
    progress(say("démarrage des nœuds médias", "starting the media nodes"))
    finished = asyncio.create_task(centre.run(), name="centre")
    stack.push_async_callback(_stop_centre, centre, finished)
    if site.agents:
        who = ", ".join(site.agents)
        progress(say(f"agents simulés en poste : {who}", f"simulated agents on watch: {who}"))
        sitting = asyncio.create_task(_sit(centre, site.agents), name="agents")
        stack.push_async_callback(_end, sitting)
        await asyncio.sleep(0)  # they sit before the wall asks who does
    progress(say("démarrage du mur", "starting the wall"))
    account = await asyncio.to_thread(WallAccount.of_journal, settings.data_directory / "journal")
    observers.all.append(account.observe)
    accounts = await stack.enter_async_context(
        open_accounts(settings.data_directory, registers.key, clock=clock, tell=observers)
    )
    people = _people_of(site, records, accounts, clock)
    relay = RelayOfNodes({record.camera: each.node for each in nodes for record in each.records})
    wall_nodes = WallNodes(relay, pictures.spec.cameras, PICTURE_MAX_PX, clock=clock, tell=observers)
    wall = await hang_wall(
        stack,
        settings.wall,
        planned,
        centre,
        records,
        pictures.spec,
        wall_nodes,
        papers,
        people,
        settings.data_directory,
        journal=registers.journal,
        tell=observers,
    )
    showing = asyncio.create_task(wall.run(), name="wall scene")
    stack.push_async_callback(_end, showing)
    preview = WallPreview.of_wall(wall.wall, wall.outputs, clock=clock)
    stack.push_async_callback(preview.stop)
    room = Room(clock, centre, relay, wall, preview, volumes, nodes_expected=len(nodes), written=lambda: log.written)
    observers.all.append(room.observe)
    watch = await stack.enter_async_context(
        open_watch_desks(settings.map, site, centre, wall, settings.data_directory, clock=clock, tell=observers)
    )
    observers.all.append(watch.tours.observe)
    past = await stack.enter_async_context(_past(stack, settings, records, papers, registers, volumes, observers))
    desk_of_wall = DeskOfWall(wall, account, clock)
    service = await stack.enter_async_context(
        keep_service(
            centre,
            settings.data_directory,
            log=log,
            wall=desk_of_wall,
            papers=papers,
            records=records,
            agents=lambda: agents_of(accounts, clock, _simulated(site)),
            clock=clock,
            tell=observers,
        )
    )
    communes = await stack.enter_async_context(
        _communes(stack, settings, centre, papers, masks, past, registers.key, observers)
    )
    console_url = await hang_console(
        stack,
        ServedAt(settings.console_host, settings.console_port, settings.console_names, settings.console_tls),
        Shown(
            room=room,
            centre=centre,
            wall=desk_of_wall,
            wall_nodes=wall_nodes,
            log=log,
            service=service,
            watch=watch,
            past=past,
            accounts=accounts,
            papers=papers,
            speaking=SpeakerRoom(site.speech, centre=centre, clock=clock, journal=registers.journal, tell=observers),
            communes=communes,
            inventory=_inventory(settings, centre, minutes, accounts),
            doctrine=settings.doctrine,
            register_settings=settings.registers,
            tell=observers,
        ),
        registers,
        settings.data_directory,
        clock=clock,
        tokens=tokens,
        oidc=settings.oidc,
    )
    return RunningCentre(
        centre,
        site,
        wall,
        pictures.spec,
        footage,
        found,
        console_url,
        prepared.assignments,
        records,
        prepared.posed,
        registers,
        finished,
    )


def _require_tls(settings: CentreSettings) -> None:
    """Tokens and pictures never go over a network in the open."""
    host = settings.console_host
    if settings.console_tls is None and host != LOCALHOST and not is_loopback(host):
        raise BadInput(
            Words("la console écouterait en clair", "the console would listen in the open"),
            where=host,
            what_to_do=Words("Donnez un certificat et sa clé", "Give a certificate and its key"),
        )


def _request(settings: CentreSettings, at_ns: Nanoseconds) -> SiteRequest:
    floors = {view: (*floor_of(view)[0], floor_of(view)[1]) for view in ViewType}
    call_words = frozenset(incident.words.fr for incident in Incident)
    return SiteRequest(settings.cameras, settings.options, at_ns, floors, call_words)


def _papers(settings: CentreSettings, site: Site, prepared: PreparedSite, key: CentreKey) -> Papers:
    """The centre's orders. What a simulated site brings is entered, with invented papers for streams added to it."""
    papers = Papers.open(settings.data_directory / "orders.sqlite", key)
    if site.papers:
        now_ns = SystemClock().now_ns()
        since = day_in_paris(now_ns) - timedelta(days=1)
        extra = invented_papers(dict.fromkeys(prepared.added, ADDED_COMMUNE), since)
        papers.take_in(site.papers, extra, now_ns)
    return papers


def _keys(settings: CentreSettings, name: str = "keys") -> LocalKeyStore:
    data_directory = settings.data_directory
    apart = (*settings.media, data_directory / "catalogue", data_directory / "evidence")
    return LocalKeyStore(data_directory / name, away_from=apart, secret=key_secret(os.environ))


def _past(
    stack: AsyncExitStack,
    settings: CentreSettings,
    records: Sequence[CameraRecord],
    papers: Papers,
    registers: Registers,
    volumes: VolumeKeeper,
    tell: Callable[[Trouble], None],
) -> AbstractAsyncContextManager[DeskRoom]:
    """The purge and the desk, over a catalogue of their own: its look-ups wait for nobody's writing."""
    catalogue = open_catalogue(settings.data_directory / "catalogue", settings.database_url)
    stack.callback(catalogue.close)
    return keep_past(
        PastHome(
            settings.data_directory,
            clock=SystemClock(),
            chaos=NoChaos(),
            doctrine=settings.doctrine,
            papers=papers,
            catalogue=catalogue,
            keys=_keys(settings),
            records={record.camera: record for record in records},
            evidence_keys=_keys(settings, "evidence-keys"),
            evidence=settings.evidence,
            registers=registers,
            volumes=volumes,
            tell=tell,
        )
    )


def _communes(
    stack: AsyncExitStack,
    settings: CentreSettings,
    centre: Centre,
    papers: Papers,
    masks: Commissioning,
    past: DeskRoom,
    key: CentreKey,
    tell: Callable[[Trouble], None],
) -> AbstractAsyncContextManager[CommuneRoom]:
    """The figures of the communes, over a catalogue and an alarm store of their own."""
    catalogue = open_catalogue(settings.data_directory / "catalogue", settings.database_url)
    stack.callback(catalogue.close)
    alarms = AlarmStore(settings.data_directory / "alarms.sqlite")
    stack.callback(alarms.close)
    signs = SignsOfCentre(settings.data_directory / SIGNS_FILE, key, SystemClock())
    stack.callback(signs.close)
    return keep_communes(
        CommuneHome(
            settings.data_directory,
            SystemClock(),
            papers=papers,
            doctrine=settings.doctrine,
            board=centre.board.all,
            masks=masks,
            catalogue=catalogue,
            alarms=alarms,
            desk=past,
            tell=tell,
            signs=signs.register,
        )
    )


def _inventory(
    settings: CentreSettings, centre: Centre, minutes: LastMinutes, accounts: AccountsOfCentre
) -> InventoryRoom:
    runs_with = RunsWith(
        settings.binding,
        settings.doctrine,
        settings.registers,
        settings.media,
        is_postgresql=settings.database_url is not None,
        console_host=settings.console_host,
        has_tls=settings.console_tls is not None,
    )
    journal = settings.data_directory / "journal"
    return InventoryRoom(centre, minutes, runs_with, accounts, journal, clock=SystemClock())


def _centre(
    stack: AsyncExitStack,
    settings: CentreSettings,
    site: Site,
    nodes: Sequence[ServedNode],
    prepared: PreparedSite,
    masks: Commissioning,
    papers: Papers,
    journal: Journal,
) -> Centre:
    catalogue = open_catalogue(settings.data_directory / "catalogue", settings.database_url)
    stack.callback(catalogue.close)
    alarm_store = AlarmStore(settings.data_directory / "alarms.sqlite")
    stack.callback(alarm_store.close)
    calls = OutboxStore(settings.data_directory / "calls.sqlite")
    stack.callback(calls.close)
    clock = SystemClock()
    return Centre(
        ports=Ports(clock, SystemChance(f"centre/{clock.now_ns()}"), SystemIds(), NoChaos()),
        nodes=[each.node for each in nodes],
        assignments={each.node.node: each.assignments for each in nodes},
        catalogue=catalogue,
        alarm_store=alarm_store,
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
        papers=papers,
        found_at_m=prepared.found_at_m,
        alarm_sites_m=site.alarm_sites_m,
        dispatch=(site.dispatch, calls) if site.dispatch is not None else None,
        wall_panels=[(panel, PanelPlan(panel.panel, at)) for panel, at in site.wall_panels],
        masks=masks,
    )


def _people_of(site: Site, records: Sequence[CameraRecord], accounts: AccountsOfCentre, clock: Clock) -> FindPerson:
    """Whom the centre knows before its wall: its people by their accounts, and on a simulated site its simulated people
    and whoever sits at the machine, who may see all of it. Who else takes a post is unknown, and the wall shows him
    nothing."""
    communes, since = {record.commune for record in records}, day_in_paris(clock.now_ns()) - timedelta(days=1)
    known = {agent: demonstration_operator(agent, communes, since) for agent in _simulated(site)}
    return lambda account: accounts.at_post(account, clock.now_ns()) or known.get(account)


def _simulated(site: Site) -> list[str]:
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
