"""A band of walls for what is far hides at least what it stands for, whatever the town and wherever the camera."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.frames import CaptureTime
from csu.hal.place import Building, MapZone, PictureZone, Pose, PoseBounds, PoseReading, ZoneKind
from csu.masking import Cover, CoverPolicy, Surfaces, cover_of_path, forbidden_surfaces
from csu.masking import skyline as skyline_module
from csu.masking.cover import _grown
from csu.masking.geometry import BuildingUnusable
from csu.masking.proof.rays import FORBIDDEN, Faces, Label, World, look
from csu.masking.skyline import EXACT_QUADS, EXACT_UP_TO, WALLS_MAX, Surroundings

WIDTH, HEIGHT, ABOVE_M = 640, 360, 2.5
BOX = ((-1, -1), (1, -1), (1, 1), (-1, 1))
SHAPES = (
    BOX,
    ((-1, -1), (1, -1), (1, 0.2), (0.1, 0.2), (0.1, 1), (-1, 1)),
    ((-1, 0), (0, -0.3), (1, 0), (0, 1)),
    ((-1, -1), (1, 1), (1, -1), (-1, 1)),  # crosses itself
)
CAPTURED = CaptureTime(0, from_camera=True)


def town(seed: int, count: int = 260, *, reach_m: float = 900.0, centre=(0.0, 0.0), shapes=SHAPES):
    """Dwellings around `centre`, none of them over it; some very long, of no known height, low, or no dwellings."""
    rng = np.random.default_rng(seed)
    found: list[Building] = []
    while len(found) < count:
        away, angle = reach_m * rng.uniform(0.01, 1) ** 0.7, rng.uniform(0, math.tau)
        sides = rng.uniform(5, 30, 2) * (rng.choice([1, 6], p=[0.9, 0.1]), 1)
        if away < np.hypot(*sides) / 2 + 6:
            continue
        turn = rng.uniform(0, math.tau)
        rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        ring = np.array(shapes[rng.integers(len(shapes))]) * sides / 2 @ rotation + centre
        ring += away * np.array([math.sin(angle), math.cos(angle)])
        height = None if rng.random() < 0.03 else float(rng.uniform(1, 30))
        use = (True, True, True, False, None)[rng.integers(5)]
        footprint = tuple((float(x), float(y)) for x, y in ring)
        found.append(Building(f"b{len(found)}", footprint, float(rng.uniform(-8, 8)), height, use))
    return tuple(found)


def doors(seed: int, count: int = 20, *, centre=(0.0, 0.0)):
    rng = np.random.default_rng(seed)
    zones = []
    for number in range(count):
        x, y = np.array(centre) + rng.uniform(-400, 400, 2)
        ring = ((x, y), (x + 2.0, y + 0.2), (x + 1.1, y + 0.9))
        zones.append(MapZone(f"door {number}", ZoneKind.DWELLING_ENTRANCE, ring, 0.0, float(rng.uniform(2, 4))))
    return tuple(zones)


def made_for(pose: Pose, buildings, zones=(), position_m: float = 0.0):
    around = Surroundings(buildings, zones, ABOVE_M, position_m).seen_along((pose,))
    assert around is not None
    path, surfaces, off_m = around
    assert path == (pose,)
    assert off_m == 0
    return surfaces


def uncovered(surfaces, buildings, zones, pose: Pose, seed: int) -> int:
    """Points of far forbidden surfaces that no wall stands before on the same ray: by plain trigonometry."""
    rng = np.random.default_rng(seed)
    eye = np.array([pose.x_m, pose.y_m, pose.z_m])
    quads = forbidden_surfaces(buildings, zones, ABOVE_M).quads
    kept = {quad.tobytes() for quad in surfaces.quads}
    far = np.array([quad for quad in quads if quad.tobytes() not in kept])
    shares = rng.dirichlet((0.4,) * 4, (len(far), 12))
    points = (shares @ far).reshape(-1, 3) - eye
    walls = surfaces.quads[len(surfaces.quads) - WALLS_MAX :] - eye
    walls = walls[surfaces.owner[len(surfaces.quads) - WALLS_MAX :] < 0]
    left, right = walls[:, 0, :2], walls[:, 1, :2]
    out = np.stack([(left - right)[:, 1], (right - left)[:, 0]], axis=1)
    away = (left * out).sum(axis=1)
    # A ray from the eye through the point meets the wall's plane at `share` of the way.
    with np.errstate(divide="ignore"):
        share = away / (points[:, :2] @ out.T)
    met = share[..., None] * points[:, None, :]
    along = ((met[..., :2] - left) * (right - left)).sum(axis=2) / ((right - left) ** 2).sum(axis=1)
    before = (share > 0) & (share <= 1 + 1e-9) & (along >= -1e-7) & (along <= 1 + 1e-7)
    before &= (met[..., 2] >= walls[:, 0, 2] - 1e-6) & (met[..., 2] <= walls[:, 2, 2] + 1e-6)
    return int((~before.any(axis=1)).sum())


def cut_small(surfaces: Surfaces, parts: int = 5) -> Surfaces:
    """The same walls and roofs in parts times parts pieces each."""
    edges, quads = np.linspace(0, 1, parts + 1), surfaces.quads
    a, b = (axis[..., None, None] for axis in np.meshgrid(edges, edges, indexing="ij"))
    corner = [quads[:, k] for k in range(4)]
    at = (1 - a) * (1 - b) * corner[0] + a * (1 - b) * corner[1] + a * b * corner[2] + (1 - a) * b * corner[3]
    pieces = np.stack([at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]], axis=3).reshape(-1, 4, 3)
    return Surfaces(pieces, surfaces.rays.copy(), np.full(len(pieces), -1, np.int32))


def pose_at(seed: int, centre=(0.0, 0.0)) -> Pose:
    rng = np.random.default_rng(seed)
    return Pose(
        float(centre[0]),
        float(centre[1]),
        float(rng.uniform(3, 40)),
        float(rng.uniform(0, 360)),
        float(rng.uniform(-25, 10)),
        float(rng.normal(0, 3)),
        float(np.exp(rng.uniform(*np.log((300, 6000))))),
        float(rng.choice([0.0, rng.uniform(-0.15, 0.05)])),
    )


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_every_far_point_has_a_wall_before_it(seed):
    centre = tuple(np.random.default_rng(seed).uniform(-3000, 3000, 2))
    pose = pose_at(seed, centre)
    buildings, zones = town(seed, centre=centre), doors(seed, centre=centre)
    surfaces = made_for(pose, buildings, zones)
    assert uncovered(surfaces, buildings, zones, pose, seed) == 0


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_the_cover_of_the_band_holds_the_cover_of_the_town(seed):
    """Up to the drawing grid. The town's facades are cut small: a whole one is drawn wider than its margins ask, with
    parts that cannot show, and through a bent lens with the margin of its nearest point all over."""
    rng = np.random.default_rng(seed)
    centre = tuple(rng.uniform(-3000, 3000, 2))
    buildings, zones = town(seed, centre=centre), doors(seed, centre=centre)
    bounds = (PoseBounds(), PoseBounds(0.5, 0.4, 0.02, 0.02), PoseBounds(0.0))[rng.integers(3)]
    pose = pose_at(seed, centre)
    pose = replace(pose, k1=0.0 if bounds.position_m else pose.k1)
    whole = cut_small(forbidden_surfaces(buildings, zones, ABOVE_M))
    reduced = made_for(pose, buildings, zones, bounds.position_m)
    for turn in (0.0, 100.0, 215.0):
        told = replace(pose, pan_deg=pose.pan_deg + turn)
        path = (told, replace(told, pan_deg=told.pan_deg + 7.0)) if rng.random() < 0.4 else (told,)
        full, band = (cover_of_path(path, each, WIDTH, HEIGHT, bounds) for each in (whole, reduced))
        assert not (full.cells & ~_grown(band.cells)).any()
        assert (full.cells & ~band.cells).sum() <= 12


def test_the_band_hides_hardly_more_than_the_town():
    shares = []
    for seed in range(6):
        buildings, pose = town(seed, 600, reach_m=2500.0), replace(pose_at(seed), focal_px=600.0, tilt_deg=-6.0, k1=0.0)
        whole, reduced = forbidden_surfaces(buildings, (), ABOVE_M), made_for(pose, buildings)
        covers = [cover_of_path((pose,), each, WIDTH, HEIGHT, PoseBounds()) for each in (whole, reduced)]
        shares.append([cover.share for cover in covers])
        assert len(reduced) <= EXACT_QUADS * 1.5 + WALLS_MAX
        assert len(whole) > 2 * len(reduced)
    full, band = np.mean(shares, axis=0)
    assert 0.1 < full < 0.95
    assert band - full < 0.02


@pytest.mark.parametrize("seed", range(6))
def test_a_camera_wrong_within_its_bounds_shows_nothing_of_what_is_far(seed):
    """By rays, with every number of the pose wrong, the place too."""
    rng = np.random.default_rng(seed)
    buildings = tuple(replace(each, dwelling=True) for each in town(seed, shapes=(BOX,)))
    bounds = PoseBounds(0.4, 0.5, 0.01, 0.01)
    told = replace(pose_at(seed), focal_px=float(rng.uniform(400, 3000)), tilt_deg=float(rng.uniform(-6, 1)))
    cover = cover_of_path((told,), made_for(told, buildings, (), bounds.position_m), WIDTH, HEIGHT, bounds)
    world = World(Faces.of([face for each in buildings for face in faces(each)]), (0.0, 0.0, -50.0))
    columns, rows = (axis.ravel() for axis in np.meshgrid(np.arange(4, WIDTH, 8), np.arange(4, HEIGHT, 8)))
    hidden = 0
    for _ in range(4):
        wrong = rng.choice([-1.0, 1.0], 8)
        true = Pose(
            *(getattr(told, name) + wrong[i] * bounds.position_m for i, name in enumerate(("x_m", "y_m", "z_m"))),
            told.pan_deg + wrong[3] * bounds.angle_deg,
            told.tilt_deg + wrong[4] * bounds.angle_deg,
            told.roll_deg + wrong[5] * bounds.angle_deg,
            told.focal_px * (1 + wrong[6] * bounds.focal_share),
            told.k1 + wrong[7] * bounds.k1,
        )
        seen = np.isin(look(world, true, columns.astype(float), rows.astype(float), WIDTH, HEIGHT), FORBIDDEN)
        hidden += int(seen.sum())
        assert not (seen & ~cover.cells[rows // 16, columns // 16]).any()
    assert hidden > 0


def faces(building: Building):
    ring, low, height = np.array(building.footprint_m), building.ground_m, building.height_m
    up = (0.0, 0.0, 1000.0 if height is None else height)
    line = low + ABOVE_M
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        yield (*a, low), (*(b - a), 0.0), up, Label.LOW, line
    yield (*ring[0], low + up[2]), (*(ring[1] - ring[0]), 0.0), (*(ring[3] - ring[0]), 0.0), Label.LOW, line


# -- what is near -----------------------------------------------------------------------------------------------------


def test_what_is_near_is_taken_as_it_is():
    house = Building("near", ((-8.0, 12.0), (8.0, 12.0), (8.0, 20.0), (-8.0, 20.0)), 0.0, 9.0, True)
    exact = {quad.tobytes() for quad in forbidden_surfaces([house], (), ABOVE_M).quads}
    assert exact <= {quad.tobytes() for quad in made_for(pose_at(1), (*town(1), house)).quads}


def test_a_block_around_the_camera_is_near_however_far_its_walls_are():
    court = Building("court", ((-400.0, -400.0), (400.0, -400.0), (400.0, 400.0), (-400.0, 400.0)), 0.0, 9.0, True)
    pose = replace(pose_at(2), z_m=5.0)
    surfaces = made_for(pose, (*town(2), court))
    assert cover_of_path((pose,), surfaces, WIDTH, HEIGHT, PoseBounds()) == Cover.whole(WIDTH, HEIGHT)


def test_a_camera_on_a_facade_sees_as_much_as_with_the_whole_town():
    house = Building("wall", ((-8.0, -9.0), (8.0, -9.0), (8.0, -0.3), (-8.0, -0.3)), 0.0, 12.0, True)
    buildings, pose = (*town(3, reach_m=600.0), house), Pose(0.0, 0.0, 5.0, 0.0, -20.0, 0.0, 600.0)
    covers = [
        cover_of_path((pose,), each, WIDTH, HEIGHT, PoseBounds(position_m=0.05))
        for each in (forbidden_surfaces(buildings, (), ABOVE_M), made_for(pose, buildings, (), 0.05))
    ]
    assert 0 < covers[0].share < 1
    assert covers[1].share - covers[0].share < 0.03
    assert not (covers[0].cells & ~covers[1].cells).any()


@pytest.mark.parametrize("position_m", [math.nan, math.inf, -1.0])
def test_a_bound_that_is_none_hides_the_picture(position_m, assignment, north):
    told = assignment(north, buildings=town(4), bounds=PoseBounds(position_m=position_m))
    assert CoverPolicy(told, WIDTH, HEIGHT).cover(CAPTURED, 0, ()) == Cover.whole(WIDTH, HEIGHT)


@pytest.mark.parametrize("x_m", [1e9, -1e200, 1e308])
def test_a_place_that_no_map_holds_hides_the_picture(x_m, assignment, north):
    told = assignment(replace(north, x_m=x_m), buildings=town(4))
    assert CoverPolicy(told, WIDTH, HEIGHT).cover(CAPTURED, 0, ()) == Cover.whole(WIDTH, HEIGHT)


@pytest.mark.parametrize("size_m", [1e9, 1e150, 1e200, 1e307])
@pytest.mark.filterwarnings("ignore:.*encountered in")
def test_a_building_too_far_or_too_great_for_numbers_hides_as_much_as_without_a_band(size_m, north):
    ring = ((-size_m, 500.0), (size_m, 500.0), (size_m, size_m), (-size_m, size_m))
    for footprint in (ring, tuple((x, y + size_m) for x, y in ring)):
        buildings = (*town(4), Building("great", footprint, 0.0, 9.0, True))
        covers = [
            cover_of_path((north,), each, WIDTH, HEIGHT, PoseBounds())
            for each in (forbidden_surfaces(buildings, (), ABOVE_M), made_for(north, buildings))
        ]
        assert not (covers[0].cells & ~covers[1].cells).any()


@pytest.mark.parametrize(
    "spoiled",
    [
        {"footprint_m": ((0.0, 900.0), (5.0, 900.0))},
        {"footprint_m": ()},
        {"footprint_m": ((0.0, 900.0), (math.nan, 900.0), (5.0, 905.0))},
        {"ground_m": math.inf},
        {"ground_m": math.nan, "height_m": 1.0},
    ],
)
def test_a_building_that_cannot_be_drawn_is_refused_however_far(spoiled, assignment, north):
    buildings = (*town(5), replace(town(5)[0], dwelling=True, **spoiled))
    with pytest.raises(BuildingUnusable):
        Surroundings(buildings, (), ABOVE_M, 0.0)
    told = assignment(north, buildings=buildings)
    assert CoverPolicy(told, WIDTH, HEIGHT).cover(CAPTURED, 0, ()) == Cover.whole(WIDTH, HEIGHT)


def test_a_zone_that_cannot_be_drawn_is_refused(north):
    flat = MapZone("flat", ZoneKind.DWELLING_ENTRANCE, ((0.0, 900.0), (5.0, 900.0), (5.0, 905.0)), 2.0, 2.0)
    drawn = PictureZone("none", ZoneKind.DWELLING_INTERIOR, ((0.1, 0.1),), north, (640, 360))
    for zone in (flat, drawn):
        with pytest.raises(BuildingUnusable):
            Surroundings(town(5), (zone,), ABOVE_M, 0.0)


# -- one camera -------------------------------------------------------------------------------------------------------


def test_a_fixed_camera_and_one_that_turns_hide_all_a_great_town_holds(assignment, north):
    buildings, drawn = town(6), PictureZone("w", ZoneKind.DWELLING_INTERIOR, BOX_SHOWN, north, (640, 360))
    assert len(buildings) > EXACT_UP_TO
    zones = (*doors(6), drawn)
    whole = forbidden_surfaces(buildings, zones, ABOVE_M)
    full = cover_of_path((north,), whole, WIDTH, HEIGHT, PoseBounds())
    fixed = CoverPolicy(assignment(north, buildings=buildings, zones=zones), WIDTH, HEIGHT).cover(CAPTURED, 0, ())
    turns = CoverPolicy(assignment(follows_pose=True, buildings=buildings, zones=zones), WIDTH, HEIGHT)
    readings = tuple(PoseReading(north, at * 10**6, moving=False) for at in (-300, -200, -100, 0, 100))
    resting = turns.cover(CAPTURED, 10**8, readings)
    for cover in (fixed, resting):
        assert not (full.cells & ~cover.cells).any()
        assert cover.share < 1


BOX_SHOWN = ((0.7, 0.1), (0.9, 0.1), (0.9, 0.3), (0.7, 0.3))


def test_what_was_made_for_a_place_serves_within_its_bound_and_margins_grow_by_the_way():
    around = Surroundings(town(7), (), ABOVE_M, 0.5)
    home = pose_at(7)
    _, made, _ = around.seen_along((home,))
    path, same, off_m = around.seen_along((replace(home, x_m=home.x_m + 0.4), home))
    assert same is made
    assert path == (home, home)
    assert off_m == pytest.approx(0.4)
    beside = replace(home, y_m=home.y_m - 0.6)
    path, other, off_m = around.seen_along((beside,))
    assert other is not made
    assert (path, off_m) == ((beside,), 0.0)


def test_an_ill_known_place_keeps_more_as_it_is():
    home, buildings = pose_at(8), town(8)
    counts = [len(made_for(home, buildings, (), position_m).shells) for position_m in (0.0, 20.0)]
    assert counts[1] > 2 * counts[0]


# -- planted defects --------------------------------------------------------------------------------------------------


WALLS, MERGED = skyline_module._walls, skyline_module._merged
DEFECTS = {
    "a wall as far as the furthest": ("_walls", lambda a, b, low, high, close: WALLS(a, b, low, high, close * 1.3)),
    "walls too low": ("_walls", lambda a, b, low, high, close: WALLS(a, b, low, high - 0.002, close)),
    "walls that begin too high": ("_walls", lambda a, b, low, high, close: WALLS(a, b, low + 0.002, high, close)),
    "a direction off": ("_walls", lambda a, b, low, high, close: WALLS(a + 1, b + 1, low, high, close)),
    "one wall forgotten": ("_merged", lambda *grids: tuple(column[1:] for column in MERGED(*grids))),
    "no room for balconies": ("BALCONY_M", 0.0),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect, monkeypatch):
    name, value = DEFECTS[defect]
    skyline_module._solids.cache_clear()
    monkeypatch.setattr(skyline_module, name, value)
    missing = 0
    for seed in range(3):
        buildings, pose = town(seed), pose_at(seed)
        missing += uncovered(made_for(pose, buildings), buildings, (), pose, seed)
    skyline_module._solids.cache_clear()
    assert missing > 0
