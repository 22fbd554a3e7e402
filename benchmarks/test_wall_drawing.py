"""Drawing a wall: csu beside a program per tile, a scene node per tile, and its own shader in moderngl; labels.

Without raster: one pixel only is drawn (scissors), so that upload, driver and Python remain, as beside a graphics card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.scoreboard import Scoreboard
from benchmarks.test_wall import AlwaysNew, SteppedClock, _scene
from benchmarks.wall_peers import ModernGl, Peer, ProgramPerTile, SceneImages, one_pixel, rectangles
from csu.hal.clock import NS_PER_MS
from csu.hal.wall import TileState, WallError
from csu.wall.drawing.read_back import SeenPiece, read_tiles
from csu.wall.drawing.surface import Surface, open_surface
from csu.wall.model import fit_piece

WIDTH_PX, HEIGHT_PX = 1920, 1080
PICTURE_PX = 640, 360
FRAMES, ROUNDS, LABELS = 20, 5, 200
NO_RASTER = "wall of {} tiles of 640x360, all new, without raster"
RASTER = "wall of 48 tiles of 640x360, all new, 1920x1080 in software, pictures only"
UNIT = "ms CPU a frame of the wall"

Measure = Callable[..., float]


@pytest.fixture
def surface() -> Iterator[Surface]:
    try:
        opened = open_surface("offscreen", WIDTH_PX, HEIGHT_PX, allow_software=True)
    except WallError as error:
        pytest.fail(f"no wall here: {error}")
    yield opened
    opened.close()


class Csu:
    """The wall itself, with a picture for each tile whenever it draws."""

    def __init__(self, surface: Surface, tiles: int, *, pictures_only: bool = False) -> None:
        from csu.wall.drawing.renderer import WallRenderer  # once the surface has chosen the platform

        scene, planes = _scene(tiles)
        self._clock, self._surface = SteppedClock(), surface
        self.renderer = WallRenderer(surface, AlwaysNew(self._clock, planes), self._clock)
        self.renderer.show(scene)
        if pictures_only:
            self.renderer._stage._overlay.draw = lambda: 0  # type: ignore[method-assign]

    def frame(self, planes: object) -> None:
        self._clock.at_ns += 40 * NS_PER_MS
        assert self.renderer.tick()

    def limit(self) -> None:
        from vispy import gloo

        self._surface.begin()
        one_pixel(gloo, on=True)

    def pixels(self) -> Any:
        return self._surface.read_rgb()


def _seen(tiles: int) -> list[SeenPiece]:
    pieces = [(piece, fit_piece(piece, *PICTURE_PX)) for piece in _scene(tiles)[0].pieces]
    return [
        SeenPiece(piece.tile, piece.camera, piece.z, piece.corners_px, fitted)
        for piece, fitted in pieces
        if piece.camera is not None and fitted is not None
    ]


def _measured(peer: Peer, tiles: int, measure: Measure, *, raster: bool) -> float:
    planes = list(_scene(tiles)[1].values())
    peer.frame(planes)
    readings = read_tiles(np.ascontiguousarray(peer.pixels()), _seen(tiles))
    assert [reading.seen_camera_number for reading in readings] == list(range(1, tiles + 1))
    assert {reading.state for reading in readings} == {TileState.LIVE}
    if not raster:
        peer.limit()

    def work(_: Path) -> int:
        for _frame in range(FRAMES):
            peer.frame(planes)
        return FRAMES

    def check(drawn: int, _: Path) -> None:
        assert drawn == FRAMES

    return measure(work, check, ROUNDS) * 1000 / FRAMES


def test_csu_pictures_only_without_raster(surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    cost = _measured(Csu(surface, 48, pictures_only=True), 48, measure, raster=False)
    scoreboard.add(NO_RASTER.format(48), "csu, pictures only, as the peers", cost, UNIT)


@pytest.mark.parametrize("tiles", [48, 100])
def test_csu_without_raster(tiles: int, surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    cost = _measured(Csu(surface, tiles), tiles, measure, raster=False)
    scoreboard.add(NO_RASTER.format(tiles), "csu, with labels, states and clock", cost, UNIT)


def test_a_plain_copy(measure: Measure, scoreboard: Scoreboard) -> None:
    """What no upload can be cheaper than: the same bytes, copied once."""
    planes = list(_scene(48)[1].values())
    card = [np.empty(PICTURE_PX[0] * PICTURE_PX[1] * 3 // 2, np.uint8) for _ in planes]
    pictures = [np.concatenate([plane.reshape(-1) for plane in (each.y, each.u, each.v)]) for each in planes]

    def work(_: Path) -> int:
        for _frame in range(FRAMES):
            for target, picture in zip(card, pictures, strict=True):
                np.copyto(target, picture)
        return FRAMES

    def check(drawn: int, _: Path) -> None:
        assert all((target == picture).all() for target, picture in zip(card, pictures, strict=True))

    cost = measure(work, check, ROUNDS) * 1000 / FRAMES
    scoreboard.add(NO_RASTER.format(48), "copying the pictures once, nothing else", cost, UNIT)


def test_a_program_per_tile_without_raster(surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    cost = _measured(ProgramPerTile(surface, rectangles(_scene(48)[0]), PICTURE_PX), 48, measure, raster=False)
    scoreboard.add(NO_RASTER.format(48), "vispy gloo, a program per tile", cost, UNIT)


def test_a_scene_node_per_tile_without_raster(surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    cost = _measured(SceneImages(surface, rectangles(_scene(48)[0]), PICTURE_PX), 48, measure, raster=False)
    scoreboard.add(NO_RASTER.format(48), "vispy scene, an Image per tile", cost, UNIT)


def test_csu_in_software(surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    cost = _measured(Csu(surface, 48, pictures_only=True), 48, measure, raster=True)
    scoreboard.add(RASTER, "csu", cost, UNIT)


def test_moderngl_in_software(surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    peer = ModernGl(WIDTH_PX, HEIGHT_PX, rectangles(_scene(48)[0]), PICTURE_PX)
    scoreboard.add(RASTER, "moderngl, the same shader", _measured(peer, 48, measure, raster=True), UNIT)


def test_a_label_changes(surface: Surface, measure: Measure, scoreboard: Scoreboard) -> None:
    wall = Csu(surface, 100)
    wall.frame(None)
    overlay = wall.renderer._stage._overlay
    pieces = list(overlay.sheet.label_rows)

    def work(_: Path) -> int:
        for number in range(LABELS):
            overlay.set_label(pieces[number % len(pieces)], f"ALARME · {number:03} · Rue de l'Église")
        surface.context.flush_commands()
        return LABELS

    def check(changed: int, _: Path) -> None:
        assert changed == LABELS

    best_s = measure(work, check, ROUNDS)
    scoreboard.add("a label of 30 letters on a wall of 100 changes", "csu", best_s * 1000 / LABELS, "ms CPU a label")
