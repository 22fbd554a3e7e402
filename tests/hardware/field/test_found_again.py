"""A camera at another address: followed over TLS where it is the same one, told where nothing proves it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from csu.hal.camera import CameraCapabilities, CameraError, CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.fieldwork import Route
from csu.machine import SystemChance, SystemClock, SystemIds
from hardware.field import camera as field_camera
from hardware.field import finder as field_finder
from hardware.field.camera import FieldCamera
from hardware.field.finder import Finder, same_device
from hardware.field.settings import Search
from hardware.onvif import OnvifSettings, StreamFloors, Tls
from hardware.onvif.answers import FoundDevice
from hardware.onvif.discovery import Discovery, DiscoveryFailed
from hardware.onvif.errors import LoginRefused, device_silent, login_refused
from hardware.vault import Login

OLD, NEW = "https://10.0.0.1/onvif/device_service", "https://10.0.0.2/onvif/device_service"
NAME = "urn:uuid:0B948EB4"
LOGIN, OTHER = Login("csu-a", "secret"), Login("csu-b", "other")
RECORD = CameraRecord(CameraId("cam-0001"), 1, "Place", CommuneId("metz"), ViewType.WIDE)


class Device:
    """A camera that answers at NEW, if it is the one; whoever asks at OLD hears nothing."""

    certificate_is_right = True
    left: list[str] = []
    takes = LOGIN
    sounds_dropped = 0

    def __init__(self, settings: OnvifSettings, login: Login, *_: object) -> None:
        self._settings, self._login = settings, login
        self.record = settings.record

    def _answer(self) -> None:
        if self._settings.address != NEW.replace("https", self._settings.address.partition(":")[0]):
            raise device_silent("cam-0001", "ConnectError")
        if not Device.certificate_is_right:
            raise device_silent("cam-0001", "SSLError")
        if self._login != Device.takes:
            raise login_refused("cam-0001")

    async def capabilities(self) -> CameraCapabilities:
        self._answer()
        return CameraCapabilities(False, 8, 0, ())

    async def stream(self, profile: str) -> StreamAddress:
        self._answer()
        return StreamAddress(self._settings.address)

    async def close(self) -> None:
        Device.left.append(self._settings.address)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Who answers the search, and how often it was sent."""
    heard = SimpleNamespace(devices=(FoundDevice(NEW, NAME.lower(), "", ""),), searches=0, fails=False)

    async def search(*_: object, **__: object) -> Discovery:
        heard.searches += 1
        await asyncio.sleep(0.01)
        if heard.fails:
            raise DiscoveryFailed(
                device_silent("x", "y").trouble.what, where="x", what_to_do=device_silent("x", "y").trouble.what
            )
        return Discovery(heard.devices, {})

    monkeypatch.setattr(field_finder, "discover", search)
    monkeypatch.setattr(field_camera, "OnvifCamera", Device)
    monkeypatch.setattr(Device, "certificate_is_right", True)
    monkeypatch.setattr(Device, "left", [])
    monkeypatch.setattr(Device, "takes", LOGIN)
    return heard


def made(tmp_path: Path, *, address: str = OLD, route: Route = Route.EDGE, search: bool = True, login: Login = LOGIN):
    pem = tmp_path / "a.pem"
    pem.write_text("PEM")
    tls = Tls(pinned_file=pem) if address.startswith("https") else None
    settings = OnvifSettings(RECORD, address, StreamFloors(1, 1, 1.0), tls=tls)
    finder = Finder(Search(interface="127.0.0.1") if search else None, SystemClock(), SystemIds())
    moved: list[str] = []
    camera = FieldCamera(
        settings, LOGIN, route=route, endpoint=NAME, finder=finder, moved=moved.append, login_now=lambda: login,
        clock=SystemClock(), chance=SystemChance("test"),
    )  # fmt: skip
    return camera, moved


