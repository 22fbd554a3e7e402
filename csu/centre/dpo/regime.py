"""The legal regime of a running centre: whoever analyses pictures asks `allows`, and is refused whatever is not known.

A file that cannot be believed, or read now, allows nothing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from csu.centre.in_turn import InTurn
from csu.console.dpo import RegimeStands
from csu.governance import CentreKey
from csu.governance.legal_regime import LegalRegime, RegimeLedger
from csu.hal.clock import Clock


class RegimeOfCentre:
    """See `csu.console.dpo.RegimeDesk`."""

    def __init__(self, path: Path, key: CentreKey, clock: Clock) -> None:
        self._path, self._key, self._clock = path, key, clock
        self._in_turn = InTurn()
        self._ledger: RegimeLedger | None = None

    async def stands(self) -> RegimeStands:
        """Today. Raises CsuError: nothing is believed, everything is off."""
        return await self._in_turn(self._stands)

    async def enter(self, regime: LegalRegime | None, person: str, reason: str) -> RegimeStands:
        """From now on, or none. Raises RegimeUnusable; CsuError: the former one stands."""

        def entered() -> RegimeStands:
            self._open().enter(regime, by=person, reason=reason, at_ns=self._clock.now_ns())
            return self._stands()

        return await asyncio.shield(self._in_turn(entered))

    def close(self) -> None:
        """Release the file."""
        if self._ledger is not None:
            self._ledger.close()

    def _stands(self) -> RegimeStands:
        ledger = self._open()
        ledger.catch_up()
        now = ledger.state
        return RegimeStands(now.regime, now.allows(self._clock.now_ns()), tuple(reversed(ledger.entries)))

    def _open(self) -> RegimeLedger:
        if self._ledger is None:
            self._ledger = RegimeLedger(self._path, self._key)
        return self._ledger
