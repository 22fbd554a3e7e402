"""A camera's recorder over two volumes whose disks fail as real ones do: at the host's calls, below all of csu."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from csu.cluster.left_over import Recovery
from csu.cluster.segment_sink import SegmentSink
from csu.cluster.volume_note import Volume, note_of, write_note
from csu.cluster.volumes import VolumesDisk
from csu.hal.camera import CameraRecord
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import MaskedPacket
from csu.hal.media import CameraEventKind, Gap, GapCause
from csu.ingest.recording_run import RecordingRun
from csu.ingest.tally import Tally
from csu.recording import ClosedSegment, check_segment
from csu.recording.frame_times import frame_times
from csu.recording.key_store import LocalKeyStore
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.recording.space import IDENTITY_NAME, VolumeIdentity

START_NS = 1_800_000_000 * NS_PER_S


class NoLock(AbstractContextManager[bool]):
    def __exit__(self, *exc: object) -> None:
        return None


class SickDisk:
    """Makes the host refuse what is asked of one directory. `write`, `sync`, `rename`, `create`, `settle`: an errno."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self.write = self.sync = self.rename = self.create = self.settle = 0
        self.is_torn = False
        """A write that fails has written half of what it was given."""
        real_open, real_rename, real_sync, real_fsync = Path.open, Path.rename, os.fdatasync, os.fsync

        def opened(path: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
            if self._is_mine(path) and "x" in mode:
                self._fail(self.create)
            file = real_open(path, mode, *args, **more)
            return _SickFile(file, self) if self._is_mine(path) and mode == "r+b" else file

        def renamed(path: Path, target: Path) -> Path:
            if self._is_mine(path) and not str(target).endswith(".partial"):
                self._fail(self.rename)
            return real_rename(path, target)

        def synced(descriptor: int) -> None:
            if self._is_mine(Path(os.readlink(f"/proc/self/fd/{descriptor}"))):
                self._fail(self.sync)
            real_sync(descriptor)

        def settled(descriptor: int) -> None:
            if self._is_mine(Path(os.readlink(f"/proc/self/fd/{descriptor}"))):
                self._fail(self.settle)
            real_fsync(descriptor)

        monkeypatch.setattr(Path, "open", opened)
        monkeypatch.setattr(Path, "rename", renamed)
        monkeypatch.setattr(os, "fdatasync", synced)
        monkeypatch.setattr(os, "fsync", settled)

    def heal(self) -> None:
        self.write = self.sync = self.rename = self.create = self.settle = 0

    def _is_mine(self, path: Path) -> bool:
        return self._directory in path.parents

    @staticmethod
    def _fail(number: int) -> None:
        if number:
            raise OSError(number, os.strerror(number))


class _SickFile(io.RawIOBase):
    def __init__(self, file: Any, disk: SickDisk) -> None:
        self._file, self._disk = file, disk

    def write(self, data: Any) -> int:
        if self._disk.write:
            if self._disk.is_torn:
                self._file.write(bytes(data)[: len(data) // 2])
            raise OSError(self._disk.write, os.strerror(self._disk.write))
        return int(self._file.write(data))

    def fileno(self) -> int:
        return int(self._file.fileno())

    def close(self) -> None:
        self._file.close()
        super().close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Rig:
    """One camera recorded on the volumes `a` and `b`, with its account of gaps, and what is recovered beside."""

    def __init__(self, home: Path, record: CameraRecord, names: Sequence[str] = ("a", "b")) -> None:
        self.home = home
        self.note = note_of(home / "data")
        self.note.parent.mkdir(parents=True)
        self.identities = {name: VolumeIdentity(f"vol-{name}", 1) for name in names}
        for name, identity in self.identities.items():
            (home / name).mkdir()
            (home / name / IDENTITY_NAME).write_bytes(identity.to_bytes())
        self.admit(*names)
        self.disk = VolumesDisk.of(home, self.note)
        self.keys = LocalKeyStore(home / "keys")
        self.told: list[tuple[CameraEventKind, str]] = []
        self._tally = Tally(record.camera, START_NS, NoLock())
        self.sink = SegmentSink(record, self.disk, self.keys)
        self.run = RecordingRun(
            self.sink, self._tally, lambda kind, words: self.told.append((kind, words.en)), 100 * NS_PER_MS
        )
        self.recovery = Recovery(self.disk, self.keys, retry_s=0.02)
        self.recovery.ask(record.camera, self.sink.recovered)
        self.patience_s = 20.0
        self.taken: list[int] = []
        self.closed: list[ClosedSegment] = []

    def admit(self, *names: str) -> None:
        """Note these as admitted, and the others as not."""
        volumes = [Volume(self.home / name, identity, name in names) for name, identity in self.identities.items()]
        write_note(self.note, volumes)

    def film(self, packets: Sequence[MaskedPacket]) -> None:
        for packet in packets:
            self.run.write(packet, 0)
            self.taken.append(packet.captured.at_ns)

    def end(self) -> None:
        self.run.end()

    def settle(self, *, left_behind: int = 0) -> None:
        """Wait until the recovery has made all but `left_behind` files whole, and told of them."""
        deadline_s = time.monotonic() + self.patience_s
        while True:
            self.closed += self.sink.take()
            left = [path for directory in self.disk.directories() for path in directory.rglob("*.partial")]
            if len(left) <= left_behind and len(self.closed) == len(self.disk.names()):
                return
            assert time.monotonic() < deadline_s, f"not recovered or not told: {left}"
            time.sleep(0.02)

    def gaps(self, cause: GapCause = GapCause.DISK) -> list[Gap]:
        every = self._tally.take(START_NS + 3600 * NS_PER_S).gaps
        return [gap for gap in every if gap.cause is cause]

    def on(self, name: str) -> list[str]:
        """Names of the segments on a volume."""
        return sorted(path.relative_to(self.home / name).as_posix() for path in (self.home / name).rglob("*.mp4"))

    def readable(self) -> list[int]:
        """Capture times of every picture that can be read of what was told. All of it must be whole."""
        disk = SealedDisk(self.disk, self.keys, nobody)
        times: list[int] = []
        for segment in self.closed:
            with disk.open(segment.name) as file:
                assert check_segment(file, decode=True).playable, segment.name
                times += [time.at_ns for time in frame_times(file)]
        assert len(set(times)) == len(times), "a picture stands in two segments"
        assert sorted(segment.name for segment in self.closed) == self.disk.names(), "told is what is there"
        return sorted(times)


@pytest.fixture
def rig(tmp_path, record, encoder) -> Rig:
    rig = Rig(tmp_path, record)
    rig.run.begin(encoder.format)
    return rig


@pytest.fixture
def make_rig(tmp_path, record, encoder) -> Callable[..., Rig]:
    def make(*names: str) -> Rig:
        rig = Rig(tmp_path, record, names)
        rig.run.begin(encoder.format)
        return rig

    return make


@pytest.fixture
def sick(rig, monkeypatch) -> Iterator[SickDisk]:
    """The disk of volume `a`, where the first segment goes."""
    disk = SickDisk(rig.home / "a", monkeypatch)
    yield disk
    disk.heal()


@pytest.fixture
def seconds() -> Callable[[float, float], list[float]]:
    """Five pictures a second from one second on, for so long."""
    return lambda start_s, duration_s: [start_s + number / 5 for number in range(round(duration_s * 5))]


@pytest.fixture
def impatient(monkeypatch) -> None:
    """A volume that failed may be tried again at once: the stream runs faster here than our clock."""
    monkeypatch.setattr("csu.recording.space.TROUBLE_NS", 1)


FAULTS = {
    "full": {"write": errno.ENOSPC, "is_torn": True},
    "torn write": {"write": errno.EIO, "is_torn": True},
    "input/output error": {"write": errno.EIO},
    "became read-only": {"write": errno.EROFS, "sync": errno.EROFS, "rename": errno.EROFS, "create": errno.EROFS},
    "sync refused": {"sync": errno.EIO},
    "name refused": {"rename": errno.EIO},
    "name not durable": {"settle": errno.EIO},
    "over quota": {"write": errno.EDQUOT},
}


@pytest.fixture(params=FAULTS)
def fault(request) -> dict[str, Any]:
    found: dict[str, Any] = FAULTS[request.param]
    return found
