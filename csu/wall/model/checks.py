"""Whether a wall can show a scene: everything that keeps it from it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from csu.hal.camera import CameraId
from csu.hal.wall import OverlayKind
from csu.hal.words import Words
from csu.wall.directing.programme import SlotRule
from csu.wall.model.faults import FaultKind, ModelFault
from csu.wall.model.layout import TILE_HEIGHT_PX_MIN, TILE_WIDTH_PX_MIN
from csu.wall.model.placing import Spread, spread, spread_tile
from csu.wall.model.scene import BezelRule, Overlay, Tile
from csu.wall.model.wall import Wall

DENSITY_SHARE_MAX = 0.10
"""How much the size of pixels may differ over one tile: above, a picture is visibly sharper on one side [D]."""


def scene_faults(
    wall: Wall, tiles: Sequence[Tile], overlays: Sequence[Overlay] = (), cameras: Collection[CameraId] | None = None
) -> Iterator[ModelFault]:
    """Each fault with `at` below `tiles` or `overlays`. `cameras`: those that there are; None: nobody knows."""
    if not any(tile.slot.rule is SlotRule.ALARM_SPOT for tile in tiles):
        then = Words("Donnez à une vignette slot: {rule: alarm_spot}", "Give a tile slot: {rule: alarm_spot}")
        yield ModelFault(
            FaultKind.NO_ALARM_SPOT, ("tiles",), Words("aucun emplacement d'alarme", "no alarm spot"), then
        )
    spreads: dict[int, Spread] = {}
    names: set[str] = set()
    for index, tile in enumerate(tiles):
        if tile.tile in names:
            what = Words(f"la vignette {tile.tile!r} existe déjà", f"there is already a tile {tile.tile!r}")
            yield ModelFault(FaultKind.NAMED_TWICE, ("tiles", index, "tile"), what)
        names.add(tile.tile)
        yield from _of_cameras(tile, index, cameras)
        if tile.anchor is not None and tile.anchor not in {panel.panel for panel in wall.panels}:
            yield _unknown_panel(wall, tile.anchor, ("tiles", index, "anchor"))
            continue
        spreads[index] = spread_tile(wall, tile)
        yield from _of_place(wall, tile, index, spreads[index])
    for (one, first), (other, second) in combinations(spreads.items(), 2):
        if tiles[one].z == tiles[other].z and _overlap(first, second):
            what = Words(
                f"{tiles[other].tile} recouvre {tiles[one].tile} (z {tiles[one].z})",
                f"{tiles[other].tile} overlaps {tiles[one].tile} (z {tiles[one].z})",
            )
            then = Words("Déplacez-la, ou donnez-lui un z", "Move it, or give it a z")
            yield ModelFault(FaultKind.TILES_OVERLAP, ("tiles", other, "rect"), what, then)
    for index, overlay in enumerate(overlays):
        yield from _of_overlay(wall, overlay, index, names)


def _of_cameras(tile: Tile, index: int, cameras: Collection[CameraId] | None) -> Iterator[ModelFault]:
    unknown = [camera for camera in tile.slot.pool if cameras is not None and camera not in cameras]
    if unknown:
        listed = ", ".join(unknown[:4]) + ("..." if len(unknown) > 4 else "")
        what = Words(f"caméra inconnue : {listed}", f"unknown camera: {listed}")
        yield ModelFault(FaultKind.UNKNOWN_CAMERA, ("tiles", index), what)


def _of_place(wall: Wall, tile: Tile, index: int, lies: Spread) -> Iterator[ModelFault]:
    at = ("tiles", index, "rect")
    on = ", ".join(part.panel.panel for part in lies.parts)
    if not wall.visible_mm.holds(lies.mm) or not lies.parts:
        what = Words(f"{tile.tile} sort du mur", f"{tile.tile} leaves the wall")
        yield ModelFault(FaultKind.OFF_THE_WALL, at, what)
        if not lies.parts:
            return
    elif tile.never_split_by_bezel and not lies.parts[0].panel.visible_mm.holds(lies.mm):
        what = Words(f"{tile.tile} passe sur un cadre ({on})", f"{tile.tile} lies over a bezel ({on})")
        then = Words(
            "Ancrez-la à un écran (anchor: panel:...), ou never_split_by_bezel: no",
            "Anchor it to a panel (anchor: panel:...), or never_split_by_bezel: no",
        )
        yield ModelFault(FaultKind.SPLIT_BY_BEZEL, at, what, then)
    elif tile.bezel is BezelRule.SKIP and not lies.is_whole:
        what = Words(
            f"{tile.tile} : entre ces écrans ({on}) il y a un trou, bezel: skip y perdrait de l'image",
            f"{tile.tile}: there is a hole between these panels ({on}), bezel: skip would lose picture there",
        )
        yield ModelFault(FaultKind.HOLE, at, what, Words("Prenez bezel: hide", "Take bezel: hide"))
    sizes = [part.panel.mm_per_px[1] for part in lies.parts]
    if max(sizes) > min(sizes) * (1 + DENSITY_SHARE_MAX):
        what = Words(
            f"{tile.tile} : des pixels de {min(sizes):.2f} à {max(sizes):.2f} mm ({on})",
            f"{tile.tile}: pixels of {min(sizes):.2f} to {max(sizes):.2f} mm ({on})",
        )
        yield ModelFault(FaultKind.DENSITY_DIFFERS, at, what)
    width, height = lies.px
    if width < TILE_WIDTH_PX_MIN - 0.5 or height < TILE_HEIGHT_PX_MIN - 0.5:
        least = f"{TILE_WIDTH_PX_MIN}x{TILE_HEIGHT_PX_MIN} px"
        what = Words(
            f"{tile.tile} n'aurait que {width:.0f}x{height:.0f} px (il en faut {least})",
            f"{tile.tile} would have {width:.0f}x{height:.0f} px only ({least} are needed)",
        )
        yield ModelFault(FaultKind.TOO_SMALL, at, what)


def _of_overlay(wall: Wall, overlay: Overlay, index: int, tiles: Collection[str]) -> Iterator[ModelFault]:
    if overlay.tile is not None and overlay.tile not in tiles:
        what = Words(f"la vignette {overlay.tile!r} n'existe pas", f"there is no tile {overlay.tile!r}")
        yield ModelFault(FaultKind.UNKNOWN_TILE, ("overlays", index, "tile"), what)
    if overlay.anchor is not None and overlay.anchor not in {panel.panel for panel in wall.panels}:
        yield _unknown_panel(wall, overlay.anchor, ("overlays", index, "anchor"))
    elif overlay.rect is not None:
        lies = spread(wall, overlay.rect, overlay.anchor)
        if len(lies.parts) != 1 or not lies.parts[0].panel.visible_mm.holds(lies.mm):
            what = Words(f"{overlay.kind} ne tient pas sur un écran", f"{overlay.kind} does not lie on one panel")
            yield ModelFault(FaultKind.SPLIT_BY_BEZEL, ("overlays", index, "rect"), what)
    elif overlay.kind in (OverlayKind.CLOCK, OverlayKind.HEADER):
        what = Words(f"{overlay.kind} : il lui faut une place (rect)", f"{overlay.kind} needs a place (rect)")
        yield ModelFault(FaultKind.OFF_THE_WALL, ("overlays", index), what)


def _unknown_panel(wall: Wall, name: str, at: tuple[str | int, ...]) -> ModelFault:
    known = ", ".join(panel.panel for panel in wall.panels)
    what = Words(f"l'écran {name!r} n'existe pas ; il y a : {known}", f"there is no panel {name!r}; there are: {known}")
    return ModelFault(FaultKind.UNKNOWN_PANEL, at, what)


def _overlap(first: Spread, second: Spread) -> bool:
    if first.mm.overlap(second.mm) is None:
        return False
    return any(one.mm.overlap(other.mm) is not None for one in first.parts for other in second.parts)
