"""What a room keeps is there after its process was killed, and a file that says something else is not believed."""

from __future__ import annotations

import os
import signal
import sqlite3

import pytest

from csu.operations.kept_rows import KeptRows, RowNotKept, RowsBroken
from csu.operations.visits import Visit, VisitPurpose

VISIT = Visit("Jean Petit", "Lorraine Réseaux", VisitPurpose.MAINTENANCE, "anne", 100, "l.weber")


@pytest.fixture
def make(tmp_path):
    made = []

    def make() -> KeptRows[Visit]:
        made.append(KeptRows(tmp_path / "service.sqlite", "visit", Visit))
        return made[-1]

    yield make
    for rows in made:
        rows.close()


def test_a_row_is_read_back_changed_and_erased(make, tmp_path) -> None:
    rows = make()
    rows.save(2, VISIT)
    rows.save(1, VISIT)
    rows.save(2, VISIT.left(200))
    assert make().load() == {1: VISIT, 2: VISIT.left(200)}
    rows.erase([1, 9])
    assert list(make().load()) == [2]
    rows.erase([2])
    assert b"Jean Petit" not in (tmp_path / "service.sqlite").read_bytes()


def test_what_was_told_to_be_kept_is_there_after_a_kill(make) -> None:
    make()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        rows = make()
        for number in range(1, 10_000):
            rows.save(number, VISIT)
            os.write(write, number.to_bytes(2))
        os._exit(0)
    for _ in range(25):
        told = int.from_bytes(os.read(read, 2))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    kept = make().load()
    assert set(range(1, told + 1)) <= set(kept)
    assert set(kept.values()) == {VISIT}


def test_a_file_that_was_changed_is_told_and_not_believed(make, tmp_path) -> None:
    make().save(1, VISIT)
    with sqlite3.connect(tmp_path / "service.sqlite") as file:
        file.execute("UPDATE visit SET body = replace(body, 'Jean Petit', '')")
    file.close()
    with pytest.raises(RowsBroken):
        make().load()


def test_a_file_that_is_none_is_told(tmp_path) -> None:
    (tmp_path / "service.sqlite").write_bytes(b"no database, and long enough to be read as one" * 100)
    with pytest.raises(RowNotKept):
        KeptRows(tmp_path / "service.sqlite", "visit", Visit)
