"""Requisitions and holds that come by chance, for what lies on disk: half of them for what is about to go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from sim.past.people import DeskPeople
from sim.past.tier import CityTier
from sim.past.words import ActsSpec

STRETCH_NS_MAX = 15 * NS_PER_MINUTE
OLDEST = 24
"""Files among which an act for what is about to go finds its own."""
Told = Callable[[CameraId, bool, bool], None]
"""(camera, whether it is a hold, whether the desk keeps it)."""


class Acts:
    """One for each run whose scenario has them."""

    def __init__(self, spec: ActsSpec, tier: CityTier, people: DeskPeople, clock: Clock, chance: Chance) -> None:
        self._spec, self._tier, self._people, self._clock, self._chance = spec, tier, people, clock, chance

    async def come(self, tell: Told) -> None:
        """Act after act, until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.2, 1.8) / self._spec.rate.per_s)
            wanted = self._of_the_disk()
            if wanted is None:
                continue
            camera, from_ns, to_ns = wanted
            is_hold = self._chance.uniform(0, 1) < self._spec.holds
            ask = self._people.hold_of if is_hold else self._people.requisition_of
            tell(camera, is_hold, await ask(camera, from_ns, to_ns))

    def _of_the_disk(self) -> tuple[CameraId, Nanoseconds, Nanoseconds] | None:
        """Some minutes from the begin of a file that is there; None: there is none."""
        hours = list(self._tier.hours_ns())
        if not hours:
            return None
        is_oldest = self._chance.uniform(0, 1) < 0.5
        hour_ns = hours[0 if is_oldest else self._chance.integer(0, len(hours) - 1)]
        files = sorted(self._tier.begun(hour_ns, self._clock.now_ns() - STRETCH_NS_MAX), key=lambda file: file[1])
        if not files:
            return None
        last = min(OLDEST, len(files)) - 1 if is_oldest else len(files) - 1
        camera, start_ns, _ = files[self._chance.integer(0, last)]
        begin_ns = start_ns // NS_PER_S * NS_PER_S
        return camera, begin_ns, begin_ns + self._chance.integer(1, STRETCH_NS_MAX // NS_PER_S) * NS_PER_S
