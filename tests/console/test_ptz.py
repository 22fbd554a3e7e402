"""The hand on the stick over HTTP: leases by rank, told to both, and lost aloud (decision 0041)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date

import httpx
import pytest

from csu.console import Access, Desks, create_app
from csu.console.demonstration import SERVICE, DemonstrationRights, JournalInMemory
from csu.governance import Agreement, Author, Designation, Role, Subject
from csu.hal.camera import CameraId, CommuneId, PtzVelocity
from csu.hal.words import NO_WORDS, Words
from csu.operations import PtzLeases, PtzRank
from csu.operations.presets import Preset, PresetRefused

CAMERA = CameraId("cam-001")
STICK = f"/api/cameras/{CAMERA}/ptz"


@dataclass
class Desk:
    """`csu.operations.PtzLeases` as a running centre has it, with what reached the camera."""

    now_ns: int = 0
    orders: list[object] = field(default_factory=list)
    stored: dict[int, Preset] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._leases = PtzLeases([CAMERA])

    def leases(self):
        return {CAMERA: self._leases.lease(CAMERA)}

    async def move(self, camera: CameraId, velocity: PtzVelocity, by: Author, alarm: str) -> None:
        {CAMERA: None}[camera]
        rank = PtzRank.CHIEF if by.role == Role.ROOM_CHIEF.value else PtzRank.OPERATOR
        self._leases.claim(camera, by.account, PtzRank.ALARM if alarm else rank, self.now_ns, alarm=alarm)
        self._leases.use(camera, self._leases.lease(camera).number, self.now_ns, moving=True)
        self.orders.append(velocity)

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        lease = self._leases.lease(camera)
        self._leases.use(camera, lease.number if lease and lease.holder == by.account else 0, self.now_ns, moving=True)

    async def halt(self, camera: CameraId, by: Author) -> None:
        {CAMERA: None}[camera]
        self.orders.append("stop")

    async def give_back(self, camera: CameraId, by: Author) -> None:
        lease = self._leases.lease(camera)
        if lease is not None and lease.holder == by.account:
            self._leases.give_back(camera, lease.number, self.now_ns)

    # -- `csu.console.ptz_aim.AimDesk` --------------------------------------------------------------------------------

    async def centre_on(self, camera: CameraId, x: float, y: float, closer: float, by: Author, alarm: str) -> None:
        await self.move(camera, PtzVelocity(0, 0, 0), by, alarm)
        self.orders[-1] = (x, y, closer)

    def presets(self, camera: CameraId) -> list[Preset]:
        return [preset for preset in self.stored.values() if preset.camera == camera]

    async def go_to_preset(self, camera: CameraId, number: int, by: Author, alarm: str) -> None:
        preset = self.presets_by_number(camera, number)
        await self.move(camera, PtzVelocity(0, 0, 0), by, alarm)
        self.orders[-1] = preset.name

    async def store_preset(self, camera: CameraId, number: int, name: str, by: Author) -> Preset:
        {CAMERA: None}[camera]
        self.stored[number] = Preset(camera, number, name, 10.0, -5.0, 60.0, by.account, self.now_ns)
        return self.stored[number]

    async def forget_preset(self, camera: CameraId, number: int) -> None:
        del self.stored[self.presets_by_number(camera, number).number]

    def presets_by_number(self, camera: CameraId, number: int) -> Preset:
        if number not in self.stored:
            raise PresetRefused(Words("pas enregistrée", "not stored"), where=camera, what_to_do=NO_WORDS)
        return self.stored[number]


YEARS = Agreement(SERVICE, date(2020, 1, 1), date(2040, 1, 1))


class WhoeverTheHeaderSays:
    """An agent of Metz; `chief` is the room chief. A browser's every request tells a cookie rather than a header."""

    def subject(self, connection, at_ns):
        person = connection.headers.get("x-person") or connection.cookies["person"]
        role = Role.ROOM_CHIEF if person == "chief" else Role.OPERATOR
        papers = Designation(SERVICE, frozenset({CommuneId("metz")}), YEARS)
        return Subject(person, role, True, papers, is_municipal_police=True)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def ask(console, desk):
    rights = DemonstrationRights(console.room, date(2026, 6, 1))
    access = Access(rights, WhoeverTheHeaderSays(), JournalInMemory(console.clock))
    app = create_app(console.room, clock=console.clock, access=access, desks=Desks(ptz=desk, aims=desk))

    def asked(person: str, method: str, path: str, body=None) -> httpx.Response:
        async def run():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8600") as one:
                return await one.request(method, path, json=body, headers={"x-person": person})

        return asyncio.run(run())

    return asked


