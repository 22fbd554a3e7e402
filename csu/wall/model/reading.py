"""From YAML files to a wall, its scenes and its programmes, or to all that is wrong with one: file, line, column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.wall import WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.hal.words import Words
from csu.notation import FileKind, FileRefused, KeyPath, WrittenText, explain, read_text, unknown
from csu.wall.directing.programme import (
    TILES_PER_PERSON,
    PlanUnusable,
    Programme,
    Slot,
    SlotId,
    WallPlan,
    WeeklyProgramme,
)
from csu.wall.model.checks import scene_faults
from csu.wall.model.events import event_of, refuse_event
from csu.wall.model.faults import ModelFault
from csu.wall.model.scene import Overlay, Scene, SourceRef, Tile, Transition
from csu.wall.model.wall import Node, Panel, Rect, Wall, wall_faults
from csu.wall.model.written import GridSpec, ProgrammesSpec, SceneSpec, TileSpec, WallSpec

WALL = FileKind(Words("le mur", "the wall"), Words("un mur", "a wall"), "wall, panels, nodes")
SCENE = FileKind(Words("la scène", "the scene"), Words("une scène", "a scene"), "scene, tiles")
PROGRAMMES = FileKind(
    Words("le fichier de programmes", "the file of programmes"),
    Words("un fichier de programmes", "a file of programmes"),
    "base, degraded",
)
SCHEMAS: Mapping[str, type[BaseModel]] = {"wall": WallSpec, "scene": SceneSpec, "programmes": ProgrammesSpec}

_Spec = TypeVar("_Spec", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Programmes:
    """What a file of programmes says: which scene is up when nothing else is, which while fewer than two watch, and
    those of the week and of events."""

    base: str
    degraded: str
    weekly: tuple[WeeklyProgramme, ...] = ()
    events: tuple[Programme, ...] = ()
    tiles_per_person: int = TILES_PER_PERSON

    def plan(self, scenes: Iterable[Scene]) -> WallPlan:
        """For the director, the week with it; events are told to it as programmes. Raises PlanUnusable."""
        slots = tuple(scene.slots for scene in scenes)
        return WallPlan(slots, self.base, self.degraded, self.weekly, self.tiles_per_person)

    def within(self, span: Span) -> tuple[Programme, ...]:
        """All that are up at some time of `span`."""
        weekly = [programme for each in self.weekly for programme in each.within(span)]
        events = [each for each in self.events if each.span.from_ns < span.to_ns and span.from_ns < each.span.to_ns]
        return (*weekly, *events)


def read_wall(path: Path) -> Wall:
    """Raises FileRefused with every fault, BadInput for a file that cannot be read."""
    text, spec = _read(path, WALL, WallSpec)
    panels = tuple(
        Panel(
            WallPanelId(each.panel),
            each.rect_mm,
            each.px,
            WallNodeId(each.node),
            each.output_px,
            each.rotation,
            each.bezel_mm,
            each.enabled,
            each.monitor or "",
        )
        for each in spec.panels
    )
    nodes = tuple(
        Node(
            WallNodeId(each.node),
            tuple(map(WallPanelId, each.heads))
            if each.heads is not None
            else tuple(panel.panel for panel in panels if panel.node == each.node),
            each.host,
            each.gpu_index,
            each.display or "",
        )
        for each in spec.nodes
    )
    _refuse(path, text, wall_faults(panels, nodes))
    return Wall(spec.wall, panels, nodes)


def read_scene(
    path: Path, wall: Wall, cameras: Collection[CameraId] | None = None, taken: Collection[str] = ()
) -> Scene:
    """A scene that this wall can show. `cameras`: those that there are; None: any name will do. `taken`: names of other
    scenes.

    Raises FileRefused with every fault, BadInput for a file that cannot be read.
    """
    text, spec = _read(path, SCENE, SceneSpec)
    if spec.scene in taken:
        what = Words(f"la scène {spec.scene!r} existe déjà", f"there is already a scene {spec.scene!r}")
        text.refuse(("scene",), what)
    tiles, origins = _tiles(spec, wall, text)
    overlays = tuple(
        Overlay(each.kind, _slot_id(each.tile), each.rect, _panel(each.anchor), each.style) for each in spec.overlays
    )
    if text.faults:
        raise FileRefused(path, text)
    _refuse(path, text, (_in_file(fault, origins) for fault in scene_faults(wall, tiles, overlays, cameras)))
    transition = Transition(spec.transition.kind, spec.transition.lasts or 0)
    return Scene(spec.scene, tiles, spec.name, spec.priority, spec.background, overlays, transition)


def read_programmes(
    path: Path, scenes: Collection[Scene] | None = None, cameras: Collection[CameraId] | None = None
) -> Programmes:
    """`scenes`, `cameras`: those that there are; None: any name will do. Raises as `read_scene` does."""
    text, spec = _read(path, PROGRAMMES, ProgrammesSpec)
    known = {scene.scene: scene for scene in scenes} if scenes is not None else None
    named: list[tuple[KeyPath, str]] = [(("base",), spec.base), (("degraded",), spec.degraded)]
    named += [(("weekly", index, "scene"), each.scene) for index, each in enumerate(spec.weekly)]
    named += [(("events", index, "scene"), each.scene) for index, each in enumerate(spec.events)]
    for at, scene in named:
        if known is not None and scene not in known:
            error = unknown(("la scène", "the scene"), scene, tuple(known))
            text.refuse(at, Words(error.french, error.english))
    names: set[str] = set()
    lines = [("weekly", index, each.programme) for index, each in enumerate(spec.weekly)]
    lines += [("events", index, each.programme) for index, each in enumerate(spec.events)]
    for key, index, name in lines:
        if name in names:
            text.refuse((key, index, "programme"), Words(f"{name!r} existe déjà", f"there is already a {name!r}"))
        names.add(name)
    events = []
    for index, each in enumerate(spec.events):
        up = event_of(each, ("events", index), text)
        refuse_event(up, each, ("events", index), text, (known or {}).get(each.scene), cameras)
        events.append(up)
    if text.faults:
        raise FileRefused(path, text)
    weekly = (
        WeeklyProgramme(each.programme, each.scene, frozenset(each.days), each.begins, each.ends, each.priority)
        for each in spec.weekly
    )
    return Programmes(spec.base, spec.degraded, tuple(weekly), tuple(events), spec.tiles_per_person)


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of a file of that kind, for editors. Raises KeyError for none of `SCHEMAS`."""
    return SCHEMAS[kind].model_json_schema()


