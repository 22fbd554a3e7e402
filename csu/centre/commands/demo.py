"""`csu demo`: the demonstration as a person or a machine asks for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import structlog
import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

from csu.centre.added import ADDED_COMMUNE, AddedStream, clip_stream, rtsp_stream
from csu.centre.centre_settings import CentreSettings
from csu.centre.commands.demo_options import (
    AsJson,
    Binding,
    Cameras,
    Certificate,
    CertificateKey,
    Frosted,
    Headless,
    Keep,
    Level,
    Listen,
    MapFile,
    MapOrigin,
    MediaDirs,
    Name,
    Options,
    Port,
    ProgrammesFile,
    ReportPage,
    Rtsp,
    ScenarioFile,
    SceneFiles,
    Seconds,
    Speed,
    Video,
    View,
    WallFile,
)
from csu.centre.commands.demo_people import PAGE, DemoPeople
from csu.centre.commands.demo_report import write_demo_report
from csu.centre.commands.demonstration import DemoResult, run_demo
from csu.centre.desk.signing import EvidenceSettings
from csu.centre.events import CameraLifecycleChanged, CentreEvent, NodeChanged, Trouble
from csu.centre.registers.settings import RegisterSettings, register_settings
from csu.centre.rooms.map_room import MapSettings
from csu.centre.running import RunningCentre, find_binding
from csu.centre.wall_hung import WallFiles, WallSettings
from csu.console import ServedCertificate
from csu.console.sign_in import OidcSettings
from csu.governance import LocalDoctrine, lifecycle_words
from csu.hal.camera import ViewType
from csu.hal.errors import BadInput
from csu.hal.media import CameraEvent
from csu.hal.site import Option
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraChanged
from csu.language import current_language, say

EXIT_DOES_NOT_HOLD = 1


def demo_command(
    cameras: Cameras = 8,
    seconds: Seconds = None,
    headless: Headless = False,
    binding: Binding = "street",
    option: Options = None,
    rtsp: Rtsp = None,
    video: Video = None,
    view: View = ViewType.WIDE,
    media_dir: MediaDirs = None,
    port: Port = 0,
    listen: Listen = "127.0.0.1",
    name: Name = None,
    certificate: Certificate = None,
    certificate_key: CertificateKey = None,
    scenario: ScenarioFile = None,
    speed: Speed = None,
    level: Level = None,
    frosted: Frosted = False,
    wall: WallFile = None,
    scenes: SceneFiles = None,
    programmes: ProgrammesFile = None,
    map_file: MapFile = None,
    map_origin: MapOrigin = None,
    keep: Keep = None,
    report: ReportPage = Path("var/demo/rapport.html"),
    as_json: AsJson = False,
) -> None:
    """Start streets, masks, recorder, wall and console; then say what held. Ends with 0 when all of it holds."""
    if scenario is not None:
        play = _scenario_player()
        if not play(scenario, speed=speed, level=level, seconds=seconds, port=port, report=report, as_json=as_json):
            raise typer.Exit(EXIT_DOES_NOT_HOLD)
        return
    _require_directories(media_dir or [])
    streams = [rtsp_stream(url) for url in rtsp or []] + [clip_stream(path) for path in video or []]
    added = tuple(replace(stream, view=view) for stream in streams)
    with ExitStack() as stack:
        directory = stack.enter_context(_directory(keep))
        people = _people(directory, keep, report, added)
        teller = _Teller(as_json, people)
        settings = CentreSettings(
            data_directory=directory,
            media_directories=tuple(_media(keep, where, stack) for where in media_dir or []),
            registers=_registers(keep, stack),
            binding=binding,
            site=people.around(find_binding(binding)),
            cameras=cameras,
            options=dict(_option(text) for text in option or []),
            added=added,
            wall=WallSettings(_wall_files(wall, scenes, programmes), in_window=not headless and _has_display()),
            map=MapSettings.of(map_file, map_origin),
            console_host=listen,
            console_port=port,
            console_names=frozenset(name or ()),
            console_tls=_certificate(certificate, certificate_key),
            doctrine=LocalDoctrine(frosted=frosted),
            oidc=OidcSettings.of(os.environ),
            evidence=EvidenceSettings.of(os.environ),
            database_url=os.environ.get("CSU_DATABASE_URL"),
        )
        teller.anchors(settings.registers.anchors)
        with teller:
            result = asyncio.run(_run(settings, seconds, teller))
    _tell_result(result, people, write_demo_report(result, report), as_json)


def _people(directory: Path, keep: Path | None, report: Path, added: Sequence[AddedStream]) -> DemoPeople:
    """Their page lies with the centre that is kept, for its next life; else beside the report."""
    page = (directory if keep is not None else report.parent) / PAGE
    return DemoPeople(directory, page, [ADDED_COMMUNE] if added else [])


def _require_directories(media: Sequence[Path]) -> None:
    for path in media:
        if not path.is_dir():
            raise BadInput(
                Words("ce dossier n'existe pas", "there is no such directory"),
                where=f"--media-dir {path}",
                what_to_do=Words("Donnez le point de montage d'un volume", "Give the mount point of a volume"),
            )


def _certificate(certificate: Path | None, key: Path | None) -> ServedCertificate | None:
    """Both, or neither."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise BadInput(
            Words(
                "--certificate et --certificate-key vont ensemble", "--certificate and --certificate-key go together"
            ),
            where="--certificate",
            what_to_do=Words("Donnez les deux, ou aucun", "Give both, or neither"),
        )
    return ServedCertificate(certificate, key)


