"""What may be wrong with a room: its watch, its calls, its wall, its cameras that turn, its memory."""

from __future__ import annotations

import dataclasses
from itertools import count
from typing import Any

from sim.mutants.planting import Defect, Patch

_POSES = "csu.centre.rooms.poses:Poses"
_WATCH = "csu.operations.watch:Watch"
_OUTBOX = "csu.operations.dispatch:DispatchOutbox"
_CALLS = "csu.centre.rooms.calls:Calls"
_NODES = "csu.centre.media.nodes:Nodes"
_DESK = "csu.alarms.desk:AlarmDesk"
_FOOTING = "csu.centre.footing:Footing"
_MANIFESTS = "csu.centre.media.manifests:Manifests"


# -- cameras that turn ------------------------------------------------------------------------------------------------


def a_turning_camera_is_said_to_rest(patch: Patch) -> None:
    poses = patch.find(_POSES)
    ask = patch.set(poses, "_ask", None)

    async def at_rest(self: Any, camera: Any) -> Any:
        reading, why = await ask(self, camera)
        return (dataclasses.replace(reading, moving=False) if reading is not None else None), why

    patch.set(poses, "_ask", at_rest)


def a_camera_that_says_nothing_is_said_to_look_where_it_did(patch: Patch) -> None:
    poses, known = patch.find(_POSES), dict[Any, Any]()
    ask = patch.set(poses, "_ask", None)

    async def remembered(self: Any, camera: Any) -> Any:
        reading, why = await ask(self, camera)
        if reading is None and camera.record.camera in known:
            return dataclasses.replace(known[camera.record.camera], at_ns=self._footing.now()), why
        known[camera.record.camera] = reading
        return reading, why

    patch.set(poses, "_ask", remembered)


# -- the watch of two -------------------------------------------------------------------------------------------------


def nobody_is_told_that_one_watches_alone(patch: Patch) -> None:
    watch = patch.find(_WATCH)
    alert = patch.set(watch, "_alert", None)
    patch.set(watch, "_alert", lambda self, now_ns: alert(self, now_ns)[:0])


def who_walks_away_is_believed_at_his_post(patch: Patch) -> None:
    patch.set(patch.find("csu.operations.watch"), "UNSEEN_AFTER_NS", 3600 * 1_000_000_000)


def one_is_enough_at_the_wall(patch: Patch) -> None:
    patch.set(patch.find("csu.operations.watch"), "WATCHING_MIN", 1)


# -- calls ------------------------------------------------------------------------------------------------------------


def a_call_is_sent_once_and_forgotten(patch: Patch) -> None:
    outbox = patch.find(_OUTBOX)
    tick = patch.set(outbox, "tick", None)

    def once(self: Any, now_ns: int) -> Any:
        told = tick(self, now_ns)
        for each in told:
            if hasattr(each, "contact"):
                self._sent_at_ns[each.call.call] = 2**62
        return told

    patch.set(outbox, "tick", once)


def a_receipt_is_thrown_away(patch: Patch) -> None:
    async def deaf(self: Any, receipt: Any) -> None:
        return None

    patch.set(patch.find(_CALLS), "_receive", deaf)


def every_sending_has_a_key_of_its_own(patch: Patch) -> None:
    calls, number = patch.find(_CALLS), count(1)
    send = patch.set(calls, "_send", None)

    async def under_another_key(self: Any, command: Any) -> None:
        call = dataclasses.replace(command.call, call=f"{command.call.call}#{next(number)}")
        await send(self, dataclasses.replace(command, call=call))

    patch.set(calls, "_send", under_another_key)


def calls_do_not_wait_for_the_one_before(patch: Patch) -> None:
    def all_of_them(self: Any) -> Any:
        ready = [call for call in self._waiting.values() if call.call.call in self._sendable and not call.is_taken]
        return [call for call in reversed(ready) if not call.is_by_telephone]

    patch.set(patch.find(_OUTBOX), "_heads", all_of_them)


# -- disks, nodes, strangers, the wall --------------------------------------------------------------------------------


def a_disk_that_refuses_is_not_told(patch: Patch) -> None:
    nodes = patch.find(_NODES)
    hear = patch.set(nodes, "_hear", None)

    async def deaf(self: Any, name: Any, message: Any) -> None:
        if getattr(getattr(message, "kind", None), "value", "") != "disk_trouble":
            await hear(self, name, message)

    patch.set(nodes, "_hear", deaf)


