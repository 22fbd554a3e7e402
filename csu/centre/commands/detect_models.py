"""`csu detect models`: which networks this machine has, whether they are the ones that were named, and what they cost.

Exit codes: 0 all that were found load, 1 one does not (the default among them, when it is missing), 2 bad input.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from csu.detection.models import DEFAULT_MODEL, MODEL_FILE, ModelFile, NetworkDetector, read_model_file
from csu.hal.errors import BadInput, CsuError, Trouble
from csu.hal.words import Words
from csu.language import current_language, say

DOES_NOT_HOLD = 1
SIZE_PX = (768, 576)
LOOKS = 5
"""So many pictures are timed after a first one, which warms up."""


@dataclass(frozen=True, slots=True)
class Found:
    """A `model.toml` and what came of it. `model` None: it was not even read."""

    path: Path
    model: ModelFile | None
    place: str = ""
    cpu_ms: float = 0.0
    """Of one look at a picture, one thread."""
    trouble: Trouble | None = None


def models_command(
    directory: Annotated[
        Path | None,
        typer.Option("--models", help=say("dossier de modèles (model.toml)", "a directory of models (model.toml)")),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=say("un objet sur stdout", "one object on stdout"))] = False,
) -> int:
    """Each model: digest, licence, what runs it, what it tells, and its CPU time on this machine."""
    found = [_examined(path) for path in (DEFAULT_MODEL, *_in(directory))]
    if as_json:
        print(json.dumps({"models": [_plain(each) for each in found]}, ensure_ascii=False))
    else:
        _tell(found)
    return DOES_NOT_HOLD if any(each.trouble for each in found) else 0


def _in(directory: Path | None) -> list[Path]:
    if directory is None:
        return []
    paths = sorted({*directory.glob(MODEL_FILE), *directory.glob(f"*/{MODEL_FILE}")})
    if not paths:
        raise BadInput(
            Words(f"aucun {MODEL_FILE} dans ce dossier", f"no {MODEL_FILE} in this directory"),
            where=str(directory),
            what_to_do=Words("Donnez le dossier des modèles", "Give the directory of the models"),
        )
    return paths


def _examined(path: Path) -> Found:
    model = None
    try:
        model = read_model_file(path)
        detector = NetworkDetector(model, tiles=1)
        return Found(path, model, detector.place, _cpu_ms(detector))
    except CsuError as error:
        return Found(path, model, trouble=error.trouble)


def _cpu_ms(detector: NetworkDetector) -> float:
    picture = _picture()
    detector.detect(picture, None)
    began = time.process_time()
    for _ in range(LOOKS):
        detector.detect(picture, None)
    return (time.process_time() - began) * 1000 / LOOKS


def _picture() -> NDArray[np.uint8]:
    """Grey slopes: a network takes as long for them as for a street."""
    width, height = SIZE_PX
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.dstack([across, down, (across + down) / 2]).astype(np.uint8)


def _plain(each: Found) -> dict[str, Any]:
    told: dict[str, Any] = {"file": str(each.path), "default": each.path == DEFAULT_MODEL, "loads": not each.trouble}
    if (model := each.model) is not None:
        told |= {
            "name": model.name, "version": model.version, "licence": model.licence, "sha256": model.sha256,
            "runtime": model.runtime.value, "decoder": model.decoder.value,
            "thresholds": {kind.value: threshold for kind, threshold in model.thresholds.items()},
        }  # fmt: skip
    if each.trouble is None:
        return told | {"place": each.place, "cpu_ms": round(each.cpu_ms, 1)}
    language = current_language()
    what, then = each.trouble.what.in_language(language), each.trouble.what_to_do.in_language(language)
    return told | {"error": {"what": what, "where": each.trouble.where, "what_to_do": then}}


def _tell(found: Sequence[Found]) -> None:
    for each in found:
        if (model := each.model) is not None:
            kinds = ", ".join(f"{kind.value} >= {threshold:g}" for kind, threshold in model.thresholds.items())
            print(f"{model.name} {model.version}  ({model.licence})  {kinds}")
            print(f"  sha256 {model.sha256}")
        if each.trouble is not None:
            print("  " + each.trouble.words.in_language(current_language()))
        elif model is not None:
            per = say("ms de processeur par regard", "CPU ms a look")
            print(f"  {model.runtime.value} ({each.place}), {model.decoder.value}, {each.cpu_ms:.1f} {per}")
