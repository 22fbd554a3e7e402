"""Who tests the tester: a defect planted in the statistics room must fail the test that is there for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from csu.centre.rooms import statistics_room
from csu.hal.clock import NS_PER_S
from csu.statistics import SlotCounter, legal_basis, publication, slot_counter
from tests.centre.rooms import test_statistics_room as of_room
from tests.centre.rooms.counted_city import ALL, CountedCity
from tests.centre.rooms.test_commune_room import Clock
from tests.statistics import test_publication as of_publication
from tests.statistics import test_slot_counter as of_counter

Patch = pytest.MonkeyPatch


def small_counts_are_told(patch: Patch) -> None:
    patch.setattr(publication, "SMALL_BELOW", 1)


def a_gap_is_told_as_zero(patch: Patch) -> None:
    patch.setattr(statistics_room, "usable", lambda slot, slot_s: True)


def a_slot_is_told_as_it_ends(patch: Patch) -> None:
    early = lambda slot_ns, slot_s: slot_ns + slot_s * NS_PER_S  # noqa: E731
    patch.setattr(statistics_room, "readable_at_ns", early)


def any_camera_may_count(patch: Patch) -> None:
    patch.setattr(legal_basis, "PURPOSE_OF", dict.fromkeys(legal_basis.PURPOSE_OF, ALL[0]))


def instants_of_crossings_are_kept(patch: Patch) -> None:
    crossed = SlotCounter.crossed

    def noted(self, counter, object_class, forward, at_ns):
        self._open[counter].now.setdefault("seen", []).append(at_ns)
        crossed(self, counter, object_class, forward, at_ns)

    patch.setattr(SlotCounter, "crossed", noted)


def a_silence_counts_as_looked_at(patch: Patch) -> None:
    patch.setattr(slot_counter, "STRETCH_NS_MAX", 10**20)


def in_a_city(test: Callable[..., None], **made) -> None:
    with tempfile.TemporaryDirectory() as path:
        city = CountedCity(Path(path), Clock(), **made)
        city.enter()
        try:
            test(city)
        finally:
            city.close()


def is_late(slot_s: int) -> None:
    with tempfile.TemporaryDirectory() as path:
        of_room.test_a_slot_is_told_a_slot_and_an_hour_after_it_ended_and_not_before(Path(path), slot_s)


def has_its_purpose() -> None:
    with tempfile.TemporaryDirectory() as path:
        lacking = ALL[1]
        of_room.test_a_camera_without_the_purpose_counts_nothing_and_its_slots_are_refused(
            Path(path), lacking, "line", "régulation des flux de transport (3°)"
        )


PAIRS: list[tuple[Callable[[Patch], None], Callable[[], None]]] = [
    (small_counts_are_told, of_publication.test_who_knows_the_rule_still_learns_no_count_of_one_to_four),
    (a_gap_is_told_as_zero, lambda: in_a_city(of_room.test_a_gap_is_told_as_a_gap)),
    (a_slot_is_told_as_it_ends, lambda: is_late(900)),
    (any_camera_may_count, has_its_purpose),
    (instants_of_crossings_are_kept, of_counter.test_after_a_crossing_nothing_but_counters_remains),
    (a_silence_counts_as_looked_at, of_counter.test_after_a_silence_there_is_a_gap_and_no_zero),
]


@pytest.mark.parametrize(("plant", "test"), PAIRS, ids=[plant.__name__ for plant, _ in PAIRS])
def test_a_planted_defect_is_found(monkeypatch, plant, test):
    test()
    plant(monkeypatch)
    with pytest.raises(BaseException):  # noqa: B017 - any of the test's own failures
        test()
