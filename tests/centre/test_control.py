"""The control plane: it follows nodes, believes no silence, loses no manifest and no alarm, and retries in bounds."""

from __future__ import annotations

import asyncio

from csu.centre import (
    AlarmEscalated,
    AlarmRaised,
    CameraChanged,
    CameraState,
    ManifestRefused,
    ManifestTaken,
    NodeChanged,
    Trouble,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import Gap, GapCause, NodeLost
from csu.hal.words import Words

CAMERAS = (CameraId("cam-0001"), CameraId("cam-0002"))


def minutes(scripted, count, *, epoch=1):
    async def script(node):
        for sequence in range(count):
            await asyncio.sleep(60)
            yield scripted.manifest(node.node, epoch, sequence, CAMERAS)
        await node._stopped.wait()

    return script


def test_every_manifest_is_written_once(stage, scripted) -> None:
    node = scripted.Node("n1", minutes(scripted, 10))
    centre = stage.centre([node])
    stage.play(centre, 700)
    totals = stage.catalogue.totals(scripted.EPOCH_NS, scripted.EPOCH_NS + 20 * NS_PER_MINUTE)
    assert totals.segments == 20
    assert centre.counts.manifests_written == centre.counts.manifests_taken == 10


def test_who_listens_to_some_kinds_hears_these_alone_and_in_the_order_of_all(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1", minutes(scripted, 3))])
    heard: list[object] = []
    centre.listen(heard.append, (ManifestTaken, NodeChanged))
    stage.play(centre, 200)
    assert heard == [event for event in stage.events if isinstance(event, ManifestTaken | NodeChanged)]
    assert {type(event) for event in heard} == {ManifestTaken, NodeChanged}
    assert len(heard) < len(stage.events)


def test_a_catalogue_that_fails_is_retried_and_nothing_is_lost(stage, scripted) -> None:
    stage.chaos.failures["catalogue.write"] = 4
    centre = stage.centre([scripted.Node("n1", minutes(scripted, 5))])
    stage.play(centre, 400)
    assert centre.counts.manifests_written == 5
    assert len([t for t in stage.told(Trouble) if t.where == "catalogue"]) == 4


def test_a_manifest_that_is_played_again_or_from_an_old_epoch_is_refused(stage, scripted) -> None:
    async def replaying(node):
        yield scripted.manifest("n1", 2, 0, CAMERAS)
        yield scripted.manifest("n1", 2, 0, CAMERAS)  # again
        yield scripted.manifest("n1", 1, 7, CAMERAS)  # a thawed node of an older epoch
        yield scripted.manifest("n1", 2, 1, CAMERAS)
        await node._stopped.wait()

    centre = stage.centre([scripted.Node("n1", replaying)])
    stage.play(centre, 10)
    assert [refused.why.en for refused in stage.told(ManifestRefused)] == ["already taken", "old epoch"]
    assert centre.counts.manifests_written == 2


def test_a_hole_in_a_nodes_sequence_is_counted_and_told(stage, scripted) -> None:
    async def with_hole(node):
        yield scripted.manifest("n1", 1, 0, CAMERAS)
        yield scripted.manifest("n1", 1, 3, CAMERAS)
        await node._stopped.wait()

    centre = stage.centre([scripted.Node("n1", with_hole)])
    stage.play(centre, 10)
    assert centre.counts.manifests_missing == 2
    assert any("manifests missing: 2" in trouble.what.en for trouble in stage.told(Trouble))


def test_a_camera_nobody_vouches_for_is_lost_within_two_minutes(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1", minutes(scripted, 3))])  # then it says nothing more
    stage.play(centre, 180 + 121)
    silent_since_ns = scripted.EPOCH_NS + 180 * NS_PER_S
    lost = [change for change in stage.told(CameraChanged) if change.after is CameraState.LOST]
    assert [change.camera for change in lost] == list(CAMERAS)
    assert all(0 < change.at_ns - silent_since_ns <= 120 * NS_PER_S for change in lost)


def test_a_lost_node_takes_its_cameras_with_it_and_is_started_again(stage, scripted) -> None:
    async def dies(node):
        yield scripted.manifest("n1", 1, 0, CAMERAS)
        yield NodeLost(node.node, node.starts, scripted.EPOCH_NS, Words("code -9", "exit code -9"))

    node = scripted.Node("n1", dies, minutes(scripted, 3, epoch=2))
    centre = stage.centre([node])
    stage.play(centre, 100)
    assert node.starts == 2
    assert [(change.up, change.detail.en) for change in stage.told(NodeChanged)] == [
        (True, ""),
        (False, "exit code -9"),
        (True, ""),
    ]
    states = [change.after for change in stage.told(CameraChanged) if change.camera == CAMERAS[0]]
    assert states == [CameraState.LIVE, CameraState.LOST, CameraState.LIVE]


def test_a_node_that_dies_again_and_again_is_waited_for_longer_each_time(stage, scripted) -> None:
    async def dies_at_once(node):
        yield NodeLost(node.node, node.starts, scripted.EPOCH_NS, Words("code 1", "exit code 1"))

    node = scripted.Node("n1", *[dies_at_once] * 100)
    stage.play(stage.centre([node]), 600)
    assert 20 <= node.starts <= 50  # doubling to 30 s at most, jittered in its upper half: never a spin, never a stop


def test_one_node_in_trouble_leaves_the_others_alone(stage, scripted) -> None:
    async def dies_at_once(node):
        yield NodeLost(node.node, node.starts, scripted.EPOCH_NS, Words("code 1", "exit code 1"))

    async def good(node):
        for sequence in range(5):
            await asyncio.sleep(60)
            yield scripted.manifest("n2", 1, sequence, (CameraId("cam-0003"), CameraId("cam-0004")))
        await node._stopped.wait()

    centre = stage.centre([scripted.Node("n1", *[dies_at_once] * 100), scripted.Node("n2", good)])
    stage.play(centre, 320)
    assert centre.board[CameraId("cam-0003")].state is CameraState.LIVE
    assert centre.board[CAMERAS[0]].state is CameraState.LOST
    assert centre.counts.manifests_written == 5


def test_a_gap_in_the_manifest_shows_on_the_board(stage, scripted) -> None:
    async def one_lost(node):
        yield scripted.manifest("n1", 1, 0, CAMERAS)
        start_ns = scripted.EPOCH_NS + NS_PER_MINUTE
        gap = Gap(CAMERAS[1], start_ns, start_ns + NS_PER_MINUTE, GapCause.CAMERA_LOST)
        yield scripted.manifest("n1", 1, 1, CAMERAS, [gap])
        await node._stopped.wait()

    centre = stage.centre([scripted.Node("n1", one_lost)])
    stage.play(centre, 10)
    assert [status.state for status in centre.board.all()] == [CameraState.LIVE, CameraState.LOST]


def test_an_alarm_is_on_disk_before_its_panel_is_acknowledged(stage, scripted) -> None:
    stage.chaos.failures["alarms.save"] = 3
    panel = scripted.Panel([1])
    centre = stage.centre([scripted.Node("n1")], panels=[panel])

    async def not_before() -> None:
        await asyncio.sleep(12)  # three deliveries, three failed writes
        assert panel.acknowledged == []
        assert stage.store.load().unfinished == ()

    stage.play(centre, 20, not_before)
    assert panel.acknowledged == [1]
    assert len(stage.store.load().unfinished) == 1
    assert len(stage.told(AlarmRaised)) == 1


def test_an_alarm_nobody_takes_is_escalated_within_a_second_of_its_time(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])
    stage.play(centre, 90)
    (escalated,) = stage.told(AlarmEscalated)
    waited_ns = escalated.alarm.escalated_at_ns - escalated.alarm.taken_at_ns
    assert 60 * NS_PER_S <= waited_ns <= 61 * NS_PER_S


def test_an_acknowledged_alarm_is_acknowledged_on_disk_too(stage, scripted) -> None:
    centre = stage.centre([scripted.Node("n1")], panels=[scripted.Panel([1])])

    async def take() -> None:
        await asyncio.sleep(10)
        await centre.acknowledge(centre.desk.open()[0].alarm, "agent-7")

    stage.play(centre, 90, take)
    assert stage.told(AlarmEscalated) == []
    assert stage.store.load().unfinished[0].acked_by == "agent-7"


def test_what_came_last_is_written_when_the_centre_stops(stage, scripted) -> None:
    async def says_goodbye(node):
        await node._stopped.wait()
        yield scripted.manifest("n1", 1, 0, CAMERAS)

    centre = stage.centre([scripted.Node("n1", says_goodbye)])
    stage.play(centre, 5)
    assert centre.counts.manifests_written == 1


def test_a_catalogue_that_stays_down_at_the_end_is_told_and_does_not_hang(stage, scripted) -> None:
    stage.chaos.failures["catalogue.write"] = 1000
    centre = stage.centre([scripted.Node("n1", minutes(scripted, 1))])
    stage.play(centre, 65)
    assert centre.counts.manifests_written == 0
    assert stage.told(Trouble)[-1].what.en == "manifests not written: 1"


def test_a_lost_epoch_is_over_even_if_it_never_accounted_for_anything(stage, scripted) -> None:
    """A node that freezes before its first manifest, and says it when it thaws."""

    async def dies_before_its_first(node):
        yield NodeLost(node.node, 1, scripted.EPOCH_NS, Words("muet", "silent"))

    async def thawed_beside(node):
        yield scripted.manifest("n1", 1, 0, CAMERAS)
        yield scripted.manifest("n1", 2, 0, CAMERAS)
        await node._stopped.wait()

    centre = stage.centre([scripted.Node("n1", dies_before_its_first, thawed_beside)])
    stage.play(centre, 20)
    assert [(refused.node_epoch, refused.why.en) for refused in stage.told(ManifestRefused)] == [(1, "old epoch")]
    assert centre.counts.manifests_taken == 1


def test_a_centre_that_is_stopped_while_a_node_starts_comes_to_its_end(stage, scripted) -> None:
    """A node that is not up yet has nothing to stop: it is stopped once it is."""

    class SlowToStart(scripted.Node):
        async def start(self) -> None:
            await asyncio.sleep(3)
            await super().start()
            self._stopped.clear()  # as a process that begins: what was said before is not heard

    node = SlowToStart("n1")
    centre = stage.centre([node])
    stage.play(centre, 1)
    assert node.starts == 1
    assert node.all_assigned == []
