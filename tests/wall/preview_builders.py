"""Cameras that give pictures to a wall in real time, and what a console needs of a centre around that wall."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from csu.cluster.shared_pictures import SharedPictures, SharedPicturesWriter
from csu.cluster.wall_preview import WallPreview
from csu.console import RoomCounters, RoomHealth
from csu.hal import _mask_seal
from csu.hal.camera import CameraRecord
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import CaptureTime, MaskedFrame, YuvPlanes
from csu.hal.media import LiveFragment
from csu.hal.words import NO_WORDS
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from csu.wall.drawing.preview_plan import PreviewPlan, plans_of_wall
from csu.wall.model.layout import ONE_NODE, one_panel

Planes = Callable[..., YuvPlanes]


class Feed:
    """Cameras that give a picture ten times a second, in a thread; `frame` is the number drawn in the newest."""

    def __init__(self, pictures: SharedPictures, cameras: Sequence[CameraRecord], planes: Planes) -> None:
        self.frame = 0
        self._pictures, self._cameras, self._over = pictures, cameras, threading.Event()
        self._planes = [planes(320, 180, seed=record.number) for record in cameras]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        writer = SharedPicturesWriter.attach(self._pictures.spec)
        while not self._over.wait(0.1):
            self.frame += 1
            for record, planes in zip(self._cameras, self._planes, strict=True):
                draw_mark(planes, record.number, self.frame)
                captured = CaptureTime(SystemClock().now_ns(), from_camera=True)
                seal = _mask_seal._SEAL
                writer.accept(
                    MaskedFrame(record.camera, self.frame, captured, planes, mask_epoch=1, covered_share=0.0, seal=seal)
                )
        writer.close()


class Room:
    """What the console needs of a centre, and a wall that is real."""

    def __init__(self, cameras: Sequence[CameraRecord], preview: WallPreview) -> None:
        self._cameras, self._preview = cameras, preview
        self.relay = None

    def cameras(self) -> list[CameraStatus]:
        now_ns = time.time_ns()
        return [CameraStatus(record, CameraState.LIVE, now_ns, now_ns, NO_WORDS) for record in self._cameras]

    def health(self) -> RoomHealth:
        return RoomHealth(True, "test", time.time_ns(), 1, 1)

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return None

    def watch_wall(self) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        return self._preview.watch()


def plan_of_panel(width_px: int, height_px: int) -> PreviewPlan:
    """Of a wall of one panel that hangs upright."""
    return plans_of_wall(one_panel(width_px, height_px))[ONE_NODE]
