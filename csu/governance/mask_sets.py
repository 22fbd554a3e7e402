"""A mask set: all that decides what a camera's picture may not show, in one value with one digest (PRV-6)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from functools import lru_cache
from math import isfinite
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from csu.governance.errors import MaskSetUnusable
from csu.hal.camera import CameraId
from csu.hal.place import Building, Pose, PoseBounds, PtzDynamics, Zone
from csu.hal.words import Words

BodyText: TypeAlias = str
"""Canonical JSON: keys sorted, no space, every number a float. One value has one text."""


@dataclass(frozen=True, slots=True)
class MaskSet:
    """What people sign for one camera. Fields as in `csu.hal.media.Assignment`."""

    camera: CameraId
    pose: Pose | None
    """The fixed pose; None on a camera that does not follow poses: the whole picture, always."""
    follows_pose: bool
    pose_size_px: tuple[int, int] | None
    bounds: PoseBounds
    dynamics: PtzDynamics | None
    buildings: tuple[Building, ...]
    zones: tuple[Zone, ...]
    mask_above_m: float

    @property
    def hides_all(self) -> bool:
        """True when no picture of the camera can ever show anything."""
        return self.pose is None and not self.follows_pose


class SameBuildings:
    """Equal to itself only: 1,300 cameras share one tuple of 20,000 buildings, which is not to be hashed each time."""

    __slots__ = ("buildings",)

    def __init__(self, buildings: tuple[Building, ...]) -> None:
        self.buildings = buildings

    def __hash__(self) -> int:
        return id(self.buildings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameBuildings) and other.buildings is self.buildings


@dataclass(frozen=True, slots=True)
class MaskSetText:
    """A mask set as it is kept: its buildings, which many cameras share, stand apart under their own digest."""

    digest: str
    """SHA-256 of `body`, hexadecimal; `body` names the digest of `buildings`, so that it binds both."""
    body: BodyText
    buildings_digest: str
    buildings: BodyText


def text_of(mask_set: MaskSet) -> MaskSetText:
    """The canonical text. Raises MaskSetUnusable for a number that is not finite."""
    try:
        buildings_digest, buildings = _buildings_text(SameBuildings(mask_set.buildings))
        bare = replace(mask_set, buildings=())
        plain = {field.name: _plain(getattr(bare, field.name)) for field in fields(bare)}
    except ValueError as error:
        raise MaskSetUnusable(
            Words(
                "le jeu de masques contient une valeur qui n'est pas un nombre fini",
                "the mask set holds a value that is not a finite number",
            ),
            where=mask_set.camera,
            what_to_do=Words(
                "Corrigez la pose, les bâtiments ou les zones ; d'ici là l'image est masquée en entier",
                "Correct the pose, the buildings or the zones; until then the picture is wholly masked",
            ),
        ) from error
    body = _json(plain | {"buildings": buildings_digest})
    return MaskSetText(sha256_of(body), body, buildings_digest, buildings)


def digest_of(mask_set: MaskSet) -> str:
    """SHA-256 of all of it, hexadecimal: what a signature is for. Raises MaskSetUnusable."""
    return text_of(mask_set).digest


def buildings_digest_in(body: BodyText) -> str:
    """The digest of the buildings that a set's `body` names. Raises MaskSetUnusable."""
    try:
        return str(json.loads(body)["buildings"])
    except (ValueError, KeyError, TypeError) as error:
        raise _no_set(body) from error


def mask_set_from(body: BodyText, buildings: tuple[Building, ...]) -> MaskSet:
    """The set whose text is `body`. Raises MaskSetUnusable when it is none."""
    try:
        bare = _SETS.validate_python(json.loads(body) | {"buildings": ()})
    except (ValueError, TypeError) as error:  # pydantic's ValidationError is a ValueError
        raise _no_set(body) from error
    return replace(bare, buildings=buildings)


def buildings_from(body: BodyText) -> tuple[Building, ...]:
    """The buildings whose text is `body`. Raises MaskSetUnusable when it is none."""
    try:
        return _BUILDINGS.validate_json(body)
    except ValidationError as error:
        raise _no_set(body) from error


def sha256_of(text: str) -> str:
    """SHA-256 of the UTF-8 text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


_SETS = TypeAdapter(MaskSet)
_BUILDINGS = TypeAdapter(tuple[Building, ...])


@lru_cache(maxsize=8)
def _buildings_text(same: SameBuildings) -> tuple[str, BodyText]:
    body = _json(_plain(same.buildings))
    return sha256_of(body), body


def _json(plain: object) -> BodyText:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    """Dataclasses as objects, tuples as arrays, numbers as floats. Raises ValueError for what is not finite."""
    if value is None or isinstance(value, bool | StrEnum):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float):
        number = float(value)
        if not isfinite(number):
            raise ValueError(f"{number} is not finite")
        return number + 0.0  # -0.0 is 0.0: equal sets have equal texts
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise ValueError(f"a {type(value).__name__} has no place in a mask set")


def _no_set(body: str) -> MaskSetUnusable:
    return MaskSetUnusable(
        Words("ce texte n'est pas un jeu de masques", "this text is no mask set"),
        where=body[:40].replace(" ", "_"),
        what_to_do=Words(
            "Reprenez le registre d'une sauvegarde ; d'ici là les images sont masquées en entier",
            "Restore the register from a backup; until then the pictures are wholly masked",
        ),
    )
