"""Frames are the same however a connection cuts them; what is no frame costs one, and what is held is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.dc09.frames import FRAME_BYTES_MAX, FrameSplitter, Unreadable, ack, open_frame, read_header
from sim.endpoints.dc09.wire import envelope, frame, read_answer

KEY = bytes(range(16))
WHOLE = [frame(f"{n:04d}L0#1234", "SIA-DCS", f"#1234|NBA{n}", 10**18, KEY if n % 2 else None) for n in range(1, 5)]
CUTS = st.lists(st.integers(0, 800), max_size=30)


def cut(data, cuts):
    marks = sorted({0, len(data), *(at for at in cuts if at < len(data))})
    return [data[begin:end] for begin, end in zip(marks, marks[1:], strict=False)]


def split(pieces):
    splitter = FrameSplitter()
    return [frame for piece in pieces for frame in splitter.feed(piece)]


@given(CUTS, st.lists(st.sampled_from(WHOLE), max_size=6))
def test_frames_are_found_however_they_are_split_or_joined(cuts, frames):
    assert split(cut(b"".join(frames), cuts)) == frames


@given(CUTS, st.binary(max_size=200).filter(lambda noise: b"\n" not in noise and b"\r" not in noise))
def test_noise_before_a_frame_does_not_hide_it(cuts, noise):
    found = split(cut(noise + WHOLE[0], cuts))
    assert found[-1] == WHOLE[0]
    assert set(found[:-1]) <= {Unreadable.GRAMMAR}


def test_a_frame_that_breaks_off_does_not_swallow_the_next():
    assert split([WHOLE[0][:40], WHOLE[1]]) == [Unreadable.GRAMMAR, WHOLE[1]]


@given(st.binary(min_size=1, max_size=300), st.integers(1, 60))
def test_what_is_held_back_is_bounded(piece, times):
    splitter = FrameSplitter()
    for _ in range(times):
        list(splitter.feed(b"\n" + piece * 40))
        assert len(splitter._held) <= FRAME_BYTES_MAX


def test_the_longest_frame_is_read_and_one_byte_more_is_not():
    body = '"SIA-DCS"0001L0#1234[#1234|A'
    for length, read in ((0xFFF, True), (0x1000, False)):
        whole = envelope((body + "x" * (length - len(body) - 1) + "]").encode())
        assert (split([whole]) == [whole]) == read
        assert isinstance(read_header(whole), Unreadable) == (not read)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda made: made.replace(b"NBA1", b"NBA2"), Unreadable.CRC),
        (lambda made: made[:5] + b"0FFF" + made[9:], Unreadable.LENGTH),
        (lambda made: made[:-1] + b" \r", Unreadable.LENGTH),
        (lambda made: made[:-1], Unreadable.GRAMMAR),
        (lambda made: made[1:], Unreadable.GRAMMAR),
        (lambda made: made.replace(b"#", b"@"), Unreadable.GRAMMAR),
    ],
)
def test_a_frame_that_is_not_whole_says_why(change, why):
    made = frame("0001L0#1234", "SIA-DCS", "#1234|NBA1", None, None)
    assert read_header(change(made)) is why


@given(st.binary(max_size=120))
def test_nothing_that_is_sealed_makes_the_codec_fall(sealed):
    made = envelope(b'"*SIA-DCS"0001L0#1234[' + sealed.hex().encode())
    header = read_header(made)
    assert not isinstance(header, Unreadable)
    open_frame(made, header, KEY)


@pytest.mark.parametrize("head", ["0001L0#1234", "0042R2L1A#00AB12", "9999#0123456789ABCDEF"])
@pytest.mark.parametrize("key", [None, KEY, bytes(24), bytes(32)], ids=["clear", "128", "192", "256"])
def test_an_answer_repeats_the_header_digit_by_digit(head, key):
    header = read_header(frame(head, "SIA-DCS", "#1|NBA1", 10**18, key))
    assert not isinstance(header, Unreadable)
    answer = read_answer(ack(header, key, 10**18), head, key)
    assert (answer.word, answer.time_ns) == ("ACK", 10**18 if key else None)
