"""What people read is in both languages: who shows it chooses, not who wrote it."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from csu.alarms.desk import AlarmDesk, AlarmId
from csu.centre.added import rtsp_stream
from csu.centre.running import find_binding
from csu.cluster.shared_pictures import UnknownCamera
from csu.console.refusals import Refusal, Refused
from csu.hal.camera import CameraId, StreamAddress
from csu.hal.errors import CsuError, Trouble
from csu.hal.frames import ClearPictureRefused
from csu.hal.site import SiteRequest
from csu.hal.wall import WallError
from csu.hal.words import Language, Words
from csu.ingest import StreamUnsupported
from csu.ingest.admission import Admission
from csu.ingest.board import CameraState
from csu.ingest.describe import Describing, door_of
from csu.masking import MaskError
from csu.recording.names import parse_segment_name
from sim.disk import MemoryDisk
from sim.scenario_file import read_scenario
from sim.street_binding import read_options

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for package in ("csu", "sim", "hardware") for path in (ROOT / package).rglob("*.py"))
ENGLISH = re.compile(r"\b(the|is|not|of|and|cannot|with|from|its|was|are|no)\b", re.IGNORECASE)
FRENCH = re.compile(r"\b(le|la|les|est|pas|et|ne|du|des|une?|sont|dans|cette|aucune?)\b", re.IGNORECASE)
IN_QUOTES = re.compile(r"`[^`]*`|'[^']*'|\{[^}]*\}|\S*[/=]\S*")


def named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def text_of(node: ast.expr) -> str | None:
    """The literal text of an expression, values as `{}`; None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))


def error_names() -> set[str]:
    """The names of CsuError and of every class below it, read from the sources (importing all needs GL)."""
    bases: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {named(base) for base in node.bases}
    known = {"CsuError"}
    while more := {name for name, below in bases.items() if below & known} - known:
        known |= more
    return known


ERRORS = error_names()


def test_the_errors_are_found():
    assert {"BadInput", "CameraLost", "AlarmNotKept", "MaskError", "ReportNotWritten", "FarmError"} <= ERRORS


def bare_texts(source: str) -> list[str]:
    """Errors told in a bare text, which is one language: `what` and `what_to_do` are Words."""
    told = [
        node
        for call in calls(source)
        if named(call.func) in ERRORS
        for node in [*call.args[:1], *(word.value for word in call.keywords if word.arg == "what_to_do")]
    ]
    return [text for node in told if (text := text_of(node)) is not None]


def sentences_for_places(source: str) -> list[str]:
    """`where=` is an id, a path, an option (`--rtsp ...`), a part (`wall/offscreen`): it needs no translation."""
    texts = [text_of(word.value) for call in calls(source) for word in call.keywords if word.arg == "where"]
    return [text for text in texts if text and " " in text and not text.startswith("--")]


def confused_languages(source: str) -> list[str]:
    """English where French belongs, or the other way round."""
    found = []
    for call in calls(source):
        if named(call.func) in ("Words", "say") and len(call.args) == 2:
            french, english = (IN_QUOTES.sub(" ", text_of(arg) or "") for arg in call.args)
            if ENGLISH.search(french) and not FRENCH.search(french):
                found.append(french)
            if FRENCH.search(english) and not ENGLISH.search(english):
                found.append(english)
    return found


PLANTED = [
    (bare_texts, 'raise BadInput("no such file", where=path, what_to_do=Words("Donnez", "Give"))'),
    (bare_texts, 'raise errors.DiskError(Words("a", "b"), where=path, what_to_do=f"Free {some}")'),
    (sentences_for_places, 'raise WallError(WHAT, where=f"camera {camera}", what_to_do=THEN)'),
    (confused_languages, 'Words("the disk is full", "the disk is full")'),
    (confused_languages, 'say("caméra perdue", f"la caméra {name} ne répond pas")'),
]


@pytest.mark.parametrize(("finder", "source"), PLANTED, ids=range(len(PLANTED)))
def test_a_planted_defect_is_found(finder, source):
    assert len(finder(source)) == 1


