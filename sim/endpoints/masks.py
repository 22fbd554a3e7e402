"""What a camera does with the masks it is asked to burn in: the honest device, and each of its betrayals. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from csu.hal.camera import OnboardMask
from csu.hal.clock import NS_PER_S, Nanoseconds
from sim.endpoints.inner_box import inner_box
from sim.endpoints.spec import LATE_S, MASKS_OF_THE_CARELESS, WRONG_COLOUR_YUV, MaskFault


class Refused(Exception):
    """The device does not do what it is asked; the text says why."""


class Output(StrEnum):
    """The ways a picture leaves a camera."""

    MAIN = "main"
    SUB = "sub"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Burn:
    """What is drawn over one picture."""

    masks: tuple[OnboardMask, ...]
    pixelated: bool = False
    under_name: bool = False
    """The camera's name is written over it."""


NOTHING = Burn(())

_CLEAR_ON = {
    MaskFault.MAIN_ONLY: Output.SUB,
    MaskFault.SUB_ONLY: Output.MAIN,
    MaskFault.SNAPSHOT_CLEAR: Output.SNAPSHOT,
}
_ADAPTED = (MaskFault.POLYGON_ADAPTED, MaskFault.ADAPTED_UNSAID)
_CARELESS = (MaskFault.BEYOND_8_DROPPED, MaskFault.BEYOND_8_UNSAID)


class MaskMemory:
    """The masks of one camera: `push` in, `burn` and `report` out. Not thread-safe.

    Without a fault, what was pushed is burnt on every output from then on, and reported as it was pushed.
    """

    def __init__(self, slots: int, corners_max: int) -> None:
        self._slots = slots
        self._corners_max = corners_max
        self._pushed: tuple[OnboardMask, ...] = ()
        self._pushed_at_ns: Nanoseconds = 0
        self._before: tuple[OnboardMask, ...] = ()
        self._first_push_ns: Nanoseconds | None = None
        self._fault: MaskFault | None = None
        self._ordered_at_ns: Nanoseconds = 0
        self._after_ns: Nanoseconds = 0
        self._told_old = False

    def push(self, masks: Sequence[OnboardMask], now_ns: Nanoseconds) -> None:
        """Replace all masks. Raises Refused for too many, or a shape the device cannot burn."""
        fault = self._fault_at(now_ns)
        if len(masks) > self._slots and not (fault in _CARELESS and self._slots):
            raise Refused(f"masks asked: {len(masks)}, places: {self._slots}")
        for mask in masks:
            self._require_shape(mask, any_corners=fault in _ADAPTED)
        self._before, self._pushed = self._pushed, tuple(masks)
        self._pushed_at_ns = now_ns
        self._told_old = False
        if masks and self._first_push_ns is None:
            self._first_push_ns = now_ns

    def misbehave(self, fault: MaskFault | None, after_s: float, now_ns: Nanoseconds) -> None:
        """Have this fault (None: be honest) from the moment `after_s` says."""
        self._fault, self._ordered_at_ns, self._after_ns = fault, now_ns, round(after_s * NS_PER_S)
        self._told_old = False

    def rebooted(self) -> None:
        """The device starts again: honest ones remember their masks."""
        if self._fault is MaskFault.GONE_AFTER_REBOOT:
            self._before = self._pushed = ()

    def reboots_at_ns(self) -> Nanoseconds | None:
        """When the fault makes it start again; None when it does not, or not yet."""
        return self._strikes_at_ns() if self._fault is MaskFault.GONE_AFTER_REBOOT else None

    def report(self, now_ns: Nanoseconds) -> tuple[OnboardMask, ...]:
        """The masks it says it burns."""
        fault = self._fault_at(now_ns)
        if fault is MaskFault.POLYGON_ADAPTED:
            return _boxed(self._pushed)
        if fault is MaskFault.BEYOND_8_DROPPED:
            return self._pushed[:MASKS_OF_THE_CARELESS]
        if self._is_off(now_ns):
            told_old, self._told_old = self._told_old, True
            return () if told_old else self._pushed
        return self._pushed

    def burn(self, output: Output, at_ns: Nanoseconds, *, seeking: bool) -> Burn:
        """What it truly draws over the picture taken at `at_ns`. `seeking`: on its way to a preset or home."""
        fault = self._fault_at(at_ns)
        if _CLEAR_ON.get(fault) is output if fault else False:
            return NOTHING
        if self._is_off(at_ns) or (seeking and fault is MaskFault.OFF_WHILE_SEEKING):
            return NOTHING
        masks = self._pushed
        if fault is MaskFault.LATE and at_ns < self._pushed_at_ns + round(LATE_S * NS_PER_S):
            masks = self._before
        if fault in _ADAPTED:
            masks = _boxed(masks)
        if fault in _CARELESS:
            masks = masks[:MASKS_OF_THE_CARELESS]
        if fault is MaskFault.WRONG_COLOUR:
            masks = tuple(replace(mask, colour_yuv=WRONG_COLOUR_YUV) for mask in masks)
        on_top = fault is MaskFault.NAME_ON_TOP
        return Burn(masks, pixelated=fault is MaskFault.PIXELATED, under_name=on_top)

    def _strikes_at_ns(self) -> Nanoseconds | None:
        if self._fault is None or self._first_push_ns is None:
            return None
        return max(self._ordered_at_ns, self._first_push_ns) + self._after_ns

    def _fault_at(self, at_ns: Nanoseconds) -> MaskFault | None:
        """The fault in force. With no masks yet, one that needs no waiting is: it decides about the first push."""
        if self._first_push_ns is None:
            return self._fault if self._after_ns == 0 else None
        strikes_at_ns = self._strikes_at_ns()
        return self._fault if strikes_at_ns is not None and strikes_at_ns <= at_ns else None

    def _is_off(self, at_ns: Nanoseconds) -> bool:
        strikes_at_ns = self._strikes_at_ns()
        if self._fault is not MaskFault.SWITCHED_OFF or strikes_at_ns is None:
            return False
        return self._pushed_at_ns <= strikes_at_ns <= at_ns

    def _require_shape(self, mask: OnboardMask, *, any_corners: bool) -> None:
        corners = len(mask.corners)
        if corners < 3 or (corners > self._corners_max and not any_corners):
            raise Refused(f"mask {mask.name}: {corners} corners, not 3 to {self._corners_max}")
        if not all(0.0 <= share <= 1.0 for corner in mask.corners for share in corner):
            raise Refused(f"mask {mask.name}: a corner lies outside the picture")
        if not all(0 <= part <= 255 for part in mask.colour_yuv):
            raise Refused(f"mask {mask.name}: {mask.colour_yuv} is no colour")


def _boxed(masks: tuple[OnboardMask, ...]) -> tuple[OnboardMask, ...]:
    return tuple(replace(mask, corners=inner_box(mask.corners)) for mask in masks)
