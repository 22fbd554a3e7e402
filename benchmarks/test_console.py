"""The console beside what it stands on: a decision and Cedar alone; forty operators.

Budgets: a decision 0.2 ms (p95); 1 ms of CPU a viewer-second and tiles 500 ms old (p95) before 40 x 16 tiles.
"""

from __future__ import annotations

import json
import time
from datetime import date

import cedarpy
import pytest

from benchmarks.console_load import measure_load
from benchmarks.console_page import measure_pages
from benchmarks.scoreboard import Scoreboard
from csu.console import demonstration_operator, invented_papers
from csu.governance import Action, AuthorisationRegister, Resource, Rights, Role, start_of_day
from csu.governance.policies import FACTS, _entities, policies_text
from csu.hal.camera import CameraId, CommuneId

CAMERAS, COMMUNES, ASKED = 1_300, 46, 3_000


def test_a_decision_beside_cedar_alone(scoreboard: Scoreboard) -> None:
    """1,300 cameras of 46 communes; a live picture, which asks for every paper there is. Wall time, p95."""
    day = date(2026, 11, 1)
    communes = [CommuneId(f"commune-{number:02}") for number in range(COMMUNES)]
    cameras = {CameraId(f"cam-{number:04}"): communes[number % COMMUNES] for number in range(CAMERAS)}
    rights, at_ns = Rights(AuthorisationRegister(invented_papers(cameras, day))), start_of_day(day) + 10**13
    who, names = demonstration_operator("a.dupre", communes, day), list(cameras)

    def decide(number: int) -> bool:
        return rights.decide(who, Action.LIVE_VIEW, Resource(camera=names[number % CAMERAS]), at_ns).permitted

    policies, entities = (
        cedarpy.PolicySet.from_str(policies_text()),
        cedarpy.Entities.from_json_str(json.dumps(_entities())),
    )
    asked = {
        "principal": f'Role::"{Role.OPERATOR.value}"',
        "action": 'Action::"live_view"',
        "resource": 'Centre::"csu"',
        "context": dict.fromkeys(FACTS, True),
    }

    def cedar(number: int) -> bool:
        return bool(cedarpy.is_authorized(asked, policies, entities).allowed)

    for subject, ask in (("csu, papers and policies", decide), ("cedarpy alone, facts given", cedar)):
        spent_ns = []
        for number in range(ASKED):
            begun_ns = time.perf_counter_ns()
            assert ask(number)
            spent_ns.append(time.perf_counter_ns() - begun_ns)
        spent_ns.sort()
        scoreboard.add("console: a decision, p95", subject, spent_ns[int(ASKED * 0.95)] / 1e6, "ms")
        scoreboard.add("console: a decision, p50", subject, spent_ns[ASKED // 2] / 1e6, "ms")


@pytest.mark.nightly
@pytest.mark.timeout(400)
def test_forty_operators_before_sixteen_tiles_each(scoreboard: Scoreboard) -> None:
    told = measure_load(operators=40, tiles=16, seconds=20.0)
    assert told.viewers == 640
    assert told.fragments > 0.5 * told.fragments_fed
    scoreboard.add("console: a viewer-second", "csu", told.server_cpu_ms_per_viewer_s, "ms of CPU")
    scoreboard.add("console: a tile's age, p95", "csu", told.age_p95_ms, "ms")
    scoreboard.add(
        "console: of the fragments fed, arrived", "csu", told.fragments / told.fragments_fed, "share", "more"
    )


@pytest.mark.nightly
def test_a_cold_page_and_one_in_a_storm_of_ten_thousand_alarms(scoreboard: Scoreboard) -> None:
    told = measure_pages()
    assert told.alarms_told > 10_000
    scoreboard.add("console: a cold live page is usable", "csu", told.live_usable_s, "s")
    scoreboard.add("console: a cold page of 10,000 alarms is usable", "csu", told.alarms_usable_s, "s")
    scoreboard.add("console: the longest task of that page", "csu", told.storm_longest_task_ms, "ms")
