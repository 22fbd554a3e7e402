"""The journal and the legal register: whole, and anchored elsewhere (14)."""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import judged


def judge_journal_unbroken(findings: Sequence[str], rows: int, heard: int, unanchored: int) -> Judgement:
    """`findings` and `rows`: of a verification of the files. `heard`: entries that were told to be durable.

    Each of those has a row; what comes later (ends, closings) only adds. At the end nothing is unanchored.
    """
    told = [Words.same(finding) for finding in findings]
    if rows < heard:
        told.append(Words(f"{rows} lignes pour {heard} écritures", f"{rows} rows for {heard} writings"))
    if unanchored:
        told.append(Words(f"{unanchored} lignes sans ancre", f"{unanchored} rows without an anchor"))
    return judged("journal_unbroken", told, rows)
