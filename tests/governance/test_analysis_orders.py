"""Orders for analysis, the register of models, the kill switch: what none can say, files that cannot be changed."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from csu.governance import CentreKey, Role
from csu.governance.analysis_orders import (
    AnalysisOrderLedger,
    AnalysisOrderRecorded,
    AnalysisOrderWithdrawn,
    NamedTool,
    order_from,
    order_text,
)
from csu.governance.analysis_switch import AnalysisSwitchLedger
from csu.governance.errors import (
    AnalysisOrderRefused,
    AnalysisOrdersBroken,
    AnalysisSwitchBroken,
    AnalysisSwitchRefused,
    ModelRefused,
    ModelsBroken,
)
from csu.governance.model_register import (
    ModelLedger,
    ModelRegistered,
    ModelWithdrawn,
    TypeResult,
    model_from,
    model_text,
)
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE
from tests.governance.analysed_evening import DAY_NS, WEIGHTS, a_model, an_order, minute

BY = "C. Morel"


@pytest.fixture
def key(tmp_path):
    return CentreKey.load_or_make(tmp_path / "key.pem")


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": ""},
        {"number": "n° 12"},
        {"number": "AB-123-CD"},
        {"event": " "},
        {"place": ""},
        {"to_ns": minute(18 * 60)},
        {"to_ns": minute(18 * 60) + 32 * NS_PER_DAY},
        {"to_ns": minute(20 * 60) + 1},
        {"ordered_on": date(2027, 6, 20)},
        {"communes": ()},
        {"cameras": ()},
        {"cameras": (CameraId("cam-0001"),) * 2},
        {"cameras": tuple(CameraId(f"cam-{n}") for n in range(513))},
        {"types": ()},
        {"ring_m": ((0.0, 0.0), (1.0, 1.0))},
        {"ring_m": ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))},
        {"tool": NamedTool("abc", "1", "MI-1")},
        {"tool": NamedTool(WEIGHTS, "1", " ")},
    ],
)
def test_what_no_order_can_say_is_refused(wrong) -> None:
    with pytest.raises(AnalysisOrderRefused):
        an_order(**wrong)


def test_a_ninth_type_is_no_order_and_an_order_survives_its_text() -> None:
    assert order_from(order_text(an_order())) == an_order()
    with pytest.raises(AnalysisOrderRefused):
        order_from(order_text(an_order()).replace("crowd_density", "loitering"))
    with pytest.raises(AnalysisOrderRefused):
        order_from(order_text(an_order()).replace('"event_kind"', '"persons":[],"event_kind"'))


def test_orders_outlive_the_process_and_withdrawing_is_for_good(tmp_path, key) -> None:
    ledger, other = (AnalysisOrderLedger(tmp_path / "orders.sqlite", key) for _ in range(2))
    ledger.decide(lambda _: [AnalysisOrderRecorded(an_order(), BY, DAY_NS)])
    with pytest.raises(AnalysisOrderRefused):
        ledger.decide(lambda _: [AnalysisOrderRecorded(an_order(), BY, DAY_NS)])
    assert other.catch_up()
    other.decide(lambda _: [AnalysisOrderWithdrawn("2027-57-012", "annulé", BY, DAY_NS + 1)])
    again = AnalysisOrderLedger(tmp_path / "orders.sqlite", key).value
    assert again.standing["2027-57-012"].order == an_order()
    assert again.standing["2027-57-012"].withdrawn_ns == DAY_NS + 1
    for refused in (
        AnalysisOrderRecorded(an_order(), BY, DAY_NS),
        AnalysisOrderWithdrawn("2027-57-012", "encore", BY, DAY_NS),
        AnalysisOrderWithdrawn("2027-57-099", "inconnu", BY, DAY_NS),
        AnalysisOrderRecorded(an_order(number="B-1"), "", DAY_NS),
        AnalysisOrderRecorded(an_order(number="B-1"), BY, an_order().to_ns),
        AnalysisOrderRecorded(an_order(number="B-1"), BY, DAY_NS - 60 * NS_PER_DAY),
    ):
        with pytest.raises(AnalysisOrderRefused):
            again.with_event(refused)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "A" * 64},
        {"name": ""},
        {"version": ""},
        {"attestation": ""},
        {"attested_by": ""},
        {"results": ()},
        {"results": (TypeResult(EventType.WEAPON, 0, 1.0, 1.0, 0.0, 0.0, "none"),)},
        {"results": (TypeResult(EventType.WEAPON, 3, 1.1, 1.0, 0.0, 0.0, "x"),)},
        {"parameters": (("score_min", float("nan")),)},
    ],
)
def test_a_model_without_weights_figures_or_attestation_is_refused(wrong) -> None:
    with pytest.raises(ModelRefused):
        a_model(**wrong)


def test_unknown_weights_are_refused_and_withdrawn_ones_never_come_back(tmp_path, key) -> None:
    ledger = ModelLedger(tmp_path / "models.sqlite", key)
    with pytest.raises(ModelRefused):
        ledger.value.require(WEIGHTS)
    ledger.decide(lambda _: [ModelRegistered(a_model(), BY, DAY_NS)])
    assert ModelLedger(tmp_path / "models.sqlite", key).value.require(WEIGHTS) == a_model()
    ledger.decide(lambda _: [ModelWithdrawn(WEIGHTS, "trop de faux", BY, DAY_NS)])
    with pytest.raises(ModelRefused):
        ledger.value.require(WEIGHTS)
    with pytest.raises(ModelRefused):
        ledger.decide(lambda _: [ModelRegistered(a_model(), BY, DAY_NS)])
    assert model_from(model_text(a_model())) == a_model()


def test_whoever_watches_stops_it_and_only_who_answers_for_it_lets_it_go_on(tmp_path, key) -> None:
    switch = AnalysisSwitchLedger(tmp_path / "switch.sqlite", key)
    assert switch.state.allows()
    with pytest.raises(AnalysisSwitchRefused):
        switch.throw(Role.OPERATOR, by="A. Petit", reason=" ", at_ns=DAY_NS)
    with pytest.raises(AnalysisSwitchRefused):
        switch.throw(Role.INTEGRATOR, by="X", reason="essai", at_ns=DAY_NS)
    assert switch.throw(Role.OPERATOR, by="A. Petit", reason="fausses alertes", at_ns=DAY_NS)
    again = AnalysisSwitchLedger(tmp_path / "switch.sqlite", key)
    assert not again.state.allows()
    for role in (Role.OPERATOR, Role.ROOM_CHIEF, Role.TECH_ADMIN):
        with pytest.raises(AnalysisSwitchRefused):
            again.put_back(role, by="A. Petit", reason="je veux", at_ns=DAY_NS)
    assert not again.state.allows()
    assert again.put_back(Role.CSU_MANAGER, by="D. Roy", reason="réglé", at_ns=DAY_NS + NS_PER_MINUTE)
    assert switch.catch_up()
    assert switch.state.allows()


FILES = {
    "analysis_order_event": (
        AnalysisOrderLedger,
        AnalysisOrdersBroken,
        lambda it: it.decide(lambda _: [AnalysisOrderRecorded(an_order(), BY, DAY_NS)]),
    ),
    "model_event": (
        ModelLedger,
        ModelsBroken,
        lambda it: it.decide(lambda _: [ModelRegistered(a_model(), BY, DAY_NS)]),
    ),
    "switch_entry": (
        AnalysisSwitchLedger,
        AnalysisSwitchBroken,
        lambda it: it.throw(Role.DPO, by="D. Weber", reason="stop", at_ns=DAY_NS),
    ),
}


@pytest.mark.parametrize("table", FILES)
def test_a_file_that_somebody_changed_is_not_believed(tmp_path, key, table) -> None:
    make, broken, fill = FILES[table]
    path = tmp_path / "it.sqlite"
    ledger = make(path, key)
    fill(ledger)
    ledger.close()
    with sqlite3.connect(path) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute(f"UPDATE {table} SET body = replace(body, '1', '2')")
    with pytest.raises(broken):
        make(path, key)
