"""One `Disk` over all the volumes of a centre (`csu.cluster.volume_note`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from csu.cluster.node_disk import NodeDisk, NodeFile, refused
from csu.cluster.volume_note import AsksSpace, Volume, ask_host, look_at, note_of, read_note
from csu.hal.clock import Clock
from csu.hal.disk import DiskError
from csu.hal.words import Words
from csu.machine import SystemClock
from csu.recording.space import IDENTITY_NAME, MARKS, Troubles, VolumeState, Watermarks, choose


class VolumesDisk:
    """A `Disk` over several directories: a name is on one of them, a new file goes where there is most room.

    What fails is left alone for a while (`Troubles`), and the next file goes elsewhere. From any thread.
    """

    def __init__(
        self,
        volumes: Callable[[], Sequence[Volume]],
        *,
        clock: Clock | None = None,
        marks: Watermarks = MARKS,
        left_behind: Callable[[str], None] = lambda name: None,
        ask_space: AsksSpace = ask_host,
    ) -> None:
        """`volumes`: asked each time. `ask_space`: how full a directory is. `left_behind`: told the name of each file
        of which a disk refused a part, once nobody writes it any more: what was written of it lies there.
        """
        self.volumes = volumes
        """Those of now, whether or not they are there."""
        self._clock = clock or SystemClock()
        self._marks, self._ask_space = marks, ask_space
        self._troubles = Troubles()
        self._lock = threading.Lock()
        self.left_behind = left_behind

    @staticmethod
    def of(directory: Path, note: Path | None = None, *, clock: Clock | None = None) -> VolumesDisk:
        """The volumes of a note; without one `directory` alone, whatever lies there.

        Raises DiskError for a directory that cannot be made.
        """
        bench = (Volume(directory),)
        if note is None:
            NodeDisk(directory)
            return VolumesDisk(lambda: bench, clock=clock)
        return VolumesDisk(lambda: read_note(note), clock=clock)

    @staticmethod
    def of_centre(data_directory: Path) -> VolumesDisk:
        """What a centre recorded, as its note has it; of one that never noted a volume, its `media`."""
        note = note_of(data_directory)
        return VolumesDisk.of(data_directory / "media", note if note.exists() else None)

    def create(self, name: str) -> VolumeFile:
        """See Disk.create. A volume that refuses is passed over; raises DiskError when none takes it."""
        refusals = 0
        while True:
            volumes = {volume.name: volume for volume in self.volumes()}
            for volume in volumes.values():
                self._require_free(volume, name)
            chosen = volumes[choose([self._state(volume) for volume in volumes.values()], self._marks)]
            try:
                return VolumeFile(NodeDisk(chosen.directory).create(name), self, chosen)
            except DiskError as error:
                self.failed(chosen, error)
                refusals += 1
                if refusals >= len(volumes):
                    raise

    def open(self, name: str) -> BinaryIO:
        """See Disk.open."""
        return self._holding(name).open(name)

    def names(self, prefix: str = "") -> list[str]:
        """See Disk.names: of the volumes that are there."""
        every = {name for disk in self._disks() for name in disk.names(prefix)}
        return sorted(every - {IDENTITY_NAME})

    def size_bytes(self, name: str) -> int:
        """See Disk.size_bytes."""
        return self._holding(name).size_bytes(name)

    def remove(self, name: str) -> None:
        """See Disk.remove: from each volume that holds it."""
        self._holding(name)
        for disk in self._disks():
            if disk.holds(name):
                disk.remove(name)

    def free_bytes(self) -> int:
        """See Disk.free_bytes: of the volumes that take segments."""
        return sum(state.free_bytes for state in self.states() if state.is_writable(self._marks))

    def states(self) -> list[VolumeState]:
        """How each stands now."""
        return [self._state(volume) for volume in self.volumes()]

    def has(self, volume: Volume) -> bool:
        """Whether it is there, and admitted, as the note has it now."""
        return any(self._is_there(noted) for noted in self.volumes() if noted.directory == volume.directory)

    def takes_files(self, volume: Volume) -> bool:
        """Whether a new file may begin on it now."""
        return self._state(volume).is_writable(self._marks)

    def directories(self) -> list[Path]:
        """Of the volumes that are there."""
        return [volume.directory for volume in self.volumes() if self._is_there(volume)]

    def out_of_reach(self) -> list[VolumeState]:
        """Volumes that are not there: what they hold cannot be read, nor be said to be lost."""
        return [self._state(volume) for volume in self.volumes() if not self._is_there(volume)]

    def holds(self, name: str) -> bool:
        """Whether a volume that is there holds the committed file. Raises DiskError for what is no name."""
        return any(disk.holds(name) for disk in self._disks())

    def failed(self, volume: Volume, error: DiskError) -> None:
        """A volume refused something."""
        with self._lock:
            self._troubles.failed(volume.name, error.trouble.what, self._clock.monotonic_ns())

    def worked(self, volume: Volume) -> None:
        """A file was closed on it."""
        with self._lock:
            self._troubles.worked(volume.name, self._clock.monotonic_ns())

    def _state(self, volume: Volume) -> VolumeState:
        state = look_at(volume, self._ask_space)
        with self._lock:
            trouble = self._troubles.of(volume.name, self._clock.monotonic_ns())
        if state.fault is None and not state.trouble:
            trouble = trouble if volume.is_admitted else _NOT_ADMITTED
            return VolumeState(state.name, state.size_bytes, state.free_bytes, None, trouble)
        return state

    def _is_there(self, volume: Volume) -> bool:
        return volume.is_admitted and look_at(volume).is_readable

    def _disks(self) -> Iterator[NodeDisk]:
        return (NodeDisk(directory) for directory in self.directories())

    def _holding(self, name: str) -> NodeDisk:
        for disk in self._disks():
            if disk.holds(name):
                return disk
        gone = ", ".join(state.name for state in self.out_of_reach())
        raise DiskError(
            Words(f"absent des volumes en place (absents : {gone})", f"on none of the volumes here (missing: {gone})")
            if gone
            else Words("ce fichier n'existe pas", "no such file"),
            where=name,
            what_to_do=Words("Lancez csu recording check", "Run csu recording check"),
        )

    def _require_free(self, volume: Volume, name: str) -> None:
        if not self._is_there(volume):
            return
        disk = NodeDisk(volume.directory)
        try:
            is_taken = disk.holds(name) or disk.partial_path(name).exists()
        except OSError as error:
            self.failed(volume, refused(error, volume.directory))
            return
        if is_taken:
            raise DiskError(
                Words("un fichier de ce nom existe", "a file of that name exists"),
                where=f"{volume.name}/{name}",
                what_to_do=Words("Rien n'a été écrasé", "Nothing was overwritten"),
            )


class VolumeFile:
    """A file of a VolumesDisk while it is written. What its volume refuses, its disk remembers."""

    def __init__(self, inner: NodeFile, disk: VolumesDisk, volume: Volume) -> None:
        self.name = inner.name
        self._inner, self._disk, self._volume = inner, disk, volume

    def write(self, data: bytes) -> int:
        with self._watched():
            return self._inner.write(data)

    def sync(self) -> None:
        """See DiskFile.sync. Raises DiskError too when its volume is gone: a file that is open would not notice."""
        with self._watched():
            self._inner.sync()
            if not self._disk.has(self._volume):
                self._inner.is_refused = True
                raise DiskError(
                    Words("son volume n'est plus là", "its volume is no longer there"),
                    where=self._volume.name,
                    what_to_do=Words(
                        "L'enregistrement continue sur un autre volume s'il y en a un ; remontez celui-ci",
                        "Recording goes on on another volume if there is one; mount this one again",
                    ),
                )

    def commit(self) -> None:
        with self._watched():
            self._inner.commit()
        self._disk.worked(self._volume)

    def abandon(self) -> None:
        was_refused = self._inner.is_refused
        self._inner.abandon()
        if was_refused:
            self._inner.is_refused = False
            self._disk.left_behind(self.name)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except DiskError as error:
            if self._inner.is_refused:  # by the disk: one that has ended refuses too
                self._disk.failed(self._volume, error)
            raise


_NOT_ADMITTED = Words("pas encore purgé depuis son retour", "not yet purged since it came back")
