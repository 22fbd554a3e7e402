"""The register of public signs of a running centre."""

from __future__ import annotations

import asyncio
from pathlib import Path

from csu.centre.in_turn import InTurn
from csu.governance import CentreKey
from csu.governance.signs import Sign, SignEvent, SignLedger, SignRecorded, SignRegister, SignRemoved
from csu.hal.clock import Clock

FILE = "signs.sqlite"


class SignsOfCentre:
    """See `csu.console.dpo.SignDesk`."""

    def __init__(self, path: Path, key: CentreKey, clock: Clock) -> None:
        self._path, self._key, self._clock = path, key, clock
        self._in_turn = InTurn()
        self._ledger: SignLedger | None = None

    async def register(self) -> SignRegister:
        """As it stands. Raises CsuError."""
        return await self._in_turn(self._read)

    async def record(self, sign: Sign, person: str) -> SignRegister:
        """A new sign, or one that changed. Raises SignRefused; CsuError: nothing changed."""
        return await self._decide(SignRecorded(sign, person, self._clock.now_ns()))

    async def remove(self, sign: str, reason: str, person: str) -> SignRegister:
        """It was taken down. Raises as `record`."""
        return await self._decide(SignRemoved(sign, reason, person, self._clock.now_ns()))

    def close(self) -> None:
        """Release the file."""
        if self._ledger is not None:
            self._ledger.close()

    async def _decide(self, event: SignEvent) -> SignRegister:
        def decided() -> SignRegister:
            kept = self._open()
            kept.decide(lambda _: [event])
            return kept.value

        return await asyncio.shield(self._in_turn(decided))

    def _read(self) -> SignRegister:
        ledger = self._open()
        ledger.catch_up()
        return ledger.value

    def _open(self) -> SignLedger:
        if self._ledger is None:
            self._ledger = SignLedger(self._path, self._key)
        return self._ledger
