"""The chain of a camera's segments: each is bound to the one closed before it, so that none can be taken out or put in.

link = SHA-256( previous link | name | SHA-256 of the file as stored | SHA-256 of its content )

The stored hash can be checked by whoever has the disk and no key; the content's by whoever was handed the content,
after the key is gone. The first link of a chain follows 32 zero bytes. Links go to the catalogue; the newest is also
kept beside the footage (`HeadStore`), so that a node that starts again goes on with it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from csu.hal.camera import CameraId
from csu.hal.errors import CsuError

_log = logging.getLogger(__name__)
NO_LINK = bytes(32)
ORDER_SLACK = 64
"""Links are made when files close; rows are sorted by capture time. A camera whose clock is corrected, or a file that
was recovered later, stands this many rows away at most from the one before it in the chain."""
_TAG = b"csu-chain-1"


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of one camera."""

    link: bytes
    number: int
    """How many links the chain has."""


class HeadStore(Protocol):
    """Where heads are kept between two lives of a recorder."""

    def head(self, camera: CameraId) -> Head | None:
        """The camera's head; None where there is none, or none that can be read: the chain then begins anew."""
        ...

    def keep(self, camera: CameraId, head: Head) -> None:
        """Keep it, durably. Raises HeadNotKept."""
        ...


@dataclass(frozen=True, slots=True)
class Linked:
    """What the chain takes of a segment, and what it says of it."""

    name: str
    sha256: bytes
    content_sha256: bytes
    link: bytes


def link_of(previous: bytes, name: str, sha256: bytes, content_sha256: bytes) -> bytes:
    """The link of a segment. `previous` and both hashes are 32 bytes."""
    digest = hashlib.sha256(_TAG)
    for part in (previous, len(name).to_bytes(2, "big") + name.encode(), sha256, content_sha256):
        digest.update(part)
    return digest.digest()


class CameraChain:
    """One camera's chain as its recorder makes it. Calls come from one thread."""

    def __init__(self, camera: CameraId, heads: HeadStore) -> None:
        self._camera = camera
        self._heads = heads
        self._head: Head | None = None
        self.begins = 0
        """How many times this recorder began a new chain: told, because a chain that begins proves nothing before."""
        self.unkept = 0
        """How many heads could not be kept."""

    def add(self, name: str, sha256: bytes, content_sha256: bytes) -> bytes:
        """The link of a file that has just been closed. A head that cannot be kept is logged: the file is safe, and the
        next one follows it all the same as long as this recorder lives."""
        head = self._head or self._heads.head(self._camera)
        if head is None:
            self.begins += 1
            _log.info("camera %s: a new chain begins at %s", self._camera, name)
            head = Head(NO_LINK, 0)
        link = link_of(head.link, name, sha256, content_sha256)
        self._head = Head(link, head.number + 1)
        try:
            self._heads.keep(self._camera, self._head)
        except HeadNotKept as error:
            self.unkept += 1
            _log.error("%s", error)
        return link


class HeadsInMemory:
    """A `HeadStore` that lives as long as its process: for simulations and tests."""

    def __init__(self) -> None:
        self.heads: dict[CameraId, Head] = {}

    def head(self, camera: CameraId) -> Head | None:
        return self.heads.get(camera)

    def keep(self, camera: CameraId, head: Head) -> None:
        self.heads[camera] = head


class HeadNotKept(CsuError):
    """The newest link could not be kept: after a restart the camera's chain begins anew, and says so."""


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a camera's rows, in order, amount to."""

    linked: int
    begins: tuple[str, ...]
    """Names at which a chain begins."""
    broken: tuple[str, ...]
    """Names whose link follows from nothing that stands before them."""
    unlinked: tuple[str, ...]
    """Names without a link."""


def check_chain(rows: Sequence[Linked]) -> ChainCheck:
    """Follow the links of one camera's rows, sorted by start. Pure.

    One row may follow what retention has already destroyed, unless the first begins a chain. A row whose link is not
    known (its node died before it told) may be followed too. Two rows may not follow the same one: a chain has no fork.
    """
    begins: list[str] = []
    broken: list[str] = []
    followed: set[bytes] = set()
    destroyed_before = bool(rows) and rows[0].link not in (NO_LINK, _next(NO_LINK, rows[0]))
    for index, row in enumerate(rows):
        if row.link == NO_LINK:
            continue
        if row.link == _next(NO_LINK, row):
            begins.append(row.name)
            continue
        found = _followed_by(index, rows)
        if found is None and destroyed_before:
            destroyed_before = False
        elif found is None or found in followed:
            broken.append(row.name)
        else:
            followed.add(found)
    unlinked = tuple(row.name for row in rows if row.link == NO_LINK)
    return ChainCheck(len(rows) - len(unlinked), tuple(begins), tuple(broken), unlinked)


def _followed_by(index: int, rows: Sequence[Linked]) -> bytes | None:
    """The link that row `index` follows: the row before it as a rule, else one nearby; None: none of them."""
    row, near = rows[index], _near(index, rows)
    for other in near:
        if other.link != NO_LINK and row.link == _next(other.link, row):
            return other.link
    links = [other.link for other in near if other.link != NO_LINK]
    for other in near:
        for link in [NO_LINK, *links] if other.link == NO_LINK else ():
            if row.link == _next(bridged := _next(link, other), row):
                return bridged
    return None


def _near(index: int, rows: Sequence[Linked]) -> list[Linked]:
    """The rows around one, those before it first."""
    before = rows[max(0, index - ORDER_SLACK) : index]
    return [*reversed(before), *rows[index + 1 : index + 1 + ORDER_SLACK]]


def _next(link: bytes, row: Linked) -> bytes:
    return link_of(link, row.name, row.sha256, row.content_sha256)
