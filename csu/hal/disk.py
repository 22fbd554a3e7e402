"""A disk as a port: whole names in one flat store, new files only, durable on demand.

Names are relative, `/`-separated, without `..`. A file that is being written is not visible under its final name until
`commit`; after `commit` returns the content and the name survive a power cut.
"""

from __future__ import annotations

from typing import BinaryIO, Protocol, runtime_checkable

from csu.hal.errors import CsuError


class DiskError(CsuError):
    """The disk refused or failed; the caller must treat what it was writing as lost."""


@runtime_checkable
class DiskFile(Protocol):
    """A file being written, front to back."""

    name: str

    def write(self, data: bytes) -> int:
        """Append `data`; returns its length. Raises DiskError (full, read-only, I/O error)."""
        ...

    def sync(self) -> None:
        """Make all that was written durable. Raises DiskError."""
        ...

    def commit(self) -> None:
        """Sync, then give the file its final name, durably. The file is closed. Raises DiskError."""
        ...

    def abandon(self) -> None:
        """Close and remove what was written. Never raises for a file already gone."""
        ...


@runtime_checkable
class Disk(Protocol):
    """One directory of media or one volume."""

    def create(self, name: str) -> DiskFile:
        """A new file. Raises DiskError when `name` exists, escapes the store, or the disk refuses."""
        ...

    def open(self, name: str) -> BinaryIO:
        """A committed file, for reading. Raises DiskError when absent."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """Committed names beginning with `prefix`, sorted."""
        ...

    def size_bytes(self, name: str) -> int:
        """Length of a committed file. Raises DiskError when absent."""
        ...

    def remove(self, name: str) -> None:
        """Remove a committed file, durably. Raises DiskError when absent."""
        ...

    def free_bytes(self) -> int:
        """Bytes that can still be written."""
        ...
