"""`csu journal` and `csu register` as a person types them."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from csu import cli
from csu.centre.registers.stamp_client import HttpAuthority
from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_entry import DataSpan, Ended, Ground, JournalEntry, Operation, Outcome
from csu.governance.legal_calendar import start_of_day
from csu.governance.legal_register import LegalRegister
from csu.governance.register_errors import CentreKeyUnusable, StampRefused
from csu.governance.register_lines import Destroyed, DestructionRule, Recorded
from csu.governance.spans import Span
from csu.governance.time_stamps import ANSWER_BYTES_MAX
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S

DAY = date(2026, 11, 23)
NOON_NS = start_of_day(DAY) + 720 * NS_PER_MINUTE
CAMERA = CameraId("cam-0012")


@pytest.fixture
def csu(monkeypatch, capsys):
    """Runs a command; (exit code, the object on stdout)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["csu", *map(str, words), "--json"])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "keys" / "centre.pem"
    CentreKey.load_or_make(path).public.save(tmp_path / "keys" / "centre.pub.pem")
    return path


@pytest.fixture
def public(key):
    return key.with_name("centre.pub.pem")


@pytest.fixture
def journal(tmp_path, key):
    written = AuditJournal(tmp_path / "journal", CentreKey.load(key))
    span = Span(NOON_NS - NS_PER_MINUTE, NOON_NS)
    written.append(
        [
            JournalEntry(Operation.LIVE_SELECT, "a.martin", "operator", data=(DataSpan(CAMERA),)),
            JournalEntry(Operation.REPLAY, "a.martin", "operator", Outcome.REFUSED, refusal="acc-3"),
            JournalEntry(
                Operation.EXPORT,
                "c.leroy",
                "evidence_clerk",
                ground=Ground.REQUISITION,
                reference="REQ-2026-0017",
                data=(DataSpan(CAMERA, span),),
                recipient="opj:0123456",
            ),
            Ended(3, Operation.EXPORT, Outcome.DONE, "ab" * 32),
        ],
        NOON_NS,
    )
    written.close()
    return tmp_path / "journal"


def test_the_journal_is_shown_and_filtered(csu, journal):
    code, told = csu("journal", "show", "--journal", journal)
    assert code == 0
    assert [each["operation"] for each in told["entries"]] == ["live_select", "replay", "export", "export"]
    assert told["entries"][0]["at_paris"] == "2026-11-23 12:00:00 +01:00"
    assert (told["entries"][1]["outcome"], told["entries"][1]["refusal"]) == ("refused", "acc-3")
    _, told = csu("journal", "show", "--journal", journal, "--operation", "export", "--camera", CAMERA)
    assert [each["number"] for each in told["entries"]] == [3]
    _, told = csu("journal", "show", "--journal", journal, "--from", "2026-11-23T12:01")
    assert told["entries"] == []
    _, told = csu("journal", "show", "--journal", journal, "--limit", 2)
    assert (len(told["entries"]), told["more"]) == (2, True)


def test_verify_holds_then_names_the_row_that_was_changed(csu, journal, public, key, tmp_path):
    anchors = tmp_path / "elsewhere" / "anchors.jsonl"
    code, told = csu("journal", "anchor", "--journal", journal, "--key", key, "--anchors", anchors)
    assert (code, told["sequence"], told["stamped"]) == (0, 4, False)
    code, told = csu("journal", "verify", "--journal", journal, "--key", public, "--anchors", anchors)
    assert (code, told["holds"], told["rows"], told["anchors"], told["rows_not_anchored"]) == (0, True, 4, 1, 0)
    connection = sqlite3.connect(journal / "2026-11-23.sqlite")
    connection.execute("DROP TRIGGER journal_no_update")
    connection.execute("UPDATE journal SET body = replace(body, 'c.leroy', 'x.y') WHERE sequence = 3")
    connection.commit()
    connection.close()
    code, told = csu("journal", "verify", "--journal", journal, "--key", public)
    assert (code, told["holds"], told["anchors"]) == (1, False, None)
    assert [(each["kind"], each["where"]) for each in told["findings"]] == [
        ("changed", "2026-11-23.sqlite#3"),
        ("unguarded", "2026-11-23.sqlite"),
    ]


def test_a_question_never_begins_a_journal_or_a_register(csu, tmp_path, public):
    for words in (
        ["journal", "show", "--journal", tmp_path / "none"],
        ["journal", "verify", "--journal", tmp_path / "none", "--key", public],
        ["register", "show", "--register", tmp_path / "none.sqlite", "--day", "2026-11-23"],
    ):
        code, told = csu(*words)
        assert code == 2
        assert told["error"]["where"].endswith(("none", "none.sqlite"))
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "none.sqlite").exists()


