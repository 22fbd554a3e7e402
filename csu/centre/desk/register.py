"""The requisition desk's lines in the legal register: once for each hand-over, and read again (LOG-1, EXP-9)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from csu.centre.desk.lines import transmitted
from csu.evidence import Case
from csu.governance import LegalRegister
from csu.governance.legal_calendar import day_in_paris
from csu.governance.register_lines import Transmitted


class DeskRegister:
    """`register`: an object of its own; it is used by one thread at a time."""

    def __init__(self, register: LegalRegister) -> None:
        self._register = register
        self._turn = asyncio.Lock()
        self._registered: set[str] = set()
        """Cases whose hand-over is known to be there."""

    async def settle(self, cases: Sequence[Case]) -> None:
        """Every hand-over has its line: one that a crash left without gets it now. Raises CsuError."""
        handed = [case for case in cases if case.handed_over and case.case not in self._registered]
        if handed:
            async with self._turn:
                await asyncio.to_thread(self._add, handed)

    async def lines_of(self, case: Case) -> tuple[Transmitted, ...]:
        """What the register says was transmitted of this case. Raises CsuError."""
        if case.handed_over is None:
            return ()
        async with self._turn:
            return await asyncio.to_thread(self._lines, case)

    def _add(self, handed: Sequence[Case]) -> None:
        for case in handed:
            given = case.handed_over
            if given is not None and not self._lines(case):
                self._register.add([transmitted(case, given.hand_over, given.at_ns)])
            self._registered.add(case.case)

    def _lines(self, case: Case) -> tuple[Transmitted, ...]:
        first = min(case.exports[-1].spans)
        sent = self._register.answer(day_in_paris(first.from_ns), first.camera).transmitted
        return tuple(line for line in sent if line.case == case.case)
