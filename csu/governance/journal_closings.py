"""What each finished day of the journal ended with: a chain of its own, which outlives the days that are purged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import sha256_hex

DAY_FORM = ChainForm("journal", first_link=sha256_hex("csu audit journal, 1"), sealed=True, indexes=("kind",))
CLOSINGS_FORM = ChainForm("closing", first_link=sha256_hex("csu closings of the audit journal, 1"), sealed=True)
CLOSINGS = "closings.sqlite"


@dataclass(frozen=True, slots=True)
class Closing:
    """What a day ended with. `first` and `last` are the numbers of its rows, the closing row included."""

    day: date
    first: int
    last: int
    before: str
    """The digest that its first row is bound to."""
    head: str


@dataclass(frozen=True, slots=True)
class Closings:
    """What `closings.sqlite` says: the days that ended, and which of them were purged."""

    closed: tuple[Closing, ...] = ()
    purged: frozenset[date] = frozenset()

    def with_row(self, kind: str, body: str) -> Closings:
        """And one more row. Raises ValueError, KeyError for what csu did not write."""
        held = json.loads(body)
        day = date.fromisoformat(held["day"])
        if kind == "purged":
            return Closings(self.closed, self.purged | {day})
        if kind != "closed":
            raise ValueError(f"{kind} is no kind of closing")
        made = Closing(day, held["first"], held["last"], held["before"], held["head"])
        return Closings((*self.closed, made), self.purged)

    @property
    def end(self) -> tuple[int, str]:
        """Where the next day's file goes on from."""
        return (self.closed[-1].last, self.closed[-1].head) if self.closed else (0, DAY_FORM.first_link)
