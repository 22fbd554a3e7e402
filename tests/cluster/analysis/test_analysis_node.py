"""The analysis in a process of its own, on real shared memory, with the real network."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from csu.cluster.analysis_node import EmbeddedAnalysisNode
from csu.cluster.child import NodeError
from csu.cluster.shared_pictures import SharedPictures, SharedPicturesWriter
from csu.detection.models import default_detector
from csu.hal.analysis import (
    AnalysisAssignment,
    AnalysisLost,
    AnalysisMessage,
    AnalysisMinute,
    AnalysisZone,
    EventType,
    ZoneRule,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.machine import SystemClock
from tests.cluster.conftest import build_masked_frame

CLOCK = SystemClock()
SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
RULE = ZoneRule(AnalysisZone("quai", SQUARE), EventType.RESTRICTED_ZONE)


class Film:
    """Two cameras whose masked pictures come ten times a second."""

    def __init__(self) -> None:
        self.shared = SharedPictures.create([CameraId("a"), CameraId("b")], 320, 180)
        self._writer = SharedPicturesWriter.attach(self.shared.spec)

    async def play(self) -> None:
        grey = np.full((90, 160), 128, np.uint8)
        for number in range(10_000):
            y = np.full((180, 320), 90, np.uint8)
            left = 10 + 6 * number % 260
            y[60:150, left : left + 30] = 210
            for camera in ("a", "b"):
                frame = build_masked_frame(camera, number, at_ns=CLOCK.now_ns(), planes=YuvPlanes(y, grey, grey))
                self._writer.accept(frame)
            await asyncio.sleep(0.1)


@pytest.fixture
def film() -> Iterator[Film]:
    film = Film()
    yield film
    film.shared.close()


@pytest.fixture(scope="module")
def model() -> str:
    return default_detector().sha256


def given(camera: str, model: str, seconds: float) -> AnalysisAssignment:
    until_ns = CLOCK.now_ns() + round(seconds * NS_PER_S)
    return AnalysisAssignment(CameraId(camera), (RULE,), until_ns=until_ns, order="2026-1", model=model)


async def heard(node: EmbeddedAnalysisNode, said: list[AnalysisMessage]) -> None:
    async for message in node.messages():
        said.append(message)


async def looking(node: EmbeddedAnalysisNode, said: list[AnalysisMessage], model: str) -> None:
    """Until it has opened its network and looked at something: how long that takes is the machine's affair."""
    for _ in range(90):
        await node.assign([given("a", model, 60.0)])
        await asyncio.sleep(0.5)
        await node.assign([])
        await asyncio.sleep(0.1)
        if any(isinstance(each, AnalysisMinute) and each.pictures_looked_at for each in said):
            said.clear()
            return
    raise AssertionError("it does not begin to look")


def test_the_process_looks_at_what_it_was_given_until_its_end_and_at_nothing_else(film: Film, model: str) -> None:
    async def run() -> list[AnalysisMessage]:
        node, said = EmbeddedAnalysisNode(film.shared.spec, clock=CLOCK), list[AnalysisMessage]()
        playing = asyncio.create_task(film.play())
        await node.start()
        hearing = asyncio.create_task(heard(node, said))
        await looking(node, said, model)
        await node.assign([given("a", model, 2.0)])
        await asyncio.sleep(4.0)
        told_after_end = list(said)
        await node.stop()
        await hearing
        playing.cancel()
        assert [type(each) for each in told_after_end] == [AnalysisMinute], "the end tells its minute at once"
        return said

    minutes = [each for each in asyncio.run(run()) if isinstance(each, AnalysisMinute)]
    assert {minute.camera for minute in minutes} == {"a"}
    assert 3 <= sum(minute.pictures_looked_at for minute in minutes) <= 11, "five a second, two seconds long"


def test_a_process_that_is_killed_is_told_and_can_be_started_again(film: Film, model: str) -> None:
    async def run() -> list[AnalysisMessage]:
        node, said = EmbeddedAnalysisNode(film.shared.spec, clock=CLOCK), list[AnalysisMessage]()
        await node.start()
        with pytest.raises(NodeError):
            await node.start()
        await node.assign([given("a", model, 60.0)])
        hearing = asyncio.create_task(heard(node, said))
        assert node.pid is not None
        os.kill(node.pid, signal.SIGKILL)
        await hearing
        assert node.pid is None
        with pytest.raises(NodeError):
            await node.assign([])
        await node.start()
        await node.assign([given("a", model, 60.0)])
        await node.stop()
        return said

    (lost,) = asyncio.run(run())
    assert isinstance(lost, AnalysisLost)
    assert "9" in lost.detail.en
