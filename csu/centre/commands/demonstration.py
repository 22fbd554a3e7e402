"""The demonstration: run a whole centre for a while, then say what it proved, figure by figure."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from csu.centre.analysis_hung import ACCOUNT_FILE
from csu.centre.centre_settings import CentreSettings
from csu.centre.commands.contact_sheet import contact_sheet
from csu.centre.control import Centre
from csu.centre.events import CentreCounts, CentreEvent
from csu.centre.media.examination import Examination, examine_segments
from csu.centre.running import RunningCentre, open_centre
from csu.governance import Author
from csu.governance.authorisations import FAR_NS
from csu.governance.journal_verify import JournalVerdict, verify_journal
from csu.hal.camera import Camera, CameraError, CameraId, PtzVelocity
from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose
from csu.hal.wall import TileState, WallReading
from csu.ingest.board import CameraState, CameraStatus
from csu.language import say
from csu.machine import SystemClock
from csu.operations import LeaseLost, LeaseRefused
from csu.operations.analysis_account import Analysed, AnalysisAccount

LIVE_WITHIN_S = 20.0
"""How long the demonstration waits for its cameras before it goes on with those it has."""
BY_DEMO, HOME = Author("demonstration", "system"), "home"
TOUR_REST_S = 1.5
TOUR: tuple[tuple[PtzVelocity, float], ...] = (
    (PtzVelocity(pan=0.3, tilt=0.0, zoom=0.0), 2.0),
    (PtzVelocity(pan=-0.3, tilt=-0.05, zoom=0.4), 2.5),
    (PtzVelocity(pan=-0.1, tilt=0.1, zoom=-0.6), 1.5),
)
"""What a PTZ camera does, with a rest after each turn: (share of its full speeds, seconds); then it goes home."""
HOLD_EVERY_S = 0.2
TOUR_SETTLE_S = 2.0
"""After the last order home: turn, be believed again (0.5 s), and be drawn."""


class DemoProgress(Protocol):
    """Who is told how the demonstration goes on."""

    def step(self, words: str) -> None:
        """Something began."""
        ...

    def ready(self, running: RunningCentre, live: int) -> None:
        """Everything runs; `live` cameras are live."""
        ...

    def event(self, event: CentreEvent) -> None:
        """Something happened in the centre."""
        ...


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What was seen. All counts are of this run."""

    cameras: tuple[CameraStatus, ...]
    expected: int
    """Of those that an order lets be recorded."""
    counts: CentreCounts
    wall: WallReading
    tiles_correct: int
    """Witnessed: their pixels carry the number of the camera that the scene names."""
    tiles_unwitnessed: int
    """Live, and nothing in their pixels says whose they are: pictures of a real camera carry no number."""
    wall_png: bytes = field(repr=False)
    sheet_png: bytes | None = field(repr=False)
    """Twelve pictures of a PTZ camera on its tour, as recorded; None on a real site and without such a camera."""
    examination: Examination
    analysed: Analysed
    """By the account of the analysis: without an order not one picture."""
    was_permitted: bool
    """A simulated site stated a law and an order for it."""
    journal: JournalVerdict
    """Of the whole journal, after the stop, against what was noted elsewhere."""
    console_url: str
    ran_s: float

    @property
    def live(self) -> int:
        return sum(status.state is CameraState.LIVE for status in self.cameras)

    @property
    def tiles_wrong(self) -> int:
        return len(self.wall.tiles) - self.tiles_correct - self.tiles_unwitnessed

    @property
    def clear_left_ingest(self) -> int:
        """Pictures that left ingest unmasked: refused at a door, or found in a recording by the site's witness."""
        return self.counts.clear_refused + self.examination.clear_frames

    @property
    def latency_ms_p95(self) -> float | None:
        """From capture to the pixels of the wall, 95th percentile; None when no picture was drawn."""
        return _percentile(self.wall.latencies_ms, 95)

    @property
    def latency_ms_p50(self) -> float | None:
        return _percentile(self.wall.latencies_ms, 50)

    def failures(self) -> list[str]:
        """What does not hold, in words; empty when all of it does."""
        examination = self.examination
        checks = [
            (self.live == self.expected, say("des caméras manquent", "cameras are missing")),
            (self.counts.frames_masked > 0, say("aucune image masquée", "no picture was masked")),
            (self.clear_left_ingest == 0, say("une image non masquée est sortie", "an unmasked picture left ingest")),
            (examination.audio_tracks == 0, say("du son est enregistré", "sound was recorded")),
            (examination.segments > 0, say("aucun segment", "no segment")),
            (examination.segments == self.counts.segments_closed, say("catalogue ≠ disque", "catalogue ≠ disk")),
            (examination.playable == examination.segments, say("un segment est illisible", "a segment is unplayable")),
            (
                self.was_permitted or not self.analysed.pictures_looked_at,
                say("des images ont été analysées sans arrêté", "pictures were analysed without an order"),
            ),
            (self.journal.holds, say("le journal ne tient pas", "the journal does not hold")),
            (self.journal.unanchored == 0, say("une fin du journal n'est pas ancrée", "rows are not anchored")),
            (self.tiles_wrong == 0, say("une vignette est fausse", "a tile is wrong")),
        ]
        return [words for holds, words in checks if not holds]


