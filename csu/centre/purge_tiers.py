"""Where copies of footage lie, as the purge sees it: every tier can say what it holds of a day, and destroy it (RET-4).

A tier holds files under the names of segments. What has no such name is nobody's footage and is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

from csu.hal.disk import Disk, DiskError
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.machine import PARTIAL_SUFFIX
from csu.recording import SegmentName, parse_segment_name

TORN_SUFFIX = ".torn"


@runtime_checkable
class Tier(Protocol):
    """One kind of copies. Calls block."""

    name: str
    """As the certificate tells it: `main`, `partial`, `backup`, `edge-card/cam-0012`."""

    def names(self, day: date | None = None) -> list[str]:
        """Names of the segments of which it holds a byte, of one UTC day or of all, sorted. Raises DiskError."""
        ...

    def destroy(self, names: Sequence[str]) -> int:
        """Remove every copy of these, durably; bytes removed. What is not there is no error.

        Raises DiskError when any could not be removed; the others are gone all the same.
        """
        ...


class DiskTier:
    """Committed files of a `Disk`."""

    def __init__(self, disk: Disk, name: str = "main") -> None:
        self.name = name
        self._disk = disk

    def names(self, day: date | None = None) -> list[str]:
        """See Tier.names."""
        return only_segments(self._disk.names("" if day is None else f"{day.isoformat()}/"))

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy."""
        there, removed, trouble = _there(self._disk, names), 0, None
        for name in there:
            try:
                size = self._disk.size_bytes(name)
                self._disk.remove(name)
                removed += size
            except DiskError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        return removed


class DirectoryTier:
    """A directory of media: committed files, those being written, and what a killed process left of them.

    A day is one folder, so that finding the files of a day reads no other.
    """

    def __init__(self, root: Path, name: str = "main") -> None:
        self.name = name
        self._root = root

    def names(self, day: date | None = None) -> list[str]:
        """See Tier.names."""
        try:
            days = [each for each in self._root.iterdir() if each.is_dir()] if day is None else [self._of(day)]
            found = [path for folder in days if folder.is_dir() for path in folder.glob("*/*")]
        except OSError as error:
            raise _refused(error, self._root) from error
        return only_segments(sorted({_bare(path.relative_to(self._root).as_posix()) for path in found}))

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy. Folders that it empties go too; a directory that is not there is not an empty one."""
        removed, trouble, folders = 0, None, set[Path]()
        if not self._root.is_dir():
            raise _refused(FileNotFoundError(2, "no such directory"), self._root)
        for name in names:
            path = self._root / name
            for suffix in ("", PARTIAL_SUFFIX, TORN_SUFFIX + PARTIAL_SUFFIX):
                copy = path.with_name(path.name + suffix)
                try:
                    size = copy.stat().st_size
                    copy.unlink()
                    removed += size
                    folders.add(copy.parent)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    trouble = trouble or _refused(error, copy)
        for folder in folders:
            _tidy(folder)
        if trouble is not None:
            raise trouble
        return removed

    def _of(self, day: date) -> Path:
        return self._root / day.isoformat()


class VolumeTier(DirectoryTier):
    """A directory that may be lost: while it is, it holds nothing that anybody could read, and stops nothing.

    When it is there again its names are found, and what has expired goes before anything of it is read (RET-4).
    """

    def __init__(self, root: Path, is_there: Callable[[], bool]) -> None:
        """`is_there`: asked each time, before anything is looked for or removed."""
        super().__init__(root, f"main:{root}")
        self._is_there = is_there

    def names(self, day: date | None = None) -> list[str]:
        """See Tier.names."""
        return super().names(day) if self._is_there() else []

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy."""
        return super().destroy(names) if self._is_there() else 0


def segment_of(name: str) -> SegmentName | None:
    """What a name says; None: it is no segment's."""
    with suppress(BadInput):
        return parse_segment_name(name)
    return None


def only_segments(names: Iterable[str]) -> list[str]:
    """Those that are names of segments."""
    return [name for name in names if segment_of(name) is not None]


def _there(disk: Disk, names: Sequence[str]) -> list[str]:
    there: set[str] = set()
    for day in {name.partition("/")[0] for name in names}:
        there.update(disk.names(f"{day}/"))
    return [name for name in names if name in there]


def _bare(name: str) -> str:
    return name.removesuffix(PARTIAL_SUFFIX).removesuffix(TORN_SUFFIX)


def _tidy(folder: Path) -> None:
    """Make the removal durable, and let go of folders that are empty now."""
    for each in (folder, folder.parent):
        try:
            each.rmdir()
        except OSError:
            _sync(each)
            return
    _sync(folder.parent.parent)


def _sync(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(error: OSError, path: Path) -> DiskError:
    return DiskError(
        Words(f"le disque a refusé : {error.strerror}", f"the disk refused: {error.strerror}"),
        where=str(path),
        what_to_do=Words(
            "Des images échues y restent : vérifiez ce volume ; la destruction recommence chaque minute",
            "Expired footage is still there: check this volume; destruction is tried again each minute",
        ),
    )
