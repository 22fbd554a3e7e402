"""Where a camera looks as its metadata stream tells: dated by our clock, never with a line of sound, hostile or not."""

from __future__ import annotations

import asyncio
import struct
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.centre.footing import Footing, Ports
from csu.centre.rooms.pose_sources import PoseSource
from csu.centre.rooms.poses import Poses
from csu.hal.camera import CameraError, PtzVelocity, StreamAddress, TellsPoses
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.rtsp import request
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds
from hardware.onvif import AnswerRefused, LoginRefused, NotOffered, OtherHost, Tls
from hardware.onvif.addresses import Enrolled
from hardware.onvif.camera_clock import UNCERTAIN_NS_MAX, CameraClock
from hardware.onvif.position_stream import DOCUMENT_BYTES_MAX, Documents, PositionTalk, metadata_line
from hardware.onvif.reading import told_statuses
from hardware.onvif.xml_door import document
from sim.endpoints.onvif import OnvifQuirk

CAM, URL = "cam-0001", "rtsp://127.0.0.1/main"
HERE = Enrolled(CAM, "http://127.0.0.1/onvif/device_service")
SDP = (
    "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
    "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:trackID=2\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:trackID=3\r\n"
)


@pytest.fixture
def over(certificate):
    """(server's context, whom to trust) by name; None for none."""
    context, pem = certificate("told")
    return {"in clear": (None, None), "over TLS": (context, Tls(pinned_file=pem))}


@pytest.mark.parametrize("line", [pytest.param("in clear", marks=pytest.mark.nightly), "over TLS"])
def test_what_it_tells_is_where_it_was_at_that_instant_by_our_clock(on_dome, streams, over, line):
    """Over TLS its clock is two minutes wrong besides."""
    tls, trust = over[line]

    async def check(device, camera) -> None:
        assert isinstance(camera, TellsPoses)
        before = streams.counts()[CAM].audio_setups
        for _ in range(4):
            await camera.pose()
        told, poses = [], {}
        async with aclosing(camera.told_poses()) as readings:
            async for reading in readings:
                poses[reading.at_ns] = device.head.motion.pose_at(reading.at_ns)
                told.append(reading)
                if len(told) == 5:
                    await camera.move(PtzVelocity(0.5, 0.0, 0.0))
                if len(told) == 20:
                    break
        await camera.stop()
        turned = [each for each in told if each.moving]
        assert len(turned) >= 8
        assert all(each.uncertain_ns <= UNCERTAIN_NS_MAX for each in told)
        for reading in turned[-6:]:  # the farm's process has heard of the order by then
            late_ns = SystemClock().now_ns() - reading.at_ns
            assert 0 <= late_ns <= 20 * NS_PER_S
            beside_deg = abs(reading.pose.pan_deg - poses[reading.at_ns].pan_deg)
            off_deg = 30.0 * reading.uncertain_ns / NS_PER_S  # at 30 degrees a second
            assert beside_deg <= off_deg + 0.1
        counts = streams.counts()[CAM]
        assert (counts.audio_setups - before, counts.clients) == (0, 0), "neither sound nor pictures are set up for it"

    quirks = () if tls is None else (OnvifQuirk.CLOCK_SKEWED,)
    on_dome(check, *quirks, tls=tls, trust=trust, rtsps=tls is not None)


class Node:
    def __init__(self) -> None:
        self.given = []

    async def pose(self, camera, reading) -> None:
        self.given.append(reading)


