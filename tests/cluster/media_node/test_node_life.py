"""A media node's life: one run with five cameras, each with its story; then a node that is killed and begins again."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest

from csu.cluster.child import NodeError
from csu.cluster.shared_pictures import SharedPictures, SharedPicturesReader
from csu.hal.camera import CameraId
from csu.hal.media import CameraEventKind, GapCause, LiveFragment
from csu.hal.place import Pose, PoseReading
from csu.masking import FILL_YUV
from sim.endpoints import EndpointCounts, EndpointSpec, Fault, FaultKind, RtspFarm

POSE = Pose(0.0, 0.0, 6.0, 0.0, -10.0, 0.0, 200.0)
NAMES = ("remasked", "let-go", "frozen", "ptz", "watched")
REMASKED, LET_GO, FROZEN, PTZ, WATCHED = (CameraId(name) for name in NAMES)
NOBODY = CameraId("nobody")


@dataclass
class Story:
    """What happened in the one run."""

    directory: Path
    heard: object = None
    farm: dict[str, EndpointCounts] = field(default_factory=dict)
    stop_took_s: float = 0.0
    early: list[LiveFragment] = field(default_factory=list)
    late: list[LiveFragment] = field(default_factory=list)
    late_age_ms: float = 0.0
    unknown_camera_error: Exception | None = None
    watch_ended_with_node: bool = False
    ptz_was_whole: list[bool] = field(default_factory=list)


@pytest.fixture(scope="module")
def farm() -> Iterator[RtspFarm]:
    freeze = Fault(FaultKind.FREEZE, after_frames=26)
    specs = [
        EndpointSpec(name, number + 1, width_px=128, height_px=96, fault=freeze if name == FROZEN else None)
        for number, name in enumerate(NAMES)
    ]
    with RtspFarm(specs) as farm:
        yield farm


@pytest.fixture(scope="module")
def story(farm: RtspFarm, tmp_path_factory, node_run, assignment_of) -> Story:
    story = Story(tmp_path_factory.mktemp("media"))

    def given(camera: str, **changes: object):
        return assignment_of(camera, NAMES.index(camera) + 1, farm.address(camera), **changes)

    first = {name: given(name) for name in NAMES} | {PTZ: given(PTZ, pose=POSE, follows_pose=True)}
    then = {name: a for name, a in first.items() if name != LET_GO} | {
        REMASKED: given(REMASKED, pose=POSE, mask_epoch=2)
    }

    async def watch(node, count: int) -> list[LiveFragment]:
        taken: list[LiveFragment] = []
        async with node.watch(WATCHED) as fragments:
            async for fragment in fragments:
                taken.append(fragment)
                if len(taken) == count:
                    break
        return taken

    async def watch_to_the_end(node) -> None:
        async with node.watch(WATCHED) as fragments:
            async for _ in fragments:
                pass
        story.watch_ended_with_node = True

    async def turn_ptz(node, reader: SharedPicturesReader) -> None:
        def is_whole() -> bool:
            picture = reader.newest(PTZ, 0)
            return picture is not None and bool(np.all(picture.planes.y[:70] == FILL_YUV[0]))

        story.ptz_was_whole.append(is_whole())
        for _ in range(20):
            await node.pose(PTZ, PoseReading(POSE, time.time_ns(), moving=False))
            await node.pose(NOBODY, None)
            await asyncio.sleep(0.1)
        story.ptz_was_whole.append(is_whole())
        await asyncio.sleep(1.0)
        story.ptz_was_whole.append(is_whole())

    async def scene(node, heard) -> None:
        try:
            node.watch(NOBODY)
        except KeyError as error:
            story.unknown_camera_error = error
        await heard.until(lambda h: all(CameraEventKind.LIVE in h.kinds(name) for name in NAMES))
        early = asyncio.create_task(watch(node, 22))
        ptz = asyncio.create_task(turn_ptz(node, SharedPicturesReader.attach(pictures.spec)))
        await asyncio.sleep(1.2)
        await node.assign(list(then.values()))
        story.late = await watch(node, 4)
        story.late_age_ms = (time.time_ns() - story.late[-1].captured_at_ns) / 1e6
        story.early = await early
        await ptz
        to_the_end = asyncio.create_task(watch_to_the_end(node))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await node.stop()
        story.stop_took_s = time.monotonic() - began
        await asyncio.wait_for(to_the_end, 2)

    with SharedPictures.create([PTZ, WATCHED], 128, 96) as pictures:  # no place for the others
        story.heard = node_run(story.directory, list(first.values()), scene, pictures.spec)
    story.farm = farm.counts()
    return story


def test_stopping_closes_every_segment_even_while_a_camera_is_silent(story: Story, all_playable) -> None:
    assert story.stop_took_s < 4.0
    assert all(story.heard.segments(name) for name in NAMES)
    assert all_playable(story.directory) == sum(len(story.heard.segments(name)) for name in NAMES)
    assert story.heard.lost == []


def test_the_silence_of_a_camera_ends_in_a_gap(story: Story) -> None:
    assert {gap.cause for gap in story.heard.gaps(FROZEN)} <= {
        GapCause.STARTING,
        GapCause.PACKETS_LOST,  # a busy machine skips a capture
        GapCause.STOPPED,
        GapCause.CAMERA_LOST,
    }
    start_ns, duration_ms = story.heard.segments(FROZEN)[-1]
    last = story.heard.gaps(FROZEN)[-1]
    assert abs(last.start_ns - (start_ns + duration_ms * 10**6)) < 200 * 10**6
    assert last.end_ns - last.start_ns > 10**9


def test_a_new_mask_begins_a_new_segment_without_a_new_connection(story: Story) -> None:
    epochs = [
        int(manifest.segments.mask_epoch[row])
        for manifest in story.heard.manifests
        for row in range(len(manifest.segments))
        if manifest.cameras[manifest.segments.camera[row]] == REMASKED
    ]
    assert sorted(set(epochs)) == [1, 2]
    assert epochs == sorted(epochs)
    assert [kind for kind in story.heard.kinds(REMASKED) if kind is not CameraEventKind.PACKETS_LOST] == [
        CameraEventKind.LIVE
    ]
    assert story.farm[REMASKED].plays == 1


def test_a_camera_that_is_let_go_is_accounted_for_once_more(story: Story) -> None:
    let_go_ms, watched_ms = (sum(ms for _, ms in story.heard.segments(name)) for name in (LET_GO, WATCHED))
    assert 0 < let_go_ms < watched_ms


@pytest.mark.requirement("PRV-5")
def test_a_ptz_camera_whose_pose_falls_silent_is_wholly_masked_within_a_second(story: Story) -> None:
    before_any_reading, while_readings_came, after_a_second_without = story.ptz_was_whole
    assert before_any_reading
    assert not while_readings_came
    assert after_a_second_without


def test_a_watcher_gets_the_beginning_then_pictures_from_a_key_frame_on(story: Story) -> None:
    for taken in (story.early, story.late):
        assert [fragment.is_init for fragment in taken[:2]] == [True, False]
        assert taken[1].is_key
        assert taken[0].codec.startswith("avc1.")
        assert not any(fragment.is_init for fragment in taken[1:])
    assert story.late_age_ms < 2_000
    assert isinstance(story.unknown_camera_error, KeyError)
    assert story.watch_ended_with_node


@pytest.mark.requirement("AUD-2")
def test_live_fragments_play_and_hold_video_only(story: Story) -> None:
    with av.open(io.BytesIO(b"".join(fragment.data for fragment in story.early))) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert sum(1 for _ in container.decode(video=0)) == len(story.early) - 1


def test_a_killed_node_is_told_as_lost_and_begins_again_in_a_later_epoch(
    tmp_path, node_run, heard_builder, assignment_of, farm
) -> None:
    again = heard_builder()
    epochs: list[int] = []
    watched = assignment_of(WATCHED, 5, farm.address(WATCHED))

    async def scene(node, heard) -> None:
        await heard.until(lambda h: CameraEventKind.LIVE in h.kinds(WATCHED))
        epochs.append(node.epoch)
        os.kill(node.pid, signal.SIGKILL)
        await heard.until(lambda h: bool(h.lost))
        async with asyncio.timeout(2):
            async for _ in node.messages():
                pass  # they end after the loss
        with pytest.raises(NodeError, match="does not run"):
            await node.assign([watched])
        await node.start()
        epochs.append(node.epoch)
        await node.assign([watched])
        listening = asyncio.create_task(again.listen(node))
        await again.until(lambda h: CameraEventKind.LIVE in h.kinds(WATCHED))
        await asyncio.sleep(0.5)
        await node.stop()
        await listening

    heard = node_run(tmp_path, [watched], scene)
    assert "killed by signal 9" in heard.lost[0].detail.en
    assert heard.manifests == []  # killed before its first account
    assert epochs[1] > epochs[0]
    assert {manifest.node_epoch for manifest in again.manifests} == {epochs[1]}
    assert [manifest.sequence for manifest in again.manifests] == list(range(len(again.manifests)))
    assert again.segments(WATCHED)
    # The time between the two lives is a gap of its own, right up to where the second life's account begins.
    gaps = [gap for manifest in again.manifests for gap in manifest.gaps]
    assert [gap.cause for gap in gaps][:2] == [GapCause.NODE_LOST, GapCause.STARTING]
    assert gaps[0].end_ns == gaps[1].start_ns
    assert gaps[0].end_ns - gaps[0].start_ns > 0.5e9


def test_an_order_to_a_process_that_has_just_ended_does_not_cost_its_last_account(
    tmp_path, node_run, assignment_of, farm
) -> None:
    watched = assignment_of(WATCHED, 5, farm.address(WATCHED))

    async def scene(node, heard) -> None:
        await heard.until(lambda h: CameraEventKind.LIVE in h.kinds(WATCHED))
        process = node.pid
        stopping = asyncio.create_task(node.stop())
        await asyncio.sleep(0)  # the order to stop is on its way
        deadline = time.monotonic() + 10
        while Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z":
            assert time.monotonic() < deadline, "the process did not end"
            time.sleep(0.05)  # a busy event loop: it neither reads nor writes meanwhile
        for _ in range(3):
            await node.pose(WATCHED, None)
        await stopping

    heard = node_run(tmp_path, [watched], scene)
    assert heard.lost == []
    assert heard.manifests
    assert heard.segments(WATCHED)


def test_a_media_directory_that_cannot_be_made_is_one_clear_error(tmp_path, node_run) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    with pytest.raises(NodeError, match="node-1: its process did not begin"):
        node_run(blocked / "media", [], None)
