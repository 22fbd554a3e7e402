"""What a farm and its serving process say to each other: orders one way, one answer each the other way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sim.endpoints.spec import EndpointCounts, EndpointSpec, Fault
from sim.street.mount import Motion


@dataclass(frozen=True, slots=True)
class Open:
    """The first order: serve these."""

    specs: tuple[EndpointSpec, ...]


@dataclass(frozen=True, slots=True)
class Misbehave:
    """Order: this camera has this fault from now on."""

    camera: str
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Order: this camera moves so."""

    camera: str
    motion: Motion


@dataclass(frozen=True, slots=True)
class Count:
    """Order: tell all counters."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Order: end."""


Order: TypeAlias = Open | Misbehave | Turn | Count | Stop


@dataclass(frozen=True, slots=True)
class Answer:
    """To each order but `Stop`. `refused`: why it was not done; empty when it was."""

    refused: str = ""
    port: int = 0
    counts: tuple[tuple[str, EndpointCounts], ...] = ()