def a_volume_that_fills_is_not_told(patch: Patch) -> None:
    patch.set(patch.find("csu.recording.space:SpaceWatch"), "look", lambda self, volumes, hours_left=None: [])


def a_volume_is_told_of_when_it_is_full_and_not_before(patch: Patch) -> None:
    marks, keeper = patch.find("csu.recording.space:Watermarks"), patch.find("csu.centre.media.volumes:VolumeKeeper")
    begin = patch.set(keeper, "__init__", None)
    late = marks(high_share=0.999)
    patch.set(keeper, "__init__", lambda self, *args, **more: begin(self, *args, **{**more, "marks": late}))


def a_frozen_owner_is_believed_when_it_thaws(patch: Patch) -> None:
    patch.set(patch.find(_MANIFESTS), "lose", lambda self, lost: None)


def what_is_told_of_a_gap_is_a_second_short(patch: Patch) -> None:
    module = patch.find("csu.centre.media.manifests")
    taken = patch.set(module, "ManifestTaken", None)

    def short(manifest: Any, at_ns: int) -> Any:
        gaps = (dataclasses.replace(g, end_ns=max(g.start_ns + 1, g.end_ns - 1_000_000_000)) for g in manifest.gaps)
        return taken(dataclasses.replace(manifest, gaps=tuple(gaps)), at_ns)

    patch.set(module, "ManifestTaken", short)


def a_camera_that_came_back_stays_lost(patch: Patch) -> None:
    board = patch.find("csu.ingest.board:CameraBoard")
    move = patch.set(board, "_move", None)

    def stuck(self: Any, camera: Any, after: Any, now_ns: int, detail: Any) -> Any:
        status = self._status.get(camera)
        is_stuck = status is not None and status.state.value == "lost" and after.value == "live"
        return [] if is_stuck else move(self, camera, after, now_ns, detail)

    patch.set(board, "_move", stuck)


def a_camera_is_left_out_of_its_order(patch: Patch) -> None:
    centre = patch.find("csu.centre.control:Centre")
    newest = patch.set(centre, "_newest", None)
    patch.set(centre, "_newest", lambda self, cameras: newest(self, cameras)[:-1])


def a_stopped_order_is_not_followed(patch: Patch) -> None:
    async def later(self: Any) -> None:
        self._next_ns = 2**62

    patch.set(patch.find("csu.centre.watches.order_watch:OrderWatch"), "_follow", later)


def any_account_is_believed(patch: Patch) -> None:
    def believing(self: Any, message: Any) -> None:
        raised = self.desk.take(message, self._footing.now())
        if raised is not None:
            self._store.save(raised.alarm)
            self.desk.keep(raised.alarm)
            self._footing.tell(type(raised)(raised.alarm, ()))

    patch.set(patch.find("csu.centre.rooms.alarm_room:AlarmRoom"), "_refuse", believing)


def a_wall_that_died_is_not_noticed(patch: Patch) -> None:
    patch.set(patch.find("csu.centre.rooms.wall_screens:_Screen"), "is_due", lambda self, scene: False)


def the_wall_asks_no_right(patch: Patch) -> None:
    patch.set(patch.find("csu.wall.directing.sight:Sight"), "permitted", lambda self, camera, now_ns: True)


def the_wall_loses_the_alarms_that_have_no_spot(patch: Patch) -> None:
    spots = patch.find("csu.wall.directing.spots:Spots")
    assign = patch.set(spots, "assign", None)

    def forgetful(self: Any, *given: Any) -> None:
        assign(self, *given)
        self._alarms = {name: alarm for name, alarm in self._alarms.items() if name in self._on.values()}

    patch.set(spots, "assign", forgetful)


def the_wall_counts_no_alarm_that_waits(patch: Patch) -> None:
    patch.set(patch.find("csu.wall.directing.director:WallDirector"), "alarms_waiting", property(lambda self: 0))


def an_alarm_that_waited_gets_no_spot_that_is_free(patch: Patch) -> None:
    """It is counted, and shown when everything else has gone."""
    spots = patch.find("csu.wall.directing.spots:Spots")
    assign = patch.set(spots, "assign", None)
    patch.set(spots, "assign", lambda self, on, *given: assign(self, on[: 1 + (not self._on)], *given))


