"""The legal register: any past day answers recorded, destroyed, transmitted; nothing is ever taken out of it."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.governance.anchor import make_anchor
from csu.governance.centre_key import CentreKey
from csu.governance.destruction import overdue_copies
from csu.governance.legal_calendar import one_month_after, start_of_day
from csu.governance.legal_register import CHAIN, LegalRegister, head_of, verify_register
from csu.governance.register_errors import (
    CertificateRefused,
    RegisterBroken,
    RegisterLineRefused,
    RegisterUnavailable,
)
from csu.governance.register_lines import CopyDestroyed, RegisterLine, TransmissionBasis
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY

DAY = date(2026, 11, 23)
CAMERA, OTHER = CameraId("cam-0012"), CameraId("cam-0013")


def test_a_day_answers_recorded_then_destroyed_and_the_recording_is_still_told(book):
    line = book.recorded(DAY)
    book.register.add([line, book.recorded(DAY, OTHER)])
    assert book.register.answer(DAY, CAMERA).recorded == (line,)
    assert book.register.answer(DAY, CAMERA).destroyed == ()
    book.register.destroy(book.destroyed(DAY, CAMERA))
    answer = book.again().answer(DAY, CAMERA)
    assert answer.recorded == (line,)
    assert [each.cameras for each in answer.destroyed] == [(CAMERA,)]
    assert book.register.answer(DAY, OTHER).destroyed == ()
    assert len(book.register.answer(DAY).recorded) == 2


def test_a_transmission_is_found_under_every_day_it_touches(book):
    start_ns = start_of_day(DAY)
    footage = replace(book.ten_to(DAY), span=Span(start_ns - 1, start_ns + NS_PER_DAY + 1))
    sent = book.transmitted(footage, start_ns + 3 * NS_PER_DAY)
    book.register.add([sent])
    days = [DAY + timedelta(days=d) for d in range(-2, 3)]
    found = [book.register.answer(day, CAMERA).transmitted for day in days]
    assert found == [(), (sent,), (sent,), (sent,), ()]
    assert book.register.answer(DAY, OTHER).transmitted == ()


def test_a_day_belongs_to_paris(book):
    """An instant at 23:30 UTC in winter is of the next day."""
    late_ns = start_of_day(DAY) + NS_PER_DAY - 1
    footage = replace(book.ten_to(DAY), span=Span(late_ns, late_ns + 1))
    assert book.transmitted(footage, late_ns).days == (DAY,)
    footage = replace(footage, span=Span(late_ns + 1, late_ns + 2))
    assert book.transmitted(footage, late_ns).days == (DAY + timedelta(days=1),)


def test_the_kinds_of_line_are_these_and_none_takes_one_away(book):
    assert [kind.__name__ for kind in RegisterLine.__args__] == [
        "Recorded",
        "Destroyed",
        "Transmitted",
        "CopyDestroyed",
    ]
    deeds = {name for name in dir(LegalRegister) if not name.startswith("_")}
    assert deeds == {
        *("head", "add", "destroy", "answer", "recipient_copies", "certificates", "access_certificate"),
        "close",
    }


@pytest.mark.parametrize("statement", ["UPDATE register_line SET body = body", "DELETE FROM register_line"])
def test_the_file_itself_refuses_to_forget(book, statement):
    book.register.add([book.recorded(DAY)])
    connection = sqlite3.connect(book.path)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        connection.execute(statement)
    connection.close()


def tamper(book, statement: str) -> None:
    connection = sqlite3.connect(book.path)
    held = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in held:
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    for _, sql in held:
        connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statement", "kind", "number"),
    [
        ("UPDATE register_line SET body = replace(body, '86390', '86391') WHERE sequence = 2", "changed", 2),
        ("DELETE FROM register_line WHERE sequence = 2", "missing", 2),
        ("DELETE FROM register_line WHERE sequence = 3", "cut", 3),
    ],
)
def test_a_changed_register_is_not_believed_and_the_line_is_named(book, centre_key, statement, kind, number):
    book.register.add([book.recorded(DAY + timedelta(days=d)) for d in range(3)])
    anchors = [make_anchor(CHAIN, *head_of(book.register.path), 1, book.key)]
    assert verify_register(book.path, centre_key.public, anchors) == ()
    tamper(book, statement)
    [found] = verify_register(book.path, centre_key.public, anchors)
    assert (found.kind.value, found.where) == (kind, f"register.sqlite#{number}")
    if kind != "cut":
        with pytest.raises(RegisterBroken):
            book.again()


def test_a_register_that_cannot_be_written_says_so(tmp_path, centre_key):
    (tmp_path / "file").write_text("")
    with pytest.raises(RegisterUnavailable):
        LegalRegister(tmp_path / "file" / "register.sqlite", centre_key)


def test_two_processes_write_one_register(book, centre_key):
    other = LegalRegister(book.path, centre_key)
    for day in range(3):
        book.register.add([book.recorded(DAY + timedelta(days=day))])
        other.add([book.recorded(DAY + timedelta(days=day), OTHER)])
    other.close()
    assert verify_register(book.path, centre_key.public) == ()
    assert len(book.register.answer(DAY).recorded) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda book: replace(book.recorded(DAY), recorded_s=86_401),
        lambda book: replace(book.recorded(DAY), recorded_s=0),
        lambda book: replace(book.destroyed(DAY), cameras=()),
        lambda book: book.destroyed(DAY, CAMERA, CAMERA),
        lambda book: replace(book.transmitted(book.ten_to(DAY), 1), footage=()),
        lambda book: replace(book.transmitted(book.ten_to(DAY), 1), office=""),
        lambda book: replace(book.transmitted(book.ten_to(DAY), 1), copies=0),
        lambda book: CopyDestroyed("case-17", "ab" * 32, "", 1),
    ],
    ids=range(8),
)
def test_a_line_that_says_nothing_is_refused(book, wrong):
    with pytest.raises(RegisterLineRefused):
        wrong(book)


# -- recipients' copies (RET-5) ---------------------------------------------------------------------------------------


def test_a_recipients_copy_has_its_own_month_and_is_listed_until_it_is_declared_destroyed(book):
    sent_ns = start_of_day(date(2027, 1, 31)) + NS_PER_DAY // 2
    habilitated = TransmissionBasis.L252_3_HABILITATED
    copy = book.transmitted(book.ten_to(DAY), sent_ns, habilitated)
    book.register.add([copy, book.transmitted(book.ten_to(DAY), sent_ns, case="case-18")])
    end_ns = one_month_after(sent_ns)
    assert (copy.copy_until_ns, end_ns) == (end_ns, start_of_day(date(2027, 2, 28)) + NS_PER_DAY // 2)
    assert overdue_copies(book.register.recipient_copies(), end_ns - 1) == ()
    assert overdue_copies(book.again().recipient_copies(), end_ns) == copy.recipient_copies()
    assert len(copy.recipient_copies()) == 1
    assert replace(copy, copy_days=7).copy_until_ns == sent_ns + 7 * NS_PER_DAY
    book.register.add([CopyDestroyed("case-17", "ab" * 32, "opj:0123456", end_ns + 5)])
    assert overdue_copies(book.register.recipient_copies(), end_ns + 10) == ()


# -- certificates -----------------------------------------------------------------------------------------------------


def test_a_destruction_gives_a_signed_certificate_that_anyone_can_check(book, centre_key):
    book.register.add([book.recorded(DAY)])
    made = book.register.destroy(book.destroyed(DAY))
    assert made.number == "CD-metz-2026-11-23-1"
    assert made.is_signed(centre_key.public)
    assert not made.is_signed(CentreKey(Ed25519PrivateKey.generate()).public)
    assert book.again().certificates(DAY) == [made]
    told = json.loads(json.loads(made.to_json())["statement"])
    assert (told["cameras"], told["rule"], told["register_line"]) == (["cam-0012"], "retention", 2)
    assert book.register.destroy(book.destroyed(DAY, OTHER)).number == "CD-metz-2026-11-23-2"


def test_its_page_is_for_people_and_fetches_nothing(book):
    kept = (book.ten_to(DAY),)
    page = book.register.destroy(book.destroyed(DAY, kept=kept)).to_html()
    for words in ("Certificat de destruction", "Certificate of destruction", "2026-12-24 00:00:00 +01:00", "cam-0012"):
        assert words in page
    assert "10:00:00 +01:00 - 2026-11-23 10:20:00" in page
    assert re.search(r"src=|href=|url\(|<script|@import", page) is None


def test_a_page_never_takes_a_name_for_markup(book):
    page = book.register.destroy(book.destroyed(DAY, CameraId("<b>cam"))).to_html()
    assert "<b>" not in page


def test_who_asks_for_expired_footage_gets_a_certificate(book, centre_key):
    book.register.add([book.recorded(DAY)])
    book.register.destroy(book.destroyed(DAY))
    now_ns = start_of_day(DAY) + 40 * NS_PER_DAY
    made = book.register.access_certificate(book.ten_to(DAY), "DA-2026-004", now_ns)
    assert made.is_signed(centre_key.public)
    assert made.told["days"] == ["2026-11-23:CD-metz-2026-11-23-1"]
    assert "CD-metz-2026-11-23-1" in made.to_html()


def test_footage_that_exists_is_never_certified_gone(book):
    book.register.add([book.recorded(DAY), book.recorded(DAY, OTHER)])
    book.register.destroy(book.destroyed(DAY, OTHER))
    with pytest.raises(CertificateRefused):
        book.register.access_certificate(book.ten_to(DAY), "DA-2026-004", start_of_day(DAY) + 40 * NS_PER_DAY)


def test_footage_under_a_lock_is_never_certified_gone_and_its_neighbour_is(book):
    now_ns = start_of_day(DAY) + 40 * NS_PER_DAY
    book.register.add([book.recorded(DAY)])
    locked = book.ten_to(DAY)
    book.register.destroy(book.destroyed(DAY, kept=(locked,)))
    with pytest.raises(CertificateRefused):
        book.register.access_certificate(locked, "DA-2026-004", now_ns)
    after = replace(locked, span=Span(locked.span.to_ns, locked.span.to_ns + 1))
    assert book.register.access_certificate(after, "DA-2026-004", now_ns)


def test_a_day_that_is_not_in_the_register_yet_proves_nothing(book):
    asked = book.ten_to(DAY)
    with pytest.raises(CertificateRefused):
        book.register.access_certificate(asked, "DA-2026-004", asked.span.to_ns)
    later = book.register.access_certificate(asked, "DA-2026-004", asked.span.to_ns + 40 * NS_PER_DAY)
    assert later.told["days"] == ["2026-11-23:-"]
