"""Letters for labels: a glyph atlas, and where each letter of a text goes. Pure arrays, no GL.

The letters are those of the font that OpenCV carries in itself (Rubik, SIL Open Font Licence), so that no font file has
to be installed and the same wall is drawn everywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

ALPHABET = (
    "".join(map(chr, [*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x180), *range(0x400, 0x460)]))
    + "ҐґȘșȚț–—‘’“”•…€№"
)
"""Latin with all European accents, and Cyrillic. Anything else is drawn as a question mark."""
UNKNOWN = "?"
ELLIPSIS = "…"

_ATLAS_WIDTH_PX = 1024
_SPACE_PX = 2


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Height of the letters in pixels, and weight (400 regular, 600 semi-bold)."""

    size_px: int
    weight: int = 400


@dataclass(frozen=True, slots=True)
class Glyph:
    """Where a letter's ink is in the atlas, where it goes relative to pen and baseline, how far the pen moves on."""

    atlas_x: int
    atlas_y: int
    width_px: int
    height_px: int
    offset_x: int
    offset_y: int
    advance_px: int


Step: TypeAlias = tuple[float, float]
_Table: TypeAlias = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Of one style, a row a letter: left, top, width, height, the ink's bounds in the atlas; how far the pen moves on."""
_RIGHT, _DOWN = np.array([0, 1, 0, 1], np.float32), np.array([0, 0, 1, 1], np.float32)
_ROWS = np.full(max(map(ord, ALPHABET)) + 2, ALPHABET.index(UNKNOWN), np.intp)
"""By a letter's number: its row of the tables. The last is for all that are higher."""
_ROWS[[ord(letter) for letter in ALPHABET]] = np.arange(len(ALPHABET))


