"""What an analysis node may look at from an instant on, and why each camera is analysed or not. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from csu.governance.analysis_basis import AnalysisBasis
from csu.governance.analysis_orders import StandingOrder
from csu.governance.authorisations import FAR_NS
from csu.governance.legal_calendar import in_paris
from csu.hal.analysis import AnalysisAssignment, EventType, ZoneRule
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.operations.analysis_zones import CameraDrawing

CountedUntil = Callable[[CameraId, Nanoseconds], Nanoseconds]
"""Until when a camera's lines and bins may be counted, from an instant on: 0 when they may not (STA-1)."""


def not_counted(camera: CameraId, at_ns: Nanoseconds) -> Nanoseconds:
    """Nothing is counted."""
    return 0


@dataclass(frozen=True, slots=True)
class CameraToAnalyse:
    """What is known of a camera, besides its papers."""

    camera: CameraId
    commune: CommuneId
    place_m: tuple[float, float] | None
    """Where it stands, in the site's metres; None: nobody knows."""
    pose: Pose | None = None
    pose_width_px: int = 0
    follows_pose: bool = False
    ground_m: float = 0.0
    """Altitude of the ground it sees, in the site's metres as `pose.z_m` is."""


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """The whole set for the node, until `until_ns` at most: then it is worked out anew."""

    assignments: tuple[AnalysisAssignment, ...] = ()
    tells: Mapping[CameraId, Words] = field(default_factory=dict)
    until_ns: Nanoseconds = FAR_NS


def plan_analysis(
    basis: AnalysisBasis,
    cameras: Iterable[CameraToAnalyse],
    drawings: Mapping[CameraId, CameraDrawing],
    counted_until: CountedUntil,
    at_ns: Nanoseconds,
) -> AnalysisPlan:
    """The plan of an instant: nothing that the basis refuses, nothing that nobody drew."""
    assignments: list[AnalysisAssignment] = []
    tells: dict[CameraId, Words] = {}
    until_ns = FAR_NS
    stopped = not basis.switch.allows().permitted
    for camera in cameras:
        drawing = drawings.get(camera.camera)
        counts_ns = 0 if stopped else counted_until(camera.camera, at_ns)
        given, tells[camera.camera] = _of_camera(basis, camera, drawing, counts_ns, at_ns)
        assignments += [given] if given is not None else []
        changes = (basis.until(camera.camera, at_ns), *((counts_ns,) if counts_ns > at_ns else ()))
        until_ns = min(until_ns, *changes)
    return AnalysisPlan(tuple(assignments), tells, until_ns)


def _of_camera(
    basis: AnalysisBasis,
    camera: CameraToAnalyse,
    drawing: CameraDrawing | None,
    counts_ns: Nanoseconds,
    at_ns: Nanoseconds,
) -> tuple[AnalysisAssignment | None, Words]:
    order, rules, why = _lawful_rules(basis, camera, drawing.rules if drawing is not None else (), at_ns)
    counts = drawing is not None and counts_ns > at_ns and bool(drawing.lines or drawing.bins)
    if order is None and not counts:
        return None, why
    assignment = AnalysisAssignment(
        camera.camera,
        rules,
        until_ns=_until(basis, camera, order, rules, at_ns) if order is not None else 0,
        order=order.order.number if order is not None else "",
        model=order.order.tool.sha256 if order is not None else "",
        lines=drawing.lines if drawing is not None and counts else (),
        bins=drawing.bins if drawing is not None and counts else (),
        counts_until_ns=counts_ns if counts else 0,
        pose=drawing.seen_from if camera.follows_pose and drawing is not None else camera.pose,
        pose_width_px=camera.pose_width_px,
        ground_m=camera.ground_m,
        follows_pose=camera.follows_pose,
    )
    return assignment, why


def _lawful_rules(
    basis: AnalysisBasis, camera: CameraToAnalyse, rules: Sequence[ZoneRule], at_ns: Nanoseconds
) -> tuple[StandingOrder | None, tuple[ZoneRule, ...], Words]:
    """By which order, which of the rules drawn, and what the tile says. A camera is analysed by one order at a time."""
    rulings = {
        type: basis.rule(camera.camera, camera.commune, camera.place_m, type, at_ns)
        for type in (dict.fromkeys(rule.type for rule in rules) or EventType)
    }
    by_order: dict[str, list[ZoneRule]] = defaultdict(list)
    orders: dict[str, StandingOrder] = {}
    for rule in rules:
        order = rulings[rule.type].order
        if order is not None:
            orders[order.order.number] = order
            by_order[order.order.number].append(rule)
    if not by_order:
        refusal = next((each.decision for each in rulings.values() if not each.decision.permitted), None)
        if refusal is None or (not rules and any(each.order for each in rulings.values())):
            return None, (), Words("aucune zone n'y est tracée", "no zone is drawn on it")
        return None, (), refusal.reason
    number = max(by_order, key=lambda name: (len(by_order[name]), orders[name].ends_ns, name))
    chosen, end = orders[number], in_paris(orders[number].ends_ns)
    said = Words(f"analysée jusqu'à {end} (arrêté {number})", f"analysed until {end} (order {number})")
    return chosen, tuple(by_order[number]), said


def _until(
    basis: AnalysisBasis,
    camera: CameraToAnalyse,
    order: StandingOrder,
    rules: Sequence[ZoneRule],
    at_ns: Nanoseconds,
) -> Nanoseconds:
    """The first instant at which this order no longer permits one of the rules: the node stops there by itself."""
    types = {rule.type for rule in rules}
    now_ns = at_ns
    while now_ns < order.ends_ns:
        now_ns = basis.until(camera.camera, now_ns)
        by = [basis.rule(camera.camera, camera.commune, camera.place_m, type, now_ns).order for type in types]
        if any(each is None or each.order.number != order.order.number for each in by):
            return min(now_ns, order.ends_ns)
    return order.ends_ns