async def run_demo(
    settings: CentreSettings, *, seconds: float | None, stop: asyncio.Event, progress: DemoProgress
) -> DemoResult:
    """Run for `seconds` after everything is live (None: until `stop`), then examine what was recorded.

    Raises BadInput and CsuError as `open_centre` does.
    """
    clock = SystemClock()
    async with open_centre(settings, observe=progress.event, progress=progress.step) as running:
        await until_live(running, stop)
        progress.ready(running, running.centre.board.count(CameraState.LIVE))
        began_ns = clock.monotonic_ns()
        async with tours(running):
            await _wait(running, seconds, stop)
        ran_s = (clock.monotonic_ns() - began_ns) / NS_PER_S
        reading, wall_png = await running.wall.read(), await running.wall.picture_png()
        cameras = tuple(running.centre.board.all())
        progress.step(say("arrêt, fermeture des segments", "stopping, closing the segments"))
    progress.step(say("lecture de tout ce qui a été enregistré", "playing all that was recorded"))
    witness = running.site.witness
    examination = await asyncio.to_thread(examine_segments, running.footage, witness, running.found)
    sheet_png = await asyncio.to_thread(_sheet, running) if witness is not None else None
    journal = await asyncio.to_thread(_verified, settings, running)
    analysed = await asyncio.to_thread(_analysed, settings)
    numbers = {record.camera: record.number for record in running.records}
    correct, unwitnessed = tiles_told(reading, numbers, all_marked=witness is not None)
    return DemoResult(
        cameras=cameras,
        expected=sum(status.state is not CameraState.UNAUTHORISED for status in cameras),
        counts=running.centre.counts,
        wall=reading,
        tiles_correct=correct,
        tiles_unwitnessed=unwitnessed,
        wall_png=wall_png,
        sheet_png=sheet_png,
        examination=examination,
        analysed=analysed,
        was_permitted=bool(running.site.analysis),
        journal=journal,
        console_url=running.console_url,
        ran_s=ran_s,
    )


def _verified(settings: CentreSettings, running: RunningCentre) -> JournalVerdict:
    elsewhere = settings.registers.elsewhere(settings.data_directory)
    anchors = elsewhere.place.anchors() if elsewhere is not None else ()
    key = running.registers.key.public
    return verify_journal(settings.data_directory / "journal", key, anchors, elsewhere.trust if elsewhere else None)


def _analysed(settings: CentreSettings) -> Analysed:
    """Of the whole directory: runs before this one too, where it is kept."""
    account = AnalysisAccount(settings.data_directory / ACCOUNT_FILE)
    try:
        return account.total(0, FAR_NS)
    finally:
        account.close()


def _sheet(running: RunningCentre) -> bytes | None:
    if not running.posed:
        return None
    camera = running.posed[-1].record.camera
    names = [name for name in running.footage.names() if f"/{camera}/" in name]
    return contact_sheet(running.footage, names)


