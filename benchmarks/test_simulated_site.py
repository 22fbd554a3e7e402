"""1,300 RTSP sources and 50 whole ONVIF cameras at once, watched and asked: does the simulated side hold?"""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.scoreboard import Scoreboard
from benchmarks.simulated_site import DEVICES, LIVE, SECONDS, SOURCES, measure, summary


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("live", [LIVE, 10])
def test_thirteen_hundred_sources_and_fifty_onvif_cameras(live: int, scoreboard: Scoreboard) -> None:
    site = asyncio.run(measure(SOURCES, live, SECONDS))
    what = f"{SOURCES} sources and {DEVICES} ONVIF cameras, {live} of them watched"
    for name, value in summary(site).items():
        scoreboard.add(what, f"sim, {name}", value, name)
    assert len(site.first_packet_ms) == SOURCES
    assert site.asked > DEVICES
    assert site.starved == 0 or site.left_out > 0  # whoever got too little was sent no more
