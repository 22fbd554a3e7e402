"""Which paths of which accounts still speak. Pure: told what was heard, asked what is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from csu.hal.clock import NS_PER_S, Nanoseconds


@dataclass(frozen=True, slots=True, order=True)
class SupervisedPath:
    """One path of one account that must be heard at least this often."""

    account: int
    path: str
    silent_after_s: float

    @property
    def patience_ns(self) -> Nanoseconds:
        return int(self.silent_after_s * NS_PER_S)


class Supervision:
    """Each supervised path is silent or not; each change is told once."""

    def __init__(self, paths: Iterable[SupervisedPath], now_ns: Nanoseconds) -> None:
        """From `now_ns` on every path has its patience to be heard for the first time."""
        self._paths = {(path.account, path.path): path for path in paths}
        self._heard = dict.fromkeys(self._paths, now_ns)
        self._silent: set[tuple[int, str]] = set()
        self._due = [(now_ns + path.patience_ns, name) for name, path in self._paths.items()]
        heapify(self._due)

    def heard(self, account: int, path: str, now_ns: Nanoseconds) -> SupervisedPath | None:
        """An authentic frame that was never heard before came by this path. The path, when it had been silent."""
        name = (account, path)
        if name not in self._paths:
            return None
        self._heard[name] = max(self._heard[name], now_ns)
        if name not in self._silent:
            return None
        self._silent.discard(name)
        heappush(self._due, (now_ns + self._paths[name].patience_ns, name))
        return self._paths[name]

    def due(self, now_ns: Nanoseconds) -> list[SupervisedPath]:
        """The paths that fell silent since this was asked last."""
        fallen = []
        while self._due and self._due[0][0] <= now_ns:
            _, name = heappop(self._due)
            until_ns = self._heard[name] + self._paths[name].patience_ns
            if until_ns > now_ns:
                heappush(self._due, (until_ns, name))
            else:
                self._silent.add(name)
                fallen.append(self._paths[name])
        return fallen

    def due_at_ns(self) -> Nanoseconds | None:
        """When to ask next; None: nothing is supervised."""
        return self._due[0][0] if self._due else None

    def silent(self, account: int) -> frozenset[str]:
        """The paths of an account that are silent now."""
        return frozenset(path for number, path in self._silent if number == account)
