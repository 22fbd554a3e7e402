"""What the way costs without any look at a picture: `python -m benchmarks.crowd.floor read|keep`, cameras on stdin.

`read`: sessions as csu.ingest opens them, a thread each; packets are thrown away. `keep`: each packet that comes makes
the recorder write one that was looked at beforehand, of the same stream: sealed, hashed, in its chain. No engine does
either: every picture that is kept is decoded first (decision 0023). They say what no route can go below.

stdin, one JSON object: `cameras`: [[name, url, user, password], ...], `directory`. stdout: `ready` once all came; ends
with its input.
"""

from __future__ import annotations

import io
import itertools
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.video import VideoStream

from benchmarks.crowd.town import FRAMES_PER_S, bare_assignment, cover, loop_of, specs
from csu.cluster.node_disk import NodeDisk
from csu.cluster.segment_sink import SegmentSink
from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, EncodedFormat, MaskedPacket
from csu.hal.media import EdgePlan
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder
from csu.ingest.line import StopSignal
from csu.ingest.session import Session, open_session
from csu.machine import SystemClock
from csu.masking.edge import SelfMasked, VerifiedPicture
from csu.recording.head_store import LocalHeads
from csu.recording.key_store import LocalKeyStore

KEPT_S = 90
"""Of footage that was looked at beforehand: longer than any run of this is."""
_CAMERA = CameraId("cam-0001")
_NOWHERE = StreamAddress("rtsp://nowhere/")
_EPOCH_NS = 1_795_392_000 * NS_PER_S


def looked_at(seconds: int) -> tuple[EncodedFormat, list[MaskedPacket]]:
    """A camera's own packets, through the only door there is."""
    spec = specs(1)[0]
    assignment = replace(bare_assignment(_CAMERA, 1, _NOWHERE), edge=EdgePlan(spec.burnt))
    masks, encoded, packets = SelfMasked(assignment, cover(), FRAMES_PER_S), None, []
    for clear, data in _decoded(loop_of(spec), seconds * FRAMES_PER_S):
        found = masks.verified(clear, data)
        assert isinstance(found, VerifiedPicture), found.why.en
        encoded = encoded or found.begins
        packets.append(found.packet)
    assert encoded is not None
    return encoded, packets


def _decoded(loop: list[bytes], count: int) -> Iterator[tuple[ClearFrame, bytes]]:
    with av.open(io.BytesIO(b"".join(loop)), format="h264") as container:
        decoder = Decoder(_CAMERA, container.streams.video[0].codec_context, Admission(_CAMERA), is_annex_b=True)
        for number, data in enumerate(itertools.islice(itertools.cycle(loop), count)):
            packet = cast("av.Packet[VideoStream]", av.Packet(data))
            packet.pts = packet.dts = number
            packet.time_base = Fraction(1, FRAMES_PER_S)
            packet.is_keyframe = number % FRAMES_PER_S == 0
            (picture,) = decoder.decode(packet)
            captured = CaptureTime(_EPOCH_NS + number * NS_PER_S // FRAMES_PER_S, from_camera=True)
            yield ClearFrame(_CAMERA, number, captured, picture.planes), data


class Crowd:
    """The threads, one a camera."""

    def __init__(self, cameras: list[list[str]], directory: Path | None) -> None:
        """`cameras`: name, URL, user and password of each. `directory`: where it keeps; None: it only reads."""
        self._stop = StopSignal()
        self._came = threading.Barrier(len(cameras) + 1, timeout=60)
        self._directory = directory
        self._keys = LocalKeyStore(directory / "keys") if directory is not None else None
        self._kept = looked_at(KEPT_S) if directory is not None else None
        self._threads = [
            threading.Thread(target=self._run, args=(number, CameraId(name), StreamAddress(url, user, password)))
            for number, (name, url, user, password) in enumerate(cameras, 1)
        ]

    def start(self) -> None:
        """Returns when the first packet of each has come."""
        for thread in self._threads:
            thread.start()
        self._came.wait()

    def stop(self) -> None:
        """End all."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int, camera: CameraId, address: StreamAddress) -> None:
        session = open_session(camera, address, Admission(camera), SystemClock(), self._stop, lambda _tracks: None)
        try:
            self._follow(number, session)
        finally:
            session.close()

    def _follow(self, number: int, session: Session) -> None:
        arrivals = session.arrivals()
        next(arrivals)
        self._came.wait()
        if self._kept is None or self._directory is None:
            for _ in arrivals:
                pass
            return
        encoded, packets = self._kept
        record = bare_assignment(_CAMERA, number, _NOWHERE).record  # a chain and a folder each: the packets are one's
        at = self._directory / str(number)
        sink = SegmentSink(record, NodeDisk(at / "media"), self._keys, LocalHeads(at / "chains"))
        sink.begin(encoded)
        for _, packet in zip(arrivals, packets, strict=False):
            sink.write(packet, 0)
        sink.end()


def main(work: str) -> None:
    """See above."""
    asked = json.loads(sys.stdin.readline())
    crowd = Crowd(asked["cameras"], Path(asked["directory"]) if work == "keep" else None)
    crowd.start()
    print("ready", flush=True)
    sys.stdin.read()
    crowd.stop()


if __name__ == "__main__":
    main(sys.argv[1])