def _wall_files(wall: Path | None, scenes: Sequence[Path] | None, programmes: Path | None) -> WallFiles | None:
    """All three, or none: a wall without a plan shows nothing."""
    if wall is None and not scenes and programmes is None:
        return None
    if wall is None or not scenes or programmes is None:
        raise BadInput(
            Words("--wall, --scenes et --programmes vont ensemble", "--wall, --scenes and --programmes go together"),
            where="--wall",
            what_to_do=Words("Donnez les trois, ou aucun", "Give all three, or none"),
        )
    return WallFiles(wall, tuple(scenes), programmes)


def _registers(keep: Path | None, stack: ExitStack) -> RegisterSettings:
    """Those of the environment; heads are noted beside the centre where it names no other place."""
    told = register_settings(os.environ)
    return told if told.anchors else replace(told, anchors=(_beside(keep, stack),))


def _tell_result(result: DemoResult, people: DemoPeople, written: Path, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**_summary(result, written), "accounts": people.summary()}, ensure_ascii=False))
    else:
        _show(result, written)
    if result.failures():
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


class PlaysScenario(Protocol):
    """Plays a scenario of a simulated city for people, and judges it (entry points `csu.scenarios`).

    `speed`: times real time; None: as suits the level. `level`: None: as the file says.
    """

    def __call__(
        self,
        path: Path,
        *,
        speed: float | None,
        level: str | None,
        seconds: float | None,
        port: int,
        report: Path,
        as_json: bool,
    ) -> bool: ...


def _scenario_player() -> PlaysScenario:
    """The one that is installed. Raises BadInput when there is none."""
    for entry in entry_points(group="csu.scenarios"):
        player: PlaysScenario = entry.load()
        return player
    raise BadInput(
        Words("rien d'installé ne joue de scénario", "nothing installed plays scenarios"),
        where="--scenario",
        what_to_do=Words("Installez csu de nouveau : make setup", "Install csu again: make setup"),
    )


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    """Where the centre keeps all it has: a directory that stays, or one that goes with the demonstration."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="csu-demo-") as directory:
            yield Path(directory)


def _media(keep: Path | None, where: Path, stack: ExitStack) -> Path:
    """A directory of media: `where` itself when the centre is kept, else one within it that goes with the rest."""
    if keep is not None:
        return where.resolve()
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="csu-demo-", dir=where)))


def _beside(keep: Path | None, stack: ExitStack) -> Path:
    """Where heads are noted: never within the centre's own directory."""
    if keep is not None:
        return keep.resolve().with_name(f"{keep.resolve().name}-anchors")
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="csu-demo-anchors-")))