def test_an_anchor_inside_the_journal_is_refused(csu, journal, key):
    assert csu("journal", "anchor", "--journal", journal, "--key", key, "--anchors", journal / "anchors")[0] == 2


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----"])
def test_what_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "key.pem"
    path.write_text(text)
    for load in (CentreKey.load, CentreKey.load_or_make):
        with pytest.raises(CentreKeyUnusable):
            load(path)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "keys" / "centre.pem"
    made = CentreKey.load_or_make(path)
    assert CentreKey.load_or_make(path).public.hex == made.public.hex
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def register(tmp_path, key):
    path = tmp_path / "register.sqlite"
    start_ns = start_of_day(DAY)
    book = LegalRegister(path, CentreKey.load(key))
    book.add([Recorded(CAMERA, CommuneId("metz"), DAY, Span(start_ns, start_ns + NS_PER_DAY - NS_PER_S), 86_000)])
    gone_ns = start_ns + 30 * NS_PER_DAY
    book.destroy(
        Destroyed(CommuneId("metz"), DAY, (CAMERA,), gone_ns, DestructionRule.RETENTION, "-", 1_440, 9, gone_ns)
    )
    book.close()
    return path


def test_the_register_tells_of_a_day_and_a_camera(csu, register):
    code, told = csu("register", "show", "--register", register, "--day", "2026-11-23", "--camera", CAMERA)
    assert code == 0
    assert told["recorded"][0]["recorded_s"] == 86_000
    assert told["destroyed"][0]["key_shredded_at"] == "2026-12-23 00:00:00 +01:00"
    assert told["transmitted"] == []
    _, told = csu("register", "show", "--register", register, "--day", "2026-11-23", "--camera", "cam-0099")
    assert told["recorded"] == told["destroyed"] == []
    assert csu("register", "show", "--register", register, "--day", "Monday")[0] == 2


def test_the_register_is_verified_and_gives_its_certificates(csu, register, public, key, tmp_path):
    assert csu("register", "verify", "--register", register, "--key", public) == (0, {"holds": True, "findings": []})
    out = tmp_path / "certificates"
    words = ["register", "certificate", "--register", register, "--key", key, "--out", out]
    code, told = csu(*words, "--day", "2026-11-23")
    assert (code, told["certificates"]) == (0, ["CD-metz-2026-11-23-1"])
    assert {path.name for path in out.iterdir()} == {"CD-metz-2026-11-23-1.json", "CD-metz-2026-11-23-1.html"}
    assert csu(*words, "--day", "2026-11-24")[0] == 1


def test_without_json_people_read_their_language(monkeypatch, capsys, journal, register, public):
    asked = {
        ("journal", "show", "--journal", journal): ("a.martin", "à Paris", "in Paris"),
        ("journal", "verify", "--journal", journal, "--key", public): ("4", "le journal tient", "the journal holds"),
        ("register", "show", "--register", register, "--day", "2026-11-23"): (CAMERA, "Détruit", "Destroyed"),
    }
    for words, (both, french, english) in asked.items():
        for language, own in (("fr", french), ("en", english)):
            monkeypatch.setenv("CSU_LANG", language)
            monkeypatch.setattr(sys, "argv", ["csu", *map(str, words)])
            with pytest.raises(SystemExit):
                cli.main()
            said = capsys.readouterr().out
            assert both in said
            assert own in said


# -- the authority over HTTP ------------------------------------------------------------------------------------------


@pytest.fixture
def served():
    """A server that answers as it is told; (its address, what it was asked)."""
    asked, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
            status, body = answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/tsa", asked, answers
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_authority_is_asked_as_rfc_3161_says(served):
    url, asked, answers = served
    answers.append((200, b"token"))
    assert HttpAuthority(url).answer(b"request") == b"token"
    assert asked == [("application/timestamp-query", b"request")]


@pytest.mark.parametrize("answer", [(500, b""), (302, b""), (200, b"x" * (ANSWER_BYTES_MAX + 1))], ids=range(3))
def test_an_authority_that_fails_is_refused(served, answer):
    url, _, answers = served
    answers.append(answer)
    with pytest.raises(StampRefused):
        HttpAuthority(url).answer(b"request")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/tsa", "nonsense", "http://[", ""])
def test_an_authority_that_is_not_there_is_refused(url):
    with pytest.raises(StampRefused):
        HttpAuthority(url, timeout_s=1.0).answer(b"request")
