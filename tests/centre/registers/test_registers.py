"""The registers of a running centre: anchored elsewhere, stamped, looked after, purged; a failure stops nothing."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from csu.centre.events import Trouble
from csu.centre.registers.registers import CLOCK_JUMP_NS_MAX, TELL_AGAIN_NS, journal_start, journal_stop, open_registers
from csu.centre.registers.settings import ANCHOR_FILE, RegisterSettings, register_settings
from csu.evidence.local_authority import make_practice_pki
from csu.governance import (
    AnchorFile,
    AnchorPlaces,
    JournalEntry,
    JournalRetention,
    LocalDoctrine,
    Operation,
    Recorded,
    read_journal,
)
from csu.governance.centre_key import CentreKey
from csu.governance.journal_verify import verify_journal
from csu.governance.legal_calendar import start_of_day
from csu.governance.legal_register import verify_register
from csu.governance.register_errors import JournalRetentionRefused, StampRefused
from csu.governance.spans import Span
from csu.governance.time_stamps import StampTrust
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import BadInput
from csu.machine import SystemClock

DAY = date(2026, 11, 23)
NOON_NS = start_of_day(DAY) + 720 * NS_PER_MINUTE
LOGIN = JournalEntry(Operation.LOGIN, "agent-7", "operator")


class Clock:
    """Goes on only when it is told to; may leap."""

    def __init__(self, now_ns: int = NOON_NS) -> None:
        self.at_ns = self.run_ns = now_ns

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.run_ns

    def wait(self, ns: int) -> None:
        self.at_ns += ns
        self.run_ns += ns


class House:
    """A centre's data, a volume elsewhere, and what was told."""

    def __init__(self, path: Path) -> None:
        self.data, self.volume = path / "data", path / "volume"
        self.settings = RegisterSettings(anchors=(self.volume,))
        self.clock = Clock()
        self.told: list[Trouble] = []

    @asynccontextmanager
    async def opened(self):
        """Each minute comes when a test asks for a round."""
        async with open_registers(
            self.data, self.settings, clock=self.clock, tell=self.told.append, every_s=3600.0
        ) as registers:
            await asyncio.sleep(0)
            yield registers

    @property
    def journal(self) -> Path:
        return self.data / "journal"

    def anchors(self):
        return AnchorFile(self.volume / ANCHOR_FILE).anchors()

    def verdict(self, trust=None):
        key = CentreKey.load(self.data / "centre" / "key.pem").public
        return verify_journal(self.journal, key, self.anchors(), trust)

    def tamper(self, *statements: str) -> None:
        [path] = self.journal.glob(f"{DAY}.sqlite")
        connection = sqlite3.connect(path)
        held = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in held:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in held:
            connection.execute(sql)
        connection.commit()
        connection.close()


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


# -- anchors ----------------------------------------------------------------------------------------------------------


def test_a_cut_end_is_found_by_what_was_noted_at_the_stop(house):
    async def live():
        async with house.opened() as registers:
            for _ in range(5):
                await registers.journal.record(LOGIN)

    asyncio.run(live())
    assert (house.verdict().holds, house.verdict().unanchored) == (True, 0)
    house.tamper("DELETE FROM journal WHERE sequence > 3")
    key = CentreKey.load(house.data / "centre" / "key.pem").public
    assert verify_journal(house.journal, key).holds, "by itself the journal cannot tell"
    assert [(each.kind.value, each.where) for each in house.verdict().findings] == [("cut", f"{DAY}.sqlite#3")]


def test_each_minute_in_which_something_happened_is_noted_and_no_other(house):
    async def live():
        async with house.opened() as registers:
            for written in (1, 0, 2, 0):
                for _ in range(written):
                    await registers.journal.record(LOGIN)
                house.clock.wait(NS_PER_MINUTE)
                await registers.keeper.round()
            assert [anchor.sequence for anchor in house.anchors()] == [1, 3]

    asyncio.run(live())


