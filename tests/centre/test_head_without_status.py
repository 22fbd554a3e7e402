"""A head that cannot say where it looks is taken in, and is wholly masked until it says a pose (PRV-5)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from csu.centre.masks.commissioning import Commissioning
from csu.centre.preparing import prepare_site
from csu.governance import LocalDoctrine
from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraError,
    CameraId,
    CameraRecord,
    CommuneId,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.site import Site
from csu.hal.words import Words
from sim.journal import JournalStandIn


class Dome:
    """As much of a PTZ as the centre asks when it opens; its GetStatus is a fault."""

    record = CameraRecord(CameraId("cam-0001"), 1, "x", CommuneId("metz"), ViewType.WIDE)

    async def capabilities(self) -> CameraCapabilities:
        return CameraCapabilities(True, 0, 0, (StreamProfile("main", "h264", 640, 360, 12.0),))

    async def stream(self, profile: str) -> StreamAddress:
        return StreamAddress("rtsp://127.0.0.1/x")

    async def pose(self) -> None:
        raise CameraError(Words("pas d'état", "no status"), where="cam-0001", what_to_do=Words("", ""))

    async def refuse_audio(self) -> AudioState:
        return AudioState.ABSENT


def test_it_is_taken_in_and_nobody_knows_where_it_stands(tmp_path: Path) -> None:
    masks, dome = Commissioning.open(tmp_path / "masks.sqlite"), Dome()
    try:
        site = Site("here", (dome,), ())  # type: ignore[arg-type]
        prepared = asyncio.run(prepare_site(site, (), LocalDoctrine(), masks, JournalStandIn()))
    finally:
        masks.close()
    (assignment,) = prepared.assignments
    assert prepared.unreached == ()
    assert prepared.posed == (dome,)
    assert prepared.found_at_m == {}
    assert assignment.pose is None