def alarms_change_their_spots_each_second(patch: Patch) -> None:
    spots, tiles = patch.find("csu.wall.directing.spots:Spots"), patch.find("csu.wall.directing.tiles")
    assign, turn = patch.set(spots, "assign", None), count()

    def restless(self: Any, on: Any, *given: Any) -> None:
        self.leave()
        assign(self, on if next(turn) % 2 else [*reversed(on)], *given)

    patch.set(spots, "assign", restless)
    patch.set(tiles, "DWELL_NS_MIN", 0)


# -- memory, chance, fault points -------------------------------------------------------------------------------------


def closed_alarms_are_never_forgotten(patch: Patch) -> None:
    desk = patch.find(_DESK)
    keep = patch.set(desk, "keep", None)

    def hoarding(self: Any, alarm: Any) -> None:
        keep(self, alarm)
        self._alarms.setdefault(alarm.alarm, alarm)

    patch.set(desk, "keep", hoarding)


def every_manifest_is_remembered(patch: Patch) -> None:
    owner = patch.find(_MANIFESTS)
    written = patch.set(owner, "_write_waiting", None)

    async def hoarding(self: Any) -> None:
        self.__dict__.setdefault("hoard", []).extend(self._waiting)
        await written(self)

    patch.set(owner, "_write_waiting", hoarding)


def chance_outlives_the_run(patch: Patch) -> None:
    footing, drawn = patch.find(_FOOTING), count()
    retry = patch.set(footing, "retry_after_s", None)
    patch.set(footing, "retry_after_s", lambda self, name, failures: retry(self, name, failures) + next(drawn) / 1e3)


def a_fault_point_is_passed_by(patch: Patch) -> None:
    footing = patch.find(_FOOTING)
    chaos = patch.set(footing, "chaos", None)

    async def sometimes(self: Any, point: str) -> None:
        if point != "alarms.save":
            await chaos(self, point)

    patch.set(footing, "chaos", sometimes)


WALL = "whenever wall.died then wall.shows"
DEFECTS = (
    Defect(a_turning_camera_is_said_to_rest, "ptz_blanks_first", "room"),
    Defect(a_camera_that_says_nothing_is_said_to_look_where_it_did, "ptz_blanks_first", "room"),
    Defect(nobody_is_told_that_one_watches_alone, "two_watch", "room"),
    Defect(who_walks_away_is_believed_at_his_post, "two_watch", "room"),
    Defect(one_is_enough_at_the_wall, "two_watch", "room"),
    Defect(a_call_is_sent_once_and_forgotten, "calls_once_in_order", "room"),
    Defect(a_receipt_is_thrown_away, "calls_once_in_order", "room"),
    Defect(every_sending_has_a_key_of_its_own, "calls_once_in_order", "room"),
    Defect(calls_do_not_wait_for_the_one_before, "calls_once_in_order", "room"),
    Defect(a_disk_that_refuses_is_not_told, "disk_never_full_unsaid", "room"),
    Defect(a_volume_that_fills_is_not_told, "disk_never_full_unsaid", "room"),
    Defect(a_volume_is_told_of_when_it_is_full_and_not_before, "disk_never_full_unsaid", "room"),
    Defect(a_frozen_owner_is_believed_when_it_thaws, "manifests_once", "room"),
    Defect(any_account_is_believed, "alarms_taken", "room"),
    Defect(a_wall_that_died_is_not_noticed, WALL, "room"),
    Defect(the_wall_asks_no_right, "wall_permitted", "room"),
    Defect(the_wall_loses_the_alarms_that_have_no_spot, "wall_alarms", "room"),
    Defect(the_wall_counts_no_alarm_that_waits, "wall_alarms", "room"),
    Defect(an_alarm_that_waited_gets_no_spot_that_is_free, "wall_spots", "room"),
    Defect(alarms_change_their_spots_each_second, "wall_steady", "room"),
    Defect(what_is_told_of_a_gap_is_a_second_short, "missing_explained"),
    Defect(a_camera_that_came_back_stays_lost, "all_well_at_the_end"),
    Defect(a_camera_is_left_out_of_its_order, "orders_obeyed"),
    Defect(a_stopped_order_is_not_followed, "orders_obeyed", "room"),
    Defect(closed_alarms_are_never_forgotten, "bounded", "room"),
    Defect(every_manifest_is_remembered, "bounded"),
    Defect(chance_outlives_the_run, "same_again"),
    Defect(a_fault_point_is_passed_by, "all_reached"),
)