async def _run(settings: CentreSettings, seconds: float | None, teller: _Teller) -> DemoResult:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return await run_demo(settings, seconds=seconds, stop=stop, progress=teller)


class _Teller:
    """Tells a person how it goes: steps as a spinner in a terminal, events as log lines on stderr."""

    def __init__(self, as_json: bool, people: DemoPeople) -> None:
        self._people = people
        self._console = Console(stderr=True, highlight=False)
        self._status: Status | None = None
        if not as_json and self._console.is_terminal:
            self._status = self._console.status("csu")
        structlog.configure(
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.dev.ConsoleRenderer(colors=self._console.is_terminal),
            ],
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
        self._log = structlog.get_logger()
        self._told = NO_WORDS

    def __enter__(self) -> None:
        if self._status is not None:
            self._status.start()

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def anchors(self, directories: Sequence[Path]) -> None:
        """Where the registers are anchored."""
        where = ", ".join(map(str, directories))
        self._console.print(say(f"Registres ancrés dans {where}", f"Registers anchored in {where}"), markup=False)

    def step(self, words: str) -> None:
        """A step of starting or stopping."""
        if self._status is not None:
            self._status.update(words)
        self._console.print(f"… {words}", markup=False)

    def ready(self, running: RunningCentre, live: int) -> None:
        """Everything runs: tell where to look."""
        expected, accounts = len(running.records), self._people.lines(running.console_url)
        self._console.print(say(f"{live} caméras en direct sur {expected}", f"{live} of {expected} cameras live"))
        self._console.print(say(f"Console : {running.console_url}", f"Console: {running.console_url}"), style="bold")
        for line in accounts:
            self._console.print(line, markup=False, soft_wrap=True)
        if self._status is not None:
            self._status.update(say("en marche ; Ctrl-C pour arrêter", "running; Ctrl-C to stop"))

    def event(self, event: CentreEvent) -> None:
        """What a person wants to know at once; the rest is counted."""
        match event:
            case CameraChanged():
                why = NO_WORDS if event.detail == self._told else event.detail  # its event has just told it
                self._log.info(_line(event.camera, event.after.words, why))
            case CameraEvent():
                self._told = event.detail
                self._log.info(_line(event.camera, event.detail))
            case CameraLifecycleChanged():
                self._log.warning(_line(event.camera, lifecycle_words(event.after), event.detail))
            case NodeChanged():
                self._log.info(_line(event.node, _UP if event.up else _DOWN, event.detail))
            case Trouble():
                self._log.warning(_line(event.where, event.what))
            case _:
                return


_UP, _DOWN = Words("en marche", "up"), Words("arrêté", "down")


def _line(place: str, *told: Words) -> str:
    """What happened at `place`, as one line in the reader's language."""
    language = current_language()
    return Words.same(", ".join(words.in_language(language) for words in told if words)).at(place).in_language(language)


def _option(text: str) -> tuple[str, Option]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadInput(
            Words(f"{text!r} n'est pas de la forme clé=valeur", f"{text!r} is not name=value"),
            where="--option",
            what_to_do=Words("Écrivez par exemple --option night=true", "Write for example --option night=true"),
        )
    if value in ("true", "false"):
        return name, value == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY"))


