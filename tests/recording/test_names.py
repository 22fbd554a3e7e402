"""Names of segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.recording import parse_segment_name, segment_name

YEAR_9999_NS = 253_402_300_799_999_999_999


def test_a_name_says_day_camera_and_start_in_utc():
    name = segment_name(CameraId("cam-0012"), 1_795_410_721_250_999_999)
    assert name == "2026-11-23/cam-0012/20261123T051201.250Z.mp4"


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True), st.integers(0, YEAR_9999_NS))
def test_a_name_is_read_back_to_the_millisecond(camera, start_ns):
    found = parse_segment_name(segment_name(CameraId(camera), start_ns))
    assert (found.camera, found.start_ns) == (camera, start_ns // 1_000_000 * 1_000_000)


@given(st.integers(0, YEAR_9999_NS), st.integers(0, YEAR_9999_NS))
def test_names_of_a_camera_sort_like_their_starts(a, b):
    first, second = sorted((a, b))
    assert segment_name(CameraId("c"), first) <= segment_name(CameraId("c"), second)


@pytest.mark.parametrize("camera", ["", "..", ".hidden", "a/b", "a b", "é", "x" * 65, "cam\n"])
def test_a_camera_id_that_could_leave_its_folder_is_refused(camera):
    with pytest.raises(BadInput):
        segment_name(CameraId(camera), 0)


@pytest.mark.parametrize("start_ns", [-1, YEAR_9999_NS + 1, 10**25])
def test_an_instant_without_a_date_is_refused(start_ns):
    with pytest.raises(BadInput):
        segment_name(CameraId("cam-1"), start_ns)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2026-11-23/cam-1/20261124T051201.250Z.mp4",
        "2026-11-23/cam-1/20261123T051201.250Z.mp4.partial",
        "2026-13-01/cam-1/20261301T051201.250Z.mp4",
        "2026-11-23/../20261123T051201.250Z.mp4",
        "notes.txt",
    ],
)
def test_a_name_that_was_not_made_here_is_refused(name):
    with pytest.raises(BadInput):
        parse_segment_name(name)
