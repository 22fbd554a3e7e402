"""What a site's files may not say, and with which line it is told; what is not proved about a camera masks it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from csu.hal.camera import CameraError
from csu.hal.errors import BadInput
from csu.hal.fieldwork import PlacedZoom, Placement, Route
from csu.hal.place import Pose, PoseBounds
from csu.hal.site import Site, SiteRequest
from csu.machine import LocalDisk
from hardware.field import open_field
from hardware.field.camera_files import read_cameras, write_camera
from hardware.field.placing import placed_entry
from hardware.field.settings import CameraFile, SiteFile
from hardware.onvif import StreamFloors
from hardware.settings_file import read_settings
from hardware.vault import SECRET_NAME, Entry, Login, Vault

KEY = "0123456789abcdef0123456789abcdef"
FLOORS = StreamFloors(352, 288, 6.0)
POSE = Pose(1.0, 2.0, 6.0, 90.0, -10.0, 0.0, 500.0)
BOUNDS = PoseBounds(0.3, 0.2, 0.01, 0.005)
CAMERA = """\
camera: cam-0001
number: 1
name: Place de la Gare
commune: metz
view: wide_view
address: http://127.0.0.1:9/onvif/device_service
"""
EXAMINED = "examined: {at: '2026-11-30T08:00:00+00:00', holds: true, report: r.html}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site of one camera whose login is in the vault."""
    monkeypatch.setenv(SECRET_NAME, KEY)
    (tmp_path / "cameras").mkdir()
    (tmp_path / "site.yaml").write_text("site: metz\n")
    (tmp_path / "cameras" / "cam-0001.yaml").write_text(CAMERA)
    Vault(LocalDisk(tmp_path / "vault"), KEY.encode()).keep("cam-0001", Entry(Login("csu-a", "Zebra-Crossing-9")))
    return tmp_path


def opened(folder: Path, check=lambda site: None) -> None:
    async def whole() -> None:
        async with open_field(SiteRequest(1, {"site": str(folder / "site.yaml")})) as site:
            await found if (found := check(site)) is not None else None

    asyncio.run(whole())


def refused(folder: Path) -> BadInput:
    with pytest.raises(BadInput) as error:
        opened(folder)
    assert error.value.trouble.what.fr, error.value.trouble.what.en
    return error.value


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("maps: [metz.buildings.json]", "there is no file metz.buildings.json"),
        ("alarms: dc09.yaml", "there is no file dc09.yaml"),
        ("panels: panels.yaml", "there is no file panels.yaml"),
        ("dispatch: police.yaml", "there is no file police.yaml"),
        ("password: Zebra", "Extra inputs"),
        ("search: {interface: cameras.lan}", "match pattern"),
    ],
)
def test_what_a_site_file_names_and_is_not_there_is_told_with_its_line(folder, line, what):
    (folder / "site.yaml").write_text(f"site: metz\n{line}\n")
    error = refused(folder)
    assert error.trouble.where == f"{folder / 'site.yaml'}:2"
    assert what in error.trouble.what.en
    assert "Zebra" not in str(error)


@pytest.mark.parametrize(
    ("options", "where"),
    [({}, "--binding field"), ({"site": "x.yaml", "night": True}, "--option night"), ({"site": 3}, "--binding field")],
)
def test_the_binding_takes_its_site_file_and_nothing_else(options, where):
    async def whole() -> None:
        async with open_field(SiteRequest(1, options)):
            pytest.fail("opened")

    with pytest.raises(BadInput) as error:
        asyncio.run(whole())
    assert error.value.trouble.where == where


def test_a_secret_that_is_not_in_the_vault_is_told_with_the_line_that_asks_for_it(folder):
    (folder / "site.yaml").write_text("site: metz\nalarms: dc09.yaml\n")
    (folder / "dc09.yaml").write_text(
        "commune: metz\nsite: centre\ndoors: [{name: main}]\naccounts:\n"
        "  - account: '1234'\n    commune: metz\n    site: Mairie\n    key: dc09/1234\n"
        "    paths: [{name: ip, door: main}]\n"
    )
    error = refused(folder)
    assert error.trouble.where == f"{folder / 'dc09.yaml'}:8"
    Vault(LocalDisk(folder / "vault"), KEY.encode()).keep_secret("dc09/1234", bytes(16))

    def check(site: Site) -> None:
        assert [panel.panel for panel in site.alarm_panels] == ["dc09"]

    opened(folder, check)


