"""The directories of media of one centre: which they are, and how each stands now.

The centre notes each volume in a file of its own (`VOLUMES_NOTE`): directory, identity, and whether it is admitted. It
alone writes that note; nodes, readers and checks believe it, and look at the volume themselves each time they begin
something on it. A volume that was lost is admitted again by the centre, once what expired meanwhile is destroyed on it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from csu.cluster.node_disk import refused
from csu.hal.disk import DiskError
from csu.hal.words import NO_WORDS, Words
from csu.machine import PARTIAL_SUFFIX
from csu.recording.space import (
    IDENTITY_NAME,
    VolumeIdentity,
    VolumeState,
    fault_of,
)

VOLUMES_NOTE = "volumes.json"
"""In the centre's data directory, beside its keys and apart from every volume."""


@dataclass(frozen=True, slots=True)
class Volume:
    """One directory of media as the centre noted it."""

    directory: Path
    identity: VolumeIdentity | None = None
    """None: a bench, whose directory is whatever lies there."""
    is_admitted: bool = True
    """False: it was lost, and has not yet been purged and opened again. Nothing is read from it or written to it."""

    @property
    def name(self) -> str:
        return str(self.directory)

    @property
    def is_new(self) -> bool:
        """Noted, and not yet opened for the first time."""
        return self.identity is not None and self.identity.sequence == 0


def note_of(data_directory: Path) -> Path:
    """Where the volumes of a centre are noted."""
    return data_directory / VOLUMES_NOTE


def read_note(path: Path) -> tuple[Volume, ...]:
    """The volumes of a centre; none before it was first opened. Raises DiskError."""
    try:
        rows = json.loads(path.read_bytes())
        return tuple(
            Volume(Path(row["directory"]), VolumeIdentity(row["volume"], row["sequence"]), row["admitted"])
            for row in rows
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DiskError(
            Words(f"la liste des volumes est illisible ({error})", f"the list of volumes cannot be read ({error})"),
            where=str(path),
            what_to_do=Words("Remettez ce fichier d'une sauvegarde", "Put this file back from a backup"),
        ) from error


def write_note(path: Path, volumes: Sequence[Volume]) -> None:
    """Note them, whole or not at all, durably. Raises DiskError."""
    rows = [
        {
            "directory": volume.name,
            "volume": volume.identity.volume,
            "sequence": volume.identity.sequence,
            "admitted": volume.is_admitted,
        }
        for volume in volumes
        if volume.identity is not None
    ]
    write_whole(path, json.dumps(rows, indent=1).encode() + b"\n")


def read_identity(directory: Path) -> VolumeIdentity | None:
    """Which volume is there; None: no volume of csu. Raises DiskError, also for an identity that cannot be read."""
    path = directory / IDENTITY_NAME
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refused(error, path) from error
    return VolumeIdentity.of_bytes(content, str(path))


def write_whole(path: Path, content: bytes) -> None:
    """Replace a small file, whole or not at all, durably. Raises DiskError."""
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused(error, path) from error


class Space(Protocol):
    """What a file system says of itself, as `os.statvfs` does."""

    @property
    def f_blocks(self) -> int: ...
    @property
    def f_frsize(self) -> int: ...
    @property
    def f_bavail(self) -> int: ...
    @property
    def f_flag(self) -> int: ...


AsksSpace: TypeAlias = Callable[[Path], Space]


def ask_host(directory: Path) -> Space:
    """What this machine says. Raises OSError."""
    return os.statvfs(directory)


def look_at(volume: Volume, ask_space: AsksSpace = ask_host) -> VolumeState:
    """How it stands now: whose it is, and its space. What the disk refuses is told in the answer."""
    try:
        fault = None
        if volume.identity is not None:
            fault = fault_of(volume.identity, read_identity(volume.directory))
        space = ask_space(volume.directory)
    except DiskError as error:
        return VolumeState(volume.name, 0, 0, trouble=error.trouble.what)
    except OSError as error:
        return VolumeState(volume.name, 0, 0, trouble=refused(error, volume.directory).trouble.what)
    size_bytes, free_bytes = space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize
    trouble = _READ_ONLY if space.f_flag & os.ST_RDONLY else NO_WORDS
    return VolumeState(volume.name, size_bytes, free_bytes, fault, trouble)


_READ_ONLY = Words("en lecture seule", "read-only")
