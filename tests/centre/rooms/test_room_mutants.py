"""Who tests the tester: a room whose shells break a promise must fail the test that is there for it."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
from contextlib import suppress
from pathlib import Path

import pytest

from csu.alarms import AlarmDesk
from csu.centre.rooms import wall_room, wall_screens, wall_viewers
from csu.centre.rooms.alarm_room import AlarmRoom
from csu.centre.rooms.calls import Calls
from csu.centre.rooms.proposals import Proposals
from csu.centre.rooms.ptz_room import PtzRoom
from csu.centre.rooms.wall_plan import up_of
from csu.centre.rooms.wall_room import WallRoom
from csu.centre.rooms.wall_screens import WallScreens
from csu.centre.rooms.wall_seen import SeenFile
from csu.centre.rooms.wall_tours import WallTours
from csu.centre.rooms.wall_viewers import WallViewers
from csu.centre.rooms.watch_room import WatchRoom
from csu.hal.clock import NS_PER_S
from csu.hal.errors import CsuError
from csu.operations import OutboxStore, StopCamera

Patch = pytest.MonkeyPatch


def alarms_are_written_by_whoever_comes(patch: Patch) -> None:
    patch.setattr(AlarmRoom, "_turn", lambda self, alarm: asyncio.Lock())
    patch.setattr(AlarmRoom, "_pass_on", lambda self, alarm: None)


def a_slow_disk_keeps_the_chief_from_being_called(patch: Patch) -> None:
    async def ring(self, name, rungs):
        await self._save(rungs[-1].alarm)
        for told in rungs:
            self._footing.tell(told)
        self._pass_on(name)

    patch.setattr(AlarmRoom, "_ring", ring)


def the_desk_calls_the_chief_for_what_is_being_taken(patch: Patch) -> None:
    patch.setattr(AlarmDesk, "hold", lambda self, alarm: None)
    patch.setattr(AlarmDesk, "release", lambda self, alarm: None)


def a_step_is_told_before_it_is_written(patch: Patch) -> None:
    async def step(self, alarm, decide):
        told = decide(self._footing.now())
        self._footing.tell(told)
        await self._save(told.alarm)
        self.desk.keep(told.alarm)
        return told.alarm

    patch.setattr(AlarmRoom, "_step", step)


def a_step_that_was_not_written_stands(patch: Patch) -> None:
    patch.setattr(AlarmDesk, "undo", lambda self, alarm: self._unwritten.discard(alarm.alarm))


def a_step_dies_with_who_asked_for_it(patch: Patch) -> None:
    patch.setattr(AlarmRoom, "_step", AlarmRoom._step_in_turn)


def cameras_are_proposed_without_asking_who_may_watch(patch: Patch) -> None:
    cameras = Proposals.cameras

    def careless(self, alarm, now_ns, may_view=None):
        self._may_watch = lambda camera: True
        return cameras(self, alarm, now_ns, may_view)

    patch.setattr(Proposals, "cameras", careless)


def the_neighbours_cameras_are_proposed_to_anybody(patch: Patch) -> None:
    cameras = Proposals.cameras
    patch.setattr(Proposals, "cameras", lambda self, a, now, may=None: cameras(self, a, now, may or (lambda c: True)))


def a_call_is_sent_before_it_is_written(patch: Patch) -> None:
    save = OutboxStore.save
    patch.setattr(OutboxStore, "save", lambda self, call: save(self, call) if call.is_taken else None)


def a_call_that_could_not_be_written_is_forgotten(patch: Patch) -> None:
    follow = Calls._follow

    async def once(self, name):
        await follow(self, name)
        if self._confirmed.get(name):
            del self._confirmed[name]

    patch.setattr(Calls, "_follow", once)
    patch.setattr(Calls, "open", lambda self: asyncio.sleep(0))


def calls_are_forgotten_over_a_restart(patch: Patch) -> None:
    patch.setattr(Calls, "open", lambda self: asyncio.sleep(0))


def who_telephones_is_called_all_the_same(patch: Patch) -> None:
    async def telephoned(self, call, taken_by):
        return None

    patch.setattr(Calls, "telephoned", telephoned)


def nobody_misses_who_is_not_seen(patch: Patch) -> None:
    patch.setattr(WatchRoom, "run", lambda self: asyncio.Event().wait())


def a_short_watch_restricts_nothing(patch: Patch) -> None:
    patch.setattr(PtzRoom, "restrict", lambda self, is_short: None)


def who_leaves_keeps_his_cameras(patch: Patch) -> None:
    patch.setattr(PtzRoom, "revoke", lambda self, person: None)


def dead_men_go_on_turning(patch: Patch) -> None:
    patch.setattr(PtzRoom, "run", lambda self: asyncio.Event().wait())


def a_stop_is_believed_when_it_was_sent(patch: Patch) -> None:
    async def believed(self, name):
        return True

    patch.setattr(PtzRoom, "_has_stopped", believed)


def a_camera_is_taken_while_it_turns(patch: Patch) -> None:
    carry_out = PtzRoom._carry_out

    async def hasty(self, outcomes, by):
        await carry_out(self, [each for each in outcomes if not isinstance(each, StopCamera)], by)

    patch.setattr(PtzRoom, "_carry_out", hasty)


def the_wall_shows_before_it_writes(patch: Patch) -> None:
    async def record(self):
        self._entries.clear()

    patch.setattr(WallRoom, "_record", record)


def the_wall_waits_for_the_journal_to_take_a_camera_off(patch: Patch) -> None:
    async def follow(self):
        with suppress(CsuError):
            await self._record()
            await self._show(self._director.scene, up_of(self._director.tiles))

    patch.setattr(WallRoom, "_follow", follow)


def what_is_shown_may_be_shown_for_ever(patch: Patch) -> None:
    patch.setattr(wall_screens, "LEASE_NS", 3600 * NS_PER_S)


def a_renewal_is_a_new_scene(patch: Patch) -> None:
    patch.setattr(wall_screens.NodeScene, "__eq__", lambda self, other: False)


def one_machine_keeps_all_waiting(patch: Patch) -> None:
    patch.setattr(wall_screens, "ANSWER_S", 3600.0)
    show = WallScreens.show
    patch.setattr(WallScreens, "show", lambda self, scenes, within_s=3600.0: show(self, scenes, 3600.0))


def the_wall_waits_for_a_journal_that_hangs(patch: Patch) -> None:
    patch.setattr(wall_room, "RECORDED_S", 3600.0)


def who_is_unknown_sees_all(patch: Patch) -> None:
    may_view = WallViewers.may_view

    def open_to_all(self, person, camera, now_ns):
        return self._find(person) is None or may_view(self, person, camera, now_ns)

    patch.setattr(WallViewers, "may_view", open_to_all)


def nobody_asks_who_may_see(patch: Patch) -> None:
    patch.setattr(WallViewers, "may_view", lambda self, person, camera, now_ns: True)


def papers_are_asked_once(patch: Patch) -> None:
    patch.setattr(wall_viewers, "ASKED_AGAIN_NS", 2**62)


def what_was_seen_is_forgotten_over_a_restart(patch: Patch) -> None:
    patch.setattr(SeenFile, "load", lambda self: None)


def a_wall_that_does_not_answer_was_looked_at(patch: Patch) -> None:
    patch.setattr(WallScreens, "are_lit", True)


def tours_say_they_saw_it(patch: Patch) -> None:
    patch.setattr(WallTours, "tick", lambda self, up, people, now_ns: None)


A, C, W, P, X = "test_alarm_room.py", "test_calls.py", "test_watch_room.py", "test_ptz_room.py", "test_wall_room.py"
Y = "test_wall_whole.py"
MUTANTS = [
    (alarms_are_written_by_whoever_comes, A, "acknowledges_while_an_escalation_is_written"),
    (a_slow_disk_keeps_the_chief_from_being_called, A, "called_in_time_however_slow"),
    (the_desk_calls_the_chief_for_what_is_being_taken, A, "a_person_is_just_taking"),
    (a_step_is_told_before_it_is_written, A, "on_disk_before_anybody_hears"),
    (a_step_that_was_not_written_stands, A, "cannot_be_written_did_not_happen"),
    (a_step_dies_with_who_asked_for_it, A, "leaves_no_step_half_done"),
    (cameras_are_proposed_without_asking_who_may_watch, A, "nobody_may_watch_is_never_proposed"),
    (the_neighbours_cameras_are_proposed_to_anybody, A, "of_the_commune_are_proposed_with_the_alarm"),
    (a_call_is_sent_before_it_is_written, C, "called_on_disk_first"),
    (a_call_that_could_not_be_written_is_forgotten, C, "called_after_the_restart"),
    (calls_are_forgotten_over_a_restart, C, "sent_again_after_a_restart"),
    (who_telephones_is_called_all_the_same, C, "nobody_is_called_any_more"),
    (nobody_misses_who_is_not_seen, W, "missed_within_the_minute"),
    (a_short_watch_restricts_nothing, W, "only_the_chief_and_alarms_turn"),
    (who_leaves_keeps_his_cameras, W, "leaves_his_cameras"),
    (dead_men_go_on_turning, P, "not_repeated_ends_in_a_stop"),
    (a_stop_is_believed_when_it_was_sent, P, "told_to_stop_until_it_rests"),
    (a_camera_is_taken_while_it_turns, P, "takes_a_camera_from_an_operator"),
    (the_wall_shows_before_it_writes, X, "each_came_up_journaled"),
    (the_wall_waits_for_the_journal_to_take_a_camera_off, X, "off_the_wall_at_once"),
    (what_is_shown_may_be_shown_for_ever, Y, "shows_nothing_ten_seconds_later"),
    (a_renewal_is_a_new_scene, Y, "renewed_without_a_new_scene"),
    (one_machine_keeps_all_waiting, Y, "keeps_no_other_waiting"),
    (the_wall_waits_for_a_journal_that_hangs, Y, "a_journal_that_hangs"),
    (who_is_unknown_sees_all, Y, "somebody_nobody_knows"),
    (nobody_asks_who_may_see, Y, "may_not_see_is_on_no_scene"),
    (papers_are_asked_once, Y, "asked_again_each_minute"),
    (what_was_seen_is_forgotten_over_a_restart, Y, "kept_over_a_restart"),
    (a_wall_that_does_not_answer_was_looked_at, Y, "kept_over_a_restart"),
    (tours_say_they_saw_it, Y, "brings_each_camera_up_in_its_turn"),
]


def _read(file: str):
    spec = importlib.util.spec_from_file_location(f"mutated_{Path(file).stem}", Path(__file__).with_name(file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_read_once = {file: _read(file) for file in (A, C, W, P, X, Y)}
town, steered, hall = _read_once[C].town, _read_once[P].steered, _read_once[X].hall
new_hall = _read_once[Y].new_hall


@pytest.mark.parametrize(("plant", "file", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, file, test, request, monkeypatch):
    (found_by,) = (each for name, each in vars(_read_once[file]).items() if name.startswith("test_") and test in name)
    fixtures = {name: request.getfixturevalue(name) for name in inspect.signature(found_by).parameters}
    plant(monkeypatch)
    with pytest.raises((AssertionError, CsuError, pytest.fail.Exception, ExceptionGroup)):
        found_by(**fixtures)