def _read(path: Path, kind: FileKind, spec: type[_Spec]) -> tuple[WrittenText, _Spec]:
    _, text = read_text(path, kind)
    if not text.faults:
        try:
            return text, spec.model_validate(text.data)
        except ValidationError as error:
            explain(error, spec, text)
    raise FileRefused(path, text)


def _refuse(path: Path, text: WrittenText, faults: Iterable[ModelFault]) -> None:
    for fault in faults:
        text.refuse(fault.at, fault.what, fault.what_to_do)
    if text.faults:
        raise FileRefused(path, text)


def _in_file(fault: ModelFault, origins: Sequence[KeyPath]) -> ModelFault:
    """A tile of a grid is in the file as the grid."""
    if len(fault.at) < 2 or fault.at[0] != "tiles":
        return fault
    at = (*origins[int(fault.at[1])], *fault.at[2:])
    return ModelFault(fault.kind, at, fault.what, fault.what_to_do)


def _tiles(spec: SceneSpec, wall: Wall, text: WrittenText) -> tuple[tuple[Tile, ...], list[KeyPath]]:
    """The tiles, those of grids last, and where each is written. What a slot cannot be is noted in `text`."""
    tiles: list[Tile] = []
    origins: list[KeyPath] = []
    for index, each in enumerate(spec.tiles):
        try:
            tiles.append(_tile(each, spec.pools))
            origins.append(("tiles", index))
        except PlanUnusable as error:
            text.refuse(("tiles", index, "slot"), error.trouble.what)
    for index, grid in enumerate(spec.grids):
        cells = _cells(grid, wall)
        if any(min(cell.rect.width, cell.rect.height) <= 0 for cell in cells):
            text.refuse(("grids", index, "gap_mm"), Words("les intervalles prennent tout", "the gaps take it all"))
        tiles += cells
        origins += [("grids", index)] * len(cells)
    return tuple(tiles), origins


def _tile(spec: TileSpec, pools: Mapping[str, tuple[str, ...]]) -> Tile:
    name = SlotId(spec.tile)
    source: SourceRef | Slot
    if spec.slot is not None:
        pool = dict.fromkeys(CameraId(camera) for each in spec.slot.pool for camera in pools.get(each, (each,)))
        source = Slot(name, spec.slot.rule, tuple(pool), spec.slot.dwell)
    else:
        source = SourceRef(CameraId(spec.camera or ""))
    return Tile(
        name,
        spec.rect,
        source,
        _panel(spec.anchor),
        spec.z,
        spec.fit,
        spec.crop,
        spec.never_split_by_bezel,
        spec.bezel,
    )


def _cells(grid: GridSpec, wall: Wall) -> list[Tile]:
    """Its tiles; none on a panel that does not exist, which the first one tells."""
    anchor = _panel(grid.anchor)
    panel = next((panel for panel in wall.panels if panel.panel == anchor), None)
    whole = panel.visible_mm if panel is not None else wall.visible_mm
    gap = grid.gap_mm / whole.width, grid.gap_mm / whole.height
    width = (grid.rect.width - (grid.columns - 1) * gap[0]) / grid.columns
    height = (grid.rect.height - (grid.rows - 1) * gap[1]) / grid.rows
    return [
        Tile(
            SlotId(f"{grid.grid}-{index + 1}"),
            Rect(
                grid.rect.left + index % grid.columns * (width + gap[0]),
                grid.rect.top + index // grid.columns * (height + gap[1]),
                width,
                height,
            ),
            SourceRef(CameraId(camera)),
            anchor,
            grid.z,
            grid.fit,
        )
        for index, camera in enumerate(grid.cameras)
    ]


def _panel(anchor: str) -> WallPanelId | None:
    return None if anchor == "wall" else WallPanelId(anchor.removeprefix("panel:"))


def _slot_id(name: str | None) -> SlotId | None:
    return None if name is None else SlotId(name)
