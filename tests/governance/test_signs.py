"""The register of public signs: which announce a camera, which cameras none announces (DPO-1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from csu.governance import CentreKey
from csu.governance.errors import SignRefused
from csu.governance.legal_calendar import start_of_day
from csu.governance.signs import Sign, SignLedger, SignRecorded, SignRegister, SignRemoved
from csu.hal.camera import CameraId, CommuneId

METZ, ARS = CommuneId("metz"), CommuneId("ars")
CAMERAS = tuple(CameraId(f"cam-000{i}") for i in range(1, 5))
TEXT = "Site sous vidéoprotection. Responsable : le maire. Droit d'accès : dpd@metz.example"
AT_NS = start_of_day(date(2026, 11, 30))
SIGN = Sign("P-057-1", METZ, "Place d'Armes, angle nord", date(2026, 11, 2), TEXT, CAMERAS[:2])


def recorded(sign: Sign, by: str = "D. Weber") -> SignRecorded:
    return SignRecorded(sign, by, AT_NS)


def removed(number: str, reason: str = "travaux, panneau volé") -> SignRemoved:
    return SignRemoved(number, reason, "D. Weber", AT_NS)


def test_a_sign_announces_its_cameras_and_no_others() -> None:
    register = SignRegister().with_event(recorded(SIGN))
    assert register.signs_of(METZ) == (SIGN,)
    assert register.signs_of(ARS) == ()
    assert register.of_camera(CAMERAS[1]) == (SIGN,)
    assert register.without_a_sign(CAMERAS) == CAMERAS[2:]


def test_a_sign_that_was_taken_down_announces_nothing_and_its_number_is_not_used_again() -> None:
    register = SignRegister().with_event(recorded(SIGN)).with_event(removed(SIGN.sign))
    assert register.without_a_sign(CAMERAS) == CAMERAS
    for event in (recorded(SIGN), removed(SIGN.sign), removed("P-9")):
        with pytest.raises(SignRefused):
            register.with_event(event)


def test_what_a_sign_says_may_change_and_its_commune_may_not() -> None:
    register = SignRegister().with_event(recorded(SIGN))
    wider = replace(SIGN, cameras=CAMERAS[:3])
    assert register.with_event(recorded(wider)).signs_of(METZ) == (wider,)
    with pytest.raises(SignRefused, match="used before"):
        register.with_event(recorded(replace(SIGN, commune=ARS)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sign": ""},
        {"sign": "AB-123-CD"},
        {"place": " "},
        {"place": "voir https://metz.example"},
        {"text": "caméra"},
        {"text": TEXT + " AB-123-CD"},
        {"cameras": ()},
        {"cameras": (CAMERAS[0], CAMERAS[0])},
        {"photo_sha256": "photo.jpg"},
    ],
)
def test_a_sign_that_can_be_none_is_refused(wrong) -> None:
    with pytest.raises(SignRefused):
        replace(SIGN, **wrong)


def test_a_sign_that_does_not_hang_yet_or_that_nobody_declares_is_refused() -> None:
    for event in (recorded(replace(SIGN, placed_on=date(2026, 12, 1))), recorded(SIGN, by=" ")):
        with pytest.raises(SignRefused):
            SignRegister().with_event(event)
    with pytest.raises(SignRefused, match="why"):
        SignRegister().with_event(recorded(SIGN)).with_event(removed(SIGN.sign, " "))


def test_what_is_recorded_is_read_again(tmp_path) -> None:
    key = CentreKey.load_or_make(tmp_path / "key.pem")
    ledger = SignLedger(tmp_path / "signs.sqlite", key)
    ledger.decide(lambda _: [recorded(SIGN), recorded(replace(SIGN, sign="P-2")), removed("P-2")])
    ledger.close()
    assert SignLedger(tmp_path / "signs.sqlite", key).value == SignRegister({SIGN.sign: SIGN}, frozenset({"P-2"}))