def test_a_centre_uses_what_it_tells_while_it_turns_and_asks_when_it_tells_nothing_any_more(on_dome):
    async def check(device, camera) -> None:
        await device.head.go_home()  # its mount may stand where another test has left it
        node = Node()
        footing = Footing(Ports(SystemClock(), SystemChance("told"), SystemIds(), NoChaos()))
        poses = Poses(footing, [camera], node_of=lambda _: node, may_record=lambda _: True)
        following = asyncio.create_task(poses.follow(camera))
        used = []

        async def turn(for_s: float) -> list[PoseSource]:
            await camera.move(PtzVelocity(0.3, 0.0, 0.0))
            seen = []
            for _ in range(round(for_s / 0.05)):
                await asyncio.sleep(0.05)
                seen.append(poses.source(CAM))
            await camera.stop()
            return seen

        await asyncio.sleep(1.0)
        assert poses.source(CAM) is PoseSource.ASKED, "who rests is asked"
        used = await turn(1.5)
        assert used.count(PoseSource.TOLD) > len(used) // 2, used
        dated = [each.at_ns for each in node.given if each is not None]
        assert dated == sorted(set(dated))
        assert None not in node.given
        await asyncio.sleep(0.5)
        assert poses.source(CAM) is PoseSource.ASKED
        profile = device.profiles["profile-main"]
        await device.set_parts(profile, profile.parts - {"Metadata"})
        device.farm.reboot(CAM, 0.1)  # its streams break: there is no track of positions any more
        await asyncio.sleep(0.5)
        assert PoseSource.TOLD not in await turn(0.8)
        assert node.given[-1] is not None
        following.cancel()

    on_dome(check)


@pytest.mark.parametrize(
    ("sdp", "control"),
    [
        (SDP, "trackID=3"),
        (SDP.replace("107 vnd", "107 VND"), "trackID=3"),
        (SDP.replace("vnd.onvif.metadata", "vnd.onvif.metadata.gzip"), None),
        (SDP.replace("m=application", "m=audio"), None),
        (SDP.replace("a=control:trackID=3\r\n", ""), None),
        ("", None),
    ],
)
def test_only_the_line_of_documents_in_clear_is_set_up(sdp, control):
    if control is None:
        with pytest.raises(NotOffered):
            metadata_line(CAM, sdp)
    else:
        assert metadata_line(CAM, sdp).control == control


def rtp(sequence: int, payload: bytes, *, marker: bool = True, kind: int = 107) -> bytes:
    return struct.pack(">BBHII", 0x80, kind | (0x80 if marker else 0), sequence & 0xFFFF, 0, 1) + payload