@pytest.mark.parametrize("finder", [bare_texts, sentences_for_places, confused_languages])
def test_everything_told_is_in_both_languages(finder):
    found = {str(path.relative_to(ROOT)): finder(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_the_kinds_of_error_ask_for_both_languages():
    """mypy refuses a bare text, because the constructors of the root and of every kind with its own say Words."""
    for kind in (CsuError, MaskError):
        hints = inspect.get_annotations(kind.__init__, eval_str=True)
        assert (hints["what"], hints["what_to_do"]) == (Words, Words)
    assert inspect.get_annotations(Trouble, eval_str=True) == {"what": Words, "where": str, "what_to_do": Words}


def scenario(tmp_path: Path) -> object:
    path = tmp_path / "bad.yaml"
    path.write_text("title: [\n", encoding="utf-8")
    return read_scenario(path)


def wrong_password(_: Path) -> object:
    door = door_of(StreamAddress("rtsp://10.0.0.9/live", "agent", "no"), CameraId("cam-0003"))
    talk = Describing(door, CameraId("cam-0003"), "nonce")
    refusal = b'RTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
    talk.feed(refusal)
    return talk.feed(refusal)


def refused_by_the_console(_: Path) -> object:
    cause = WallError(
        Words("le mur ne tourne pas", "the wall is not running"), where="wall", what_to_do=Words("a", "b")
    )
    raise Refused(Refusal.WALL_ABSENT, where="wall", cause=cause)


REAL = {
    "scenario": scenario,
    "street option": lambda _: read_options(SiteRequest(4, {"colour": "red"})),
    "binding": lambda _: find_binding("atlantis"),
    "rtsp": lambda _: rtsp_stream("http://camera.invalid/x"),
    "wrong password": wrong_password,
    "hevc": lambda _: Admission(CameraId("cam-0007")).codec("hevc"),
    "alarm": lambda _: AlarmDesk().acknowledge(AlarmId("panel-1/7"), "agent-7", 0),
    "segment": lambda _: parse_segment_name("holiday.mp4"),
    "disk": lambda _: MemoryDisk().open("a/b.mp4"),
    "console": refused_by_the_console,
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_error_speaks_both_languages_here_and_in_another_process(tmp_path, name):
    with pytest.raises(CsuError) as caught:
        REAL[name](tmp_path)
    trouble = caught.value.trouble
    assert trouble.what.fr != trouble.what.en
    assert trouble.words.fr.startswith(f"{trouble.where} : {trouble.what.fr}")
    assert str(caught.value) == trouble.words.en
    elsewhere = pickle.loads(pickle.dumps(caught.value))
    assert type(elsewhere) is type(caught.value)
    assert elsewhere.trouble == trouble


@pytest.mark.parametrize(
    "error",
    [ClearPictureRefused(object(), where="wall"), UnknownCamera(CameraId("cam-0001"))],
    ids=lambda e: type(e).__name__,
)
def test_an_error_with_its_own_constructor_keeps_both_languages_through_pickle(error):
    assert pickle.loads(pickle.dumps(error)).trouble == error.trouble
    assert error.trouble.what.fr != error.trouble.what.en


def test_a_place_is_not_told_twice_to_who_stands_there():
    error = StreamUnsupported(Words("flux HEVC", "HEVC stream"), where="cam-0007", what_to_do=Words("Réglez", "Set"))
    assert error.trouble.beside("cam-0007") == Words("flux HEVC. Réglez", "HEVC stream. Set")
    assert error.trouble.beside("node-1").fr == "cam-0007 : flux HEVC. Réglez"


def test_words_are_chosen_by_the_reader():
    words = Words("perdue", "lost")
    assert [words.in_language(language) for language in Language] == ["perdue", "lost"]
    assert [bool(words), bool(Words("", ""))] == [True, False]
    assert CameraState.UNSUPPORTED.words.fr == "non prise en charge"
    assert all(state.words.fr and state.words.en for state in CameraState)
