"""Which tiles of the demonstration's wall are right: those whose pixels say whose they are. Silence is no witness."""

from __future__ import annotations

import pytest

from csu.centre.commands.demonstration import tiles_told
from csu.hal.camera import CameraId
from csu.hal.wall import TileReading, TileState, WallReading

NUMBERS = {CameraId("cam-0001"): 1, CameraId("cam-0002"): 2}


def reading(*tiles: tuple[int, TileState, int | None]) -> WallReading:
    told = (TileReading(CameraId(f"cam-000{camera}"), state, seen, seen) for camera, state, seen in tiles)
    return WallReading(0, "none", 1, tuple(told), ())


LIVE, STALE, MASKED = TileState.LIVE, TileState.STALE, TileState.MASKED


@pytest.mark.parametrize(
    ("tiles", "on_a_street", "on_a_site"),
    [
        (((1, LIVE, 1), (2, LIVE, 2)), (2, 0), (2, 0)),
        (((1, LIVE, 1), (2, LIVE, None)), (1, 0), (1, 1)),
        (((1, LIVE, None), (2, LIVE, None)), (0, 0), (0, 2)),
        (((1, LIVE, 2), (2, LIVE, None)), (0, 0), (0, 1)),
        (((1, STALE, 1), (2, STALE, None)), (0, 0), (0, 0)),
        (((1, MASKED, 1), (2, MASKED, 1)), (1, 0), (1, 0)),
    ],
)
def test_a_tile_without_a_number_is_never_right_and_on_a_real_site_it_is_told_apart(tiles, on_a_street, on_a_site):
    assert tiles_told(reading(*tiles), NUMBERS, all_marked=True) == on_a_street
    assert tiles_told(reading(*tiles), NUMBERS, all_marked=False) == on_a_site
