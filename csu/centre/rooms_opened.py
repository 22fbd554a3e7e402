"""The rooms that people act by at the console, opened one upon the other. All end with the centre's stack."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from csu.centre.analysis_hung import AnalysisHome, AnalysisRooms, keep_analysis
from csu.centre.console_hung import Shown
from csu.centre.control import Centre
from csu.centre.desk.room import DeskRoom
from csu.centre.dpo.signs import FILE as SIGNS_FILE
from csu.centre.dpo.signs import SignsOfCentre
from csu.centre.events import Trouble
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.past import PastHome, keep_past
from csu.centre.registers.accounts import AccountsOfCentre
from csu.centre.rooms.analysis_room import ANALYSIS
from csu.centre.rooms.commune_room import CommuneHome, CommuneRoom, keep_communes
from csu.centre.rooms.enforcement_keeping import EnforcementHome, keep_enforcement
from csu.centre.rooms.inventory_room import InventoryRoom, RunsWith
from csu.centre.rooms.speaker_room import SpeakerRoom
from csu.centre.rooms.statistics_room import STATISTICS, StatisticsHome, StatisticsRoom, keep_statistics
from csu.centre.service_hung import agents_of, keep_service
from csu.centre.starting import Given, Hung, Media, Work, keys_of, simulated_people
from csu.centre.watch_hung import open_watch_desks
from csu.hal.errors import CsuError
from csu.machine import NoChaos


async def open_rooms(given: Given, media: Media, work: Work, hung: Hung) -> Shown:
    """The rooms that people act by at the console."""
    stack, settings, clock, tell = given.stack, given.settings, given.clock, given.tell
    centre, data_directory = work.centre, settings.data_directory
    watch = await stack.enter_async_context(
        open_watch_desks(settings.map, given.site, centre, hung.wall, data_directory, clock=clock, tell=tell)
    )
    tell.all.append(watch.tours.observe)
    past = await stack.enter_async_context(_past(given, media.volumes))
    service = await stack.enter_async_context(
        keep_service(
            centre,
            data_directory,
            log=work.log,
            wall=hung.desk,
            papers=given.papers,
            records=given.prepared.records,
            agents=lambda: agents_of(hung.accounts, clock, simulated_people(given.site)),
            clock=clock,
            tell=tell,
        )
    )
    journal = given.registers.journal
    communes = await stack.enter_async_context(_communes(given, centre, past))
    statistics = await _statistics(given, communes)
    enforcement = await stack.enter_async_context(keep_enforcement(_enforcement(given, hung)))
    return Shown(
        room=hung.room,
        centre=centre,
        wall=hung.desk,
        wall_nodes=hung.nodes,
        log=work.log,
        service=service,
        watch=watch,
        past=past,
        accounts=hung.accounts,
        papers=given.papers,
        speaking=SpeakerRoom(given.site.speech, centre=centre, clock=clock, journal=journal, tell=tell),
        communes=communes,
        statistics=statistics,
        analysis=await _analysis(given, media, work, hung, statistics),
        inventory=_inventory(given, work, hung.accounts),
        enforcement=enforcement,
        doctrine=settings.doctrine,
        register_settings=settings.registers,
        tell=tell,
    )


def _enforcement(given: Given, hung: Hung) -> EnforcementHome:
    return EnforcementHome(
        given.settings.data_directory,
        given.clock,
        given.registers.journal,
        given.registers.key,
        keys_of(given.settings, "ticket-keys"),
        given.papers,
        lambda: hung.accounts.people,
        given.prepared.records,
        hung.room.relay,
        given.tell,
    )


def _past(given: Given, volumes: VolumeKeeper) -> AbstractAsyncContextManager[DeskRoom]:
    """The purge and the desk."""
    settings = given.settings
    return keep_past(
        PastHome(
            settings.data_directory,
            clock=given.clock,
            chaos=NoChaos(),
            doctrine=settings.doctrine,
            papers=given.papers,
            catalogue=given.catalogue(),
            keys=keys_of(settings),
            records={record.camera: record for record in given.prepared.records},
            evidence_keys=keys_of(settings, "evidence-keys"),
            evidence=settings.evidence,
            registers=given.registers,
            volumes=volumes,
            tell=given.tell,
        )
    )


def _communes(given: Given, centre: Centre, past: DeskRoom) -> AbstractAsyncContextManager[CommuneRoom]:
    """The figures of the communes."""
    settings = given.settings
    return keep_communes(
        CommuneHome(
            settings.data_directory,
            given.clock,
            papers=given.papers,
            doctrine=settings.doctrine,
            board=centre.board.all,
            masks=given.masks,
            catalogue=given.catalogue(),
            alarms=given.alarms(),
            desk=past,
            tell=given.tell,
            signs=_signs(given).register,
        )
    )


async def _statistics(given: Given, communes: CommuneRoom) -> StatisticsRoom | None:
    """The counts; None when their files cannot be believed: then nothing is counted, and the centre goes on."""
    home = StatisticsHome(
        given.settings.data_directory,
        given.clock,
        papers=given.papers,
        key=given.registers.key,
        signs=_signs(given).register,
        name=communes.name,
        tell=given.tell,
    )
    try:
        return await given.stack.enter_async_context(keep_statistics(home))
    except CsuError as error:
        given.tell(Trouble(STATISTICS, error.trouble.words, given.clock.now_ns()))
        return None


async def _analysis(
    given: Given, media: Media, work: Work, hung: Hung, statistics: StatisticsRoom | None
) -> AnalysisRooms | None:
    """Real-time analysis; None when its files cannot be believed: then nothing is analysed, and the centre goes on."""
    home = AnalysisHome(
        given.settings.data_directory,
        given.clock,
        papers=given.papers,
        registers=given.registers,
        centre=work.centre,
        pictures=media.pictures,
        wall=hung.wall,
        statistics=statistics,
        site=given.site,
        tell=given.tell,
    )
    try:
        return await given.stack.enter_async_context(keep_analysis(home))
    except CsuError as error:
        given.tell(Trouble(ANALYSIS, error.trouble.words, given.clock.now_ns()))
        return None


def _signs(given: Given) -> SignsOfCentre:
    signs = SignsOfCentre(given.settings.data_directory / SIGNS_FILE, given.registers.key, given.clock)
    given.stack.callback(signs.close)
    return signs


def _inventory(given: Given, work: Work, accounts: AccountsOfCentre) -> InventoryRoom:
    settings = given.settings
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
    return InventoryRoom(work.centre, work.minutes, runs_with, accounts, journal, clock=given.clock)
