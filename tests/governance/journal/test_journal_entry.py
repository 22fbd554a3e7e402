"""What an entry may hold, and what it must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance.journal_entry import (
    REASONED,
    DataSpan,
    Ended,
    Ground,
    JournalEntry,
    JournalRow,
    Operation,
    Outcome,
    row_of_text,
    text_of_entry,
)
from csu.governance.register_errors import JournalEntryRefused
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.personal_data import personal_data_in

PLATES = ["AB-123-CD", "ab123cd", "AB 123 CD", "1234-ABC-57", "123abc2A", "cam/AB-123-CD/left"]
PICTURES = ["data:image/png", "/9j/4AAQSkZJRg", "iVBORw0KGgoAAA"]
FIELDS = ["author", "role", "refusal", "reference", "case", "recipient", "subject"]


@pytest.mark.parametrize("operation", sorted(REASONED))
@pytest.mark.parametrize(
    "missing", [{"ground": None}, {"reference": ""}, {"data": ()}], ids=["ground", "number", "camera and interval"]
)
def test_replay_export_and_communication_without_a_reason_are_refused(make_entry, operation, missing):
    make_entry(operation)
    with pytest.raises(JournalEntryRefused):
        make_entry(operation, **missing)


def test_a_case_number_is_a_number_of_the_ground(make_entry):
    make_entry(Operation.EXPORT, reference="", case="CASE-2026-0003")


def test_what_leaves_the_centre_names_its_recipient(make_entry):
    with pytest.raises(JournalEntryRefused):
        make_entry(Operation.EXPORT, recipient="")
    make_entry(Operation.REPLAY, recipient="")


def test_a_refused_attempt_is_an_entry_even_without_the_reason_it_lacked():
    JournalEntry(Operation.REPLAY, "a.martin", "operator", Outcome.REFUSED, refusal="acc-3")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "text", [*PLATES, *PICTURES, "un homme en rouge", "Éric", "a\nb", "x" * 65, "-x", "<b>"], ids=range(15)
)
def test_no_field_takes_a_plate_a_picture_or_a_sentence(make_entry, field, text):
    with pytest.raises(JournalEntryRefused):
        make_entry(**{field: text})


def test_a_camera_may_not_be_named_after_a_plate(make_entry):
    with pytest.raises(JournalEntryRefused):
        make_entry(data=(DataSpan(CameraId("AB-123-CD")),))


@pytest.mark.parametrize(
    "text",
    [
        *("cam-0042", "PV/2026/01234", "REQ-2026-0017", "opj:0123456", "masks/7", "2026-11-23.sqlite/14"),
        "case-123e4567-e89b-42d3-a456-426614174000",
        "case-00000000-1234-4567-8a12-000000000000",
        "a" * 64,
    ],
)
def test_references_people_use_are_let_through(text):
    assert personal_data_in(text) is None


@pytest.mark.parametrize("text", [*PLATES, *PICTURES, "A" * 65, "seen near AB-123-CD."])
def test_a_plate_or_a_picture_is_found(text):
    assert personal_data_in(text)


IDENTIFIERS = st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True).filter(lambda text: not personal_data_in(text))
INSTANTS = st.integers(min_value=0, max_value=2**62)


@st.composite
def entries(draw):
    if draw(st.booleans()):
        outcome = draw(st.sampled_from([Outcome.DONE, Outcome.PARTIAL, Outcome.FAILED]))
        return Ended(draw(INSTANTS), draw(st.sampled_from(Operation)), outcome, draw(st.sampled_from(["", "a" * 64])))
    start = draw(INSTANTS)
    span = st.one_of(st.none(), st.integers(1, 10**15).map(lambda length: Span(start, start + length)))
    data = st.lists(st.builds(DataSpan, IDENTIFIERS.map(CameraId), span), min_size=1, max_size=3).map(tuple)
    return JournalEntry(
        draw(st.sampled_from(Operation)),
        author=draw(IDENTIFIERS),
        role=draw(IDENTIFIERS),
        outcome=draw(st.sampled_from([Outcome.GRANTED, Outcome.REFUSED])),
        refusal=draw(st.one_of(st.just(""), IDENTIFIERS)),
        ground=draw(st.sampled_from(Ground)),
        reference=draw(IDENTIFIERS),
        case=draw(st.one_of(st.just(""), IDENTIFIERS)),
        data=draw(data),
        recipient=draw(IDENTIFIERS),
        sha256=draw(st.sampled_from(["", "0" * 64])),
    )


@given(INSTANTS, INSTANTS, entries())
def test_an_entry_comes_back_as_it_was(number, at_ns, entry):
    assert row_of_text(*text_of_entry(number, at_ns, entry)) == JournalRow(number, at_ns, entry)
