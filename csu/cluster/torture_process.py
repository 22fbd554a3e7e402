"""The process that is tortured, and the one that does it: `python -m csu.cluster.torture_process <settings as JSON>`.

The conductor forks a recorder, kills it (SIGKILL) at a moment that the seed chooses, and forks the next, which goes on
as a restarted media node does: same directories, left-overs recovered beside the recording. Forked and not started
anew, because importing FFmpeg takes longer than most lives last. Stream time runs `pace` times faster than the clock.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import pickle
import select
import signal
import struct
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csu.cluster.left_over import Recovery
from csu.cluster.recording_check import RecordingCheck
from csu.cluster.segment_sink import SegmentSink, segment_table
from csu.cluster.volumes import VolumesDisk
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Manifest, NodeId
from csu.machine import SystemChance
from csu.masking import Cover, MaskedEncoder, mask
from csu.recording import Catalogue, ClosedSegment, SegmentRow, check_segment
from csu.recording.chain import NO_LINK, Linked, check_chain
from csu.recording.frame_times import frame_times
from csu.recording.head_store import LocalHeads
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.recording.torture import Taken, TortureResult, costs_of

START_NS = 1_795_392_000 * NS_PER_S - 90 * NS_PER_S
"""2026-11-22, 23:58:30 UTC: the first lives record over midnight, hence with two keys."""
WIDTH_PX, HEIGHT_PX = 96, 64
LIFE_S = (0.1, 1.4)
"""How long a recorder lives after its first picture, by the clock."""
BEGIN_S_MAX = 30.0
PAUSE_NS = 2 * NS_PER_S
"""Of the stream, between two lives."""
PICTURES = 32
_HEADER = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class TortureSettings:
    """One run."""

    directory: str
    kills: int
    seed: str
    cameras: int = 16
    frames_per_s: int = 10
    pace: float = 12.0

    @property
    def interval_ns(self) -> Nanoseconds:
        return NS_PER_S // self.frames_per_s

    @property
    def root(self) -> Path:
        return Path(self.directory)

    def record(self, index: int) -> CameraRecord:
        """Two communes, hence two keys a day."""
        commune = CommuneId(("57463", "57412")[index % 2])
        return CameraRecord(CameraId(f"cam-{index + 1:04}"), index + 1, f"Torture {index + 1}", commune, ViewType.WIDE)

    def media(self) -> VolumesDisk:
        return VolumesDisk.of(self.root / "media")

    def keys(self) -> LocalKeyStore:
        return LocalKeyStore(self.root / "keys", away_from=(self.root / "media", self.root / "catalogue"))


class Ledger:
    """(first, last) capture time each camera's recorder had taken: in memory that outlives the one who is killed."""

    def __init__(self, cameras: int) -> None:
        self.times: NDArray[np.int64] = np.frombuffer(mmap.mmap(-1, cameras * 16), np.int64).reshape(cameras, 2)

    def taken(self, settings: TortureSettings) -> dict[CameraId, Taken]:
        rows = enumerate(self.times.tolist())
        return {settings.record(index).camera: Taken(first, last) for index, (first, last) in rows if last}


# -- the one who is killed --------------------------------------------------------------------------------------------


