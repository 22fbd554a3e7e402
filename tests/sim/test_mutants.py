"""Who tests the tester: a defect planted in the engine must be found by the oracle that is there for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from csu.centre import AlarmDesk, AlarmStore, CameraBoard, Catalogue
from csu.centre.alarm_room import AlarmRoom
from csu.centre.footing import Footing
from csu.centre.manifests import Manifests
from sim.run import run_scenario

Patch = pytest.MonkeyPatch


def gaps_are_not_logged(patch: Patch) -> None:
    record = Catalogue.record
    patch.setattr(
        Catalogue, "record", lambda self, given: record(self, [dataclasses.replace(m, gaps=()) for m in given])
    )


def the_last_segment_of_a_manifest_is_forgotten(patch: Patch) -> None:
    record = Catalogue.record

    def forgetful(self, given):
        record(self, [dataclasses.replace(m, segments=_without_last(m.segments)) for m in given])

    patch.setattr(Catalogue, "record", forgetful)


def _without_last(table):
    return type(table)(*(getattr(table, field.name)[:-1] for field in dataclasses.fields(table)))


def a_manifest_sent_again_is_taken_again(patch: Patch) -> None:
    patch.setattr(Manifests, "_believe", lambda self, manifest: True)


def a_batch_that_failed_is_dropped(patch: Patch) -> None:
    write = Manifests._write_waiting

    async def dropping(self):
        waiting, self._waiting = self._waiting, []
        await self._footing.chaos("catalogue.write")  # an await between taking and writing: what fails here is gone
        self._waiting = waiting
        await write(self)

    patch.setattr(Manifests, "_write_waiting", dropping)


def an_alarm_is_acknowledged_without_a_durable_write(patch: Patch) -> None:
    patch.setattr(AlarmStore, "save", lambda self, alarm: None)


def a_failed_write_of_an_alarm_passes_for_done(patch: Patch) -> None:
    save = AlarmRoom._save

    async def lying(self, alarm):
        await save(self, alarm)
        return True

    patch.setattr(AlarmRoom, "_save", lying)


def a_repeated_alarm_rings_again(patch: Patch) -> None:
    patch.setattr(AlarmDesk, "keep", lambda self, alarm: None)


def nobody_is_called_when_an_alarm_waits(patch: Patch) -> None:
    patch.setattr(AlarmDesk, "tick", lambda self, now_ns: [])


def the_board_never_ticks(patch: Patch) -> None:
    patch.setattr(CameraBoard, "tick", lambda self, now_ns: [])


def the_board_is_deaf_to_events(patch: Patch) -> None:
    patch.setattr(CameraBoard, "_hear_event", lambda self, event, now_ns: [])
    patch.setattr(CameraBoard, "tick", lambda self, now_ns: [])
    patch.setattr(CameraBoard, "lose", lambda self, node, cameras, now_ns: [])


def a_lost_node_is_waited_for_too_long(patch: Patch) -> None:
    patch.setattr(Footing, "retry_after_s", lambda self, name, failures: 7200.0)


def the_centre_dies_of_a_bad_disk(patch: Patch) -> None:
    async def fragile(self, alarm):
        await self._footing.chaos("alarms.save")
        await self._footing.in_executor(lambda: self._store.save(alarm))
        return True

    patch.setattr(AlarmRoom, "_save", fragile)


DEFECTS: list[tuple[Callable[[Patch], None], str]] = [
    (gaps_are_not_logged, "catalogue_answers"),
    (the_last_segment_of_a_manifest_is_forgotten, "manifests_once"),
    (a_manifest_sent_again_is_taken_again, "manifests_once"),
    (a_batch_that_failed_is_dropped, "manifests_once"),
    (an_alarm_is_acknowledged_without_a_durable_write, "alarms_kept"),
    (a_failed_write_of_an_alarm_passes_for_done, "alarms_kept"),
    (a_repeated_alarm_rings_again, "alarms_taken"),
    (nobody_is_called_when_an_alarm_waits, "alarms_taken"),
    (nobody_is_called_when_an_alarm_waits, "whenever alarm.raised then alarm.acknowledged|alarm.escalated"),
    (the_board_never_ticks, "camera_down_shown"),
    (the_board_is_deaf_to_events, "camera_down_shown"),
    (a_lost_node_is_waited_for_too_long, "all_well_at_the_end"),
]


@pytest.mark.parametrize(("plant", "oracle"), DEFECTS, ids=lambda given: getattr(given, "__name__", ""))
def test_a_planted_defect_is_found_by_its_oracle(small_city, monkeypatch, plant, oracle: str) -> None:
    plant(monkeypatch)
    result = run_scenario(small_city())
    assert result.failure is None, "the defect must be judged, not stumble over itself"
    assert not result.holds
    assert oracle in {judgement.name for judgement in result.judgements if not judgement.holds}


def test_a_defect_that_ends_the_engine_ends_the_run_and_is_told(small_city, monkeypatch) -> None:
    the_centre_dies_of_a_bad_disk(monkeypatch)
    result = run_scenario(small_city())
    assert not result.holds
    assert isinstance(result.failure, ExceptionGroup)
    assert "planned trouble" in "".join(str(error) for error in _leaves(result.failure))


def _leaves(error: BaseException) -> list[BaseException]:
    return (
        [e for inner in error.exceptions for e in _leaves(inner)] if isinstance(error, BaseExceptionGroup) else [error]
    )


def test_an_oracle_with_nothing_to_judge_does_not_hold(small_city) -> None:
    quiet_city = small_city(("alarms: 60/h", "alarms: 0/h"))
    verdicts = {judgement.name: judgement for judgement in run_scenario(quiet_city).judgements}
    assert not verdicts["alarms_taken"].holds
    assert verdicts["alarms_taken"].cases == 0