def tiles_told(reading: WallReading, numbers: Mapping[CameraId, int], *, all_marked: bool) -> tuple[int, int]:
    """(tiles whose rendered pixels show a young picture, live or wholly masked, with the number of the camera the scene
    names; tiles whose young picture carries no number). All others are wrong; where all pictures should carry one
    (`all_marked`), the second are wrong as well."""
    live = [tile for tile in reading.tiles if tile.state in (TileState.LIVE, TileState.MASKED)]
    correct = sum(tile.seen_camera_number == numbers[tile.camera] for tile in live)
    unmarked = sum(tile.seen_camera_number is None for tile in live)
    return correct, 0 if all_marked else unmarked


async def until_live(running: RunningCentre, stop: asyncio.Event) -> None:
    """Wait until every camera that may be recorded is live, LIVE_WITHIN_S at most."""
    try:
        async with asyncio.timeout(LIVE_WITHIN_S):
            while any(_is_awaited(status) for status in running.centre.board.all()) and not stop.is_set():
                _raise_if_failed(running)
                await asyncio.sleep(0.1)
    except TimeoutError:
        return  # the result says how many are live


def _is_awaited(status: CameraStatus) -> bool:
    return status.state not in (CameraState.LIVE, CameraState.UNAUTHORISED)


async def _wait(running: RunningCentre, seconds: float | None, stop: asyncio.Event) -> None:
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({waiting, running.finished}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    _raise_if_failed(running)


def _raise_if_failed(running: RunningCentre) -> None:
    if running.finished.done():
        running.finished.result()


@asynccontextmanager
async def tours(running: RunningCentre) -> AsyncIterator[None]:
    """While inside, the PTZ cameras turn away and come back, so that people see the mask follow; then all go home."""
    homes = [(camera, home) for camera in running.posed if (home := await _home_of(camera)) is not None]
    going = [asyncio.create_task(_tour(running.centre, camera, home)) for camera, home in homes]
    try:
        yield
    finally:
        for tour in going:
            tour.cancel()
        await asyncio.gather(*going, return_exceptions=True)
        open_still = [(camera, home) for camera, home in homes if running.centre.may_record(camera.record.camera)]
        await asyncio.gather(*(_go_home(running.centre, camera, home) for camera, home in open_still))
        await asyncio.sleep(TOUR_SETTLE_S if homes else 0)


async def _home_of(camera: Camera) -> Pose | None:
    """Where it looks before it is turned; None when it cannot say: then it is left alone."""
    try:
        reading = await camera.pose()
    except CameraError:
        return None
    return None if reading is None else reading.pose


async def _tour(centre: Centre, camera: Camera, home: Pose) -> None:
    """Under a lease of rank TOUR: whoever takes the camera has it, and the tour comes back when it is free."""
    while centre.may_record(camera.record.camera):
        try:
            for velocity, turn_s in TOUR:
                await asyncio.sleep(TOUR_REST_S)
                await centre.move(camera, velocity, BY_DEMO)
                await _hold(centre, camera, turn_s)
                await centre.halt(camera, BY_DEMO)
            await asyncio.sleep(TOUR_REST_S)
            await centre.go_to(camera, home, BY_DEMO, preset=HOME)
        except (LeaseRefused, LeaseLost):
            await asyncio.sleep(TOUR_REST_S)


async def _go_home(centre: Centre, camera: Camera, home: Pose) -> None:
    """Unless a person has it, or fewer than two watch: then it stays where people left it."""
    try:
        await centre.go_to(camera, home, BY_DEMO, preset=HOME)
    except (LeaseRefused, LeaseLost):
        return


async def _hold(centre: Centre, camera: Camera, turn_s: float) -> None:
    """Keep the hand on the stick: a movement that nobody repeats is stopped."""
    for _ in range(round(turn_s / HOLD_EVERY_S)):
        await asyncio.sleep(HOLD_EVERY_S)
        centre.keep_moving(camera.record.camera, BY_DEMO)


def _percentile(values: tuple[float, ...], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
