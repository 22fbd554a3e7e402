"""Registers that are filled line by line: what was kept outlives a killed process, what was not is not there."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import date

import pytest

from csu.governance import CentreKey
from csu.governance.errors import SignRefused, SignsBroken
from csu.governance.legal_calendar import start_of_day
from csu.governance.signs import Sign, SignLedger, SignRecorded, SignRemoved
from csu.hal.camera import CameraId, CommuneId

AT_NS = start_of_day(date(2026, 11, 30))


def recorded(number: str) -> SignRecorded:
    text = "Site sous vidéoprotection, le maire est responsable."
    sign = Sign(number, CommuneId("metz"), "Place d'Armes", date(2026, 11, 2), text, (CameraId("cam-0001"),))
    return SignRecorded(sign, "D. Weber", AT_NS)


@pytest.fixture
def key(tmp_path):
    return CentreKey.load_or_make(tmp_path / "key.pem")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "signs.sqlite"


def test_all_events_of_a_decision_are_kept_or_none(path, key) -> None:
    ledger = SignLedger(path, key)
    with pytest.raises(SignRefused):
        ledger.decide(lambda _: [recorded("P-1"), SignRemoved("P-2", "jamais posé", "D. Weber", AT_NS)])
    assert not ledger.value.standing
    assert not SignLedger(path, key).value.standing


def test_a_decision_is_taken_on_what_another_process_left(path, key) -> None:
    here, there = SignLedger(path, key), SignLedger(path, key)
    here.decide(lambda _: [recorded("P-1")])
    there.decide(lambda register: [recorded(f"P-{len(register.standing) + 1}")])
    assert here.catch_up()
    assert sorted(here.value.standing) == ["P-1", "P-2"]
    assert not here.catch_up()


KILLED = """
import os, signal, sys
from pathlib import Path
from csu.governance import CentreKey, event_ledger
from csu.governance.signs import SignLedger
from tests.governance.test_event_ledger import recorded

ledger = SignLedger(Path(sys.argv[1]), CentreKey.load_or_make(Path(sys.argv[2])))
ledger.decide(lambda _: [recorded("P-1")])
append = ledger._file.append
def torn(connection, made):
    append(connection, made)
    os.kill(os.getpid(), signal.SIGKILL)
ledger._file.append = torn
ledger.decide(lambda _: [recorded("P-2"), recorded("P-3")])
"""


def test_a_process_killed_while_it_writes_leaves_what_it_had_kept_and_no_half(path, key, tmp_path) -> None:
    command = [sys.executable, "-c", KILLED, str(path), str(tmp_path / "key.pem")]
    died = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    ledger = SignLedger(path, key)
    assert sorted(ledger.value.standing) == ["P-1"]
    ledger.decide(lambda _: [recorded("P-2")])
    assert sorted(SignLedger(path, key).value.standing) == ["P-1", "P-2"]


@pytest.mark.parametrize("deed", ["body = replace(body, 'Armes', 'Comédie')", "kind = 'SignRemoved'"])
def test_a_line_that_was_changed_outside_is_told(path, key, deed) -> None:
    ledger = SignLedger(path, key)
    ledger.decide(lambda _: [recorded("P-1")])
    ledger.close()
    with sqlite3.connect(path) as other:
        for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f"DROP TRIGGER {name}")
        other.execute(f"UPDATE sign_event SET {deed}")
    with pytest.raises(SignsBroken):
        SignLedger(path, key)


def test_a_line_that_another_key_signed_is_not_believed(path, key, tmp_path) -> None:
    SignLedger(path, CentreKey.load_or_make(tmp_path / "other.pem")).decide(lambda _: [recorded("P-1")])
    with pytest.raises(SignsBroken):
        SignLedger(path, key)
