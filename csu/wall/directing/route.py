"""Where a procession is: its route past cameras, and which of them see its head, its tail, what lies between. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words

LEG_NS_MIN = 10 * NS_PER_S
"""The head goes from one camera to the next no faster: a tile that follows it does not flicker [D]."""


class RouteUnusable(BadInput):
    """A route that no procession can take."""


@dataclass(frozen=True, slots=True)
class RouteStop:
    """The head is due before this camera then."""

    camera: CameraId
    due_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Route:
    """The cameras along the way, in order, each once. Raises RouteUnusable."""

    stops: tuple[RouteStop, ...]
    passes_ns: Nanoseconds
    """How long it takes to go by one camera, from its head to its tail."""

    def __post_init__(self) -> None:
        cameras = [stop.camera for stop in self.stops]
        if not cameras or len(set(cameras)) < len(cameras):
            raise _unusable(Words("aucune caméra, ou deux fois la même", "no camera, or one camera twice"))
        later = zip(self.stops[1:], self.stops, strict=False)
        if self.passes_ns <= 0 or any(after.due_ns - before.due_ns < LEG_NS_MIN for after, before in later):
            raise _unusable(Words("plus vite qu'une caméra toutes les 10 s", "faster than a camera in 10 s"))

    def along(self, at_ns: Nanoseconds) -> tuple[CameraId, ...]:
        """Those that see it at that instant, its head first, its tail last; none before it comes and after it went."""
        there = [stop.camera for stop in self.stops if stop.due_ns <= at_ns < stop.due_ns + self.passes_ns]
        if not there and self.stops[0].due_ns <= at_ns < self.stops[-1].due_ns:  # between two: the last it went by
            there = [[stop.camera for stop in self.stops if stop.due_ns <= at_ns][-1]]
        return tuple(reversed(there))

    def seen_at(self, camera: CameraId, at_ns: Nanoseconds) -> Route:
        """A person sees its head there: the whole goes that much sooner or later. Raises RouteUnusable."""
        due_ns = next((stop.due_ns for stop in self.stops if stop.camera == camera), None)
        if due_ns is None:
            raise _unusable(Words("cette caméra n'est pas du parcours", "this camera is not on the route"))
        shift_ns = at_ns - due_ns
        return replace(self, stops=tuple(RouteStop(stop.camera, stop.due_ns + shift_ns) for stop in self.stops))


def even_route(
    cameras: Sequence[CameraId], begins_ns: Nanoseconds, leg_ns: Nanoseconds, passes_ns: Nanoseconds
) -> Route:
    """One that takes as long from each camera to the next. Raises RouteUnusable."""
    stops = (RouteStop(camera, begins_ns + place * leg_ns) for place, camera in enumerate(cameras))
    return Route(tuple(stops), passes_ns)


def _unusable(what: Words) -> RouteUnusable:
    return RouteUnusable(what, where="wall/route", what_to_do=Words("Corrigez le parcours", "Put the route right"))
