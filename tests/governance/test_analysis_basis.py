"""Off unless everything says yes: law, switch, order, place, minute, type, papers and model (VSA-1 to 3, VSA-8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance import Interruption, InterruptionKind, Role, ServiceLevel
from csu.governance.analysis_basis import distrusted
from csu.governance.analysis_orders import AnalysisOrderRecorded, AnalysisOrders, AnalysisOrderWithdrawn
from csu.governance.analysis_switch import SwitchNow
from csu.governance.legal_regime import RegimeNow
from csu.governance.model_register import ModelRegister
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId, CommuneId
from csu.hal.words import Words
from tests.governance.analysed_evening import (
    CAMERA,
    COMMUNE,
    DAY,
    PLACE_M,
    REGIME,
    a_basis,
    a_model,
    an_order,
    minute,
    models_of,
    orders_of,
    papers_of,
)


def may(basis, at_ns: int, type=EventType.CROWD_DENSITY, commune=COMMUNE, place_m=PLACE_M, camera=CAMERA):
    return basis.decide(camera, commune, place_m, type, at_ns)


def test_from_the_first_instant_of_the_order_to_its_end_minute_and_not_an_instant_more() -> None:
    order = an_order()
    for at_ns, allowed in [
        (order.from_ns - 1, False),
        (order.from_ns, True),
        (order.to_ns - 1, True),
        (order.to_ns, False),
    ]:
        assert may(a_basis(), at_ns).permitted is allowed, at_ns


MISSING = {
    "no law": lambda b: replace(b, regime=RegimeNow()),
    "a law that is over": lambda b: replace(b, regime=RegimeNow(replace(REGIME, valid_until=date(2027, 6, 18)))),
    "a law that is to come": lambda b: replace(b, regime=RegimeNow(replace(REGIME, valid_from=date(2027, 6, 20)))),
    "the switch is thrown": lambda b: replace(b, switch=SwitchNow(True, Role.OPERATOR)),
    "no order": lambda b: replace(b, orders=AnalysisOrders()),
    "an order of another type": lambda b: replace(b, orders=orders_of(an_order(types=(EventType.WRONG_WAY,)))),
    "an order of another camera": lambda b: replace(b, orders=orders_of(an_order(cameras=(CameraId("cam-0002"),)))),
    "an order of another commune": lambda b: replace(b, orders=orders_of(an_order(communes=(CommuneId("autre"),)))),
    "an order typed in afterwards": lambda b: replace(b, orders=orders_of(an_order(), at_ns=minute(20 * 60 + 1))),
    "no model": lambda b: replace(b, models=ModelRegister()),
    "other weights": lambda b: replace(b, models=models_of(a_model(sha256="b" * 64))),
    "another attestation": lambda b: replace(b, models=models_of(a_model(attestation="MI-2027-015"))),
    "another version": lambda b: replace(b, models=models_of(a_model(version="2.2"))),
    "a type never tested": lambda b: replace(b, models=models_of(a_model(results=a_model().results[:1]))),
    "a camera that may only be stored": lambda b: replace(b, papers=papers_of(level=ServiceLevel.STORAGE_ONLY)),
    "a suspended camera": lambda b: replace(
        b, papers=papers_of(Interruption(InterruptionKind.SUSPENDED, minute(19 * 60), "S1"))
    ),
    "files that are not believed": lambda b: distrusted(b.papers, Words("illisible", "cannot be read")),
}


@pytest.mark.parametrize("name", MISSING)
def test_whatever_is_missing_nothing_is_permitted_and_it_is_said_why(name) -> None:
    at_ns = minute(20 * 60)
    assert may(a_basis(), at_ns).permitted
    said = may(MISSING[name](a_basis()), at_ns)
    assert not said.permitted
    assert said.reason.fr
    assert said.reason.en
    assert said.source


@pytest.mark.parametrize("place_m", [None, (201.0, 50.0), (-1.0, -1.0)])
def test_outside_the_bounds_or_nowhere_nothing_is_permitted(place_m) -> None:
    assert not may(a_basis(), minute(20 * 60), place_m=place_m).permitted
    unbounded = a_basis(orders=orders_of(an_order(ring_m=())))
    assert may(unbounded, minute(20 * 60), place_m=place_m).permitted


def test_an_order_that_was_withdrawn_permits_nothing_from_then_on_and_no_older_one_is_revived() -> None:
    orders = orders_of(an_order(), an_order(number="2027-57-011", to_ns=minute(21 * 60)))
    gone = orders.with_event(AnalysisOrderWithdrawn("2027-57-012", "annulé", "C. Morel", minute(20 * 60)))
    basis = a_basis(orders=gone)
    assert may(basis, minute(20 * 60) - 1).permitted
    assert may(basis, minute(20 * 60)).permitted  # by the other order, which is the prefect's as well
    assert not may(basis, minute(21 * 60)).permitted
    assert (
        basis.rule(CAMERA, COMMUNE, PLACE_M, EventType.WRONG_WAY, minute(20 * 60)).order.order.number == "2027-57-011"
    )


MINUTES = st.integers(0, 24 * 60)


@st.composite
def bases(draw):
    """A day with some orders, a regime that may end in it, a camera that may be suspended in it."""
    value = AnalysisOrders()
    for number in range(draw(st.integers(0, 3))):
        first, last = sorted(draw(st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1])))
        types = tuple(draw(st.sets(st.sampled_from(EventType), min_size=1, max_size=3)))
        order = an_order(number=f"A-{number}", from_ns=minute(first), to_ns=minute(last), types=types)
        recorded_ns = minute(draw(st.integers(-60, last - 1)))
        value = value.with_event(AnalysisOrderRecorded(order, "C. Morel", recorded_ns))
        if draw(st.booleans()):
            at_ns = minute(draw(MINUTES)) + 7
            value = value.with_event(AnalysisOrderWithdrawn(order.number, "annulé", "C. Morel", at_ns))
    last_day = draw(st.sampled_from([date(2027, 6, 18), DAY, date(2027, 12, 31)]))
    stops = []
    if draw(st.booleans()):
        begins, ends = sorted(draw(st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1])))
        stops = [Interruption(InterruptionKind.SUSPENDED, minute(begins), "S1", minute(ends))]
    regime = RegimeNow(replace(REGIME, valid_until=last_day))
    return a_basis(orders=value, regime=regime, papers=papers_of(*stops))


@settings(max_examples=60)
@given(basis=bases(), asked=st.integers(0, 25 * 60), later=st.lists(st.integers(0, 25 * 60), max_size=12))
def test_outside_its_intervals_nothing_is_permitted_and_until_is_never_late(basis, asked, later) -> None:
    at_ns = minute(asked)
    until_ns = basis.until(CAMERA, at_ns)
    assert until_ns > at_ns
    instants = {at_ns, until_ns - 1, *(minute(each) for each in later)}
    for type in EventType:
        first = basis.rule(CAMERA, COMMUNE, PLACE_M, type, at_ns)
        for other_ns in instants:
            ruling = basis.rule(CAMERA, COMMUNE, PLACE_M, type, other_ns)
            naming = [each for each in basis.orders.standing.values() if type in each.order.types]
            inside = any(
                each.order.from_ns <= other_ns < each.order.to_ns
                and each.recorded_ns <= other_ns
                and (each.withdrawn_ns is None or other_ns < each.withdrawn_ns)
                for each in naming
            )
            if ruling.decision.permitted:
                assert inside
                assert basis.regime.allows(other_ns).permitted
                assert basis.papers.may_record(CAMERA, other_ns).permitted
            if at_ns <= other_ns < until_ns:
                assert (ruling.decision.permitted, ruling.order) == (first.decision.permitted, first.order)
