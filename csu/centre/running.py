"""A whole centre on this machine: site, media nodes, control plane, wall and console, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points

from csu.centre.added import ADDED_COMMUNE
from csu.centre.centre_settings import CentreSettings
from csu.centre.console_hung import ServedAt, hang_console
from csu.centre.control import Centre
from csu.centre.events import CentreEvent
from csu.centre.masks.commissioning import Commissioning
from csu.centre.papers import Papers
from csu.centre.preparing import PreparedSite, prepare_site
from csu.centre.registers.registers import Registers, journal_start, journal_stop, open_registers
from csu.centre.rooms.wall_room import WallRoom
from csu.centre.rooms_opened import open_rooms
from csu.centre.site_maps import with_maps
from csu.centre.starting import Given, Observers, hang, lay_media, start_work
from csu.centre.wall_hung import planned_wall
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.console import invented_papers
from csu.console.identity import IdentitySource
from csu.detection.models import default_weights
from csu.governance import CentreKey, day_in_paris
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import Camera, CameraRecord, ViewType
from csu.hal.clock import Nanoseconds
from csu.hal.disk import Disk
from csu.hal.errors import BadInput
from csu.hal.media import Assignment
from csu.hal.site import OpenSite, Site, SiteRequest
from csu.hal.tls import LOCALHOST, is_loopback
from csu.hal.words import Words
from csu.language import say
from csu.machine import SystemClock
from csu.operations import Incident
from csu.recording.floors import floor_of

Observe = Callable[[CentreEvent], None]


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
    observers = Observers([observe])
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
        given = Given(stack, settings, site, prepared, masks, papers, registers, observers, progress, clock)
        yield await _started(given, tokens)


async def _started(given: Given, tokens: IdentitySource | None) -> RunningCentre:
    settings, prepared = given.settings, given.prepared
    planned = await asyncio.to_thread(planned_wall, settings.wall, prepared.records)
    media = await lay_media(given)
    work = await start_work(given, media)
    hung = await hang(given, media, work, planned)
    at = ServedAt(settings.console_host, settings.console_port, settings.console_names, settings.console_tls)
    console_url = await hang_console(
        given.stack,
        at,
        await open_rooms(given, media, work, hung),
        given.registers,
        settings.data_directory,
        clock=given.clock,
        tokens=tokens,
        oidc=settings.oidc,
    )
    given.stack.push_async_callback(journal_stop, given.registers.journal, given.tell, given.clock)
    return RunningCentre(
        work.centre,
        given.site,
        hung.wall,
        media.pictures,
        media.footage,
        media.found,
        console_url,
        prepared.assignments,
        prepared.records,
        prepared.posed,
        given.registers,
        work.finished,
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
    return SiteRequest(settings.cameras, settings.options, at_ns, floors, default_weights(), call_words)


def _papers(settings: CentreSettings, site: Site, prepared: PreparedSite, key: CentreKey) -> Papers:
    """The centre's orders. What a simulated site brings is entered, with invented papers for streams added to it."""
    papers = Papers.open(settings.data_directory / "orders.sqlite", key)
    if site.papers:
        now_ns = SystemClock().now_ns()
        since = day_in_paris(now_ns) - timedelta(days=1)
        extra = invented_papers(dict.fromkeys(prepared.added, ADDED_COMMUNE), since)
        papers.take_in(site.papers, extra, now_ns)
    return papers
