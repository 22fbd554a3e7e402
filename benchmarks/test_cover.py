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
from csu.masking import Cover, Surfaces, cover_of_path, forbidden_surfaces
from csu.masking.geometry import camera_axes

ROUNDS, TIMES = 5, 40
WIDTH_PX, HEIGHT_PX, FOCAL_PX = 1920, 1080, 1300.0
PANS_DEG = (0.0, 77.0, 150.0, 310.0)
"""Four ways to look, one after the other: what stands around differs."""
SLEW_DEG = 12.0
"""60 deg/s for 200 ms."""
WHAT = "a cover of 250 quads (200 facades, 50 roofs) at 1080p"
SLEWING = "the same while turning by 12 degrees (60 deg/s, 200 ms)"
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


def _check(covers: list[Cover]) -> None:
    assert all(0.05 < cover.share < 0.98 for cover in covers)


def _check_grids(grids: list[NDArray[np.uint8]]) -> None:
    assert all(grid.any() for grid in grids)
