"""Where a camera is now that does not answer where it was: one search for all that ask at the same time. Shell."""

from __future__ import annotations

import asyncio

from csu.hal.chance import Ids
from csu.hal.clock import NS_PER_S, Clock
from hardware.field.settings import Search
from hardware.onvif.discovery import Discovery, discover

AGAIN_AFTER_NS = 20 * NS_PER_S
"""A power cut silences a street at once: what one search heard serves them all."""


class Finder:
    """One per site. `search` None: nobody is looked for."""

    def __init__(self, search: Search | None, clock: Clock, ids: Ids) -> None:
        self._search = search
        self._clock, self._ids = clock, ids
        self._one_at_a_time = asyncio.Lock()
        self._heard: Discovery | None = None
        self._heard_at_ns = 0

    async def address_of(self, endpoint: str) -> str | None:
        """Where the device of this name says it is; None when nobody does, or more than one. Raises DiscoveryFailed."""
        if self._search is None or not endpoint:
            return None
        async with self._one_at_a_time:
            if self._heard is None or self._clock.monotonic_ns() - self._heard_at_ns > AGAIN_AFTER_NS:
                self._heard = await discover(
                    self._ids,
                    interface=self._search.interface,
                    group=self._search.group,
                    port=self._search.port,
                    listen_s=self._search.listen_s,
                )
                self._heard_at_ns = self._clock.monotonic_ns()
        named = [each for each in self._heard.devices if same_device(each.endpoint, endpoint)]
        return named[0].address if len(named) == 1 and not named[0].contested else None


def same_device(one: str, other: str) -> bool:
    """Two spellings of the name a device gives itself: with or without `urn:uuid:`, in either case."""
    return bool(one) and _plain(one) == _plain(other)


def _plain(endpoint: str) -> str:
    return endpoint.strip().lower().removeprefix("urn:").removeprefix("uuid:")
