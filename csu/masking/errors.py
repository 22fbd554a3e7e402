"""What can go wrong while a picture is being masked. Every one of these means: no picture goes out."""

from __future__ import annotations

from csu.hal.camera import CameraId
from csu.hal.errors import CsuError
from csu.hal.words import Words


class MaskError(CsuError):
    """The picture could not be masked, so it does not exist for anybody."""

    def __init__(self, what: Words, *, camera: CameraId, what_to_do: Words) -> None:
        super().__init__(what, where=camera, what_to_do=what_to_do)
