"""VVB-5: what is signed is never changed, is kept apart for a time of its own, goes out sealed, and is then gone."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from dataclasses import replace

import pytest

from csu.governance.chained_file import read_rows
from csu.governance.legal_calendar import days_after
from csu.hal.clock import NS_PER_DAY
from csu.hal.disk import DiskError
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words
from csu.machine import LocalDisk
from csu.operations.enforcement import (
    KEPT_DAYS,
    TicketsBroken,
    TicketsNotKept,
    TicketStore,
    TicketUnknown,
    faults_of,
)
from csu.operations.enforcement.store import FORM
from tests.operations.enforcement.conftest import AGENT, NOON, key, store_in

PLATE = "AB-123-CD"


@pytest.fixture
def signed(world):
    return world.sign(world.two_views(), plate=PLATE)


def file_of(world, record):
    return world.directory / "tickets" / world.store.own(AGENT, record.record).signed.file


def test_one_altered_byte_anywhere_is_found_and_nothing_is_sent(world, signed):
    path = file_of(world, signed)
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(TicketsBroken):
            world.store.read(world.store.own(AGENT, signed.record))
        with pytest.raises(TicketsBroken):
            world.store.send(AGENT, signed.record, world.now_ns)
    path.write_bytes(whole)
    assert world.store.read(world.store.own(AGENT, signed.record))[0] == signed


def test_the_ledger_only_grows_and_tells_who_changed_it(world, signed):
    world.store.close()
    ledger = world.directory / "tickets.sqlite"
    connection = sqlite3.connect(ledger)
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute("UPDATE ticket_event SET body = replace(body, 'red-light', 'telephone')")
    with pytest.raises(sqlite3.DatabaseError):
        connection.execute("DELETE FROM ticket_event")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE ticket_event SET body = replace(body, 'red-light', 'telephone')")
    connection.commit()
    connection.close()
    with pytest.raises(TicketsBroken):
        store_in(world.directory)
    world.signed.clear()


def test_neither_plate_nor_picture_is_in_the_ledger(world, signed):
    world.store.send(AGENT, signed.record, world.now_ns)
    for row in read_rows(world.directory / "tickets.sqlite", FORM):
        assert PLATE not in row.body
        for text in json.loads(row.body).values():
            assert personal_data_in(str(text)) is None, text


def test_a_restart_finds_what_was_signed_and_takes_away_what_was_not(world, signed):
    world.store.close()
    stray = world.directory / "tickets" / "metz" / "20270601" / "pve-99.zip"
    stray.write_bytes(b"a crash came before the signature counted")
    again = store_in(world.directory)
    assert again.read(again.own(AGENT, signed.record))[0] == signed
    assert not stray.exists()
    again.close()
    world.signed.clear()


def test_only_who_signed_it_reads_it(world, signed):
    for who, what in (("autre", signed.record), (AGENT, "pve-99"), ("", signed.record)):
        with pytest.raises(TicketUnknown):
            world.store.own(who, what)
        with pytest.raises(TicketUnknown):
            world.store.send(who, what, world.now_ns)


def test_the_package_is_sealed_whole_and_the_same_each_time(world, signed):
    package = world.store.send(AGENT, signed.record, world.now_ns)
    assert faults_of(package, key().public) == ()
    assert world.store.send(AGENT, signed.record, world.now_ns + NS_PER_DAY) == package
    assert world.store.own(AGENT, signed.record).sent_at_ns == world.now_ns, "the first time is what counts"
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        names = set(archive.namelist())
        told = json.loads(archive.read("record.json"))
        assert json.loads(archive.read("manifest.json"))["format"] == "csu-pve-1"
    assert names == {"record.json", "still-1.jpg", "still-2.jpg", "manifest.json", "manifest.sig"}
    assert told["plate"] == PLATE
    assert "verify" not in told


def test_a_changed_package_is_found_file_by_file(world, signed):
    package = world.store.send(AGENT, signed.record, world.now_ns)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    def zipped(**changed: bytes | None) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, data in (files | {name.replace("_", "."): data for name, data in changed.items()}).items():
                if data is not None:
                    archive.writestr(name, data)
        return made.getvalue()

    assert faults_of(zipped(), key().public) == ()
    assert faults_of(zipped(record_json=files["record.json"].replace(b"AB-123", b"AB-124")), key().public) == (
        "record.json",
    )
    assert faults_of(zipped(more_jpg=b"1"), key().public) == ("more.jpg",)
    assert faults_of(zipped(record_json=None), key().public) == ("record.json",)
    assert faults_of(zipped(manifest_json=files["manifest.json"] + b" "), key().public) == ("manifest.json",)
    assert faults_of(zipped(manifest_sig=b""), key().public) == ("manifest.json",)
    with pytest.raises(ValueError, match="archive"):
        faults_of(b"nothing", key().public)


def test_its_time_is_its_own_and_then_it_is_gone(world, signed):
    until_ns = days_after(signed.signed_at_ns, KEPT_DAYS)
    path, ticket = file_of(world, signed), world.store.own(AGENT, signed.record)
    assert ticket.signed.until_ns == until_ns
    assert world.store.due(until_ns - 1) == []
    with pytest.raises(TicketsBroken):
        world.store.destroy(ticket, until_ns - 1)
    assert path.exists()
    assert world.store.due(until_ns) == [ticket]
    path.unlink()  # a crash came between the file and the line
    world.store.destroy(ticket, until_ns)
    assert world.store.due(until_ns) == []
    with pytest.raises(TicketUnknown):
        world.store.own(AGENT, signed.record)
    assert world.store.tickets()[signed.record].destroyed_at_ns == until_ns


class FullDisk(LocalDisk):
    def create(self, name):
        raise DiskError(Words.same("full"), where=name, what_to_do=Words.same("-"))


def test_what_cannot_be_written_is_not_signed(world):
    draft = world.two_views()
    full = TicketStore(world.directory / "tickets.sqlite", FullDisk(world.directory / "tickets"), key())
    keep, world.keep = world.keep, full.keep
    world.desk._ports = replace(world.desk._ports, keeper=full)
    with pytest.raises(TicketsNotKept):
        world.sign(draft)
    assert not full.tickets()
    assert world.desk.draft(AGENT, draft.draft, NOON).draft == draft.draft, "the draft is as it was"
    full.close()
    world.keep = keep
