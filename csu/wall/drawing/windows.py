"""Which windows show a framebuffer, where they lie on the X screen, and what of it each shows. Pure.

One window over all panels of an X screen, so that one swap changes them together. Where a monitor that is not of the
wall lies among them, as a desk's, each panel has a window of its own and nothing lies over the stranger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from csu.hal.wall import WallError, WallNodeId
from csu.hal.words import Words
from csu.wall.model.wall import Panel, Rect, Wall


@dataclass(frozen=True, slots=True)
class Monitor:
    """What an X screen calls a monitor, and its pixels on that screen."""

    name: str
    place: Rect


@dataclass(frozen=True, slots=True)
class NodeScreens:
    """The panels of one node, and the X screen they hang at. Without panels: one window at the top left of it."""

    display: str = ""
    """"": the one that DISPLAY names."""
    panels: tuple[Panel, ...] = ()

    @staticmethod
    def of(wall: Wall, node: WallNodeId) -> NodeScreens:
        """Raises KeyError for a node that the wall does not have."""
        display = {each.node: each.display for each in wall.nodes}[node]
        return NodeScreens(display, tuple(panel for panel in wall.panels if panel.node == node))

    @property
    def names_monitors(self) -> bool:
        """Whether the X server must be asked where its monitors are."""
        return any(panel.monitor for panel in self.panels)


ONE_WINDOW = NodeScreens()


@dataclass(frozen=True, slots=True)
class WindowPart:
    """What of the framebuffer is shown where in a window, both in pixels from the top left."""

    framebuffer: Rect
    window: Rect
    panel: str = ""


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """One window, without decoration. `place`: its pixels on the X screen."""

    place: Rect
    parts: tuple[WindowPart, ...]

    @property
    def is_filled(self) -> bool:
        """Whether its parts leave nothing of it free."""
        return sum(part.window.area for part in self.parts) >= self.place.area

    @property
    def panels(self) -> str:
        """Whose they are; for people."""
        return ", ".join(part.panel for part in self.parts if part.panel) or "-"


def plan_windows(
    width_px: int, height_px: int, panels: Sequence[Panel] = (), monitors: Sequence[Monitor] = ()
) -> tuple[WindowPlan, ...]:
    """The windows of a framebuffer of this size, at least one.

    Raises WallError: a monitor is not there or shared by two panels, or no panel is enabled.

    A panel that is not enabled has none. A monitor that runs at another size than the wall's file says gets its
    picture scaled.
    """
    if not any(panel.monitor for panel in panels):
        whole = Rect(0, 0, width_px, height_px)
        return (WindowPlan(whole, (WindowPart(whole, whole),)),)
    lit = [panel for panel in panels if panel.enabled]
    if not lit:
        raise _all_dark(panels)
    places = {panel.panel: _place(panel, monitors) for panel in lit}
    for one, other in combinations(lit, 2):
        if places[one.panel].overlap(places[other.panel]) is not None:
            raise _same_place(one, other)
    ours = {panel.monitor for panel in panels}
    strangers = [each.place for each in monitors if each.name not in ours and not _meets(each.place, places.values())]
    groups = [lit] if not _meets(_around(places.values()), strangers) else [[panel] for panel in lit]
    return tuple(_window({panel: places[panel.panel] for panel in group}) for group in groups)


def scaled(plans: Iterable[WindowPlan]) -> Iterator[WindowPart]:
    """The parts whose monitor has another size than the panel's pixels: what they show is sampled anew."""
    for plan in plans:
        for part in plan.parts:
            if (part.framebuffer.width, part.framebuffer.height) != (part.window.width, part.window.height):
                yield part


def _place(panel: Panel, monitors: Sequence[Monitor]) -> Rect:
    if not panel.monitor:
        return panel.output()
    for monitor in monitors:
        if monitor.name == panel.monitor:
            return monitor.place
    known = ", ".join(sorted(monitor.name for monitor in monitors)) or "-"
    raise WallError(
        Words(
            f"l'écran {panel.panel} : le serveur X n'a pas de moniteur {panel.monitor!r} ; il y a : {known}",
            f"panel {panel.panel}: the X server has no monitor {panel.monitor!r}; there are: {known}",
        ),
        where="wall/window",
        what_to_do=Words(
            "Branchez et allumez l'écran, corrigez monitor, ou mettez enabled: no (voir xrandr --listmonitors)",
            "Plug it in and switch it on, correct monitor, or set enabled: no (see xrandr --listmonitors)",
        ),
    )


def _same_place(one: Panel, other: Panel) -> WallError:
    return WallError(
        Words(
            f"les écrans {one.panel} et {other.panel} montreraient les mêmes pixels de l'écran X",
            f"panels {one.panel} and {other.panel} would show the same pixels of the X screen",
        ),
        where="wall/window",
        what_to_do=Words(
            "Placez les moniteurs côte à côte (xrandr --right-of), ou nommez-les tous",
            "Lay the monitors side by side (xrandr --right-of), or name them all",
        ),
    )


def _all_dark(panels: Sequence[Panel]) -> WallError:
    names = ", ".join(panel.panel for panel in panels)
    return WallError(
        Words(f"aucun des écrans n'est en service ({names})", f"none of the panels is enabled ({names})"),
        where="wall/window",
        what_to_do=Words(
            "Mettez enabled: yes à l'un d'eux, ou ôtez leur nœud du mur",
            "Set enabled: yes for one of them, or take their node off the wall",
        ),
    )


def _meets(rect: Rect, others: Iterable[Rect]) -> bool:
    return any(rect.overlap(other) is not None for other in others)


def _around(rects: Iterable[Rect]) -> Rect:
    """The least rectangle around all; at least one."""
    each = list(rects)
    left, top = min(rect.left for rect in each), min(rect.top for rect in each)
    return Rect(left, top, max(rect.right for rect in each) - left, max(rect.bottom for rect in each) - top)


def _window(places: dict[Panel, Rect]) -> WindowPlan:
    whole = _around(places.values())
    return WindowPlan(
        whole,
        tuple(
            WindowPart(panel.output(), Rect(at.left - whole.left, at.top - whole.top, at.width, at.height), panel.panel)
            for panel, at in places.items()
        ),
    )
