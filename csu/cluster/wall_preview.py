"""The whole wall for browsers: what its nodes draw small, put together, encoded once for all who watch.

Nothing is drawn and nothing encoded while nobody watches. The wall is asked for each picture, so one that stopped gives
none: what was drawn before is never sent again. Encoding is done in a thread of ours, and never makes a wall wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from csu.cluster.live_muxer import FragmentMuxer
from csu.cluster.live_relay import LiveDesk
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import CaptureTime, EncodedFormat
from csu.hal.media import LiveFragment
from csu.hal.wall import WallNodeId
from csu.masking import EncoderQuality
from csu.masking.encoder import TIME_BASE_HZ, Timeline, codec_name, open_x264
from csu.wall.drawing.patterns import checker
from csu.wall.drawing.preview_plan import PreviewPicture, PreviewPlan, i420_of, plans_of_wall
from csu.wall.model import Wall

_log = logging.getLogger(__name__)

PICTURES_PER_S = 8.0
"""Who looks at a wall sees who moves; 8 to 12 [D]."""
QUALITY = EncoderQuality(crf=26, bits_per_s_max=6_000_000)
FROZEN_AFTER_S = 2.0
"""The part of a node that gave no picture for so long is covered, as the wall itself is (`wall_watch`)."""
RETRY_S = 1.0
"""Until a wall that gave an error is asked again."""
_WALL = CameraId("wall")
"""What the desk of watchers calls it: it is the only thing here that is watched."""
_BLACK = (16, 128, 128)


@runtime_checkable
class Previewed(Protocol):
    """A node's wall that can be drawn small: `WallProcess`."""

    async def preview(self, plan: PreviewPlan | None) -> PreviewPicture | None:
        """One picture as the wall is now; without a plan: no more for a while. Raises WallError."""
        ...


@dataclass(frozen=True, slots=True)
class EncodedPreview:
    """See `csu.cluster.live_muxer.Encoded`."""

    captured: CaptureTime
    data: bytes
    pts: int
    dts: int
    is_key: bool
    mask_epoch: int = 0
    """Of no one camera."""
    wholly_masked: bool = False


class WallPreview:
    """All nodes of one wall as one stream. `drawn` and `encoded` count pictures since it was made."""

    def __init__(
        self,
        nodes: Sequence[tuple[Previewed | None, PreviewPlan]],
        *,
        clock: Clock,
        pictures_per_s: float = PICTURES_PER_S,
    ) -> None:
        """`nodes`: the same size of picture for all; None: a node that cannot be seen from here, its panels are
        covered."""
        if len({(plan.width_px, plan.height_px) for _, plan in nodes}) != 1:
            raise ValueError("the plans of one wall have one size of picture")
        self._nodes, self._clock, self._period_s = tuple(nodes), clock, 1 / pictures_per_s
        self._desk = LiveDesk(self._watched)
        self._parts: list[PreviewPicture | None] = [None] * len(nodes)
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._letting_go: set[asyncio.Task[None]] = set()
        self.drawn = 0
        self.encoded = 0

    @staticmethod
    def of_wall(wall: Wall, outputs: Mapping[WallNodeId, object], *, clock: Clock) -> WallPreview:
        """Of all its nodes; those whose output is not `Previewed` cannot be seen from here."""
        nodes = [(outputs.get(node), plan) for node, plan in plans_of_wall(wall).items()]
        seen = [(output if isinstance(output, Previewed) else None, plan) for output, plan in nodes]
        return WallPreview(seen, clock=clock)

    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """Follow the wall: an init fragment, then pictures from the next key frame on. See `csu.hal.media.LiveRelay`.

        `captured_at_ns` of a fragment is when its oldest part was drawn.
        """
        return self._desk.watch(_WALL)

    async def stop(self) -> None:
        """End the stream of all who watch. Idempotent."""
        self._desk.end()
        for task in (self._task, *self._letting_go):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._task = None

    def _watched(self, _wall: CameraId, on: bool) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if on:
            self._task = asyncio.create_task(self._run(), name="wall preview")
            self._task.add_done_callback(self._ended)
        else:
            task = asyncio.create_task(self._let_go(), name="wall preview ends")
            self._letting_go.add(task)
            task.add_done_callback(self._letting_go.discard)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A fault of ours is told, and ends the stream of all who watch: they come again, and it begins anew."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("the preview of the wall failed and begins anew for who comes next", exc_info=fault)
            if task is self._task:
                self._desk.end()
                self._task = None

    async def _run(self) -> None:
        self._parts, self._new = [None] * len(self._nodes), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for index, (node, plan) in enumerate(self._nodes):
                if node is not None:
                    group.create_task(self._follow(index, node, plan))
            group.create_task(self._send())

    async def _follow(self, index: int, node: Previewed, plan: PreviewPlan) -> None:
        parts, new = self._parts, self._new
        while True:
            begun_ns = self._clock.monotonic_ns()
            try:
                parts[index] = await node.preview(plan)
            except CsuError:
                await asyncio.sleep(RETRY_S)  # whoever shows the wall tells of it, and starts it again
                continue
            self.drawn += 1
            new.set()
            await asyncio.sleep(max(0.0, self._period_s - (self._clock.monotonic_ns() - begun_ns) / NS_PER_S))

    async def _send(self) -> None:
        plans, parts, new = [plan for _, plan in self._nodes], self._parts, self._new
        stream = PreviewStream(plans[0], 1 / self._period_s)
        before_ns: Nanoseconds | None = None
        while True:
            await new.wait()
            new.clear()
            now_ns = self._clock.now_ns()
            picture = composed(plans, parts, now_ns)
            if picture is None:
                continue
            if before_ns is not None and now_ns - before_ns > FROZEN_AFTER_S * NS_PER_S:
                stream = PreviewStream(plans[0], 1 / self._period_s)  # the muxer held a picture back that is past now
            before_ns = now_ns
            for fragment in await asyncio.to_thread(stream.fragments, picture, now_ns):
                self._desk.hear(_WALL, fragment)
            self.encoded += 1
            if len(parts) > 1:  # several nodes: their pictures of one moment become one
                await asyncio.sleep(self._period_s / 2)

    async def _let_go(self) -> None:
        for node, _ in self._nodes:
            if node is not None:
                with suppress(CsuError):  # a wall that is not there holds nothing
                    await node.preview(None)


