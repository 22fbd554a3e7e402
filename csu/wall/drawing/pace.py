"""How many pictures of a camera are drawn. Pure.

A picture that is drawn is drawn when it comes; one too many is left out, and none waits because others came before it.
"""

from __future__ import annotations

from csu.hal.clock import Nanoseconds


class Pace:
    """Of one camera: a picture every `every_ns` on average, two in a row at most; 0: all."""

    def __init__(self, every_ns: Nanoseconds) -> None:
        self._every_ns = every_ns
        self._due_ns: Nanoseconds | None = None
        """When the next is due if none came early."""
        self._left_out, self._again_ns = -1, 0

    def after(self, shown: int, now_ns: Nanoseconds) -> int:
        """The picture after which to ask for a newer one: one that was left out is asked for again when it stays the
        newest, so that the last picture of a camera is seen."""
        return max(shown, self._left_out) if now_ns < self._again_ns else shown

    def takes(self, sequence: int, now_ns: Nanoseconds) -> bool:
        """Whether this one is drawn."""
        due_ns = self._due_ns
        if due_ns is None or now_ns >= due_ns - self._every_ns:
            self._due_ns = max(now_ns, due_ns or now_ns) + self._every_ns
            return True
        self._left_out, self._again_ns = sequence, now_ns + self._every_ns
        return False