def _live(settings: TortureSettings, start_ns: Nanoseconds, ledger: Ledger, report: int) -> None:
    """Record until killed, or until SIGTERM: then close properly."""
    stop, lock = threading.Event(), threading.Lock()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    keys, disk = settings.keys(), settings.media()
    heads, recovery = LocalHeads(settings.root / "chains"), Recovery(disk, keys)

    def tell(sink: SegmentSink) -> None:
        for closed in sink.take():
            body = pickle.dumps(closed)
            with lock:
                os.write(report, _HEADER.pack(len(body)) + body)  # less than PIPE_BUF: whole or not at all

    def run(index: int) -> None:
        record = settings.record(index)
        sink = SegmentSink(record, disk, keys, heads)
        recovery.ask(record.camera, sink.recovered)
        encoder = MaskedEncoder(record.camera, WIDTH_PX, HEIGHT_PX, settings.frames_per_s)
        sink.begin(encoder.format)
        pictures, nothing = _pictures(index), Cover.nothing(WIDTH_PX, HEIGHT_PX)
        began_s, number = time.monotonic(), 0
        while not stop.is_set():
            captured = CaptureTime(start_ns + number * settings.interval_ns, from_camera=True)
            clear = ClearFrame(record.camera, number, captured, pictures[number % len(pictures)])
            for packet in encoder.encode(mask(clear, nothing, mask_epoch=1, number=record.number)):
                sink.write(packet, index)
                ledger.times[index] = ledger.times[index, 0] or packet.captured.at_ns, packet.captured.at_ns
            tell(sink)
            number += 1
            time.sleep(max(0.0, began_s + number / settings.frames_per_s / settings.pace - time.monotonic()))
        sink.end()
        tell(sink)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(settings.cameras)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _pictures(index: int) -> tuple[YuvPlanes, ...]:
    """Some cameras are quiet, some are grainy: fragments of 1 to 60 kB."""
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    chroma = np.full((HEIGHT_PX // 2, WIDTH_PX // 2), 128, np.uint8)
    grain = (rows * 7919 + columns * 104_729) % 251 * (index % 4) // 4
    lumas = ((columns + rows + step * 3 + grain * (step % 5)) % 200 + 16 for step in range(PICTURES))
    return tuple(YuvPlanes(luma.astype(np.uint8), chroma, chroma) for luma in lumas)


# -- the one who kills ------------------------------------------------------------------------------------------------


class Conductor:
    """All lives of one run, and what became of them."""

    def __init__(self, settings: TortureSettings) -> None:
        self._settings = settings
        self._chance = SystemChance(settings.seed)
        self._ledger = Ledger(settings.cameras)
        self._catalogue = Catalogue(settings.root / "catalogue", durable=False)
        self._lives: list[dict[CameraId, Taken]] = []
        self._told: list[ClosedSegment] = []
        self._recovered = 0

    def run(self) -> TortureResult:
        """Raises CsuError when catalogue or keys fail."""
        start_ns = START_NS
        for life in range(self._settings.kills + 1):
            taken = self._one_life(life, start_ns)
            if life < self._settings.kills:
                self._lives.append(taken)
                print(json.dumps({"killed": life + 1}), flush=True)
            start_ns = max((one.last_ns for one in taken.values()), default=start_ns) + PAUSE_NS
        return self._judge(start_ns)

    def _one_life(self, life: int, start_ns: Nanoseconds) -> dict[CameraId, Taken]:
        self._ledger.times[:] = 0
        report, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(report)
                _live(self._settings, start_ns, self._ledger, theirs)
                code = 0
            finally:
                os._exit(code)  # nothing of the conductor's that waits for its end may run here
        os.close(theirs)
        heard = bytearray()
        self._listen(report, heard, time.monotonic() + BEGIN_S_MAX, until_begun=True)
        self._listen(report, heard, time.monotonic() + self._chance.uniform(*LIFE_S))
        os.kill(child, signal.SIGKILL if life < self._settings.kills else signal.SIGTERM)
        self._listen(report, heard, time.monotonic() + BEGIN_S_MAX)
        os.close(report)
        _, status = os.waitpid(child, 0)
        if life == self._settings.kills and status != 0:
            raise RuntimeError(f"the last recorder ended with status {status}")
        self._keep(life, heard)
        return self._ledger.taken(self._settings)

    def _listen(self, report: int, heard: bytearray, deadline_s: float, *, until_begun: bool = False) -> None:
        while (left_s := deadline_s - time.monotonic()) > 0:
            if until_begun and self._ledger.times.any():
                return
            ready, _, _ = select.select([report], [], [], min(0.005 if until_begun else left_s, left_s))
            if ready:
                data = os.read(report, 1 << 16)
                if not data:
                    return
                heard += data

    def _keep(self, life: int, heard: bytearray) -> None:
        """What a parent of a node does with its manifest."""
        closed: list[ClosedSegment] = []
        at = 0
        while at + _HEADER.size <= len(heard):
            (size,) = _HEADER.unpack_from(heard, at)
            at += _HEADER.size + size
            if at <= len(heard):
                closed.append(pickle.loads(bytes(heard[at - size : at])))  # noqa: S301 - our own fork wrote it
        self._told += closed
        begun_ns = min((one.first_ns for one in self._ledger.taken(self._settings).values()), default=0)
        self._recovered += sum(segment.start_ns < begun_ns for segment in closed)
        for number, day in enumerate(sorted({segment.start_ns // NS_PER_DAY for segment in closed})):
            ours = [segment for segment in closed if segment.start_ns // NS_PER_DAY == day]
            cameras = tuple(dict.fromkeys(segment.camera for segment in ours))
            minute_ns = min(segment.start_ns for segment in ours) // NS_PER_MINUTE * NS_PER_MINUTE
            table = segment_table(cameras, ours)
            self._catalogue.record([Manifest(NodeId("node-1"), life, number, minute_ns, cameras, table)])

    def _judge(self, end_ns: Nanoseconds) -> TortureResult:
        settings = self._settings
        now_ns = end_ns + NS_PER_DAY
        checker = RecordingCheck(settings.media(), self._catalogue, settings.keys())
        repaired = checker.repair(checker.check(now_ns, hashes=True), now_ns)
        problems = [f"{finding.name}: {error}" for finding, error in repaired.not_repaired]
        after = checker.check(now_ns, hashes=True)
        problems += [f"{finding.kind}: {finding.name}: {finding.detail.en}" for finding in after.found]
        readable, unread = self._read_all()
        costs = costs_of(self._lives, readable, settings.interval_ns)
        missing = sum(cost.missing_earlier for cost in costs)
        problems += [*unread, *([f"{missing} earlier pictures are not readable"] if missing else [])]
        unlinked, broken = self._chains(readable)
        problems += broken
        tails = [cost.lost_tail_s for cost in costs] or [0.0]
        return TortureResult(
            kills=settings.kills,
            cameras=settings.cameras,
            frames_taken=sum(cost.taken for cost in costs),
            frames_readable=sum(map(len, readable.values())),
            segments=after.files,
            recovered=self._recovered + sum(finding.kind == "left_over" for finding in repaired.repaired),
            lost_tail_s_max=round(max(tails), 3),
            lost_tail_s_mean=round(sum(tails) / len(tails), 3),
            inconsistent=len(problems),
            problems=tuple(problems[:20]),
            unlinked=unlinked,
        )

    def _disk(self) -> SealedDisk:
        return SealedDisk(self._settings.media(), self._settings.keys(), nobody)

    def _read_all(self) -> tuple[Mapping[CameraId, list[Nanoseconds]], list[str]]:
        disk = self._disk()
        readable: dict[CameraId, list[Nanoseconds]] = {}
        stands_in: dict[CameraId, dict[Nanoseconds, str]] = {}
        problems = []
        for row in self._catalogue.listing(-(2**61), 2**61):
            try:
                with disk.open(row.name) as file:
                    found = check_segment(file, decode=True)
                    times = frame_times(file)
            except CsuError as error:
                problems.append(f"{row.name}: {error}")
                continue
            if found.problem or len(times) != found.frames:
                problems.append(f"{row.name}: {found.problem or f'{len(times)} times of {found.frames} pictures'}")
                continue
            known = stands_in.setdefault(row.camera, {})
            twice = sorted({known[time.at_ns] for time in times if time.at_ns in known})
            if twice:
                problems.append(f"{row.name}: its pictures stand in {', '.join(twice)} too")
            readable.setdefault(row.camera, []).extend(time.at_ns for time in times)
            known.update((time.at_ns, row.name) for time in times)
        for times_of in readable.values():
            times_of.sort()
        return readable, problems

    def _chains(self, cameras: Mapping[CameraId, object]) -> tuple[int, list[str]]:
        disk = self._disk()
        links = {segment.name: segment for segment in self._told}
        unlinked, broken = 0, []
        rows = sorted(self._catalogue.listing(-(2**61), 2**61), key=lambda row: row.start_ns)
        for camera in cameras:
            found = check_chain([_linked(row, links, disk) for row in rows if row.camera == camera])
            unlinked += len(found.unlinked)
            broken += [f"{name}: its link follows from none near it" for name in found.broken]
        return unlinked, broken


def _linked(row: SegmentRow, told: Mapping[str, ClosedSegment], disk: SealedDisk) -> Linked:
    """A row with what its node said of it; one that the check had to tell has no link."""
    segment = told.get(row.name)
    if segment is not None:
        return Linked(segment.name, segment.sha256, segment.content_sha256, segment.link)
    with disk.open(row.name) as file:
        content = hashlib.sha256(file.read()).digest()
    return Linked(row.name, row.sha256 or NO_LINK, content, NO_LINK)


def main() -> None:
    """One argument: the settings. Lines of JSON on stdout: `{"killed": n}` after each kill, then the result."""
    settings = TortureSettings(**json.loads(sys.argv[1]))
    print(json.dumps({"result": asdict(Conductor(settings).run())}), flush=True)


if __name__ == "__main__":
    main()
