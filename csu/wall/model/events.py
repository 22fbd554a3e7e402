"""An event of a file of programmes: its route and perimeter as values, and what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from csu.governance.legal_calendar import in_paris
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.words import Words
from csu.notation import KeyPath, WrittenText
from csu.wall.directing.programme import Programme, SlotRule
from csu.wall.directing.route import Route, RouteStop, RouteUnusable, even_route
from csu.wall.model.scene import Scene
from csu.wall.model.written import EventSpec, RouteSpec


def event_of(spec: EventSpec, at: KeyPath, text: WrittenText) -> Programme:
    """What the director is told. A route that no procession can take is noted in `text`, and left out."""
    route = None
    if spec.route is not None:
        try:
            route = _route(spec.route)
        except RouteUnusable as error:
            text.refuse((*at, "route"), error.trouble.what)
    perimeter = tuple(map(CameraId, dict.fromkeys(spec.perimeter)))
    return Programme(spec.programme, spec.scene, Span(spec.begins, spec.ends), spec.priority, route, perimeter)


def refuse_event(
    event: Programme,
    spec: EventSpec,
    at: KeyPath,
    text: WrittenText,
    scene: Scene | None,
    cameras: Collection[CameraId] | None,
) -> None:
    """Note in `text` what its scene or the site cannot do. `scene`, `cameras`: None: nobody knows."""
    rules = {tile.slot.rule for tile in scene.tiles} if scene is not None else set(SlotRule)
    if event.route is not None and not rules & {SlotRule.ROUTE_HEAD, SlotRule.ROUTE_TAIL}:
        text.refuse((*at, "route"), _nobody("route_head"))
    if event.perimeter and SlotRule.PERIMETER not in rules:
        text.refuse((*at, "perimeter"), _nobody("perimeter"))
    stops = event.route.stops if event.route is not None else ()
    for key, named in (("route", [stop.camera for stop in stops]), ("perimeter", event.perimeter)):
        unknown = [camera for camera in named if cameras is not None and camera not in cameras]
        if unknown:
            listed = ", ".join(unknown[:4]) + ("..." if len(unknown) > 4 else "")
            text.refuse((*at, key), Words(f"caméra inconnue : {listed}", f"unknown camera: {listed}"))
    for where, stop in _outside(event, spec):
        shown = in_paris(stop.due_ns)
        what = Words(
            f"la tête serait devant {stop.camera} à {shown}, hors du programme",
            f"the head would be before {stop.camera} at {shown}, outside the programme",
        )
        text.refuse((*at, "route", *where), what)
        return  # the later ones are for the same reason


def _route(spec: RouteSpec) -> Route:
    """Raises RouteUnusable."""
    if spec.begins is not None and spec.leg is not None:
        return even_route([CameraId(name) for name in spec.cameras], spec.begins, spec.leg, spec.passes)
    return Route(tuple(RouteStop(CameraId(stop.camera), stop.due) for stop in spec.stops), spec.passes)


def _outside(event: Programme, spec: EventSpec) -> Iterator[tuple[KeyPath, RouteStop]]:
    for index, stop in enumerate(event.route.stops if event.route is not None else ()):
        if not event.span.holds(stop.due_ns):
            is_even = spec.route is not None and not spec.route.stops
            yield (("leg" if stop.due_ns >= event.span.to_ns else "from",) if is_even else ("stops", index, "at")), stop


def _nobody(rule: str) -> Words:
    written = "slot: {rule: " + rule + "}"
    return Words(f"aucune vignette de sa scène ne le suit ({written})", f"no tile of its scene follows it ({written})")
