"""The police contact as a port. A person decides to call; nothing here is ever called by a detection (VSA-7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from csu.hal.camera import CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError


class DispatchError(CsuError):
    """The contact did not take the call: try again or pick up the telephone."""


@dataclass(frozen=True, slots=True)
class DispatchCall:
    """What is told. `call` is an idempotency key: the same call sent twice is received once."""

    call: str
    commune: CommuneId
    service: str
    site: str
    words: str
    called_by: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class DispatchReceipt:
    """Who took the call, and when."""

    call: str
    taken_by: str
    at_ns: Nanoseconds


@runtime_checkable
class Dispatch(Protocol):
    """The contacts of the police nationale, gendarmerie, police municipale and fire brigade."""

    def contacts(self, service: str, commune: CommuneId) -> tuple[str, ...]:
        """Whom to tell of that service for that commune, in this order; empty: nobody can be told, telephone."""
        ...

    async def notify(self, call: DispatchCall, contact: str = "") -> DispatchReceipt:
        """Tell `contact` (one of `contacts`; empty: the first) and wait for the acknowledgement of a person there.

        Raises DispatchError when none comes; the call may have been heard all the same, so tell it again under the same
        key.
        """
        ...
