"""What a media node does to record by copy: so many recorders, each on a thread, and a word to the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import av
import numpy as np

from benchmarks.street_clip import START_NS, MaskedStream, record_of
from csu.hal.camera import CameraId
from csu.hal.media import FrameCounts, Manifest, NodeId, SegmentTable
from csu.machine import LocalDisk
from csu.recording import CameraRecorder, Catalogue, ClosedSegment

Pause = Callable[[int], None]
Segments = list[list[ClosedSegment]]

NO_PROBING = {"analyzeduration": "0", "probesize": "32"}
"""As csu.ingest opens a camera. Probing decodes pictures: time and 5 MiB a stream that copying has no use for."""


def record(
    stream: MaskedStream, streams: int, directory: Path, *, reads: bool, pause: Pause = lambda number: None
) -> Segments:
    """Record the stream `streams` times, each on a thread of its own, then tell the catalogue.

    `reads`: each thread also reads the packets from the clip. What it records are the same packets with csu's seal:
    only csu.masking can make those, and a file holds none.
    """
    closed: Segments = [[] for _ in range(streams)]

    def copy(index: int) -> None:
        recorder = CameraRecorder(record_of(index + 1), LocalDisk(directory / str(index)))
        closed[index] += recorder.start(stream.encoded)
        with av.open(str(stream.clip), options=NO_PROBING) if reads else nullcontext() as container:
            read = container.demux(video=0) if container else stream.packets
            for number, (_, packet) in enumerate(zip(read, stream.packets, strict=False)):
                pause(number)
                closed[index] += recorder.write(packet)
        closed[index] += recorder.close()

    threads = [threading.Thread(target=copy, args=(index,)) for index in range(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _tell_catalogue(closed, directory / "catalogue")
    return closed


def _tell_catalogue(closed: Segments, directory: Path) -> None:
    rows = [(index, segment) for index, segments in enumerate(closed) for segment in segments]
    table = SegmentTable(
        np.array([index for index, _ in rows], np.int32),
        np.array([segment.start_ns for _, segment in rows], np.int64),
        np.array([segment.duration_ms for _, segment in rows], np.int32),
        np.array([segment.size_bytes for _, segment in rows], np.int64),
        np.array([segment.mask_epoch for _, segment in rows], np.int32),
        np.array([segment.clock_offset_ms for _, segment in rows], np.int32),
        np.frombuffer(b"".join(segment.sha256 for _, segment in rows), np.uint8).reshape(len(rows), 32),
    )
    cameras = tuple(CameraId(f"cam-{index + 1:04}") for index in range(len(closed)))
    catalogue = Catalogue(directory)
    catalogue.record([Manifest(NodeId("node-1"), 1, 0, START_NS, cameras, table, (), FrameCounts())])
    catalogue.close()
