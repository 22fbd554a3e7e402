"""From a camera's catalogue rows to the proof of its chain."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from csu.evidence import chain_proofs
from csu.hal.camera import CameraId
from csu.hal.media import NodeId
from csu.recording import SegmentRow
from csu.recording.chain import link_of

CAMERA = CameraId("cam-0012")
MINUTE_NS = 60_000_000_000


@pytest.fixture
def rows() -> list[SegmentRow]:
    """Eight minutes; the chain began long before."""
    made, link = [], hashlib.sha256(b"what was before").digest()
    for minute in range(8):
        stored, content = (hashlib.sha256(f"{kind}{minute}".encode()).digest() for kind in ("stored", "content"))
        row = SegmentRow(CAMERA, NodeId("n"), minute * MINUTE_NS, 60_000, 1, 1, 0, stored, content)
        link = link_of(link, row.name, stored, content)
        made.append(replace(row, link=link))
    return made


def test_each_row_is_proved_by_the_one_before_it(rows):
    (proof,), unproved = chain_proofs(CAMERA, rows)
    assert proof.previous == rows[0].link
    assert [link.name for link in proof.links] == [row.name for row in rows[1:]]
    assert unproved == (rows[0].name,)


def test_links_in_the_order_of_closing_are_found_in_the_order_of_capture(rows):
    rows[3], rows[4] = rows[4], rows[3]
    (proof,), _ = chain_proofs(CAMERA, rows)
    assert sorted(link.name for link in proof.links) == [row.name for row in sorted(rows, key=lambda r: r.start_ns)[1:]]


def test_a_row_recovered_without_a_link_is_named_and_breaks_nothing_else(rows):
    rows.insert(4, replace(rows[3], start_ns=rows[3].start_ns + 1_000_000_000, link=None))
    (proof,), unproved = chain_proofs(CAMERA, rows)
    assert len(proof.links) == 7
    assert unproved == (rows[0].name, rows[4].name)


def test_a_row_that_was_taken_away_makes_two_stretches(rows):
    taken = rows.pop(4)
    proofs, unproved = chain_proofs(CAMERA, rows)
    assert [len(proof.links) for proof in proofs] == [3, 2]
    assert proofs[1].previous == rows[4].link
    assert rows[4].name in unproved
    assert taken.name not in unproved


def test_a_row_that_was_changed_is_proved_by_nothing(rows):
    rows[5] = replace(rows[5], content_sha256=bytes(31) + b"x")
    _, unproved = chain_proofs(CAMERA, rows)
    assert rows[5].name in unproved
