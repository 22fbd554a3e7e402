"""The disk of a media node: a local directory whose files survive the death of the process that writes them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csu.hal.disk import DiskError
from csu.hal.words import Words
from csu.machine import PARTIAL_SUFFIX, LocalDisk, LocalFile


class NodeDisk(LocalDisk):
    """What a file's `write` has returned for is with the system: it survives the end of the process, not that of the
    current. (A plain LocalDisk keeps up to 64 KiB back, a second of a quiet camera.) A file is locked while it is
    written: a left-over is one that nobody holds any more, in this process or another.

    A file of which the disk refused a part is a left-over too: what it holds is footage, and is not thrown away."""

    def create(self, name: str) -> NodeFile:  # type: ignore[override]  # a DiskFile all the same
        """See Disk.create."""
        return NodeFile(super().create(name), self.partial_path(name))

    def partial_path(self, name: str) -> Path:
        """Where a file of this name lies while it is written."""
        path = self._path(name)
        return path.with_name(path.name + PARTIAL_SUFFIX)

    def holds(self, name: str) -> bool:
        """Whether a committed file of this name is there. Raises DiskError for what is no name, OSError."""
        return self._path(name).exists()


class NodeFile:
    """A file of a NodeDisk: writes go through a descriptor of our own, past the buffer of the LocalFile."""

    def __init__(self, inner: LocalFile, partial: Path) -> None:
        self.name = inner.name
        self._inner = inner
        self.is_refused = False
        """The disk refused a part of it: `abandon` leaves what was written."""
        try:
            self._file = partial.open("r+b", buffering=0)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            inner.abandon()
            raise refused(error, partial) from error

    def write(self, data: bytes) -> int:
        left = memoryview(data)
        try:
            while left:  # a disk that fills up takes a part first
                left = left[self._file.write(left) :]
        except OSError as error:
            self.is_refused = True
            raise refused(error, Path(self.name)) from error
        except ValueError as error:  # it was closed
            raise refused(error, Path(self.name)) from error
        return len(data)

    def sync(self) -> None:
        with self._noted():
            self._inner.sync()  # of the same file: what it syncs is the file, not the descriptor

    def commit(self) -> None:
        with self._noted():
            self._inner.commit()
        self._file.close()

    def abandon(self) -> None:
        if self.is_refused:
            self._inner.leave()
        else:
            self._inner.abandon()
        self._file.close()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except DiskError:
            self.is_refused = not self._file.closed
            raise


def is_being_written(partial: Path) -> bool:
    """Whether a process holds this file. Raises OSError when it is gone."""
    with partial.open("r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def refused(error: OSError | ValueError, path: Path) -> DiskError:
    """What the host said of a disk, as csu tells it."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DiskError(
        Words(f"le disque a refusé : {reason}", f"the disk refused: {reason}"),
        where=str(path),
        what_to_do=Words(
            "Vérifiez la place, les droits et l'état de ce volume", "Check space, rights and health of this volume"
        ),
    )
