"""What a fault of the city means for its cameras and nodes at level L0: outages, clock errors, what is told. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.media import CameraEventKind, GapCause
from csu.hal.words import Words
from sim.cohort import ClockError, Outage
from sim.fault_words import FaultKind
from sim.faults import Fault
from sim.intervals import Interval, union
from sim.media_node import NodePlan, Slowness, Telling

REBOOT_NS = 45 * NS_PER_S
"""How long a camera that starts again sends nothing."""
SEEN_AFTER_NS = 20 * NS_PER_S
"""How long the view watch takes to believe that a camera was covered or knocked (10 to 30 s were measured)."""
_DRIFT_STEPS_MAX = 60

_F = FaultKind
_CAUSES = {
    _F.CAMERA_LOST: GapCause.CAMERA_LOST,
    _F.CAMERA_RESET: GapCause.CAMERA_LOST,
    _F.POWER_CUT: GapCause.CAMERA_LOST,
    _F.PACKETS_LOST: GapCause.PACKETS_LOST,
    _F.DISK_TROUBLE: GapCause.DISK,
    _F.DISK_FULL: GapCause.DISK,
    _F.DISK_SWAPPED: GapCause.DISK,
    _F.KEY_STORE_DOWN: GapCause.DISK,
}
_DAMAGED = Words("un segment ne répond pas à son empreinte", "a segment does not match its hash")
_AUDIO = Words("1 piste son offerte, refusée", "1 audio track offered, refused")
_TELLS: dict[FaultKind, tuple[tuple[Nanoseconds, CameraEventKind, Words], ...]] = {
    _F.CAMERA_COVERED: ((SEEN_AFTER_NS, CameraEventKind.VIEW_COVERED, Words("couverte", "covered")),),
    _F.CAMERA_KNOCKED: ((SEEN_AFTER_NS, CameraEventKind.VIEW_MOVED, Words("heurtée", "knocked")),),
    _F.FIRMWARE_RESET: (
        (REBOOT_NS + SEEN_AFTER_NS, CameraEventKind.MASK_FAILED, Words("ses masques manquent", "its masks are gone")),
    ),
    _F.AUDIO_SWITCHED_ON: ((0, CameraEventKind.AUDIO_OFFERED, _AUDIO),),
    _F.BIT_ROT: ((0, CameraEventKind.DISK_TROUBLE, _DAMAGED),),
    _F.TORN_WRITE: ((0, CameraEventKind.DISK_TROUBLE, _DAMAGED),),
    _F.LYING_FSYNC: ((0, CameraEventKind.DISK_TROUBLE, _DAMAGED),),
}
"""What the node tells of a camera, so long after the fault began."""
_TELLS_AFTERWARDS = {
    _F.CAMERA_COVERED: CameraEventKind.VIEW_RESTORED,
    _F.CAMERA_KNOCKED: CameraEventKind.VIEW_RESTORED,
    _F.FIRMWARE_RESET: CameraEventKind.MASK_VERIFIED,
}


def outages_of(faults: Sequence[Fault]) -> list[Outage]:
    """When a camera with these faults brings nothing, and why; they may overlap."""
    lasting = [Outage(f.start_ns, f.end_ns, cause) for f in faults if (cause := _CAUSES.get(f.kind)) is not None]
    reboots = [
        Outage(fault.start_ns, min(fault.end_ns, fault.start_ns + REBOOT_NS), GapCause.CAMERA_LOST)
        for fault in faults
        if fault.kind is _F.FIRMWARE_RESET
    ]
    return [*lasting, *reboots]


def clock_errors_of(faults: Sequence[Fault]) -> tuple[ClockError, ...]:
    """How far its clock is wrong, and when."""
    return tuple(chain.from_iterable(map(_clock_errors, faults)))


def _clock_errors(fault: Fault) -> Iterator[ClockError]:
    if fault.kind is _F.CAMERA_CLOCK:
        yield ClockError(fault.start_ns, fault.end_ns, fault.clock_ahead_ms)
    elif fault.kind is _F.CLOCK_DRIFT:  # each minute a little more, and set right at the end
        steps = max(1, min((fault.end_ns - fault.start_ns) // NS_PER_MINUTE, _DRIFT_STEPS_MAX))
        for step in range(steps):
            at_ns = fault.start_ns + (fault.end_ns - fault.start_ns) * step // steps // NS_PER_MS * NS_PER_MS
            done, before = fault.clock_ahead_ms * (step + 1) // steps, fault.clock_ahead_ms * step // steps
            yield ClockError(at_ns, fault.end_ns, done - before)


def node_plan(faults: Sequence[Fault], report_delay_ns: Nanoseconds, microphones: frozenset[CameraId]) -> NodePlan:
    """What will happen to a node of which these are the faults, and what it will tell of its cameras."""
    return NodePlan(
        report_delay_ns=report_delay_ns,
        cuts=union(of_kind(faults, _F.LINK_CUT)),
        half_open=union(of_kind(faults, _F.HALF_OPEN)),
        lossy=union(of_kind(faults, _F.LINK_LOSS)),
        slow=tuple(Slowness(f.start_ns, f.end_ns, f.delay_ns) for f in faults if f.kind is _F.LINK_DELAY),
        crashes=union(of_kind(faults, _F.NODE_CRASH)),
        freezes=union(of_kind(faults, _F.NODE_FREEZE)),
        microphones=microphones,
        tells=tuple(sorted(chain.from_iterable(map(_tells, faults)), key=lambda told: (told.at_ns, told.camera))),
    )


def _tells(fault: Fault) -> Iterator[Telling]:
    if fault.camera is None:
        return
    for after_ns, kind, words in _TELLS.get(fault.kind, ()):
        if fault.start_ns + after_ns < fault.end_ns:
            yield Telling(fault.camera, fault.start_ns + after_ns, kind, words)
            if (well := _TELLS_AFTERWARDS.get(fault.kind)) is not None:
                yield Telling(fault.camera, fault.end_ns + SEEN_AFTER_NS, well)


def of_kind(faults: Sequence[Fault], kind: FaultKind) -> list[Interval]:
    """When something is wrong in that way."""
    return [(fault.start_ns, fault.end_ns) for fault in faults if fault.kind is kind]
