"""Small files that must be there whole, for one user alone, and gone when they are to be gone. All raise OSError."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make_private(directory: Path) -> None:
    """There, and for this user alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_mode & 0o077:
        directory.chmod(0o700)


def write_new(path: Path, content: bytes, *, may_exist: bool = False) -> None:
    """Create `path` whole or not at all, durably. A file already there stays as it is."""
    if may_exist and path.exists():
        return
    descriptor, making = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".making", dir=path.parent)  # for us alone
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(making, path)  # unlike rename, it fails where another process was first
    except FileExistsError:
        pass
    finally:
        os.unlink(making)
    sync(path.parent)


def erase(path: Path) -> None:
    """Overwrite, sync, unlink. Overwriting reaches the platters of a plain disk; an SSD, a RAID log or a copy-on-write
    file system may keep the old block for a while. There the wrapping secret is what counts: whoever finds an old block
    finds a wrapped key. Against a thief of both, only a store that can destroy (HSM, OpenBao) helps (decision 0030).
    """
    try:
        with path.open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            for fill in (b"\xff", b"\0"):
                file.seek(0)
                file.write(fill * size)
                file.flush()
                os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return  # another process was first


def sync(directory: Path) -> None:
    """What is in it stays in it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
