"""What must not be seen, as surfaces in the world: dwellings and the zones that people drew.

Computed once for a mask set; `csu.masking.cover` projects it for each pose. A dwelling is the prism over its footprint
from the ground + the doctrine's height up to the roof, made wider for balconies and eaves. No side below is drawn: a
ray from outside that passes through the prism also passes through its sides or its top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, hypot, isfinite

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from csu.hal.place import Building, MapZone, PictureZone, Zone
from csu.hal.view_geometry import Floats, camera_axes, unbend
from csu.hal.words import Words
from csu.masking.geometry import NEAR_M, BuildingUnusable, Quads

UNLIMITED_HEIGHT_M = 1_000.0
"""Stands for "as high as one can see": taller than any building on earth (828 m)."""

BALCONY_M = 1.5
"""How far balconies, bow windows and eaves stand out, at most (notes on vision, section 6). No map shows them."""

CLEAR_OF_CAMERA_M = 2.0
"""A camera on a facade hangs between balconies and not behind one: around it, this far, its dwelling is taken as the
map shows it (docs/decisions/0018)."""

RAY_M = 1_000.0
"""Where zones drawn on a picture are placed. Any distance would do: they are seen from one place only."""

MITRE_MAX = 10.0
_EDGE_STEP = 0.1
"""Edges drawn on a bent picture are followed in steps of this many focal lengths."""


@dataclass(frozen=True)
class Shell:
    """One dwelling's prism. `wide` is `footprint` with `BALCONY_M` around it."""

    footprint: BaseGeometry
    wide: BaseGeometry
    low_m: float
    top_m: float


