"""A whole media node, in its own process: an edge camera's segments on disk, on both sides of a change of route."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import numpy as np

from csu.cluster.embedded import EmbeddedMediaNode
from csu.hal.media import CameraEventKind, NodeId
from csu.masking import FILL_YUV
from csu.masking.edge import MASK_COLOURS_YUV
from csu.recording import check_segment
from sim.endpoints import MaskFault

CAMERA = "on-a-node"


def test_segments_of_both_routes_are_whole_and_show_no_clear_picture(served_alone, tmp_path: Path) -> None:
    street = served_alone(CAMERA)
    assignment, cover = street.assignment(CAMERA)
    street.farm.set_masks(CAMERA, assignment.edge.masks)
    kinds: list[CameraEventKind] = []

    async def listen(node: EmbeddedMediaNode) -> None:
        async for message in node.messages():
            kinds.append(getattr(message, "kind", None))

    async def until(kind: CameraEventKind) -> None:
        async with asyncio.timeout(12):
            while kind not in kinds:
                await asyncio.sleep(0.05)

    async def play() -> None:
        node = EmbeddedMediaNode(NodeId("node-1"), tmp_path)
        await node.start()
        listening = asyncio.create_task(listen(node))
        try:
            await node.assign([assignment])
            await until(CameraEventKind.MASK_VERIFIED)
            await asyncio.sleep(0.8)
            street.farm.set_mask_fault(CAMERA, MaskFault.SWITCHED_OFF)
            await until(CameraEventKind.MASK_FAILED)
            await asyncio.sleep(0.5)
        finally:
            await node.stop()
            await listening

    asyncio.run(play())
    segments = sorted(tmp_path.rglob("*.mp4"))
    assert len(segments) >= 3
    inner = cover.cells.repeat(16, axis=0).repeat(16, axis=1)[:360, :640]
    greys = (FILL_YUV[0], MASK_COLOURS_YUV[0][0])
    for segment in segments:
        with segment.open("rb") as file:
            assert check_segment(file).playable, segment
        with av.open(segment) as container:
            lumas = [frame.to_ndarray()[:360] for frame in container.decode(video=0)]
        assert lumas
        for luma in lumas:
            assert min(int(np.abs(luma[inner].astype(int) - grey).max()) for grey in greys) <= 40, segment
