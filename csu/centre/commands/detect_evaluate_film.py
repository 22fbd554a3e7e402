"""What `csu detect evaluate --video` was told of a film, read and refused."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

from csu.detection.evaluation.mot_clip import Film
from csu.detection.evaluation.mot_truth import read_mot_truth
from csu.hal.errors import BadInput
from csu.hal.place import Pose
from csu.hal.words import Words


def film_of(video: Path, truth: Path | None, line: str | None, pose: str | None) -> Film:
    """The film to measure. Raises BadInput naming the option that cannot be used."""
    return Film(
        video,
        None if truth is None else read_mot_truth(truth),
        None if line is None else _line(line),
        None if pose is None else _pose(pose),
    )


def _line(told: str) -> tuple[tuple[float, float], tuple[float, float]]:
    numbers = _numbers(told, 4)
    if numbers is None or not all(0 <= number <= 1 for number in numbers) or numbers[:2] == numbers[2:]:
        raise BadInput(
            Words("ce n'est pas une ligne", "this is no line"),
            where=f"--line {told}"[:60],
            what_to_do=Words(
                "Quatre nombres de 0 à 1 : x1,y1,x2,y2, en parts de l'image",
                "Four numbers from 0 to 1: x1,y1,x2,y2, in shares of the picture",
            ),
        )
    x1, y1, x2, y2 = numbers
    return (x1, y1), (x2, y2)


def _pose(told: str) -> Pose:
    numbers = _numbers(told, 3)
    if numbers is None or not (0.5 < numbers[0] <= 100 and -90 <= numbers[1] < 0 and 10 <= numbers[2] <= 20_000):
        raise BadInput(
            Words("ce n'est pas un calage", "this is no pose"),
            where=f"--pose {told}"[:60],
            what_to_do=Words(
                "Hauteur en m (0,5 à 100), inclinaison en degrés (-90 à 0), focale en px : 6,-30,800",
                "Height in m (0.5 to 100), tilt in degrees (-90 to 0), focal length in px: 6,-30,800",
            ),
        )
    height_m, tilt_deg, focal_px = numbers
    return Pose(0.0, 0.0, height_m, 0.0, tilt_deg, 0.0, focal_px)


def _numbers(told: str, count: int) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(part) for part in told.split(","))
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None