def test_it_is_followed_once_for_all_that_ask_and_its_address_is_written(told, tmp_path):
    async def story() -> None:
        camera, moved = made(tmp_path)
        answers = await asyncio.gather(*(camera.stream("main") for _ in range(5)), camera.capabilities())
        assert [each.url for each in answers[:5]] == [NEW] * 5
        assert (moved, told.searches, Device.left) == ([NEW], 1, [OLD])

    asyncio.run(story())


def test_another_device_under_its_name_is_not_followed(told, tmp_path, monkeypatch):
    async def story() -> None:
        camera, moved = made(tmp_path)
        monkeypatch.setattr(Device, "certificate_is_right", False)
        with pytest.raises(CameraError):
            await camera.stream("main")
        assert moved == []
        assert Device.left == [NEW], "it is hung up on, and the camera is asked at its old address again"

    asyncio.run(story())


def test_without_tls_nothing_proves_that_it_is_the_same_one(told, tmp_path):
    async def story() -> None:
        told.devices = (FoundDevice(NEW.replace("https", "http"), NAME, "", ""),)
        camera, moved = made(tmp_path, address=OLD.replace("https", "http"))
        with pytest.raises(CameraError, match="nothing proves it"):
            await camera.stream("main")
        assert moved == []

    asyncio.run(story())


@pytest.mark.parametrize("how", ["nobody", "contested", "two", "no search", "search fails", "old address"])
def test_what_the_search_does_not_settle_leaves_it_silent(told, tmp_path, how):
    told.devices = {
        "nobody": (),
        "contested": (FoundDevice(NEW, NAME, "", "", contested=True),),
        "two": (FoundDevice(NEW, NAME, "", ""), FoundDevice(NEW.replace("2", "3"), NAME, "", "")),
        "old address": (FoundDevice(OLD, NAME, "", ""),),
    }.get(how, told.devices)
    told.fails = how == "search fails"

    async def story() -> None:
        camera, moved = made(tmp_path, search=how != "no search")
        with pytest.raises(CameraError, match="does not answer"):
            await camera.stream("main")
        assert moved == []

    asyncio.run(story())


def test_on_the_engines_route_it_has_no_masks_that_count(told, tmp_path):
    async def story() -> None:
        for route, masks in ((Route.EDGE, 8), (Route.ENGINE, 0)):
            camera, _ = made(tmp_path, address=NEW, route=route)
            assert (await camera.capabilities()).onboard_masks == masks

    asyncio.run(story())


def test_a_name_is_the_same_however_it_is_spelt():
    assert same_device("urn:uuid:0B948EB4", "0b948eb4")
    assert same_device("uuid:x", "urn:uuid:X ")
    assert not same_device("", "")
    assert not same_device("urn:uuid:1", "urn:uuid:2")


def test_a_login_that_was_changed_meanwhile_is_read_anew_and_not_at_each_refusal(told, tmp_path, monkeypatch):
    async def story() -> None:
        monkeypatch.setattr(Device, "takes", OTHER)
        camera, _ = made(tmp_path, address=NEW, login=OTHER)
        assert (await camera.stream("main")).url == NEW
        assert told.searches == 0
        camera, _ = made(tmp_path, address=NEW, login=LOGIN)
        for _ in range(2):
            with pytest.raises(LoginRefused):
                await camera.stream("main")
        assert Device.left == [NEW], "no other login, no other conversation"

    asyncio.run(story())


def test_the_tests_find_a_camera_that_is_followed_without_a_proof(told, monkeypatch, must_fail):
    monkeypatch.setattr(OnvifSettings, "is_tls", True)
    must_fail("test_found_again", "test_without_tls_nothing_proves_that_it_is_the_same_one")


def test_the_tests_find_masks_that_no_examination_proved(told, monkeypatch, must_fail):
    monkeypatch.setattr(field_camera, "replace", lambda known, **_: known)
    must_fail("test_found_again", "test_on_the_engines_route_it_has_no_masks_that_count")
