"""What the simulated street brings beside its cameras: alarmed buildings, police, agents; as many as asked."""

from __future__ import annotations

import asyncio
import time

import pytest

from csu.hal.clock import NS_PER_S
from csu.hal.errors import BadInput
from csu.hal.site import SiteRequest
from csu.machine import SystemClock
from sim.accounts import INVENTED
from sim.street import build_street, posts
from sim.street_alarms import ALARMS_MAX, PANEL, SITES_M, TAKEN_BY, street_panel
from sim.street_camera import commune_id
from sim.street_options import read_options


def test_alarmed_buildings_stand_in_communes_of_the_street_near_a_camera():
    row = posts(build_street(1), 8)
    for (commune, _), (x_m, y_m) in SITES_M.items():
        near = [post for post in row if abs(post.pose.x_m - x_m) < 15 and abs(post.pose.y_m - y_m) < 15]
        assert commune in {commune_id(post.commune) for post in near}


def test_they_ring_one_after_the_other_at_their_interval_and_never_under_a_number_of_an_earlier_run():
    async def heard(from_ns: int) -> list:
        panel, said = street_panel(SystemClock(), from_ns, 0.01, [commune for commune, _ in SITES_M]), []
        async for message in panel.messages():
            await panel.acknowledge(message)
            said.append(message)
            if len(said) == 4:
                return said
        return said

    first = asyncio.run(heard(time.time_ns()))
    second = asyncio.run(heard(time.time_ns()))
    assert [each.site for each in first] == [site for _, site in SITES_M] * 2
    assert len({(each.panel, each.sequence) for each in first + second}) == 8
    assert {each.panel for each in first} == {PANEL}
    assert [b.raised_at_ns - a.raised_at_ns for a, b in zip(first, first[1:], strict=False)] == [NS_PER_S // 100] * 3
    assert ALARMS_MAX * 5 > 3_600


@pytest.mark.parametrize("options", [{"agents": 3}, {"agents": -1}, {"alarm_every_s": -1}, {"alarm_every_s": "often"}])
def test_a_wrong_number_of_agents_or_alarms_is_bad_input_that_names_it(options):
    with pytest.raises(BadInput, match=next(iter(options))):
        read_options(SiteRequest(4, options))


def test_unless_asked_nothing_rings_and_two_agents_watch():
    plain = read_options(SiteRequest(4))
    assert (plain.agents, plain.alarm_every_s) == (2, 0.0)
    assert TAKEN_BY not in {each.name for each in INVENTED}