def test_the_chief_takes_the_camera_and_both_see_it(ask, desk) -> None:
    mine = ask("anne", "POST", f"{STICK}/move", {"pan": 0.5}).json()
    assert (mine["holder"], mine["is_mine"], mine["is_moving"]) == ("anne", True, True)
    assert ask("anne", "POST", f"{STICK}/keep").status_code == 200
    taken = ask("chief", "POST", f"{STICK}/move", {"tilt": -1}).json()
    assert (taken["holder"], taken["rank"]) == ("chief", "chief")
    lost = ask("anne", "POST", f"{STICK}/keep")
    assert (lost.status_code, lost.json()["code"]) == (409, "ptz_refused")
    assert "chief" in lost.json()["detail"]["fr"]
    (seen,) = ask("anne", "GET", "/api/ptz").json()
    assert (seen["holder"], seen["is_mine"]) == ("chief", False)
    assert ask("anne", "POST", f"{STICK}/move", {"pan": 0.1}).status_code == 409
    assert desk.orders == [PtzVelocity(0.5, 0, 0), PtzVelocity(0, -1, 0)]


def test_an_alarm_ranks_above_the_chief_and_who_lets_go_leaves_it_free(ask) -> None:
    ask("chief", "POST", f"{STICK}/move", {"pan": 0.5})
    taken = ask("anne", "POST", f"{STICK}/move", {"pan": 0.5, "alarm": "panel-1/7"}).json()
    assert (taken["holder"], taken["rank"]) == ("anne", "alarm")
    assert ask("anne", "POST", f"{STICK}/stop").status_code == 200
    assert ask("anne", "POST", f"{STICK}/release").json()["holder"] is None


@pytest.mark.parametrize("body", [{"pan": 1.5}, {"pan": "NaN"}, {"roll": 1}, {"alarm": "x" * 101}])
def test_what_is_no_movement_is_refused(ask, desk, body) -> None:
    assert ask("anne", "POST", f"{STICK}/move", body).status_code == 422
    assert desk.orders == []


def test_a_camera_that_does_not_turn_says_so(ask) -> None:
    answer = ask("anne", "POST", "/api/cameras/cam-002/ptz/move", {"pan": 0.5})
    assert (answer.status_code, answer.json()["code"]) == (404, "ptz_absent")


def test_who_points_at_the_picture_takes_the_camera_and_who_has_it_keeps_it(ask, desk) -> None:
    taken = ask("anne", "POST", f"{STICK}/centre", {"x": 0.25, "y": 0.75}).json()
    assert (taken["holder"], taken["is_mine"]) == ("anne", True)
    refused = ask("brice", "POST", f"{STICK}/centre", {"x": 0.5, "y": 0.5})
    assert (refused.status_code, refused.json()["code"]) == (409, "ptz_refused")
    assert "anne" in refused.json()["detail"]["fr"]
    assert desk.orders == [(0.25, 0.75, 1.0)]


@pytest.mark.parametrize(
    "body", [{"x": 1.1, "y": 0.5}, {"x": 0.5}, {"x": 0.5, "y": 0.5, "closer": 9}, {"x": "NaN", "y": 0}]
)
def test_what_is_no_point_of_the_picture_is_refused(ask, desk, body) -> None:
    assert ask("anne", "POST", f"{STICK}/centre", body).status_code == 422
    assert desk.orders == []


def test_the_chief_stores_a_preset_and_an_operator_goes_there(ask, desk) -> None:
    assert ask("anne", "PUT", f"{STICK}/presets/3", {"name": "Marché"}).status_code == 403
    assert ask("chief", "PUT", f"{STICK}/presets/3", {"name": "Marché"}).status_code == 200
    (told,) = ask("anne", "GET", "/api/ptz/presets").json()
    assert (told["camera"], told["number"], told["name"], told["stored_by"]) == (CAMERA, 3, "Marché", "chief")
    assert ask("anne", "POST", f"{STICK}/presets/3", {}).json()["holder"] == "anne"
    missing = ask("anne", "POST", f"{STICK}/presets/4", {})
    assert (missing.status_code, missing.json()["detail"]["fr"]) == (409, f"{CAMERA} : pas enregistrée")
    assert desk.orders == ["Marché"]
    assert ask("anne", "DELETE", f"{STICK}/presets/3").status_code == 403
    assert ask("chief", "DELETE", f"{STICK}/presets/3").status_code == 200
    assert ask("anne", "GET", "/api/ptz/presets").json() == []
    assert ask("chief", "PUT", f"{STICK}/presets/100", {"name": "Marché"}).status_code == 422
    assert ask("chief", "PUT", "/api/cameras/cam-002/ptz/presets/1", {"name": "Marché"}).status_code == 404
