"""`csu detect orders|why` on a centre's directory: what is entered holds, and is in the journal before."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from csu.centre.commands.detect import app
from csu.governance import day_in_paris, read_journal, start_of_day
from csu.governance.analysis_orders import NamedTool, order_text
from csu.governance.errors import AnalysisOrderRefused, AnalysisSwitchRefused
from csu.governance.model_register import model_text
from csu.hal.clock import NS_PER_DAY
from csu.hal.errors import BadInput
from csu.machine import SystemClock
from tests.centre.analysed_centre import a_centre
from tests.governance.analysed_evening import a_model, an_order

BY = ["--by", "C. Morel"]


@pytest.fixture
def centre(tmp_path):
    return a_centre(tmp_path)


def ask(*words: str):
    """(exit code, what --json says)"""
    result = CliRunner().invoke(app, [*words, "--json"], standalone_mode=False, catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.return_value, json.loads(result.stdout)


def test_an_order_its_model_and_the_switch_say_whether_a_camera_may_be_analysed(centre, tmp_path) -> None:
    at = ["--centre", str(centre)]
    weights = tmp_path / "weights.onnx"
    weights.write_bytes(b"toy")
    sha256 = hashlib.sha256(b"toy").hexdigest()
    today = day_in_paris(SystemClock().now_ns())
    begins_ns = start_of_day(today)
    order = an_order(
        ordered_on=today,
        from_ns=begins_ns,
        to_ns=begins_ns + 3 * NS_PER_DAY,
        tool=NamedTool(sha256, "2.1", "MI-2027-014"),
    )
    (tmp_path / "order.json").write_text(order_text(order), encoding="utf-8")
    model = a_model(sha256=sha256, attested_on=today)
    (tmp_path / "model.json").write_text(model_text(model), encoding="utf-8")

    assert ask("orders", "list", *at)[0] == 1
    assert ask("why", "cam-0001", "crowd_density", *at)[0] == 1
    assert ask("orders", "record", str(tmp_path / "order.json"), *at, *BY)[0] == 0
    code, told = ask("why", "cam-0001", "crowd_density", *at)
    assert (code, told["may_be_analysed"]) == (1, False)
    assert "modèle" in told["why"] or "model" in told["why"]
    with pytest.raises(BadInput):
        ask("orders", "model", str(tmp_path / "model.json"), "--weights", str(tmp_path / "order.json"), *at, *BY)
    ask("orders", "model", str(tmp_path / "model.json"), "--weights", str(weights), *at, *BY)
    assert ask("why", "cam-0001", "crowd_density", *at)[0] == 0
    assert ask("why", "cam-0001", "fire_start", *at)[0] == 1
    long_after = f"{today + timedelta(days=4)} 10:00"
    assert ask("why", "cam-0001", "crowd_density", "--at", long_after, *at)[0] == 1

    stop = ["--reason", "essai", *at, *BY]
    assert ask("orders", "stop", "--as", "operator", *stop)[0] == 1
    assert ask("why", "cam-0001", "crowd_density", *at)[0] == 1
    with pytest.raises(AnalysisSwitchRefused):
        ask("orders", "resume", "--as", "operator", *stop)
    assert ask("orders", "resume", "--as", "csu_manager", *stop)[0] == 0
    assert ask("orders", "withdraw", order.number, *stop)[0] == 1
    with pytest.raises(AnalysisOrderRefused):
        ask("orders", "record", str(tmp_path / "order.json"), *at, *BY)
    assert ask("why", "cam-0001", "crowd_density", *at)[0] == 1
    with pytest.raises(BadInput):
        ask("why", "cam-9999", "crowd_density", *at)

    steps = ["orders/2027-57-012", f"models/{sha256[:16]}", "kill", "resume", "orders/2027-57-012/withdrawn"]
    assert [row.entry.subject for row in read_journal(centre / "journal", 0)] == [f"analysis/{step}" for step in steps]
