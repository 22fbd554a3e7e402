"""The machine csu runs on: the real clock, chance, ids and disk behind the ports.

The only module of the engine where `time`, `random`, `uuid` and the file system are touched outside the media plane.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from csu.hal.chance import Chance
from csu.hal.clock import Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.words import Words

PARTIAL_SUFFIX = ".partial"
"""What is being written carries this until it is committed; left-overs are found by it after a crash."""


def let_block(calls: int) -> None:
    """Let so many blocking calls (`asyncio.to_thread`) go on at once in the running loop, before the first of them.

    asyncio has four more threads than cores: with streams watched in all of them a durable write waits for a stream.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(calls, thread_name_prefix="csu"))


class SystemClock:
    """The host's clock, kept right by its NTP service."""

    def now_ns(self) -> Nanoseconds:
        return time.time_ns()

    def monotonic_ns(self) -> Nanoseconds:
        return time.monotonic_ns()


def cpu_ns() -> Nanoseconds:
    """CPU time that this process has used so far, all its threads together."""
    return time.process_time_ns()


class SystemChance:
    """Pseudo-random streams, by name, from one seed. For jitter and samples, never for secrets."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - jitter, not cryptography

    def stream(self, name: str) -> Chance:
        return SystemChance(f"{self._seed}/{name}")

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def integer(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


class SystemIds:
    """Random UUIDs."""

    def new(self, kind: str) -> str:
        return f"{kind}-{uuid.uuid4()}"


class NoChaos:
    """Production: a fault point is a no-op."""

    async def __call__(self, point: str) -> None:
        return None


class LocalDisk:
    """A directory. `free_bytes` never counts what the host keeps back for root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def create(self, name: str) -> LocalFile:
        path = self._path(name)
        if path.exists():
            raise DiskError(
                Words("un fichier de ce nom existe", "a file of that name exists"),
                where=str(path),
                what_to_do=Words("Rien n'a été écrasé", "Nothing was overwritten"),
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return LocalFile(name, path)
        except OSError as error:
            raise _disk_error(error, path) from error

    def open(self, name: str) -> BinaryIO:
        path = self._path(name)
        try:
            return path.open("rb")
        except OSError as error:
            raise _disk_error(error, path) from error

    def names(self, prefix: str = "") -> list[str]:
        try:
            found = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file()]
        except OSError as error:
            raise _disk_error(error, self.root) from error
        return sorted(name for name in found if name.startswith(prefix) and not name.endswith(PARTIAL_SUFFIX))

    def size_bytes(self, name: str) -> int:
        path = self._path(name)
        try:
            return path.stat().st_size
        except OSError as error:
            raise _disk_error(error, path) from error

    def remove(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink()
            _sync_directory(path.parent)
        except OSError as error:
            raise _disk_error(error, path) from error

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free

    def _path(self, name: str) -> Path:
        parts = name.split("/")
        if not name or name.endswith(PARTIAL_SUFFIX) or any(part in ("", ".", "..") for part in parts):
            raise DiskError(
                Words(f"{name!r} n'est pas un nom de ce volume", f"{name!r} is not a name in this store"),
                where=str(self.root),
                what_to_do=Words("Écrivez par exemple a/b.mp4", "Write for example a/b.mp4"),
            )
        return self.root.joinpath(*parts)


class LocalFile:
    """A file of a LocalDisk, under a `.partial` name until it is committed."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._partial = path.with_name(path.name + PARTIAL_SUFFIX)
        self._file = self._partial.open("xb", buffering=1 << 16)

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except (OSError, ValueError) as error:  # ValueError: it was closed
            raise _disk_error(error, self._path) from error

    def sync(self) -> None:
        try:
            self._file.flush()
            os.fdatasync(self._file.fileno())
        except (OSError, ValueError) as error:
            raise _disk_error(error, self._path) from error

    def commit(self) -> None:
        self.sync()
        try:
            self._file.close()
            self._partial.rename(self._path)
        except OSError as error:
            raise _disk_error(error, self._path) from error
        try:
            _sync_directory(self._path.parent)
        except OSError as error:  # a name that is not durable is none: nobody is told of it
            with suppress(OSError):
                self._path.rename(self._partial)
            raise _disk_error(error, self._path) from error

    def abandon(self) -> None:
        self.leave()
        with suppress(OSError):  # a disk that fails keeps its partial file: it is found by its suffix
            self._partial.unlink()

    def leave(self) -> None:
        """Close; what was written stays under its partial name, for who makes something of it."""
        with suppress(OSError):  # a full disk refuses the last buffer, which nobody wants any more
            self._file.close()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _disk_error(error: OSError | ValueError, path: Path) -> DiskError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return DiskError(
        Words(f"le disque a refusé : {reason}", f"the disk refused: {reason}"),
        where=str(path),
        what_to_do=Words(
            "Vérifiez la place, les droits et l'état de ce volume", "Check space, rights and health of this volume"
        ),
    )
