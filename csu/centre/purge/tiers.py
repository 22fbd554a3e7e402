"""Where copies of footage lie, as the purge sees it: every tier can say what it holds of a day, and destroy it (RET-4).

A tier holds files under the names of segments. What has no such name is nobody's footage and is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

from csu.hal.camera import CameraId
from csu.hal.disk import Disk, DiskError
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.machine import PARTIAL_SUFFIX
from csu.recording import SegmentName, parse_segment_name

TORN_SUFFIX = ".torn"


@runtime_checkable
class Tier(Protocol):
    """One kind of copies. Calls block; each raises DiskError. A month of 1,300 cameras is 56 million files: nothing
    that is done each minute reads all names of a day."""

    name: str
    """As the certificate tells it: `main`, `partial`, `backup`, `edge-card/cam-0012`."""

    def days(self) -> list[date]:
        """UTC days of which it may hold something, the oldest first."""
        ...

    def cameras(self, day: date) -> list[CameraId]:
        """Cameras of which it holds a byte of that UTC day, sorted."""
        ...

    def names(
        self, day: date | None = None, camera: CameraId | None = None, hours: Collection[int] | None = None
    ) -> list[str]:
        """Names of the segments of which it holds a byte, of one UTC day, camera, hours (0 to 23) or of all, sorted."""
        ...

    def held(self, names: Sequence[str]) -> set[str]:
        """Those of these segments of which it holds a byte."""
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

    def days(self) -> list[date]:
        """See Tier.days."""
        return sorted({date.fromisoformat(name[:10]) for name in self.names()})

    def cameras(self, day: date) -> list[CameraId]:
        """See Tier.cameras."""
        return sorted({CameraId(name.split("/")[1]) for name in self.names(day)})

    def names(
        self, day: date | None = None, camera: CameraId | None = None, hours: Collection[int] | None = None
    ) -> list[str]:
        """See Tier.names."""
        there = only_segments(self._disk.names("" if day is None else f"{day.isoformat()}/"))
        return [name for name in there if camera in (None, name.split("/")[1]) and _is_of(name, hours)]

    def held(self, names: Sequence[str]) -> set[str]:
        """See Tier.held."""
        days = {name.partition("/")[0] for name in names}
        return set(names) & {name for day in days for name in self._disk.names(f"{day}/")}

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy."""
        removed, trouble = 0, None
        for name in sorted(self.held(names)):
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

    A day is a folder, and in it a camera. A directory that is not there is not an empty one.
    """

    def __init__(self, root: Path, name: str = "main") -> None:
        self.name = name
        self._root = root

    def days(self) -> list[date]:
        """See Tier.days."""
        found = []
        for folder in self._listed(""):
            with suppress(ValueError):
                found.append(date.fromisoformat(folder))
        return sorted(found)

    def cameras(self, day: date) -> list[CameraId]:
        """See Tier.cameras."""
        return [camera for camera in self._folders(day) if any(self._segments(day, camera))]

    def names(
        self, day: date | None = None, camera: CameraId | None = None, hours: Collection[int] | None = None
    ) -> list[str]:
        """See Tier.names."""
        return sorted(
            {
                name
                for each in (self.days() if day is None else [day])
                for of in (self._folders(each) if camera is None else [camera])
                for name in self._segments(each, of)
                if _is_of(name, hours)
            }
        )

    def held(self, names: Sequence[str]) -> set[str]:
        """See Tier.held."""
        self._require_root()
        return {name for name in names if any(_size_of(copy) is not None for copy in self._copies(name))}

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy. Folders that it empties go too."""
        removed, trouble, folders = 0, None, set[str]()
        self._require_root()
        for name in names:
            for copy in self._copies(name):
                try:
                    size = _size_of(copy)
                    if size is not None:
                        os.unlink(copy)
                        removed += size
                        folders.add(os.path.dirname(copy))
                except OSError as error:
                    trouble = trouble or _refused(error, copy)
                except DiskError as error:
                    trouble = trouble or error
        for folder in sorted(folders):
            _tidy(Path(folder))
        if trouble is not None:
            raise trouble
        return removed

    def _copies(self, name: str) -> list[str]:
        return [f"{self._root}/{name}{suffix}" for suffix in ("", PARTIAL_SUFFIX, TORN_SUFFIX + PARTIAL_SUFFIX)]

    def _folders(self, day: date) -> list[CameraId]:
        return [CameraId(folder) for folder in sorted(self._listed(day.isoformat()))]

    def _segments(self, day: date, camera: CameraId) -> Iterator[str]:
        """Names, one for each copy that is there."""
        for file in self._listed(f"{day.isoformat()}/{camera}"):
            name = f"{day.isoformat()}/{camera}/{_bare(file)}"
            if segment_of(name) is not None:
                yield name

    def _listed(self, folder: str) -> list[str]:
        self._require_root()
        try:
            return os.listdir(self._root / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _refused(error, str(self._root / folder)) from error

    def _require_root(self) -> None:
        if not self._root.is_dir():
            raise _refused(FileNotFoundError(2, "no such directory"), str(self._root))


def _size_of(path: str) -> int | None:
    try:
        return os.lstat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _refused(error, path) from error


class VolumeTier(DirectoryTier):
    """A directory that may be lost: while it is, it holds nothing that anybody could read, and stops nothing.

    When it is there again its names are found, and what has expired goes before anything of it is read (RET-4).
    """

    def __init__(self, root: Path, is_there: Callable[[], bool]) -> None:
        """`is_there`: asked each time, before anything is looked for or removed."""
        super().__init__(root, f"main:{root}")
        self._is_there = is_there

    def days(self) -> list[date]:
        """See Tier.days."""
        return super().days() if self._is_there() else []

    def cameras(self, day: date) -> list[CameraId]:
        """See Tier.cameras."""
        return super().cameras(day) if self._is_there() else []

    def names(
        self, day: date | None = None, camera: CameraId | None = None, hours: Collection[int] | None = None
    ) -> list[str]:
        """See Tier.names."""
        return super().names(day, camera, hours) if self._is_there() else []

    def held(self, names: Sequence[str]) -> set[str]:
        """See Tier.held."""
        return super().held(names) if self._is_there() else set()

    def destroy(self, names: Sequence[str]) -> int:
        """See Tier.destroy."""
        return super().destroy(names) if self._is_there() else 0


def segment_of(name: str) -> SegmentName | None:
    """What a name says; None: it is no segment's."""
    with suppress(BadInput):
        return parse_segment_name(name)
    return None


def _is_of(name: str, hours: Collection[int] | None) -> bool:
    """Whether a segment's name says that it begins in one of these hours."""
    return hours is None or int(name.rpartition("/")[2][9:11]) in hours


def only_segments(names: Iterable[str]) -> list[str]:
    """Those that are names of segments."""
    return [name for name in names if segment_of(name) is not None]


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


def _refused(error: OSError, path: str) -> DiskError:
    return DiskError(
        Words(f"le disque a refusé : {error.strerror}", f"the disk refused: {error.strerror}"),
        where=path,
        what_to_do=Words(
            "Des images échues y restent : vérifiez ce volume ; la destruction recommence chaque minute",
            "Expired footage is still there: check this volume; destruction is tried again each minute",
        ),
    )
