"""The wall's decisions in the journal: one entry each, and the same account is read back from them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.centre.commands.wall_why import why_command
from csu.centre.rooms.wall_desk import WallAccount
from csu.centre.rooms.wall_journal import decisions_of, entry_of, journaled_name, letters_of
from csu.governance import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_desk import JournalDesk
from csu.governance.journal_entry import JournalEntry, JournalRow, Operation, row_of_text, text_of_entry
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import BadInput
from csu.wall import AlarmEnded, AlarmsWaiting, Cause, CauseKind, SceneCalled, SceneChanged, SlotId, TileChanged
from csu.wall.directing.account import account_of
from tests.wall.director_builders import Wall

NOON_NS = 1_795_874_400 * NS_PER_S
plain = st.from_regex(r"[a-z][a-z0-9._-]{0,23}", fullmatch=True).filter(lambda name: journaled_name(name) == name)
any_name = st.one_of(plain, st.text(max_size=80), st.sampled_from(["empty", "AB-123-CD", "", "marché", "12", "x/y"]))
causes = st.builds(Cause, st.sampled_from(CauseKind), st.text(max_size=80))
cameras = st.one_of(st.none(), st.integers(0, 99).map(lambda n: CameraId(f"cam-{n:04}")))


def written(decision, number=1) -> JournalRow:
    """The row as it lies in a file."""
    entry = entry_of(decision)
    assert isinstance(entry, JournalEntry)
    row = row_of_text(*text_of_entry(number, decision.at_ns, entry))
    assert row is not None
    return row


@settings(max_examples=50)
@given(any_name, any_name, cameras, cameras, causes)
def test_whatever_a_tile_is_called_its_change_is_journaled_and_read_back(scene, tile, camera, was, cause) -> None:
    (told,) = decisions_of([written(TileChanged(scene, SlotId(tile), camera, was, cause, NOON_NS))])
    assert isinstance(told, TileChanged)
    assert (told.camera, told.was, told.cause.kind, told.at_ns) == (camera, was, cause.kind, NOON_NS)
    assert told.cause.ref in (cause.ref, "")
    assert (told.scene, told.slot) in [(name_of(scene), name_of(tile)) for name_of in (journaled_name, letters_of)]


@settings(max_examples=50)
@given(any_name, any_name, causes)
def test_whatever_a_scene_is_called_its_change_is_journaled_and_read_back(scene, was, cause) -> None:
    (told,) = decisions_of([written(SceneChanged(scene, was, cause, NOON_NS))])
    assert isinstance(told, SceneChanged)
    assert (told.scene, told.cause.kind) == (journaled_name(scene), cause.kind)


def test_a_centre_that_starts_again_begins_its_wall_anew_even_with_the_same_scene() -> None:
    base, tile = Cause(CauseKind.RULE, "base"), SlotId("tile-1")
    life = [
        SceneChanged("base", "", base, NOON_NS),
        TileChanged("base", tile, CameraId("cam-0001"), None, Cause(CauseKind.RULE, "fixed"), NOON_NS),
        SceneChanged("base", "base", Cause(CauseKind.SCENE_CALL, "lea.chef"), NOON_NS + NS_PER_S),
    ]
    again = [replace(each, at_ns=each.at_ns + NS_PER_MINUTE) for each in life]
    told = decisions_of(map(written, [*life, *again]))
    assert told == [*life, *again]
    assert [each.is_over for each in account_of(tile, told)] == [False, True, False]


def a_day() -> list[SceneChanged | TileChanged]:
    """An alarm takes a spot, is closed; the chief calls a scene."""
    wall = Wall(begins_ns=NOON_NS)
    told = wall.alarm("p/1", 1, 20) + wall.after(20)
    told += wall.hear(AlarmEnded("p/1")) + wall.after(20) + wall.hear(SceneCalled("march", "chef"))
    return [each for each in told if isinstance(each, SceneChanged | TileChanged)]


def test_the_account_of_a_tile_from_the_journal_is_that_of_its_decisions() -> None:
    day = a_day()
    again = decisions_of(written(each, number) for number, each in enumerate(day, 1))
    assert len(day) > 4
    for tile in {each.slot for each in day if isinstance(each, TileChanged)}:
        assert account_of(SlotId(journaled_name(tile)), again) == account_of(tile, day)


def test_what_changes_no_tile_and_what_others_did_is_no_decision_of_the_wall() -> None:
    assert entry_of(AlarmsWaiting(1, 0, NOON_NS)) is None
    by_a_person = JournalEntry(Operation.WALL_LAYOUT, "a.dupre", "operator", subject="console/wall/show")
    before_0074 = JournalEntry(Operation.WALL_LAYOUT, "csu", "system", subject="wall/base/rule/base")
    assert decisions_of([JournalRow(1, NOON_NS, each) for each in (by_a_person, before_0074)]) == []


class Standing:
    def __init__(self) -> None:
        self.at_ns = NOON_NS

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


@pytest.fixture
def kept(tmp_path):
    """A centre's directory whose journal holds that day, and the day."""
    key = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
    day, clock = a_day(), Standing()

    async def write() -> None:
        desk = JournalDesk(AuditJournal(tmp_path / "journal", key), key, clock)
        for each in day:
            clock.at_ns = each.at_ns
            entry = entry_of(each)
            assert entry is not None
            await desk.record(entry)
        await desk.close()

    asyncio.run(write())
    return tmp_path, day


def test_a_centre_that_starts_again_knows_why_each_tile_changed_before(kept) -> None:
    directory, day = kept
    account = WallAccount.of_journal(directory / "journal")
    told = [each for each in day if isinstance(each, TileChanged)]
    for tile in {each.slot for each in told}:
        assert account.of(tile) == account_of(tile, day)
    account.observe(SceneChanged("base", "", Cause(CauseKind.RULE, "base"), NOON_NS + 60 * NS_PER_S))
    assert account.of(told[0].slot)[-1].is_over


def test_csu_wall_why_explains_from_the_journal_of_a_centre(kept, capsys, monkeypatch) -> None:
    monkeypatch.setenv("CSU_LANG", "en")
    directory, day = kept
    since = "2026-11-28"
    assert why_command("spot", data=directory, since=since) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [each.words.en for each in account_of(SlotId("spot"), day)]
    assert why_command("spot", data=directory, since=since, instant="2026-11-28T12:00") == 1
    assert why_command("nowhere", data=directory, since=since) == 1
    assert why_command("spot", data=directory) == 1, "of the last day only, when nobody says from when"
    for wrong in ({"data": directory / "nowhere"}, {}, {"data": directory, "decisions": directory}):
        with pytest.raises(BadInput):
            why_command("spot", **wrong)
