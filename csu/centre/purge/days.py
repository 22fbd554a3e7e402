"""Days of the catalogue, dropped when all they spoke of is gone and what must be known longer is kept elsewhere.

Of a dropped day the legal register answers what was recorded, destroyed and transmitted (LOG-1), and the coverage that
the catalogue keeps answers how many seconds of each camera there were, and why the others are missing. Calls block.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from csu.centre.purge.lines import RegisterLines
from csu.centre.purge.ports import PurgePorts
from csu.governance.legal_calendar import day_in_paris
from csu.governance.spans import overlap
from csu.hal.clock import Nanoseconds
from csu.hal.keys import utc_day
from csu.recording.destruction import Protection, shortest_life_ns, span_of_utc_day


class PurgeDays:
    """One for each purge."""

    def __init__(self, ports: PurgePorts, lines: RegisterLines) -> None:
        self._ports, self._lines = ports, lines
        self._lives: dict[date, object] = {}
        """Days that still hold something, with the version of the catalogue that said so."""

    def drop(self, days: Sequence[date], protection: Protection, now_ns: Nanoseconds) -> int:
        """Drop every day that is over, in its turn; how many. Raises CatalogueError, DiskError, KeyStoreError.

        `days`: the catalogue's.
        """
        catalogue = self._ports.catalogue
        before = utc_day(max(0, now_ns - shortest_life_ns(self._ports.shortest_days())))
        over = [day for day in days if day < before and self._is_closed(day)]
        if not over:
            return 0
        sealed = {key.day for key in self._ports.keys.kept()}
        done = [day for day in over if day not in sealed and self._is_empty(day, protection)]
        for day in done:
            catalogue.keep_coverage(day)
            catalogue.drop_day(day)
        return len(done)

    def _is_closed(self, day: date) -> bool:
        """Whether the register says of each of its hours what was recorded and that it is destroyed."""
        span = span_of_utc_day(day)
        return all(self._lines.is_closed(each) for each in {day_in_paris(span.from_ns), day_in_paris(span.to_ns - 1)})

    def _is_empty(self, day: date, protection: Protection) -> bool:
        span, catalogue = span_of_utc_day(day), self._ports.catalogue
        # What a lock keeps was cut from segments that only their rows prove: their hashes, their links in the chain.
        if any(overlap(span, spans) for spans in protection.locks.values()):
            return False
        if any(tier.cameras(day) for tier in self._ports.tiers):
            return False
        version = catalogue.version(span.from_ns, span.to_ns)
        if self._lives.get(day) == version:
            return False
        if catalogue.living_of_day(day).segments:
            self._lives[day] = version
            return False
        self._lives.pop(day, None)
        return True
