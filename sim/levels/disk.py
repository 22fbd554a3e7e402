"""The disk of a node at level L1: what is recorded lies on it, sealed, until it was looked at and room is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from csu.hal.camera import CameraId
from csu.hal.disk import DiskError
from csu.hal.words import Words
from sim.disk import MemoryDisk, MemoryFile

KEPT_BYTES_MAX = 64 << 20
"""Beyond it the oldest files are dropped: the oracle has seen them, and an hour of pictures is not to fill memory."""


class NodeDisk:
    """A `csu.hal.disk.Disk` that refuses a camera's files while the scenario says so."""

    def __init__(self, refuses: Callable[[CameraId], bool]) -> None:
        """`refuses`: whether the disk refuses what comes of this camera now."""
        self._refuses = refuses
        self._disk = MemoryDisk(1 << 40)
        self._held: dict[str, int] = {}

    def create(self, name: str) -> NodeFile:
        """See Disk.create."""
        self.require(name)
        return NodeFile(self._disk.create(name), self)

    def open(self, name: str) -> BinaryIO:
        """See Disk.open."""
        return self._disk.open(name)

    def names(self, prefix: str = "") -> list[str]:
        """See Disk.names."""
        return self._disk.names(prefix)

    def size_bytes(self, name: str) -> int:
        """See Disk.size_bytes."""
        return self._disk.size_bytes(name)

    def remove(self, name: str) -> None:
        """See Disk.remove."""
        self._held.pop(name, None)
        self._disk.remove(name)

    def free_bytes(self) -> int:
        """See Disk.free_bytes."""
        return 1 << 40

    def power_cut(self) -> None:
        """What is being written is lost."""
        self._disk.power_cut()

    def committed(self, name: str, size_bytes: int) -> None:
        """A file is whole."""
        self._held[name] = size_bytes

    def make_room(self) -> None:
        """Drop the oldest files beyond KEPT_BYTES_MAX."""
        while sum(self._held.values()) > KEPT_BYTES_MAX:
            self.remove(next(iter(self._held)))

    def require(self, name: str) -> None:
        """Raises DiskError while the disk refuses the camera of this file."""
        if self._refuses(CameraId(name.split("/")[1])):
            raise DiskError(
                Words("le disque a refusé", "the disk refused"),
                where=name,
                what_to_do=Words("Le scénario le veut", "The scenario wants it so"),
            )


class NodeFile:
    """A file of a NodeDisk while it is written."""

    def __init__(self, file: MemoryFile, disk: NodeDisk) -> None:
        self.name = file.name
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        """See DiskFile.write."""
        self._disk.require(self.name)
        return self._file.write(data)

    def sync(self) -> None:
        """See DiskFile.sync."""
        self._disk.require(self.name)
        self._file.sync()

    def commit(self) -> None:
        """See DiskFile.commit."""
        self._disk.require(self.name)
        self._file.commit()
        self._disk.committed(self.name, len(self._file.content))

    def abandon(self) -> None:
        """See DiskFile.abandon."""
        self._file.abandon()
