"""What the wall is told of: the programmes of a story's demonstrations; and the signals read off what it decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from csu.centre import Programme, Route, RouteStop, SceneChanged, TileChanged
from csu.centre.purge.ports import Span
from csu.centre.rooms.wall_plan import BASE, EVENT
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


class WallReader:
    """Reads signals off the decisions of a wall."""

    def __init__(self) -> None:
        self._event = ""

    def of(self, decision: SceneChanged | TileChanged) -> Iterator[Signal]:
        """The signals of one."""
        at_ns, kind, ref = decision.at_ns, decision.cause.kind.value, decision.cause.ref
        if isinstance(decision, SceneChanged):
            if kind == "programme":
                self._event = ref
                yield Signal("wall.event", at_ns, {"event": ref})
            elif decision.scene == BASE and self._event:
                yield Signal("wall.usual", at_ns, {"event": self._event})
                self._event = ""
        elif kind == "alarm":
            yield Signal("wall.alarm", at_ns, {"alarm": ref, "camera": str(decision.camera)})
        elif kind == "route" and ref.startswith("route_head/"):
            yield Signal("wall.follows", at_ns, {"camera": str(decision.camera), "event": ref.partition("/")[2]})


SIGNALS = (
    SignalKind("wall.event", Words("le mur passe à l'événement", "the wall turns to the event"), "event"),
    SignalKind("wall.usual", Words("le mur revient à l'ordinaire", "the wall is back at its base"), "event"),
    SignalKind("wall.alarm", Words("le mur montre une alarme", "the wall shows an alarm"), "alarm", ("camera",)),
    SignalKind("wall.follows", Words("le mur suit le cortège", "the wall follows the march"), "camera", ("event",)),
)
