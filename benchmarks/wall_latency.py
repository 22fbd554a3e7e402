"""How old a picture is when the wall shows it, and what the wall costs: `python -m benchmarks.wall_latency [CAMERAS]`.

Masked pictures of 640x360 come into the shared memory 12 times a second each, every camera at its own instants, as
media processes write them; the wall's process draws 1280x720 in software. Real time: on a busy machine the ages say
nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.test_wall import PICTURE_HEIGHT_PX, PICTURE_WIDTH_PX, _planes
from csu.cluster.shared_pictures import SharedPictures, SharedPicturesWriter
from csu.cluster.wall_process import WallProcess
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.frames import CaptureTime, ClearFrame
from csu.masking import Cover, mask
from csu.wall import grid_scene

WIDTH_PX, HEIGHT_PX, PICTURES_PER_S, SECONDS = 1280, 720, 12, 15.0


def feed(writer: SharedPicturesWriter, cameras: Sequence[CameraId], seconds: float) -> None:
    """Write each camera's next picture when it is due."""
    pictures = [_planes(number) for number in range(8)]
    nothing = Cover.nothing(PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX)
    chance, begin_s = random.Random(1), time.monotonic()
    due = [(begin_s + chance.random() / PICTURES_PER_S, number) for number in range(len(cameras))]
    heapq.heapify(due)
    while due[0][0] < begin_s + seconds:
        due_s, number = heapq.heappop(due)
        time.sleep(max(0.0, due_s - time.monotonic()))
        captured = CaptureTime(time.time_ns(), from_camera=True)
        clear = ClearFrame(cameras[number], 0, captured, pictures[number % len(pictures)])
        writer.accept(mask(clear, nothing, mask_epoch=1, number=number + 1))
        heapq.heappush(due, (due_s + 1 / PICTURES_PER_S, number))


async def measure(count: int) -> dict[str, object]:
    """Ages in ms, cores, frames."""
    records = [
        CameraRecord(CameraId(f"cam-{number:04}"), number, f"Rue {number}", CommuneId("57463"), ViewType.WIDE)
        for number in range(1, count + 1)
    ]
    cameras = [record.camera for record in records]
    with SharedPictures.create(cameras, PICTURE_WIDTH_PX, PICTURE_HEIGHT_PX) as pictures:
        writer = SharedPicturesWriter.attach(pictures.spec)
        wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
        await wall.start()
        await wall.show(grid_scene(records, WIDTH_PX, HEIGHT_PX))
        await asyncio.to_thread(feed, writer, cameras, 2.0)
        before, begin_s, cpu_s = await wall.read(), time.monotonic(), _cpu_s(wall.pid)
        await asyncio.to_thread(feed, writer, cameras, SECONDS)
        cores = (_cpu_s(wall.pid) - cpu_s) / (time.monotonic() - begin_s)
        after = await wall.read()
        await wall.stop()
    ages = after.latencies_ms[len(before.latencies_ms) :]
    return {
        "cameras": count,
        "age_ms": {"p50": round(float(np.percentile(ages, 50))), "p95": round(float(np.percentile(ages, 95)))},
        "pictures_per_s": round(len(ages) / SECONDS, 1),
        "draws_per_s": round((after.frames_drawn - before.frames_drawn) / SECONDS, 1),
        "cores": round(cores, 3),
        "renderer": after.renderer,
        "load": os.getloadavg()[0],
    }


def _cpu_s(pid: int | None) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    for asked in [int(each) for each in sys.argv[1:]] or [4, 8]:
        print(json.dumps(asyncio.run(measure(asked))))
