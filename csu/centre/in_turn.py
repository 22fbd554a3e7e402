"""Work on one file, in a thread, one after the other: the loop waits for none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class InTurn:
    """One for each file that is used by one thread at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def __call__(self, work: Callable[[], _T]) -> _T:
        """Do it, and give what it gives. Raises what it raises."""
        async with self._turn:
            return await asyncio.to_thread(work)
