"""LOG: the audit journal holds nothing of filmed persons, cannot be changed unseen, and ranks nobody.

LOG-4, and what of LOG-6 a running centre does, are proved in tests/centre/test_registers.py. LOG-1 to LOG-3 need a
centre with a requisition desk: their rules are held in tests/governance/journal, tests/governance/register, doors/ and
test_log_places.py, and are not proofs until then.
"""

from __future__ import annotations

import ast
import inspect
import random
import re
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.cli import build_app
from csu.governance import journal, journal_desk
from csu.governance.centre_key import CentreKey
from csu.governance.chained_file import read_rows
from csu.governance.journal import AuditJournal
from csu.governance.journal_closings import DAY_FORM
from csu.governance.journal_entry import DataSpan, Ground, JournalEntry, Operation, Outcome
from csu.governance.journal_reading import days_of, path_of
from csu.governance.journal_verify import verify_journal
from csu.governance.register_errors import JournalEntryRefused
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE

ROOT = Path(__file__).resolve().parents[2]
NOON_NS = 20_780 * NS_PER_DAY + NS_PER_DAY // 2

# Written apart from csu's own patterns: what an auditor would look for.
PLATE = re.compile(
    r"\b[A-HJ-NP-TV-Z]{2}[-\s]?\d{3}[-\s]?[A-HJ-NP-TV-Z]{2}\b|\b\d{2,4}[-\s]?[A-Z]{2,3}[-\s]?\d{2}\b", re.I
)
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"ftyp", b"data:image", b"/9j/", b"iVBORw0KGgo")
LONG_RUN = re.compile(r"[A-Za-z0-9+/=_-]{129,}")
"""A picture in base64 has thousands; a signature, the longest thing there is, has 128."""
WORDS = re.compile(r"[A-Za-z]{2,}\s[A-Za-z]{2,}")
"""Two words: a description."""

HARMLESS = ("", "REQ-2026-0017", "case-12", "masks/7", "opj:0123456", "acc-3")
FORBIDDEN = (
    *("AB-123-CD", "ab123cd", "1234 ABC 57", "12-AB-57", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg"),
    *("homme en rouge", "/9j/4AAQSkZJRgABAQAAAQ", "x" * 4000, "Éloïse", "\x89PNG"),
)


def try_entry(chance: random.Random) -> JournalEntry | None:
    """As somebody would who puts what he likes into every field; None: it was refused."""
    texts = {
        name: chance.choice(HARMLESS if chance.random() < 0.8 else FORBIDDEN)
        for name in ("reference", "case", "recipient", "subject", "refusal")
    }
    camera = chance.choice(FORBIDDEN) if chance.random() < 0.1 else f"cam-{chance.randrange(1300):04d}"
    start_ns = NOON_NS + chance.randrange(10**12)
    try:
        return JournalEntry(
            chance.choice(list(Operation)),
            author=chance.choice(FORBIDDEN) if chance.random() < 0.1 else f"agent-{chance.randrange(40)}",
            role="operator",
            outcome=chance.choice([Outcome.GRANTED, Outcome.REFUSED]),
            ground=chance.choice([None, *Ground]),
            data=(DataSpan(CameraId(camera), Span(start_ns, start_ns + NS_PER_MINUTE)),),
            **texts,
        )
    except JournalEntryRefused:
        return None


@pytest.fixture(scope="module")
def key() -> CentreKey:
    return CentreKey(Ed25519PrivateKey.generate())


@pytest.mark.requirement("LOG-5")
def test_ten_thousand_entries_hold_no_plate_picture_or_description(tmp_path, key):
    chance, entries, refused = random.Random(5), [], 0
    while len(entries) < 10_000:
        made = try_entry(chance)
        if made is None:
            refused += 1
        else:
            entries.append(made)
    assert refused > 10_000  # the hostile half of them tried
    written = AuditJournal(tmp_path / "journal", key)
    for i in range(0, len(entries), 1_000):
        written.append(entries[i : i + 1_000], NOON_NS)
    written.close()
    [day] = days_of(tmp_path / "journal")
    path = path_of(tmp_path / "journal", day)
    rows = list(read_rows(path, DAY_FORM))
    assert len(rows) == 10_000
    for row in rows:
        for pattern in (PLATE, LONG_RUN, WORDS):
            assert pattern.search(f"{row.kind} | {row.body}") is None, row.body
    raw = path.read_bytes()
    assert [mark for mark in PICTURES if mark in raw] == []


@pytest.mark.requirement("LOG-5")
def test_an_entry_has_no_field_for_free_text_or_bytes():
    kinds = {name: str(kind) for name, kind in inspect.get_annotations(JournalEntry).items()}
    assert set(kinds) == {
        *("operation", "author", "role", "outcome", "refusal", "ground", "reference", "case", "data", "recipient"),
        *("subject", "sha256"),
    }
    assert not any("bytes" in kind or "Any" in kind or "dict" in kind for kind in kinds.values())
    for name in (name for name, kind in kinds.items() if kind == "str"):
        with pytest.raises(JournalEntryRefused):
            JournalEntry(Operation.PTZ, **({"author": "a", "role": "operator"} | {name: "a man in red"}))


@pytest.fixture
def three_days(tmp_path, key) -> Path:
    written = AuditJournal(tmp_path / "journal", key)
    for day in range(3):
        written.append(
            [JournalEntry(Operation.PTZ, f"agent-{i}", "operator") for i in range(5)], NOON_NS + day * NS_PER_DAY
        )
    written.close()
    return tmp_path / "journal"


@pytest.mark.requirement("LOG-6")
@pytest.mark.parametrize("number", [1, 3, 8, 13, 17])
def test_altering_one_entry_breaks_the_verification_and_names_it(three_days, key, number):
    assert verify_journal(three_days, key.public).holds
    for day in days_of(three_days):
        connection = sqlite3.connect(path_of(three_days, day))
        connection.execute("DROP TRIGGER journal_no_update")
        connection.execute("UPDATE journal SET body = replace(body, 'agent-', 'other-') WHERE sequence = ?", (number,))
        connection.commit()
        connection.close()
    found = verify_journal(three_days, key.public)
    assert not found.holds
    assert f"#{number}" in {each.where[-len(f"#{number}") :] for each in found.findings}


@pytest.mark.requirement("LOG-6")
@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal SET body = ''", "DELETE FROM journal", "DROP TABLE journal", "DROP TRIGGER journal_no_update"],
)
def test_the_application_may_insert_and_nothing_else(three_days, key, statement):
    opened = AuditJournal(three_days, key)
    opened.append([JournalEntry(Operation.PTZ, "agent-1", "operator")], NOON_NS + 2 * NS_PER_DAY)
    with (
        opened._today.file._engine.connect() as connection,
        pytest.raises(sa.exc.DatabaseError, match="not authorized"),
    ):
        connection.exec_driver_sql(statement)
    opened.close()


