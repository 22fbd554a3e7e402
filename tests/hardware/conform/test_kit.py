"""The conformance kit against the bench: every check passes; with each quirk exactly those it breaks fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

import pytest

from csu.centre.commands.conform import examiner_of, without_secrets
from csu.centre.commands.conform_eyes import IngestEyes
from csu.centre.commands.conform_report import Conformance, sign_report, verify_report, write_report
from csu.governance.centre_key import CentreKey
from csu.hal.conformance import Check, CheckStatus, Examination
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.machine import SystemClock
from hardware.conform.alarm import examine_alarm
from hardware.conform.camera import examine_camera
from hardware.conform.dispatch import examine_dispatch
from hardware.conform.panel import examine_panel
from sim.endpoints.bench import DeviceKind, open_bench, read_quirks

EXAMINERS = {
    DeviceKind.ALARM: examine_alarm,
    DeviceKind.CAMERA: examine_camera,
    DeviceKind.DISPATCH: examine_dispatch,
    DeviceKind.PANEL: examine_panel,
}
SHORT = Examination(seconds=2.5)


def examined(kind: DeviceKind, *quirks: str, how: Examination = SHORT) -> list[Check]:
    async def whole() -> list[Check]:
        clock = SystemClock()
        async with open_bench([kind], read_quirks([f"{kind}:{quirk}" for quirk in quirks]), clock) as addresses:
            told: AsyncIterator[Check] = EXAMINERS[kind](addresses[kind], IngestEyes(clock), how)
            return [check async for check in told]

    return asyncio.run(whole())


def failed(checks: Collection[Check]) -> list[str]:
    return [check.check for check in checks if check.status is CheckStatus.FAILED]


def not_passed(checks: Collection[Check]) -> list[str]:
    return [check.check for check in checks if check.status is not CheckStatus.PASSED]


@pytest.mark.parametrize("kind", [DeviceKind.ALARM, DeviceKind.DISPATCH, DeviceKind.PANEL])
def test_an_honest_device_passes_every_check(kind: DeviceKind) -> None:
    checks = examined(kind)
    assert len(checks) >= 8
    assert not_passed(checks) == []
    assert len({check.check for check in checks}) == len(checks)


def test_an_honest_camera_at_rest_passes_every_check_it_is_asked() -> None:
    checks = examined(DeviceKind.CAMERA, how=Examination(seconds=2.0, may_move=False, may_restart=False))
    assert failed(checks) == []
    assert len([check for check in checks if check.status is CheckStatus.PASSED]) >= 20


@pytest.mark.nightly
def test_an_honest_camera_passes_every_check() -> None:
    checks = examined(DeviceKind.CAMERA)
    assert len(checks) >= 20
    assert not_passed(checks) == []
    assert {"PRV-3", "PRV-5", "AUD-1", "TEC-1", "TEC-2", "TEC-4", "TEC-5"} <= {check.requirement for check in checks}


ALARM_QUIRKS = {
    "replayed": ["alarm.stops"],
    "downgraded": ["alarm.encrypted"],
    "wrong_key": ["alarm.key"],
    "stale_clock": ["alarm.clock"],
    "mismatched_account": ["alarm.account"],
    "flood": ["alarm.calm"],
    "bad_crc": ["alarm.readable"],
    "unknown_code": ["alarm.codes"],
    "listen_in": ["alarm.no_sound"],
}
PANEL_QUIRKS = {
    "nak": ["panel.answers"],
    "silent": ["panel.answers"],
    "stuck_input": ["panel.input"],
    "lamp_failed": ["panel.sound"],
    "overheated": ["panel.sound"],
    "wrong_password": ["panel.answers"],
}
DISPATCH_QUIRKS = {
    "bad_certificate": ["dispatch.taken"],
    "wrong_name": ["dispatch.taken"],
    "broken": ["dispatch.taken"],
    "nameless": ["dispatch.taken"],
}
MASKED_LATER = ["masks.while_moving", "masks.after_restart"]
CAMERA_QUIRKS = {
    "clock_skewed": ["clock.offset"],
    "local_time_as_utc": ["clock.offset"],
    "xaddr_elsewhere": ["device.answers"],
    "stream_elsewhere": ["stream.address"],
    "xml_bomb": ["device.answers"],
    "garbage": ["device.answers"],
    "endless": ["device.answers"],
    "ignores_timeout": ["ptz.keeps_timeout"],
    "refuses_timeout": ["ptz.keeps_timeout"],
    "ignores_single_axis": ["ptz.one_axis"],
    "mask_adapted": ["masks.read_back", "masks.main", "masks.sub", "masks.still", *MASKED_LATER],
    "mask_adapted_unsaid": ["masks.main", "masks.sub", "masks.still", *MASKED_LATER],
    "masks_only_on_main": ["masks.sub"],
    "masks_gone_after_reboot": ["masks.after_restart"],
    "audio_back_after_removal": ["audio.removed", "audio.not_offered", "restart.still_deaf"],
    "audio_back_after_reboot": ["restart.still_deaf"],
    "resolution_changes_after_reboot": ["restart.same_streams"],
    "default_password": ["login.no_default"],
    "plain_http_only": ["tls.offered", "tls.streams"],
    "plain_rtsp_only": ["tls.streams"],
    "pull_point_dies": ["events.pulled"],
}


@pytest.mark.parametrize("quirk", ["stale_clock", "listen_in"])
def test_a_quirk_of_an_alarm_panel_breaks_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.ALARM, quirk)) == ALARM_QUIRKS[quirk]


@pytest.mark.nightly
@pytest.mark.parametrize("quirk", sorted(ALARM_QUIRKS))
def test_each_quirk_of_an_alarm_panel_breaks_exactly_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.ALARM, quirk)) == ALARM_QUIRKS[quirk]


@pytest.mark.parametrize("quirk", ["nak", "stuck_input"])
def test_a_quirk_of_a_panel_breaks_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.PANEL, quirk)) == PANEL_QUIRKS[quirk]


@pytest.mark.nightly
@pytest.mark.parametrize("quirk", sorted(PANEL_QUIRKS))
def test_each_quirk_of_a_panel_breaks_exactly_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.PANEL, quirk)) == PANEL_QUIRKS[quirk]


@pytest.mark.nightly
@pytest.mark.parametrize("quirk", sorted(DISPATCH_QUIRKS))
def test_each_quirk_of_a_contact_breaks_exactly_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.DISPATCH, quirk)) == DISPATCH_QUIRKS[quirk]


@pytest.mark.parametrize("quirk", ["xml_bomb", "stream_elsewhere"])
def test_a_quirk_of_a_camera_breaks_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.CAMERA, quirk)) == CAMERA_QUIRKS[quirk]


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("quirk", sorted(CAMERA_QUIRKS))
def test_each_quirk_of_a_camera_breaks_exactly_its_own_checks(quirk: str) -> None:
    assert failed(examined(DeviceKind.CAMERA, quirk)) == CAMERA_QUIRKS[quirk]


# -- the report --


def a_check(status: CheckStatus = CheckStatus.PASSED) -> Check:
    return Check("a.check", "TEC-5", Words("Demandé", "Asked"), status, Words("trouvé <b>", "found <b>"), 1.5, 2.0, "s")


def test_a_report_is_signed_and_an_altered_one_is_not_believed(tmp_path: Path) -> None:
    key = CentreKey.load_or_make(tmp_path / "key.pem")
    found = Conformance("camera", "https://10.0.0.1/onvif", 1, 2, (a_check(),))
    signed = write_report(found, key, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "TEC-5" in page
    assert verify_report(signed, key.public)["checks"][0]["id"] == "a.check"
    told = json.loads(signed.read_text(encoding="utf-8"))
    told["statement"] = told["statement"].replace("passed", "failed")
    signed.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(BadInput):
        verify_report(signed, key.public)


@pytest.mark.parametrize(
    ("checks", "holds"),
    [
        ((), False),
        ((a_check(),), True),
        ((a_check(CheckStatus.NOT_SUPPORTED),), False),
        ((a_check(), a_check(CheckStatus.NOT_SUPPORTED)), True),
        ((a_check(), a_check(CheckStatus.FAILED)), False),
    ],
)
def test_a_device_holds_when_something_was_asked_and_nothing_failed(checks: tuple[Check, ...], holds: bool) -> None:
    assert Conformance("camera", "x", 0, 1, checks).holds is holds


def test_a_target_is_told_without_its_secrets(tmp_path: Path) -> None:
    told = without_secrets("https://csu:secret@10.0.0.1:80/onvif?key=secret#sha256=secret")
    assert told == "https://10.0.0.1:80/onvif"
    found = Conformance("camera", told, 0, 1, (a_check(),))
    assert "secret" not in sign_report(found, CentreKey.load_or_make(tmp_path / "key.pem"))["statement"]


@pytest.mark.parametrize(
    ("examine", "target"),
    [
        (examine_camera, "rtsp://a/b"),
        (examine_camera, "https://10.0.0.1/onvif/device_service"),
        (examine_panel, "mdc://a-name:1515/1"),
        (examine_alarm, "dc09://127.0.0.1:1?key=zz"),
        (examine_dispatch, "https://localhost/calls"),
    ],
)
def test_a_target_that_cannot_be_read_is_bad_input(examine: Callable[..., AsyncIterator[Check]], target: str) -> None:
    async def ask() -> None:
        async for _ in examine(target, IngestEyes(SystemClock()), SHORT):
            pass

    with pytest.raises(BadInput):
        asyncio.run(ask())


def test_a_kind_that_nobody_examines_is_bad_input() -> None:
    with pytest.raises(BadInput):
        examiner_of("toaster")
