"""Does a new mask set show anything that the old one hid? Whatever is not surely "no" counts as "yes".

What a camera's picture hides is a union over surfaces and over the poses it may have, so a set that keeps every surface
and every pose of another hides at least as much. Nothing cleverer is believed: a building that grew, say, is another
shape (from a mast above its old roof one would look through it), and another shape in its place is a loosening. Who
only wants to hide more adds the new shape beside the old one.
"""

from __future__ import annotations

from collections.abc import Iterable

from csu.governance.mask_sets import MaskSet
from csu.hal.place import Building, MapZone, PoseBounds, Zone
from csu.hal.words import Words

NAMED_MAX = 5
"""Buildings or zones named in one reason; more are counted."""


def loosens(old: MaskSet, new: MaskSet) -> tuple[Words, ...]:
    """Why `new` may show what `old` hides, each reason told; empty only if it surely hides at least as much."""
    if new.camera != old.camera:
        return (Words(f"c'est le jeu d'une autre caméra ({new.camera})", f"it is another camera's set ({new.camera})"),)
    if new.hides_all:
        return ()
    if old.hides_all:
        return (Words("l'image entière était masquée", "the whole picture was masked"),)
    return (
        *_other_pose(old, new),
        *_narrower_bounds(old.bounds, new.bounds),
        *_other_mount(old, new),
        *_missing_buildings(old.buildings, new.buildings),
        *_missing_zones(old.zones, new.zones),
        *_higher_edge(old.mask_above_m, new.mask_above_m),
    )


def _other_pose(old: MaskSet, new: MaskSet) -> Iterable[Words]:
    if old.follows_pose is not new.follows_pose:
        yield Words(
            "les masques ne suivent plus la pose de la même manière", "the masks no longer follow the pose the same way"
        )
    if old.pose != new.pose:
        yield Words("la pose est une autre", "the pose is another")
    if old.pose_size_px != new.pose_size_px:
        yield Words("la taille d'image de la pose est une autre", "the picture size that the pose is for is another")


def _narrower_bounds(old: PoseBounds, new: PoseBounds) -> Iterable[Words]:
    pairs = (
        ("angle_deg", old.angle_deg, new.angle_deg),
        ("position_m", old.position_m, new.position_m),
        ("focal_share", old.focal_share, new.focal_share),
        ("k1", old.k1, new.k1),
    )
    for name, before, after in pairs:
        if not after >= before:
            yield Words(
                f"la marge {name} diminue ({before:g} -> {after:g})",
                f"the margin {name} shrinks ({before:g} -> {after:g})",
            )


def _other_mount(old: MaskSet, new: MaskSet) -> Iterable[Words]:
    """Not even a faster mount hides more for sure: a slow one whose readings turn too fast is not believed at all."""
    if old.dynamics != new.dynamics:
        yield Words("les vitesses de la tourelle sont d'autres", "the speeds of the mount are others")


_Shape = tuple[tuple[tuple[float, float], ...], float, float | None]


def _missing_buildings(old: tuple[Building, ...], new: tuple[Building, ...]) -> Iterable[Words]:
    if new is old:
        return
    kept = {_shape(building) for building in new if _is_masked(building)}
    missing = [building.building for building in old if _is_masked(building) and _shape(building) not in kept]
    if missing:
        yield Words(
            f"des logements n'y sont plus, ou plus sous cette forme : {_named(missing)}",
            f"dwellings are no longer in it, or no longer in this shape: {_named(missing)}",
        )


def _is_masked(building: Building) -> bool:
    return building.dwelling is not False


def _shape(building: Building) -> _Shape:
    """What is hidden of it. Its name hides nothing."""
    return building.footprint_m, building.ground_m, building.height_m


def _missing_zones(old: tuple[Zone, ...], new: tuple[Zone, ...]) -> Iterable[Words]:
    kept = {_zone_shape(zone) for zone in new}
    missing = [zone.zone for zone in old if _zone_shape(zone) not in kept]
    if missing:
        yield Words(
            f"des zones n'y sont plus, ou plus telles quelles : {_named(missing)}",
            f"zones are no longer in it, or no longer as they were: {_named(missing)}",
        )


def _zone_shape(zone: Zone) -> tuple[object, ...]:
    """What is hidden by it, and as what: an interior that becomes an entrance is for people to judge."""
    if isinstance(zone, MapZone):
        return zone.kind, zone.ring_m, zone.low_m, zone.high_m
    return zone.kind, zone.corners, zone.seen_from, zone.size_px


def _higher_edge(old_m: float, new_m: float) -> Iterable[Words]:
    if not new_m <= old_m:
        yield Words(
            f"les logements ne sont masqués qu'à partir de {new_m:g} m au lieu de {old_m:g} m",
            f"dwellings are masked only from {new_m:g} m up instead of {old_m:g} m",
        )


def _named(names: list[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" (+{more})" if more > 0 else "")
