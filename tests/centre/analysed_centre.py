"""A centre's directory as it is today: papers of one camera, a law in force; no order for analysis yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from csu.governance import CentreKey, OrderLedger, day_in_paris
from csu.governance.legal_regime import RegimeLedger
from csu.machine import SystemClock
from tests.governance.analysed_evening import REGIME, papers_of


def a_centre(directory: Path) -> Path:
    """Made in `directory`."""
    key = CentreKey.load_or_make(directory / "centre" / "key.pem")
    now_ns = SystemClock().now_ns()
    today = day_in_paris(now_ns)
    law = replace(REGIME, valid_from=today - timedelta(days=9), valid_until=today + timedelta(days=90))
    regime = RegimeLedger(directory / "regime.sqlite", key)
    regime.enter(law, by="D. Weber", reason="parue", at_ns=now_ns)
    regime.close()
    orders = OrderLedger(directory / "orders.sqlite", key)
    orders.enter(papers_of().facts, by="C. Morel", reason="essai", at_ns=now_ns)
    orders.close()
    return directory
