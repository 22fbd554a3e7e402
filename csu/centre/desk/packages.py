"""The packages of a centre: made, looked at as a court would, sealed to who asked, kept until they left. Calls block.

`work/` holds a package in clear while it is made, and is emptied at each start; `packages/` holds sealed ones only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from csu.centre.desk.signing import Signing
from csu.evidence import ExportFailed, ExportOrder, StoredSegment, Trust, make_package, seal_package, verify_package
from csu.evidence.cut import failed
from csu.hal.clock import NS_PER_S
from csu.hal.words import Words

_READ_BYTES = 1 << 20


class Packages:
    """In one directory, for this user alone."""

    def __init__(self, directory: Path, signing: Signing) -> None:
        """Raises ExportFailed when the directory cannot be used."""
        self._signing = signing
        self._work, self._sealed = directory / "work", directory / "packages"
        try:
            shutil.rmtree(self._work, ignore_errors=True)
            for folder in (self._work, self._sealed):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for torn in self._sealed.glob("*.partial"):
                torn.unlink()
        except OSError as error:
            raise _refused(directory, error) from error

    def require_authority(self) -> None:
        """Raises ExportFailed where nobody can say the time."""
        self._signing.require_authority()

    def make(self, order: ExportOrder, segments: Iterable[StoredSegment], recipients: Sequence[str]) -> str:
        """Make, verify and seal; returns the digest it is known by. Raises CsuError: then nothing of it is left."""
        authority = self._signing.require_authority()
        signer, roots = self._signing.signer, self._signing.stamp_roots
        parent = self._work / order.case
        try:
            package = make_package(order, segments, parent, signer, authority, roots)
            self._require_true(package.root, order)
            target = self._path(package.sha256)
            partial = target.with_name(f"{target.name}.partial")
            partial.unlink(missing_ok=True)
            seal_package(package, partial, recipients)
            _sync(partial)
            partial.rename(target)
            _sync(self._sealed)
        except OSError as error:
            raise _refused(parent, error) from error
        finally:
            shutil.rmtree(parent, ignore_errors=True)
        return package.sha256

    def is_there(self, sha256: str) -> bool:
        """Whether the sealed package of this digest is there."""
        return self._path(sha256).is_file()

    def read(self, sha256: str) -> Iterator[bytes]:
        """The sealed package, piece by piece. Raises ExportFailed."""
        try:
            with self._path(sha256).open("rb") as file:
                while data := file.read(_READ_BYTES):
                    yield data
        except OSError as error:
            raise _refused(self._path(sha256), error) from error

    def remove(self, sha256: str) -> int:
        """Destroy one, durably; its bytes, 0 when it is not there. Raises ExportFailed."""
        path = self._path(sha256)
        try:
            size = path.stat().st_size
            path.unlink()
            _sync(self._sealed)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise _refused(path, error) from error
        return size

    def _require_true(self, root: Path, order: ExportOrder) -> None:
        """What a court's verifier would not accept does not leave: raises ExportFailed naming the link."""
        trust = Trust(self._signing.signer.certificates[:1], self._signing.stamp_roots)
        now = datetime.fromtimestamp(order.exported_at_ns // NS_PER_S, UTC)
        work = root.with_name(f"{root.name}.verify")
        work.mkdir()
        verdict = verify_package(root, trust, now, work, case=order.case)
        broken = verdict.first_broken
        if broken is not None:
            raise failed(broken.where or broken.kind.value, broken.words)

    def _path(self, sha256: str) -> Path:
        return self._sealed / f"{sha256}.tar.age"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> ExportFailed:
    why = error.strerror or type(error).__name__
    return failed(str(path), Words(f"le disque a refusé : {why}", f"the disk refused: {why}"))
