"""What may go wrong in the city: every kind at once is survived, and each means what the centre can see of it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from simpy import Environment

from csu.centre.media.manifests import Manifests
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.media import CameraEventKind, GapCause, Manifest, NodeId, NodeLost
from sim.consequences import REBOOT_NS, SEEN_AFTER_NS, clock_errors_of, node_plan, outages_of
from sim.dictionary import FAULTS, STORY
from sim.fault_words import OF_A_CLOCK, EnginePoint, FaultKind
from sim.faults import Fault
from sim.loop import SimLoop
from sim.media_node import FROZEN_AFTER_NS, CohortMediaNode, NodePlan
from sim.ports import VirtualClock
from sim.run import run_scenario

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
title: Toutes les pannes
seed: 7
start: 2026-11-23 12:00
duration: 90 min
city: {communes: 5, cameras: 50, alarms: 30/h}
expect:
  - {finally: coverage, at_least: 30 %}
options: {quiet: 20 min}
"""


def city(tmp_path: Path, lines: str) -> Path:
    path = tmp_path / "faults.yaml"
    path.write_text(HEAD + lines, encoding="utf-8")
    return path


def by_chance(kind: FaultKind) -> str:
    more = ", clock_error: 1 s .. 5 s" if kind in OF_A_CLOCK else ""
    more += ", delay: 200 ms .. 20 s" if kind is FaultKind.LINK_DELAY else ""
    return f"  - {{kind: {kind.value}, rate: 5/h, lasts: 30 s .. 6 min{more}}}\n"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_city_survives_every_kind_of_fault_at_once(tmp_path: Path, seed: int) -> None:
    result = run_scenario(city(tmp_path, "faults:\n" + "".join(map(by_chance, FaultKind))), seed)
    assert result.failure is None
    assert {judged.name: judged.details for judged in result.judgements if not judged.holds} == {}
    assert {fault.kind for fault in result.city.faults} == set(FaultKind)
    seen = result.counters
    assert seen["manifests_of_old_owners"] > 0
    assert seen["manifests_refused"] == seen["manifests_sent_again"] + seen["manifests_of_old_owners"]


def test_every_kind_of_fault_may_be_told_and_may_come_by_chance() -> None:
    kinds = {kind.value for kind in FaultKind}
    assert kinds <= set(STORY.models)
    assert kinds <= set(FAULTS.models)
    assert all(STORY[kind].shows.en and STORY[kind].shows.fr for kind in kinds)


def test_every_fault_point_of_the_engine_may_be_named_in_a_scenario() -> None:
    found = set()
    for source in sorted((ROOT / "csu").rglob("*.py")):
        found |= set(re.findall(r'chaos\("([a-z._]+)"\)', source.read_text(encoding="utf-8")))
        found |= {f"purge.{step}" for step in re.findall(r'self\._pause\("([a-z]+)"\)', source.read_text("utf-8"))}
    assert len(found) >= 8
    assert found <= set(get_args(EnginePoint))


FREEZE = "story:\n  - {at: +10 min, kind: node_freeze, commune: Valmandrin, lasts: LASTS}\n"


@pytest.mark.parametrize("lasts", ["40 s", "5 min"])
def test_what_a_frozen_node_says_when_it_thaws_is_refused(tmp_path: Path, lasts: str) -> None:
    result = run_scenario(city(tmp_path, FREEZE.replace("LASTS", lasts)))
    assert result.failure is None
    assert result.counters["manifests_of_old_owners"] == result.counters["manifests_refused"] == 1
    assert not any(judged.violations for judged in result.judgements)


@pytest.mark.parametrize("lasts", ["40 s", "5 min"])
def test_a_centre_that_believes_the_old_owner_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasts: str
) -> None:
    monkeypatch.setattr(Manifests, "_believe", lambda self, manifest: True)
    result = run_scenario(city(tmp_path, FREEZE.replace("LASTS", lasts)))
    assert "manifests_once" in {judged.name for judged in result.judgements if judged.violations}


CAMERA = CameraId("cam-0001")


def fault(kind: FaultKind, start_min: int, end_min: int, **more: int) -> Fault:
    return Fault(kind, start_min * NS_PER_MINUTE, end_min * NS_PER_MINUTE, 0, CAMERA, **more)


def test_a_camera_that_reboots_without_its_masks_is_missing_first_and_then_told() -> None:
    reset = fault(FaultKind.FIRMWARE_RESET, 10, 20)
    (outage,) = outages_of([reset])
    assert (outage.start_ns, outage.end_ns) == (reset.start_ns, reset.start_ns + REBOOT_NS)
    gone, back = node_plan([reset], 0, frozenset()).tells
    assert (gone.kind, back.kind) == (CameraEventKind.MASK_FAILED, CameraEventKind.MASK_VERIFIED)
    assert outage.end_ns < gone.at_ns < reset.end_ns < back.at_ns


