"""Cameras whose clock is wrong: told when a node's account says so, and when it is right again (TEC-4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from csu.centre.events import CentreEvent, ManifestTaken, Trouble
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import Manifest, NodeId
from csu.hal.words import Words

WRONG_MS = 1_000
"""A camera's clock that is further off is told: its own mark on the picture is no evidence of the time."""


class ClockWatch:
    """Every camera's clock against the nodes'. One for each centre."""

    def __init__(self, tell: Callable[[Trouble], None]) -> None:
        self._tell = tell
        self._wrong: dict[CameraId, int] = {}
        self._settled: dict[NodeId, tuple[NDArray[np.int32], NDArray[np.int32], tuple[CameraId, ...]]] = {}
        """Offsets, and whose they are, that changed nothing of what is known now: a node may hand in the very same ones
        minute after minute."""

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
        cameras, index, offsets = manifest.cameras, manifest.segments.camera, manifest.segments.clock_offset_ms
        known = self._settled.get(manifest.node)
        if known is not None and known[0] is offsets and known[1] is index and known[2] is cameras:
            return []
        told: list[Trouble] = []
        if self._wrong or (np.abs(offsets) > WRONG_MS).any():
            for place, ms in zip(index.tolist(), offsets.tolist(), strict=True):
                told += self._of_camera(cameras[place], ms, now_ns)
        if told:
            self._settled.clear()
        elif not offsets.flags.writeable and not index.flags.writeable:
            self._settled[manifest.node] = offsets, index, cameras
        return told

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
