"""What answers say: strict where a wrong reading would be a wrong picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraError
from csu.hal.clock import NS_PER_S
from hardware.onvif import AnswerRefused, StreamFloors, reading
from hardware.onvif.bodies import picture_corners, wire_corners
from hardware.onvif.device_time import clock_reading
from hardware.onvif.reading import MediaProfile, Unreadable, VideoEncoder
from hardware.onvif.spaces import SPHERICAL_PAN_TILT, Position
from hardware.onvif.streams import main_and_sub
from hardware.onvif.xml_door import envelope, fault_codes

FLOORS = StreamFloors(704, 576, 12.0)


def soap(body: str, head: str = ""):
    return envelope(
        "cam-0001", f'{head}<s:Envelope xmlns:s="s" xmlns:tt="t"><s:Body>{body}</s:Body></s:Envelope>'.encode()
    )


def test_a_dtd_is_refused_whatever_it_holds():
    for inside in (
        '<!ENTITY a "a">',
        "",
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "http://x/">',
    ):
        with pytest.raises(AnswerRefused):
            soap("<x/>", head=f"<!DOCTYPE b [{inside}]>")


@given(st.binary(max_size=200))
def test_garbage_is_refused_by_a_typed_error_and_nothing_else(garbage):
    with pytest.raises(CameraError):
        envelope("cam-0001", garbage)


@given(
    st.recursive(
        st.just("<tt:Position/>"), lambda inner: st.lists(inner, max_size=3).map(lambda e: f"<a>{''.join(e)}</a>")
    )
)
def test_odd_answers_never_break_a_reader(body):
    root = soap(body)
    assert reading.profiles(root) == ()
    assert reading.ptz_status(root).position is None
    assert reading.masks(root) == ()
    assert reading.uri(root) == ""
    for strict in (reading.mask_limits, reading.created_token, reading.device_time_ns):
        with pytest.raises(Unreadable):
            strict(root)


def status(pan_tilt: str, zoom: str, moves: str = "") -> reading.PtzStatus:
    return reading.ptz_status(soap(f"<x><tt:Position>{pan_tilt}{zoom}</tt:Position>{moves}</x>"))


def test_a_position_that_lacks_an_axis_is_none_and_never_zero():
    whole, zoom = f'<tt:PanTilt x="1.5" y="-2" space="{SPHERICAL_PAN_TILT}"/>', '<tt:Zoom x="0.5" space="z"/>'
    assert status(whole, zoom).position == Position(1.5, -2.0, 0.5, SPHERICAL_PAN_TILT, "z")
    for pan_tilt in ('<tt:PanTilt x="1"/>', '<tt:PanTilt x="NaN" y="0"/>', '<tt:PanTilt x="" y="0"/>', ""):
        assert status(pan_tilt, zoom).position is None
    assert status(whole, "").position is None


@pytest.mark.parametrize(
    ("moves", "says"),
    [
        ("<tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom>", False),
        ("<tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>MOVING</tt:Zoom>", True),
        ("<tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>UNKNOWN</tt:Zoom>", None),
        ("", None),
    ],
)
def test_a_camera_that_does_not_say_whether_it_moves_did_not_say_no(moves, says):
    assert status("", "", f"<tt:MoveStatus>{moves}</tt:MoveStatus>").says_moving is says


@pytest.mark.parametrize("point", ['<tt:Point x="0.1"/>', '<tt:Point x="inf" y="0"/>', '<tt:Point x="a" y="b"/>'])
def test_a_mask_that_cannot_be_read_is_no_mask_that_can_be_left_out(point):
    with pytest.raises(Unreadable):
        reading.masks(soap(f'<x><Masks token="m"><tt:Polygon>{point}</tt:Polygon></Masks></x>'))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=8))
def test_corners_go_to_the_wire_and_come_back(corners):
    told = wire_corners(corners)
    assert all(-1 <= x <= 1 and -1 <= y <= 1 for x, y in told)
    back = picture_corners(told)
    assert [share for corner in back for share in corner] == pytest.approx([share for c in corners for share in c])


def test_y_is_up_on_the_wire():
    assert wire_corners([(0.0, 0.0), (1.0, 1.0)]) == [(-1.0, 1.0), (1.0, -1.0)]


def test_a_fault_is_known_by_its_codes():
    code = "<s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:X y</s:Value></s:Subcode>"
    told = f"<s:Fault><s:Code>{code}</s:Code></s:Fault>"
    assert fault_codes(soap(told)) == ("Sender",)
    assert fault_codes(soap("<a/>")) is None


def profile(token: str, codec: str, width: int, height: int, rate: float = 25.0, source: str = "vs") -> MediaProfile:
    return MediaProfile(token, "vsc", source, VideoEncoder(codec, width, height, rate))


def test_the_stream_to_record_is_the_largest_that_keeps_the_floors():
    hevc, slow = profile("hevc", "h265", 3840, 2160), profile("slow", "h264", 2560, 1440, 5.0)
    good, small, tiny = (
        profile("good", "h264", 1920, 1080),
        profile("small", "h264", 704, 576),
        profile("tiny", "h264", 352, 288),
    )
    other = profile("other", "h264", 320, 240, source="vs2")
    assert main_and_sub([hevc, slow, tiny, other, small, good], FLOORS) == (good, tiny)


def test_where_no_stream_keeps_the_floors_the_largest_is_told_so_that_commissioning_refuses_it_with_its_figures():
    assert main_and_sub([profile("tiny", "h264", 352, 288), profile("bad", "h264", 640, 360)], FLOORS)[0].token == "bad"


def test_a_device_without_h264_has_no_stream():
    assert main_and_sub([profile("hevc", "h265", 3840, 2160), MediaProfile("none")], FLOORS) == ()


@pytest.mark.parametrize(
    ("offset_s", "local"),
    [(3600, True), (-7200, True), (20700, True), (3605, False), (120, False), (86_400, False), (0, False)],
)
def test_an_offset_of_a_time_zone_is_known_as_one(offset_s, local):
    told = clock_reading((10_000 + offset_s) * NS_PER_S, 10_000 * NS_PER_S, 10_000 * NS_PER_S)
    assert told.looks_like_local_time is local
    assert told.offset_ms == offset_s * 1000 + 500
    assert told.uncertain_ms == 500
