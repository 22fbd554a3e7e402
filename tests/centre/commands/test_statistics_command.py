"""`csu statistics enter|show|export`: counters by a decision, and files of what may be read."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from csu.centre.commands.statistics import app
from csu.governance import (
    AuthorisationFacts,
    CentreKey,
    Operation,
    OrderLedger,
    Purpose,
    day_in_paris,
    facts_from,
    read_journal,
)
from csu.governance.signs import Sign, SignLedger, SignRecorded
from csu.hal.camera import CameraId, CommuneId
from csu.hal.errors import BadInput
from csu.statistics import Counters, CountersUnusable, CountStore, counters_text
from sim.papers import PaperCamera, PapersOf, papers_text
from tests.statistics.builders import HOUR_NS, a_line, a_slot

ORVAL, CAMERA = CommuneId("orval"), CameraId("cam-0001")
TODAY = day_in_paris(time.time_ns())
LINE = a_line(camera=CAMERA, from_day=TODAY - timedelta(days=9), ends_on=TODAY + timedelta(days=9))


def called(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], standalone_mode=False)


def with_purpose(facts: AuthorisationFacts, *more: Purpose) -> AuthorisationFacts:
    orders = tuple(replace(order, purposes=frozenset(more)) for order in facts.authorisations)
    return replace(facts, authorisations=orders)


@pytest.fixture
def centre(tmp_path) -> Path:
    now_ns, path = time.time_ns(), tmp_path / "data"
    key = CentreKey.load_or_make(path / "centre" / "key.pem")
    orders = OrderLedger(path / "orders.sqlite", key)
    facts = facts_from(papers_text(PapersOf([PaperCamera(CAMERA, ORVAL)], now_ns)))
    orders.enter(with_purpose(facts, Purpose.TRAFFIC_FLOW), by="c.roth", reason="test", at_ns=now_ns)
    orders.close()
    signs = SignLedger(path / "signs.sqlite", key)
    text = "Place sous vidéoprotection ; les passages y sont comptés."
    sign = Sign("P-12", ORVAL, "Rue Serpenoise", date(2026, 1, 5), text, (CAMERA,))
    signs.decide(lambda _: [SignRecorded(sign, "c.roth", now_ns)])
    signs.close()
    return path


def entered(centre: Path, *counters) -> Result:
    file = centre / "counters.json"
    file.write_text(counters_text(Counters(counters)), encoding="utf-8")
    return called("enter", file, "--centre", centre, "--by", "c.roth", "--reason", "comptage", "--json")


def test_counters_are_entered_journaled_and_say_whether_they_count(centre):
    done = entered(centre, LINE)
    (told,) = json.loads(done.stdout)["counters"]
    assert (done.return_value, told["counts"], told["commune"]) == (0, True, ORVAL)
    rows = [row.entry for row in read_journal(centre / "journal", operation=Operation.CONFIG)]
    assert "counters/entered" in {getattr(entry, "subject", "") for entry in rows}
    elsewhere = a_line("ligne-2", CAMERA, sign="P-99", from_day=LINE.from_day, ends_on=LINE.ends_on)
    done = entered(centre, LINE, elsewhere)
    assert done.return_value == 1
    assert "P-99" in json.loads(done.stdout)["counters"][1]["why"]
    assert called("show", "--centre", centre).return_value == 1


def test_what_may_be_read_is_written_as_csv_and_parquet(centre):
    entered(centre, LINE)
    slot_ns = (time.time_ns() - 30 * HOUR_NS) // HOUR_NS * HOUR_NS
    store = CountStore(centre / "counts.sqlite")
    store.append([a_slot(LINE, slot_ns, 31), a_slot(LINE, slot_ns + HOUR_NS, 3)])
    store.close()
    days = ("--first", TODAY - timedelta(days=3), "--last", TODAY)
    where = ("--centre", centre, "--commune", ORVAL)
    done = called("export", *where, *days, "--out", centre / "a.csv", "--json")
    assert done.return_value == 0
    text = (centre / "a.csv").read_text("utf-8-sig")
    assert ";31;compte" in text
    assert ";3;" not in text
    assert called("export", *where, *days, "--out", centre / "a.parquet", "--format", "parquet").return_value == 0
    table = pq.read_table(io.BytesIO((centre / "a.parquet").read_bytes()))
    assert 31 in table["nombre"].to_pylist()
    assert table.num_rows == json.loads(done.stdout)["rows"]


def test_what_cannot_be_is_refused_and_nothing_changes(centre):
    entered(centre, LINE)
    file = centre / "wrong.json"
    file.write_text('{"counters": [{"counter": "faces", "kind": "faces"}]}', encoding="utf-8")
    done = called("enter", file, "--centre", centre, "--by", "c.roth", "--reason", "x")
    assert isinstance(done.exception, CountersUnusable)
    for days in (("--first", "2001-01-01", "--last", "2001-01-02"), ("--first", "hier", "--last", "2026-01-01")):
        done = called("export", "--centre", centre, "--commune", ORVAL, *days, "--out", centre / "a.csv")
        assert isinstance(done.exception, BadInput)
    told = json.loads(called("show", "--centre", centre, "--json").stdout)
    assert [each["counter"] for each in told["counters"]] == [LINE.counter]
