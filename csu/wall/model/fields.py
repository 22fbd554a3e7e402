"""Values of a wall file as its fields: how each is read from text, and what an editor is told of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from math import isfinite
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from csu.governance.legal_calendar import instant_in_paris
from csu.hal.clock import Nanoseconds
from csu.hal.wall import OverlayKind
from csu.notation import BadQuantity, unknown
from csu.notation.fields import text_schema
from csu.wall.directing.programme import Weekday
from csu.wall.model.scene import Colour
from csu.wall.model.wall import Bezel, Rect, Rotation

RANGE_MAX = 2_000
WRITTEN_KINDS = (OverlayKind.LABEL, OverlayKind.CLOCK, OverlayKind.HEADER, OverlayKind.BORDER)
"""What a scene's file may lay over pictures."""
_IDENT = re.compile(r"\w[\w.-]{0,63}")
_CAMERAS = re.compile(r"(?P<name>[\w-]*?)(?P<first>\d{1,9})\s*\.\.\s*(?P=name)(?P<last>\d{1,9})")
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")
_X_SCREEN = re.compile(r":\d{1,4}(\.\d{1,2})?")


def _ident(given: object) -> str:
    text = str(given).strip()
    if not _IDENT.fullmatch(text):
        raise BadQuantity(
            f"{given!r} n'est pas un nom : lettres, chiffres, _, - et .",
            f"{given!r} is no name: letters, digits, _, - and .",
        )
    return text


def _numbers(given: object, names: tuple[str, ...]) -> list[float]:
    listed = ", ".join(names)
    try:
        found = [float(str(each)) for each in given] if isinstance(given, list | tuple) else []
    except ValueError:
        found = []
    if len(found) != len(names) or not all(map(isfinite, found)):
        raise BadQuantity(
            f"il faut {len(names)} nombres : [{listed}]", f"this must be {len(names)} numbers: [{listed}]"
        )
    return found


def _rect(given: object) -> Rect:
    rect = Rect(*_numbers(given, ("left", "top", "width", "height")))
    if rect.width <= 0 or rect.height <= 0:
        raise BadQuantity("largeur et hauteur doivent être positives", "width and height must be more than zero")
    return rect


def _share_rect(given: object) -> Rect:
    """Of the wall or of a picture: from 0 to 1. What leaves it by a rounding does not leave it."""
    rect = _rect(given)
    if min(rect.left, rect.top) < -1e-6 or max(rect.right, rect.bottom) > 1 + 1e-6:
        raise BadQuantity("un rectangle en parts va de 0 à 1", "a rectangle in shares goes from 0 to 1")
    return rect


def _bezel(given: object) -> Bezel:
    sides = _numbers(given, ("left", "top", "right", "bottom"))
    if min(sides) < 0:
        raise BadQuantity("un cadre n'est pas plus étroit que rien", "a bezel is not narrower than nothing")
    return Bezel(*sides)


def _pixels(given: object, names: tuple[str, str], least: int) -> tuple[int, int]:
    first, second = _numbers(given, names)
    if not (first.is_integer() and second.is_integer() and least <= min(first, second) <= max(first, second) <= 32_768):
        raise BadQuantity(f"des pixels entiers, de {least} à 32768", f"whole pixels, from {least} to 32768")
    return int(first), int(second)


def _size_px(given: object) -> tuple[int, int]:
    return _pixels(given, ("width", "height"), 16)


def _place_px(given: object) -> tuple[int, int]:
    return _pixels(given, ("left", "top"), 0)


def _rotation(given: object) -> Rotation:
    try:
        return Rotation(int(str(given)))
    except ValueError:
        raise BadQuantity(f"{given!r} : 0, 90, 180 ou 270", f"{given!r}: 0, 90, 180 or 270") from None


def _colour(given: object) -> Colour:
    found = _COLOUR.fullmatch(str(given).strip())
    if not found:
        raise BadQuantity(f"{given!r} : une couleur s'écrit #0b0d11", f"{given!r}: a colour is written #0b0d11")
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue


def _x_screen(given: object) -> str:
    text = str(given).strip()
    if not _X_SCREEN.fullmatch(text):
        raise BadQuantity(f"{given!r} : un écran X s'écrit :0 ou :0.1", f"{given!r}: an X screen is written :0 or :0.1")
    return text


def _anchor(given: object) -> str:
    """`wall`, or `panel:` and its name."""
    text = str(given).strip()
    if text != "wall" and not (text.startswith("panel:") and _IDENT.fullmatch(text.removeprefix("panel:"))):
        raise BadQuantity(f"{given!r} : wall, ou panel:NOM", f"{given!r}: wall, or panel:NAME")
    return text


