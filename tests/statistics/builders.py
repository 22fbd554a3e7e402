"""Counters, slots and told days for the tests of the statistics room."""

from __future__ import annotations

from datetime import date

from csu.governance import start_of_day
from csu.hal.analysis import ObjectClass, SlotCount
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.statistics import Counter, CounterKind, Series, ToldDay, figures

CAMERA = CameraId("cam-0001")
MONDAY = date(2026, 11, 2)
HOUR_NS = 3600 * NS_PER_S


def a_line(counter: str = "ligne-1", camera: CameraId = CAMERA, **more) -> Counter:
    told = {
        "counter": counter,
        "camera": camera,
        "kind": CounterKind.TRAFFIC,
        "place": "Rue Serpenoise",
        "points": ((0.1, 0.5), (0.9, 0.5)),
        "decision": "délibération 2026-112",
        "sign": "P-12",
        "from_day": date(2026, 10, 1),
        "ends_on": date(2027, 9, 1),
        "classes": frozenset({ObjectClass.CAR, ObjectClass.TRUCK}),
        "forward": "vers la gare",
        "backward": "vers la Moselle",
    }
    return Counter(**(told | more))


def a_bin(counter: str = "pave-1", camera: CameraId = CAMERA, **more) -> Counter:
    corners = ((0.2, 0.2), (0.4, 0.2), (0.4, 0.6))
    own = {"kind": CounterKind.BIN, "points": corners, "classes": frozenset(), "forward": "", "backward": ""}
    return a_line(counter, camera, **(own | {"slot_s": 3600, "capacity_deposits": 120} | more))


def a_slot(counter: Counter, slot_ns: int, forward: int, backward: int = 0, **more) -> SlotCount:
    counted = more.pop("counted", counter.counted[0])
    return SlotCount(counter.camera, counter.counter, counted, slot_ns, counter.slot_s, forward, backward, **more)


def told_day(counts, day: date = MONDAY, *, counter: str = "ligne-1", slot_s: int = 3600) -> ToldDay:
    """Slots from midnight of Paris on; None: a gap."""
    return ToldDay(Series(counter, "car", True), day, figures(counts, start_of_day(day), slot_s))
