"""Cameras whose clock is wrong: told when a node's account says so, and when it is right again (TEC-4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from csu.centre.events import CentreEvent, ManifestTaken, Trouble
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import Manifest
from csu.hal.words import Words

WRONG_MS = 1_000
"""A camera's clock that is further off is told: its own mark on the picture is no evidence of the time."""


class ClockWatch:
    """Every camera's clock against the nodes'. One for each centre."""

    def __init__(self, tell: Callable[[Trouble], None]) -> None:
        self._tell = tell
        self._wrong: dict[CameraId, int] = {}
        self._right: dict[int, NDArray[np.int32]] = {}
        """Columns that were found right, by identity: a node hands the same one in minute after minute."""

    @property
    def wrong(self) -> Sequence[CameraId]:
        """Cameras whose clock is wrong, as last heard."""
        return tuple(self._wrong)

    def hear(self, event: CentreEvent) -> None:
        """Give it to the centre's listeners."""
        if isinstance(event, ManifestTaken):
            for trouble in self._of_manifest(event.manifest, event.at_ns):
                self._tell(trouble)

    def _of_manifest(self, manifest: Manifest, now_ns: Nanoseconds) -> list[Trouble]:
        offsets = manifest.segments.clock_offset_ms
        if self._right.get(id(offsets)) is offsets and not self._wrong:
            return []
        off = np.abs(offsets) > WRONG_MS
        if not off.any() and not self._wrong:
            if len(self._right) >= 1024:
                self._right.clear()
            if not offsets.flags.writeable:
                self._right[id(offsets)] = offsets
            return []
        return [
            trouble
            for index, ms in zip(manifest.segments.camera.tolist(), offsets.tolist(), strict=True)
            for trouble in self._of_camera(manifest.cameras[index], ms, now_ns)
        ]

    def _of_camera(self, camera: CameraId, offset_ms: int, now_ns: Nanoseconds) -> list[Trouble]:
        is_wrong = abs(offset_ms) > WRONG_MS
        if is_wrong is (camera in self._wrong):
            return []
        if not is_wrong:
            del self._wrong[camera]
            return [Trouble(camera, _RIGHT, now_ns)]
        self._wrong[camera] = offset_ms
        told = f"{offset_ms / 1000:+.1f} s"
        what = Words(f"son horloge est fausse de {told} : réglez-la", f"its clock is wrong by {told}: set it")
        return [Trouble(camera, what, now_ns)]


_RIGHT = Words("son horloge est de nouveau juste", "its clock is right again")
