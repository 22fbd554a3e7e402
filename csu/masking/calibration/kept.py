"""A camera's model on disk: one JSON object that comes back exactly, or is refused."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isfinite
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.masking.calibration.model import CameraModel

FORMAT = "csu.camera-model/1"
_MODEL = TypeAdapter(CameraModel)


def save_model(model: CameraModel, path: Path) -> None:
    """Write to `path` at once or not at all. Raises BadInput when the disk refuses."""
    told = json.dumps({"format": FORMAT, **asdict(model)}, ensure_ascii=False, indent=1, allow_nan=False)
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(told + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise BadInput(
            Words(f"ne peut être écrit : {error.strerror}", f"cannot be written: {error.strerror}"),
            where=str(path),
            what_to_do=Words("Donnez un autre fichier à --out", "Give another file to --out"),
        ) from error


def load_model(path: Path) -> CameraModel:
    """Read what `save_model` wrote. Raises BadInput for a file that is absent, of another kind, or cannot be true."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
            raise ValueError(FORMAT)
        model = _MODEL.validate_python(told)
    except (OSError, ValueError, ValidationError) as error:
        raise _refused(path) from error
    if not _usable(model):
        raise _refused(path)
    return model


def _usable(model: CameraModel) -> bool:
    numbers = [value for value in asdict(model).values() if isinstance(value, float)]
    numbers += [value for step in model.zooms for value in asdict(step).values() if isinstance(value, float)]
    off = [model.angle_off_deg, model.position_off_m]
    off += [bound for step in model.zooms for bound in (step.focal_share, step.k1_off)]
    by_effect = [step.by_effect for step in model.zooms if step.by_effect is not None]
    off += [bound for each in by_effect for bound in asdict(each).values()]
    numbers += off
    zooms = [step.zoom for step in model.zooms]
    return (
        bool(zooms)
        and all(isfinite(number) for number in numbers)
        and all(bound > 0 for bound in off)
        and all(step.focal_px > 0 for step in model.zooms)
        and zooms == sorted(set(zooms))
        and min(model.width_px, model.height_px) > 0
    )


def _refused(path: Path) -> BadInput:
    return BadInput(
        Words("n'est pas un modèle de caméra utilisable", "is no usable camera model"),
        where=str(path),
        what_to_do=Words("Calibrez de nouveau : csu camera calibrate", "Calibrate again: csu camera calibrate"),
    )
