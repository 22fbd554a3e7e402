"""What a media node does to record by copy: so many recorders, each on a thread, and a word to the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import av
import numpy as np

from benchmarks.street_clip import START_NS, MaskedStream, record_of
from csu.cluster.node_disk import NodeDisk
from csu.cluster.segment_sink import SegmentSink, segment_table
from csu.hal.camera import CameraId
from csu.hal.media import FrameCounts, Manifest, NodeId, SegmentTable
from csu.recording import Catalogue, ClosedSegment, sealed_disk, segment
from csu.recording.head_store import LocalHeads
from csu.recording.key_store import LocalKeyStore

Pause = Callable[[int], None]
Segments = list[list[ClosedSegment]]

NO_PROBING = {"analyzeduration": "0", "probesize": "32"}
"""As csu.ingest opens a camera. Probing decodes pictures: time and 5 MiB a stream that copying has no use for."""


class Work(IntEnum):
    """What is done with the packets; each holds the one before it."""

    COPY = 0
    """Muxed, proved by their boxes, with the time of each picture, synced every 5 s of stream."""
    HASH = 1
    """Hashed, and linked in the camera's chain."""
    SEAL = 2
    """Sealed with Tink; what lies on the disk is hashed too."""
    CATALOGUE = 3
    """Told to the catalogue: all that a node and its centre do."""


def record(
    stream: MaskedStream,
    streams: int,
    directory: Path,
    *,
    work: Work = Work.CATALOGUE,
    reads: bool = False,
    pause: Pause = lambda number: None,
) -> Segments:
    """Record the stream `streams` times, each on a thread of its own, as a media node does.

    `reads`: each thread also reads the packets from the clip. What it records are the same packets with csu's seal:
    only csu.masking can make those, and a file holds none.
    """
    closed: Segments = [[] for _ in range(streams)]
    keys = LocalKeyStore(directory / "keys") if work >= Work.SEAL else None

    def copy(index: int) -> None:
        heads = LocalHeads(directory / f"chain-{index}") if work >= Work.HASH else None
        sink = SegmentSink(record_of(index + 1), NodeDisk(directory / str(index)), keys, heads)
        sink.begin(stream.encoded)
        with av.open(str(stream.clip), options=NO_PROBING) if reads else nullcontext() as container:
            read = container.demux(video=0) if container else stream.packets
            for number, (_, packet) in enumerate(zip(read, stream.packets, strict=False)):
                pause(number)
                sink.write(packet, 0)
        sink.end()
        closed[index] += sink.take()

    with nullcontext() if work >= Work.HASH else _no_hashes():
        threads = [threading.Thread(target=copy, args=(index,)) for index in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if work >= Work.CATALOGUE:
        _tell_catalogue(closed, directory / "catalogue")
    return closed


@contextmanager
def _no_hashes() -> Iterator[None]:
    """The recorder always hashes; what that costs can only be told by leaving it out here."""
    none = SimpleNamespace(sha256=_NoHash)
    with patch.object(segment, "hashlib", none), patch.object(sealed_disk, "hashlib", none):
        yield


class _NoHash:
    def update(self, data: bytes) -> None:
        """Nothing."""

    def digest(self) -> bytes:
        return bytes(32)


def _tell_catalogue(closed: Segments, directory: Path) -> None:
    """Each recorder has a line of its own, although all record the packets of one camera."""
    cameras = tuple(CameraId(f"cam-{index + 1:04}") for index in range(len(closed)))
    tables = [segment_table((segments[0].camera,), segments) for segments in closed]
    table = SegmentTable(
        np.concatenate([each.camera + index for index, each in enumerate(tables)]).astype(np.int32),
        *(np.concatenate([getattr(each, name) for each in tables]) for name in _COLUMNS),
    )
    catalogue = Catalogue(directory)
    catalogue.record([Manifest(NodeId("node-1"), 1, 0, START_NS, cameras, table, (), FrameCounts())])
    catalogue.close()


_COLUMNS = [field.name for field in fields(SegmentTable)][1:]
