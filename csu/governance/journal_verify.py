"""The whole journal, checked: every day's file, the closings of those that are gone, and the anchors kept elsewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from csu.governance.anchor import Anchor
from csu.governance.centre_key import PublicKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import is_guarded, read_rows
from csu.governance.journal import CHAIN
from csu.governance.journal_check import Finding, FindingKind, Walk, finding_words, walk_rows
from csu.governance.journal_closings import CLOSINGS, CLOSINGS_FORM, DAY_FORM, Closing, Closings
from csu.governance.journal_reading import days_of, path_of
from csu.governance.register_errors import StampRefused
from csu.governance.time_stamps import StampTrust, stamped_at
from csu.hal.words import Words


@dataclass(frozen=True, slots=True)
class JournalVerdict:
    """What the check found. `unanchored`: rows at the end that no anchor knows yet: a cut could take them."""

    findings: tuple[Finding, ...]
    rows: int
    days: int
    purged: int
    last: int
    head: str
    anchors: int
    stamps: int
    """Tokens that were verified."""
    stamps_unchecked: int
    """Tokens left alone because nobody said whose to believe."""
    unanchored: int

    @property
    def holds(self) -> bool:
        return not self.findings


def verify_journal(
    directory: Path,
    key: PublicKey,
    anchors: Sequence[Anchor] = (),
    trust: StampTrust | None = None,
    on_day: Callable[[str], None] = lambda _: None,
) -> JournalVerdict:
    """Check everything. `key` and `anchors` must come from elsewhere than `directory`. Changes nothing there."""
    ours = [anchor for anchor in anchors if anchor.chain == CHAIN]
    check = _Check(directory, key, frozenset(anchor.sequence for anchor in ours))
    check.closings()
    days = set(days_of(directory))
    for closing in check.closed.closed:
        on_day(closing.day.isoformat())
        check.finished_day(closing, closing.day in days)
    known = {closing.day for closing in check.closed.closed}
    for day in sorted(days - known):
        on_day(day.isoformat())
        check.rows_of(path_of(directory, day))
    stamps, unchecked = check.anchors(ours, trust)
    walk = check.walk
    return JournalVerdict(
        findings=tuple(walk.findings),
        rows=walk.entries,
        days=len(days),
        purged=len(check.closed.purged),
        last=walk.last,
        head=walk.head,
        anchors=len(ours),
        stamps=stamps,
        stamps_unchecked=unchecked,
        unanchored=max(0, walk.last - max((anchor.sequence for anchor in ours), default=0)),
    )


def check_file(
    path: Path, form: ChainForm, key: PublicKey, after: tuple[int, str], wanted: frozenset[int] = frozenset()
) -> Walk:
    """One file, from the row before its first: what is not as written, and where it ends."""
    walk = Walk(*after)
    name = path.name
    try:
        walk_rows(walk, name, lambda: read_rows(path, form), key, wanted)
        guarded = is_guarded(path, form)
    except sqlite3.Error:
        walk.findings.append(Finding(FindingKind.UNREADABLE, name, finding_words(FindingKind.UNREADABLE)))
        return walk
    if not guarded:
        walk.findings.append(Finding(FindingKind.UNGUARDED, name, finding_words(FindingKind.UNGUARDED)))
    return walk


class _Check:
    def __init__(self, directory: Path, key: PublicKey, wanted: frozenset[int]) -> None:
        self._directory, self._key, self._wanted = directory, key, wanted
        self._gone_through = 0
        self._last_file = directory.name
        self.walk = Walk(0, DAY_FORM.first_link)
        self.closed = Closings()

    def closings(self) -> None:
        path = self._directory / CLOSINGS
        if not path.exists():
            if days_of(self._directory):
                self._tell(FindingKind.MISSING, CLOSINGS)
            return
        found = check_file(path, CLOSINGS_FORM, self._key, (0, CLOSINGS_FORM.first_link))
        self.walk.findings += found.findings
        if any(finding.kind is FindingKind.UNREADABLE for finding in found.findings):
            return
        for row in read_rows(path, CLOSINGS_FORM):
            try:
                self.closed = self.closed.with_row(row.kind, row.body)
            except (ValueError, KeyError, TypeError):
                self._tell(FindingKind.CHANGED, f"{CLOSINGS}#{row.sequence}")

    def finished_day(self, closing: Closing, there: bool) -> None:
        """A day that was closed: what its file ends with is known."""
        path, walk = path_of(self._directory, closing.day), self.walk
        if closing.day in self.closed.purged:
            self._gone_through = closing.last
            if there:
                self._tell(FindingKind.OVERDUE, path.name)
        elif not there:
            self._tell(FindingKind.MISSING, path.name)
        else:
            sound = self.rows_of(path)
            if sound and (walk.last, walk.head) != (closing.last, closing.head):
                kind = FindingKind.CUT if walk.last < closing.last else FindingKind.REPLACED
                self._tell(kind, f"{path.name}#{walk.last}")
        walk.last, walk.head = closing.last, closing.head

    def rows_of(self, path: Path) -> bool:
        """Follow one file; True when all of it is genuine."""
        walk = self.walk
        found = check_file(path, DAY_FORM, self._key, (walk.last, walk.head), self._wanted)
        walk.last, walk.head = found.last, found.head
        walk.entries += found.entries
        walk.digests |= found.digests
        walk.findings += found.findings
        self._last_file = path.name
        return not found.findings

    def anchors(self, anchors: Sequence[Anchor], trust: StampTrust | None) -> tuple[int, int]:
        """Hold the chain against what was noted elsewhere; (tokens verified, tokens left alone)."""
        walk, stamps, unchecked, told = self.walk, 0, 0, set[FindingKind]()
        for number, anchor in enumerate(anchors, 1):
            if not anchor.is_signed(self._key):
                self._tell(FindingKind.UNSIGNED, f"anchor#{number}")
                continue
            if anchor.token and trust is None:
                unchecked += 1
            elif anchor.token and trust is not None:
                stamps += self._stamp(anchor, number, trust)
            kind = None
            if anchor.sequence > walk.last:
                kind = FindingKind.CUT
            elif anchor.sequence > self._gone_through and walk.digests.get(anchor.sequence) != anchor.head:
                kind = FindingKind.REPLACED
            if kind is not None and kind not in told:  # the first one says it
                told.add(kind)
                place = f"{self._last_file}#{walk.last}" if kind is FindingKind.CUT else f"#{anchor.sequence}"
                self._tell(kind, place)
        return stamps, unchecked

    def _stamp(self, anchor: Anchor, number: int, trust: StampTrust) -> int:
        try:
            stamped_at(anchor.token, anchor.statement.encode(), trust)
        except StampRefused as error:
            said = error.trouble.what
            kind = FindingKind.BAD_STAMP
            self.walk.findings.append(Finding(kind, f"anchor#{number}", Words(said.fr, said.en)))
            return 0
        return 1

    def _tell(self, kind: FindingKind, where: str) -> None:
        self.walk.findings.append(Finding(kind, where, finding_words(kind)))
