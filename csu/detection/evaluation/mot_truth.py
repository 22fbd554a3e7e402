"""Truth of a real clip, as the MOT challenge writes it: one line a box.

`frame,id,left,top,width,height,conf,class,visibility`, frames from 1, pixels. Rows of ten columns (MOT15) name no
class and are persons. conf 0, and classes that no detector here tells, are places where nothing is judged.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import numpy as np

from csu.detection.evaluation.tracking import Boxes
from csu.hal.analysis import ObjectClass
from csu.hal.errors import BadInput
from csu.hal.words import Words

ROWS_MAX = 5_000_000
_CLASSES = {
    -1: ObjectClass.PERSON,
    1: ObjectClass.PERSON,
    2: ObjectClass.PERSON,
    3: ObjectClass.CAR,
    4: ObjectClass.BICYCLE,
    5: ObjectClass.MOTORCYCLE,
    7: ObjectClass.PERSON,
}
"""Of MOT16 and after; 2 is a person on a vehicle, 7 one who does not move."""
_MOT15_COLUMNS = 10
_COLUMNS_MIN = 6


@dataclass(slots=True)
class TruePicture:
    """What one picture of the clip shows."""

    objects: dict[int, tuple[ObjectClass, Boxes]] = field(default_factory=dict)
    """Number -> what it is, and its box (4,)."""
    not_judged: list[Boxes] = field(default_factory=list)


def read_mot_truth(path: Path) -> dict[int, TruePicture]:
    """Frame number, from 0 -> what it shows. Raises BadInput with the line that cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return mot_truth(csv.reader(lines), str(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise BadInput(
            Words(f"la vérité ne peut être lue : {said}", f"the truth cannot be read: {said}"),
            where=str(path),
            what_to_do=Words("Donnez un fichier au format MOT à --truth", "Give --truth a file in MOT format"),
        ) from None


def mot_truth(rows: Iterable[list[str]], where: str) -> dict[int, TruePicture]:
    """As `read_mot_truth`, of rows that were split."""
    pictures: dict[int, TruePicture] = {}
    for line, row in enumerate(rows, start=1):
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        if line > ROWS_MAX:
            raise _unreadable(f"{where}, {line}", "trop de lignes", "too many lines")
        try:
            numbers = [float(cell) for cell in row]
        except ValueError:
            raise _unreadable(f"{where}, {line}", "ce n'est pas un nombre", "this is no number") from None
        if len(numbers) < _COLUMNS_MIN or not all(map(isfinite, numbers)) or numbers[0] < 1:
            raise _unreadable(f"{where}, {line}", "six nombres au moins, image dès 1", "six numbers, frames from 1")
        _enter(pictures, numbers, f"{where}, {line}")
    if not any(picture.objects for picture in pictures.values()):
        raise _unreadable(where, "aucun objet : rien à juger", "no object: nothing to judge")
    return pictures


def _enter(pictures: dict[int, TruePicture], numbers: list[float], where: str) -> None:
    frame, number, left, top, width, height = numbers[:6]
    conf = numbers[6] if len(numbers) > 6 else 1.0
    kind = int(numbers[7]) if 7 < len(numbers) < _MOT15_COLUMNS else -1
    box = np.array([left, top, left + width, top + height])
    picture = pictures.setdefault(int(frame) - 1, TruePicture())
    if conf == 0 or kind not in _CLASSES:
        picture.not_judged.append(box)
    elif int(number) in picture.objects:
        raise _unreadable(
            where, f"l'objet {int(number)} y est deux fois", f"object {int(number)} is in this picture twice"
        )
    else:
        picture.objects[int(number)] = (_CLASSES[kind], box)


def _unreadable(where: str, french: str, english: str) -> BadInput:
    return BadInput(
        Words(f"la vérité ne peut être lue : {french}", f"the truth cannot be read: {english}"),
        where=where,
        what_to_do=Words(
            "Une ligne par boîte : image,id,gauche,haut,largeur,hauteur,conf,classe,visibilité",
            "One line a box: frame,id,left,top,width,height,conf,class,visibility",
        ),
    )
