"""What a killed node or a failing disk left on its volumes: found, and made into proper segments as far as it goes.

The steps of one left-over, each of which may be the last of this process too:
`x.mp4.partial` is renamed `x.mp4.torn.partial`; `x.mp4` is written anew from it; the torn one is removed; `x.mp4` is
told. A torn one beside `x.mp4` is removed, and `x.mp4` told; beside an unfinished `x.mp4.partial`, that one is removed
and made again. `x.mp4` may come to lie on another volume than the torn one: that one may be full.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from csu.cluster.node_disk import is_being_written
from csu.cluster.volumes import VolumesDisk
from csu.hal.camera import CameraId
from csu.hal.disk import Disk, DiskError
from csu.hal.errors import BadInput, CsuError
from csu.hal.keys import KeyStore
from csu.hal.words import Words
from csu.machine import PARTIAL_SUFFIX
from csu.recording import ClosedSegment, RecordingError, parse_segment_name
from csu.recording.recovery import NothingToRecover, read_segment, recover, with_hashes
from csu.recording.sealed_disk import SealedDisk, nobody
from csu.recording.sealed_records import is_sealed, key_name_of, whole_records

_log = logging.getLogger(__name__)
TORN = ".torn"
NOTHING_BYTES_MAX = 64 << 10
RETRY_S = 20.0
"""How often what could not be recovered is tried again, and volumes are looked for that came back."""
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class LeftOver:
    """One file that was being written when its process died."""

    name: str
    """The name it was to get."""
    camera: CameraId
    path: Path


def left_overs(disk: VolumesDisk, camera: CameraId | None = None) -> list[LeftOver]:
    """Files nobody writes any more, on the volumes that are there, of one camera or of all. Blocks."""
    return [left for directory in disk.directories() for left in _left_on(directory, f"*/{camera or '*'}/*")]


def _left_on(directory: Path, pattern: str) -> list[LeftOver]:
    found: dict[str, LeftOver] = {}
    for path in sorted(directory.glob(pattern + PARTIAL_SUFFIX)):
        name = path.relative_to(directory).as_posix().removesuffix(PARTIAL_SUFFIX).removesuffix(TORN)
        try:
            parsed = parse_segment_name(name)
            if not is_being_written(path):
                found[name] = LeftOver(name, parsed.camera, path)  # the torn one sorts last, and counts
        except (BadInput, FileNotFoundError):
            continue  # not ours, or closed just now
    return list(found.values())


def recover_left_over(disk: VolumesDisk, left: LeftOver, keys: KeyStore | None) -> ClosedSegment | None:
    """Make a segment of it, on whichever volume has room; None when there is nothing in it, or when somebody has it.

    Raises CsuError: then it stays where it is.
    """
    torn = left.path.with_name(left.name.rpartition("/")[2] + TORN + PARTIAL_SUFFIX)
    closed: ClosedSegment | None
    try:
        with left.path.open("r+b", buffering=0) as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if left.path != torn:
                if any((directory / left.name).with_name(torn.name).exists() for directory in disk.directories()):
                    left.path.unlink()  # an unfinished copy of the torn one, which is listed too
                    return None
                left.path.rename(torn)
            if disk.holds(left.name):
                closed = _made(disk, left.name, keys)  # and not told: the torn one goes before that
            else:
                for directory in disk.directories():
                    (directory / (left.name + PARTIAL_SUFFIX)).unlink(missing_ok=True)
                closed = _recovered(disk, left.name, torn, keys)
            torn.unlink()
            with suppress(OSError):  # the disk may still be failing; what was made of it is told all the same
                _sync(torn.parent)
    except (BlockingIOError, FileNotFoundError):
        return None  # another process is at it, or was
    except OSError as error:
        raise _refused(error, torn) from error
    return closed


def _recovered(disk: Disk, name: str, torn: Path, keys: KeyStore | None) -> ClosedSegment | None:
    with torn.open("rb") as file:
        sealed = is_sealed(file)
        try:
            if not sealed:
                return recover(disk, name, _pieces(torn))
            if keys is None:
                raise _no_keys(name)
            owner = key_name_of(file, name)
            return recover(SealedDisk(disk, keys, lambda _: owner), name, whole_records(file, name, keys))
        except NothingToRecover:
            if not sealed and file.seek(0, os.SEEK_END) > NOTHING_BYTES_MAX:
                raise  # too much to be nothing: somebody should look at it
            return None


def _made(disk: Disk, name: str, keys: KeyStore | None) -> ClosedSegment:
    """The segment that an earlier recovery had written, and died before it told."""
    with disk.open(name) as file:
        sealed = is_sealed(file)
    if sealed and keys is None:
        raise _no_keys(name)
    opened = SealedDisk(disk, keys, nobody) if sealed and keys is not None else disk
    with opened.open(name) as file:
        about = read_segment(file, name)
    return with_hashes(about, opened)


class Recovery:
    """Beside the recording of a node: what each of its cameras had left is made whole, one after the other, by one
    thread, when the node starts, when a disk refused a part of a file, and when a volume comes back. It is in no hurry:
    the lost time is already told as a gap.
    """

    def __init__(self, disk: VolumesDisk, keys: KeyStore | None, retry_s: float = RETRY_S) -> None:
        """`disk` tells it of what it leaves behind from now on."""
        self._disk = disk
        self._keys = keys
        self._retry_s = retry_s
        self._asked: queue.SimpleQueue[tuple[CameraId, Callable[[ClosedSegment], None]] | str] = queue.SimpleQueue()
        self._tell: dict[CameraId, Callable[[ClosedSegment], None]] = {}
        self._waiting: set[str] = set()
        """Names that were left behind and could not be made whole yet."""
        self._there: set[Path] = set(disk.directories())
        disk.left_behind = self._asked.put
        threading.Thread(target=self._run, name="recovery", daemon=True).start()

    def ask(self, camera: CameraId, tell: Callable[[ClosedSegment], None]) -> None:
        """Recover what `camera` left, now and later. `tell` is called from the thread of the recovery, for each segment
        made."""
        self._asked.put((camera, tell))

    def _run(self) -> None:
        while True:
            try:
                asked = self._asked.get(timeout=self._retry_s)
            except queue.Empty:
                self._look_again()
                continue
            if isinstance(asked, str):
                self._waiting.add(asked)
            else:
                self._tell[asked[0]] = asked[1]
                self._try(left_overs(self._disk, asked[0]))

    def _look_again(self) -> None:
        there = set(self._disk.directories())
        came_back, self._there = there - self._there, there
        for directory in came_back:
            for camera in list(self._tell):
                self._try(_left_on(directory, f"*/{camera}/*"))
        waiting, self._waiting = self._waiting, set()
        for name in waiting:
            found = [left for directory in there for left in _left_on(directory, name + "*")]
            self._try(found, is_known=True)

    def _try(self, found: list[LeftOver], *, is_known: bool = False) -> None:
        for left in found:
            tell = self._tell.get(left.camera)
            if tell is None:
                continue
            try:
                closed = recover_left_over(self._disk, left, self._keys)
            except CsuError as error:
                level = logging.DEBUG if is_known else logging.ERROR  # it is tried for as long as it takes
                _log.log(level, "a left-over of camera %s stays as it is: %s", left.camera, error)
                self._waiting.add(left.name)
                continue
            if closed is not None:
                _log.warning("camera %s: %s was recovered, %d ms", left.camera, closed.name, closed.duration_ms)
                tell(closed)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            yield data


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_keys(name: str) -> RecordingError:
    return RecordingError(
        Words("ce reste est scellé et aucune clé n'est donnée", "this left-over is sealed and no keys are given"),
        where=name,
        what_to_do=Words("Donnez le dossier des clés", "Give the directory of the keys"),
    )


def _refused(error: OSError, path: Path) -> DiskError:
    return DiskError(
        Words(f"le disque a refusé : {error.strerror}", f"the disk refused: {error.strerror}"),
        where=str(path),
        what_to_do=Words("Rien n'est perdu : recommencez", "Nothing is lost: try again"),
    )
