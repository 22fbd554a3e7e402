"""The switch of real-time analysis: off, and on only between two days of a law that the Journal published (VSA-3)."""

from __future__ import annotations

from datetime import date

import pytest

from csu.governance import CentreKey
from csu.governance.errors import RegimeBroken, RegimeUnusable
from csu.governance.legal_calendar import instant_in_paris, start_of_day
from csu.governance.legal_regime import LegalRegime, RegimeLedger, RegimeNow, published_on

LAW, JOURNAL = "loi n° 2023-380 du 19 mai 2023, art. 10", "JORF n° 0116 du 20 mai 2023, texte n° 1"
FIRST, LAST = date(2027, 3, 1), date(2027, 12, 31)
BY = {"by": "D. Weber", "reason": "prorogation publiée"}


def regime(**more) -> LegalRegime:
    return LegalRegime(**({"law": LAW, "official_journal": JOURNAL, "valid_from": FIRST, "valid_until": LAST} | more))


@pytest.fixture
def key(tmp_path):
    return CentreKey.load_or_make(tmp_path / "key.pem")


def test_nothing_entered_allows_nothing_whatever_the_day() -> None:
    for day in (date(2024, 7, 26), date(2026, 11, 30), FIRST, LAST):
        decision = RegimeNow().allows(start_of_day(day))
        assert not decision
        assert "L251-2" in decision.source


@pytest.mark.parametrize(
    ("day", "minute", "allowed"),
    [
        (date(2027, 2, 28), 1439, False),
        (FIRST, 0, True),
        (LAST, 1439, True),
        (date(2028, 1, 1), 0, False),
        (date(2099, 1, 1), 0, False),
    ],
)
def test_a_regime_allows_from_its_first_minute_to_its_last_in_paris(day, minute, allowed) -> None:
    decision = RegimeNow(regime()).allows(instant_in_paris(day, minute))
    assert bool(decision) is allowed
    assert JOURNAL in decision.source


def test_nothing_is_allowed_after_the_last_day() -> None:
    assert not RegimeNow(regime()).allows(start_of_day(date(2028, 1, 1)))


@pytest.mark.parametrize(
    "more",
    [
        {"official_journal": ""},
        {"official_journal": "voté le 12 février 2026"},
        {"official_journal": "JORF n° 0116 du 31 février 2023"},
        {"law": " "},
        {"valid_until": date(2027, 2, 1)},
        {"valid_until": date(2207, 12, 31)},
    ],
)
def test_a_regime_without_journal_law_or_end_is_none(more) -> None:
    with pytest.raises(RegimeUnusable):
        regime(**more)


def test_there_is_no_regime_without_a_last_day() -> None:
    with pytest.raises(TypeError):
        LegalRegime(LAW, JOURNAL, FIRST)  # type: ignore[call-arg]


def test_the_day_of_the_journal_is_read() -> None:
    assert published_on("JORF n° 0116 du 20 mai 2023, texte n° 1") == date(2023, 5, 20)
    assert published_on("JORF n°0076 du 1er avril 2026") == date(2026, 4, 1)


def test_a_journal_that_has_not_appeared_yet_allows_nothing(tmp_path, key) -> None:
    ledger = RegimeLedger(tmp_path / "regime.sqlite", key)
    told = regime(official_journal="JORF n° 0051 du 2 mars 2027")
    with pytest.raises(RegimeUnusable, match="not appeared"):
        ledger.enter(told, **BY, at_ns=start_of_day(FIRST))
    assert not ledger.state.allows(start_of_day(FIRST))
    assert ledger.enter(told, **BY, at_ns=start_of_day(date(2027, 3, 2)))


@pytest.mark.parametrize("missing", [{"by": " "}, {"reason": ""}])
def test_somebody_answers_for_it(tmp_path, key, missing) -> None:
    ledger = RegimeLedger(tmp_path / "regime.sqlite", key)
    with pytest.raises(RegimeUnusable):
        ledger.enter(regime(), **(BY | missing), at_ns=start_of_day(FIRST))
    assert ledger.state == RegimeNow()


def test_what_is_entered_holds_in_another_process_and_is_taken_back_at_once(tmp_path, key) -> None:
    here, there = (RegimeLedger(tmp_path / "regime.sqlite", key) for _ in range(2))
    at_ns = start_of_day(FIRST)
    assert here.enter(regime(), **BY, at_ns=at_ns)
    assert there.catch_up()
    assert there.state.allows(at_ns)
    assert there.enter(None, by="D. Weber", reason="décision du 24 avril", at_ns=at_ns)
    assert here.catch_up()
    assert not here.state.allows(at_ns)
    assert [each.reason for each in here.entries] == ["prorogation publiée", "décision du 24 avril"]


def test_a_regime_that_another_key_signed_is_not_believed(tmp_path, key) -> None:
    stranger = CentreKey.load_or_make(tmp_path / "other.pem")
    RegimeLedger(tmp_path / "regime.sqlite", stranger).enter(regime(), **BY, at_ns=start_of_day(FIRST))
    with pytest.raises(RegimeBroken):
        RegimeLedger(tmp_path / "regime.sqlite", key)
