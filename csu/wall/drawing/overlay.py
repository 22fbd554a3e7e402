"""What is written and drawn over the pictures: labels, state signs, borders, boxes, heat zones, clock and header.

Pure: a scene in, quads for one draw call out. Each word of a state is there once per state, and the shader shows the
one that the age of the picture calls for, as it colours dots and edges: no decision about a state is taken here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.wall import NodeScene, OverlayKind, SceneOverlay, ScenePiece, TileState
from csu.wall.drawing.freshness import STATE_CODES
from csu.wall.drawing.lettering import GlyphAtlas, TextStyle
from csu.wall.drawing.patterns import STATE_COLOURS
from csu.wall.drawing.sheet import CORNER, TONED, Colour, Frame, Sheet
from csu.wall.drawing.upright import Upright
from csu.wall.model.fitting import FittedPiece

WHITE: Colour = (0.95, 0.96, 0.98, 1.0)
FAINT: Colour = (0.58, 0.62, 0.69, 1.0)
PLATE: Colour = (0.03, 0.04, 0.06, 0.72)
BAND: Colour = (0.98, 0.64, 0.13, 0.92)
EDGE: Colour = (0.16, 0.18, 0.22, 1.0)
ALARM: Colour = (1.0, 0.18, 0.2, 1.0)
STYLES: Mapping[str, Colour] = {"alarm": ALARM, "signal": (0.98, 0.8, 0.2, 1.0)}
"""Of borders and boxes; any other is white."""
STATE_WORDS = {
    TileState.LIVE: "EN DIRECT",
    TileState.STALE: "FIGÉ",
    TileState.NO_SIGNAL: "PAS DE SIGNAL",
    TileState.MASKED: "MASQUÉE EN ENTIER",
    TileState.FORBIDDEN: "NON AUTORISÉE",
}
HEAT_COVER = 0.55
BLINK_LOW = 0.35
"""What is seen of an alarm's border in the second half of each second."""

TITLE = "Centre de supervision urbain"
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin",
          "juillet", "août", "septembre", "octobre", "novembre", "décembre")  # fmt: skip

LABEL_QUADS = 44
"""Room for a label: its plate, its dot, 42 letters."""
LABEL_FIRST_LETTER = 2
CLOCK_QUADS = 160
"""Room for a clock or header."""
_LIVE = STATE_CODES[TileState.LIVE]


