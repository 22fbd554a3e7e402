"""48 x 1080p at 25 new pictures a second each over 4 x 4K at 60 Hz, for a minute: `python -m benchmarks.wall_gpu`.

For a machine with a graphics card: how long a frame takes, how many came too late for the screen. Without one it says
`no GPU` and ends with 3: that is no pass. With DISPLAY it draws in a window and waits for vsync; without, offscreen.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.street_clip import make_pictures
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.wall import TilePicture, WallError
from csu.machine import SystemClock
from csu.wall import grid_scene
from csu.wall.drawing.surface import Backend, open_surface

TILES, PICTURES_PER_S, FRAMES_PER_S, SECONDS = 48, 25, 60, 60
WIDTH_PX, HEIGHT_PX = 7680, 4320
NO_GPU = 3


@dataclass(frozen=True, slots=True)
class _Streams:
    """Each camera has a new picture 25 times a second, all at their own instants."""

    pictures: tuple[YuvPlanes, ...]
    clock: SystemClock

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        now_ns, number = self.clock.now_ns(), int(camera.removeprefix("cam-"))
        offset_ns = number * NS_PER_S // PICTURES_PER_S // TILES
        sequence = (now_ns - offset_ns) * PICTURES_PER_S // NS_PER_S
        if sequence <= after_sequence:
            return None
        return TilePicture(self.pictures[(sequence + number) % len(self.pictures)], sequence, now_ns)


def main() -> int:
    """0 measured, 3 no GPU."""
    backend: Backend = "window" if os.environ.get("DISPLAY") else "offscreen"
    try:
        surface = open_surface(backend, WIDTH_PX, HEIGHT_PX)
    except WallError as error:
        print(json.dumps({"verdict": "no GPU", "why": str(error)}, ensure_ascii=False))
        return NO_GPU
    from csu.wall.drawing.renderer import WallRenderer

    clock = SystemClock()
    renderer = WallRenderer(surface, _Streams(make_pictures(8), clock), clock)
    records = [
        CameraRecord(CameraId(f"cam-{number:04}"), number, f"Rue {number}", CommuneId("57463"), ViewType.WIDE)
        for number in range(1, TILES + 1)
    ]
    renderer.show(grid_scene(records, WIDTH_PX, HEIGHT_PX))
    renderer.tick()
    period_s, frames = 1 / FRAMES_PER_S, list[float]()
    cpu_s, begin_s = time.process_time(), time.monotonic()
    for index in range(1, SECONDS * FRAMES_PER_S + 1):
        due_s = begin_s + index * period_s
        time.sleep(max(0.0, due_s - period_s - time.monotonic()))
        started_s = time.monotonic()
        renderer.tick()
        frames.append(time.monotonic() - started_s)
    took_s = time.monotonic() - begin_s
    found = {
        "verdict": "measured",
        "renderer": surface.renderer,
        "backend": backend,
        "frames": len(frames),
        "frame_ms": [round(float(each) * 1000, 2) for each in np.percentile(frames, [50, 95, 99, 100])],
        "missed": sum(each > period_s for each in frames),
        "cpu_cores": round((time.process_time() - cpu_s) / took_s, 2),
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