def composed(
    plans: Sequence[PreviewPlan], parts: Sequence[PreviewPicture | None], now_ns: Nanoseconds
) -> PreviewPicture | None:
    """One picture of all nodes, as old as its oldest part. What is older than FROZEN_AFTER_S is covered.

    None: all is.
    """
    young = [
        part if part is not None and now_ns - part.drawn_at_ns < FROZEN_AFTER_S * NS_PER_S else None for part in parts
    ]
    drawn = [part.drawn_at_ns for part in young if part is not None]
    if not drawn:
        return None
    if len(plans) == 1:
        return young[0]
    width, height = plans[0].width_px, plans[0].height_px
    i420 = np.empty((height * 3 // 2, width), np.uint8)
    for plane, level in zip(planes_of(i420), _BLACK, strict=True):
        plane[:] = level
    cover = i420_of(checker(*np.mgrid[0:height, 0:width]).astype(np.uint8)) if None in young else i420
    for plan, part in zip(plans, young, strict=True):
        for to, of in zip(planes_of(i420), planes_of(cover if part is None else part.i420), strict=True):
            share = width // to.shape[1]
            for place in plan.places:
                rows = slice(place.top_px // share, (place.top_px + place.height_px) // share)
                columns = slice(place.left_px // share, (place.left_px + place.width_px) // share)
                to[rows, columns] = of[rows, columns]
    return PreviewPicture(i420, min(drawn))


def planes_of(i420: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Y, U and V: views of it."""
    height, width = i420.shape[0] * 2 // 3, i420.shape[1]
    chroma = i420[height:].reshape(2, height // 2, width // 2)
    return i420[:height], chroma[0], chroma[1]


class PreviewStream:
    """Pictures of one size to fragments: a key frame begins each second. Not for two threads at once."""

    def __init__(self, plan: PreviewPlan, pictures_per_s: float) -> None:
        size = plan.width_px, plan.height_px
        self._timeline = Timeline(round(TIME_BASE_HZ / pictures_per_s))
        self._x264 = open_x264(*size, pictures_per_s, QUALITY, tells_bt601=True)
        extradata = bytes(self._x264.extradata or b"")
        told = EncodedFormat(*size, pictures_per_s, TIME_BASE_HZ, codec_name(extradata), extradata)
        self._muxer = FragmentMuxer(told)
        self._is_begun = False

    def fragments(self, picture: PreviewPicture, now_ns: Nanoseconds) -> list[LiveFragment]:
        """What can be sent now: the init segment once, then the picture before this one. Raises av.FFmpegError.

        `now_ns`: when it is to be played; it may show a part that was drawn earlier.
        """
        frame = VideoFrame.from_numpy_buffer(picture.i420, "yuv420p")
        frame.pts, is_new_second = self._timeline.place(now_ns)
        frame.pict_type = PictureType.I if is_new_second else PictureType.NONE
        made = []
        for packet in self._x264.encode(frame):
            if packet.pts is None or packet.dts is None or packet.size == 0:
                continue
            captured = CaptureTime(picture.drawn_at_ns, from_camera=False)
            encoded = EncodedPreview(captured, bytes(packet), packet.pts, packet.dts, packet.is_keyframe)
            if not self._is_begun:
                self._is_begun = True
                made.append(self._muxer.init_fragment(encoded))
            fragment = self._muxer.add(encoded)
            if fragment is not None:
                made.append(fragment)
        return made