def test_a_document_is_put_together_and_one_that_lacks_a_piece_is_left_out():
    documents = Documents(107)
    assert documents.packet(rtp(65_535, b"a", marker=False)) is None
    assert documents.packet(rtp(65_536, b"b")) == b"ab"
    assert documents.packet(rtp(1, b"c", marker=False)) is None
    assert documents.packet(rtp(3, b"e")) is None
    assert documents.packet(rtp(4, b"f")) == b"f"
    for number in range(5, 5 + DOCUMENT_BYTES_MAX // 1_000 + 2):
        assert documents.packet(rtp(number, b"x" * 1_000, marker=False)) is None
    assert documents.packet(rtp(number + 1, b"x")) is None
    assert documents.dropped == 2
    with pytest.raises(ValueError, match="line"):
        documents.packet(rtp(9, b"x", kind=8))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_packet_breaks_it(packets):
    documents = Documents(107)
    for packet in packets:
        try:
            found = documents.packet(packet)
        except ValueError:
            continue
        assert found is None or len(found) <= DOCUMENT_BYTES_MAX


def answer(number: int, *fields: str, body: str = "", status: str = "200 OK") -> bytes:
    told = [f"RTSP/1.0 {status}", f"CSeq: {number}", *fields, f"Content-Length: {len(body)}"]
    return ("\r\n".join(told) + "\r\n\r\n" + body).encode()


SETUP = ("Session: abc;timeout=20", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")


def talk(user: str = "", url: str = URL) -> PositionTalk:
    return PositionTalk(CAM, StreamAddress(url, user, "secret"), HERE, "nonce")


def playing() -> PositionTalk:
    it = talk()
    it.begin()
    assert b"SETUP rtsp://127.0.0.1/main/trackID=3 " in it.feed(answer(1, body=SDP))
    assert b"PLAY" in it.feed(answer(2, *SETUP))
    assert it.feed(answer(3)) == b""
    assert it.is_open
    return it


def framed(channel: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(data)) + data


def test_it_takes_documents_from_its_own_channel_and_keeps_the_session_alive():
    it = playing()
    assert it.keep_alive_s == 10
    data = framed(1, b"\x80\xc8 a report") + framed(0, rtp(1, b"<a/>")) + answer(4)
    it.keep_alive()
    for at in range(len(data)):
        it.feed(data[at : at + 1])
    assert it.take() == [b"<a/>"]
    assert it.take() == []
    assert b"TEARDOWN" in it.end()


@pytest.mark.parametrize(
    "sent",
    [framed(2, b"\x80\x08"), framed(0, rtp(1, b"sound", kind=8)), b"garbage\r\n\r\n", b"$" + b"\x07\x00\x01x"],
    ids=["another channel", "another payload", "no RTSP", "a channel that nobody set up"],
)
def test_what_nobody_asked_for_ends_the_talk(sent):
    with pytest.raises(AnswerRefused):
        playing().feed(sent)


def test_sound_before_anything_is_set_up_ends_it_too():
    it = talk()
    it.begin()
    with pytest.raises(AnswerRefused):
        it.feed(framed(0, rtp(1, b"x")))


@pytest.mark.parametrize(
    ("base", "control"),
    [("Content-Base: rtsp://192.0.2.66/main/", "trackID=3"), ("X: y", "rtsp://192.0.2.66/main/trackID=3")],
)
def test_it_is_not_led_to_another_host(base, control):
    it = talk()
    it.begin()
    with pytest.raises(OtherHost):
        it.feed(answer(1, base, body=SDP.replace("trackID=3", control)))


def test_a_password_goes_by_digest_or_over_tls_and_once():
    digest, basic = 'WWW-Authenticate: Digest realm="r", nonce="n"', 'WWW-Authenticate: Basic realm="r"'
    it = talk("csu")
    it.begin()
    told = it.feed(answer(1, digest, status="401 Unauthorized"))
    assert b'response="' in told
    assert b"secret" not in told
    with pytest.raises(LoginRefused):
        it.feed(answer(2, digest, status="401 Unauthorized"))
    it = talk("csu")
    it.begin()
    with pytest.raises(LoginRefused):
        it.feed(answer(1, basic, status="401 Unauthorized"))
    assert b"csu" in request("DESCRIBE", URL, 1)


@pytest.mark.parametrize(
    "told", ["Session: x", "Session: a b", "Transport: RTP/AVP;unicast", "Transport: RTP/AVP/TCP;interleaved=255-256"]
)
def test_a_set_up_that_says_nothing_usable_is_refused(told):
    it = talk()
    it.begin()
    it.feed(answer(1, body=SDP))
    kept = [each for each in SETUP if each.partition(":")[0] != told.partition(":")[0]]
    if told == "Session: x":
        kept = []
    with pytest.raises(AnswerRefused):
        it.feed(answer(2, told, *kept))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([0, 1, 2, 3]))
def test_whatever_comes_is_a_typed_error_or_nothing(data, after):
    it = talk("csu")
    it.begin()
    steps = [answer(1, body=SDP), answer(2, *SETUP), answer(3)][:after]
    try:
        for step in steps:
            it.feed(step)
        it.feed(data)
        it.feed(b"\r\n\r\n" + data)
    except CameraError:
        return


HONEST = (
    '<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:PTZ><tt:PTZStatus><tt:Position>'
    '<tt:PanTilt x="1" y="2"/><tt:Zoom x="0.5"/></tt:Position><tt:MoveStatus><tt:PanTilt>MOVING</tt:PanTilt>'
    "</tt:MoveStatus><tt:UtcTime>2026-11-30T10:00:00.250Z</tt:UtcTime></tt:PTZStatus></tt:PTZ>{more}"
    "</tt:MetadataStream>"
)


def test_of_a_document_the_status_alone_is_read():
    frame = "<tt:Frame UtcTime='2026-11-30T10:00:00Z'><tt:Object ObjectId='1'/></tt:Frame>"
    seen = f"<tt:VideoAnalytics>{frame}</tt:VideoAnalytics>"
    heard = "<tt:Event><x><tt:PTZ><tt:UtcTime>1970-01-01T00:00:00Z</tt:UtcTime></tt:PTZ></x></tt:Event>"
    for more in ("", seen, heard):
        (status,) = told_statuses(document(CAM, HONEST.format(more=more).encode()))
        assert (status.position.pan, status.says_moving) == (1.0, True)
        assert status.utc_ns % NS_PER_S == 250 * NS_PER_MS


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://192.0.2.66/x"><x/>',
        b"<a>" * 200,
        b"",
        b"\x00\xff",
    ],
)
def test_a_hostile_document_is_refused(body):
    with pytest.raises(AnswerRefused):
        document(CAM, body)