@pytest.mark.parametrize(
    ("name", "text", "line", "what"),
    [
        ("cam-0002", CAMERA, 1, "call the file cam-0001.yaml"),
        ("cam-0002", CAMERA.replace("cam-0001", "cam-0002"), 2, "cam-0001 has number 1 already"),
        ("cam-0001", CAMERA + "pinned: gone.pem\n", 7, "there is no file gone.pem"),
        ("cam-0001", CAMERA.replace("http:", "https:"), 1, "https goes with a CA or a certificate"),
        ("cam-0001", CAMERA.replace("wide_view", "roof"), 5, "Input should be"),
        ("cam-0001", CAMERA + "login: csu\n", 7, "Extra inputs"),
    ],
)
def test_a_camera_file_that_cannot_be_believed_is_told_with_its_line(folder, name, text, line, what):
    path = folder / "cameras" / f"{name}.yaml"
    path.write_text(text)
    error = refused(folder)
    assert error.trouble.where == f"{path}:{line}"
    assert what in error.trouble.what.en


def test_a_camera_without_a_login_is_told_with_its_line_and_harms_no_other(folder):
    (folder / "cameras" / "cam-0002.yaml").write_text(
        CAMERA.replace("cam-0001", "cam-0002").replace("number: 1", "number: 2")
    )

    async def check(site: Site) -> None:
        first, second = site.cameras
        assert (first.record.number, second.record.number) == (1, 2)
        for ask in (second.capabilities, second.pose, second.refuse_audio, second.read_masks, second.snapshot):
            with pytest.raises(CameraError) as error:
                await ask()
            assert error.value.trouble.where == f"{folder / 'cameras' / 'cam-0002.yaml'}:1"

    opened(folder, check)


def test_a_site_without_any_camera_is_refused(folder):
    (folder / "cameras" / "cam-0001.yaml").unlink()
    assert "no camera is entered" in refused(folder).trouble.what.en


@pytest.mark.parametrize(
    ("examined", "is_mapped", "is_placed"),
    [
        (EXAMINED, True, True),
        ("", True, False),
        (EXAMINED.replace("true", "false"), True, False),
        (EXAMINED, False, False),
    ],
)
def test_a_calibration_counts_only_where_an_examination_holds_and_the_town_is_known(
    folder, examined, is_mapped, is_placed
):
    (folder / "cameras" / "cam-0001.yaml").write_text(CAMERA + examined)
    entry = placed_entry(read_cameras(folder / "cameras")["cam-0001"], Placement(POSE, BOUNDS, ()))
    settings = entry.settings(FLOORS, is_mapped=is_mapped)
    assert settings.fixed_pose == (POSE if is_placed else None)
    turning = placed_entry(entry, Placement(POSE, BOUNDS, (PlacedZoom(0.0, 500.0), PlacedZoom(1.0, 4_000.0))))
    assert (turning.settings(FLOORS, is_mapped=is_mapped).mount is not None) == is_placed
    assert turning.place is None, "a head is no fixed camera"


def test_what_is_written_is_read_again(folder):
    pem = folder / "cameras" / "cam-0001.pem"
    pem.write_text("PEM")
    (folder / "cameras" / "cam-0001.yaml").write_text(
        CAMERA.replace("http:", "https:") + "pinned: cam-0001.pem\nendpoint: urn:uuid:1\nroute: edge\n" + EXAMINED
    )
    entry = read_cameras(folder / "cameras")["cam-0001"]
    assert (entry.pinned, entry.route) == (pem, Route.EDGE)
    placed = placed_entry(entry, Placement(POSE, BOUNDS, ()))
    write_camera(folder / "cameras", placed)
    assert read_cameras(folder / "cameras")["cam-0001"] == placed
    assert "pinned: cam-0001.pem" in (folder / "cameras" / "cam-0001.yaml").read_text()


def test_one_zoom_is_no_calibration_of_a_head(folder):
    entry = CameraFile.model_validate(read_cameras(folder / "cameras")["cam-0001"])
    with pytest.raises(BadInput):
        placed_entry(entry, Placement(POSE, BOUNDS, (PlacedZoom(0.0, 500.0),)))


def test_folders_are_beside_the_file_that_names_them(folder):
    file = read_settings(folder / "site.yaml", SiteFile)
    assert (file.cameras, file.vault, file.state) == (folder / "cameras", folder / "vault", folder / "state")


@pytest.mark.parametrize(
    ("planted", "given"),
    [
        ("is_examined", {"examined": "", "is_mapped": True, "is_placed": False}),
        ("settings", {"examined": EXAMINED, "is_mapped": False, "is_placed": False}),
    ],
)
def test_the_tests_find_a_pose_that_nothing_stands_behind(planted, given, folder, monkeypatch, must_fail):
    settings = CameraFile.settings
    defects = {"is_examined": True, "settings": lambda self, floors, **_: settings(self, floors, is_mapped=True)}
    monkeypatch.setattr(CameraFile, planted, defects[planted])
    must_fail(
        "test_site_files", "test_a_calibration_counts_only_where_an_examination_holds_and_the_town_is_known", **given
    )
