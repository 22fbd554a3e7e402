"""Answers of an honest device, damaged: whatever comes of it is a value or a typed error."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onveef.parsers import parse_pull_messages

from csu.hal.camera import CameraError
from csu.hal.device_events import DeviceEvent
from hardware.onvif import reading
from hardware.onvif.events import EventReader
from hardware.onvif.reading import Unreadable
from hardware.onvif.spaces import Position, Spaces
from hardware.onvif.xml_door import envelope, fault_codes


def events(root: Element) -> list[DeviceEvent | None]:
    """As the feed reads a pull: by onveef, then by our own reader."""
    messages = parse_pull_messages(tostring(root, encoding="unicode"))["messages"]
    return [reader.read(message, 1) for message in messages for reader in [EventReader()]]


READERS = (
    events,
    reading.profiles,
    reading.ptz_spaces,
    reading.ptz_status,
    reading.mask_limits,
    reading.masks,
    reading.uri,
    reading.device_time_ns,
    reading.users,
    reading.ir_cut_filter,
    fault_codes,
)


def judge(body: bytearray, draw: Callable[..., object]) -> None:
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body) - 1))
        piece = draw(st.sampled_from([b"", b"<", b">", b'"', b"-", b"9", b"NaN", b"\x00", b"&#1;", b"</tt:x>", b"e5"]))
        body[at : at + draw(st.integers(0, 6))] = piece
    try:
        root = envelope("cam-0001", bytes(body))
    except CameraError:
        return
    for read in READERS:
        with suppress(Unreadable):
            value = read(root)
            if isinstance(value, reading.PtzStatus) and value.position is not None:
                assert isinstance(value.position, Position)
            assert not isinstance(value, Spaces) or all(space.x.low < space.x.high for space in value.absolute_pan_tilt)


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_answer_is_a_value_or_a_typed_error(honest, data):
    judge(bytearray(data.draw(st.sampled_from(honest))), data.draw)


@pytest.mark.nightly
@pytest.mark.timeout(600)
@settings(max_examples=20_000, deadline=None)
@given(st.data())
def test_twenty_thousand_damaged_answers_are_values_or_typed_errors(honest, data):
    judge(bytearray(data.draw(st.sampled_from(honest))), data.draw)
