"""The journal for asyncio: durable before the first byte, one commit for many, and no byte without it."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
import sqlalchemy as sa

from csu.governance.anchor import AnchorFile
from csu.governance.anchoring import Elsewhere
from csu.governance.journal_desk import WAITING_MAX, JournalDesk
from csu.governance.journal_entry import Ended, Operation, Outcome
from csu.governance.journal_reading import read_journal
from csu.governance.journal_verify import verify_journal
from csu.governance.register_errors import AnchorUnavailable, JournalUnavailable
from csu.hal.clock import NS_PER_MINUTE


class Clock:
    def __init__(self, now_ns: int) -> None:
        self.at_ns = now_ns

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


@pytest.fixture
def clock(noon_ns) -> Clock:
    return Clock(noon_ns)


@pytest.fixture
def anchors(tmp_path) -> AnchorFile:
    return AnchorFile(tmp_path / "other volume" / "anchors.jsonl")


@pytest.fixture
def desk(room, clock, anchors) -> JournalDesk:
    return JournalDesk(room.open(), room.key, clock, Elsewhere(anchors))


@pytest.fixture
def full(monkeypatch):
    """A disk that is full until `repair`."""
    real = sa.Connection.execute

    def refuse(self, statement, *more, **named):
        if isinstance(statement, sa.sql.dml.Insert):
            raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
        return real(self, statement, *more, **named)

    monkeypatch.setattr(sa.Connection, "execute", refuse)
    return lambda: monkeypatch.setattr(sa.Connection, "execute", real)


def rows(room):
    return list(read_journal(room.directory))


def test_the_entry_is_on_the_disk_before_the_first_byte_and_its_end_after_the_last(room, desk, make_entry):
    async def export():
        async with desk.before(make_entry(Operation.EXPORT)) as ticket:
            assert [row.entry.outcome for row in rows(room)] == [Outcome.GRANTED]
            ticket.sha256 = "ab" * 32
        await desk.close()

    asyncio.run(export())
    assert rows(room)[1].entry == Ended(1, Operation.EXPORT, Outcome.DONE, "ab" * 32)


def test_no_byte_leaves_when_the_journal_cannot_be_written(room, desk, make_entry, full):
    sent = []

    async def replay():
        async with desk.before(make_entry(Operation.REPLAY)):
            sent.append(b"picture")

    with pytest.raises(JournalUnavailable):
        asyncio.run(replay())
    assert sent == []
    assert rows(room) == []


def test_after_a_failure_the_next_entry_is_written(room, desk, make_entry, full):
    async def twice():
        with pytest.raises(JournalUnavailable):
            await desk.record(make_entry())
        full()
        await desk.record(make_entry())

    asyncio.run(twice())
    assert len(rows(room)) == 1


def test_an_action_that_fails_or_is_cancelled_ends_as_failed(room, desk, make_entry):
    async def both():
        with pytest.raises(ConnectionError):
            async with desk.before(make_entry(Operation.REPLAY)):
                raise ConnectionError
        inside = asyncio.Event()

        async def watching():
            async with desk.before(make_entry(Operation.REPLAY)):
                inside.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(watching())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(both())
    ends = [row.entry for row in rows(room) if isinstance(row.entry, Ended)]
    assert ends == [Ended(1, Operation.REPLAY, Outcome.FAILED), Ended(3, Operation.REPLAY, Outcome.FAILED)]


def test_an_action_that_fails_while_the_disk_does_tells_its_own_failure(room, desk, make_entry, request):
    async def replay():
        async with desk.before(make_entry(Operation.REPLAY)):
            request.getfixturevalue("full")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(replay())
    assert desk.unended == 1
    assert [row.number for row in rows(room)] == [1]


def test_a_refused_attempt_cannot_be_the_permission_of_anything(room, desk, make_entry):
    async def attempt():
        async with desk.before(make_entry(Operation.REPLAY, outcome=Outcome.REFUSED)):
            raise AssertionError("inside")

    with pytest.raises(ValueError, match="no inside"):
        asyncio.run(attempt())
    assert rows(room) == []


def test_many_callers_share_commits_and_each_gets_its_own_row(room, desk, make_entry, monkeypatch):
    commits = []
    real = type(desk._journal).append
    monkeypatch.setattr(
        type(desk._journal), "append", lambda self, entries, at: commits.append(len(entries)) or real(self, entries, at)
    )

    async def crowd():
        found = await asyncio.gather(*(desk.record(make_entry(camera=f"cam-{i:04d}")) for i in range(300)))
        await desk.close()
        return found

    found = asyncio.run(crowd())
    assert [row.entry.data[0].camera for row in found] == [f"cam-{i:04d}" for i in range(300)]
    assert rows(room) == found
    assert len(commits) < 10


def test_a_queue_that_is_full_refuses_and_counts(desk, make_entry):
    async def flood():
        entry = make_entry()
        made = [desk.record(entry) for _ in range(WAITING_MAX + 5)]
        return await asyncio.gather(*made, return_exceptions=True)

    found = asyncio.run(flood())
    assert sum(isinstance(each, JournalUnavailable) for each in found) == 5 == desk.refused


def test_a_closed_desk_takes_nothing(desk, make_entry):
    async def late():
        await desk.close()
        await desk.record(make_entry())

    with pytest.raises(JournalUnavailable):
        asyncio.run(late())


def test_heads_are_noted_elsewhere_each_minute_in_which_something_happened(room, desk, make_entry, clock, anchors):
    async def minutes():
        await desk.anchor()
        assert anchors.anchors() == []
        await desk.record(make_entry())
        for _ in range(3):
            await desk.anchor()
        await desk.record(make_entry())
        await desk.anchor()
        clock.at_ns += NS_PER_MINUTE
        await desk.anchor()
        clock.at_ns += NS_PER_MINUTE
        await desk.anchor()
        await desk.close()

    asyncio.run(minutes())
    assert [anchor.sequence for anchor in anchors.anchors()] == [1, 2]
    found = verify_journal(room.directory, room.key.public, anchors.anchors())
    assert (found.holds, found.anchors, found.unanchored) == (True, 2, 0)


def test_a_torn_anchor_is_passed_by_and_the_next_one_stands(anchors, desk, make_entry):
    async def twice():
        await desk.record(make_entry())
        await desk.anchor(now=True)
        anchors.path.write_bytes(anchors.path.read_bytes() + b'{"chain": "jour')
        await desk.record(make_entry())
        await desk.anchor(now=True)

    asyncio.run(twice())
    assert [anchor.sequence for anchor in anchors.anchors()] == [1, 2]


def test_an_anchor_that_cannot_be_written_is_told(tmp_path, room, clock, make_entry):
    (tmp_path / "file").write_text("")
    desk = JournalDesk(room.open(), room.key, clock, Elsewhere(AnchorFile(tmp_path / "file" / "anchors")))

    async def once():
        await desk.record(make_entry())
        await desk.anchor()

    with pytest.raises(AnchorUnavailable):
        asyncio.run(once())