def test_what_another_process_wrote_is_noted_too(house):
    from csu.centre.registers.journal_beside import journal_beside

    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)
            with journal_beside(house.data, house.clock) as note:
                note([LOGIN, LOGIN])
            house.clock.wait(NS_PER_MINUTE)
            await registers.keeper.round()
            assert [anchor.sequence for anchor in house.anchors()] == [3]
            house.clock.wait(NS_PER_DAY)
            with journal_beside(house.data, house.clock) as note:
                note([LOGIN])  # and it ended the day
            await registers.keeper.round()
            assert house.anchors()[-1].sequence == 5
            await registers.journal.record(LOGIN)

    asyncio.run(live())
    assert (house.verdict().holds, house.verdict().unanchored) == (True, 0)
    assert house.told == []


def test_each_place_gets_each_head_and_one_that_is_emptied_takes_nothing_away(house, tmp_path):
    other = tmp_path / "machine"
    house.settings = RegisterSettings(anchors=(house.volume, other))

    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)

    asyncio.run(live())
    assert AnchorFile(other / ANCHOR_FILE).anchors() == house.anchors() != []
    (house.volume / ANCHOR_FILE).unlink()
    both = AnchorPlaces([AnchorFile(place / ANCHOR_FILE) for place in (house.volume, other)])
    assert [anchor.sequence for anchor in both.anchors()] == [1]


def test_a_volume_that_fails_is_told_once_stops_nothing_and_is_tried_again(house):
    house.volume.write_text("not a directory")

    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)
            for _ in range(3):
                house.clock.wait(NS_PER_MINUTE)
                await registers.keeper.round()
            assert [trouble.where for trouble in house.told] == ["anchors"]
            house.clock.wait(TELL_AGAIN_NS)
            await registers.keeper.round()
            assert len(house.told) == 2
            house.volume.unlink()
            await registers.keeper.round()
            assert [anchor.sequence for anchor in house.anchors()] == [1]
            await registers.journal.record(LOGIN)

    asyncio.run(live())
    assert house.verdict().holds


def test_a_centre_stops_when_the_last_head_cannot_be_noted_and_says_so(house):
    house.volume.write_text("not a directory")

    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)

    asyncio.run(live())
    assert "anchors" in {trouble.where for trouble in house.told}


def test_without_a_place_elsewhere_the_centre_says_so_when_it_starts(house):
    house.settings = RegisterSettings()

    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)

    asyncio.run(live())
    assert "CSU_ANCHORS" in house.told[0].what.en


def test_the_legal_register_is_anchored_beside_the_journal(house):
    line = Recorded(CameraId("cam-0012"), CommuneId("metz"), DAY, Span(NOON_NS - NS_PER_MINUTE, NOON_NS), 60)

    async def live():
        async with house.opened() as registers:
            registers.legal.add([line, replace(line, camera=CameraId("cam-0013"))])

    asyncio.run(live())
    register = house.data / "register.sqlite"
    key = CentreKey.load(house.data / "centre" / "key.pem").public
    assert verify_register(register, key, house.anchors()) == ()
    connection = sqlite3.connect(register)
    connection.execute("DROP TRIGGER register_line_no_delete")
    connection.execute("DELETE FROM register_line WHERE sequence = 2")
    connection.commit()
    assert "cut" in {each.kind.value for each in verify_register(register, key, house.anchors())}


@pytest.mark.parametrize("where", ["data/anchors", "data", "."])
def test_anchors_with_what_they_prove_are_refused(house, tmp_path, where):
    house.settings = RegisterSettings(anchors=(tmp_path / where,))

    async def live():
        async with house.opened():
            raise AssertionError("opened")

    with pytest.raises(BadInput):
        asyncio.run(live())


