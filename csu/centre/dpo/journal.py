"""The journal of a running centre, for whoever controls: found in from its files, verified in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from csu.centre.in_turn import InTurn
from csu.console.dpo import FindingAnswer, VerdictAnswer, Verification
from csu.governance.journal_check import FindingKind, finding_words
from csu.governance.journal_search import JournalPage, JournalQuery, search_journal
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words

Verify = Callable[[], Awaitable[Mapping[str, Any]]]
"""What `csu journal verify --json` tells. Raises CsuError."""


class JournalOfCentre:
    """See `csu.console.dpo.JournalReadingDesk`. `close` it: a verification that runs is given up."""

    def __init__(self, directory: Path, verify: Verify, clock: Clock) -> None:
        self._directory, self._verify, self._clock = directory, verify, clock
        self._searching = InTurn()
        self._verifying: asyncio.Task[None] | None = None
        self._state = Verification()

    async def search(self, query: JournalQuery) -> JournalPage:
        """One page, in a thread, one question at a time. Raises CsuError."""
        return await self._searching(lambda: search_journal(self._directory, query))

    def verification(self) -> Verification:
        """Of now."""
        return self._state

    def begin_verification(self) -> None:
        """Unless one runs."""
        if self._verifying is None or self._verifying.done():
            last = self._state
            self._state = Verification(self._clock.now_ns(), True, last.ended_at_ns, last.verdict, last.failed)
            self._verifying = asyncio.create_task(self._run(), name="journal verification")

    async def close(self) -> None:
        """Give up what runs."""
        if self._verifying is not None:
            self._verifying.cancel()
            with suppress(asyncio.CancelledError):
                await self._verifying

    async def _run(self) -> None:
        began_at_ns = self._state.began_at_ns
        verdict, failed = None, None
        try:
            verdict = _verdict(await self._verify())
        except CsuError as error:
            failed = error.trouble.words
        except (KeyError, TypeError, ValueError) as error:
            name = type(error).__name__
            failed = Words(f"le vérificateur a mal répondu ({name})", f"the verifier answered badly ({name})")
        self._state = Verification(began_at_ns, False, self._clock.now_ns(), verdict, failed)


def _verdict(told: Mapping[str, Any]) -> VerdictAnswer:
    findings = [
        FindingAnswer(where=each["where"], what=finding_words(FindingKind(each["kind"]))) for each in told["findings"]
    ]
    return VerdictAnswer(
        holds=told["holds"],
        rows=told["rows"],
        days=told["days"],
        days_purged=told["days_purged"],
        anchors=told["anchors"],
        stamps_verified=told["stamps_verified"],
        stamps_unchecked=told["stamps_unchecked"],
        rows_not_anchored=told["rows_not_anchored"],
        findings=findings,
    )