@dataclass(frozen=True, slots=True)
class Lettering:
    """The sizes of letters on a wall of this height, and their atlas."""

    label: TextStyle
    sign: TextStyle
    large: TextStyle
    header: TextStyle
    clock: TextStyle
    atlas: GlyphAtlas
    live_sign_px: int
    """Width of the small word that says live."""

    @staticmethod
    @lru_cache(maxsize=8)
    def for_wall(height_px: int, tile_height_px: int) -> Lettering:
        """Letters that can be read from the room, and that leave a small tile its picture."""
        unit = height_px / 720
        label = TextStyle(max(9, min(round(14 * unit), tile_height_px // 9)), 500)
        sign = TextStyle(max(8, round(label.size_px * 0.82)), 600)
        large = TextStyle(max(10, min(round(24 * unit), tile_height_px // 7)), 600)
        header, clock = TextStyle(max(10, round(15 * unit)), 500), TextStyle(max(10, round(17 * unit)), 600)
        others = [words for state, words in STATE_WORDS.items() if state is not TileState.LIVE]
        phrases = [(sign, STATE_WORDS[TileState.LIVE]), *((large, words) for words in others)]
        atlas = GlyphAtlas([label, sign, large, header, clock], phrases)
        live_sign_px = atlas.measure(sign, STATE_WORDS[TileState.LIVE]) + 2 * (sign.size_px // 2)
        return Lettering(label, sign, large, header, clock, atlas, live_sign_px)

    @staticmethod
    def of(scene: NodeScene) -> Lettering:
        """For the lowest of its tiles."""
        heights = [Upright.of(piece.corners_px).height_px for piece in scene.pieces]
        return Lettering.for_wall(scene.height_px, min(heights, default=scene.height_px))


def piece_sheet(sheet: Sheet, frame: Frame, piece: ScenePiece, chosen: Sequence[ScenePiece], letters: Lettering) -> int:
    """Signs and label of one piece; the row where its label begins, -1 if it bears none. `chosen`: of its whole tile.

    The label is on the piece that has the tile's corner, the word of a state on the largest.
    """
    first = piece.tile_at[0]
    if piece.camera is not None:
        sides = _sides(piece)
        sheet.edges(frame, sides, EDGE, max(1, letters.label.size_px // 8), when=TONED)
        if piece is max(chosen, key=_area):
            for state in set(TileState) - {TileState.LIVE}:
                _sign(sheet, frame, state, letters)
        if sides[1] and sides[2] and letters.live_sign_px * 3 <= frame.upright.width_px:
            _live_sign(sheet, frame, letters)
    if first != min(each.tile_at[0] for each in chosen):
        return -1
    begins = len(sheet.rows)
    label_sheet(sheet, frame, piece.label, letters, is_shown=piece.camera is not None)
    return begins


def label_sheet(sheet: Sheet, frame: Frame, label: str, letters: Lettering, *, is_shown: bool) -> None:
    """A label with the dot of its state: LABEL_QUADS rows."""
    begins = len(sheet.rows)
    if label:
        style, atlas, at = letters.label, letters.atlas, LabelPlace.of(frame, letters)
        text = atlas.shorten(style, label, at.room)
        sheet.box(frame, at.inset, at.inset, at.plate(atlas.measure(style, text)), at.height, PLATE, radius=at.radius)
        if is_shown:
            left, top, colour = at.inset + at.pad, at.inset + (at.height - at.dot) / 2, STATE_COLOURS[TileState.LIVE]
            sheet.box(frame, left, top, at.dot, at.dot, colour, radius=at.dot / 2, when=TONED)
        sheet.fill_up(frame, begins, LABEL_FIRST_LETTER, WHITE)
        sheet.text(frame, atlas, style, text, at.left, at.baseline, WHITE)
    sheet.fill_up(frame, begins, LABEL_QUADS, WHITE)


def change_label(corners: NDArray[np.void], frame: Frame, label: str, letters: Lettering) -> None:
    """Other words in a label that has some: `corners` (4 LABEL_QUADS,) of it, written in place. Much is kept as it is,
    because labels change often (tours, alarms) and each may cost 0.05 ms."""
    at, upright = LabelPlace.of(frame, letters), frame.upright
    across, down = upright.across, upright.down
    written = corners.view(np.float32).reshape(LABEL_QUADS, 4, -1)  # place, place in the atlas, and what stays
    words, advance = letters.atlas.corners(letters.label, label, at.room, across, down)
    words = words[: LABEL_QUADS - LABEL_FIRST_LETTER]
    words[..., :2] += upright.at(at.left, at.baseline)
    end = LABEL_FIRST_LETTER + len(words)
    written[LABEL_FIRST_LETTER:end, :, :4] = words
    written[end:, :, :2] = 0
    plate, inset, half = written[0], at.inset, at.plate(advance) / 2
    right, low = inset + 2 * half, inset + at.height
    plate[:, :2] = [upright.at(x, y) for x, y in ((inset, inset), (right, inset), (inset, low), (right, low))]
    plate[:, 2] = -half, half, -half, half
    plate[:, _HALF_WIDTH] = half


_HALF_WIDTH = CORNER.fields["a_shape"][1] // 4 if CORNER.fields else 0
"""Where a corner's floats have it."""


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """Where the parts of a label are, in pixels of its piece."""

    inset: int
    pad: int
    height: int
    dot: int
    room: int
    """For its letters."""
    left: int
    baseline: int

    @staticmethod
    def of(frame: Frame, letters: Lettering) -> LabelPlace:
        style, width = letters.label, frame.upright.width_px
        pad, height, dot = style.size_px // 2, style.size_px * 3 // 2, max(4, style.size_px // 2)
        inset, sign = max(2, pad // 2), letters.live_sign_px
        taken = sign + inset if sign * 3 <= width else 0
        room = width - 2 * inset - 3 * pad - dot - taken
        return LabelPlace(inset, pad, height, dot, room, inset + dot + 2 * pad, _baseline(inset, height, style))

    def plate(self, letters_px: int) -> int:
        """The width of what lies under it."""
        return self.dot + 3 * self.pad + letters_px

    @property
    def radius(self) -> float:
        return self.height / 4


def border_sheet(sheet: Sheet, frame: Frame, piece: ScenePiece, style: str, letters: Lettering) -> None:
    """A border around a tile, at those edges of it that this piece has. Thinner than what the read-back leaves out."""
    thick = max(2, letters.label.size_px // 5)
    sheet.edges(frame, _sides(piece), STYLES.get(style, WHITE), thick, blinking=style == "alarm")


def picture_sheet(
    sheet: Sheet, frame: Frame, fitted: FittedPiece, overlay: SceneOverlay, layer: int, letters: Lettering
) -> None:
    """A box or a heat zone in a picture, as far as this piece shows it. `frame`: of the picture in the piece."""
    (left, top), (right, bottom) = fitted.picture_at[0], fitted.picture_at[3]
    box = overlay.at
    seen = max(left, box[0]), max(top, box[1]), min(right, box[2]), min(bottom, box[3])
    if seen[0] >= seen[2] or seen[1] >= seen[3]:
        return
    width, height = frame.upright.width_px / (right - left), frame.upright.height_px / (bottom - top)
    x0, y0, x1, y1 = (
        round((seen[0] - left) * width),
        round((seen[1] - top) * height),
        round((seen[2] - left) * width),
        round((seen[3] - top) * height),
    )
    if overlay.kind is OverlayKind.HEAT:
        across, down = box[2] - box[0], box[3] - box[1]
        at = (
            (seen[0] - box[0]) / across,
            (seen[1] - box[1]) / down,
            (seen[2] - box[0]) / across,
            (seen[3] - box[1]) / down,
        )
        sheet.heat(frame, (x0, y0, x1 - x0, y1 - y0), at, layer, HEAT_COVER, _LIVE)
        return
    colour, thick = STYLES.get(overlay.style, WHITE), max(1, letters.label.size_px // 7)
    inside = Frame(_within(frame.upright, x0, y0, x1 - x0, y1 - y0), frame.piece, frame.depth)
    sides = box[0] >= left, box[1] >= top, box[2] <= right, box[3] <= bottom
    if min(inside.upright.width_px, inside.upright.height_px) > 2 * thick:
        sheet.edges(inside, sides, colour, thick, when=_LIVE)
    if overlay.text and sides[0] and sides[1]:
        style = letters.sign
        pad, band = style.size_px // 3, style.size_px * 4 // 3
        sheet.box(
            inside, 0, 0, letters.atlas.measure(style, overlay.text) + 2 * pad, band, (*colour[:3], 0.8), when=_LIVE
        )
        baseline = _baseline(0, band, style)
        sheet.text(inside, letters.atlas, style, overlay.text, pad, baseline, (0.02, 0.02, 0.03, 1.0), when=_LIVE)


def clock_sheet(
    sheet: Sheet, frame: Frame, overlay: SceneOverlay, letters: Lettering, now_ns: Nanoseconds, zone: tzinfo
) -> None:
    """A clock, or a header with name, text and clock: CLOCK_QUADS rows."""
    begins = len(sheet.rows)
    width, height = frame.upright.width_px, frame.upright.height_px
    atlas, margin = letters.atlas, max(4, height // 3)
    baseline = (height + letters.header.size_px * 2 // 3) // 2 + 1
    clock, day = clock_words(now_ns, zone)
    time_px, day_px = atlas.measure(letters.clock, clock), atlas.measure(letters.header, day)
    if overlay.kind is OverlayKind.CLOCK:
        left = max(0, (width - time_px - day_px - margin) // 2)
        sheet.text(frame, atlas, letters.header, day, left, baseline, FAINT)
        sheet.text(frame, atlas, letters.clock, clock, left + day_px + margin, baseline, WHITE)
    else:
        left = width - margin - time_px
        sheet.text(frame, atlas, letters.clock, clock, left, baseline, WHITE)
        left -= day_px + margin
        sheet.text(frame, atlas, letters.header, day, left, baseline, FAINT)
        sheet.text(frame, atlas, letters.header, TITLE, margin, baseline, WHITE)
        after_title = margin + atlas.measure(letters.header, TITLE) + margin
        if after_title + atlas.measure(letters.header, overlay.text) + margin < left:
            sheet.text(frame, atlas, letters.header, overlay.text, after_title, baseline, FAINT)
    sheet.fill_up(frame, begins, CLOCK_QUADS, WHITE)


def band_sheet(sheet: Sheet, frame: Frame, text: str, letters: Lettering) -> None:
    """A band across a panel, below the labels of its first tiles: something holds for all of it."""
    style, width = letters.header, frame.upright.width_px
    height, top = style.size_px * 7 // 4, letters.label.size_px * 9 // 4
    sheet.box(frame, 0, top, width, height, BAND)
    text = letters.atlas.shorten(style, text, width - style.size_px)
    left = (width - letters.atlas.measure(style, text)) // 2
    sheet.text(frame, letters.atlas, style, text, left, _baseline(top, height, style), (0.05, 0.03, 0.0, 1.0))


def blink(now_ns: Nanoseconds) -> float:
    """How much is seen of what blinks: all walls in step, by the clock."""
    return 1.0 if now_ns % NS_PER_S < NS_PER_S // 2 else BLINK_LOW


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


def _sign(sheet: Sheet, frame: Frame, state: TileState, letters: Lettering) -> None:
    """The word of a state that is not live, in the middle."""
    atlas, style, words, when = letters.atlas, letters.large, STATE_WORDS[state], STATE_CODES[state]
    width, height = frame.upright.width_px, frame.upright.height_px
    pad, band = style.size_px * 2 // 3, style.size_px * 5 // 3
    words = atlas.shorten(style, words, width - 2 * pad)
    plate = atlas.measure(style, words) + 2 * pad
    left, top = (width - plate) // 2, height * 2 // 5 - band // 2
    sheet.box(frame, left, top, plate, band, PLATE, radius=band / 5, when=when)
    baseline = _baseline(top, band, style)
    sheet.text(frame, atlas, style, words, left + pad, baseline, STATE_COLOURS[state], when=when)


def _live_sign(sheet: Sheet, frame: Frame, letters: Lettering) -> None:
    """A small word at the right."""
    atlas, style, words = letters.atlas, letters.sign, STATE_WORDS[TileState.LIVE]
    pad, height = style.size_px // 2, letters.label.size_px * 3 // 2
    width, inset = letters.live_sign_px, max(2, letters.label.size_px // 4)
    left = frame.upright.width_px - inset - width
    sheet.box(frame, left, inset, width, height, PLATE, radius=height / 4, when=_LIVE)
    baseline, colour = _baseline(inset, height, style), STATE_COLOURS[TileState.LIVE]
    sheet.text(frame, atlas, style, words, left + pad, baseline, colour, when=_LIVE)


def _baseline(top: int, height: int, style: TextStyle) -> int:
    return top + (height + style.size_px * 2 // 3) // 2


def _sides(piece: ScenePiece) -> tuple[bool, bool, bool, bool]:
    """Which edges of its tile a piece has: left, top, right, bottom."""
    (left, top), (right, bottom) = piece.tile_at[0], piece.tile_at[3]
    return left < _EDGE, top < _EDGE, right > 1 - _EDGE, bottom > 1 - _EDGE


_EDGE = 1e-6


def _area(piece: ScenePiece) -> float:
    (left, top), (right, bottom) = piece.tile_at[0], piece.tile_at[3]
    return (right - left) * (bottom - top)


def _within(upright: Upright, left: int, top: int, width: int, height: int) -> Upright:
    return Upright(upright.at(left, top), upright.across, upright.down, width, height)


__all__ = [
    "CLOCK_QUADS",
    "LABEL_QUADS",
    "STATE_WORDS",
    "UTC",
    "Lettering",
    "band_sheet",
    "blink",
    "border_sheet",
    "change_label",
    "clock_sheet",
    "clock_words",
    "label_sheet",
    "picture_sheet",
    "piece_sheet",
    "wall_zone",
]
