"""How often somebody may fail to prove who he is: by account, and by address. Pure.

Waiting grows with each failure and is forgotten after a while. Nobody is locked out for good: else whoever knows an
account's name could keep its owner from his post.
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds

FREE_TRIES = 5
"""Failures before one has to wait [D]."""
WAIT_NS_FIRST = 10 * NS_PER_S
WAIT_NS_MAX = 5 * NS_PER_MINUTE
FORGOTTEN_NS = 30 * NS_PER_MINUTE
"""After so long without a failure nothing is held against anybody."""
ADDRESS_TRIES = 40
"""A workstation serves several people: an address may fail more often."""
KEPT_MAX = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    last_ns: Nanoseconds


class Throttle:
    """One per kind of name."""

    def __init__(self, free_tries: int) -> None:
        self._free_tries = free_tries
        self._failed: dict[str, _Failures] = {}

    def waits_ns(self, name: str, now_ns: Nanoseconds) -> Nanoseconds:
        """How long `name` has to wait still; 0: it may try now."""
        failed = self._failed.get(name)
        if failed is None or failed.count < self._free_tries:
            return 0
        wait_ns = min(WAIT_NS_FIRST << min(failed.count - self._free_tries, 10), WAIT_NS_MAX)
        return max(0, failed.last_ns + wait_ns - now_ns)

    def fail(self, name: str, now_ns: Nanoseconds) -> None:
        """It could not prove it."""
        failed = self._failed.pop(name, None)
        if failed is None or now_ns - failed.last_ns >= FORGOTTEN_NS:
            failed = _Failures(0, now_ns)
        failed.count, failed.last_ns = failed.count + 1, now_ns
        self._failed[name] = failed  # the newest stands last
        while len(self._failed) > KEPT_MAX:
            del self._failed[next(iter(self._failed))]

    def succeed(self, name: str) -> None:
        """It did: nothing is held against it."""
        self._failed.pop(name, None)