# -- no productivity scoring ------------------------------------------------------------------------------------------

SCORING = re.compile(
    r"rank|score|scoring|productiv|performance|per_operator|per_agent|by_author|by_operator|top_", re.I
)
BY_PERSON = {"author", "person", "operator", "agent", "role"}


@pytest.mark.requirement("LOG-6")
def test_no_question_to_the_journal_is_about_a_person():
    """It can be asked by time, operation and camera; entries come one by one, never counted or grouped."""
    assert DAY_FORM.indexes == ("kind",)
    for owner in (journal, journal.AuditJournal, journal_desk.JournalDesk):
        for name, each in inspect.getmembers(owner, callable):
            if name.startswith("_") or getattr(each, "__module__", "").split(".")[0] != "csu":
                continue
            assert SCORING.search(name) is None
            if inspect.isfunction(each):
                assert BY_PERSON.isdisjoint(inspect.signature(each).parameters), name


@pytest.mark.requirement("LOG-6")
def test_no_command_of_the_journal_selects_or_counts_persons():
    tree = typer.main.get_command(build_app())
    for group in ("journal", "register"):
        for name, command in tree.commands[group].commands.items():
            words = {name, *(word for each in command.params for word in (each.name, *each.opts))}
            assert not [word for word in words if SCORING.search(word) or word.strip("-") in BY_PERSON], name


@pytest.mark.requirement("LOG-6")
def test_nothing_in_csu_groups_the_journal_by_its_authors():
    """Whoever reads `.author` or `["author"]` may show it, and not count by it. The list of readers is closed."""
    readers = set()
    for path in (ROOT / "csu").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        if "journal" not in source:
            continue
        for node in ast.walk(tree):
            attribute = isinstance(node, ast.Attribute) and node.attr == "author"
            key = (
                isinstance(node, ast.Subscript)
                and isinstance(node.slice, ast.Constant)
                and node.slice.value == "author"
            )
            if attribute or key:
                readers.add(path.relative_to(ROOT).as_posix())
    assert readers <= {
        "csu/governance/journal_entry.py",
        "csu/centre/commands/journal.py",
        "csu/centre/purge/by_hand.py",  # writes who asked for it
        "csu/governance/journal_search.py",  # finds the entries of one account, for a reason that is itself an entry
        "csu/console/dpo/journal.py",  # shows them
        "csu/centre/rooms/inventory_room.py",  # leaves out all but the centre's own deeds
    }
    for reader in readers:
        assert re.search(r"Counter|GROUP BY|groupby|defaultdict", (ROOT / reader).read_text(encoding="utf-8")) is None