class GlyphAtlas:
    """All letters of some styles in one picture. `pixels`: uint8 (height, 1024), 0 nothing to 255 full ink."""

    def __init__(self, styles: Sequence[TextStyle], phrases: Sequence[tuple[TextStyle, str]] = ()) -> None:
        """`phrases`: words that are often written, each kept as one piece of ink (unless wider than the atlas)."""
        self._glyphs: dict[tuple[TextStyle, str], Glyph] = {}
        self._phrases: dict[tuple[TextStyle, str], Glyph] = {}
        self._tables: dict[TextStyle, _Table] = {}
        self._turned: dict[tuple[TextStyle, Step, Step], tuple[NDArray[np.float32], NDArray[np.bool_]]] = {}
        face = cv2.FontFace("sans")
        inks: list[tuple[Glyph, NDArray[np.uint8]]] = []
        x = y = row_height = 0
        for style in dict.fromkeys(styles):
            for letter in ALPHABET:
                ink, offset_x, offset_y, advance = _rasterise(face, style, letter)
                height, width = ink.shape
                if x + width > _ATLAS_WIDTH_PX:
                    x, y, row_height = 0, y + row_height, 0
                glyph = Glyph(x, y, width, height, offset_x, offset_y, advance)
                self._glyphs[style, letter] = glyph
                inks.append((glyph, ink))
                x, row_height = x + width + _SPACE_PX, max(row_height, height + _SPACE_PX)
        letters = {id(glyph): ink for glyph, ink in inks}
        for style, phrase in phrases:
            glyph, ink = self._joined(style, phrase, letters)
            if glyph.width_px > _ATLAS_WIDTH_PX:
                continue
            if x + glyph.width_px > _ATLAS_WIDTH_PX:
                x, y, row_height = 0, y + row_height, 0
            glyph = replace(glyph, atlas_x=x, atlas_y=y)
            self._phrases[style, phrase] = glyph
            inks.append((glyph, ink))
            x, row_height = x + glyph.width_px + _SPACE_PX, max(row_height, glyph.height_px + _SPACE_PX)
        self.pixels: NDArray[np.uint8] = np.zeros((y + row_height, _ATLAS_WIDTH_PX), np.uint8)
        for glyph, ink in inks:
            rows = slice(glyph.atlas_y, glyph.atlas_y + glyph.height_px)
            self.pixels[rows, glyph.atlas_x : glyph.atlas_x + glyph.width_px] = ink

    def measure(self, style: TextStyle, text: str) -> int:
        """Width of `text` in pixels."""
        return sum(self._glyph(style, letter).advance_px for letter in _composed(text))

    def shorten(self, style: TextStyle, text: str, width_px_max: int) -> str:
        """`text`, or its beginning and an ellipsis when it is too wide; empty when not even that fits."""
        text = _composed(text)
        return self._cut(style, text, self._ends(style, text)[1], width_px_max)

    def _cut(self, style: TextStyle, text: str, ends: NDArray[np.int64], width_px_max: int) -> str:
        if not text or ends[-1] <= width_px_max:
            return text
        _, advances = self._table(style)
        kept = text[: int((ends <= width_px_max - advances[_ROWS[ord(ELLIPSIS)]]).sum())].rstrip()
        return kept + ELLIPSIS if kept else ""

    def _joined(
        self, style: TextStyle, phrase: str, inks: Mapping[int, NDArray[np.uint8]]
    ) -> tuple[Glyph, NDArray[np.uint8]]:
        placed = self.place(style, phrase, 0, 0)
        left, top = min(x for _, x, _ in placed), min(y for _, _, y in placed)
        right = max(x + glyph.width_px for glyph, x, _ in placed)
        bottom = max(y + glyph.height_px for glyph, _, y in placed)
        ink = np.zeros((bottom - top, right - left), np.uint8)
        for glyph, x, y in placed:
            there = ink[y - top : y - top + glyph.height_px, x - left : x - left + glyph.width_px]
            np.maximum(there, inks[id(glyph)], out=there)
        return Glyph(0, 0, right - left, bottom - top, left, top, self.measure(style, phrase)), ink

    def corners(
        self, style: TextStyle, text: str, width_px_max: int, across: Step, down: Step
    ) -> tuple[NDArray[np.float32], int]:
        """A line shortened to this width, the pen at (0, 0): (letters with ink, 4, 4), of each corner its place, turned
        as the steps to the right and down say, and its place in the atlas; how far the pen moved."""
        text = _composed(text)
        rows, ends = self._ends(style, text)
        if len(rows) and ends[-1] > width_px_max:
            rows, ends = self._ends(style, self._cut(style, text, ends, width_px_max))
        turned = self._turned.get((style, across, down))
        if turned is None:
            table = self._table(style)[0]
            turned = self._turned[style, across, down] = _turn(table, across, down), table[:, 2] > 0
        inked = turned[1][rows]
        pens = (ends - self._table(style)[1][rows])[inked, None].astype(np.float32)
        corners = turned[0][rows[inked]]
        corners[..., 0] += pens * across[0]
        corners[..., 1] += pens * across[1]
        return corners, int(ends[-1]) if len(ends) else 0

    def _ends(self, style: TextStyle, text: str) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Of each letter of a composed text: its row of the table, where the pen is after it."""
        codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
        rows = _ROWS[np.minimum(codes, len(_ROWS) - 1)]
        return rows, self._table(style)[1][rows].cumsum()

    def _table(self, style: TextStyle) -> _Table:
        found = self._tables.get(style)
        if found is None:
            glyphs = [self._glyphs[style, letter] for letter in ALPHABET]
            rows = [
                (g.offset_x, g.offset_y, g.width_px, g.height_px,
                 g.atlas_x, g.atlas_y, g.atlas_x + g.width_px, g.atlas_y + g.height_px)
                for g in glyphs
            ]  # fmt: skip
            found = np.array(rows, np.float32), np.array([glyph.advance_px for glyph in glyphs])
            self._tables[style] = found
        return found

    def place(self, style: TextStyle, text: str, left_px: int, baseline_px: int) -> list[tuple[Glyph, int, int]]:
        """(glyph, left, top) of each letter with ink, or of the phrase, the pen starting at (left_px, baseline_px)."""
        whole = self._phrases.get((style, text))
        if whole is not None:
            return [(whole, left_px + whole.offset_x, baseline_px + whole.offset_y)]
        placed: list[tuple[Glyph, int, int]] = []
        for letter in _composed(text):
            glyph = self._glyph(style, letter)
            if glyph.width_px:
                placed.append((glyph, left_px + glyph.offset_x, baseline_px + glyph.offset_y))
            left_px += glyph.advance_px
        return placed

    def _glyph(self, style: TextStyle, letter: str) -> Glyph:
        return self._glyphs.get((style, letter)) or self._glyphs[style, UNKNOWN]


def _turn(table: NDArray[np.float32], across: Step, down: Step) -> NDArray[np.float32]:
    """As `GlyphAtlas.corners`, of every letter by itself."""
    x, y = table[:, [0]] + table[:, [2]] * _RIGHT, table[:, [1]] + table[:, [3]] * _DOWN
    places = x * across[0] + y * down[0], x * across[1] + y * down[1]
    return np.stack([*places, table[:, [4, 6, 4, 6]], table[:, [5, 5, 7, 7]]], axis=-1)


def _rasterise(face: cv2.FontFace, style: TextStyle, letter: str) -> tuple[NDArray[np.uint8], int, int, int]:
    """The letter's ink cut to its bounds, where the bounds lie relative to pen and baseline, and the pen's advance."""
    sheet = np.zeros((style.size_px * 2, style.size_px * 3), np.uint8)
    origin = (style.size_px // 2, style.size_px * 3 // 2)
    pen, _ = cv2.putText(sheet, letter, origin, (255,), face, style.size_px, weight=style.weight)
    x, y, width, height = cv2.boundingRect(sheet)
    return sheet[y : y + height, x : x + width], x - origin[0], y - origin[1], pen[0] - origin[0]


def _composed(text: str) -> str:
    # "é" may come as "e" and an accent: one letter is one glyph.
    return unicodedata.normalize("NFC", text)
