"""Panels of many communes dial at once, by all formats, keys, transports and habits, and some of them misbehave."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from sim.endpoints.dc09 import DiallerFault, open_diallers

HABITS = [
    *({}, {"both_paths": True}, {"repeats_as_sent": True}),
    {"faults": {DiallerFault.SPLIT_FRAMES}},
    {"faults": {DiallerFault.NO_LINE}},
    {"faults": {DiallerFault.REPLAYED}},
    {"faults": {DiallerFault.SLOW_CLOCK}},
]
MISBEHAVIOUR = [DiallerFault.WRONG_KEY, DiallerFault.DOWNGRADED, DiallerFault.MISMATCHED_ACCOUNT, DiallerFault.BAD_CRC]
EVENTS = {"SIA-DCS": ["BA", "FA", "TA"], "ADM-CID": ["130", "110", "137"]}
KINDS = {"intrusion", "fire", "tamper"}


def told(dc09, numbers):
    accounts = []
    for n, number in enumerate(numbers):
        key = [None, "k/1234", "k/192", "k/256"][n % 4]
        paths = [{"name": name, "door": "main", "transport": name} for name in ("tcp", "udp")]
        accounts.append({**dc09.account(number, key), "site": f"site {number}", "paths": paths})
    return dc09.settings(*accounts, limits={"address_burst": 1e5, "address_frames_per_s": 1e5})


@pytest.mark.parametrize("count", [28, pytest.param(400, marks=pytest.mark.nightly)])
def test_every_event_of_every_honest_panel_is_one_alarm_whatever_the_others_do(dc09, tmp_path, count):
    numbers = [f"{0x2000 + n:04X}" for n in range(count)]
    keys = [None, dc09.KEY, dc09.KEY_192, dc09.KEY_256]

    async def story():
        async with dc09.open_room(tmp_path, told(dc09, numbers)) as room, asyncio.timeout(110):
            ways = tuple(room.path(name, name) for name in ("tcp", "udp"))
            specs = []
            for n, number in enumerate(numbers):
                habit = {**HABITS[n % len(HABITS)]}
                faults = set(habit.pop("faults", ()))
                if n % 5 == 4:
                    faults = {MISBEHAVIOUR[n // 5 % 4]}
                if keys[n % 4] is None:
                    faults -= {DiallerFault.DOWNGRADED, DiallerFault.WRONG_KEY}  # it has no key to betray
                kind = "ADM-CID" if n % 3 == 0 else "SIA-DCS"
                more = {"answer_within_s": 4.0, "tries_max": 5, "format": kind, "faults": frozenset(faults), **habit}
                specs.append(room.dialler(number, keys[n % 4], ways[:: -1 if n % 2 else 1], **more))
            honest = [spec for spec in specs if not spec.faults & set(MISBEHAVIOUR)]
            bad = [spec for spec in specs if spec.faults & set(MISBEHAVIOUR)]
            assert len(honest) > len(bad) > 0
            async with open_diallers(specs) as panels:

                async def day(spec):
                    for zone, code in enumerate(EVENTS[spec.format], start=1):
                        assert (await panels[spec.account].raise_event(code, zone)).word == "ACK", spec

                misbehaving = [asyncio.create_task(panels[spec.account].raise_event()) for spec in bad]
                await asyncio.gather(*(day(spec) for spec in honest))
                for task in misbehaving:
                    task.cancel()
            raised = Counter((m.site, m.kind.value) for m in room.heard if m.kind.value in KINDS)
            for spec in honest:
                assert {kind: raised[f"site {spec.account}", kind] for kind in KINDS} == dict.fromkeys(KINDS, 1), spec
            sites = {f"site {spec.account}" for spec in bad}
            assert not any(m.site in sites and m.kind.value in ("intrusion", "fire") for m in room.heard)

    asyncio.run(story())
