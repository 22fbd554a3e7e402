"""A camera whose order ends: its node stops by itself at that instant, told by nobody."""

from __future__ import annotations

import asyncio
import time

from csu.hal.clock import NS_PER_MS, NS_PER_S
from sim.endpoints import EndpointSpec, RtspFarm

LATE_NS_MAX = 500 * NS_PER_MS
"""A picture that was on its way, and the thread that takes it."""


def test_nothing_is_recorded_past_the_end_of_an_order_though_nobody_reaches_the_node(
    tmp_path, node_run, assignment_of, all_playable
) -> None:
    ends: list[int] = []

    async def cut_off(node, heard) -> None:
        await heard.until(lambda h: any(event.camera == "ends" for event in h.events))
        ends.append(time.time_ns() + 3 * NS_PER_S)
        await node.assign([given("ends", 1, until_ns=ends[0]), given("stays", 2)])
        await asyncio.sleep(6)

    with RtspFarm(
        [EndpointSpec(name, n, width_px=128, height_px=96) for n, name in enumerate(("ends", "stays"), 1)]
    ) as farm:

        def given(name: str, number: int, **changes):
            return assignment_of(name, number, farm.address(name), **changes)

        heard = node_run(tmp_path, [given("ends", 1), given("stays", 2)], cut_off)
    last = {
        name: max(start_ns + duration_ms * NS_PER_MS for start_ns, duration_ms in heard.segments(name))
        for name in ("ends", "stays")
    }
    assert ends[0] - NS_PER_S < last["ends"] < ends[0] + LATE_NS_MAX
    assert last["stays"] > ends[0] + NS_PER_S
    assert all_playable(tmp_path) >= 2
