"""What is written and drawn over the pictures: labels, state signs, edges, the band with title and clock.

Pure: a scene in, corners for one draw call out. Each sign of a state is there three times, once per state, and the
shader shows the one that the age of the picture calls for: no decision about a state is taken here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.wall import TileState, WallScene, WallTile
from csu.wall.drawing.freshness import STATE_CODES
from csu.wall.drawing.lettering import GlyphAtlas, TextStyle
from csu.wall.model.layout import header_px

Colour: TypeAlias = tuple[float, float, float, float]
"""Red, green, blue and cover, 0 to 1."""

BACKGROUND = (11, 13, 17)
WHITE: Colour = (0.95, 0.96, 0.98, 1.0)
FAINT: Colour = (0.58, 0.62, 0.69, 1.0)
PLATE: Colour = (0.03, 0.04, 0.06, 0.72)
STATE_COLOURS: dict[TileState, Colour] = {
    TileState.LIVE: (0.25, 0.83, 0.47, 1.0),
    TileState.STALE: (0.98, 0.64, 0.13, 1.0),
    TileState.NO_SIGNAL: (0.95, 0.35, 0.35, 1.0),
}
EDGE: Colour = (0.16, 0.18, 0.22, 1.0)
STATE_WORDS = {TileState.LIVE: "EN DIRECT", TileState.STALE: "FIGÉ", TileState.NO_SIGNAL: "PAS DE SIGNAL"}

TITLE = "Centre de supervision urbain"
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin",
          "juillet", "août", "septembre", "octobre", "novembre", "décembre")  # fmt: skip

_ALWAYS = -1.0

CORNER = np.dtype(
    [
        ("a_position_px", np.float32, 2),
        ("a_at", np.float32, 2),
        ("a_colour", np.float32, 4),
        ("a_shape", np.float32, 4),
        ("a_when", np.float32),
    ]
)


@dataclass(frozen=True, slots=True)
class Lettering:
    """The sizes of letters on a wall of this height, and their atlas."""

    label: TextStyle
    sign: TextStyle
    large: TextStyle
    header: TextStyle
    clock: TextStyle
    atlas: GlyphAtlas

    @staticmethod
    def for_wall(height_px: int, tile_height_px: int) -> Lettering:
        """Letters that can be read from the room, and that leave a small tile its picture."""
        unit = height_px / 720
        label = TextStyle(max(9, min(round(14 * unit), tile_height_px // 9)), 500)
        sign = TextStyle(max(8, round(label.size_px * 0.82)), 600)
        large = TextStyle(max(10, min(round(24 * unit), tile_height_px // 7)), 600)
        header, clock = TextStyle(max(10, round(15 * unit)), 500), TextStyle(max(10, round(17 * unit)), 600)
        return Lettering(label, sign, large, header, clock, GlyphAtlas([label, sign, large, header, clock]))


@dataclass(slots=True)
class Sheet:
    """Quads being gathered: 4 corners each, and the index of the tile whose age they follow (0 when they do not)."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    tiles: list[int] = field(default_factory=list)

    def box(
        self, left: float, top: float, width: float, height: float, colour: Colour,
        *, radius: float = 0.0, when: float = _ALWAYS, tile: int = 0,
    ) -> None:  # fmt: skip
        """A filled rectangle with round corners; a disc when the radius is half its side."""
        half_width, half_height = width / 2, height / 2
        at = (-half_width, -half_height, half_width, half_height)
        shape = (half_width, half_height, radius, 0.0)
        self.rows.append((left, top, width, height, *at, *colour, *shape, when))
        self.tiles.append(tile)

    def text(
        self, atlas: GlyphAtlas, style: TextStyle, text: str, left: int, baseline: int, colour: Colour,
        *, when: float = _ALWAYS, tile: int = 0,
    ) -> None:  # fmt: skip
        """A line of text; `left` and `baseline` are whole pixels, so that letters stay sharp."""
        for glyph, x, y in atlas.place(style, text, left, baseline):
            at = (glyph.atlas_x, glyph.atlas_y, glyph.atlas_x + glyph.width_px, glyph.atlas_y + glyph.height_px)
            self.rows.append((x, y, glyph.width_px, glyph.height_px, *at, *colour, 0.0, 0.0, 0.0, 1.0, when))
            self.tiles.append(tile)

    def frame(self, tile: WallTile, colour: Colour, thick: int, *, when: float, index: int) -> None:
        """The four edges of a tile."""
        left, top, width, height = tile.left_px, tile.top_px, tile.width_px, tile.height_px
        self.box(left, top, width, thick, colour, when=when, tile=index)
        self.box(left, top + height - thick, width, thick, colour, when=when, tile=index)
        self.box(left, top + thick, thick, height - 2 * thick, colour, when=when, tile=index)
        self.box(left + width - thick, top + thick, thick, height - 2 * thick, colour, when=when, tile=index)

    def corners(self) -> NDArray[np.void]:
        """(4 n,) of CORNER: top left, top right, bottom left, bottom right of each quad."""
        quads = np.array(self.rows, np.float32).reshape(-1, 17)
        corners = np.zeros((len(quads), 4), CORNER)
        for index, (right, down) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
            corners["a_position_px"][:, index] = quads[:, 0:2] + quads[:, 2:4] * (right, down)
            corners["a_at"][:, index, 0] = quads[:, 6 if right else 4]
            corners["a_at"][:, index, 1] = quads[:, 7 if down else 5]
        corners["a_colour"], corners["a_shape"] = quads[:, None, 8:12], quads[:, None, 12:16]
        corners["a_when"] = quads[:, None, 16]
        return corners.reshape(-1)


