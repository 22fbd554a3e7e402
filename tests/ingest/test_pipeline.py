"""A camera's thread, in this process, fed by a clip: what it does when those around it fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from csu.hal.camera import CameraId
from csu.hal.frames import ClearFrame, ClearPictureRefused
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, GapCause, NodeId
from csu.hal.words import Words
from csu.ingest import CameraPipeline, Outlets
from csu.machine import SystemChance, SystemClock
from csu.masking import MaskError


class Bench:
    """A pipeline in a thread; leaves nothing running."""

    def __init__(self, assignment: Assignment, outlets: Outlets) -> None:
        self.events: list[CameraEvent] = []
        self.clock = SystemClock()
        self.pipeline = CameraPipeline(
            NodeId("node-1"), assignment, outlets,
            clock=self.clock, chance=SystemChance("1"), tell=self.events.append, lock=threading.Lock(),
        )  # fmt: skip
        self.thread = threading.Thread(target=self.pipeline.run, daemon=True)

    def __enter__(self) -> Bench:
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.pipeline.ask_to_stop()
        self.thread.join(3)
        assert not self.thread.is_alive()

    def until(self, what: Callable[[], bool], timeout_s: float = 8.0) -> None:
        end = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < end, self.events
            time.sleep(0.02)

    def kinds(self) -> list[CameraEventKind]:
        return [event.kind for event in self.events]

    def account(self):
        return self.pipeline.take_account(self.clock.now_ns())


class Pictures:
    def __init__(self, error: Exception | None = None, delay_s: float = 0.0) -> None:
        self.error, self.delay_s, self.taken = error, delay_s, 0

    def accept(self, frame: object) -> None:
        self.taken += 1
        time.sleep(self.delay_s)
        if self.error is not None:
            raise self.error


@pytest.mark.requirement("PRV-3")
def test_a_consumer_that_met_a_clear_picture_stops_the_camera_for_good(tmp_path, clip, real_stage, kept) -> None:
    refused = ClearPictureRefused(object(), where="wall")
    recorder, pictures = kept(), Pictures(refused)
    with Bench(clip(tmp_path / "a.mp4"), Outlets(real_stage, recorder, kept(), pictures)) as bench:
        bench.until(lambda: not bench.thread.is_alive())
        account = bench.account()
    assert account.counts.clear_refused == 1
    assert pictures.taken == 1
    assert recorder.runs in ([], [[]])
    assert bench.kinds()[-1] is CameraEventKind.LOST
    assert "stopped for good" in bench.events[-1].detail.en
    assert account.gaps[-1].cause is GapCause.STOPPED


@pytest.mark.requirement("PRV-5")
def test_a_mask_that_cannot_be_laid_means_no_picture_for_anybody(tmp_path, clip, real_stage, kept) -> None:
    class Broken(real_stage):
        def mask(self, clear: ClearFrame, reading: object, now_ns: int):
            raise MaskError(
                Words("pas de masque", "no cover"), camera=CameraId("cam-0001"), what_to_do=Words("Voyez", "Look")
            )

    recorder, live, pictures = kept(), kept(), Pictures()
    with Bench(clip(tmp_path / "a.mp4"), Outlets(Broken, recorder, live, pictures)) as bench:
        bench.until(lambda: CameraEventKind.UNSUPPORTED in bench.kinds())
    assert pictures.taken == 0
    assert not any(run for run in [*recorder.runs, *live.runs])


def test_a_defect_in_one_camera_is_told_and_does_not_leave_its_thread(tmp_path, clip, real_stage, kept) -> None:
    with Bench(clip(tmp_path / "a.mp4"), Outlets(real_stage, kept(), kept(), Pictures(RuntimeError("bug")))) as bench:
        bench.until(lambda: CameraEventKind.LOST in bench.kinds())
        assert bench.thread.is_alive()
    assert "a defect ended the connection: RuntimeError('bug')" in bench.events[-1].detail.en


def test_a_thread_that_cannot_keep_up_gives_up_whole_groups_and_counts_each_picture(
    tmp_path, clip, real_stage, kept
) -> None:
    recorder, pictures = kept(), Pictures(delay_s=0.25)
    with Bench(clip(tmp_path / "a.mp4"), Outlets(real_stage, recorder, kept(), pictures)) as bench:
        bench.until(lambda: pictures.taken >= 8)
        pictures.delay_s = 0.0
        bench.until(lambda: pictures.taken >= 20)
        time.sleep(0.1)
        account = bench.account()
    assert account.counts.dropped >= 12
    assert account.counts.decoded == account.counts.masked
    (overload,) = [gap for gap in account.gaps if gap.cause is GapCause.OVERLOAD]
    assert overload.end_ns - overload.start_ns > 4 * 10**8
    assert GapCause.PACKETS_LOST not in {gap.cause for gap in account.gaps}
    assert bench.kinds() == [CameraEventKind.LIVE]


def test_a_clip_goes_on_over_its_end_with_the_times_of_now(tmp_path, clip, real_stage, kept) -> None:
    recorder = kept()
    with Bench(clip(tmp_path / "a.mp4", seconds=1), Outlets(real_stage, recorder, kept(), None)) as bench:
        bench.until(lambda: bool(recorder.runs) and len(recorder.runs[-1]) > 40)
    (run,) = recorder.runs
    times = [packet.captured.at_ns for packet in run]
    assert all(0 < later - earlier < 2 * 10**8 for earlier, later in zip(times, times[1:], strict=False))
    assert [packet.sequence for packet in run] == list(range(run[0].sequence, run[0].sequence + len(run)))
    assert not run[0].captured.from_camera
    assert bench.account().counts.packets_lost == 0
