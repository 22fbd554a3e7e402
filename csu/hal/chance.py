"""Chance, identifiers and planned trouble as ports."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Chance(Protocol):
    """A source of randomness. Each entity takes its own named stream, so that one more draw shifts nobody else's."""

    def stream(self, name: str) -> Chance:
        """An independent source for `name` (for example `retry/cam-0012`); the same name gives the same stream."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A float in [low, high)."""
        ...

    def integer(self, low: int, high: int) -> int:
        """An int in [low, high], both included. Raises ValueError when low > high."""
        ...


@runtime_checkable
class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self, kind: str) -> str:
        """An identifier never given before by this source, beginning with `kind` and a hyphen."""
        ...


@runtime_checkable
class Chaos(Protocol):
    """A place in production code where a test may make trouble. In production it does nothing."""

    async def __call__(self, point: str) -> None:
        """Pass through the fault point `point` (for example `catalogue.flush`): return, delay, or raise OSError."""
        ...
