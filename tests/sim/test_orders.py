"""Prefects and communes of the simulated city: what they stop stops, and the oracle sees a centre that goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from csu.centre.watches.order_watch import OrderWatch
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import BadInput
from sim.intervals import difference
from sim.orders import Prefecture, start_of_day_ns
from sim.papers import PaperCamera
from sim.run import RunResult, run_scenario
from sim.scenario_file import read_scenario

ORDERS = """\
title: Arrêtés
seed: 7
start: 2026-11-23 21:30
duration: 3 h
city: {communes: 6, cameras: 24, alarms: 20/h}
authorisations:
  - {retention: 15 d, minimum: 2 d}
  - communes: [Montclarey]
    service: storage_only
    third_party: {who: SNCF, cameras: 2, until: 2026-11-24}
story:
  - {at: +10 min, kind: order_suspended, commune: Valmandrin, lasts: 40 min}
  - {at: +12 min, kind: order_withdrawn, commune: Courtavelle}
  - {at: +20 min, kind: order_expires, commune: Saint-Ombrin}
  - {at: +30 min, kind: commune_joins, commune: Brenneloup-sur-Arve}
  - {at: +40 min, kind: commune_leaves, commune: Lissandrecourt}
  - {at: +50 min, kind: camera_moved, commune: Montclarey, camera: 3, by: 60 m, lasts: 30 min}
  - {at: 22:40, kind: link_cut, commune: Saint-Ombrin, lasts: 40 min}
  - {at: +60 min, kind: node_crash, commune: Montclarey, lasts: 60 s}
  - {at: +15 min, kind: camera_lost, commune: Valmandrin, lasts: 5 min}
faults:
  - {kind: camera_lost, rate: 20/h, lasts: 20 s .. 10 min}
expect:
  - {finally: coverage, at_least: 60 %}
  - {whenever: commune.closed, then: camera.closed, same: commune, within: 60 s}
  - {whenever: commune.opened, then: camera.opened, same: commune, within: 60 s}
options: {quiet: 20 min}
"""


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.yaml"
    path.write_text(ORDERS, encoding="utf-8")
    return path


def minutes_recorded(result: RunResult, commune: str, from_min: int, to_min: int) -> float:
    """Camera-minutes recorded of a commune in that stretch of the run."""
    begins_ns = result.file.scenario.epoch_ns
    span = (begins_ns + from_min * NS_PER_MINUTE, begins_ns + to_min * NS_PER_MINUTE)
    cameras = next(each for each in result.city.communes if each.name == commune).cameras
    recorded = [difference([span], result.witness.holes.get(camera.camera, ())) for camera in cameras]
    return sum(end - start for spans in recorded for start, end in spans) / NS_PER_MINUTE


def test_what_prefects_and_communes_stop_is_not_recorded_and_what_they_allow_is(orders: Path) -> None:
    result = run_scenario(orders)
    assert result.failure is None
    assert {judged.name: judged.details for judged in result.judgements if not judged.holds} == {}
    assert minutes_recorded(result, "Valmandrin", 11, 50) == 0  # suspended
    assert minutes_recorded(result, "Valmandrin", 52, 100) > 0  # and resumed
    assert minutes_recorded(result, "Courtavelle", 13, 180) == 0  # withdrawn
    assert minutes_recorded(result, "Saint-Ombrin", 60, 90) > 0
    assert minutes_recorded(result, "Saint-Ombrin", 90, 180) == 0  # midnight in Paris, and nobody reached its node
    assert minutes_recorded(result, "Brenneloup-sur-Arve", 0, 30) == 0  # no member yet
    assert minutes_recorded(result, "Brenneloup-sur-Arve", 32, 100) > 0
    assert minutes_recorded(result, "Lissandrecourt", 90, 180) == 0  # it has left


def papers_are_never_looked_at_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderWatch, "_wake", lambda self: None)
    patch.setattr(OrderWatch, "_next_change_ns", lambda self, now_ns: 2**62)


def nodes_are_not_told_when_an_order_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderWatch, "until_ns", lambda self, camera: None)


def a_camera_that_was_closed_stays_closed(patch: pytest.MonkeyPatch) -> None:
    may_record, closed = OrderWatch.may_record, set[CameraId]()

    def stubborn(self: OrderWatch, camera: CameraId) -> bool:
        if not may_record(self, camera):
            closed.add(camera)
        return camera not in closed

    patch.setattr(OrderWatch, "may_record", stubborn)


@pytest.mark.parametrize(
    "plant",
    [
        papers_are_never_looked_at_again,
        nodes_are_not_told_when_an_order_ends,
        a_camera_that_was_closed_stays_closed,
    ],
)
def test_a_centre_that_does_not_follow_its_orders_is_found(
    orders: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    result = run_scenario(orders)
    assert result.failure is None
    assert "orders_obeyed" in {judged.name for judged in result.judgements if judged.violations}


class At:
    """A clock that shows what it is told."""

    now = start_of_day_ns(date(2026, 11, 23)) + 15 * 3600 * NS_PER_S

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now


def test_the_papers_say_what_happened_and_the_prefecture_knows_it_by_itself() -> None:
    clock, camera, commune = At(), CameraId("cam-1"), CommuneId("x")
    prefecture = Prefecture([PaperCamera(camera, commune)], clock, clock.now)
    stated: list[str] = []
    prefecture.state = stated.append
    begun = clock.now
    prefecture.suspend(commune)
    clock.now += NS_PER_MINUTE
    assert prefecture.is_closed(camera, clock.now)
    prefecture.resume(commune)
    assert prefecture.closed(camera) == ((begun, clock.now),)
    (stop,) = json.loads(stated[-1])["authorisations"][0]["interruptions"]
    assert (stop["from_ns"], stop["to_ns"], stop["kind"]) == (begun, clock.now, "suspended")
    ends_ns = prefecture.end(commune, agreement=False)
    assert ends_ns == start_of_day_ns(date(2026, 11, 24))
    assert not prefecture.is_closed(camera, ends_ns - 1)
    assert prefecture.is_closed(camera, ends_ns)
    assert json.loads(stated[-1])["authorisations"][0]["ends_on"] == "2026-11-24"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("communes: [Montclarey]", "communes: [Montclaray]", "vouliez-vous dire 'Montclarey'"),
        ("minimum: 2 d", "minimum: 20 d", "dépasse la conservation"),
        ("retention: 15 d", "retention: 36 h", "retention"),
        ("until: 2026-11-24", "until: 2026-13-24", "n'est pas un jour"),
        ("camera: 3, by", "camera: 300, by", "n'a que"),
        ("order_withdrawn, commune: Courtavelle", "order_withdrawn, commune: Nulleville", "n'est pas parmi"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, said: str
) -> None:
    assert before in ORDERS
    path = tmp_path / "wrong.yaml"
    path.write_text(ORDERS.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        read_scenario(path)
    assert said in refused.value.trouble.words.fr