@dataclass(frozen=True, eq=False)
class Surfaces:
    """quads: (n, 4, 3) corners in world metres, in order; a repeated corner makes a triangle. rays: (r, 4, 3) the same
    in metres from the lens, wherever it is: zones that were drawn on a picture. owner: (n,) the shell that a quad is
    of, -1 for a zone."""

    quads: Quads
    rays: Quads
    owner: NDArray[np.int32]
    shells: tuple[Shell, ...] = ()
    outward: Floats | None = None
    """(n, 3): the way a quad faces out of a solid that the camera is not in; zeros where that is not known."""
    _flat: Floats = field(init=False, repr=False)
    _around: dict[tuple[float, float, float, float], Surfaces | None] = field(
        init=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        boxes = np.array([(*s.wide.bounds, s.low_m, s.top_m) for s in self.shells], np.float64).reshape(-1, 6)
        object.__setattr__(self, "_flat", boxes)
        self.quads.flags.writeable = self.rays.flags.writeable = False

    def __len__(self) -> int:
        return len(self.quads) + len(self.rays)

    def seen_from(self, x_m: float, y_m: float, z_m: float, position_m: float) -> Surfaces | None:
        """These surfaces for a camera at that place, known to `position_m`. None: it stands inside a dwelling.

        Where it hangs on a facade, inside the room that is left for balconies, that room is taken back around it.
        Then no wall that it looks away from can be seen, however near it is: a ray that enters a solid does so through
        a side that faces it.
        """
        reach_m = 1.5 * position_m + 2 * NEAR_M  # the diagonal of a square, and some
        boxes, low = self._flat, np.array([x_m, y_m]) - reach_m
        near = (boxes[:, :2] <= low + 2 * reach_m).all(axis=1) & (boxes[:, 2:4] >= low).all(axis=1)
        near &= (boxes[:, 4] <= z_m + reach_m) & (boxes[:, 5] >= z_m - reach_m)
        if not near.any():
            return self
        key = (x_m, y_m, z_m, position_m)
        if key not in self._around:
            if len(self._around) >= 4:
                self._around.clear()
            self._around[key] = self._opened(np.flatnonzero(near), Point(x_m, y_m), z_m, position_m, reach_m)
        return self._around[key]

    def _opened(
        self, near: NDArray[np.intp], place: Point, z_m: float, position_m: float, reach_m: float
    ) -> Surfaces | None:
        touched = [int(i) for i in near if self.shells[i].wide.distance(place) <= reach_m]
        if not touched:
            return self
        if any(_depth_in(self.shells[i].footprint, place) > position_m for i in touched):
            return None
        kept = self.quads[~np.isin(self.owner, touched)]
        quads, outward = [kept], [np.zeros((len(kept), 3))]
        for i in touched:
            shell = self.shells[i]
            left = shell.wide.difference(place.buffer(CLEAR_OF_CAMERA_M)).union(shell.footprint)
            parts = _prism(left, shell.low_m, shell.top_m)
            quads += parts
            # A ray from under a prism may enter it from below, where no side is drawn.
            is_above = z_m - position_m >= shell.low_m
            outward += [_facing(part) if is_above else np.zeros((len(part), 3)) for part in parts]
        opened = np.concatenate(quads)
        nobody = np.full(len(opened), -1, np.int32)
        return Surfaces(opened, self.rays.copy(), nobody, outward=np.concatenate(outward))


def forbidden_surfaces(buildings: Iterable[Building], zones: Iterable[Zone], mask_above_m: float) -> Surfaces:
    """All that no picture may show: dwellings from ground + `mask_above_m` up, and zones at every height.

    Not known counts as worst (PRV-2): a building of unknown use is a dwelling, one of unknown height has no top. A
    footprint that crosses itself is taken as its convex hull. Raises BuildingUnusable for what cannot be drawn: fewer
    than 3 corners, a number that is none, a zone without height.
    """
    quads: list[Quads] = []
    owner: list[int] = []
    rays: list[Quads] = []
    shells: list[Shell] = []
    for building in buildings:
        shell = None if building.dwelling is False else _shell(building, mask_above_m)
        if shell is not None:
            parts = _prism(shell.wide, shell.low_m, shell.top_m)
            quads += parts
            owner += [len(shells)] * sum(len(part) for part in parts)
            shells.append(shell)
    for zone in zones:
        if isinstance(zone, MapZone):
            parts = _map_zone(zone)
            quads += parts
            owner += [-1] * sum(len(part) for part in parts)
        else:
            rays.append(_picture_zone(zone))
    none = np.empty((0, 4, 3))
    return Surfaces(
        np.concatenate(quads) if quads else none,
        np.concatenate(rays) if rays else none.copy(),
        np.array(owner, np.int32),
        tuple(shells),
    )


def _shell(building: Building, mask_above_m: float) -> Shell | None:
    """None: no part of it is higher than `mask_above_m`."""
    height_m = building.height_m
    known = height_m is not None and isfinite(height_m)
    ground_m = building.ground_m
    if not (isfinite(ground_m) and isfinite(mask_above_m)):
        raise _unusable(building.building)
    footprint = _area(building.footprint_m, building.building)
    top = ground_m + (height_m if known and height_m is not None else UNLIMITED_HEIGHT_M)
    low = ground_m + mask_above_m
    if top <= low:
        return None
    wide = footprint.buffer(BALCONY_M, join_style="mitre", mitre_limit=MITRE_MAX)
    return Shell(footprint, wide, low, top)


def _area(ring: Sequence[tuple[float, float]], name: str) -> Polygon:
    """A polygon, or for a ring that crosses itself its convex hull, with something inside even if it is a line."""
    corners = np.array(ring, np.float64)
    if corners.ndim != 2 or len(corners) < 3 or not np.isfinite(corners).all():
        raise _unusable(name)
    polygon = Polygon(corners)
    if polygon.is_valid and polygon.area > 0:
        return polygon
    return _hull(corners)


def _hull(corners: Floats) -> Polygon:
    hull = MultiPoint(corners).convex_hull
    found = hull if isinstance(hull, Polygon) else hull.buffer(0.01)  # a point or a line
    if not isinstance(found, Polygon):
        raise AssertionError("the hull of points is one polygon")
    return found


def _prism(area: BaseGeometry, low_m: float, top_m: float, *, bottom: bool = False) -> list[Quads]:
    """Sides and top over every part of an area; courtyards get their sides too, and no hole in the top."""
    quads: list[Quads] = []
    for part in shapely.get_parts(area):
        if not isinstance(part, Polygon):
            continue
        part = orient(part)  # outlines anticlockwise, courtyards clockwise: what is on the right of a side is outside
        for ring in (part.exterior, *part.interiors):
            quads.append(_sides(np.array(ring.coords)[:-1, :2], low_m, top_m))
        quads += [_flat(Polygon(part.exterior), height) for height in ((low_m, top_m) if bottom else (top_m,))]
    return quads


def _sides(ring: Floats, low_m: float, top_m: float) -> Quads:
    quads = np.empty((len(ring), 4, 3))
    quads[:, 0, :2] = quads[:, 3, :2] = ring
    quads[:, 1, :2] = quads[:, 2, :2] = np.roll(ring, -1, axis=0)
    quads[:, :2, 2], quads[:, 2:, 2] = low_m, top_m
    return quads


def _facing(quads: Quads) -> Floats:
    """The normals of sides made by `_sides`, (n, 3); of a top, up."""
    along, up = quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]
    level = np.stack([along[:, 1], -along[:, 0], np.zeros(len(quads))], axis=1)
    return np.where((up[:, 2] > 0)[:, None], level, np.array([0.0, 0.0, 1.0]))


