"""Is the journal what was written? Reads the files as they lie there, and names the first row that is not (LOG-6).

Believed are the centre's public key, which comes from elsewhere, and the anchors, which lie elsewhere. A row is genuine
when its signature is the centre's and it links to the row before it; its body names its own number, so that a row that
was taken away, added, moved or changed is told apart.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from csu.governance.centre_key import PublicKey
from csu.governance.chained_file import ChainRow, link
from csu.hal.words import Words

FINDINGS_MAX = 20
"""Told of one file; the first one says what to look for."""


class FindingKind(StrEnum):
    """What was done to the journal."""

    CHANGED = "changed"
    """A row's content is not what was signed."""
    MISSING = "missing"
    """Rows, or a day's file, were taken out of the middle."""
    ADDED = "added"
    """A row that csu did not write stands between others."""
    MOVED = "moved"
    """Rows stand in another order."""
    CUT = "cut"
    """Rows were taken off the end: an anchor, or a day's closing, knows later ones."""
    REPLACED = "replaced"
    """The chain is whole, but not the one that was anchored."""
    UNSIGNED = "unsigned"
    """A row links to the one before it and does not carry the centre's signature: changed or added outside csu."""
    OVERDUE = "overdue"
    """A day that was purged is still, or again, on the disk."""
    UNREADABLE = "unreadable"
    """A file is no database, or lacks its table."""
    UNGUARDED = "unguarded"
    """A file lacks its triggers."""
    BAD_STAMP = "bad_stamp"
    """A time-stamp token does not prove its anchor."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as written. `where`: file#number."""

    kind: FindingKind
    where: str
    what: Words


@dataclass(slots=True)
class Walk:
    """How far the chain was followed, through one file after the other."""

    last: int
    head: str
    findings: list[Finding] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)
    """Of the rows whose numbers were asked for."""
    entries: int = 0


def walk_rows(
    walk: Walk, file: str, read: Callable[[], Iterable[ChainRow]], key: PublicKey, wanted: Iterable[int] = ()
) -> None:
    """Follow one file's rows, in their order there, from where `walk` stands; tell what is not genuine.

    `read` gives the rows, and once more when one is not genuine. `wanted`: the numbers of rows whose digests are kept
    in `walk`.
    """
    step = _Steps(walk, file, key, frozenset(wanted))
    numbers: Counter[int] | None = None
    for row in read():
        number = _number_in(row.body)
        linked = number is not None and link(walk.head, number, row.kind, row.body) == row.digest
        if linked and number == walk.last + 1 == row.sequence and key.signed(row.digest, row.signature):
            step.on(number, row.digest)
            continue
        if numbers is None:
            numbers = Counter(each for each in (_number_in(row.body) for row in read()) if each is not None)
        step.aside(row, number, linked, numbers)
        if len(walk.findings) >= FINDINGS_MAX:
            return


class _Steps:
    """Through one file: goes on after a row that is not genuine, so that one deed is told once."""

    def __init__(self, walk: Walk, file: str, key: PublicKey, wanted: frozenset[int]) -> None:
        self._walk, self._file, self._key, self._wanted = walk, file, key, wanted
        self._moved: dict[int, str] = {}
        self._told = self._unsure = False

    def on(self, number: int, digest: str) -> None:
        """The row `number` is where it belongs; so are those behind it that were met too early."""
        walk = self._walk
        walk.last, walk.head, walk.entries = number, digest, walk.entries + 1
        self._unsure = False
        if number in self._wanted:
            walk.digests[number] = digest
        if self._moved and (early := self._moved.pop(number + 1, None)) is not None:
            self.on(number + 1, early)

    def aside(self, row: ChainRow, number: int | None, linked: bool, numbers: Counter[int]) -> None:
        """A row that does not follow."""
        expected = self._walk.last + 1
        if number is not None and self._key.signed(row.digest, row.signature):
            self._signed(row, number, linked, numbers)
        elif number == expected and numbers[expected] > 1:
            self._tell(FindingKind.ADDED, expected)
        elif number == expected:
            self._tell(FindingKind.UNSIGNED if linked else FindingKind.CHANGED, expected)
            self.on(expected, row.digest)
            self._unsure = True
        elif number is None or expected not in numbers:
            self._tell(FindingKind.CHANGED, expected)
            self.on(expected, row.digest)
            self._unsure = True
        else:
            self._tell(FindingKind.ADDED, row.sequence)

    def _signed(self, row: ChainRow, number: int, linked: bool, numbers: Counter[int]) -> None:
        expected = self._walk.last + 1
        if number < expected or (not linked and numbers[number] > 1):
            self._tell(FindingKind.ADDED, row.sequence)
        elif number == expected:
            # The centre's row. It may fail to link only because the one before it was told, whose digest was made up.
            if linked and not self._told:
                self._tell(FindingKind.MOVED, number)
            elif not linked and not self._unsure:
                self._tell(FindingKind.CHANGED, number)
            self.on(number, row.digest)
        elif expected in numbers:
            if not self._moved:  # what waits for one row was told with the first
                self._tell(FindingKind.MOVED, number)
            self._moved[number] = row.digest
        elif number == row.sequence or number + 1 in numbers:
            self._tell(FindingKind.MISSING, expected)
            self.on(number, row.digest)
        else:
            self._tell(FindingKind.CHANGED, expected)
            self.on(expected, row.digest)

    def _tell(self, kind: FindingKind, number: int) -> None:
        self._told = True
        self._walk.findings.append(Finding(kind, f"{self._file}#{number}", finding_words(kind)))


def _number_in(body: str) -> int | None:
    try:
        number = json.loads(body)["n"]
    except (ValueError, KeyError, TypeError):
        return None
    return number if isinstance(number, int) else None


def finding_words(kind: FindingKind) -> Words:
    """What was found, for a person."""
    return _WORDS[kind]


_WORDS = {
    FindingKind.CHANGED: Words("cette ligne a été modifiée", "this row was changed"),
    FindingKind.MISSING: Words("des lignes manquent à partir d'ici", "rows are missing from here on"),
    FindingKind.ADDED: Words("cette ligne a été ajoutée hors de csu", "this row was added outside csu"),
    FindingKind.MOVED: Words("des lignes ont changé de place", "rows were moved"),
    FindingKind.CUT: Words("la fin a été coupée", "the end was cut off"),
    FindingKind.REPLACED: Words("cette chaîne n'est pas celle qui fut ancrée", "this chain is not the one anchored"),
    FindingKind.UNSIGNED: Words(
        "cette ligne ne porte pas la signature du centre", "this row does not carry the centre's signature"
    ),
    FindingKind.OVERDUE: Words("ce jour purgé est encore sur le disque", "this purged day is still on the disk"),
    FindingKind.UNREADABLE: Words("ce fichier n'est pas lisible", "this file cannot be read"),
    FindingKind.UNGUARDED: Words("les verrous de ce fichier ont été ôtés", "the guards of this file were taken away"),
    FindingKind.BAD_STAMP: Words("ce jeton d'horodatage ne prouve rien", "this time-stamp token proves nothing"),
}