def tile_sheet(sheet: Sheet, scene: WallScene, letters: Lettering) -> None:
    """Labels, signs and edges of every tile."""
    for index, tile in enumerate(scene.tiles):
        for state in TileState:
            _sign(sheet, tile, index, state, letters)
        _label(sheet, tile, index, letters)


def header_sheet(sheet: Sheet, scene: WallScene, letters: Lettering, now_ns: Nanoseconds, zone: tzinfo) -> None:
    """Title, number of cameras and clock, unless a tile of the scene lies where the band would be."""
    height = header_px(scene.height_px)
    if any(tile.top_px < height for tile in scene.tiles):
        return
    atlas, margin = letters.atlas, max(4, height // 3)
    baseline = (height + letters.header.size_px * 2 // 3) // 2 + 1
    clock, day = clock_words(now_ns, zone)
    left = scene.width_px - margin - atlas.measure(letters.clock, clock)
    sheet.text(atlas, letters.clock, clock, left, baseline, WHITE)
    left -= atlas.measure(letters.header, day) + margin
    sheet.text(atlas, letters.header, day, left, baseline, FAINT)
    sheet.text(atlas, letters.header, TITLE, margin, baseline, WHITE)
    count = f"{len(scene.tiles)} caméra{'s' if len(scene.tiles) > 1 else ''}"
    after_title = margin + atlas.measure(letters.header, TITLE) + margin
    if after_title + atlas.measure(letters.header, count) + margin < left:
        sheet.text(atlas, letters.header, count, after_title, baseline, FAINT)


def clock_words(now_ns: Nanoseconds, zone: tzinfo) -> tuple[str, str]:
    """('14:03:22', 'mardi 24 novembre 2026'); the zone is named when it is not the wall's own."""
    now = datetime.fromtimestamp(now_ns // NS_PER_S, zone)
    clock = f"{now:%H:%M:%S}" + (" UTC" if zone is UTC else "")
    return clock, f"{WEEKDAYS[now.weekday()]} {now.day} {MONTHS[now.month - 1]} {now.year}"


UTC = timezone(timedelta(0), "UTC")


def wall_zone(name: str = "Europe/Paris") -> tzinfo:
    """The zone of the wall's clock; UTC, and the clock says so, on a host without time zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def stamps_of(tiles: Sequence[int], stamps_s: NDArray[np.float32]) -> NDArray[np.float32]:
    """The stamp of each corner, from the stamp of each tile."""
    if not len(stamps_s):
        return np.zeros(4 * len(tiles), np.float32)
    return np.repeat(stamps_s[np.array(tiles, np.intp)], 4).astype(np.float32)


def _label(sheet: Sheet, tile: WallTile, index: int, letters: Lettering) -> None:
    style, atlas = letters.label, letters.atlas
    pad, height = style.size_px // 2, style.size_px * 3 // 2
    dot = max(4, style.size_px // 2)
    inset = max(2, pad // 2)
    text = atlas.shorten(style, tile.label, tile.width_px - 2 * inset - 3 * pad - dot)
    width = dot + 3 * pad + atlas.measure(style, text)
    left, top = tile.left_px + inset, tile.top_px + inset
    sheet.box(left, top, width, height, PLATE, radius=height / 4, tile=index)
    for state in TileState:
        sheet.box(
            left + pad, top + (height - dot) / 2, dot, dot, STATE_COLOURS[state],
            radius=dot / 2, when=STATE_CODES[state], tile=index,
        )  # fmt: skip
    baseline = top + (height + style.size_px * 2 // 3) // 2
    sheet.text(atlas, style, text, left + dot + 2 * pad, baseline, WHITE, tile=index)


def _sign(sheet: Sheet, tile: WallTile, index: int, state: TileState, letters: Lettering) -> None:
    """LIVE: a small word at the right, where there is room. The others: the word in the middle and a coloured edge."""
    atlas, words, colour, when = letters.atlas, STATE_WORDS[state], STATE_COLOURS[state], STATE_CODES[state]
    edge = EDGE if state is TileState.LIVE else colour
    sheet.frame(tile, edge, max(1, letters.label.size_px // 8), when=when, index=index)
    if state is TileState.LIVE:
        pad, height = letters.sign.size_px // 2, letters.label.size_px * 3 // 2
        width = atlas.measure(letters.sign, words) + 2 * pad
        inset = max(2, letters.label.size_px // 4)
        label_end = 4 * letters.label.size_px + atlas.measure(letters.label, tile.label)
        if label_end + width + inset > tile.width_px:
            return
        left, top = tile.left_px + tile.width_px - inset - width, tile.top_px + inset
        sheet.box(left, top, width, height, PLATE, radius=height / 4, when=when, tile=index)
        baseline = top + (height + letters.sign.size_px * 2 // 3) // 2
        sheet.text(atlas, letters.sign, words, left + pad, baseline, colour, when=when, tile=index)
        return
    style = letters.large
    pad, height = style.size_px * 2 // 3, style.size_px * 5 // 3
    width = atlas.measure(style, words) + 2 * pad
    left = tile.left_px + (tile.width_px - width) // 2
    top = tile.top_px + tile.height_px * 2 // 5 - height // 2
    sheet.box(left, top, width, height, PLATE, radius=height / 5, when=when, tile=index)
    baseline = top + (height + style.size_px * 2 // 3) // 2
    sheet.text(atlas, style, words, left + pad, baseline, colour, when=when, tile=index)