# -- its clock ---------------------------------------------------------------------------------------------------------

NOW = 1_800_000_000_000_000_000
MS = NS_PER_MS


def exchanged(clock: CameraClock, ahead_ns: int, count: int = 5, *, there_ms: int = 4, back_ms: int = 9) -> int:
    """It is asked so often, and its clock is `ahead_ns` ahead of ours. The time after."""
    now_ns = NOW
    for number in range(count):
        stamped_ns = now_ns + there_ms * MS
        clock.asked(now_ns, (stamped_ns + ahead_ns) // MS * MS, stamped_ns + back_ms * MS)
        now_ns += (100 + number) * MS
    return now_ns


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**14), 10**14), st.integers(0, 30), st.integers(0, 30), st.integers(0, 200), st.integers(1, 999))
def test_what_is_dated_was_then_within_what_it_says(ahead_ns, there_ms, back_ms, late_ms, odd_ms):
    clock = CameraClock()
    now_ns = exchanged(clock, ahead_ns, there_ms=there_ms, back_ms=back_ms)
    held_ns = now_ns + odd_ms * MS
    told_ns = (held_ns + ahead_ns) // MS * MS
    clock.dated(told_ns - 7 * MS, held_ns)
    dated = clock.dated(told_ns, held_ns + late_ms * MS)
    if dated is not None:
        at_ns, uncertain_ns = dated
        assert abs(at_ns - held_ns) <= uncertain_ns <= UNCERTAIN_NS_MAX
        assert at_ns <= held_ns + late_ms * MS
    else:
        assert there_ms + back_ms > 2 * UNCERTAIN_NS_MAX // MS - 4 or told_ns % NS_PER_S == 0


@pytest.mark.parametrize(
    ("off_ms", "late_ms"), [(2_000, 5), (30, 5), (-700, 5)], ids=["the future", "not come yet", "long ago"]
)
def test_what_is_dated_after_it_came_or_long_before_is_not_believed(off_ms, late_ms):
    clock = CameraClock()
    now_ns = exchanged(clock, 5_000 * MS)
    told_ns = now_ns + 5_000 * MS
    assert clock.dated(told_ns - 33 * MS, now_ns) is not None
    assert clock.dated(told_ns + off_ms * MS - late_ms * MS, now_ns) is None


def test_a_clock_that_jumps_dates_nothing_until_it_is_measured_anew():
    clock = CameraClock()
    now_ns = exchanged(clock, 0)
    clock.asked(now_ns, now_ns + 60_000 * MS, now_ns + 5 * MS)
    assert clock.dated(now_ns + 60_001 * MS, now_ns + 10 * MS) is None
    for step in range(1, 4):
        asked_ns = now_ns + step * 100 * MS
        clock.asked(asked_ns, asked_ns + 60_002 * MS, asked_ns + 5 * MS)
    at_ns, _ = clock.dated(now_ns + 60_401 * MS, now_ns + 410 * MS)
    assert abs(at_ns - now_ns - 400 * MS) <= 5 * MS


def test_what_is_dated_to_the_second_only_is_not_used():
    clock = CameraClock()
    now_ns = exchanged(clock, 0)
    whole_ns = now_ns // NS_PER_S * NS_PER_S
    assert clock.dated(whole_ns, whole_ns + 5 * MS) is None
    assert clock.dated(whole_ns + NS_PER_S, whole_ns + NS_PER_S + 5 * MS) is None


def test_a_clock_that_nobody_measured_dates_nothing():
    assert CameraClock().dated(NOW + 1 * MS, NOW + 2 * MS) is None


def test_numbers_that_nobody_calibrated_are_no_poses(on_dome):
    async def check(device, camera) -> None:
        async with aclosing(camera.told_poses()) as readings:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(readings), 0.8)

    on_dome(check, mount=None)


def test_a_fixed_camera_tells_no_positions(opened):
    async def check() -> None:
        async with opened() as (_, camera), aclosing(camera.told_poses()) as readings:
            with pytest.raises(NotOffered):
                await anext(readings)

    asyncio.run(check())
