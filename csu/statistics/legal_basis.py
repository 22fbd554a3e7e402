"""May this counter count now? The camera's own purpose, the public's information, the end that was set (AUT-4, STA-1).

Asked for what an analysis is told to count, and again of each slot that comes in. A pure core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from csu.governance import AuthorisationRegister, Decision
from csu.governance.decision import granted, refused
from csu.governance.purposes import PURPOSE_OF
from csu.governance.signs import SignRegister
from csu.hal.analysis import BinPlace, CountLine
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.statistics.counters import USE_OF, Counter, CounterKind


@dataclass(frozen=True, slots=True)
class CountsOfCamera:
    """What may be counted in one camera's pictures, until `until_ns` (excluded): ask again then, or when papers change.
    They are `AnalysisAssignment.lines`, `.bins` and `.counts_until_ns`."""

    lines: tuple[CountLine, ...]
    bins: tuple[BinPlace, ...]
    until_ns: Nanoseconds


def may_count(counter: Counter, register: AuthorisationRegister, signs: SignRegister, at_ns: Nanoseconds) -> Decision:
    """Whether it may count at that instant. The purpose is that of its very camera."""
    if not counter.span.holds(at_ns):
        return refused(
            f"ce compteur compte du {counter.from_day} au {counter.ends_on} (exclu)",
            f"this counter counts from {counter.from_day} to {counter.ends_on} (excluded)",
            "STA-1",
        )
    used = register.may_use(counter.camera, PURPOSE_OF[USE_OF[counter.kind]], at_ns)
    if not used.permitted:
        return used
    sign = signs.standing.get(counter.sign)
    if sign is None or counter.camera not in sign.cameras:
        return refused(
            f"aucun panneau {counter.sign} n'en informe le public devant cette caméra",
            f"no sign {counter.sign} tells the public of it before this camera",
            "CNIL 19 juillet 2022 ; STA-1",
        )
    return granted(
        f"{used.reason.fr} ; {counter.decision} ; panneau {counter.sign}",
        f"{used.reason.en}; {counter.decision}; sign {counter.sign}",
        used.source,
    )


def counted_now(
    counters: Iterable[Counter], register: AuthorisationRegister, signs: SignRegister, at_ns: Nanoseconds
) -> Mapping[CameraId, CountsOfCamera]:
    """What each camera may count now; one of which nothing may is not among them."""
    by_camera: dict[CameraId, list[Counter]] = {}
    for counter in counters:
        if may_count(counter, register, signs, at_ns).permitted:
            by_camera.setdefault(counter.camera, []).append(counter)
    return {camera: _of_camera(camera, those, register, at_ns) for camera, those in by_camera.items()}


def _of_camera(
    camera: CameraId, counters: list[Counter], register: AuthorisationRegister, at_ns: Nanoseconds
) -> CountsOfCamera:
    change_ns = register.next_change_ns(camera, at_ns)
    ends = [each.span.to_ns for each in counters]
    bins = [each for each in counters if each.kind is CounterKind.BIN]
    return CountsOfCamera(
        tuple(each.line() for each in counters if each.kind is not CounterKind.BIN),
        tuple(each.bin() for each in bins),
        min([*ends, *([] if change_ns is None else [change_ns])]),
    )
