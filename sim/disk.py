"""A disk in memory that forgets what a real one would: power cuts, full, torn writes, a commit that lied."""

from __future__ import annotations

import io
from typing import BinaryIO

from csu.hal.disk import DiskError
from csu.hal.words import Words


class MemoryDisk:
    """One volume. `power_cut` loses all that was not durable; `capacity_bytes` is all it can hold."""

    def __init__(self, capacity_bytes: int = 1 << 30) -> None:
        self.capacity_bytes = capacity_bytes
        self.read_only = False
        self.writes_until_error: int | None = None
        """That many more writes succeed, then each fails; None: none fails."""
        self.tear_next_commit_at: int | None = None
        """The next commit answers as usual, but a power cut then finds only that many bytes: a disk that lied."""
        self._committed: dict[str, bytes] = {}
        self._torn: dict[str, int] = {}
        self._writing: dict[str, MemoryFile] = {}

    def create(self, name: str) -> MemoryFile:
        _require_name(name)
        if self.read_only:
            raise _error(_READ_ONLY, name)
        if name in self._committed or name in self._writing:
            raise DiskError(
                Words("un fichier de ce nom existe", "a file of that name exists"),
                where=name,
                what_to_do=Words("Rien n'a été écrasé", "Nothing was overwritten"),
            )
        self._writing[name] = file = MemoryFile(name, self)
        return file

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self._content(name))

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self._committed if name.startswith(prefix))

    def size_bytes(self, name: str) -> int:
        return len(self._content(name))

    def remove(self, name: str) -> None:
        self._content(name)
        if self.read_only:
            raise _error(_READ_ONLY, name)
        del self._committed[name]
        self._torn.pop(name, None)

    def free_bytes(self) -> int:
        used = sum(map(len, self._committed.values())) + sum(len(file.content) for file in self._writing.values())
        return max(0, self.capacity_bytes - used)

    # -- trouble, for tests and scenarios -----------------------------------------------------------------------------

    def power_cut(self) -> dict[str, bytes]:
        """The current goes and comes back. Returns what is left of files that were being written: their synced part."""
        left_over = {name: bytes(file.content[: file.synced_bytes]) for name, file in sorted(self._writing.items())}
        for file in self._writing.values():
            file.closed = True
        self._writing.clear()
        for name, length in self._torn.items():
            self._committed[name] = self._committed[name][:length]
        self._torn.clear()
        return left_over

    # -- what files ask -----------------------------------------------------------------------------------------------

    def _take(self, file: MemoryFile, data: bytes) -> None:
        if self.read_only:
            raise _error(_READ_ONLY, file.name)
        if self.writes_until_error is not None:
            if self.writes_until_error <= 0:
                raise _error(Words("erreur d'entrée-sortie", "input/output error"), file.name)
            self.writes_until_error -= 1
        room = self.free_bytes()
        file.content += data[:room]  # a full disk takes what still fits, then says so
        if len(data) > room:
            raise _error(Words("plus de place sur le volume", "no space is left on the device"), file.name)

    def _commit(self, file: MemoryFile) -> None:
        if self.read_only:
            raise _error(_READ_ONLY, file.name)
        if self.tear_next_commit_at is not None:
            self._torn[file.name] = self.tear_next_commit_at
            self.tear_next_commit_at = None
        self._committed[file.name] = bytes(file.content)
        del self._writing[file.name]

    def _forget(self, file: MemoryFile) -> None:
        if self._writing.get(file.name) is file:
            del self._writing[file.name]

    def _content(self, name: str) -> bytes:
        _require_name(name)
        try:
            return self._committed[name]
        except KeyError:
            raise _error(Words("ce fichier n'existe pas", "no such file"), name) from None


class MemoryFile:
    """A file of a MemoryDisk while it is written."""

    def __init__(self, name: str, disk: MemoryDisk) -> None:
        self.name = name
        self.content = bytearray()
        self.synced_bytes = 0
        self.closed = False
        self._disk = disk

    def write(self, data: bytes) -> int:
        self._require_open()
        self._disk._take(self, data)
        return len(data)

    def sync(self) -> None:
        self._require_open()
        if self._disk.read_only:
            raise _error(_READ_ONLY, self.name)
        self.synced_bytes = len(self.content)

    def commit(self) -> None:
        self.sync()
        self._disk._commit(self)
        self.closed = True

    def abandon(self) -> None:
        if not self.closed:
            self.closed = True
            self._disk._forget(self)

    def _require_open(self) -> None:
        if self.closed:
            raise _error(Words("le fichier est fermé", "the file is closed"), self.name)


def _require_name(name: str) -> None:
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise DiskError(
            Words("ce n'est pas un nom de ce volume", "this is not a name in this store"),
            where=repr(name),
            what_to_do=Words("Écrivez par exemple a/b.mp4", "Write for example a/b.mp4"),
        )


_READ_ONLY = Words("le volume est en lecture seule", "the volume is read-only")


def _error(what: Words, name: str) -> DiskError:
    return DiskError(
        what,
        where=name,
        what_to_do=Words(
            "Vérifiez la place, les droits et l'état de ce volume", "Check space, rights and health of this volume"
        ),
    )
