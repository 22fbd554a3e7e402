"""Files of a wall, its scenes and programmes: the examples can be shown, and each mistake has its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.wall import WallNodeId
from csu.notation import FileRefused
from csu.wall import (
    CauseKind,
    ProgrammeSet,
    RouteStop,
    SlotId,
    SlotRule,
    ViewersHeard,
    WallDirector,
    WatchHeard,
    even_route,
)
from csu.wall.drawing.windows import NodeScreens
from csu.wall.model import Rotation, TransitionKind, place
from csu.wall.model.fields import camera_names
from csu.wall.model.reading import SCHEMAS, read_programmes, read_scene, read_wall, schema_of

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
WALL, DEMONSTRATION = SCENARIOS / "walls" / "salle.yaml", SCENARIOS / "scenes" / "demonstration.yaml"
PROGRAMMES = SCENARIOS / "walls" / "semaine.yaml"
SCENES = sorted((SCENARIOS / "scenes").glob("*.yaml"))
STREET = frozenset(CameraId(name) for name in camera_names("cam-0001..cam-0048"))


@pytest.fixture(scope="module")
def wall():
    return read_wall(WALL)


def test_the_wall_of_the_room(wall) -> None:
    assert [(panel.panel, panel.rotation) for panel in wall.panels] == [
        ("gauche", Rotation.UPRIGHT),
        ("droite", Rotation.UPRIGHT),
        ("portrait", Rotation.RIGHT),
    ]
    assert {node.node: (node.heads, wall.framebuffer_px(node.node)) for node in wall.nodes} == {
        "mur-a": (("gauche", "droite"), (7680, 2160)),
        "mur-b": (("portrait",), (3840, 2160)),
    }


def test_a_wall_says_at_which_monitors_its_panels_hang(wall, tmp_path) -> None:
    bare = NodeScreens.of(wall, WallNodeId("mur-a"))
    assert [each.panel for each in bare.panels] == ["gauche", "droite"]
    assert (bare.display, bare.names_monitors) == ("", False)
    text = WALL.read_text(encoding="utf-8")
    told = tmp_path / "wall.yaml"
    told.write_text(
        text.replace("rotation: 90", "rotation: 90, monitor: HDMI-1").replace(
            "mur-b.csu", 'mur-b.csu, display: ":0.1"'
        ),
        encoding="utf-8",
    )
    screens = NodeScreens.of(read_wall(told), WallNodeId("mur-b"))
    assert (screens.display, [each.monitor for each in screens.panels]) == (":0.1", ["HDMI-1"])


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_an_example_can_be_shown_and_directed(wall, path: Path) -> None:
    scene = read_scene(path, wall, STREET)
    scenes = [read_scene(each, wall) for each in SCENES]
    plan = read_programmes(PROGRAMMES, scenes, STREET).plan(scenes)
    director = WallDirector(plan, lambda camera, now_ns: True)
    director.hear(WatchHeard(is_short=path.stem == "agreed"), 0)
    placed = place(wall, scene, {slot: shown.camera for slot, shown in director.tiles.items()})
    assert {piece.tile for each in placed.values() for piece in each.pieces} == {tile.tile for tile in scene.tiles}
    assert plan.scene(scene.scene) == scene.slots


def test_the_demonstration_fills_the_wall(wall) -> None:
    scene = read_scene(DEMONSTRATION, wall, STREET)
    rules = [tile.slot.rule for tile in scene.tiles]
    assert len(scene.tiles) >= 40
    one_each = (SlotRule.ROUTE_HEAD, SlotRule.ROUTE_TAIL, SlotRule.PERIMETER)
    assert rules.count(SlotRule.ALARM_SPOT) == 3
    assert [rules.count(rule) for rule in one_each] == [1, 1, 1]
    assert {camera for tile in scene.tiles for camera in tile.slot.pool} == STREET
    assert (scene.transition.kind, scene.transition.lasts_ns) == (TransitionKind.FADE, 400_000_000)
    axe = scene.tile(scene.tiles[2].tile)
    assert (axe.tile, axe.never_split_by_bezel) == ("axe", False)
    pieces = place(wall, scene, {})[WallNodeId("mur-a")].pieces
    assert [piece.corners_px[0] for piece in pieces if piece.tile == "axe"] == [(2560, 0), (3840, 0)]


def test_programmes_by_week_and_by_event() -> None:
    programmes = read_programmes(PROGRAMMES)
    saturday = 1796425200 * NS_PER_S  # 2026-12-05 00:00 in Paris
    up = programmes.within(Span(saturday, saturday + 86_400 * NS_PER_S))
    assert [(each.programme, each.priority) for each in up] == [("marche/2026-12-05", 5), ("manifestation", 20)]
    hours = [[(at - saturday) / NS_PER_S / 3600 for at in (each.span.from_ns, each.span.to_ns)] for each in up]
    assert hours == [[7.5, 13], [13.5, 19]]
    assert up[1].route == even_route(ROUTE, saturday + 14 * 3600 * NS_PER_S, 720 * NS_PER_S, 1200 * NS_PER_S)
    assert up[1].perimeter == tuple(camera_names("cam-0013..cam-0048"))
    assert programmes.within(Span(saturday + 86_400 * NS_PER_S, saturday + 2 * 86_400 * NS_PER_S)) == ()


def test_how_many_pictures_one_person_takes_in_is_the_rooms_to_say(tmp_path, wall) -> None:
    scenes = [read_scene(each, wall) for each in SCENES]
    assert read_programmes(PROGRAMMES).plan(scenes).tiles_per_person == 16
    path = tmp_path / "week.yaml"
    path.write_text(f"tiles_per_person: 9\n{PROGRAMMES.read_text(encoding='utf-8')}", encoding="utf-8")
    director = WallDirector(read_programmes(path).plan(scenes), lambda camera, now_ns: True)
    director.hear(ViewersHeard(frozenset({"anne", "paul"})), 0)
    assert director.budget(0).most == 18


def test_a_route_may_be_written_camera_by_camera(tmp_path, wall) -> None:
    even = "from: 2026-12-05 14:00, cameras: cam-0001..cam-0012, leg: 12 min,"
    stops = "stops: [{camera: cam-0003, at: 2026-12-05 14:00}, {camera: cam-0001, at: 2026-12-05 14:20}],"
    path = tmp_path / "stops.yaml"
    path.write_text(PROGRAMMES.read_text(encoding="utf-8").replace(even, stops), encoding="utf-8")
    (event,) = read_programmes(path).events
    assert event.route is not None
    begins_ns = event.span.from_ns + 1800 * NS_PER_S
    assert event.route.stops == (
        RouteStop(CameraId("cam-0003"), begins_ns),
        RouteStop(CameraId("cam-0001"), begins_ns + 1200 * NS_PER_S),
    )


def test_the_wall_of_the_files_follows_the_route_of_the_files(wall) -> None:
    scenes = [read_scene(each, wall, STREET) for each in SCENES]
    programmes = read_programmes(PROGRAMMES, scenes, STREET)
    director = WallDirector(programmes.plan(scenes), lambda camera, now_ns: True)
    (event,) = programmes.events
    now_ns = event.span.from_ns
    director.hear(WatchHeard(is_short=False), now_ns)
    director.hear(ProgrammeSet(event), now_ns)
    heads = []
    while now_ns < event.span.to_ns:
        head = director.tiles[SlotId("tete")]
        heads += [head.camera] if head.cause.kind is CauseKind.ROUTE else []
        assert None not in {shown.camera for shown in director.tiles.values()}, "a wall of which no place is empty"
        now_ns += NS_PER_MINUTE
        director.tick(now_ns)
    assert tuple(dict.fromkeys(heads)) == ROUTE
    assert heads.count(ROUTE[1]) == 12, "minutes"
    assert director.scene == "quotidien", "and no trace of it"


MISTAKES = [
    ("wall", "px: [3840, 2160], node: mur-a", "px: 3840, node: mur-a", "3840, node", "2 nombres : [width, height]"),
    ("wall", "[3840, 2160], rotation", "[38.5, 2160], rotation", "[38.5", "des pixels entiers"),
    ("wall", "node: mur-b}", "node: mur-c}", "mur-c}", "le nœud 'mur-c' n'existe pas"),
    ("wall", "rotation: 90", "rotation: 45", "45", "0, 90, 180 ou 270"),
    ("wall", "rotation: 90", "rotated: 90", "rotated", "clé inconnue 'rotated' (vouliez-vous dire 'rotation' ?)"),
    ("wall", "rotation: 90, ", "", "[3840, 2160], node: mur-b", "ni carrés"),
    ("wall", "[1225.6, 264.6, 1225.6", "[1200, 264.6, 1225.6", "[1200", "droite recouvre gauche"),
    ("wall", "output_px: [3840, 0]", "output_px: [0, 0]", "[0, 0]}\n  - {panel: portrait", "les mêmes pixels de mur-a"),
    ("wall", "gpu_index: 0}\n  -", "gpu_index: 0, heads: [droite]}\n  -", "[droite]",
     "nomment mur-a sont : droite, gauche"),
    ("wall", "rotation: 90, ", "rotation: 90, monitor: DP 1, ", "DP 1", "n'est pas un nom"),
    ("wall", "gpu_index: 0}\n  -", 'gpu_index: 0, display: "0.1"}\n  -', '"0.1"', "s'écrit :0 ou :0.1"),
    ("wall", "mur-a, output_px", "mur-a, monitor: DP-1, output_px", "DP-1, output_px: [3840",
     "'DP-1' de mur-a est déjà pris"),
    ("wall", "8, 8, 8], px: [3840, 2160], rotation", "8, -1, 8], px: [3840, 2160], rotation", "[8, 8, -1",
     "plus étroit que rien"),
    ("wall", "wall: salle", "wall: salle\nwall: deux", "wall: deux", "écrite deux fois"),
    ("wall", "wall: salle\n", "", "panels:", "clé manquante 'wall'"),
    ("scene", "rect: [0, 0, 0.333333, 0.333333]", "rect: [0, 0, 1.2, 0.3]", "[0, 0, 1.2", "va de 0 à 1"),
    ("scene", "rect: [0, 0, 0.333333, 0.333333]", "rect: [0, 0, 0.4, 0.333333]",
     "[0.333333, 0, 0.333333, 0.333333], slot", "alarme-2 recouvre alarme-1 (z 0)"),
    ("scene", "never_split_by_bezel: no", "never_split_by_bezel: yes", "[0.257504",
     "axe passe sur un cadre (gauche, droite)"),
    ("scene", "never_split_by_bezel: no", "never_split_by_bezel: maybe", "maybe", "true ou false"),
    ("scene", "panel:gauche, rect: [0, 0,", "panel:milieu, rect: [0, 0,", "panel:milieu",
     "l'écran 'milieu' n'existe pas"),
    ("scene", "panel:gauche, rect: [0, 0,", "gauche, rect: [0, 0,", "gauche, rect", "wall, ou panel:NOM"),
    ("scene", "camera: cam-0005, ", "camera: cam-0999, ", "{tile: axe", "caméra inconnue : cam-0999"),
    ("scene", "camera: cam-0005, ", "", "{tile: axe", "une vignette a camera, ou slot"),
    ("scene", "rule: perimeter", "rule: perimetre", "perimetre", "'perimetre' est inconnu"),
    ("scene", "dwell: 20 s", "dwell: 2 s", "{rule: perimeter", "moins de 10 s"),
    ("scene", "dwell: 20 s", "dwell: 20", "20}", "n'est pas une durée"),
    ("scene", "columns: 6, rows: 4, cameras: cam-0001", "columns: 6, rows: 3, cameras: cam-0001", "{grid: g",
     "24 caméras pour 18 places"),
    ("scene", "columns: 6, rows: 4, cameras: cam-0001", "columns: 6, gap_mm: 200, rows: 4, cameras: cam-0001", "200",
     "les intervalles prennent tout"),
    ("scene", "columns: 6, rows: 4, cameras: cam-0001", "columns: 64, rows: 4, gap_mm: 0, cameras: cam-0001",
     "[0, 0.34, 1, 0.66], columns: 64", "g-1 n'aurait que 60x356 px"),
    ("scene", "cam-0001..cam-0024", "cam-0024..cam-0001", "cam-0024..", "de la première à la dernière"),
    ("scene", "lasts: 400 ms", "lasts: 4 s", "4 s", "au plus 2 s"),
    ("scene", "kind: fade, lasts", "kind: cut, lasts", "{kind: cut", "fade dure"),
    ("scene", "#0b0d11", "noir", '"noir"', "une couleur s'écrit"),
    ("scene", "tile: alarme-3, style", "tile: alarme-9, style", "alarme-9", "la vignette 'alarme-9' n'existe pas"),
    ("scene", "rule: alarm_spot", "rule: priority", "- {tile: alarme-1", "aucun emplacement d'alarme"),
    ("programmes", "degraded: agreed", "degraded: agred", "agred", "vouliez-vous dire 'agreed'"),
    ("programmes", 'from: "07:30"', 'from: "7h30"', '"7h30"', "une heure s'écrit 07:30"),
    ("programmes", "to: 2026-12-05 19:00", "to: 2026-12-05 09:00", "2026-12-05 09:00", "la fin vient après le début"),
    ("programmes", "from: 2026-12-05 13:30", "from: 2026-12-35 13:30", "2026-12-35", "heure de Paris"),
    ("programmes", "days: [sat]", "days: [caturday]", "caturday", "lundi, mardi"),
    ("programmes", "leg: 12 min", "leg: 5 s", "{from: 2026-12-05 14:00", "plus vite qu'une caméra toutes les 10 s"),
    ("programmes", "leg: 12 min", "leg: 40 min", "40 min", "la tête serait devant cam-0009 à 2026-12-05 19:20"),
    ("programmes", "{from: 2026-12-05 14:00", "{from: 2026-12-05 13:00", "2026-12-05 13:00", "hors du programme"),
    ("programmes", "leg: 12 min, ", "", "{from: 2026-12-05 14:00", "ou cameras avec from et leg"),
    ("programmes", "cameras: cam-0001..cam-0012, leg: 12 min", "stops: [{camera: cam-0001, at: 2026-12-05 14:00}]",
     "{from: 2026-12-05 14:00", "stops, ou cameras"),
    ("programmes", "from: 2026-12-05 14:00, cameras: cam-0001..cam-0012, leg: 12 min",
     "stops: [{camera: cam-0001, at: 2026-12-05 14:00}, {camera: cam-0002, at: 2026-12-05 19:00}]",
     "2026-12-05 19:00}]", "la tête serait devant cam-0002"),
    ("programmes", "cam-0001..cam-0012, leg", "cam-0041..cam-0052, leg", "{from: 2026-12-05 14:00",
     "caméra inconnue : cam-0049, cam-0050, cam-0051, cam-0052"),
    ("programmes", "perimeter: cam-0013..cam-0048", "perimeter: [place]", "[place]", "caméra inconnue : place"),
    ("programmes", "scene: demonstration", "scene: quotidien", "{from: 2026-12-05 14:00", "{rule: route_head}"),
    ("programmes", "scene: demonstration", "scene: quotidien", "cam-0013..cam-0048", "{rule: perimeter}"),
    ("scene", "{kind: border, tile: alarme-1", "{kind: box, tile: alarme-1", "box", "label, clock, header, border"),
    ("scene", "{kind: border, tile: alarme-1", "{kind: heat, tile: alarme-1", "heat", "heat"),
    ("programmes", "programme: manifestation", "programme: marche", "marche, scene: demo", "existe déjà"),
]  # fmt: skip
ROUTE = camera_names("cam-0001..cam-0012")
FILES = {"wall": WALL, "scene": DEMONSTRATION, "programmes": PROGRAMMES}


@pytest.mark.parametrize(("kind", "good", "bad", "at", "words"), MISTAKES, ids=[each[4] for each in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_column(tmp_path, wall, kind, good, bad, at, words) -> None:
    text = FILES[kind].read_text(encoding="utf-8")
    assert good in text
    mistaken = text.replace(good, bad)
    path = tmp_path / "mistaken.yaml"
    path.write_text(mistaken, encoding="utf-8")
    read = {
        "wall": read_wall,
        "scene": lambda path: read_scene(path, wall, STREET),
        "programmes": lambda path: read_programmes(path, [read_scene(each, wall) for each in SCENES], STREET),
    }[kind]
    with pytest.raises(FileRefused) as caught:
        read(path)
    told = [trouble.words for trouble in caught.value.troubles]
    assert all(words.fr != words.en for words in told), "both languages"
    begins = text.index(good) if bad else 0
    index = mistaken.index(at, begins if at in mistaken[begins:] else 0)
    if at.startswith(("- {", "{")):
        index += at.index("{")
    line, column = mistaken.count("\n", 0, index) + 1, index - mistaken.rfind("\n", 0, index)
    assert any(words in one.fr and one.fr.startswith(f"{path}:{line}:") for one in told), (line, column, told)


def test_all_faults_of_a_scene_are_told_at_once(tmp_path, wall) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(
        DEMONSTRATION.read_text(encoding="utf-8")
        .replace("never_split_by_bezel: no", "never_split_by_bezel: yes")
        .replace("camera: cam-0005,", "camera: cam-0999,")
        .replace("tile: alarme-3, style", "tile: alarme-9, style"),
        encoding="utf-8",
    )
    with pytest.raises(FileRefused) as caught:
        read_scene(path, wall, STREET)
    assert [trouble.where.rsplit(":", 2)[1] for trouble in caught.value.troubles] == ["16", "16", "29"]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_an_editor_gets_a_schema(kind: str) -> None:
    schema = schema_of(kind)
    assert schema["additionalProperties"] is False
    assert {"wall": "panels", "scene": "tiles", "programmes": "base"}[kind] in schema["properties"]


def test_an_editor_is_offered_what_a_file_may_say() -> None:
    kinds = schema_of("scene")["$defs"]["OverlaySpec"]["properties"]["kind"]["enum"]
    assert kinds == ["label", "clock", "header", "border"], "a box or heat zone comes with a signal, not with a scene"
    assert {"route", "perimeter"} <= set(schema_of("programmes")["$defs"]["EventSpec"]["properties"])


def test_cameras_by_name_and_by_range() -> None:
    assert camera_names(["cam-0009..cam-0011", "gare"]) == ("cam-0009", "cam-0010", "cam-0011", "gare")