def _depth_in(area: BaseGeometry, place: Point) -> float:
    """How far inside an area a place is; 0 outside."""
    return area.boundary.distance(place) if area.contains(place) else 0.0


def _flat(area: Polygon, height: float) -> Quads:
    """An area without holes at one height, as convex pieces."""
    pieces = _convex_pieces(area)
    quads = np.full((len(pieces), 4, 3), height)
    quads[:, :, :2] = pieces
    return quads


def _convex_pieces(area: Polygon) -> Floats:
    """(n, 4, 2): a convex polygon as a fan of quads, any other as triangles between its own corners."""
    hull = _hull(np.array(area.exterior.coords))
    if hull.area <= area.area * (1 + 1e-9):
        ring = np.array(hull.exterior.coords)[:-1, :2]
        first = np.arange(1, len(ring) - 1, 2)
        return np.stack(
            [ring[np.zeros_like(first)], *(ring[np.minimum(first + i, len(ring) - 1)] for i in range(3))], 1
        )
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(area))
    return np.array([np.array(triangle.exterior.coords)[[0, 1, 2, 2], :2] for triangle in triangles])


def _map_zone(zone: MapZone) -> list[Quads]:
    if not (isfinite(zone.low_m) and isfinite(zone.high_m) and zone.low_m < zone.high_m):
        raise _unusable(zone.zone)
    return _prism(_area(zone.ring_m, zone.zone), zone.low_m, zone.high_m, bottom=True)


def _picture_zone(zone: PictureZone) -> Quads:
    """What lies behind a polygon on a picture, on rays through its outline: (n, 4, 3) metres from the lens."""
    width, height = zone.size_px
    pose = zone.seen_from
    if not pose.is_finite() or width < 1 or height < 1:
        raise _unusable(zone.zone)
    drawn = _area(zone.corners, zone.zone)
    shown = (np.array(drawn.exterior.coords)[:-1, :2] - 0.5) * (width / pose.focal_px, height / pose.focal_px)
    pieces = _convex_pieces(Polygon(shown) if pose.k1 == 0 else _straightened(shown, pose.k1))
    seen = np.concatenate([pieces, np.ones((len(pieces), 4, 1))], axis=2)
    return np.asarray(seen @ camera_axes(pose) * RAY_M, np.float64)


def _straightened(shown: Floats, k1: float) -> Polygon:
    """An outline on a bent picture before it was bent, in focal lengths, and a little wider: its edges bow."""
    true, between = unbend(_followed(shown, 1), k1), unbend(_followed(shown, 2), k1)[1::2]
    chord = (true + np.roll(true, -1, axis=0)) / 2
    off = 2 * float(np.hypot(*(between - chord).T).max()) + 1e-9
    polygon = Polygon(true)
    for area in (polygon if polygon.is_valid else _hull(true), _hull(true)):
        grown = area.buffer(off, join_style="mitre", mitre_limit=MITRE_MAX)
        if isinstance(grown, Polygon):
            return Polygon(grown.exterior)
    raise AssertionError("a convex shape made wider is one shape")


def _followed(ring: Floats, finer: int) -> Floats:
    """A ring with corners added along its edges, a step of `_EDGE_STEP` or a whole fraction of it apart."""
    points: list[Floats] = []
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        count = finer * max(1, min(32, ceil(hypot(*(b - a)) / _EDGE_STEP)))
        points.append(a + (b - a) * (np.arange(count) / count)[:, None])
    return np.concatenate(points)


def _unusable(name: str) -> BuildingUnusable:
    return BuildingUnusable(
        Words(
            "le contour a moins de 3 sommets, une coordonnée qui n'est pas un nombre, ou aucune hauteur",
            "the outline has fewer than 3 corners, a coordinate that is not a number, or no height",
        ),
        where=name,
        what_to_do=Words(
            "Corrigez les données ; d'ici là les images autour sont masquées en entier",
            "Correct the data; until then the pictures around it are wholly masked",
        ),
    )