def test_a_view_that_is_touched_too_shortly_is_never_told() -> None:
    short = replace(fault(FaultKind.CAMERA_COVERED, 10, 11), end_ns=10 * NS_PER_MINUTE + SEEN_AFTER_NS)
    assert node_plan([short], 0, frozenset()).tells == ()


def test_a_clock_that_drifts_is_wrong_by_all_of_it_at_the_end_and_well_afterwards() -> None:
    errors = clock_errors_of([fault(FaultKind.CLOCK_DRIFT, 0, 30, clock_ahead_ms=3000)])
    assert len(errors) == 30
    assert sum(error.ahead_ms for error in errors) == 3000
    assert {error.end_ns for error in errors} == {30 * NS_PER_MINUTE}
    halfway = sum(error.ahead_ms for error in errors if error.start_ns < 15 * NS_PER_MINUTE)
    assert halfway == 1500


@pytest.mark.parametrize("kind", [FaultKind.DISK_FULL, FaultKind.DISK_SWAPPED, FaultKind.KEY_STORE_DOWN])
def test_a_node_that_cannot_write_or_seal_keeps_nothing(kind: FaultKind) -> None:
    assert [outage.cause for outage in outages_of([fault(kind, 1, 2)])] == [GapCause.DISK]


def heard_from(plan: NodePlan, build_camera, minutes: int) -> list[tuple[int, object]]:
    """What a node of one camera says in so many minutes, and when; it is started again each time it is lost."""
    env = Environment()
    clock = VirtualClock(env, 1_795_392_000 * NS_PER_S)
    camera = build_camera(1)
    node = CohortMediaNode(NodeId("n"), clock, [camera], plan)
    heard: list[tuple[int, object]] = []

    async def follow() -> None:
        while True:
            await node.start()
            await node.assign([camera.assignment])
            async for message in node.messages():
                heard.append((clock.now_ns() - clock.epoch_ns, message))

    async def main() -> None:
        following = asyncio.create_task(follow())
        await asyncio.sleep(minutes * 60)
        following.cancel()

    with asyncio.Runner(loop_factory=lambda: SimLoop(env)) as runner:
        runner.run(main())
    return heard


EPOCH_NS = 1_795_392_000 * NS_PER_S


def at(start_s: float, end_s: float) -> tuple[int, int]:
    return EPOCH_NS + round(start_s * NS_PER_S), EPOCH_NS + round(end_s * NS_PER_S)


def test_a_frozen_node_is_replaced_and_speaks_of_its_old_epoch_when_it_thaws(build_camera) -> None:
    heard = heard_from(NodePlan(freezes=(at(150, 400),)), build_camera, 10)
    (lost_ns,) = [when for when, message in heard if isinstance(message, NodeLost)]
    assert lost_ns == 150 * NS_PER_S + FROZEN_AFTER_NS
    manifests = [(when, message) for when, message in heard if isinstance(message, Manifest)]
    old = [(when, m) for when, m in manifests if m.node_epoch == 1 and when > lost_ns]
    assert len(old) == 1
    assert old[0][0] >= 400 * NS_PER_S
    assert old[0][1].sequence == 2  # it goes on where it was
    assert [m.node_epoch for when, m in manifests if when > lost_ns].count(2) >= 5


def test_a_half_open_link_brings_nothing_until_it_is_well_and_then_all_of_it(build_camera) -> None:
    heard = heard_from(NodePlan(half_open=(at(90, 290),)), build_camera, 8)
    manifests = [(when, m.sequence) for when, m in heard if isinstance(m, Manifest)]
    assert not [when for when, _ in manifests if 90 * NS_PER_S < when < 290 * NS_PER_S]
    assert sorted({sequence for _, sequence in manifests}) == list(range(7))


def test_a_slow_link_delays_and_one_that_loses_receipts_repeats(build_camera) -> None:
    slow = node_plan([Fault(FaultKind.LINK_DELAY, *at(60, 200), 0, delay_ns=8 * NS_PER_S)], NS_PER_S, frozenset())
    whens = [when for when, m in heard_from(slow, build_camera, 6) if isinstance(m, Manifest)]
    assert [when / NS_PER_S for when in whens] == [69, 129, 189, 241, 301]
    lossy = NodePlan(lossy=(at(0, 400),))
    sequences = [m.sequence for _, m in heard_from(lossy, build_camera, 6) if isinstance(m, Manifest)]
    assert sequences == [0, 0, 1, 2, 2, 3, 4, 4]
