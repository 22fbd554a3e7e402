"""What may be wrong with real-time analysis: it goes on, begins without all that permits it, or is not told."""

from __future__ import annotations

import dataclasses
from typing import Any

from sim.mutants.planting import Defect, Patch

_STANDING = "csu.governance.analysis_orders:StandingOrder"
_ROOM = "csu.centre.rooms.analysis_room:AnalysisRoom"
_MINUTE_NS = 60 * 1_000_000_000


def analysis_goes_on_a_minute_after_its_order(patch: Patch) -> None:
    standing = patch.find(_STANDING)
    end = vars(standing)["ends_ns"]
    patch.set(standing, "ends_ns", property(lambda self: end.fget(self) + _MINUTE_NS))


def analysis_begins_a_minute_before_its_order(patch: Patch) -> None:
    standing = patch.find(_STANDING)
    begin = vars(standing)["begins_ns"]
    patch.set(standing, "begins_ns", property(lambda self: begin.fget(self) - _MINUTE_NS))


def analysis_needs_no_law(patch: Patch) -> None:
    regime = patch.find("csu.governance.legal_regime:RegimeNow")
    allows = vars(regime)["allows"]
    patch.set(regime, "allows", lambda self, at_ns: dataclasses.replace(allows(self, at_ns), permitted=True))


def a_withdrawn_order_still_holds(patch: Patch) -> None:
    patch.set(patch.find(_STANDING), "ends_ns", property(lambda self: self.order.to_ns))


def the_kill_switch_is_not_obeyed(patch: Patch) -> None:
    async def deaf(self: Any, by: Any, reason: str) -> None:
        return None

    patch.set(patch.find(_ROOM), "stop", deaf)


def a_suspended_camera_is_still_analysed(patch: Patch) -> None:
    basis = patch.find("csu.governance.analysis_basis:AnalysisBasis")
    ruling = patch.find("csu.governance.analysis_basis:Ruling")
    granted = patch.find("csu.governance.analysis_basis:granted")

    def unasked(self: Any, standing: Any, *rest: Any) -> Any:
        return ruling(granted("oui", "yes", ""), standing)

    patch.set(basis, "_by_its_own_papers", unasked)


def any_type_is_looked_for(patch: Patch) -> None:
    order = patch.find("csu.governance.analysis_orders:AnalysisOrder")
    every = tuple(patch.find("csu.hal.analysis:EventType"))
    of_order = vars(order)["types"]
    patch.set(order, "types", property(lambda self: every, lambda self, value: of_order.__set__(self, value)))


def analysis_begins_without_an_entry_in_the_journal(patch: Patch) -> None:
    room = patch.find("csu.centre.rooms.analysis_room")
    entries = vars(room)["_entries"]
    patch.set(room, "_entries", lambda step, by: [] if step == "start" else entries(step, by))


def what_was_analysed_is_not_accounted_for(patch: Patch) -> None:
    patch.set(patch.find(_ROOM), "_take_minute", lambda self, minute: None)


def an_order_is_not_followed(patch: Patch) -> None:
    room = patch.find(_ROOM)

    async def idle(self: Any, wanted: Any) -> None:
        return None

    patch.set(room, "_widen", idle)


DEFECTS = tuple(
    Defect(plant, "analysed_by_order", "analysis")
    for plant in (
        analysis_goes_on_a_minute_after_its_order,
        analysis_begins_a_minute_before_its_order,
        analysis_needs_no_law,
        a_withdrawn_order_still_holds,
        the_kill_switch_is_not_obeyed,
        a_suspended_camera_is_still_analysed,
        any_type_is_looked_for,
        analysis_begins_without_an_entry_in_the_journal,
        what_was_analysed_is_not_accounted_for,
        an_order_is_not_followed,
    )
)