def camera_names(given: object) -> tuple[str, ...]:
    """`cam-0001`, `cam-0001..cam-0048`, a list of these. Raises BadQuantity."""
    listed: Sequence[object] = given if isinstance(given, list | tuple) else [given]
    names: list[str] = []
    for each in listed:
        if found := _CAMERAS.fullmatch(str(each).strip()):
            first, last = int(found["first"]), int(found["last"])
            if not first <= last < first + RANGE_MAX:
                raise BadQuantity(f"{each!r} : de la première à la dernière", f"{each!r}: from the first to the last")
            width = len(found["first"])
            names += [f"{found['name']}{number:0{width}}" for number in range(first, last + 1)]
        else:
            names.append(_ident(each))
    return tuple(names)


def _minute(given: object) -> int:
    found = _TIME.fullmatch(str(given).strip())
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if not found or int(found[2]) > 59 or minute > 24 * 60:
        raise BadQuantity(f"{given!r} : une heure s'écrit 07:30", f"{given!r}: a time is written 07:30")
    return minute


def _instant(given: object) -> Nanoseconds:
    """`2026-12-05 14:00`, by the clocks of Paris."""
    day, _, time = str(given).strip().partition(" ")
    try:
        return instant_in_paris(date.fromisoformat(day), _minute(time))
    except (ValueError, OverflowError):
        raise BadQuantity(
            f"{given!r} : une date s'écrit 2026-12-05 14:00 (heure de Paris)",
            f"{given!r}: a date is written 2026-12-05 14:00 (Paris time)",
        ) from None


def _weekday(given: object) -> Weekday:
    text = str(given).strip().lower()
    found = next((day for day in Weekday if text in (day.name.lower(), day.name[:3].lower(), _DAYS[day])), None)
    if found is None:
        raise BadQuantity(f"{given!r} : mon, tue... ou lundi, mardi...", f"{given!r}: mon, tue... or lundi, mardi...")
    return found


def _written_kind(given: object) -> OverlayKind:
    """Of what a file lays over pictures. Boxes and heat zones come with a signal, while it lasts: they have no form
    here."""
    found = next((kind for kind in WRITTEN_KINDS if kind.value == given), None)
    if found is None:
        raise unknown(("kind", "kind"), str(given), tuple(kind.value for kind in WRITTEN_KINDS))
    return found


_DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def _array(count: int, kind: str = "number") -> WithJsonSchema:
    return WithJsonSchema({"type": "array", "items": {"type": kind}, "minItems": count, "maxItems": count})


Ident = Annotated[str, BeforeValidator(_ident), text_schema(rf"^{_IDENT.pattern}$", "spot-1")]
RectMm = Annotated[Rect, BeforeValidator(_rect), _array(4)]
ShareRect = Annotated[Rect, BeforeValidator(_share_rect), _array(4)]
BezelMm = Annotated[Bezel, BeforeValidator(_bezel), _array(4)]
SizePx = Annotated[
    tuple[int, int], BeforeValidator(lambda v: _pixels(v, ("width", "height"), 16)), _array(2, "integer")
]
PlacePx = Annotated[tuple[int, int], BeforeValidator(lambda v: _pixels(v, ("left", "top"), 0)), _array(2, "integer")]
Turned = Annotated[Rotation, BeforeValidator(_rotation), WithJsonSchema({"enum": [0, 90, 180, 270]})]
XScreen = Annotated[str, BeforeValidator(_x_screen), text_schema(f"^{_X_SCREEN.pattern}$", ":0.1")]
HexColour = Annotated[Colour, BeforeValidator(_colour), text_schema(f"^{_COLOUR.pattern}$", "#0b0d11")]
Anchor = Annotated[str, BeforeValidator(_anchor), text_schema(r"^(wall|panel:.+)$", "wall", "panel:left")]
Cameras = Annotated[
    tuple[str, ...],
    BeforeValidator(camera_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Minute = Annotated[int, BeforeValidator(_minute), text_schema(_TIME.pattern, "07:30")]
ParisInstant = Annotated[
    Nanoseconds, BeforeValidator(_instant), text_schema(r"^\d{4}-\d\d-\d\d \d{1,2}:\d\d$", "2026-12-05 14:00")
]
Day = Annotated[Weekday, BeforeValidator(_weekday), text_schema(r"^\w+$", "sat", "samedi")]
WrittenKind = Annotated[
    OverlayKind, BeforeValidator(_written_kind), WithJsonSchema({"enum": [kind.value for kind in WRITTEN_KINDS]})
]
Priority = Annotated[int, Field(ge=-1000, le=1000)]
