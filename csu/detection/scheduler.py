"""Detector time shared over all cameras of a node: by need, fairly, and saying which could not be served.

A budget of detector milliseconds runs in at a constant rate. A camera that asks is granted when there is enough for it
and for everyone more entitled who is waiting. Entitled is who waits longest, and waiting counts more for an order than
for counting, more where something moves than where something stands: weights, never ranks, so that nobody is passed
over for ever. Pure: the shell gives the time, and says what a look cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from csu.detection.camera_analysis import DetectorNeed
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds

ORDER_WEIGHT, MOVING_WEIGHT = 4.0, 4.0
"""How much longer a camera that only counts, and one where nothing moves, waits in a shortage [D]."""
SILENT_S = 1.0
"""Who has not asked for so long does not wait any more: nothing is there now, or no picture comes."""
LATE_S = 1.0
"""Who waits longer was not served; a shorter wait is the ordinary turn of things [D]."""
FIRST_NS = 100_000_000
"""Who asks for the first time is taken to have waited so long, so that its weight counts at once."""
SAVED_S = 0.5
"""Budget that nobody used is kept for so long."""
SWEEP_NS = 250_000_000
_LEARN = 0.2
"""Share of each look in what a camera's next one is taken to cost."""


@dataclass(slots=True)
class _Waiting:
    since_ns: Nanoseconds
    asked_ns: Nanoseconds
    weight: float
    told_ns: Nanoseconds
    """Until then it was told as unserved."""

    def entitlement(self, now_ns: Nanoseconds) -> float:
        return (now_ns - self.since_ns + FIRST_NS) * self.weight


@dataclass(slots=True)
class DetectorShares:
    """`budget_ms_per_s`: CPU milliseconds of the detector in a second, over all cameras. `look_ms`: what a look is
    taken to cost before one was measured. Raises ValueError unless both are above 0."""

    budget_ms_per_s: float
    look_ms: float = 20.0
    _saved_ms: float = field(init=False, default=0.0)
    _at_ns: Nanoseconds | None = field(init=False, default=None)
    _swept_ns: Nanoseconds = field(init=False, default=0)
    _cost_ms: dict[CameraId, float] = field(init=False, default_factory=dict)
    _waiting: dict[CameraId, _Waiting] = field(init=False, default_factory=dict)
    _unserved_ns: dict[CameraId, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.budget_ms_per_s > 0 and self.look_ms > 0):
            raise ValueError(f"no detector time to share: {self.budget_ms_per_s} ms/s, {self.look_ms} ms a look")

    def ask(self, camera: CameraId, need: DetectorNeed, now_ns: Nanoseconds) -> bool:
        """Whether a camera may use the detector now. Who may must use it, and say what it cost (`spent`)."""
        self._advance(now_ns)
        weight = (ORDER_WEIGHT if need.has_order else 1.0) * (MOVING_WEIGHT if need.moving else 1.0)
        known = self._waiting.get(camera)
        if known is None:
            known = self._waiting[camera] = _Waiting(now_ns, now_ns, weight, now_ns)
        known.asked_ns, known.weight = now_ns, weight
        cost_ms = self._cost(camera)
        if not self._is_enough(camera, cost_ms, known.entitlement(now_ns), now_ns):
            return False
        self._tell_unserved(camera, known, now_ns)
        del self._waiting[camera]
        self._saved_ms -= cost_ms
        return True

    def spent(self, camera: CameraId, look_ms: float) -> None:
        """What the look that was granted cost: what it was taken for is put right."""
        taken_ms = self._cost(camera)
        self._saved_ms += taken_ms - look_ms
        self._cost_ms[camera] = taken_ms + _LEARN * (look_ms - taken_ms)

    def forget(self, camera: CameraId) -> None:
        """It is not analysed any more."""
        for kept in (self._cost_ms, self._waiting, self._unserved_ns):
            kept.pop(camera, None)

    def take_unserved_s(self, now_ns: Nanoseconds) -> Mapping[CameraId, float]:
        """How long each camera wanted the detector in vain since the last call; who was served is not in it."""
        self._advance(now_ns)
        for camera, waiting in self._waiting.items():
            self._tell_unserved(camera, waiting, now_ns)
        taken = {camera: ns / NS_PER_S for camera, ns in self._unserved_ns.items()}
        self._unserved_ns.clear()
        return taken

    def _advance(self, now_ns: Nanoseconds) -> None:
        """The budget runs in; who does not ask any more stops waiting."""
        elapsed_ns = 0 if self._at_ns is None else max(0, now_ns - self._at_ns)
        self._at_ns = now_ns
        self._saved_ms = min(
            self._saved_ms + self.budget_ms_per_s * elapsed_ns / NS_PER_S,
            max(SAVED_S * self.budget_ms_per_s, self._most_ms),
        )
        if now_ns >= self._swept_ns + SWEEP_NS:
            self._swept_ns = now_ns
            for camera, waiting in list(self._waiting.items()):
                if now_ns - waiting.asked_ns > SILENT_S * NS_PER_S:
                    self._tell_unserved(camera, waiting, waiting.asked_ns)
                    del self._waiting[camera]

    def _is_enough(self, camera: CameraId, cost_ms: float, entitlement: float, now_ns: Nanoseconds) -> bool:
        """For this one, and for everyone more entitled who waits; of two alike, the first by name."""
        left_ms = self._saved_ms - cost_ms
        for other, waiting in self._waiting.items():
            if left_ms < 0:
                return False
            if other != camera and (waiting.entitlement(now_ns), camera) > (entitlement, other):
                left_ms -= self._cost(other)
        return left_ms >= 0

    def _tell_unserved(self, camera: CameraId, waiting: _Waiting, until_ns: Nanoseconds) -> None:
        if until_ns - waiting.since_ns > LATE_S * NS_PER_S and until_ns > waiting.told_ns:
            self._unserved_ns[camera] = self._unserved_ns.get(camera, 0) + until_ns - waiting.told_ns
            waiting.told_ns = until_ns

    def _cost(self, camera: CameraId) -> float:
        return self._cost_ms.get(camera, self.look_ms)

    @property
    def _most_ms(self) -> float:
        """Of one look: less could never be granted."""
        return max((*self._cost_ms.values(), self.look_ms))
