"""Streams added by hand: a wrong address is one clear line, a right one keeps its secret to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from csu.centre.added import clip_stream, rtsp_stream
from csu.hal.errors import BadInput
from csu.hal.tls import TlsTrust
from csu.machine import SystemClock
from sim.endpoints.police.authority import PrivateAuthority


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/stream", "rtsp://", "camera-12", "rtsp://host:notaport/x", "rtsp:///no-host", "rtsp://[::1/x"],
)
def test_a_wrong_address_names_itself_and_the_right_form(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        rtsp_stream(url)
    assert url.removeprefix("rtsp://") in str(caught.value)
    assert "rtsp://user:password@host:554/path" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_credentials_leave_the_address_and_never_show() -> None:
    stream = rtsp_stream("rtsp://agent:s%40cret@camera.invalid:8554/live?x=1")
    assert stream.address.url == "rtsp://camera.invalid:8554/live?x=1"
    assert (stream.address.user, stream.address.password) == ("agent", "s@cret")
    assert "s@cret" not in repr(stream)
    assert "s%40cret" not in repr(stream)


def test_a_wrong_address_does_not_show_its_password() -> None:
    with pytest.raises(BadInput) as caught:
        rtsp_stream("http://agent:hushhush@camera.invalid/live")
    assert "hushhush" not in str(caught.value) + caught.value.trouble.words.fr


def test_a_clip_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        clip_stream(tmp_path / "missing.mp4")


@pytest.mark.requirement("PRV-5")
def test_an_added_stream_has_no_pose_and_so_nothing_of_its_picture_shows() -> None:
    assignment = rtsp_stream("rtsp://camera.invalid/live").assignment(9)
    assert assignment.pose is None
    assert not assignment.follows_pose
    assert assignment.record.number == 9


def test_over_tls_the_certificate_comes_with_the_address_or_nothing_does(tmp_path: Path) -> None:
    papers = PrivateAuthority("cameras", SystemClock()).server("cam")
    (tmp_path / "camera.pem").write_bytes(papers.certificate_pem)
    stream = rtsp_stream(f"rtsps://agent:s3cret@camera.invalid/live#pinned={tmp_path / 'camera.pem'}")
    assert stream.address.url == "rtsps://camera.invalid/live"
    assert stream.address.trust == TlsTrust(papers.certificate_pem.decode(), is_pinned=True)
    (tmp_path / "empty.pem").touch()
    for fragment in ("", "#pinned=", f"#pinned={tmp_path / 'nobody.pem'}", f"#pinned={tmp_path / 'empty.pem'}"):
        with pytest.raises(BadInput, match="certificate is needed") as caught:
            rtsp_stream(f"rtsps://agent:s3cret@camera.invalid/live{fragment}")
        assert "s3cret" not in str(caught.value)
