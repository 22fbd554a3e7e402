"""What may be wrong with the pixels of a camera: looked for in masked pictures and in what was recorded (level L1)."""

from __future__ import annotations

from typing import Any

from sim.mutants.planting import Defect, Patch

_STAGE, _COVER, _POLICY = "csu.cluster.engine_route:EngineStage", "csu.masking:Cover", "csu.masking.policy:CoverPolicy"
_SIZE_PX = 192, 112
"""Of a small picture of level L1."""


def nothing_is_painted(patch: Patch) -> None:
    stage, cover = patch.find(_STAGE), patch.find(_COVER)
    mask = patch.set(stage, "_mask", None)
    patch.set(stage, "_mask", lambda self, clear, _: mask(self, clear, cover.nothing(*_SIZE_PX)))


def masks_come_a_picture_late(patch: Patch) -> None:
    policy = patch.find(_POLICY)
    cover, before = patch.set(policy, "cover", None), dict[int, Any]()

    def late(self: Any, *given: Any) -> Any:
        now = cover(self, *given)
        then, before[id(self)] = before.get(id(self), now), now
        return then

    patch.set(policy, "cover", late)


def the_recorder_gets_the_clear_picture(patch: Patch) -> None:
    stage, cover = patch.find(_STAGE), patch.find(_COVER)
    mask_of, encode = patch.set(stage, "mask", None), patch.set(stage, "encode", None)
    clear_of = dict[int, Any]()

    def mask(self: Any, clear: Any, *given: Any) -> Any:
        clear_of[id(self)] = self._mask(clear, cover.nothing(*_SIZE_PX))
        return mask_of(self, clear, *given)

    patch.set(stage, "mask", mask)
    patch.set(stage, "encode", lambda self, frame: encode(self, clear_of[id(self)]))


DEFECTS = (
    Defect(nothing_is_painted, "pixels_masked", "pixels"),
    Defect(masks_come_a_picture_late, "turning_pixels_masked", "pixels"),
    Defect(the_recorder_gets_the_clear_picture, "pixels_masked", "pixels"),
)
