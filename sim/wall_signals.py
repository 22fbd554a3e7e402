"""What the wall is told of: the programmes of a story's demonstrations; and the signals read off what it decides.

`wall.full` and `wall.free` say, by priority, whether an alarm of that priority could have a spot now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from csu.centre import (
    PRIORITY_OF,
    AlarmAdvanced,
    AlarmState,
    Programme,
    Route,
    RouteStop,
    SceneChanged,
    SlotRule,
    TileChanged,
    WallPlan,
)
from csu.centre.purge.ports import Span
from csu.centre.rooms.wall_plan import BASE, EVENT
from csu.hal.alarms import AlarmKind, AlarmPriority
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from sim.population_words import OnTheRoute, march_of
from sim.vocabulary import Happening, Signal, SignalKind, Stage, Telling

PERIMETER_MAX = 12
"""Cameras around a demonstration that the wall goes round."""
PRIORITY = 20


def programmes_of(story: Sequence[Happening[Telling]], stage: Stage) -> tuple[Programme, ...]:
    """Of each demonstration one, with its route as it was announced and the cameras around it."""
    return tuple(_programme(each, stage) for each in story if isinstance(each.spec, OnTheRoute))


def _programme(happening: Happening[Telling], stage: Stage) -> Programme:
    march, spec = march_of(happening, stage), happening.spec
    spans = [(camera, span) for camera in march.route if (span := march.passes(camera)) is not None]
    stops = tuple(RouteStop(camera, from_ns) for camera, (from_ns, _) in spans)
    route = Route(stops, spans[0][1][1] - spans[0][1][0])
    communes = spec.route if isinstance(spec, OnTheRoute) else ()
    around = [camera for name in communes for camera in stage.cameras(name) if camera not in march.route]
    up = Span(happening.start_ns, happening.end_ns)
    return Programme(happening.name, EVENT, up, PRIORITY, route, tuple(around[:PERIMETER_MAX]))


def spots_of(plan: WallPlan) -> dict[str, frozenset[str]]:
    """The alarm spots of each scene."""
    spot = SlotRule.ALARM_SPOT
    return {
        scene.scene: frozenset(str(slot.slot) for slot in scene.slots if slot.rule is spot) for scene in plan.scenes
    }


class WallReader:
    """Reads signals off the decisions of a wall, and off the alarms that ring and are closed."""

    def __init__(self, spots: Mapping[str, frozenset[str]] | None = None) -> None:
        """`spots`: the alarm spots of each scene; None: nobody knows, and no word of full or free is told."""
        self._spots = spots or {}
        self._event = ""
        self._scene = ""
        self._open: dict[str, AlarmPriority] = {}
        self._on: dict[str, str] = {}
        self._full = frozenset[AlarmPriority]()

    def ring(self, signal: Signal) -> None:
        """A panel rings: an alarm is open from then on."""
        self._open[signal.fields["alarm"]] = PRIORITY_OF[AlarmKind(signal.fields["kind"])]

    def of(self, event: SceneChanged | TileChanged | AlarmAdvanced, now_ns: Nanoseconds) -> Iterator[Signal]:
        """The signals of one."""
        if isinstance(event, AlarmAdvanced):
            if event.alarm.state is AlarmState.CLOSED:
                self._open.pop(event.alarm.alarm, None)
        elif isinstance(event, SceneChanged):
            yield from self._of_scene(event)
        else:
            yield from self._of_tile(event)
        yield from self._of_spots(now_ns)

    def _of_scene(self, changed: SceneChanged) -> Iterator[Signal]:
        if changed.scene != changed.was:
            self._scene, self._on = changed.scene, {}
        if changed.cause.kind.value == "programme":
            self._event = changed.cause.ref
            yield Signal("wall.event", changed.at_ns, {"event": self._event})
        elif changed.scene == BASE and self._event:
            yield Signal("wall.usual", changed.at_ns, {"event": self._event})
            self._event = ""

    def _of_tile(self, changed: TileChanged) -> Iterator[Signal]:
        at_ns, kind, ref = changed.at_ns, changed.cause.kind.value, changed.cause.ref
        self._on.pop(changed.slot, None)
        if kind == "alarm":
            self._on[changed.slot] = ref
            yield Signal("wall.alarm", at_ns, {"alarm": ref, "camera": str(changed.camera)})
        elif kind == "route" and ref.startswith("route_head/"):
            yield Signal("wall.follows", at_ns, {"camera": str(changed.camera), "event": ref.partition("/")[2]})

    def _of_spots(self, now_ns: Nanoseconds) -> Iterator[Signal]:
        spots = self._spots.get(self._scene, frozenset())
        held = [self._open[alarm] for slot, alarm in self._on.items() if slot in spots and alarm in self._open]
        full = {each for each in AlarmPriority if spots and sum(by <= each for by in held) >= len(spots)}
        for each in AlarmPriority:
            if (each in full) is not (each in self._full):
                kind = "wall.full" if each in full else "wall.free"
                yield Signal(kind, now_ns, {"wall": "wall", "priority": each.name})
        self._full = frozenset(full)


_OF_SPOTS = {"priority": tuple(each.name for each in AlarmPriority)}
SIGNALS = (
    SignalKind("wall.event", Words("le mur passe à l'événement", "the wall turns to the event"), "event"),
    SignalKind("wall.usual", Words("le mur revient à l'ordinaire", "the wall is back at its base"), "event"),
    SignalKind("wall.alarm", Words("le mur montre une alarme", "the wall shows an alarm"), "alarm", ("camera",)),
    SignalKind("wall.follows", Words("le mur suit le cortège", "the wall follows the march"), "camera", ("event",)),
    SignalKind(
        "wall.full",
        Words("des alarmes aussi urgentes tiennent tous ses emplacements", "alarms as urgent hold all its spots"),
        "wall",
        ("priority",),
        _OF_SPOTS,
    ),
    SignalKind(
        "wall.free", Words("une telle alarme y a sa place", "such an alarm has room"), "wall", ("priority",), _OF_SPOTS
    ),
)
