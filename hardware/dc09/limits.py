"""How much anybody may say: token buckets, and a bound on how many there are. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from csu.hal.clock import NS_PER_S, Nanoseconds

K = TypeVar("K", bound=Hashable)


class RateLimits(Generic[K]):
    """One bucket a name, `names_max` names: the one that was silent longest makes room."""

    def __init__(self, per_s: float, burst: float, names_max: int) -> None:
        self._per_ns = per_s / NS_PER_S
        self._burst = max(burst, 1.0)
        self._names_max = names_max
        self._left: OrderedDict[K, tuple[float, Nanoseconds]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def allows(self, name: K, now_ns: Nanoseconds) -> bool:
        """Takes a token of `name`'s bucket; False when there is none. A clock that steps back gives nothing."""
        left, at_ns = self._left.pop(name, (self._burst, now_ns))
        left = min(self._burst, left + max(0, now_ns - at_ns) * self._per_ns)
        allowed = left >= 1.0
        self._left[name] = (left - 1.0 if allowed else left, now_ns)
        if len(self._left) > self._names_max:
            self._left.popitem(last=False)
        return allowed