# -- stamps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path):
    """A real authority (`openssl ts`) over HTTP on loopback: (its address, its root, a switch)."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command")
    pki = make_practice_pki(tmp_path / "tsa", SystemClock().now_ns())
    works = [True]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if works[0] else 503)
            self.end_headers()
            if works[0]:
                self.wfile.write(pki.authority.answer(asked))

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", tmp_path / "tsa" / "stamp-authority.pem", works
    server.shutdown()
    server.server_close()


def test_a_stamp_each_hour_is_verified_and_a_failing_authority_is_told_and_asked_again(house, served):
    url, root, works = served
    house.settings = RegisterSettings(anchors=(house.volume,), tsa_url=url, tsa_root=root)

    async def live():
        async with house.opened() as registers:
            for minute in range(121):
                if minute % 10 == 0:
                    await registers.journal.record(LOGIN)
                works[0] = not 60 <= minute < 63
                await registers.keeper.round()
                house.clock.wait(NS_PER_MINUTE)

    asyncio.run(live())
    stamped = [(anchor.at_ns - NOON_NS) // NS_PER_MINUTE for anchor in house.anchors() if anchor.token]
    assert stamped == [0, 63]
    assert len(house.anchors()) == 13 + 1, "a refusal adds no line where none was due"
    assert [trouble.where for trouble in house.told] == ["anchors"]
    found = house.verdict(StampTrust.load(root))
    assert (found.holds, found.stamps) == (True, 2)


def test_half_of_an_authority_is_refused_and_so_is_a_root_that_is_none(house, tmp_path):
    (tmp_path / "root.pem").write_text("nothing")
    for settings, error in (
        (RegisterSettings(anchors=(house.volume,), tsa_url="http://127.0.0.1:9/"), BadInput),
        (RegisterSettings(tsa_url="http://127.0.0.1:9/", tsa_root=tmp_path / "root.pem"), BadInput),
        (RegisterSettings((house.volume,), "http://127.0.0.1:9/", tmp_path / "root.pem"), StampRefused),
    ):
        with pytest.raises(error):
            settings.elsewhere(house.data)


# -- tampering (LOG-6) ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("LOG-6")
def test_a_running_centre_tells_of_a_row_that_somebody_changed_within_its_minute(house):
    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)
            await registers.journal.record(LOGIN)
            await registers.keeper.round()
            assert house.told == []
            house.tamper("UPDATE journal SET body = replace(body, 'agent-7', 'agent-8') WHERE sequence = 1")
            await registers.keeper.round()
            await asyncio.sleep(0)
            assert f"{DAY}.sqlite#1" in {trouble.where for trouble in house.told}

    asyncio.run(live())


@pytest.mark.requirement("LOG-6")
def test_a_running_centre_tells_of_an_attempt_that_was_refused_and_journals_it(house):
    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)
            connection = sqlite3.connect(house.journal / f"{DAY}.sqlite", isolation_level=None)
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute("DELETE FROM journal")
            connection.close()
            await registers.keeper.round()
            await asyncio.sleep(0)

    asyncio.run(live())
    assert any("attempt" in trouble.where for trouble in house.told)
    assert len(list(read_journal(house.journal, operation=Operation.TAMPERING))) == 1


# -- retention (LOG-4) ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("LOG-4")
def test_a_running_centre_destroys_a_day_of_the_journal_after_its_365_days_and_the_rest_still_verifies(house):
    assert house.settings.retention.days == 365
    first = NOON_NS // NS_PER_DAY * NS_PER_DAY

    async def live():
        house.clock.at_ns = house.clock.run_ns = first
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)
            house.clock.wait(NS_PER_DAY)
            await registers.journal.record(LOGIN)
            house.clock.wait(364 * NS_PER_DAY - NS_PER_S)
            await registers.keeper.round()
            assert (house.journal / "2026-11-23.sqlite").exists()
            house.clock.wait(3600 * NS_PER_S)
            await registers.keeper.round()
            assert not (house.journal / "2026-11-23.sqlite").exists()
            assert (house.journal / "2026-11-24.sqlite").exists()

    asyncio.run(live())
    found = house.verdict()
    assert (found.holds, found.purged) == (True, 1)
    assert [row.entry.subject for row in read_journal(house.journal, operation=Operation.JOURNAL_PURGE)] == [
        "journal/2026-11-23"
    ]


@pytest.mark.requirement("LOG-4")
def test_more_than_a_year_wants_the_dpo_and_more_than_three_a_law():
    justified = {"CSU_JOURNAL_JUSTIFIED_BY": "D. Petit", "CSU_JOURNAL_JUSTIFICATION": "control of misuse, note 12"}
    obliged = justified | {"CSU_JOURNAL_OBLIGATION": "CSI L000-0"}
    assert register_settings({}).retention == JournalRetention(365)
    for days, given in ((366, {}), (1_096, justified), (366, {"CSU_JOURNAL_JUSTIFIED_BY": "D. Petit"}), (100, obliged)):
        with pytest.raises(JournalRetentionRefused):
            register_settings({"CSU_JOURNAL_DAYS": str(days)} | given)
    for days, given in ((366, justified), (1_095, justified), (1_096, obliged)):
        assert register_settings({"CSU_JOURNAL_DAYS": str(days)} | given).retention.days == days
    with pytest.raises(BadInput):
        register_settings({"CSU_JOURNAL_DAYS": "a year"})


def test_a_clock_that_leaps_destroys_no_day_of_the_journal(house):
    async def live():
        async with house.opened() as registers:
            await registers.journal.record(LOGIN)
            house.clock.at_ns += 400 * NS_PER_DAY
            assert 400 * NS_PER_DAY > CLOCK_JUMP_NS_MAX
            await registers.keeper.round()
            assert (house.journal / f"{DAY}.sqlite").exists()

    asyncio.run(live())
    assert "leapt" in house.told[0].what.en


# -- start and stop ---------------------------------------------------------------------------------------------------


def test_a_centre_journals_what_it_starts_with_and_that_it_stops(house):
    doctrine = LocalDoctrine(retention_days_max=15)

    async def live():
        async with house.opened() as registers:
            await journal_start(registers.journal, house.settings, doctrine, masks_head="ab" * 32)
            await journal_stop(registers.journal, house.told.append, house.clock)
            await journal_start(registers.journal, house.settings, LocalDoctrine(), masks_head="")

    asyncio.run(live())
    rows = [row.entry for row in read_journal(house.journal)]
    assert [entry.subject for entry in rows[:6]] == [
        "centre/start",
        "doctrine",
        "journal/retention/365",
        "masks/register",
        "centre/stop",
        "centre/start",
    ]
    assert rows[3].sha256 == "ab" * 32
    assert rows[1].sha256 != rows[6].sha256, "another doctrine is another digest"


def test_a_centre_stops_without_a_journal_and_says_so(house):
    async def live():
        async with house.opened() as registers:
            await registers.journal.close()
            await journal_stop(registers.journal, house.told.append, house.clock)

    asyncio.run(live())
    assert house.told[0].where == "journal"


def test_the_environment_names_places_and_authority():
    found = register_settings({"CSU_ANCHORS": "/a:/b", "CSU_TSA": "http://h/", "CSU_TSA_ROOT": "/r.pem"})
    assert found == RegisterSettings((Path("/a"), Path("/b")), "http://h/", Path("/r.pem"))


def test_all_this_goes_on_by_itself_while_a_centre_runs(house):
    async def live():
        async with open_registers(
            house.data, house.settings, clock=house.clock, tell=house.told.append, every_s=0.01
        ) as registers:
            await registers.journal.record(LOGIN)
            async with asyncio.timeout(60):
                while not (house.volume / ANCHOR_FILE).exists():
                    await asyncio.sleep(0.01)

    asyncio.run(live())
