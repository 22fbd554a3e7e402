"""A city whose cameras count: counters of two communes, a sign for each, weeks of slots; for rooms and pages."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from csu.centre.rooms.statistics_room import StatisticsHome, StatisticsRoom
from csu.governance import CentreKey, Purpose, start_of_day
from csu.governance.signs import Sign, SignRegister
from csu.hal.analysis import ObjectClass, SlotCount
from csu.hal.clock import NS_PER_S, Clock
from csu.statistics import Counter, CounterKind, CounterLedger, Counters, CountStore
from tests.centre.rooms.commune_city import City
from tests.statistics.builders import a_bin, a_line

BY = {"by": "m.klein", "reason": "comptages de l'automne"}
TEXT = "Place sous vidéoprotection ; des passages y sont comptés, sans qu'aucune personne ne soit suivie."
ALL = (Purpose.PERSONS_PROPERTY, Purpose.TRAFFIC_FLOW, Purpose.WASTE_DUMPING)


class CountedCity:
    """Cameras 1, 3, 5 of the first commune count traffic, footfall and a bin; camera 2 of the second, traffic."""

    def __init__(self, path: Path, clock: Clock, *, purposes=ALL, days: int = 40) -> None:
        self.city = City(path, clock, days=days, purposes=purposes)
        self.clock, self.told = clock, self.city.told
        self.since = self.city.today - timedelta(days=days)
        key = CentreKey.load_or_make(path / "centre" / "key.pem")
        self.ledger = CounterLedger(path / "counters.sqlite", key)
        self.store = CountStore(path / "counts.sqlite")
        one, other, third, _, fifth, *_ = self.city.cameras
        self.line, self.far = self._line("serpenoise", one), self._line("pont-ars", other)
        self.walk = self._line(
            "place-armes",
            third,
            kind=CounterKind.FOOTFALL,
            classes=frozenset({ObjectClass.PERSON}),
            place="Place d'Armes",
        )
        self.bin = a_bin("pave-regates", fifth, **self._terms("Quai des Régates"))
        self.signs = SignRegister(
            {
                "P-12": Sign(
                    "P-12", self.city.communes[0], "Place d'Armes", date(2026, 3, 2), TEXT, (one, third, fifth)
                ),
                "P-30": Sign("P-30", self.city.communes[1], "Pont d'Ars", date(2026, 3, 2), TEXT, (other,)),
            }
        )
        home = StatisticsHome(
            path, clock, self.city.papers, key, self.register_of_signs, self.city.room.name, self.told.append
        )
        self.room = StatisticsRoom(home, self.ledger, self.store)

    async def register_of_signs(self) -> SignRegister:
        return self.signs

    def enter(self, *counters: Counter) -> None:
        """These, or all four."""
        those = counters or (self.line, self.walk, self.bin, self.far)
        self.ledger.enter(Counters(those), **BY, at_ns=self.clock.now_ns())

    def take(self, *slots: SlotCount) -> None:
        """They come in, and are written or refused."""

        async def run() -> None:
            for slot in slots:
                self.room.take(slot)
            await self.room.write()

        asyncio.run(run())

    def fill(self, seed: int = 1) -> None:
        """Weeks of an ordinary life, straight into the store; for one afternoon nobody looked."""
        chance = np.random.default_rng(seed)
        for counter in self.ledger.state.counters:
            length_ns, day, slots = counter.slot_s * NS_PER_S, self.since, []
            while day <= self.city.today:
                from_ns, to_ns = start_of_day(day), start_of_day(day + timedelta(days=1))
                hours = (np.arange(from_ns, to_ns, length_ns) - from_ns) / 3.6e12
                life = np.exp(-(((hours - 8.5) / 2) ** 2)) + 1.3 * np.exp(-(((hours - 17.5) / 2.5) ** 2)) + 0.02
                slots += self._slots(counter, day, from_ns, life, chance)
                day += timedelta(days=1)
            self.store.append(slots)

    def close(self) -> None:
        self.ledger.close()
        self.store.close()
        self.city.close()

    def _slots(self, counter: Counter, day: date, from_ns: int, life: np.ndarray, chance) -> list[SlotCount]:
        lost = day == self.city.today - timedelta(days=3)
        found = []
        for counted in counter.counted:
            most = {"car": 60.0, "person": 40.0, "deposit": 5.0}.get(counted, 4.0) * (1.5 if day.weekday() == 5 else 1)
            ways = (
                chance.poisson(most * life),
                chance.poisson(0.8 * most * life) * (counter.kind is not CounterKind.BIN),
            )
            for at, (forward, backward) in enumerate(zip(*ways, strict=True)):
                slot_ns = from_ns + at * counter.slot_s * NS_PER_S
                share = 0.3 if lost and 0.5 < at / len(life) < 0.7 else 1.0
                count = (int(forward), int(backward), share)
                found.append(SlotCount(counter.camera, counter.counter, counted, slot_ns, counter.slot_s, *count))
        return found

    def _terms(self, place: str, sign: str = "P-12") -> dict[str, object]:
        return {"place": place, "sign": sign, "from_day": self.since, "ends_on": self.since + timedelta(days=366)}

    def _line(self, counter: str, camera, **more) -> Counter:
        own = self._terms(
            "Rue Serpenoise" if counter == "serpenoise" else "Pont", "P-30" if counter == "pont-ars" else "P-12"
        )
        return a_line(counter, camera, **(own | more))
