"""Packets to record, disks in trouble, manifests to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import BinaryIO

import numpy as np
import pytest

from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.disk import DiskError
from csu.hal.frames import CaptureTime, ClearFrame, MaskedPacket, YuvPlanes
from csu.hal.media import Gap, Manifest, NodeId, SegmentTable
from csu.hal.words import Words
from csu.machine import LocalDisk, LocalFile
from csu.masking import Cover, MaskedEncoder, mask

CAMERA = CameraId("cam-0042")
MINUTE_NS = 60_000_000_000
START_NS = 1_800_000_000_000_000_000  # 2027-01-15T08:00:00Z


@pytest.fixture
def record() -> CameraRecord:
    return CameraRecord(CAMERA, 42, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)


@pytest.fixture(scope="session")
def picture() -> Callable[[int, float], ClearFrame]:
    """A picture of camera 42 captured so many seconds after START_NS."""

    def make(sequence: int, second: float) -> ClearFrame:
        luma = np.full((48, 64), 16 + sequence * 7 % 200, np.uint8)
        chroma = np.full((24, 32), 128, np.uint8)
        captured = CaptureTime(START_NS + round(second * 1e9), from_camera=True)
        return ClearFrame(CAMERA, sequence, captured, YuvPlanes(luma, chroma, chroma))

    return make


@pytest.fixture
def encoder() -> MaskedEncoder:
    return MaskedEncoder(CAMERA, 64, 48, 10.0)


@pytest.fixture
def packets(encoder, picture) -> Callable[..., list[MaskedPacket]]:
    """Masked packets of pictures captured at these seconds, by one encoder that goes on between calls."""
    made = 0

    def make(seconds: Sequence[float], *, epoch: int = 1) -> list[MaskedPacket]:
        nonlocal made
        result = []
        for second in seconds:
            result += encoder.encode(mask(picture(made, second), Cover.nothing(64, 48), epoch, 42))
            made += 1
        return result

    return make


def at_rate(start_s: float, duration_s: float, rate: float = 10.0) -> list[float]:
    return [start_s + i / rate for i in range(round(duration_s * rate))]


@pytest.fixture(name="at_rate", scope="session")
def _at_rate():
    """Seconds of pictures at a steady rate: (start_s, duration_s, rate=10)."""
    return at_rate


class TroubledDisk:
    """A local disk that fails when told to."""

    def __init__(self, inner: LocalDisk) -> None:
        self.inner = inner
        self.bytes_left: int | None = None
        self.fails_to_create = False
        self.fails_to_sync = False

    def create(self, name: str) -> TroubledFile:
        if self.fails_to_create:
            raise _full(name)
        return TroubledFile(self, self.inner.create(name))

    def open(self, name: str) -> BinaryIO:
        return self.inner.open(name)

    def names(self, prefix: str = "") -> list[str]:
        return self.inner.names(prefix)

    def size_bytes(self, name: str) -> int:
        return self.inner.size_bytes(name)

    def remove(self, name: str) -> None:
        self.inner.remove(name)

    def free_bytes(self) -> int:
        return self.inner.free_bytes()


def _full(name: str) -> DiskError:
    what_to_do = Words("Faites de la place", "Free some")
    return DiskError(Words("plus de place", "no space left"), where=name, what_to_do=what_to_do)


class TroubledFile:
    def __init__(self, disk: TroubledDisk, inner: LocalFile) -> None:
        self.name = inner.name
        self._disk, self._inner = disk, inner

    def write(self, data: bytes) -> int:
        if self._disk.bytes_left is not None:
            if len(data) > self._disk.bytes_left:
                raise _full(self.name)
            self._disk.bytes_left -= len(data)
        return self._inner.write(data)

    def sync(self) -> None:
        if self._disk.fails_to_sync:
            raise DiskError(
                Words("erreur d'entrée-sortie", "input/output error"),
                where=self.name,
                what_to_do=Words("Remplacez le disque", "Replace the disk"),
            )
        self._inner.sync()

    def commit(self) -> None:
        self.sync()
        self._inner.commit()

    def abandon(self) -> None:
        self._inner.abandon()


@pytest.fixture
def disk(tmp_path) -> TroubledDisk:
    return TroubledDisk(LocalDisk(tmp_path / "media"))


@pytest.fixture(scope="session")
def manifest() -> Callable[..., Manifest]:
    """A manifest. `segments`: (camera index, start_ns, duration_ms, size_bytes) each."""

    def make(
        sequence: int = 0,
        *,
        minute_ns: int = START_NS,
        node: str = "node-1",
        node_epoch: int = 1,
        cameras: Sequence[str] = ("cam-1", "cam-2"),
        segments: Sequence[tuple[int, int, int, int]] = (),
        gaps: Sequence[Gap] = (),
        sha: bool = True,
    ) -> Manifest:
        n = len(segments)
        column = [np.array([row[i] for row in segments], kind) for i, kind in enumerate(("i4", "i8", "i4", "i8"))]
        hashes = np.arange(1, n * 32 + 1).astype(np.uint8).reshape(n, 32) if sha else np.zeros((n, 32), np.uint8)
        epochs, offsets = np.arange(n, dtype=np.int32) + 3, np.full(n, -120, np.int32)
        table = SegmentTable(*column, epochs, offsets, hashes)
        ids = tuple(CameraId(camera) for camera in cameras)
        return Manifest(NodeId(node), node_epoch, sequence, minute_ns, ids, table, tuple(gaps))

    return make
