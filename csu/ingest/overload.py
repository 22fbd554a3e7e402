"""Has a camera's thread fallen behind its stream? A pure core.

Work and stream time are put on one account: a picture that took 100 ms to process and carries 80 ms of stream leaves
20 ms of debt. A camera that pauses and then sends a burst owes nothing, so a slow network is never called an overload.
"""

from __future__ import annotations

from csu.hal.clock import NS_PER_MS, Nanoseconds

DEBT_NS_MAX = 1_500 * NS_PER_MS
"""Beyond this, pictures are given up until the next key frame with the debt paid; each one is counted."""
DEBT_NS_PAID = 300 * NS_PER_MS


class WorkDebt:
    """The account of one camera's thread."""

    def __init__(self) -> None:
        self._debt_ns = 0
        self._giving_up = False

    @property
    def is_giving_up(self) -> bool:
        return self._giving_up

    @property
    def is_behind(self) -> bool:
        """True while what comes out is old: a picture that nobody dated may then be of any time."""
        return self._debt_ns > DEBT_NS_PAID

    def worked(self, busy_ns: Nanoseconds, stream_ns: Nanoseconds) -> None:
        """`busy_ns` were spent on a packet that brought `stream_ns` of stream."""
        self._debt_ns = max(0, self._debt_ns + busy_ns - max(0, stream_ns))

    def takes(self, is_key: bool) -> bool:
        """Shall the next packet be processed? False: give it up, count it, and tell the decoder nothing of it."""
        if self._debt_ns > DEBT_NS_MAX:
            self._giving_up = True
        elif self._giving_up and is_key and self._debt_ns <= DEBT_NS_PAID:
            self._giving_up = False
        return not self._giving_up
