"""The wall without GL: the same states, the same identities, near the reference; and when it is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from multiprocessing import Pipe
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.cluster.wall_drawing import Pixels, Read, Show, Stop, draw_until_stopped
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, YuvPlanes
from csu.hal.wall import NodeScene, TilePicture, TileState, WallReading
from csu.machine import SystemClock
from csu.wall.drawing.emergency import RENDERER, EmergencyWall
from csu.wall.drawing.freshness import Freshness
from csu.wall.drawing.overlay import wall_zone
from csu.wall.drawing.painting import Painter
from csu.wall.drawing.reference import psnr_db, sampled_by_the_book
from tests.wall.drawn_builders import TILES, fill, overlays, scene_of

if TYPE_CHECKING:
    from conftest import FilledSource, SetClock

Planes = Callable[..., YuvPlanes]
SIZE = 1280, 720


@pytest.fixture
def wall(source: FilledSource, clock: SetClock) -> EmergencyWall:
    return EmergencyWall(*SIZE, source, clock)


def test_it_shows_the_same_scene_read_back_by_the_same_eyes(
    wall: EmergencyWall, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    wall.show(scene_of())
    fill(source, clock, planes)
    reading = wall.read()
    assert reading.renderer == RENDERER
    whole = {tile.tile: tile for tile in reading.tiles if tile.tile != "d1"}
    assert {tile.state for tile in reading.tiles} == {TileState.LIVE}
    assert {name: tile.seen_camera_number for name, tile in whole.items()} == {
        each.tile: number for number, each in enumerate(TILES, 1) if each.tile != "d1"
    }


def test_age_makes_the_same_states(wall: EmergencyWall, source: FilledSource, clock: SetClock, planes: Planes) -> None:
    wall.show(scene_of())
    fill(source, clock, planes)
    states = []
    for age_s in (1, 3, 11):
        clock.at_ns += age_s * NS_PER_S
        states.append({tile.state for tile in wall.read().tiles})
    assert states == [{TileState.LIVE}, {TileState.STALE}, {TileState.NO_SIGNAL}]


def test_it_is_near_the_reference_but_for_the_band_that_says_what_it_is(
    wall: EmergencyWall, source: FilledSource, clock: SetClock, planes: Planes
) -> None:
    scene = replace(scene_of(), overlays=overlays())
    wall.show(scene)
    fill(source, clock, planes)
    seen = wall.pixels()
    stamps = {camera: picture.captured_at_ns for camera, picture in source.pictures.items()}
    freshness, zone = Freshness(), wall_zone()
    plain, banded = (
        Painter(scene, freshness, zone, sampled_by_the_book, band=band).paint(source.pictures, stamps, clock.at_ns)
        for band in ("", "MUR DE SECOURS : carte graphique perdue, images au ralenti")
    )
    assert psnr_db(seen, banded) >= 40
    assert psnr_db(seen, plain) < 30, "nothing says that this is not the real wall"


@pytest.mark.requirement("PRV-3")
def test_a_clear_picture_is_refused(clock: SetClock, planes: Planes) -> None:
    class Leak:
        def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
            return ClearFrame(camera, 1, CaptureTime(clock.at_ns, from_camera=True), planes())  # type: ignore[return-value]

    wall = EmergencyWall(*SIZE, Leak(), clock)
    wall.show(scene_of())
    with pytest.raises(ClearPictureRefused, match="cam-0001"):
        wall.tick()


class Fails:
    """A renderer whose card goes away after some draws."""

    def __init__(self, draws: int) -> None:
        self.left, self.drew_all = draws, True

    def show(self, scene: NodeScene) -> None:
        pass

    def renew(self, until_ns: int) -> None:
        pass

    def tick(self) -> bool:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("OpenGL got errors: context lost")
        return True

    def pixels(self) -> NDArray[np.uint8]:
        self.tick()
        return np.zeros((720, 1280, 3), np.uint8)

    def read(self) -> WallReading:
        self.tick()
        return WallReading(0, "the card", 0, (), ())


@pytest.mark.parametrize("draws", [0, 1])
def test_when_gl_is_lost_the_same_scene_goes_on_without_it(
    draws: int, source: FilledSource, clock: SetClock, planes: Planes, capfd: pytest.CaptureFixture[str]
) -> None:
    beats = list[int]()
    fill(source, clock, planes)
    ours, theirs = Pipe()
    drawing = Thread(
        target=draw_until_stopped,
        args=(theirs, Fails(draws), lambda: EmergencyWall(*SIZE, source, clock)),
        kwargs={"clock": SystemClock(), "period_ns": 20 * NS_PER_MS, "beat": beats.append},
    )
    drawing.start()
    ours.send(Show(scene_of()))
    assert ours.recv() is None
    ours.send(Read())
    ours.recv()
    ours.send(Read())
    reading = ours.recv()
    ours.send(Pixels())
    assert ours.recv().any()
    ours.send(Stop())
    drawing.join(20)
    assert reading.renderer == RENDERER
    assert len(reading.tiles) == len(TILES)
    assert beats
    assert "GL is lost" in capfd.readouterr().err
