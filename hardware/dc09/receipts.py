"""Acknowledgements that are owed: to whom, for which entry, since when. Pure but for the sending."""

from __future__ import annotations

from csu.hal.clock import NS_PER_S
from hardware.dc09.acceptance import Instant, Receipt
from hardware.dc09.doors import Channel
from hardware.dc09.memory import Entry

ANSWER_WITHIN_S = 20.0
"""A panel waits 5 to 20 s and then repeats its frame; an answer that is later than this is to nobody."""
PER_ENTRY_MAX = 8


class Receipts:
    """At most PER_ENTRY_MAX an entry, one a channel: a repeat replaces what was owed there."""

    def __init__(self) -> None:
        self._owed: dict[Entry, dict[Channel, tuple[Receipt, int]]] = {}

    def __len__(self) -> int:
        return len(self._owed)

    def owe(self, entry: Entry, channel: Channel, receipt: Receipt, at: Instant) -> None:
        owed = self._owed.setdefault(entry, {})
        owed.pop(channel, None)
        owed[channel] = (receipt, at.steady_ns)
        if len(owed) > PER_ENTRY_MAX:
            del owed[next(iter(owed))]

    def pay(self, entry: Entry, at: Instant) -> int:
        """Send what is owed and in time; how many were sent."""
        in_time = [
            (channel, receipt)
            for channel, (receipt, since_ns) in self._owed.pop(entry, {}).items()
            if at.steady_ns - since_ns <= ANSWER_WITHIN_S * NS_PER_S
        ]
        for channel, receipt in in_time:
            channel.send(receipt.at(at.now_ns))
        return len(in_time)

    def drop(self, entry: Entry) -> None:
        self._owed.pop(entry, None)

    def drop_late(self, at: Instant) -> None:
        """What nobody waits for any more."""
        since_ns = at.steady_ns - int(ANSWER_WITHIN_S * NS_PER_S)
        for entry, owed in list(self._owed.items()):
            if all(owed_ns < since_ns for _, owed_ns in owed.values()):
                del self._owed[entry]
