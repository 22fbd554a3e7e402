"""AUT-5: no plate is read by a program, and none has a place in a name, a column, a journal or an index.

One field there is, of a signed ticket, and an agent types it (VVB-5): HAND_TYPED names every place that it passes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import csu
from csu.console import enforcement_answers
from csu.hal.personal_data import personal_data_in
from csu.operations.enforcement.store import TicketSent, TicketSigned

ENGINE = Path(csu.__file__).parent
READERS = {
    "alpr", "craft-text-detector", "deepstream", "doctr", "easyocr", "fast-alpr", "fast-plate-ocr", "keras-ocr",
    "kraken", "mmocr", "openalpr", "open-image-models", "paddleocr", "platerecognizer", "pyocr", "pytesseract",
    "python-doctr", "rapidocr", "rapidocr-onnxruntime", "surya-ocr", "tesserocr", "tesseract", "trocr", "ultralytics",
}  # fmt: skip
"""Distributions that read text or plates in pictures, and one that offers to be told what to find."""
OPENCV_READERS = {"TextDetectionModel_DB", "TextDetectionModel_EAST", "TextRecognitionModel", "OCRTesseract"}
OF_PLATES = re.compile(r"^(plates?|lapi|anpr|alpr|ocr|immatriculations?|(licen[cs]e|number|registration)_plates?)$")
NOT_OF_VEHICLES = {
    ("wall/drawing/overlay.py", "PLATE"): "what stands behind a word on the wall",
    ("wall/drawing/overlay.py", "plate"): "the same",
    ("hal/personal_data.py", "plate"): "journal, log and calls refuse what looks like one",
    ("hal/personal_data.py", "plate before 2009"): "the same",
}


HAND_TYPED = {
    ("console/enforcement_answers.py", "plate"): "what the door of the signature takes in; no answer has it",
    ("console/enforcement.py", "plate"): "handed on by that door",
    ("centre/rooms/enforcement_room.py", "plate"): "handed on",
    ("operations/enforcement/desk.py", "plate"): "handed on, with its shape looked at",
    ("operations/enforcement/desk.py", "unfit_plate"): "its shape, and nothing else",
    ("operations/enforcement/desk.py", "immatriculation : "): "says that the shape is wrong",
    ("operations/enforcement/record.py", "plate"): "the field of the record",
    ("operations/enforcement/record.py", "unfit_plate"): "its shape, and nothing else",
    ("operations/enforcement/__init__.py", "unfit_plate"): "the same",
    ("operations/enforcement/signing.py", "plate"): "into the record",
    ("operations/enforcement/offences.py", "Immatriculation absente ou illisible"): "the name of an offence",
}
"""The one plate of the product: typed by an agent, in his own signed record (VVB-5)."""


def installed_with(distribution: str, seen: set[str]) -> set[str]:
    name = re.sub(r"[-_.]+", "-", distribution).lower()
    if name not in seen:
        seen.add(name)
        try:
            wanted = requires(name) or []
        except PackageNotFoundError:
            return seen
        for requirement in map(Requirement, wanted):
            if name == "csu" or requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                installed_with(requirement.name, seen)
    return seen


def of_plates(source: str) -> set[str]:
    """Names of a program, and its short texts (columns, keys, addresses), that speak of plates or of reading text."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        for name in _names(node):
            parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
            words = re.split(r"[^a-z0-9]+|_", parts)
            pairs = map("_".join, zip(words, words[1:], strict=False))
            if name in OPENCV_READERS or any(map(OF_PLATES.match, [*words, *pairs])):
                found.add(name)
    return found


def _names(node: ast.AST) -> Iterator[str]:
    for field in ("attr", "id", "name", "arg"):
        if isinstance(name := getattr(node, field, None), str):
            yield name
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 40:
        yield node.value


@pytest.mark.requirement("AUT-5")
def test_no_dependency_reads_plates_or_text_in_pictures():
    names = installed_with("csu", set())
    assert {"numpy", "opencv-python", "fastapi"} <= names, "the walk saw nothing"
    assert names & READERS == set()


@pytest.mark.requirement("AUT-5")
def test_no_program_column_or_address_is_about_plates():
    files = {path.relative_to(ENGINE).as_posix(): path for path in ENGINE.rglob("*.py")}
    hardware = (ENGINE.parent / "hardware").rglob("*.py")
    files |= {path.relative_to(ENGINE.parent).as_posix(): path for path in hardware}
    assert len(files) > 100
    found = {(place, name) for place, path in files.items() for name in of_plates(path.read_text("utf-8"))}
    assert found - set(NOT_OF_VEHICLES) == set(HAND_TYPED)


@pytest.mark.requirement("AUT-5")
def test_the_plate_that_is_typed_is_told_by_no_door_and_stands_in_no_ledger():
    answers = (enforcement_answers.EnforcementAnswer, enforcement_answers.RecordAnswer, enforcement_answers.DraftAnswer)
    assert not any("'plate'" in str(answer.model_json_schema()) for answer in answers)
    assert "'plate'" in str(enforcement_answers.SignAsked.model_json_schema())
    assert all("plate" not in field for event in (TicketSigned, TicketSent) for field in event.__annotations__)


@pytest.mark.requirement("AUT-5")
def test_what_the_journal_keeps_can_hold_no_plate():
    assert personal_data_in("AB-123-CD")
    assert personal_data_in("1234 ABC 57")


@pytest.mark.parametrize(
    "planted",
    [
        "plate_text = read(picture)",
        "sa.Column('licence_plate', sa.Text)",
        "@app.get('/api/plates')\nasync def f(): ...",
        "class LapiReader: ...",
        "cv2.dnn.TextRecognitionModel('x')",
        "def ocr(picture): ...",
    ],
)
def test_a_planted_plate_reader_is_seen(planted):
    assert of_plates(planted)


def test_a_planted_dependency_is_seen():
    assert (installed_with("csu", set()) | {"easyocr"}) & READERS == {"easyocr"}
