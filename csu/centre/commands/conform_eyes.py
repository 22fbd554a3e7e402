"""The eyes an examiner is lent: the engine's own ingest takes the streams, its own verifier judges the masks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from statistics import median

import numpy as np

from csu.hal.camera import CameraId, OnboardMask, StreamAddress
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.conformance import MaskPlan, StreamLook, StreamOffer
from csu.hal.frames import YuvPlanes
from csu.hal.words import NO_WORDS, Words
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder
from csu.ingest.describe import TRY_AGAIN, door_of
from csu.ingest.errors import CameraLost
from csu.ingest.line import StopSignal
from csu.ingest.session import Arrival, Session, describe, open_session
from csu.ingest.snapshot import fetch_snapshot
from csu.masking.cover import Cover, cell_shape
from csu.masking.edge.polygons import MASK_COLOURS_YUV, edge_masks
from csu.masking.edge.verify import EdgeVerifier

EXAMINED = CameraId("examined")
FIRST_PICTURE_S_MAX = 15.0
MISSING_FROM = 1.5
"""Of the usual time between two pictures: more is a hole."""


class CoverPlan:
    """The middle ninth of a picture, hidden by the camera's own mask."""

    def __init__(self, width_px: int, height_px: int, corners_max: int) -> None:
        rows, columns = cell_shape(width_px, height_px)
        cells = np.zeros((rows, columns), np.bool_)
        cells[rows // 3 : 2 * rows // 3, columns // 3 : 2 * columns // 3] = True
        self._cover = Cover(width_px, height_px, cells)
        self._colour = MASK_COLOURS_YUV[0]
        self._size = width_px, height_px
        self.masks: Sequence[OnboardMask] = edge_masks(self._cover, 1, max(4, corners_max), self._colour) or ()
        self._verifiers: dict[tuple[int, int, bool], EdgeVerifier] = {}

    def missing(self, planes: YuvPlanes, *, is_recorded: bool) -> Words | None:
        """None when the picture shows the mask."""
        key = planes.width_px, planes.height_px, is_recorded
        if key not in self._verifiers:
            self._verifiers[key] = EdgeVerifier(self._cover, self._colour, key[:2], is_recorded=is_recorded)
        return self._verifiers[key].missing(planes)

    def is_recorded(self, planes: YuvPlanes) -> bool:
        """The stream it was planned for, by its size."""
        return (planes.width_px, planes.height_px) == self._size


class IngestEyes:
    """See `csu.hal.conformance.StreamEyes`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def offer(self, address: StreamAddress) -> StreamOffer:
        """See StreamEyes."""
        offer = await asyncio.to_thread(describe, door_of(address, EXAMINED), EXAMINED, StopSignal())
        return StreamOffer(offer.video.codec if offer.video else "", len(offer.audio))

    async def watch(self, address: StreamAddress, seconds: float, plan: MaskPlan | None = None) -> StreamLook:
        """See StreamEyes. Raises CameraLost when no picture comes."""
        stop = StopSignal()
        watching = asyncio.ensure_future(asyncio.to_thread(self._watch, address, seconds, plan, stop))
        try:
            return await asyncio.shield(watching)
        finally:
            stop.set()

    async def still(self, address: StreamAddress, plan: MaskPlan) -> Words | None:
        """See StreamEyes."""
        planes = await asyncio.to_thread(fetch_snapshot, EXAMINED, address, self._clock)
        return _cover_plan(plan).missing(planes, is_recorded=False)

    def plan(self, width_px: int, height_px: int, corners_max: int) -> MaskPlan:
        """See StreamEyes."""
        return CoverPlan(width_px, height_px, corners_max)

    def _watch(self, address: StreamAddress, seconds: float, plan: MaskPlan | None, stop: StopSignal) -> StreamLook:
        began_ns = self._clock.monotonic_ns()
        admission = Admission(EXAMINED)
        session = open_session(EXAMINED, address, admission, self._clock, stop, lambda _: None)
        seen = _Seen(began_ns, None if plan is None else _cover_plan(plan))
        try:
            self._take(session, Decoder(EXAMINED, session.decoder, admission, is_annex_b=True), seen, seconds, stop)
        finally:
            session.close()
        return seen.told()

    def _take(self, session: Session, decoder: Decoder, seen: _Seen, seconds: float, stop: StopSignal) -> None:
        for arrival in session.arrivals():
            now_ns = self._clock.monotonic_ns()
            if arrival is None or stop.is_set():
                return
            seen.packet(arrival)
            for picture in decoder.decode(arrival.packet):
                seen.picture(picture.planes, picture.pts_ns, now_ns)
            waited_s = (now_ns - (seen.first_ns or seen.began_ns)) / NS_PER_S
            if waited_s >= (seconds if seen.first_ns is not None else FIRST_PICTURE_S_MAX):
                return


@dataclass(slots=True)
class _Seen:
    """What was seen of one stream so far."""

    began_ns: Nanoseconds
    plan: CoverPlan | None
    first_ns: Nanoseconds | None = None
    size: tuple[int, int] = (0, 0)
    pts_ns: list[Nanoseconds] = field(default_factory=list)
    keys_ns: list[Nanoseconds] = field(default_factory=list)
    ahead_ns: list[Nanoseconds] = field(default_factory=list)
    masks_missing: int = 0
    first_missing: Words = NO_WORDS

    def packet(self, arrival: Arrival) -> None:
        if arrival.packet.is_keyframe:
            self.keys_ns.append(arrival.pts_ns)
        if arrival.camera_at_ns is not None:
            self.ahead_ns.append(arrival.camera_at_ns - arrival.arrived_at_ns)

    def picture(self, planes: YuvPlanes, pts_ns: Nanoseconds, now_ns: Nanoseconds) -> None:
        self.first_ns = now_ns if self.first_ns is None else self.first_ns
        self.size = planes.width_px, planes.height_px
        self.pts_ns.append(pts_ns)
        if self.plan is None:
            return
        why = self.plan.missing(planes, is_recorded=self.plan.is_recorded(planes))
        if why is not None:
            self.masks_missing += 1
            self.first_missing = self.first_missing or why

    def told(self) -> StreamLook:
        if self.first_ns is None:
            raise CameraLost(Words("aucune image n'est venue", "no picture came"), where=EXAMINED, what_to_do=TRY_AGAIN)
        shown_ns = sorted(self.pts_ns)
        steps_ns = [after - before for before, after in pairwise(shown_ns)]
        usual_ns = median(steps_ns) if steps_ns else 0.0
        span_ns = shown_ns[-1] - shown_ns[0]
        holes = [round(step / usual_ns) - 1 for step in steps_ns if step > MISSING_FROM * usual_ns > 0]
        return StreamLook(
            *self.size,
            pictures=len(self.pts_ns),
            started_in_s=(self.first_ns - self.began_ns) / NS_PER_S,
            frames_per_s=len(steps_ns) * NS_PER_S / span_ns if span_ns > 0 else 0.0,
            key_interval_s=self._key_interval_s(),
            frames_missing=sum(holes),
            clock_ahead_s=median(self.ahead_ns) / NS_PER_S if self.ahead_ns else None,
            masks_missing=self.masks_missing,
            first_missing=self.first_missing,
        )

    def _key_interval_s(self) -> float:
        if len(self.keys_ns) < 2:
            return inf
        edges = [*self.keys_ns, self.pts_ns[-1]]
        return max(after - before for before, after in pairwise(edges)) / NS_PER_S


def _cover_plan(plan: MaskPlan) -> CoverPlan:
    if not isinstance(plan, CoverPlan):
        raise TypeError("these eyes know the plans they made")
    return plan