def _summary(result: DemoResult, report: Path) -> dict[str, Any]:
    """The one object of `--json`."""
    counts, examination = result.counts, result.examination
    return {
        "verdict": "does not hold" if result.failures() else "holds",
        "failures": result.failures(),
        "level": "L2",
        "ran_s": round(result.ran_s, 1),
        "cameras": {
            "expected": result.expected,
            "live": result.live,
            "states": {status.record.camera: status.state.value for status in result.cameras},
            "lifecycle": {status.record.camera: status.lifecycle.value for status in result.cameras},
        },
        "frames": {
            "decoded": counts.frames_decoded,
            "masked": counts.frames_masked,
            "wholly_masked": counts.frames_wholly_masked,
            "dropped": counts.frames_dropped,
            "clear_left_ingest": result.clear_left_ingest,
            "witnessed": examination.frames_witnessed,
        },
        "analysis": {
            "pictures": result.analysed.pictures_looked_at,
            "signals": result.analysed.signals,
            "permitted": result.was_permitted,
        },
        "packets": {"lost": counts.packets_lost},
        "audio": {"offered": counts.audio_offered, "recorded": examination.audio_tracks},
        "segments": {
            "closed": counts.segments_closed,
            "on_disk": examination.segments,
            "playable": examination.playable,
            "frames": examination.frames,
            "bytes": examination.size_bytes,
            "problems": list(examination.problems),
        },
        "wall": {
            "tiles": len(result.wall.tiles),
            "tiles_correct": result.tiles_correct,
            "tiles_unwitnessed": result.tiles_unwitnessed,
            "renderer": result.wall.renderer,
            "frames_drawn": result.wall.frames_drawn,
            "tile_states": {tile.camera: tile.state.value for tile in result.wall.tiles},
        },
        "latency_ms": {
            "of": "capture to wall pixels",
            "p50": _rounded(result.latency_ms_p50),
            "p95": _rounded(result.latency_ms_p95),
            "pictures": len(result.wall.latencies_ms),
        },
        "journal": {
            "holds": result.journal.holds,
            "rows": result.journal.rows,
            "anchors": result.journal.anchors,
            "rows_not_anchored": result.journal.unanchored,
        },
        "console": {"url": result.console_url},
        "report": str(report),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _show(result: DemoResult, report: Path) -> None:
    table = Table(show_header=False, box=None)
    for name, value in _lines(result):
        table.add_row(name, value)
    console = Console()
    console.print(table)
    failures = result.failures()
    if failures:
        console.print(say("NE TIENT PAS : ", "DOES NOT HOLD: ") + " ; ".join(failures), style="bold red")
    else:
        console.print(say("Tout tient.", "All of it holds."), style="bold green")
    console.print(say(f"Rapport : {report}", f"Report: {report}"))


def _lines(result: DemoResult) -> list[tuple[str, str]]:
    counts, examination = result.counts, result.examination
    return [
        (say("caméras en direct", "cameras live"), f"{result.live} / {result.expected}"),
        (say("images masquées", "pictures masked"), f"{counts.frames_masked}"),
        (say("images claires sorties", "clear pictures out"), f"{result.clear_left_ingest}"),
        (
            say("images analysées, signalements", "pictures analysed, signals"),
            f"{result.analysed.pictures_looked_at}, {result.analysed.signals}"
            + ("" if result.was_permitted else say(" (aucun arrêté)", " (no order)")),
        ),
        (
            say("son offert / enregistré", "sound offered / recorded"),
            f"{counts.audio_offered} / {examination.audio_tracks}",
        ),
        (say("segments lisibles", "segments playable"), f"{examination.playable} / {examination.segments}"),
        (
            say("lignes du journal, non ancrées", "rows of the journal, not anchored"),
            f"{result.journal.rows}, {result.journal.unanchored}",
        ),
        (
            say("vignettes justes, sans témoin", "tiles right, not witnessed"),
            f"{result.tiles_correct} / {len(result.wall.tiles)}, {result.tiles_unwitnessed}",
        ),
        (say("latence p95, capture au mur", "latency p95, capture to wall"), f"{_rounded(result.latency_ms_p95)} ms"),
    ]
