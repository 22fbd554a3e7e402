"""From surfaces to cells: what a cover costs, beside cv2's own projection of the same points and a naive raster.

The peer projects all corners without cutting at the lens, which turns what is behind the camera inside out, and fills
them one by one at the same grid: less than is needed, and the least one would write.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.scoreboard import Scoreboard
from csu.hal.place import Building, Pose, PoseBounds
from csu.hal.view_geometry import camera_axes
from csu.masking import Cover, Surfaces, cover_of_path, forbidden_surfaces
from csu.masking.skyline import Surroundings, _solids

ROUNDS, TIMES = 5, 40
WIDTH_PX, HEIGHT_PX, FOCAL_PX = 1920, 1080, 1300.0
PANS_DEG = (0.0, 77.0, 150.0, 310.0)
"""Four ways to look, one after the other: what stands around differs."""
SLEW_DEG = 12.0
"""60 deg/s for 200 ms."""
WHAT = "a cover of 250 quads (200 facades, 50 roofs) at 1080p"
SLEWING = "the same while turning by 12 degrees (60 deg/s, 200 ms)"
TOWN = 20_000
IN_TOWN = "a cover in a town of 20,000 dwellings at 1080p"
IN_TOWN_SLEWING = "the same in a town of 20,000 dwellings while turning by 12 degrees"
WRONG = PoseBounds(angle_deg=0.5, position_m=0.3, focal_share=0.01, k1=0.02)
CASES = {
    "csu": (0.0, PoseBounds()),
    "csu, every number of the pose wrong within bounds": (0.0, WRONG),
    "csu, through a lens bent by k1 = -0.12": (-0.12, PoseBounds()),
}

Measure = Callable[..., float]


@pytest.fixture(scope="module")
def surfaces() -> Surfaces:
    rng = np.random.default_rng(4)
    buildings: list[Building] = []
    while len(buildings) < 50:
        middle, (wide, deep) = rng.uniform(-160, 160, 2), rng.uniform(8, 22, 2)
        if np.hypot(*middle) < np.hypot(wide, deep) / 2 + 6:
            continue
        turn = float(rng.choice([0, 0.12, -0.2]))
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        corners = np.array([[-wide, -deep], [wide, -deep], [wide, deep], [-wide, deep]]) / 2 @ rotation.T + middle
        ring = tuple((float(x), float(y)) for x, y in corners)
        buildings.append(Building(f"b{len(buildings)}", ring, 0.0, float(rng.uniform(3, 24)), True))
    return forbidden_surfaces(buildings, (), 2.5)


def _paths(k1: float, slew_deg: float) -> list[tuple[Pose, ...]]:
    pans = [(pan, pan + slew_deg) if slew_deg else (pan,) for pan in PANS_DEG]
    return [tuple(Pose(0.0, 0.0, 8.0, pan, -8.0, 0.5, FOCAL_PX, k1) for pan in each) for each in pans]


@pytest.mark.parametrize(("what", "slew_deg"), [(WHAT, 0.0), (SLEWING, SLEW_DEG)])
@pytest.mark.parametrize("subject", CASES)
def test_csu_makes_covers(
    subject: str, what: str, slew_deg: float, surfaces: Surfaces, measure: Measure, scoreboard: Scoreboard
) -> None:
    k1, bounds = CASES[subject]
    paths = _paths(k1, slew_deg)
    assert len(surfaces) == 250

    def work(_: object) -> list[Cover]:
        for _again in range(TIMES):
            covers = [cover_of_path(path, surfaces, WIDTH_PX, HEIGHT_PX, bounds) for path in paths]
        return covers

    best_s = measure(work, lambda covers, _: _check(covers), ROUNDS)
    scoreboard.add(what, subject, best_s / TIMES / len(paths) * 1e3, "ms")


@pytest.mark.parametrize(("what", "poses"), [(WHAT, 1), (SLEWING, 7)])
def test_cv2_projects_and_fills(
    what: str, poses: int, surfaces: Surfaces, measure: Measure, scoreboard: Scoreboard
) -> None:
    """While turning: at poses 2 degrees apart."""
    points = np.ascontiguousarray(surfaces.quads.reshape(-1, 3))
    lens = np.array([[FOCAL_PX, 0, (WIDTH_PX - 1) / 2], [0, FOCAL_PX, (HEIGHT_PX - 1) / 2], [0, 0, 1]])

    def work(_: object) -> list[NDArray[np.uint8]]:
        for _again in range(TIMES):
            grids = [_naive(points, lens, [pan + 2.0 * step for step in range(poses)]) for pan in PANS_DEG]
        return grids

    best_s = measure(work, lambda grids, _: _check_grids(grids), ROUNDS)
    scoreboard.add(
        what, "cv2.projectPoints and fillConvexPoly, nothing cut", best_s / TIMES / len(PANS_DEG) * 1e3, "ms"
    )


def _naive(points: NDArray[np.float64], lens: NDArray[np.float64], pans_deg: list[float]) -> NDArray[np.uint8]:
    grid = np.zeros((HEIGHT_PX // 4, WIDTH_PX // 4), np.uint8)
    for pan in pans_deg:
        axes = camera_axes(Pose(0.0, 0.0, 8.0, pan, -8.0, 0.5, FOCAL_PX))
        shown, _ = cv2.projectPoints(points, cv2.Rodrigues(axes)[0], -axes @ np.array([0.0, 0.0, 8.0]), lens, None)
        corners = np.clip(shown.reshape(-1, 4, 2) * 4, -(1 << 28), 1 << 28).astype(np.int32)
        for quad in corners:
            cv2.fillConvexPoly(grid, quad, 255, cv2.LINE_8, 4)
    cv2.dilate(grid, np.ones((9, 9), np.uint8), dst=grid)
    return grid


@pytest.fixture(scope="module")
def town() -> tuple[Building, ...]:
    """20,000 boxes and L-shapes over 41 km2, one in thirty of unknown height."""
    rng = np.random.default_rng(1)
    box, angled = ((-1, -1), (1, -1), (1, 1), (-1, 1)), ((-1, -1), (1, -1), (1, 1), (0.2, 1), (0.2, 0.1), (-1, 0.1))
    found: list[Building] = []
    while len(found) < TOWN:
        middle, sides, turn = rng.uniform(-3200, 3200, 2), rng.uniform(8, 22, 2), rng.uniform(0, 3.14)
        if np.hypot(*middle) < np.hypot(*sides) / 2 + 6:
            continue
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        corners = np.array((box, angled)[rng.integers(2)]) * sides / 2 @ rotation.T + middle
        ring = tuple((float(x), float(y)) for x, y in corners)
        height_m = float(rng.uniform(3, 24)) if rng.random() > 1 / 30 else None
        found.append(Building(f"b{len(found)}", ring, float(rng.uniform(-3, 3)), height_m, True))
    return tuple(found)


@pytest.mark.parametrize(("what", "slew_deg"), [(IN_TOWN, 0.0), (IN_TOWN_SLEWING, SLEW_DEG)])
@pytest.mark.parametrize("is_band", [True, False])
def test_csu_makes_covers_in_a_town(
    is_band: bool, what: str, slew_deg: float, town: tuple[Building, ...], measure: Measure, scoreboard: Scoreboard
) -> None:
    paths = _paths(0.0, slew_deg)
    if is_band:
        subject, surfaces = (
            "csu, what is far as a band of walls",
            _around(town, paths[0]),
        )
    else:
        subject, surfaces = "csu, every wall of the town projected", forbidden_surfaces(town, (), 2.5)
    times = TIMES if is_band else 1

    def work(_: object) -> list[Cover]:
        for _again in range(times):
            covers = [cover_of_path(path, surfaces, WIDTH_PX, HEIGHT_PX, PoseBounds()) for path in paths]
        return covers

    best_s = measure(work, lambda covers, _: _check(covers), ROUNDS if is_band else 1)
    scoreboard.add(what, subject, best_s / times / len(paths) * 1e3, "ms")


def test_csu_makes_the_band_of_a_town(town: tuple[Building, ...], measure: Measure, scoreboard: Scoreboard) -> None:
    """The first camera of a process reads the outlines; the others only sort them around their own place."""
    path = _paths(0.0, 0.0)[0]

    def work(_: object) -> int:
        _solids.cache_clear()
        return len(_around(town, path))

    best_s = measure(work, lambda quads, _: _check_few(quads), ROUNDS)
    what = "the surroundings of the first camera of a process in a town of 20,000 dwellings"
    scoreboard.add(what, "csu", best_s * 1e3, "ms")


def _around(town: tuple[Building, ...], path: tuple[Pose, ...]) -> Surfaces:
    around = Surroundings(town, (), 2.5, 0.0).seen_along(path)
    assert around is not None
    return around[1]


def _check_few(quads: int) -> None:
    assert 100 < quads < 1000


def _check(covers: list[Cover]) -> None:
    assert all(0.05 < cover.share < 0.98 for cover in covers)


def _check_grids(grids: list[NDArray[np.uint8]]) -> None:
    assert all(grid.any() for grid in grids)
